#include "codec/kinesis/envelope_json.h"

#include "codec/json/doc.h"
#include "codec/json/number.h"
#include "codec/json/string.h"
#include "codec/kinesis/record_members.h"
#include "codec/kinesis/reply_scan.h"
#include "codec/text/base64.h"
#include "codec/text/utf8.h"
#include "engine/position.h"

#define MICROS_DIGITS 6

/* The place in the body. Every function here moves p on, or returns false after fault says why. */
struct opener {
  char *p;
  char *end;
  const char *fault;
  const char *fault_at;
};

static bool wrong(struct opener *o, const char *what) {
  o->fault = what;
  o->fault_at = o->p;
  return false;
}

static inline char peek(const struct opener *o) { return sc_json_peek(o->p, o->end); }

static inline void skip_blanks(struct opener *o) {
  if (__builtin_expect((unsigned char)*o->p > ' ', 1)) return;
  while (o->p < o->end && sc_json_is_blank(*o->p)) o->p++;
}

static inline bool expect(struct opener *o, char c, const char *what) {
  skip_blanks(o);
  if (peek(o) != c) return wrong(o, what);
  o->p++;
  return true;
}

static inline bool take_comma(struct opener *o) {
  skip_blanks(o);
  bool comma = peek(o) == ',';
  o->p += comma;
  return comma;
}

/* The rest of a string, behind its quote or later, unescaped in place. */
static bool take_text(struct opener *o, struct sc_slice *out) {
  bool plain;
  char *start = o->p;
  const char *close = sc_json_string_end(start, o->end, &plain);
  if (close == NULL) return wrong(o, "a string without end or with a control character");
  *out = sc_slice_of(start, (size_t)(close - start));
  o->p += out->len + 1;
  return plain || sc_json_string_unescape(start, out->len, start, &out->len) || wrong(o, "a wrong escape");
}

static bool take_string(struct opener *o, struct sc_slice *out) {
  if (peek(o) != '"') return wrong(o, "no string");
  o->p++;
  return take_text(o, out);
}

/* An object or array nobody asked for, such as the ChildShards of a shard that ends. It is rare enough for a parser of
 * its own. */
static bool skip_nested(struct opener *o) {
  struct sc_json root;
  struct sc_slice text = sc_json_extent(o->p, o->end);
  struct sc_jsondoc *doc = sc_jsondoc_new();
  const char *fault = sc_jsondoc_check(doc, text, &root);
  sc_jsondoc_free(doc);
  if (fault != NULL) return wrong(o, fault);
  o->p += text.len;
  return true;
}

static bool skip_value(struct opener *o) {
  struct sc_json_number number;
  struct sc_slice text;
  if (peek(o) == '"') return take_string(o, &text);
  if (peek(o) == '{' || peek(o) == '[') return skip_nested(o);
  text = sc_json_extent(o->p, o->end);
  bool good = sc_json_number_scan(o->p, text.ptr + text.len, &number) == text.ptr + text.len;
  if (!good && !sc_slice_is(text, "true") && !sc_slice_is(text, "false") && !sc_slice_is(text, "null"))
    return wrong(o, "a wrong value");
  o->p += text.len;
  return true;
}

static bool take_null(struct opener *o) {
  if (o->end - o->p < 4 || memcmp(o->p, "null", 4) != 0) return wrong(o, "a wrong type of value");
  o->p += 4;
  return true;
}

/* ---- The members of a record ---- */

/* Digits may be escaped in JSON. No service writes them so, but reply_scan.c takes them, so this must take them too. */
static bool take_escaped_sequence(struct opener *o, struct sc_record *record) {
  struct sc_sequence sequence;
  if (!take_string(o, &record->sequence)) return false;
  return sc_sequence_parse(record->sequence, &sequence) || wrong(o, "a wrong SequenceNumber");
}

static bool take_sequence(struct opener *o, struct sc_record *record) {
  const char *start = o->p + 1, *p = start;
  if (peek(o) != '"') return wrong(o, "a SequenceNumber that is no string");
  while (p < o->end && sc_json_digits_stop(p) == 16) p += 16;
  p += sc_json_digits_stop(p);
  size_t len = (size_t)(p - start);
  if (sc_json_peek(p, o->end) != '"' || len == 0 || len > SC_SEQUENCE_DIGITS) return take_escaped_sequence(o, record);
  record->sequence = sc_slice_of(start, len);
  o->p += len + 2;
  return true;
}

/* digits * 10^exponent seconds to microseconds, half a microsecond up. False when that is beyond 64 bits. */
static bool to_micros(const struct sc_json_number *number, int64_t *out) {
  uint64_t value = number->digits;
  int32_t exponent = number->exponent + MICROS_DIGITS;
  if (value == 0) exponent = 0;
  for (; exponent > 0; exponent--)
    if (__builtin_mul_overflow(value, 10, &value)) return false;
  for (; exponent < -1 && value > 0; exponent++) value /= 10;
  if (exponent < 0) value = value / 10 + (value % 10 >= 5);
  if (value > INT64_MAX) return false;
  *out = number->negative ? -(int64_t)value : (int64_t)value;
  return true;
}

/* A number with more digits than sc_json_number keeps. The error of a double is far below a microsecond. */
static bool long_to_micros(const struct sc_json_number *number, const char *text, size_t len, int64_t *out) {
  double seconds;
  if (!sc_json_number_to_double(number, text, len, &seconds) || seconds > 9e12 || seconds < -9e12) return false;
  *out = (int64_t)(seconds * 1e6 + (seconds < 0 ? -0.5 : 0.5));
  return true;
}

static bool take_arrival(struct opener *o, struct sc_record *record) {
  struct sc_json_number number;
  if (peek(o) == 'n') return take_null(o);
  const char *behind = sc_json_number_scan(o->p, o->end, &number);
  if (behind == NULL) return wrong(o, "a wrong ApproximateArrivalTimestamp");
  size_t len = (size_t)(behind - o->p);
  bool fits = number.long_digits ? long_to_micros(&number, o->p, len, &record->arrival_us)
                                 : to_micros(&number, &record->arrival_us);
  if (!fits) return wrong(o, "an ApproximateArrivalTimestamp out of range");
  o->p += len;
  return true;
}

/* The rest of Data behind its whole groups: a group with padding, or a text with escapes ("\/"). */
static bool take_data_rest(struct opener *o, char *out, struct sc_slice *data) {
  struct sc_slice rest;
  size_t len;
  if (!take_text(o, &rest)) return false;
  if (!sc_base64_decode(rest.ptr, rest.len, out, &len)) return wrong(o, "Data that is no base64");
  data->len += len;
  return true;
}

static bool take_data(struct opener *o, struct sc_record *record) {
  size_t len;
  if (peek(o) == 'n') return take_null(o);
  if (peek(o) != '"') return wrong(o, "Data that is no string");
  char *out = o->p + 1;
  o->p = out + sc_base64_decode_groups(out, (size_t)(o->end - out), out, &len);
  record->data = sc_slice_of(out, len);
  bool four_are_left = o->end - o->p > 4 && o->p[4] == '"';
  if (four_are_left && sc_base64_decode_padded(o->p, out + len, &record->data.len)) o->p += 4;
  if (peek(o) == '"') {
    o->p++;
    return true;
  }
  return take_data_rest(o, out + len, &record->data);
}

/* A string of ASCII without escapes, as most keys are. False, with nothing taken, when it is anything else. */
static inline bool take_ascii(struct opener *o, struct sc_slice *out) {
  const char *start = o->p + 1, *p = start;
  unsigned stop = 16;
  if (peek(o) != '"') return false;
  while (p < o->end && (stop = sc_json_ascii_stop(p)) == 16) p += 16;
  p += stop;
  if (sc_json_peek(p, o->end) != '"') return false;
  *out = sc_slice_of(start, (size_t)(p - start));
  o->p += out->len + 2;
  return true;
}

static bool take_partition_key(struct opener *o, struct sc_record *record) {
  if (peek(o) == 'n') return take_null(o);
  if (take_ascii(o, &record->partition_key)) return true;
  if (!take_string(o, &record->partition_key)) return false;
  return sc_utf8_valid(record->partition_key.ptr, record->partition_key.len) ||
         wrong(o, "a PartitionKey that is no UTF-8");
}

/* ---- Names ---- */

#define LEN_IF(text, name) (memcmp((text), name, sizeof(name) - 1) == 0 ? sizeof(name) - 1 : 0)

/* A name that know_name does not know: it may be escaped. */
static bool take_any_name(struct opener *o, enum member *member) {
  struct sc_slice name;
  if (!take_string(o, &name)) return false;
  *member = sc_record_member_of(name);
  return true;
}

/* The length of the name with both quotes when it is written without escapes, else 0. The comparison may read the
 * padding behind the end. A name found there is not believed: no colon follows within the body. */
static inline size_t know_name(const char *text, enum member *member) {
  switch (text[1]) {
    case 'S':
      *member = SEQUENCE;
      return LEN_IF(text, "\"SequenceNumber\"");
    case 'A':
      *member = ARRIVAL;
      return LEN_IF(text, "\"ApproximateArrivalTimestamp\"");
    case 'D':
      *member = DATA;
      return LEN_IF(text, "\"Data\"");
    case 'P':
      *member = PARTITION_KEY;
      return LEN_IF(text, "\"PartitionKey\"");
    default:
      return 0;
  }
}

/* The name with its colon, up to the value. */
static inline bool take_name(struct opener *o, enum member *member) {
  size_t len = know_name(o->p, member);
  o->p += len;
  if (len == 0 && !take_any_name(o, member)) return false;
  if (!expect(o, ':', "no colon")) return false;
  skip_blanks(o);
  return true;
}

/* ---- Records ---- */

static inline bool take_member(struct opener *o, struct sc_record *record, unsigned *seen) {
  enum member member;
  if (!take_name(o, &member)) return false;
  if (member != OTHER && (*seen & 1U << member) != 0) return wrong(o, "a member twice");
  *seen |= 1U << member;
  switch (member) {
    case SEQUENCE:
      return take_sequence(o, record);
    case ARRIVAL:
      return take_arrival(o, record);
    case DATA:
      return take_data(o, record);
    case PARTITION_KEY:
      return take_partition_key(o, record);
    default:
      return skip_value(o);
  }
}

static bool take_record(struct opener *o, struct sc_record *record) {
  unsigned seen = 0;
  *record = (struct sc_record){.data = {"", 0}, .partition_key = {"", 0}, .arrival_us = INT64_MIN};
  if (!expect(o, '{', "a record that is no object")) return false;
  do {
    skip_blanks(o);
    if (!take_member(o, record, &seen)) return false;
  } while (take_comma(o));
  if (record->sequence.len == 0) return wrong(o, "a record without SequenceNumber");
  return expect(o, '}', "no comma");
}

static bool take_records(struct opener *o, struct sc_records *records) {
  if (peek(o) == 'n') return take_null(o);
  if (!expect(o, '[', "Records that are no list")) return false;
  skip_blanks(o);
  if (peek(o) == ']') return expect(o, ']', "");
  do {
    if (records->n == SC_GET_RECORDS_MAX) return wrong(o, "too many records");
    if (!take_record(o, sc_records_next(records))) return false;
    records->n++;
  } while (take_comma(o));
  return expect(o, ']', "no comma");
}

static bool take_reply_member(struct opener *o, struct sc_records *records, bool *found) {
  enum member member;
  skip_blanks(o);
  if (!take_name(o, &member)) return false;
  if (member != RECORDS) return skip_value(o);
  if (*found) return wrong(o, "Records twice");
  *found = true;
  return take_records(o, records);
}

static bool take_reply(struct opener *o, struct sc_records *records) {
  bool found = false;
  if (!expect(o, '{', "no object")) return false;
  do {
    if (!take_reply_member(o, records, &found)) return false;
  } while (take_comma(o));
  if (!expect(o, '}', "no comma")) return false;
  skip_blanks(o);
  if (o->p < o->end) return wrong(o, "bytes behind the end");
  return found || wrong(o, "no Records");
}

int sc_envelope_json_open(char *body, size_t len, struct sc_records *records, struct sc_error *err) {
  struct opener o = {body, body + len, "", body};
  SC_ASSERT(body != NULL);
  records->n = 0;
  if (take_reply(&o, records)) return SC_OK;
  return sc_error_set(err, SC_E_PROTOCOL, "GetRecords reply: %s at byte %zu", o.fault, (size_t)(o.fault_at - body));
}
