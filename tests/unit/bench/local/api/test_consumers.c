/* Consumers through the service: registered, described, listed, deregistered, over time. */
#include "tests/unit/bench/local/api/service_cbor.h"

#define STREAM_ARN "arn:aws:kinesis:eu-west-1:000000000000:stream/demo"
#define CONSUMER_ARN(name) STREAM_ARN "/consumer/" name ":1700000000"
#define REGISTER(name) "{\"StreamARN\":\"" STREAM_ARN "\",\"ConsumerName\":\"" name "\"}"
#define BY_ARN(name) "{\"ConsumerARN\":\"" CONSUMER_ARN(name) "\"}"
#define CONSUMER(name, status) \
  "\"ConsumerName\":\"" name "\",\"ConsumerARN\":\"" CONSUMER_ARN(name) "\","               \
  "\"ConsumerStatus\":\"" status "\",\"ConsumerCreationTimestamp\":1700000000.123"
#define ERROR(type, text) "{\"__type\":\"" type "\",\"message\":\"" text "\"}"

static void begin_demo(struct world *w, int64_t consumer_ms) {
  begin(w);
  scl_store_set_delays(w->store, consumer_ms, 0);
  must(w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}");
}

static void test_life(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w, 500);
  assert_string_equal(must(&w, "RegisterStreamConsumer", REGISTER("c")),
                      "{\"Consumer\":{" CONSUMER("c", "CREATING") "}}");
  sc_clock_advance(500);
  assert_string_equal(must(&w, "DescribeStreamConsumer", BY_ARN("c")),
                      "{\"ConsumerDescription\":{" CONSUMER("c", "ACTIVE") ",\"StreamARN\":\"" STREAM_ARN "\"}}");
  assert_string_equal(must(&w, "DeregisterStreamConsumer", BY_ARN("c")), "");
  assert_string_equal(must(&w, "ListStreamConsumers", "{\"StreamARN\":\"" STREAM_ARN "\"}"),
                      "{\"Consumers\":[{" CONSUMER("c", "DELETING") "}]}");
  sc_clock_advance(499);
  must(&w, "DeregisterStreamConsumer", BY_ARN("c")); /* does not put it off */
  sc_clock_advance(1);
  assert_string_equal(must(&w, "ListStreamConsumers", "{\"StreamARN\":\"" STREAM_ARN "\"}"), "{\"Consumers\":[]}");
  refused(&w, "DescribeStreamConsumer", BY_ARN("c"),
          ERROR("ResourceNotFoundException",
                "Consumer c with creation timestamp 1700000000 under stream: demo, account 000000000000 not found."));
  end(&w);
}

/* A consumer of the same name is another one: its ARN says when it was registered. */
static void test_again(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w, 0);
  must(&w, "RegisterStreamConsumer", REGISTER("c"));
  refused(&w, "RegisterStreamConsumer", REGISTER("c"),
          ERROR("ResourceInUseException", "Consumer c under stream: demo, account 000000000000 already exists."));
  must(&w, "DeregisterStreamConsumer", REGISTER("c"));
  sc_clock_advance(2000);
  assert_non_null(strstr(must(&w, "RegisterStreamConsumer", REGISTER("c")), "/consumer/c:1700000002\""));
  call(&w, "DescribeStreamConsumer", BY_ARN("c"));
  assert_int_equal(w.status, 400);
  must(&w, "DescribeStreamConsumer", REGISTER("c"));
  end(&w);
}

static void test_names(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w, 0);
  must(&w, "RegisterStreamConsumer", REGISTER("c"));
  must(&w, "RegisterStreamConsumer", REGISTER("d"));
  must(&w, "DescribeStreamConsumer",
       "{\"StreamARN\":\"" STREAM_ARN "\",\"ConsumerName\":\"c\",\"ConsumerARN\":\"" CONSUMER_ARN("c") "\","
       "\"StreamId\":\"aaaaaaaaaaaaaaaaaaaa-bcd\"}");
  refused(&w, "DescribeStreamConsumer",
          "{\"StreamARN\":\"" STREAM_ARN "\",\"ConsumerName\":\"d\",\"ConsumerARN\":\"" CONSUMER_ARN("c") "\"}",
          ERROR("InvalidArgumentException", "ConsumerARN and ConsumerName do not name the same consumer."));
  static const char *const incomplete[] = {"{}", "{\"ConsumerName\":\"c\"}", "{\"StreamARN\":\"" STREAM_ARN "\"}",
                                           "{\"ConsumerName\":\"c\",\"ConsumerARN\":\"" CONSUMER_ARN("c") "\"}"};
  for (size_t i = 0; i < sizeof(incomplete) / sizeof(*incomplete); i++)
    refused(&w, "DescribeStreamConsumer", incomplete[i],
            ERROR("InvalidArgumentException", "Must specify either ConsumerARN, or both StreamARN and ConsumerName."));
  static const char *const others[] = {"eu-west-1:111111111111:stream/demo/consumer/c:1700000000",
                                       "us-east-1:000000000000:stream/demo/consumer/c:1700000000",
                                       "eu-west-1:000000000000:stream/demo/consumer/e:1700000000",
                                       "eu-west-1:000000000000:stream/nope/consumer/c:1700000000",
                                       "eu-west-1:000000000000:stream/demo/consumer/c:1700000001"};
  for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
    char body[200];
    snprintf(body, sizeof(body), "{\"ConsumerARN\":\"arn:aws:kinesis:%s\"}", others[i]);
    assert_non_null(strstr(call(&w, "DescribeStreamConsumer", body), "\"ResourceNotFoundException\""));
  }
  refused(&w, "DescribeStreamConsumer", REGISTER("e"),
          ERROR("ResourceNotFoundException", "Consumer e under stream: demo, account 000000000000 not found."));
  end(&w);
}

static void test_validation(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w, 0);
  refused(&w, "RegisterStreamConsumer", "{\"StreamName\":\"demo\"}",
          ERROR("ValidationException",
                "2 validation errors detected: Value null at 'streamARN' failed to satisfy constraint: Member must not "
                "be null; Value null at 'consumerName' failed to satisfy constraint: Member must not be null"));
  refused(&w, "RegisterStreamConsumer", REGISTER("a b"),
          ERROR("ValidationException",
                "1 validation error detected: Value 'a b' at 'consumerName' failed to satisfy "
                "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"));
  refused(
      &w, "DescribeStreamConsumer", "{\"ConsumerARN\":\"" STREAM_ARN "\"}",
      ERROR("ValidationException",
            "1 validation error detected: Value '" STREAM_ARN
            "' at 'consumerARN' failed to satisfy constraint: Member must satisfy regular expression pattern: "
            "^(arn):aws.*:kinesis:.*:\\\\d{12}:.*stream\\\\/[a-zA-Z0-9_.-]+\\\\/consumer\\\\/[a-zA-Z0-9_.-]+:[0-9]+"));
  refused(&w, "ListStreamConsumers", "{\"StreamARN\":\"arn:aws:kinesis:eu-west-1:000000000000:stream/nope\"}",
          ERROR("ResourceNotFoundException", "Stream nope under account 000000000000 not found."));
  end(&w);
}

static const char *numbered(int i, char body[200]) {
  snprintf(body, 200, "{\"StreamARN\":\"" STREAM_ARN "\",\"ConsumerName\":\"c%02d\"}", i);
  return body;
}

static void test_limits(void **state) {
  (void)state;
  char body[200];
  struct world w;
  begin_demo(&w, 500);
  for (int i = 0; i < 20; i++) {
    must(&w, "RegisterStreamConsumer", numbered(i, body));
    if (i % 5 != 4) continue;
    refused(&w, "RegisterStreamConsumer", REGISTER("more"),
            i < 19
                ? ERROR("LimitExceededException",
                        "Stream demo under account 000000000000 has 5 consumers in CREATING status already.")
                : ERROR("LimitExceededException", "Stream demo under account 000000000000 has 20 consumers already."));
    sc_clock_advance(500);
  }
  must(&w, "DeregisterStreamConsumer", numbered(7, body));
  call(&w, "RegisterStreamConsumer", REGISTER("more"));
  assert_int_equal(w.status, 400);
  sc_clock_advance(500);
  must(&w, "RegisterStreamConsumer", REGISTER("more"));
  assert_non_null(strstr(must(&w, "DescribeStreamSummary", "{\"StreamName\":\"demo\"}"), "\"ConsumerCount\":20"));
  end(&w);
}

static void test_pages(void **state) {
  (void)state;
  char body[700], token[600];
  struct world w;
  begin_demo(&w, 0);
  for (int i = 0; i < 5; i++) must(&w, "RegisterStreamConsumer", numbered(i, body));
  const char *page = must(&w, "ListStreamConsumers", "{\"StreamARN\":\"" STREAM_ARN "\",\"MaxResults\":2}");
  assert_non_null(strstr(page, "\"c00\""));
  assert_int_equal(count(page, "ConsumerName"), 2);
  member(&w, "NextToken", token);
  must(&w, "DeregisterStreamConsumer", numbered(2, body));
  snprintf(body, sizeof(body), "{\"StreamARN\":\"" STREAM_ARN "\",\"NextToken\":\"%s\",\"MaxResults\":2}", token);
  page = must(&w, "ListStreamConsumers", body);
  assert_non_null(strstr(page, "\"c03\""));
  assert_int_equal(count(page, "ConsumerName"), 2);
  assert_null(strstr(page, "NextToken"));
  sc_clock_advance(SCL_SERVICE_TOKEN_MS + 1);
  refused(&w, "ListStreamConsumers", body, ERROR("ExpiredNextTokenException", "NextToken has expired."));
  refused(&w, "ListStreamConsumers", "{\"StreamARN\":\"" STREAM_ARN "\",\"NextToken\":\"x\"}",
          ERROR("InvalidArgumentException", "NextToken is invalid."));
  must(&w, "ListStreamConsumers", "{\"StreamARN\":\"" STREAM_ARN "\",\"StreamCreationTimestamp\":1700000000}");
  refused(&w, "ListStreamConsumers", "{\"StreamARN\":\"" STREAM_ARN "\",\"StreamCreationTimestamp\":1600000000}",
          ERROR("ResourceNotFoundException", "Stream demo under account 000000000000 not found."));
  end(&w);
}

/* A stream goes with its consumers only when that is asked for. */
static void test_deleting_the_stream(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w, 0);
  must(&w, "RegisterStreamConsumer", REGISTER("c"));
  refused(&w, "DeleteStream", "{\"StreamName\":\"demo\",\"EnforceConsumerDeletion\":false}",
          ERROR("ResourceInUseException",
                "DeleteStream can't delete 000000000000:demo because there are consumers associated with this data "
                "stream. To delete demo anyway, set the EnforceConsumerDeletion parameter to true in the DeleteStream "
                "request."));
  must(&w, "DeleteStream", "{\"StreamName\":\"demo\",\"EnforceConsumerDeletion\":true}");
  must(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}");
  assert_string_equal(must(&w, "ListStreamConsumers", "{\"StreamARN\":\"" STREAM_ARN "\"}"), "{\"Consumers\":[]}");
  end(&w);
}

static void test_cbor(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w, 0);
  call_cbor(&w, "RegisterStreamConsumer",
            "bf 'StreamARN' '" STREAM_ARN "' 'ConsumerName' 'c' 'Tags' bf 'k' 'v' 7f 'l' '2' ff 7f ff ff ff");
  answers(&w, 200,
          "bf 'Consumer' bf 'ConsumerName' 'c' 'ConsumerARN' '" CONSUMER_ARN(
              "c") "' 'ConsumerStatus' 'ACTIVE' 'ConsumerCreationTimestamp' c1 1b0000018bcfe5687b ff ff");
  assert_string_equal(must(&w, "ListTagsForResource", "{\"ResourceARN\":\"" CONSUMER_ARN("c") "\"}"),
                      "{\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"},{\"Key\":\"l2\",\"Value\":\"\"}]}");
  call_cbor(&w, "DeregisterStreamConsumer", "a1 'ConsumerARN' '" CONSUMER_ARN("c") "'");
  answers(&w, 200, "");
  call_cbor(&w, "ListStreamConsumers", "a1 'StreamARN' '" STREAM_ARN "'");
  answers(&w, 200, "bf 'Consumers' 9f ff ff");
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_life),   cmocka_unit_test(test_again),
      cmocka_unit_test(test_names),  cmocka_unit_test(test_validation),
      cmocka_unit_test(test_limits), cmocka_unit_test(test_pages),
      cmocka_unit_test(test_cbor),   cmocka_unit_test(test_deleting_the_stream),
  };
  return cmocka_run_group_tests_name("local/consumers", tests, NULL, NULL);
}
