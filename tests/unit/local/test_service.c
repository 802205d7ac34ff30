#include "bench/local/service.h"

#include "tests/unit/local/service_calls.h"

#define NOT_FOUND \
  "{\"__type\":\"ResourceNotFoundException\",\"message\":\"Stream nope under account 000000000000 not found.\"}"
#define INVALID(text) "{\"__type\":\"ValidationException\",\"message\":\"" text "\"}"
#define WRONG_TYPE(text) "{\"__type\":\"SerializationException\",\"Message\":\"" text "\"}"

static void test_front_end(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  refused(&w, "NoSuchOperation", "{}", "{\"__type\":\"UnknownOperationException\"}");
  refused(&w, "ListStreams", "", "{\"__type\":\"SerializationException\"}");
  refused(&w, "ListStreams", "{", "{\"__type\":\"SerializationException\"}");
  refused(&w, "ListStreams", "[]", "{\"__type\":\"SerializationException\"}");
  struct sc_request get = {.method = SC_SLICE_LITERAL("GET"), .path = SC_SLICE_LITERAL("/")};
  request(&w, &get);
  assert_int_equal(w.status, 403);
  assert_true(sc_slice_starts(sc_buf_view(&w.body), "<AccessDeniedException>"));
  struct sc_request cbor = {.method = SC_SLICE_LITERAL("POST"),
                            .path = SC_SLICE_LITERAL("/"),
                            .target = SC_SLICE_LITERAL("Kinesis_20131202.ListStreams"),
                            .content_type = SC_SLICE_LITERAL("text/plain"),
                            .body = SC_SLICE_LITERAL("{}")};
  request(&w, &cbor);
  assert_int_equal(w.status, 404);
  cbor.content_type = SC_SLICE_LITERAL("application/x-amz-json-1.1; charset=utf-8");
  request(&w, &cbor);
  assert_int_equal(w.status, 200);
  end(&w);
}

static void test_ids(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  struct sc_request what = {.method = SC_SLICE_LITERAL("POST"), .path = SC_SLICE_LITERAL("/")};
  struct sc_reply one = {0}, two = {0};
  sc_service_handle(w.service, &what, &one);
  sc_service_handle(w.service, &what, &two);
  assert_int_equal(strlen(one.request_id), 36);
  assert_int_equal(strlen(one.id_2), 72);
  assert_string_not_equal(one.request_id, two.request_id);
  assert_string_not_equal(one.id_2, two.id_2);
  assert_int_equal(one.date_ms, NOW);
  sc_reply_fini(&one);
  sc_reply_fini(&two);
  end(&w);
}

static void test_validation(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  refused(&w, "DescribeStream", "{}",
          INVALID("1 validation error detected: Value null at 'streamName' failed to satisfy constraint: "
                  "Member must not be null"));
  refused(&w, "DescribeStream", "{\"StreamName\":\"\"}",
          INVALID("2 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: Member must "
                  "satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'streamName' failed to satisfy "
                  "constraint: Member must have length greater than or equal to 1"));
  refused(&w, "DescribeStream", "{\"StreamName\":\"demo\",\"Limit\":0}",
          INVALID("1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have "
                  "value greater than or equal to 1"));
  refused(
      &w, "GetShardIterator", "{\"StreamName\":\"s\",\"ShardId\":\"x\",\"ShardIteratorType\":\"NOW\"}",
      INVALID("1 validation error detected: Value 'NOW' at 'shardIteratorType' failed to satisfy constraint: Member "
              "must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, "
              "TRIM_HORIZON]"));
  refused(&w, "PutRecords", "{\"StreamName\":\"s\",\"Records\":[{\"Data\":\"\",\"PartitionKey\":\"\"}]}",
          INVALID("1 validation error detected: Value '' at 'records.1.member.partitionKey' failed to satisfy "
                  "constraint: Member must have length greater than or equal to 1"));
  refused(&w, "PutRecords", "{\"StreamName\":\"s\",\"Records\":[]}",
          INVALID("1 validation error detected: Value '[0 members]' at 'records' failed to satisfy constraint: Member "
                  "must have length greater than or equal to 1"));
  refused(&w, "DescribeStream", "{\"StreamName\":\"nope\"}", NOT_FOUND);
  refused(&w, "DescribeStream", "{\"StreamARN\":\"arn:aws:kinesis:us-east-1:000000000000:stream/nope\"}", NOT_FOUND);
  end(&w);
}

static void test_wrong_types(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  refused(&w, "DescribeStream", "{\"StreamName\":1}", WRONG_TYPE("NUMBER_VALUE can not be converted to a String"));
  refused(&w, "DescribeStream", "{\"StreamName\":true}", WRONG_TYPE("TRUE_VALUE can not be converted to a String"));
  refused(&w, "DescribeStream", "{\"StreamName\":[]}", WRONG_TYPE("Start of list found where not expected"));
  refused(&w, "DescribeStream", "{\"StreamName\":{}}",
          WRONG_TYPE("Start of structure or map found where not expected."));
  refused(&w, "DescribeStream", "{\"StreamName\":\"\",\"Limit\":\"1\"}",
          WRONG_TYPE("STRING_VALUE can not be converted to an Integer"));
  refused(&w, "PutRecords", "{\"StreamName\":\"s\",\"Records\":7}", WRONG_TYPE("Expected list or null"));
  refused(&w, "PutRecords", "{\"StreamName\":\"s\",\"Records\":[7]}", WRONG_TYPE("Expected null"));
  refused(
      &w, "PutRecord", "{\"StreamName\":\"s\",\"PartitionKey\":\"k\",\"Data\":\"aGk\"}",
      WRONG_TYPE("Value can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but "
                 "found: 3"));
  refused(&w, "PutRecord", "{\"StreamName\":\"s\",\"PartitionKey\":\"k\",\"Data\":\"aG!=\"}",
          WRONG_TYPE("Value can not be converted to a Blob: Invalid Base64 character"));
  end(&w);
}

static void test_streams(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  assert_string_equal(must(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":2}"), "");
  refused(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":2}",
          "{\"__type\":\"ResourceInUseException\",\"message\":\"Stream demo under account 000000000000 already "
          "exists.\"}");
  const char *summary = must(&w, "DescribeStreamSummary", "{\"StreamName\":\"demo\"}");
  assert_non_null(strstr(summary, "\"StreamARN\":\"arn:aws:kinesis:eu-west-1:000000000000:stream/demo\""));
  assert_non_null(strstr(summary, "\"StreamStatus\":\"ACTIVE\""));
  assert_non_null(strstr(summary, "\"StreamCreationTimestamp\":1700000000.123"));
  assert_non_null(strstr(summary, "\"OpenShardCount\":2"));
  assert_int_equal(count(must(&w, "DescribeStream", "{\"StreamName\":\"demo\"}"), "\"ShardId\""), 2);
  const char *page = must(&w, "DescribeStream", "{\"StreamName\":\"demo\",\"Limit\":1}");
  assert_non_null(strstr(page, "\"HasMoreShards\":true"));
  page = must(&w, "DescribeStream", "{\"StreamName\":\"demo\",\"ExclusiveStartShardId\":\"shardId-000000000000\"}");
  assert_non_null(strstr(page, "\"HasMoreShards\":false"));
  assert_int_equal(count(page, "\"ShardId\""), 1);
  must(&w, "CreateStream", "{\"StreamName\":\"od\",\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}}");
  assert_int_equal(count(must(&w, "DescribeStream", "{\"StreamName\":\"od\"}"), "\"ShardId\""), 4);
  must(&w, "DeleteStream", "{\"StreamName\":\"demo\"}");
  assert_int_equal((call(&w, "DescribeStream", "{\"StreamName\":\"demo\"}"), w.status), 400);
  end(&w);
}

static void test_list_streams(void **state) {
  (void)state;
  struct world w;
  char body[700], token[600];
  begin(&w);
  for (int i = 0; i < 150; i++) {
    snprintf(body, sizeof body, "{\"StreamName\":\"s%03d\",\"ShardCount\":1}", i);
    must(&w, "CreateStream", body);
  }
  const char *page = must(&w, "ListStreams", "{}");
  assert_non_null(strstr(page, "\"HasMoreStreams\":true"));
  assert_int_equal(count(page, "\"StreamARN\""), 100);
  snprintf(body, sizeof body, "{\"NextToken\":\"%s\"}", member(&w, "NextToken", token));
  page = must(&w, "ListStreams", body);
  assert_non_null(strstr(page, "\"HasMoreStreams\":false"));
  assert_non_null(strstr(page, "\"StreamNames\":[\"s100\","));
  page = must(&w, "ListStreams", "{\"ExclusiveStartStreamName\":\"s147\",\"Limit\":1}");
  assert_non_null(strstr(page, "\"StreamNames\":[\"s148\"]"));
  sc_clock_advance(SC_SERVICE_TOKEN_MS + 1);
  refused(&w, "ListStreams", body, "{\"__type\":\"ExpiredNextTokenException\",\"message\":\"NextToken has expired.\"}");
  end(&w);
}

/* For --create-ms a new stream is CREATING: described, but not to be read or written. */
static void test_creating(void **state) {
  (void)state;
  struct world w;
  begin_with(&w, (struct sc_service_settings){.region = "r", .page_bytes = 1000}, 500);
  must(&w, "CreateStream", "{\"StreamName\":\"nope\",\"ShardCount\":1}");
  assert_non_null(strstr(must(&w, "DescribeStream", "{\"StreamName\":\"nope\"}"), "\"StreamStatus\":\"CREATING\""));
  refused(&w, "PutRecord", "{\"StreamName\":\"nope\",\"PartitionKey\":\"k\",\"Data\":\"\"}", NOT_FOUND);
  assert_true(sc_slice_starts(sc_slice_str(call(&w, "ListShards", "{\"StreamName\":\"nope\"}")),
                              "{\"__type\":\"ResourceInUseException\""));
  sc_clock_advance(500);
  must(&w, "PutRecord", "{\"StreamName\":\"nope\",\"PartitionKey\":\"k\",\"Data\":\"\"}");
  end(&w);
}

static void test_arn(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  must(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}");
  must(&w, "DescribeStream", "{\"StreamARN\":\"arn:aws:kinesis:us-east-1:000000000000:stream/demo\"}");
  must(&w, "DescribeStream",
       "{\"StreamName\":\"demo\",\"StreamARN\":\"arn:aws:kinesis:us-east-1:000000000000:stream/demo\","
       "\"StreamId\":\"aaaaaaaaaaaaaaaaaaaa-bcd\"}");
  refused(
      &w, "DescribeStream", "{\"StreamARN\":\"arn:aws:kinesis:us-east-1:111111111111:stream/demo\"}",
      "{\"__type\":\"ResourceNotFoundException\",\"message\":\"Stream demo under account 111111111111 not found.\"}");
  call(&w, "DescribeStream",
       "{\"StreamName\":\"other\",\"StreamARN\":\"arn:aws:kinesis:us-east-1:000000000000:stream/demo\"}");
  assert_int_equal(w.status, 400);
  const char *const bad[] = {"demo", "arn:aws:kinesis:us-east-1:1:stream/demo",
                             "arn:aws:sqs:r:000000000000:stream/demo", "arn:aws:kinesis:r:000000000000:stream/",
                             "arn:aws:kinesis:r:000000000000:table/x"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char body[200];
    snprintf(body, sizeof body, "{\"StreamARN\":\"%s\"}", bad[i]);
    assert_non_null(
        strstr(call(&w, "DescribeStream", body), "Member must satisfy regular expression pattern: arn:aws"));
  }
  end(&w);
}

static void test_faults(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  admin(&w, "POST", "/_local/faults",
        "[{\"operation\":\"ListStreams\",\"kind\":\"throttle\"},"
        "{\"kind\":\"error\",\"status\":503,\"code\":\"ServiceUnavailable\",\"message\":\"later\"},"
        "{\"kind\":\"reset\",\"bytes\":5,\"delay_ms\":10},{\"kind\":\"half-open\",\"bytes\":-1}]");
  assert_string_equal(sc_buf_str(&w.body), "{\"waiting\":4}");
  refused(&w, "ListStreams", "{}",
          "{\"__type\":\"ProvisionedThroughputExceededException\",\"message\":\"Rate exceeded for shard.\"}");
  assert_string_equal(call(&w, "ListStreams", "{}"), "{\"__type\":\"ServiceUnavailable\",\"message\":\"later\"}");
  assert_int_equal(w.status, 503);
  must(&w, "ListStreams", "{}");
  assert_true(w.delivery.is_cut && w.delivery.cut_bytes == 5 && w.delivery.delay_ms == 10);
  assert_int_equal(w.delivery.ending, SC_ENDING_RESET);
  must(&w, "ListStreams", "{}");
  assert_true(w.delivery.is_silent);
  assert_int_equal(w.delivery.ending, SC_ENDING_HANG);
  must(&w, "ListStreams", "{}");
  assert_int_equal(w.delivery.ending, SC_ENDING_KEEP);
  end(&w);
}

static void test_admin_refusals(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  const char *const bad[] = {
      "",
      "7",
      "[7]",
      "{\"kind\":\"flood\"}",
      "{\"count\":0}",
      "{\"count\":\"1\"}",
      "{\"status\":200}",
      "{\"bytes\":-2}",
      "{\"operation\":\"a name that is far too long for any operation of any service there is\"}"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    admin(&w, "POST", "/_local/faults", bad[i]);
    assert_int_equal(w.status, 400);
  }
  admin(&w, "GET", "/_local/faults", "");
  assert_int_equal(w.status, 400);
  admin(&w, "POST", "/_local/else", "");
  assert_int_equal(w.status, 400);
  admin(&w, "POST", "/_local/faults", "{}");
  admin(&w, "DELETE", "/_local/faults", "");
  assert_string_equal(sc_buf_str(&w.body), "{\"waiting\":0}");
  struct sc_request remote = {.method = SC_SLICE_LITERAL("DELETE"), .path = SC_SLICE_LITERAL("/_local/faults")};
  request(&w, &remote);
  assert_int_equal(w.status, 403);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_front_end),      cmocka_unit_test(test_ids),     cmocka_unit_test(test_validation),
      cmocka_unit_test(test_wrong_types),    cmocka_unit_test(test_streams), cmocka_unit_test(test_list_streams),
      cmocka_unit_test(test_creating),       cmocka_unit_test(test_arn),     cmocka_unit_test(test_faults),
      cmocka_unit_test(test_admin_refusals),
  };
  return cmocka_run_group_tests_name("local/service", tests, NULL, NULL);
}
