/* Resource policies and account settings through the service. */
#include "tests/unit/bench/local/api/service_cbor.h"

#define STREAM_ARN "arn:aws:kinesis:eu-west-1:000000000000:stream/demo"
#define CONSUMER_ARN STREAM_ARN "/consumer/c:1700000000"
#define ERROR(type, text) "{\"__type\":\"" type "\",\"message\":\"" text "\"}"
#define RESOURCE(arn) "{\"ResourceARN\":\"" arn "\"}"
#define POLICY(arn, text) "{\"ResourceARN\":\"" arn "\",\"Policy\":\"" text "\"}"

static void begin_demo(struct world *w) {
  begin(w);
  must(w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}");
}

static void test_life(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  must(&w, "RegisterStreamConsumer", "{\"StreamARN\":\"" STREAM_ARN "\",\"ConsumerName\":\"c\"}");
  refused(&w, "GetResourcePolicy", RESOURCE(STREAM_ARN),
          ERROR("ResourceNotFoundException", "There is no policy for resource " STREAM_ARN "."));
  assert_string_equal(must(&w, "PutResourcePolicy", POLICY(STREAM_ARN, "{\\\"Version\\\":\\\"1\\\"}")), "");
  must(&w, "PutResourcePolicy", POLICY(STREAM_ARN, "{\\\"Version\\\":\\\"2\\\"}"));
  must(&w, "PutResourcePolicy", POLICY(CONSUMER_ARN, "{}"));
  assert_string_equal(must(&w, "GetResourcePolicy", RESOURCE(STREAM_ARN)),
                      "{\"Policy\":\"{\\\"Version\\\":\\\"2\\\"}\"}");
  must(&w, "DeleteResourcePolicy", RESOURCE(STREAM_ARN));
  call(&w, "GetResourcePolicy", RESOURCE(STREAM_ARN));
  assert_int_equal(w.status, 400);
  call(&w, "DeleteResourcePolicy", RESOURCE(STREAM_ARN));
  assert_int_equal(w.status, 400);
  call_cbor(&w, "GetResourcePolicy", "a1 'ResourceARN' '" CONSUMER_ARN "'");
  answers(&w, 200, "bf 'Policy' '{}' ff");
  end(&w);
}

static void test_refusals(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  static const char *const bad[] = {"", "7", "[]", "{", "{}}"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    char body[200];
    snprintf(body, sizeof(body), POLICY(STREAM_ARN, "%s"), bad[i]);
    refused(&w, "PutResourcePolicy", body, ERROR("InvalidArgumentException", "The policy is not a JSON object."));
  }
  struct sc_buf body = SC_BUF_INIT;
  sc_buf_printf(&body, "{\"ResourceARN\":\"" STREAM_ARN "\",\"Policy\":\"{%*s}\"}", 20480, "");
  refused(&w, "PutResourcePolicy", sc_buf_str(&body),
          ERROR("LimitExceededException", "The policy is longer than 20480 bytes."));
  sc_buf_fini(&body);
  refused(&w, "PutResourcePolicy", RESOURCE(STREAM_ARN),
          ERROR("ValidationException",
                "1 validation error detected: Value null at 'policy' failed to satisfy "
                "constraint: Member must not be null"));
  scl_store_set_delays(w.store, 500, 0);
  must(&w, "RegisterStreamConsumer", "{\"StreamARN\":\"" STREAM_ARN "\",\"ConsumerName\":\"c\"}");
  refused(&w, "PutResourcePolicy", POLICY(CONSUMER_ARN, "{}"),
          ERROR("ResourceInUseException",
                "Consumer c with creation timestamp 1700000000 under stream: demo, account "
                "000000000000 is not in ACTIVE status."));
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_life),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests_name("local/policy", tests, NULL, NULL);
}
