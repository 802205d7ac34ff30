/* Streams made, described and deleted through the service. */
#include "tests/unit/bench/local/api/service_cbor.h"

#define STREAM_ARN "arn:aws:kinesis:eu-west-1:000000000000:stream/demo"
#define ERROR(type, text) "{\"__type\":\"" type "\",\"message\":\"" text "\"}"
#define DEMO "{\"StreamName\":\"demo\"}"

static void test_create_with_all(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  must(&w, "UpdateAccountSettings", "{\"MinimumThroughputBillingCommitment\":{\"Status\":\"ENABLED\"}}");
  must(&w, "CreateStream",
       "{\"StreamName\":\"demo\",\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"},\"Tags\":{\"a\":\"1\"},"
       "\"WarmThroughputMiBps\":200,\"MaxRecordSizeInKiB\":10240}");
  const char *summary = must(&w, "DescribeStreamSummary", DEMO);
  assert_non_null(strstr(summary, "\"StreamMode\":\"ON_DEMAND\""));
  assert_non_null(strstr(summary,
                         "\"OpenShardCount\":4,\"ConsumerCount\":0,\"WarmThroughput\":{\"TargetMiBps\":200,"
                         "\"CurrentMiBps\":200},\"MaxRecordSizeInKiB\":10240}"));
  assert_non_null(strstr(must(&w, "ListStreams", "{}"), "\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}"));
  assert_string_equal(must(&w, "ListTagsForStream", DEMO),
                      "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"}],\"HasMoreTags\":false}");
  end(&w);
}

static void test_create_refused(void **state) {
  (void)state;
  static const struct {
    const char *rest, *answer;
  } cases[] = {
      {"", ERROR("ValidationException",
                 "1 validation error detected: Value null at 'shardCount' failed to satisfy "
                 "constraint: Member must not be null")},
      {",\"ShardCount\":1,\"WarmThroughputMiBps\":5",
       ERROR("ValidationException",
             "Warm throughput is for streams in ON_DEMAND mode, of accounts with "
             "MinimumThroughputBillingCommitment enabled.")},
      {",\"ShardCount\":1,\"MaxRecordSizeInKiB\":10241",
       ERROR("ValidationException",
             "1 validation error detected: Value '10241' at 'maxRecordSizeInKiB' failed to "
             "satisfy constraint: Member must have value less than or equal to 10240")},
      {",\"ShardCount\":1,\"Tags\":{\"a,b\":\"\"}",
       ERROR("InvalidArgumentException",
             "Some tags contain invalid characters. Valid characters: Unicode letters, "
             "digits, white space, _ . / = + - % @ :.")},
      {",\"StreamModeDetails\":{\"StreamMode\":\"FREE\"}",
       ERROR("ValidationException",
             "1 validation error detected: Value 'FREE' at 'streamModeDetails.streamMode' failed "
             "to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, "
             "ON_DEMAND]")},
  };
  struct world w;
  begin(&w);
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char body[300];
    snprintf(body, sizeof(body), "{\"StreamName\":\"demo\"%s}", cases[i].rest);
    refused(&w, "CreateStream", body, cases[i].answer);
  }
  assert_non_null(strstr(must(&w, "ListStreams", "{}"), "\"StreamNames\":[]"));
  end(&w);
}

static void test_creating_many(void **state) {
  (void)state;
  struct world w;
  begin_with(&w, (struct scl_service_settings){.region = "r", .page_bytes = 1000}, 500);
  for (int i = 0; i < 5; i++) {
    char body[100];
    snprintf(body, sizeof(body), "{\"StreamName\":\"s%d\",\"ShardCount\":1}", i);
    must(&w, "CreateStream", body);
  }
  refused(&w, "CreateStream", "{\"StreamName\":\"more\",\"ShardCount\":1}",
          ERROR("LimitExceededException", "Account 000000000000 has 5 streams in CREATING status already."));
  sc_clock_advance(500);
  must(&w, "CreateStream", "{\"StreamName\":\"more\",\"ShardCount\":1}");
  end(&w);
}

/* The Java SDK puts a StreamId into the name of the host, and ignores the endpoint it was given. */
static void test_no_stream_id(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  must(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}");
  assert_null(strstr(must(&w, "DescribeStreamSummary", DEMO), "StreamId"));
  assert_null(strstr(must(&w, "DescribeStream", DEMO), "StreamId"));
  end(&w);
}

/* For --delete-ms a stream is DELETING: there, but not to be made again or changed. */
static void test_deleting(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  scl_store_set_delays(w.store, 0, 500);
  must(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}");
  must(&w, "CreateStream", "{\"StreamName\":\"later\",\"ShardCount\":1}");
  assert_string_equal(must(&w, "DeleteStream", "{\"StreamARN\":\"" STREAM_ARN "\"}"), "");
  sc_clock_advance(300);
  must(&w, "DeleteStream", "{\"StreamName\":\"later\"}");
  assert_non_null(strstr(must(&w, "DescribeStreamSummary", DEMO), "\"StreamStatus\":\"DELETING\""));
  must(&w, "PutRecord", "{\"StreamName\":\"demo\",\"PartitionKey\":\"k\",\"Data\":\"\"}");
  refused(
      &w, "DeleteStream", DEMO,
      ERROR("ResourceInUseException", "Stream demo under account 000000000000 not ACTIVE, instead in state DELETING"));
  refused(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}",
          ERROR("ResourceInUseException", "Stream demo under account 000000000000 already exists."));
  sc_clock_advance(199);
  must(&w, "DescribeStreamSummary", DEMO);
  sc_clock_advance(1);
  refused(&w, "DescribeStreamSummary", DEMO,
          ERROR("ResourceNotFoundException", "Stream demo under account 000000000000 not found."));
  assert_non_null(strstr(must(&w, "ListStreams", "{}"), "\"StreamNames\":[\"later\"]"));
  sc_clock_advance(300);
  assert_non_null(strstr(must(&w, "ListStreams", "{}"), "\"StreamNames\":[]"));
  end(&w);
}

/* Shards that have expired are described no more, whatever the pages. */
static void test_expired_shards(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  must(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":2}");
  must(&w, "UpdateShardCount", "{\"StreamName\":\"demo\",\"TargetShardCount\":4,\"ScalingType\":\"UNIFORM_SCALING\"}");
  sc_clock_advance(INT64_C(24) * 3600000);
  assert_int_equal(count(must(&w, "DescribeStream", DEMO), "\"ShardId\""), 6);
  sc_clock_advance(1);
  const char *page = must(&w, "DescribeStream", "{\"StreamName\":\"demo\",\"Limit\":3}");
  assert_non_null(strstr(page, "\"Shards\":[{\"ShardId\":\"shardId-000000000002\""));
  assert_non_null(strstr(page, "\"HasMoreShards\":true"));
  page = must(&w, "DescribeStream",
              "{\"StreamName\":\"demo\",\"Limit\":3,\"ExclusiveStartShardId\":\"shardId-000000000004\"}");
  assert_int_equal(count(page, "\"ShardId\""), 1);
  assert_non_null(strstr(page, "\"HasMoreShards\":false"));
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_create_with_all), cmocka_unit_test(test_create_refused),
      cmocka_unit_test(test_creating_many),   cmocka_unit_test(test_no_stream_id),
      cmocka_unit_test(test_deleting),        cmocka_unit_test(test_expired_shards),
  };
  return cmocka_run_group_tests_name("local/streams", tests, NULL, NULL);
}
