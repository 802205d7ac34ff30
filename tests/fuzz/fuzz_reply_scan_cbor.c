/* The tokenizer of GetRecords replies in CBOR: against the one of JSON, given the same reply in JSON; against itself
 * fed in other chunks; and against the envelope, which sees no other records. */
#include "codec/kinesis/reply_scan_cbor.h"

#include "codec/kinesis/envelope_cbor.h"
#include "tests/fuzz/naive_cbor.h"

static struct sc_records records;

/* Fed in chunks of 1 to 100 bytes, each from a block of just what has come. */
static int scan_in_chunks(const char *body, size_t size, struct sc_reply_facts *out) {
  struct sc_reply_scan_cbor scan;
  struct sc_error err;
  uint32_t random = (uint32_t)size * 2654435761U;
  sc_reply_scan_cbor_init(&scan);
  for (size_t len = 0; len < size;) {
    random = random * 1664525 + 1013904223;
    len += 1 + (random >> 8) % 100;
    if (len > size) len = size;
    char *so_far = malloc(len);
    CHECK(so_far != NULL);
    memcpy(so_far, body, len);
    int rc = sc_reply_scan_cbor_feed(&scan, so_far, len, &err);
    free(so_far);
    if (rc != 0) return rc;
  }
  return sc_reply_scan_cbor_finish(&scan, body, size, out, &err);
}

static void same_facts(const struct sc_reply_facts *a, const struct sc_reply_facts *b) {
  CHECK(a->n_records == b->n_records);
  CHECK(a->has_children == b->has_children);
  CHECK(a->millis_behind == b->millis_behind);
  CHECK(a->iterator_len == b->iterator_len && memcmp(a->iterator, b->iterator, a->iterator_len) == 0);
  CHECK(sc_sequence_compare(&a->last, &b->last) == 0);
}

static void same_as_json(struct sc_buf *json, int rc, const struct sc_reply_facts *facts) {
  struct sc_reply_scan scan;
  struct sc_reply_facts want;
  struct sc_error err;
  sc_reply_scan_init(&scan);
  CHECK(sc_reply_scan_finish(&scan, json->ptr, json->len, &want, &err) == rc);
  if (rc == 0) same_facts(facts, &want);
}

static void same_as_envelope(const uint8_t *data, size_t size, int rc, const struct sc_reply_facts *facts) {
  struct sc_error err;
  struct sc_sequence last;
  char *body = padded_copy(data, size);
  if (sc_envelope_cbor_open(body, size, &records, &err) == 0 && rc == 0) {
    CHECK(records.n == facts->n_records);
    if (records.n > 0)
      CHECK(sc_sequence_parse(records.items[records.n - 1].sequence, &last) &&
            sc_sequence_compare(&last, &facts->last) == 0);
  }
  free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct sc_reply_facts facts, chunked;
  struct sc_reply_scan_cbor scan;
  struct sc_error err;
  struct sc_buf json = SC_BUF_INIT;
  struct naive naive;
  char *body = malloc(size > 0 ? size : 1);
  CHECK(body != NULL);
  if (size > 0) memcpy(body, data, size);
  bool is_whole = naive_to_json(data, size, &json, &naive);
  sc_reply_scan_cbor_init(&scan);
  int rc = sc_reply_scan_cbor_finish(&scan, body, size, &facts, &err);
  CHECK(scan_in_chunks(body, size, &chunked) == rc);
  if (rc == 0) same_facts(&facts, &chunked);
  if (!is_whole) CHECK(rc != 0 || naive.is_odd);
  if (is_whole && !naive.is_odd) same_as_json(&json, rc, &facts);
  same_as_envelope(data, size, rc, &facts);
  free(body);
  sc_buf_fini(&json);
  return 0;
}
