/* The GetRecords envelope in CBOR against the one in JSON, given the same reply in JSON. */
#include "codec/kinesis/envelope_cbor.h"

#include "codec/kinesis/envelope_json.h"
#include "tests/fuzz/naive_cbor.h"

static struct sc_records records, wanted;

static void same(const struct sc_record *a, const struct sc_record *b, int64_t tolerance_us) {
  CHECK(sc_slice_equals(a->sequence, b->sequence));
  CHECK(sc_slice_equals(a->data, b->data));
  CHECK(sc_slice_equals(a->partition_key, b->partition_key));
  CHECK(llabs((long long)(a->arrival_us - b->arrival_us)) <= tolerance_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct sc_error err;
  struct sc_buf json = SC_BUF_INIT;
  struct naive naive;
  char *body = padded_copy(data, size);
  bool is_whole = naive_to_json(data, size, &json, &naive);
  int rc = sc_envelope_cbor_open(body, size, &records, &err);
  if (!is_whole) CHECK(rc != 0 || naive.is_odd);
  if (is_whole && !naive.is_odd) {
    CHECK(sc_envelope_json_open(json.ptr, json.len, &wanted, &err) == rc);
    if (rc == 0) CHECK(records.n == wanted.n);
    for (uint32_t i = 0; rc == 0 && i < records.n; i++)
      same(&records.items[i], &wanted.items[i], naive.is_float_time ? 1024 : 0);
  }
  free(body);
  sc_buf_fini(&json);
  return 0;
}
