#include "bench/local/api/arn.h"

#include <stdio.h>

#include "tests/unit/engine/base/check.h"

#define FRONT "arn:aws:kinesis:us-east-1:000000000000:"

static void test_streams(void **state) {
  (void)state;
  struct scl_arn arn;
  assert_true(scl_arn_read(SC_SLICE_LITERAL(FRONT "stream/demo"), &arn));
  assert_true(sc_slice_is(arn.partition, "aws") && sc_slice_is(arn.region, "us-east-1"));
  assert_true(sc_slice_is(arn.account, "000000000000") && sc_slice_is(arn.stream, "demo"));
  assert_int_equal(arn.consumer.len, 0);
  assert_true(scl_arn_is_stream(SC_SLICE_LITERAL("arn:aws-cn:kinesis::123456789012:stream/!")));
  assert_true(scl_arn_is_resource(SC_SLICE_LITERAL(FRONT "xstream/demo")));
  assert_false(scl_arn_is_stream(SC_SLICE_LITERAL(FRONT "xstream/demo")));
}

static void test_consumers(void **state) {
  (void)state;
  struct scl_arn arn;
  struct sc_slice text = SC_SLICE_LITERAL(FRONT "stream/a.b/consumer/c_d:1700000000");
  assert_true(scl_arn_read(text, &arn));
  assert_true(sc_slice_is(arn.stream, "a.b") && sc_slice_is(arn.consumer, "c_d"));
  assert_int_equal(arn.created_s, 1700000000);
  assert_true(scl_arn_is_consumer(text) && scl_arn_is_resource(text) && scl_arn_is_stream(text));
  assert_false(scl_arn_is_consumer(SC_SLICE_LITERAL(FRONT "stream/a")));
}

/* What is no consumer's is a stream's, of a name that nobody has. */
static void test_odd_consumers(void **state) {
  (void)state;
  static const char *const odd[] = {"a/consumer/c",   "a/consumer/c:",   "a/consumer/:1",
                                    "/consumer/c:1",  "a/consumer/c:-1", "a/consumer/c:+1",
                                    "a/consumer/c:x", "a!/consumer/c:1", "a/consumer/c:99999999999999999999"};
  for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
    char text[200];
    struct scl_arn arn;
    snprintf(text, sizeof(text), FRONT "stream/%s", odd[i]);
    assert_true(scl_arn_read(sc_slice_str(text), &arn));
    if (arn.consumer.len != 0 || arn.created_s != 0 || !sc_slice_is(arn.stream, odd[i])) fail_msg("%s", text);
  }
}

static void test_others(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "demo",
                                    "arn:aws:kinesis:us-east-1:000000000000",
                                    "arn:aws:kinesis:us-east-1:00000000000:stream/demo",
                                    "arn:aws:kinesis:us-east-1:00000000000x:stream/demo",
                                    "arn:aws:sqs:us-east-1:000000000000:stream/demo",
                                    "arm:aws:kinesis:us-east-1:000000000000:stream/demo",
                                    "arn:gcp:kinesis:us-east-1:000000000000:stream/demo",
                                    FRONT "",
                                    FRONT "table/demo",
                                    FRONT "stream/",
                                    FRONT "stream/a b",
                                    FRONT "stream/a\tb"};
  struct scl_arn arn;
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    if (scl_arn_read(sc_slice_str(bad[i]), &arn)) fail_msg("%s", bad[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_streams),
      cmocka_unit_test(test_consumers),
      cmocka_unit_test(test_odd_consumers),
      cmocka_unit_test(test_others),
  };
  return cmocka_run_group_tests_name("local/arn", tests, NULL, NULL);
}
