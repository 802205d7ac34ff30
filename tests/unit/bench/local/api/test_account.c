/* Limits and settings of the account through the service. */
#include "tests/unit/bench/local/api/service_cbor.h"

#define ENABLE "{\"MinimumThroughputBillingCommitment\":{\"Status\":\"ENABLED\"}}"
#define DISABLE "{\"MinimumThroughputBillingCommitment\":{\"Status\":\"DISABLED\"}}"
#define SETTINGS(status, rest) "{\"MinimumThroughputBillingCommitment\":{\"Status\":\"" status "\"" rest "}}"
#define DAY_MS INT64_C(86400000)

static void test_limits(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  must(&w, "CreateStream", "{\"StreamName\":\"a\",\"ShardCount\":3}");
  must(&w, "CreateStream", "{\"StreamName\":\"b\",\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}}");
  assert_string_equal(must(&w, "DescribeLimits", "{}"),
                      "{\"ShardLimit\":1000000,\"OpenShardCount\":7,\"OnDemandStreamCount\":1,"
                      "\"OnDemandStreamCountLimit\":50}");
  call_cbor(&w, "DescribeLimits", "a0");
  assert_int_equal(w.status, 200);
  end(&w);
}

static void test_commitment(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  assert_string_equal(must(&w, "DescribeAccountSettings", "{}"), SETTINGS("DISABLED", ""));
  assert_string_equal(must(&w, "UpdateAccountSettings", DISABLE), SETTINGS("DISABLED", ""));
  assert_string_equal(must(&w, "UpdateAccountSettings", ENABLE),
                      SETTINGS("ENABLED", ",\"StartedAt\":1700000000.123,\"EarliestAllowedEndAt\":1700086400.123"));
  sc_clock_advance(1000);
  must(&w, "UpdateAccountSettings", ENABLE); /* it goes on since then */
  assert_string_equal(must(&w, "UpdateAccountSettings", DISABLE),
                      SETTINGS("ENABLED_UNTIL_EARLIEST_ALLOWED_END",
                               ",\"StartedAt\":1700000000.123,\"EarliestAllowedEndAt\":1700086400.123"));
  sc_clock_advance(DAY_MS - 1000);
  assert_string_equal(must(&w, "DescribeAccountSettings", "{}"),
                      SETTINGS("DISABLED", ",\"StartedAt\":1700000000.123,\"EndedAt\":1700086400.123"));
  must(&w, "UpdateAccountSettings", ENABLE);
  sc_clock_advance(2 * DAY_MS);
  assert_string_equal(must(&w, "UpdateAccountSettings", DISABLE),
                      SETTINGS("DISABLED", ",\"StartedAt\":1700086400.123,\"EndedAt\":1700259200.123"));
  end(&w);
}

/* With a commitment, streams on demand may have more consumers. */
static void test_more_consumers(void **state) {
  (void)state;
  struct world w;
  char body[200];
  begin(&w);
  must(&w, "CreateStream", "{\"StreamName\":\"b\",\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}}");
  must(&w, "UpdateAccountSettings", ENABLE);
  for (int i = 0; i <= 50; i++) {
    snprintf(body, sizeof(body),
             "{\"StreamARN\":\"arn:aws:kinesis:eu-west-1:000000000000:stream/b\",\"ConsumerName\":\"c%d\"}", i);
    call(&w, "RegisterStreamConsumer", body);
    assert_int_equal(w.status, i < 50 ? 200 : 400);
  }
  end(&w);
}

static void test_validation(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  refused(&w, "UpdateAccountSettings", "{}",
          "{\"__type\":\"ValidationException\",\"message\":\"1 validation error detected: Value null at "
          "'minimumThroughputBillingCommitment' failed to satisfy constraint: Member must not be null\"}");
  refused(&w, "UpdateAccountSettings", "{\"MinimumThroughputBillingCommitment\":{\"Status\":\"ON\"}}",
          "{\"__type\":\"ValidationException\",\"message\":\"1 validation error detected: Value 'ON' at "
          "'minimumThroughputBillingCommitment.status' failed to satisfy constraint: Member must satisfy enum value "
          "set: [ENABLED, DISABLED]\"}");
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_commitment),
      cmocka_unit_test(test_more_consumers),
      cmocka_unit_test(test_validation),
  };
  return cmocka_run_group_tests_name("local/account", tests, NULL, NULL);
}
