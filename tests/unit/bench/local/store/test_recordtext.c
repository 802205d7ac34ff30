#include "bench/local/store/recordtext.h"

#include <stdlib.h>

#include "engine/base/buf.h"
#include "tests/unit/codec/wire/cbor_text.h"
#include "tests/unit/engine/base/check.h"

#define SEQUENCE "49628566489653659107048838082246518393102916603510521906"

/* The record in JSON, and from there in CBOR, each in no more room than was asked for. */
static void render(const struct scl_logrecord *record, struct sc_buf *json, struct sc_buf *cbor) {
  size_t most = scl_recordtext_json_most(record);
  char *text = malloc(most), *end = scl_recordtext_put_json(text, record);
  assert_in_range(end - text, 1, most);
  sc_buf_clear(json);
  sc_buf_add(json, text, (size_t)(end - text));
  free(text);
  most = scl_recordtext_cbor_most(sc_buf_view(json));
  text = malloc(most);
  end = scl_recordtext_put_cbor(text, sc_buf_view(json), record->arrived_ms);
  assert_in_range(end - text, 1, most);
  sc_buf_clear(cbor);
  sc_buf_add(cbor, text, (size_t)(end - text));
  free(text);
}

static void check(const struct scl_logrecord *record, const char *want_json, const char *want_cbor) {
  struct sc_buf json = SC_BUF_INIT, cbor = SC_BUF_INIT, want = SC_BUF_INIT;
  render(record, &json, &cbor);
  assert_string_equal(sc_buf_str(&json), want_json);
  assert_true(sc_slice_equals(sc_buf_view(&cbor), cbor_text(&want, want_cbor)));
  sc_buf_fini(&json);
  sc_buf_fini(&cbor);
  sc_buf_fini(&want);
}

static void test_a_record(void **state) {
  (void)state;
  static const char json[] = ",{\"SequenceNumber\":\"" SEQUENCE
                             "\",\"ApproximateArrivalTimestamp\":1700000000.123,"
                             "\"Data\":\"aGk=\",\"PartitionKey\":\"k\"}";
  static const char cbor[] = "bf 'SequenceNumber' '" SEQUENCE
                             "' 'ApproximateArrivalTimestamp' c1 1b0000018bcfe5687b "
                             "'Data' h'hi' 'PartitionKey' 'k' ff";
  check(&(struct scl_logrecord){.sequence = SEQUENCE,
                                .arrived_ms = INT64_C(1700000000123),
                                .key_json = SC_SLICE_LITERAL("\"k\""),
                                .data = SC_SLICE_LITERAL("aGk="),
                                .is_base64 = true},
        json, cbor);
  check(&(struct scl_logrecord){.sequence = SEQUENCE,
                                .arrived_ms = INT64_C(1700000000123),
                                .key_json = SC_SLICE_LITERAL("\"k\""),
                                .data = SC_SLICE_LITERAL("hi")},
        json, cbor);
}

static void test_odd_keys_and_times(void **state) {
  (void)state;
  check(&(struct scl_logrecord){.sequence = SEQUENCE,
                                .arrived_ms = 7,
                                .key_json = SC_SLICE_LITERAL("\"\\\",\\\"Data\\\":\\u0001\\n\""),
                                .data = SC_SLICE_LITERAL("")},
        ",{\"SequenceNumber\":\"" SEQUENCE
        "\",\"ApproximateArrivalTimestamp\":0.007,\"Data\":\"\","
        "\"PartitionKey\":\"\\\",\\\"Data\\\":\\u0001\\n\"}",
        "bf 'SequenceNumber' '" SEQUENCE
        "' 'ApproximateArrivalTimestamp' c1 07 'Data' 40 "
        "'PartitionKey' 6b 222c2244617461223a010a ff");
}

/* Payloads of many lengths come out of the CBOR as they went in. */
/* Bits beyond the last byte are nobody's. */
static void test_loose_base64(void **state) {
  (void)state;
  static const char *const texts[][2] = {{"aGj=", "aGg="}, {"aR==", "aQ=="}, {"////aGj=", "////aGg="}, {"", ""}};
  for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
    struct scl_logrecord record = {.sequence = SEQUENCE,
                                   .arrived_ms = 0,
                                   .key_json = SC_SLICE_LITERAL("\"k\""),
                                   .data = sc_slice_str(texts[i][0]),
                                   .is_base64 = true};
    struct sc_buf json = SC_BUF_INIT, cbor = SC_BUF_INIT, want = SC_BUF_INIT;
    render(&record, &json, &cbor);
    sc_buf_printf(&want, "\"Data\":\"%s\",", texts[i][1]);
    assert_non_null(strstr(sc_buf_str(&json), sc_buf_str(&want)));
    sc_buf_fini(&json);
    sc_buf_fini(&cbor);
    sc_buf_fini(&want);
  }
}

static void test_payloads(void **state) {
  (void)state;
  struct sc_buf json = SC_BUF_INIT, cbor = SC_BUF_INIT;
  char payload[1000];
  for (size_t i = 0; i < sizeof(payload); i++) payload[i] = (char)(i * 7);
  for (size_t len = 0; len <= sizeof(payload); len += len < 70 ? 1 : 31) {
    struct scl_logrecord record = {.sequence = SEQUENCE,
                                   .arrived_ms = 1,
                                   .key_json = SC_SLICE_LITERAL("\"k\""),
                                   .data = sc_slice_of(payload, len)};
    char head[SC_CBOR_HEAD_MAX];
    size_t head_len = (size_t)(sc_cbor_put(head, SC_CBOR_BYTES, len) - head);
    render(&record, &json, &cbor);
    const char *at = memmem(cbor.ptr, cbor.len, "Data", 4);
    assert_non_null(at);
    assert_memory_equal(at + 4, head, head_len);
    assert_memory_equal(at + 4 + head_len, payload, len);
    struct sc_cbor c = sc_cbor_of(sc_buf_view(&cbor));
    assert_true(sc_cbor_skip(&c) && c.p == c.end);
  }
  sc_buf_fini(&json);
  sc_buf_fini(&cbor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_record),
      cmocka_unit_test(test_odd_keys_and_times),
      cmocka_unit_test(test_payloads),
      cmocka_unit_test(test_loose_base64),
  };
  return cmocka_run_group_tests_name("local/recordtext", tests, NULL, NULL);
}
