#include "bench/local/store/recordtext.h"

#include "bench/local/store/seqlayout.h"
#include "codec/json/string.h"
#include "codec/text/base64.h"
#include "codec/wire/cbor.h"
#include "engine/base/error.h"

static char *put(char *at, const char *bytes, size_t len) {
  memcpy(at, bytes, len);
  return at + len;
}

#define PUT_LITERAL(at, text) put(at, text, sizeof(text) - 1)

/* ---- JSON ---- */

#define BEFORE_SEQUENCE ",{\"SequenceNumber\":\""
#define BEFORE_TIME "\",\"ApproximateArrivalTimestamp\":"
#define BEFORE_DATA ",\"Data\":\""
#define BEFORE_KEY "\",\"PartitionKey\":"
#define TIME_MOST 24

/* Seconds with three decimals. Not by printf, since this runs for every record that is put. */
static char *put_time(char *at, int64_t ms) {
  char digits[TIME_MOST];
  int n = 0;
  uint64_t rest = (uint64_t)ms;
  do {
    if (n == 3) digits[n++] = '.';
    digits[n++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest != 0 || n < 5);
  while (n > 0) *at++ = digits[--n];
  return at;
}

/* The last group may have bits set that belong to no byte ("aGj=" is "hi"). They are accepted, and written as zeros. */
static char *put_base64(char *at, struct sc_slice base64) {
  char bytes[4];
  size_t n;
  at = put(at, base64.ptr, base64.len);
  if (base64.len >= 4 && at[-1] == '=' && sc_base64_decode(at - 4, 4, bytes, &n)) sc_base64_encode(bytes, n, at - 4);
  return at;
}

size_t scl_recordtext_json_most(const struct scl_logrecord *record) {
  size_t data = record->is_base64 ? record->data.len : sc_base64_encoded_len(record->data.len);
  return sizeof(BEFORE_SEQUENCE BEFORE_TIME BEFORE_DATA BEFORE_KEY "}") + SCL_SEQLAYOUT_DIGITS + TIME_MOST +
         record->key_json.len + data;
}

char *scl_recordtext_put_json(char *at, const struct scl_logrecord *record) {
  SC_ASSERT(record->arrived_ms >= 0);
  at = PUT_LITERAL(at, BEFORE_SEQUENCE);
  at = put(at, record->sequence, SCL_SEQLAYOUT_DIGITS);
  at = PUT_LITERAL(at, BEFORE_TIME);
  at = put_time(at, record->arrived_ms);
  at = PUT_LITERAL(at, BEFORE_DATA);
  if (record->is_base64) at = put_base64(at, record->data);
  else at += sc_base64_encode(record->data.ptr, record->data.len, at);
  at = PUT_LITERAL(at, BEFORE_KEY);
  at = put(at, record->key_json.ptr, record->key_json.len);
  *at++ = '}';
  return at;
}

/* ---- CBOR ---- */

/* The parts of a record in its JSON text. */
struct parts {
  const char *sequence;
  struct sc_slice base64, key; /* without quotes */
};

static struct parts parts_of(struct sc_slice json) {
  const char *end = json.ptr + json.len, *sequence = json.ptr + sizeof(BEFORE_SEQUENCE) - 1;
  const char *time = sequence + SCL_SEQLAYOUT_DIGITS + sizeof(BEFORE_TIME) - 1;
  const char *data = (const char *)memchr(time, ',', (size_t)(end - time)) + sizeof(BEFORE_DATA) - 1;
  const char *data_end = memchr(data, '"', (size_t)(end - data));
  const char *key = data_end + sizeof(BEFORE_KEY) - 1 + 1;
  return (struct parts){sequence, sc_slice_of(data, (size_t)(data_end - data)),
                        sc_slice_of(key, (size_t)(end - key) - sizeof("\"}") + 1)};
}

struct scl_logrecord scl_recordtext_parts(struct sc_slice json) {
  struct parts parts = parts_of(json);
  struct sc_slice key_json = sc_slice_of(parts.key.ptr - 1, parts.key.len + 2); /* with its quotes */
  return (struct scl_logrecord){
      .sequence = parts.sequence, .key_json = key_json, .data = parts.base64, .is_base64 = true};
}

static size_t decoded_len(struct sc_slice base64) {
  size_t padding = 0;
  while (padding < 2 && padding < base64.len && base64.ptr[base64.len - 1 - padding] == '=') padding++;
  return base64.len / 4 * 3 - padding;
}

static char *put_data(char *at, struct sc_slice base64) {
  size_t len = decoded_len(base64), got = 0;
  at = sc_cbor_put(at, SC_CBOR_BYTES, len);
  bool is_base64 = sc_base64_decode(base64.ptr, base64.len, at, &got);
  SC_ASSERT(is_base64 && got == len);
  return at + len;
}

/* The key is unescaped behind room for the largest head, then moved down to the end of its own head. */
static char *put_key(char *at, struct sc_slice escaped) {
  char *text = at + SC_CBOR_HEAD_MAX;
  size_t len = 0;
  bool is_string = sc_json_string_unescape(escaped.ptr, escaped.len, text, &len);
  SC_ASSERT(is_string);
  at = sc_cbor_put(at, SC_CBOR_TEXT, len);
  memmove(at, text, len);
  return at + len;
}

size_t scl_recordtext_cbor_most(struct sc_slice json) { return json.len + 8 * SC_CBOR_HEAD_MAX; }

char *scl_recordtext_put_cbor(char *at, struct sc_slice json, int64_t arrived_ms) {
  struct parts parts = parts_of(json);
  at = PUT_LITERAL(at, "\xbf\x6eSequenceNumber");
  at = sc_cbor_put(at, SC_CBOR_TEXT, SCL_SEQLAYOUT_DIGITS);
  at = put(at, parts.sequence, SCL_SEQLAYOUT_DIGITS);
  at = PUT_LITERAL(at,
                   "\x78\x1b"
                   "ApproximateArrivalTimestamp\xc1");
  at = sc_cbor_put(at, SC_CBOR_UINT, (uint64_t)arrived_ms);
  at = PUT_LITERAL(at,
                   "\x64"
                   "Data");
  at = put_data(at, parts.base64);
  at = PUT_LITERAL(at, "\x6cPartitionKey");
  at = put_key(at, parts.key);
  *at++ = (char)SC_CBOR_BREAK;
  return at;
}
