/* The profiles of the benchmarks. The order of members and the lengths of values vary with the seed of the stream, and
 * some members are missing or null now and then, so that nobody tunes a parser to them. */
#include "bench/local/seed/payload_parts.h"
#include "engine/base/error.h"

#define MEMBERS_MAX 64
/* One record in so many lacks a given member. */
#define MISSING_ONE_IN 64

/* The order of n members in streams of that seed. */
static const uint8_t *order_of(uint64_t seed, unsigned n) {
  static _Thread_local struct {
    uint64_t seed;
    unsigned n;
    uint8_t places[MEMBERS_MAX];
  } known;
  if (known.seed == seed && known.n == n) return known.places;
  struct sc_random random;
  sc_random_init(&random, seed);
  known.seed = seed;
  known.n = n;
  for (unsigned i = 0; i < n; i++) {
    unsigned j = (unsigned)sc_random_below(&random, i + 1);
    known.places[i] = known.places[j];
    known.places[j] = (uint8_t)i;
  }
  return known.places;
}

static uint64_t below(struct sc_random *random, uint64_t bound) { return sc_random_below(random, bound); }

/* Words of letters, digits and blanks; now and then an escape or a letter beyond ASCII. */
static char *put_text(char *at, struct sc_random *random, size_t len) {
  static const char letters[] = "etaoin shrdlu cmfwyp vbgkjqxz 0123456789 etaoin shrdlu nahitseor";
  uint64_t bits = 0;
  for (size_t i = 0; i < len; i++) {
    if (i % 10 == 0) bits = sc_random_u64(random);
    *at++ = letters[bits & 63];
    bits >>= 6;
  }
  switch (len < 16 ? 0 : bits & 15) {
    case 1:
      return SCL_PAYLOAD_PUT(at, "\\n");
    case 2:
      return SCL_PAYLOAD_PUT(at, "\\\"q\\\"");
    case 3:
      return SCL_PAYLOAD_PUT(at, "caf\xC3\xA9");
    default:
      return at;
  }
}

static char *put_string(char *at, struct sc_random *random, size_t least, size_t most) {
  *at++ = '"';
  at = put_text(at, random, least + below(random, most - least + 1));
  *at++ = '"';
  return at;
}

static char *put_name(char *at, const char *name) {
  *at++ = '"';
  at = scl_payload_put(at, sc_slice_str(name));
  return SCL_PAYLOAD_PUT(at, "\":");
}

static char *put_two(char *at, uint64_t value) {
  *at++ = (char)('0' + value / 10);
  *at++ = (char)('0' + value % 10);
  return at;
}

/* "2025-06-01T10:00:12Z" */
static char *put_time(char *at, struct sc_random *random, const struct scl_payload *payload) {
  *at++ = '"';
  at = scl_payload_put_minute(at, SCL_PAYLOAD_FIRST_MINUTE + (int64_t)(payload->number / 1000));
  at[-6] = 'T';
  *at++ = ':';
  at = put_two(at, below(random, 60));
  return SCL_PAYLOAD_PUT(at, "Z\"");
}

/* Writes a member with its name at `at`; returns the end. */
typedef char *put_member_fn(char *at, struct sc_random *random, const struct scl_payload *payload, unsigned which);

/* Writes an object of n members in the order that the seed gives. Member 0 is never missing. room: the most bytes that
 * the object takes. */
static void write_object(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out, unsigned n,
                         put_member_fn *put, size_t room) {
  const uint8_t *order = order_of(payload->seed, n);
  sc_buf_reserve(out, room);
  char *start = out->ptr + out->len, *at = start;
  for (unsigned i = 0; i < n; i++) {
    bool is_missing = order[i] != 0 && payload->number > 0 && below(random, MISSING_ONE_IN) == 0;
    if (is_missing) continue;
    *at = at == start ? '{' : ',';
    at = put(at + 1, random, payload, order[i]);
  }
  *at++ = '}';
  *at = '\0';
  SC_ASSERT((size_t)(at - start) < room);
  out->len += (size_t)(at - start);
}

/* ---- readings ---- */

static char *put_reading(char *at, struct sc_random *random, const struct scl_payload *payload, unsigned which) {
  static const char *const names[] = {"sensor_id", "ts", "temperature", "humidity", "battery", "status"};
  at = put_name(at, names[which]);
  switch (which) {
    case 0:
      return scl_payload_put_number(at, payload->key);
    case 1:
      return put_time(at, random, payload);
    case 2:
      return scl_payload_put_hundredths(at, (int64_t)below(random, 10001) - 4000);
    case 3:
      return scl_payload_put_hundredths(at, (int64_t)below(random, 10001));
    case 4:
      return scl_payload_put_number(at, below(random, 101));
    default:
      return put_string(at, random, 14 + payload->seed % 2, 24 - payload->seed % 2);
  }
}

void scl_payload_write_readings(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out) {
  write_object(random, payload, out, 6, put_reading, 256);
}

/* ---- events ---- */

static char *put_user(char *at, struct sc_random *random, const struct scl_payload *payload) {
  at = SCL_PAYLOAD_PUT(at, "{\"id\":");
  at = scl_payload_put_number(at, payload->key);
  at = SCL_PAYLOAD_PUT(at, ",\"name\":");
  at = put_string(at, random, 8, 24);
  at = SCL_PAYLOAD_PUT(at, ",\"address\":{\"street\":");
  at = put_string(at, random, 10, 30);
  at = SCL_PAYLOAD_PUT(at, ",\"zip\":\"");
  at = scl_payload_put_number(at, 10000 + below(random, 89999));
  at = SCL_PAYLOAD_PUT(at, "\",\"at\":[");
  at = scl_payload_put_hundredths(at, (int64_t)below(random, 18000) - 9000);
  *at++ = ',';
  at = scl_payload_put_hundredths(at, (int64_t)below(random, 36000) - 18000);
  return SCL_PAYLOAD_PUT(at, "]}}");
}

static char *put_items(char *at, struct sc_random *random, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    *at++ = i == 0 ? '[' : ',';
    at = SCL_PAYLOAD_PUT(at, "{\"sku\":");
    at = put_string(at, random, 6, 14);
    at = SCL_PAYLOAD_PUT(at, ",\"quantity\":");
    at = scl_payload_put_number(at, 1 + below(random, 20));
    at = SCL_PAYLOAD_PUT(at, ",\"price\":");
    at = scl_payload_put_hundredths(at, (int64_t)below(random, 100000));
    at = below(random, 4) == 0 ? SCL_PAYLOAD_PUT(at, ",\"gift\":true}") : SCL_PAYLOAD_PUT(at, ",\"gift\":false}");
  }
  *at++ = ']';
  return at;
}

static char *put_tags(char *at, struct sc_random *random, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    *at++ = i == 0 ? '[' : ',';
    at = put_string(at, random, 3, 12);
  }
  *at++ = ']';
  return at;
}

static char *put_event(char *at, struct sc_random *random, const struct scl_payload *payload, unsigned which) {
  static const char *const names[] = {"event_id", "type", "ts",   "user",  "items",
                                      "agent",    "tags", "note", "score", "ok"};
  at = put_name(at, names[which]);
  switch (which) {
    case 0:
      return scl_payload_put_number(at, payload->number);
    case 1:
      return put_string(at, random, 5, 15);
    case 2:
      return put_time(at, random, payload);
    case 3:
      return put_user(at, random, payload);
    case 4:
      return put_items(at, random, 2 + below(random, 5));
    case 5:
      return put_string(at, random, 60 + payload->seed % 8, 140);
    case 6:
      return put_tags(at, random, 1 + below(random, 6));
    case 7:
      return put_string(at, random, 200, 560 - payload->seed % 8);
    case 8:
      return scl_payload_put_hundredths(at, (int64_t)below(random, 2000001) - 1000000);
    default:
      return below(random, 3) == 0 ? SCL_PAYLOAD_PUT(at, "null") : SCL_PAYLOAD_PUT(at, "true");
  }
}

void scl_payload_write_events(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out) {
  write_object(random, payload, out, 10, put_event, 4096);
}

/* ---- wide ---- */

#define WIDE_MEMBERS 50

static char *put_wide(char *at, struct sc_random *random, const struct scl_payload *payload, unsigned which) {
  static const char *const kinds[] = {"count", "ratio", "label", "flag", "total"};
  at = SCL_PAYLOAD_PUT(at, "\"");
  at = scl_payload_put(at, sc_slice_str(kinds[which % 5]));
  *at++ = '_';
  at = put_two(at, which);
  at = SCL_PAYLOAD_PUT(at, "\":");
  if (which > 0 && below(random, 32) == 0) return SCL_PAYLOAD_PUT(at, "null");
  switch (which % 5) {
    case 0:
      return scl_payload_put_number(at, which == 0 ? payload->number : below(random, 1000000));
    case 1:
      return scl_payload_put_hundredths(at, (int64_t)below(random, 200001) - 100000);
    case 2:
      return put_string(at, random, 4, 12 + payload->seed % 4);
    case 3:
      return below(random, 2) == 0 ? SCL_PAYLOAD_PUT(at, "true") : SCL_PAYLOAD_PUT(at, "false");
    default:
      return scl_payload_put_number(at, sc_random_u64(random) >> 12);
  }
}

void scl_payload_write_wide(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out) {
  write_object(random, payload, out, WIDE_MEMBERS, put_wide, 4096);
}

/* ---- tiny ---- */

void scl_payload_write_tiny(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out) {
  char room[64], *at = SCL_PAYLOAD_PUT(room, "{\"a\":");
  at = scl_payload_put_number(at, payload->key % 10000);
  at = SCL_PAYLOAD_PUT(at, ",\"b\":");
  at = scl_payload_put_hundredths(at, (int64_t)below(random, 100000));
  *at++ = '}';
  sc_buf_add(out, room, (size_t)(at - room));
}

/* ---- large ---- */

#define LARGE_PARTS 512

static char *put_part(char *at, struct sc_random *random, uint64_t number) {
  at = SCL_PAYLOAD_PUT(at, "{\"part\":");
  at = scl_payload_put_number(at, number);
  at = SCL_PAYLOAD_PUT(at, ",\"text\":");
  at = put_string(at, random, 120, 440);
  at = SCL_PAYLOAD_PUT(at, ",\"weights\":[");
  for (int i = 0; i < 8; i++) {
    if (i > 0) *at++ = ',';
    at = scl_payload_put_hundredths(at, (int64_t)below(random, 1000000));
  }
  return SCL_PAYLOAD_PUT(at, "]}");
}

static char *put_large(char *at, struct sc_random *random, const struct scl_payload *payload, unsigned which) {
  static const char *const names[] = {"id", "ts", "text", "parts"};
  at = put_name(at, names[which]);
  if (which == 0) return scl_payload_put_number(at, payload->number);
  if (which == 1) return put_time(at, random, payload);
  if (which == 2) return put_string(at, random, 60000, 80000);
  for (uint64_t i = 0; i < LARGE_PARTS; i++) {
    *at++ = i == 0 ? '[' : ',';
    at = put_part(at, random, i);
  }
  *at++ = ']';
  return at;
}

void scl_payload_write_large(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out) {
  write_object(random, payload, out, 4, put_large, 512 << 10);
}
