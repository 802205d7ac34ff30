/* The GetRecords envelope against simdjson's DOM and a base64 decoder of few lines. */
#include <math.h>

#include "codec/json/doc.h"
#include "codec/kinesis/envelope_json.h"
#include "codec/kinesis/reply_scan.h"
#include "engine/position.h"
#include "tests/fuzz/fuzz.h"

static struct sc_records records;

static struct sc_jsondoc *document(void) {
  static struct sc_jsondoc *doc;
  if (doc == NULL) doc = sc_jsondoc_new();
  return doc;
}

/* The only member of that name, none, or (false) more than one. */
static bool only(struct sc_json object, const char *name, struct sc_json *out) {
  struct sc_json_iter it = sc_json_walk(object);
  struct sc_slice key;
  struct sc_json value;
  size_t n = 0;
  *out = (struct sc_json){NULL, 0};
  while (sc_json_next(&it, &key, &value))
    if (sc_slice_is(key, name)) {
      *out = value;
      n++;
    }
  return n <= 1;
}

static int base64_value(char c) {
  const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = c == '\0' ? NULL : strchr(alphabet, c);
  return at == NULL ? -1 : (int)(at - alphabet);
}

/* Bit by bit. Length of what comes out, -1 when it is no base64. */
static long slow_base64(struct sc_slice text, unsigned char *out) {
  size_t n = text.len, bits = 0;
  if (n % 4 != 0) return -1;
  if (n > 0 && text.ptr[n - 1] == '=') n--;
  if (n + 1 == text.len && text.ptr[n - 1] == '=') n--;
  memset(out, 0, n);
  for (size_t i = 0; i < n; i++) {
    int value = base64_value(text.ptr[i]);
    if (value < 0) return -1;
    for (int bit = 5; bit >= 0; bit--, bits++)
      if ((value >> bit & 1) != 0) out[bits / 8] |= (unsigned char)(0x80 >> bits % 8);
  }
  return (long)(bits / 8);
}

static bool same_data(struct sc_json value, const struct sc_record *record, bool compare) {
  struct sc_slice text = {"", 0};
  if (!sc_json_absent(value) && !sc_json_str(value, &text)) return false;
  unsigned char *bytes = malloc(text.len + 1);
  CHECK(bytes != NULL);
  long len = slow_base64(text, bytes);
  if (compare) CHECK(len >= 0 && record->data.len == (size_t)len && memcmp(record->data.ptr, bytes, (size_t)len) == 0);
  free(bytes);
  return len >= 0;
}

static bool same_key(struct sc_json value, const struct sc_record *record, bool compare) {
  struct sc_slice text = {"", 0};
  if (!sc_json_absent(value) && !sc_json_str(value, &text)) return false;
  if (compare) CHECK(sc_slice_equals(text, record->partition_key));
  return true;
}

static bool same_sequence(struct sc_json value, const struct sc_record *record, bool compare) {
  struct sc_slice text = {"", 0};
  struct sc_sequence sequence;
  if (!sc_json_str(value, &text) || !sc_sequence_parse(text, &sequence)) return false;
  if (compare) CHECK(sc_slice_equals(text, record->sequence));
  return true;
}

static bool same_arrival(struct sc_json value, const struct sc_record *record, bool compare, bool *unsure) {
  double seconds;
  if (sc_json_absent(value)) {
    if (compare) CHECK(record->arrival_us == INT64_MIN);
    return true;
  }
  if (!sc_json_double(value, &seconds)) return false;
  if (fabs(seconds) > 8.9e12) *unsure = true;
  if (compare && !*unsure) CHECK(fabs((double)record->arrival_us - seconds * 1e6) <= 1 + fabs(seconds) * 1e-9);
  return true;
}

/* Whether the header promises to take it. compare: the records are there and must say the same. */
static bool same_record(struct sc_json value, const struct sc_record *record, bool compare, bool *unsure) {
  struct sc_json data, key, sequence, arrival;
  if (sc_json_kind(value) != SC_JSON_OBJECT) return false;
  if (!only(value, "Data", &data) || !only(value, "PartitionKey", &key) || !only(value, "SequenceNumber", &sequence) ||
      !only(value, "ApproximateArrivalTimestamp", &arrival))
    return false;
  return same_data(data, record, compare) && same_key(key, record, compare) &&
         same_sequence(sequence, record, compare) && same_arrival(arrival, record, compare, unsure);
}

static bool same_reply(struct sc_json root, bool compare, bool *unsure) {
  struct sc_json list, value;
  uint32_t i = 0;
  if (sc_json_kind(root) != SC_JSON_OBJECT || !only(root, "Records", &list) || !sc_json_exists(list)) return false;
  if (!sc_json_absent(list) && sc_json_kind(list) != SC_JSON_ARRAY) return false;
  struct sc_json_iter it = sc_json_walk(list);
  for (; sc_json_next(&it, NULL, &value); i++) {
    if (compare) CHECK(i < records.n);
    if (!same_record(value, compare ? &records.items[i] : NULL, compare, unsure)) return false;
  }
  if (compare) CHECK(i == records.n);
  return i <= SC_GET_RECORDS_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct sc_error err;
  struct sc_json root;
  bool unsure = false;
  char *body = padded_copy(data, size);
  const char *fault = sc_jsondoc_check(document(), sc_slice_of(body, size), &root);
  int rc = sc_envelope_json_open(body, size, &records, &err);
  if (fault == NULL) {
    bool want = same_reply(root, rc == 0, &unsure);
    CHECK(want == (rc == 0) || unsure);
  } else if (rc == 0) { /* what simdjson is stricter in */
    CHECK(strstr(fault, "UTF-8") != NULL || strstr(fault, "number") != NULL || strstr(fault, "deep") != NULL);
  }
  free(body);
  return 0;
}
