#include "bench/local/seed/payload_parts.h"

#include <inttypes.h>
#include <time.h>

#include "engine/base/error.h"

#define READINGS_A_MINUTE 1000

char *scl_payload_put_number(char *at, uint64_t value) {
  char digits[20];
  int n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while ((value /= 10) != 0);
  while (n > 0) *at++ = digits[--n];
  return at;
}

char *scl_payload_put_hundredths(char *at, int64_t value) {
  if (value < 0) {
    *at++ = '-';
    value = -value;
  }
  at = scl_payload_put_number(at, (uint64_t)value / 100);
  int rest = (int)(value % 100);
  if (rest == 0) return at;
  *at++ = '.';
  *at++ = (char)('0' + rest / 10);
  if (rest % 10 != 0) *at++ = (char)('0' + rest % 10);
  return at;
}

char *scl_payload_put_minute(char *at, int64_t minute) {
  static _Thread_local int64_t known_minute = -1;
  static _Thread_local char known[32];
  if (minute != known_minute) {
    struct tm utc;
    time_t seconds = (time_t)minute * 60;
    if (gmtime_r(&seconds, &utc) == NULL || strftime(known, sizeof(known), "%Y-%m-%d %H:%M", &utc) == 0)
      known[0] = '\0';
    known_minute = minute;
  }
  return scl_payload_put(at, sc_slice_str(known));
}

/* The public tutorial's record: {"sensor_id":1,"ts":"2025-06-01 10:00","temperature":42.42,"humidity":84.84} */
static void write_sensors(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out) {
  uint64_t bits = sc_random_u64(random);
  sc_buf_reserve(out, 160);
  char *start = out->ptr + out->len, *at = scl_payload_put(start, SC_SLICE_LITERAL("{\"sensor_id\":"));
  at = scl_payload_put_number(at, payload->key);
  at = scl_payload_put(at, SC_SLICE_LITERAL(",\"ts\":\""));
  at = scl_payload_put_minute(at, SCL_PAYLOAD_FIRST_MINUTE + (int64_t)(payload->number / READINGS_A_MINUTE));
  at = scl_payload_put(at, SC_SLICE_LITERAL("\",\"temperature\":"));
  at = scl_payload_put_hundredths(at, (int64_t)((bits & 0xffffffff) % 10001) - 4000);
  at = scl_payload_put(at, SC_SLICE_LITERAL(",\"humidity\":"));
  at = scl_payload_put_hundredths(at, (int64_t)((bits >> 32) % 10001));
  *at++ = '}';
  *at = '\0';
  out->len += (size_t)(at - start);
  SC_ASSERT(at - start < 160);
}

static const char *const words[] = {
    "plain",
    "caf\xC3\xA9",
    "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E",
    "\xF0\x9F\x9A\x80",
    "tab\\there",
    "quote\\\"inside",
    "back\\\\slash",
    "line\\nbreak",
    "\\u00e9\\u4e2d",
    "\\ud83d\\ude00",
    "",
    "\\/slash",
};
#define N_WORDS (sizeof(words) / sizeof(*words))

static const char *word(struct sc_random *random) { return words[sc_random_below(random, N_WORDS)]; }

static void add_optional(struct sc_random *random, struct sc_buf *out) {
  switch (sc_random_below(random, 4)) {
    case 0:
      sc_buf_add_str(out, ",\"note\":null");
      break;
    case 1:
      sc_buf_printf(out, ",\"note\":\"%s\"", word(random));
      break;
    case 2:
      sc_buf_printf(out, ",\"ratio\":%.6g", sc_random_unit(random) * 1e6 - 5e5);
      break;
    default:
      break;
  }
}

/* Every kind of JSON value: null, booleans, integers of all sizes, fractions, escapes, other scripts, nested values;
 * some members are missing now and then. */
static void write_mixed(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out) {
  sc_buf_printf(out, "{\"id\":%" PRIu64 ",\"key\":\"%" PRIu32 "\",\"active\":%s", payload->number, payload->key,
                sc_random_below(random, 2) == 0 ? "true" : "false");
  sc_buf_printf(out, ",\"big\":%" PRId64, (int64_t)sc_random_u64(random));
  sc_buf_printf(out, ",\"name\":\"%s %s\"", word(random), word(random));
  sc_buf_printf(out, ",\"tags\":[\"%s\",%u,null]", word(random), (unsigned)sc_random_below(random, 100));
  sc_buf_printf(out, ",\"place\":{\"city\":\"%s\",\"at\":[%.5f,%.5f],\"indoor\":%s}", word(random),
                sc_random_unit(random) * 180 - 90, sc_random_unit(random) * 360 - 180,
                sc_random_below(random, 2) == 0 ? "true" : "false");
  add_optional(random, out);
  sc_buf_add_char(out, '}');
}

static const struct scl_payload_profile profiles[] = {
    {"sensors", "sensor readings of 70 to 90 bytes, four flat fields", write_sensors},
    {"mixed", "objects with every JSON type, nested values, escapes and missing members", write_mixed},
    {"readings", "sensor readings of about 124 bytes, six flat fields", scl_payload_write_readings},
    {"events", "nested events of about 1 KiB", scl_payload_write_events},
    {"wide", "50 flat fields of all scalar types, about 1 KiB", scl_payload_write_wide},
    {"tiny", "two numbers in about 20 bytes", scl_payload_write_tiny},
    {"large", "documents of about 256 KiB", scl_payload_write_large},
};
#define N_PROFILES (sizeof(profiles) / sizeof(*profiles))

const struct scl_payload_profile *scl_payload_profile_find(struct sc_slice name) {
  for (size_t i = 0; i < N_PROFILES; i++)
    if (sc_slice_is(name, profiles[i].name)) return &profiles[i];
  return NULL;
}

void scl_payload_profile_names(struct sc_buf *out) {
  for (size_t i = 0; i < N_PROFILES; i++) sc_buf_printf(out, "%s%s", i > 0 ? ", " : "", profiles[i].name);
}
