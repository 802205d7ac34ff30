/* A CBOR reader of few lines, byte by byte and recursive (RFC 8949 appendix C), as an oracle for codec/wire/cbor.h; and
 * through it a reply of Kinesis in CBOR as the JSON that says the same, as an oracle for what reads or writes such
 * replies. */
#ifndef SC_TESTS_FUZZ_NAIVE_CBOR_H
#define SC_TESTS_FUZZ_NAIVE_CBOR_H

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#include "codec/text/base64.h"
#include "engine/base/buf.h"
#include "tests/fuzz/fuzz.h"

#define NAIVE_DEPTH 60

struct naive {
  const uint8_t *p, *end;
  struct sc_buf *json; /* NULL: well-formed or not is all we want */
  bool is_odd;         /* something JSON cannot say, or near a bound where the two may differ */
  bool is_float_time;  /* a time that was not whole milliseconds */
};

static inline bool naive_head(struct naive *n, unsigned *major, unsigned *info, uint64_t *value) {
  if (n->p == n->end) return false;
  *major = *n->p >> 5, *info = *n->p & 31, *value = *info;
  n->p++;
  if (*info < 24) return true;
  if (*info > 27) return *info == 31 && *major != 0 && *major != 1 && *major != 6;
  *value = 0;
  for (unsigned i = 0; i < 1U << (*info - 24); i++) {
    if (n->p == n->end) return false;
    *value = *value << 8 | *n->p++;
  }
  return *major != 7 || *info != 24 || *value >= 32;
}

static inline bool naive_piece(struct naive *n, uint64_t len, struct sc_buf *into) {
  if (len > (uint64_t)(n->end - n->p)) return false;
  sc_buf_add(into, n->p, len);
  n->p += len;
  return true;
}

/* The bytes of a string, of one piece or many. */
static inline bool naive_string(struct naive *n, unsigned major, unsigned info, uint64_t len, struct sc_buf *into) {
  if (info != 31) return naive_piece(n, len, into);
  for (;;) {
    unsigned piece_major, piece_info;
    if (n->p < n->end && *n->p == 0xff) break;
    if (!naive_head(n, &piece_major, &piece_info, &len) || piece_major != major || piece_info == 31) return false;
    if (!naive_piece(n, len, into)) return false;
  }
  n->p++;
  if (into->len > 255) n->is_odd = true; /* might be a name */
  return true;
}

static inline double naive_float(unsigned info, uint64_t value) {
  uint32_t narrow = (uint32_t)value;
  float as_float;
  double as_double;
  memcpy(&as_float, &narrow, 4);
  memcpy(&as_double, &value, 8);
  if (info == 27) return as_double;
  if (info == 26) return (double)as_float;
  double magnitude = (value >> 10 & 31) == 0 ? ldexp((double)(value & 1023), -24)
                                             : ldexp((double)(1024 + (value & 1023)), (int)(value >> 10 & 31) - 25);
  if ((value >> 10 & 31) == 31) magnitude = (double)NAN;
  return (value & 0x8000) != 0 ? -magnitude : magnitude;
}

/* A string as JSON has it: "true", which fits no member we read, when its type is not the member's. */
static inline void naive_add_string(struct naive *n, unsigned major, const struct sc_buf *text, const char *member) {
  bool is_data = strcmp(member, "Data") == 0;
  if (n->json == NULL) return;
  if ((major == 2) != is_data) {
    if (major == 2) sc_buf_add_str(n->json, "true");
    else if (is_data) sc_buf_add_str(n->json, "true");
    else sc_buf_add_json_string(n->json, sc_buf_view(text));
    return;
  }
  if (!is_data) {
    sc_buf_add_json_string(n->json, sc_buf_view(text));
    return;
  }
  sc_buf_add_char(n->json, '"');
  sc_buf_reserve(n->json, sc_base64_encoded_len(text->len));
  n->json->len += sc_base64_encode(text->ptr == NULL ? "" : text->ptr, text->len, n->json->ptr + n->json->len);
  sc_buf_add_char(n->json, '"');
}

static inline void naive_add_integer(struct naive *n, unsigned major, uint64_t value, bool is_time) {
  if (n->json == NULL) return;
  if (major == 1 && value == UINT64_MAX) {
    n->is_odd = true;
    sc_buf_add_char(n->json, '0');
    return;
  }
  if (major == 1) value++;
  sc_buf_add_str(n->json, major == 1 ? "-" : "");
  if (is_time) sc_buf_printf(n->json, "%" PRIu64 ".%03u", value / 1000, (unsigned)(value % 1000));
  else sc_buf_printf(n->json, "%" PRIu64, value);
}

static inline void naive_add_other(struct naive *n, unsigned info, uint64_t value, bool is_time) {
  if (n->json == NULL) return;
  double number = info >= 25 && info <= 27 ? naive_float(info, value) : (double)NAN;
  if (isfinite(number)) {
    if (is_time) n->is_float_time = true;
    if (is_time && fabs(number) > 8.9e12) n->is_odd = true;
    sc_buf_printf(n->json, "%.17g", number);
  } else {
    sc_buf_add_str(n->json, info == 22 || info == 23 ? "null" : info == 20 ? "false" : "true");
  }
}

static inline bool naive_item(struct naive *n, int depth, const char *member);

/* A name: of text, else odd. */
static inline bool naive_name(struct naive *n, int depth, struct sc_buf *name) {
  struct naive ahead = *n;
  unsigned major, info;
  uint64_t value;
  ahead.json = NULL;
  do {
    if (!naive_head(&ahead, &major, &info, &value)) return false;
  } while (major == 6);
  if (major == 3) {
    if (!naive_string(&ahead, major, info, value, name)) return false;
  } else {
    n->is_odd = true;
    ahead = *n;
    ahead.json = NULL;
    if (!naive_item(&ahead, depth, "")) return false;
  }
  n->p = ahead.p;
  n->is_odd |= ahead.is_odd;
  if (n->json == NULL) return true;
  sc_buf_add_json_string(n->json, sc_buf_view(name));
  sc_buf_add_char(n->json, ':');
  return true;
}

static inline bool naive_container(struct naive *n, unsigned major, unsigned info, uint64_t count, int depth) {
  if (depth > NAIVE_DEPTH) n->is_odd = true;
  if (depth > 2000) return false;
  if (n->json != NULL) sc_buf_add_char(n->json, major == 4 ? '[' : '{');
  for (uint64_t i = 0; info == 31 || i < count; i++) {
    struct sc_buf name = SC_BUF_INIT;
    if (info == 31 && n->p < n->end && *n->p == 0xff) {
      n->p++;
      break;
    }
    if (n->json != NULL && i > 0) sc_buf_add_char(n->json, ',');
    bool good = major == 4 || naive_name(n, depth + 1, &name);
    good = good && naive_item(n, depth + 1, sc_buf_str(&name));
    sc_buf_fini(&name);
    if (!good) return false;
  }
  if (n->json != NULL) sc_buf_add_char(n->json, major == 4 ? ']' : '}');
  return true;
}

static inline bool naive_ends(const char *text, const char *end) {
  size_t len = strlen(text), end_len = strlen(end);
  return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* member: the name it is the value of, "" when of none. */
static inline bool naive_item(struct naive *n, int depth, const char *member) {
  unsigned major, info;
  uint64_t value;
  bool is_time = naive_ends(member, "Timestamp") || naive_ends(member, "edAt") || naive_ends(member, "EndAt");
  do {
    if (!naive_head(n, &major, &info, &value)) return false;
  } while (major == 6);
  if (major <= 1) naive_add_integer(n, major, value, is_time);
  if (major == 7 && info == 31) return false;
  if (major == 7) naive_add_other(n, info, value, is_time);
  if (major == 4 || major == 5) return naive_container(n, major, info, value, depth);
  if (major != 2 && major != 3) return true;
  struct sc_buf text = SC_BUF_INIT;
  bool good = naive_string(n, major, info, value, &text);
  if (good) naive_add_string(n, major, &text, member);
  sc_buf_fini(&text);
  return good;
}

/* False: it is no single well-formed item. json is padded as a body is. */
static inline bool naive_to_json(const uint8_t *data, size_t size, struct sc_buf *json, struct naive *n) {
  *n = (struct naive){.p = data, .end = data + size, .json = json};
  bool good = naive_item(n, 0, "") && n->p == n->end;
  sc_buf_reserve(json, SC_BODY_PADDING);
  memset(json->ptr + json->len, 0, SC_BODY_PADDING);
  return good;
}

#endif
