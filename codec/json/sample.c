#include "codec/json/sample.h"

#include "codec/json/skip.h"
#include "codec/text/rfc3339.h"
#include "codec/text/utf8.h"

#define KEY_RAW_MAX (6 * SC_SAMPLE_KEY_MAX) /* with escapes: six bytes a character */
#define EXACT_IN_A_DOUBLE (INT64_C(1) << 53)

unsigned sc_json_kind_of_number(const struct sc_json_number *number, const char *text, size_t len) {
  int64_t whole;
  double value;
  if (number->plain && sc_json_number_to_i64(number, &whole))
    return whole >= -EXACT_IN_A_DOUBLE && whole <= EXACT_IN_A_DOUBLE ? SC_KIND_INTEGER : SC_KIND_LONG;
  if (number->plain || number->n_digits > SC_JSON_DOUBLE_DIGITS) return SC_KIND_BIG;
  if (!sc_json_number_to_double(number, text, len, &value)) return SC_KIND_BIG;
  bool lost = value == 0 && number->n_digits > 0;
  return lost ? SC_KIND_BIG : SC_KIND_FRACTION;
}

static unsigned kind_of(const char *p, const char *end) {
  struct sc_json_number number;
  switch (*p) {
    case '"':
      return sc_rfc3339_is(sc_slice_of(p + 1, (size_t)(end - p) - 2)) ? SC_KIND_TIME : SC_KIND_STRING;
    case '{':
    case '[':
      return SC_KIND_NESTED;
    case 't':
    case 'f':
      return SC_KIND_BOOL;
    case 'n':
      return SC_KIND_NULL;
    default:
      sc_json_number_scan(p, end, &number);
      return sc_json_kind_of_number(&number, p, (size_t)(end - p));
  }
}

static void add_key(struct sc_sample *into, struct sc_slice key, unsigned kind) {
  char buffer[KEY_RAW_MAX];
  bool escaped = key.len > 0 && memchr(key.ptr, '\\', key.len) != NULL;
  if (escaped && key.len <= sizeof(buffer)) {
    sc_json_string_unescape(key.ptr, key.len, buffer, &key.len);
    key.ptr = buffer;
  }
  if (key.len > 0 && memchr(key.ptr, '\0', key.len) != NULL) return;
  sc_sample_add(into, key, kind);
}

/* What is behind the object at p and the blanks behind it; NULL when it is none. */
static const char *object_end(const char *p, const char *end) {
  struct sc_json_seen seen = {false, false};
  struct sc_json_fault fault;
  if (sc_json_peek(p, end) != '{') return NULL;
  p = sc_json_skip(p, end, &seen, &fault);
  return p == NULL ? NULL : sc_json_skip_blanks(p, end);
}

/* p is at a name of an object that was checked. Returns what is behind the member and its comma. */
static const char *add_member(const char *p, const char *end, struct sc_sample *into) {
  struct sc_json_seen seen = {false, false};
  struct sc_json_fault fault;
  const char *behind = sc_json_skip_string(p, end, &seen, &fault);
  struct sc_slice key = sc_slice_of(p + 1, (size_t)(behind - p) - 2);
  const char *value = sc_json_skip_blanks(sc_json_skip_blanks(behind, end) + 1, end);
  p = sc_json_skip(value, end, &seen, &fault);
  add_key(into, key, kind_of(value, p));
  p = sc_json_skip_blanks(p, end);
  return *p == ',' ? sc_json_skip_blanks(p + 1, end) : p;
}

static void add_object(const char *p, const char *end, struct sc_sample *into) {
  sc_sample_add_record(into);
  p = sc_json_skip_blanks(p + 1, end);
  while (*p == '"') p = add_member(p, end, into);
}

void sc_json_sample(const struct sc_record *records, uint32_t n, bool split, struct sc_sample *into) {
  for (uint32_t i = 0; i < n; i++) {
    struct sc_slice data = records[i].data;
    const char *end = data.ptr + data.len, *p = sc_json_skip_blanks(data.ptr, end);
    const char *behind = sc_utf8_valid(data.ptr, data.len) ? object_end(p, end) : NULL;
    if (behind != NULL && behind != end && !split) continue;
    for (; behind != NULL; p = behind, behind = object_end(p, end)) add_object(p, end, into);
  }
}
