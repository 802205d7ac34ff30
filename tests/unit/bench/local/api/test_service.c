#include "bench/local/api/service.h"

#include "codec/kinesis/envelope_cbor.h"
#include "tests/unit/bench/local/api/service_cbor.h"

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
  struct scl_request get = {.method = SC_SLICE_LITERAL("GET"), .path = SC_SLICE_LITERAL("/")};
  request(&w, &get);
  assert_int_equal(w.status, 403);
  assert_true(sc_slice_starts(sc_buf_view(&w.body), "<AccessDeniedException>"));
  struct scl_request cbor = {.method = SC_SLICE_LITERAL("POST"),
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

/* Who does not ask in JSON is told so in CBOR. */
static void test_front_end_in_cbor(void **state) {
  (void)state;
  static const char unknown[] = "bf '__type' 'UnknownOperationException' ff";
  static const char serialization[] = "bf '__type' 'SerializationException' ff";
  struct world w;
  begin(&w);
  call_as(&w, "ListStreams", "", SC_SLICE_LITERAL(""));
  answers(&w, 400, serialization);
  call_as(&w, "NoSuchOperation", "text/plain", SC_SLICE_LITERAL(""));
  answers(&w, 400, unknown);
  struct scl_request nothing = {.method = SC_SLICE_LITERAL("POST"), .path = SC_SLICE_LITERAL("/")};
  request(&w, &nothing);
  answers(&w, 400, unknown);
  call_cbor(&w, "NoSuchOperation", "a0");
  answers(&w, 400, unknown);
  static const char *const bad[] = {"80", "bf", "a1 01", "a0 00", "00", "a1 'Limit' ff", "c1"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    call_cbor(&w, "ListStreams", bad[i]);
    answers(&w, 400, serialization);
  }
  admin(&w, "POST", "/_local/faults", "{\"kind\":\"throttle\"}");
  call_cbor(&w, "ListStreams", "a0");
  answers(&w, 400, "bf '__type' 'ProvisionedThroughputExceededException' 'message' 'Rate exceeded for shard.' ff");
  end(&w);
}

static void test_cbor(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  call_cbor(&w, "CreateStream", "bf 'StreamName' 'demo' 'ShardCount' 02 ff");
  answers(&w, 200, "");
  call_cbor(&w, "DescribeStreamSummary", "a1 7f 'Stream' 'Name' ff 7f 'de' 'mo' ff");
  answers(&w, 200,
          "bf 'StreamDescriptionSummary' bf 'StreamName' 'demo' 'StreamARN' "
          "'arn:aws:kinesis:eu-west-1:000000000000:stream/demo' 'StreamStatus' 'ACTIVE' 'StreamModeDetails' bf "
          "'StreamMode' 'PROVISIONED' ff 'StreamCreationTimestamp' c1 1b0000018bcfe5687b 'RetentionPeriodHours' 1818 "
          "'EnhancedMonitoring' 9f bf 'ShardLevelMetrics' 9f ff ff ff 'EncryptionType' 'NONE' 'OpenShardCount' 02 "
          "'ConsumerCount' 00 'MaxRecordSizeInKiB' 190400 ff ff");
  call_cbor(&w, "DescribeStreamSummary", "a1 'StreamName' 'nope'");
  answers(&w, 400,
          "bf '__type' 'ResourceNotFoundException' 'message' 'Stream nope under account 000000000000 not found.' ff");
  end(&w);
}

/* Of the same mistake the same error as in JSON. */
static void test_wrong_types_in_cbor(void **state) {
  (void)state;
  static const struct {
    const char *operation, *body, *text;
  } cases[] = {
      {"DescribeStream", "a1 'StreamName' 01", "NUMBER_VALUE can not be converted to a String"},
      {"DescribeStream", "a1 'StreamName' f4", "FALSE_VALUE can not be converted to a String"},
      {"DescribeStream", "a1 'StreamName' h'demo'", "BINARY_VALUE can not be converted to a String"},
      {"DescribeStream", "a1 'StreamName' 61 ff", "Invalid UTF-8 in a String"},
      {"DescribeStream", "a1 'StreamName' 80", "Start of list found where not expected"},
      {"DescribeStream", "a1 'StreamName' a0", "Start of structure or map found where not expected."},
      {"DescribeStream", "a2 'Limit' '1' 'StreamName' 's'", "STRING_VALUE can not be converted to an Integer"},
      {"PutRecords", "a2 'StreamName' 's' 'Records' 07", "Expected list or null"},
      {"PutRecords", "a2 'StreamName' 's' 'Records' 81 07", "Expected null"},
      {"PutRecord", "a1 'Data' 'aGk='", "STRING_VALUE can not be converted to a Blob"},
      {"GetShardIterator", "a1 'Timestamp' c1 'now'", "STRING_VALUE can not be converted to a Date"},
      {"GetShardIterator", "a1 'Timestamp' fb7ff0000000000000", "NUMBER_VALUE can not be converted to a Date"},
      {"GetShardIterator", "a1 'Timestamp' 1bffffffffffffffff", "NUMBER_VALUE can not be converted to a Date"},
      {"ListShards", "a1 'ShardFilter' a1 'Timestamp' f5", "TRUE_VALUE can not be converted to a Date"},
  };
  struct world w;
  char want[200];
  begin(&w);
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    snprintf(want, sizeof(want), "bf '__type' 'SerializationException' 'Message' '%s' ff", cases[i].text);
    call_cbor(&w, cases[i].operation, cases[i].body);
    answers(&w, 400, want);
  }
  call_cbor(&w, "DescribeStream", "a3 'Limit' 00 'StreamName' 'demo' 'Limit' 01");
  assert_int_equal(w.status, 400);
  assert_non_null(strstr(sc_buf_str(&w.body),
                         "x\x81"
                         "1 validation error detected: Value '0' at 'limit' failed"));
  end(&w);
}

static void test_records_in_cbor(void **state) {
  (void)state;
  struct world w;
  char iterator[600], body[700];
  begin(&w);
  must(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  call_cbor(&w, "PutRecord", "a4 'StreamName' 's' 'Data' h'hi' 'PartitionKey' 'k' 'Extra' bf 'x' 9f ff ff");
  assert_int_equal(w.status, 200);
  assert_non_null(memmem(w.body.ptr, w.body.len, "\xbfgShardIdtshardId-000000000000nSequenceNumberx8", 46));
  call_cbor(&w, "PutRecords",
            "bf 'Records' 9f a2 'Data' 5f h'he' h'llo' ff 'PartitionKey' 7f 'k' '2' ff a3 'PartitionKey' 'k3' 'Data' "
            "40 'ExplicitHashKey' '7' ff 'StreamName' 's' ff");
  assert_non_null(memmem(w.body.ptr, w.body.len, "\xbfqFailedRecordCount\0gRecords\x9f\xbf", 30));
  must(&w, "GetShardIterator",
       "{\"StreamName\":\"s\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"TRIM_HORIZON\"}");
  member(&w, "ShardIterator", iterator);
  snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\"}", iterator);
  const char *json = must(&w, "GetRecords", body);
  assert_non_null(strstr(json, "\"Data\":\"aGk=\",\"PartitionKey\":\"k\"}"));
  assert_non_null(strstr(json, "\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"k2\"}"));
  assert_non_null(strstr(json, "\"Data\":\"\",\"PartitionKey\":\"k3\"}"));
  snprintf(body, sizeof(body), "a2 'ShardIterator' '%s' 'Limit' 02", iterator);
  call_cbor(&w, "GetRecords", body);
  assert_int_equal(w.status, 200);
  struct sc_records records = {0};
  struct sc_error err;
  size_t len = w.body.len;
  sc_buf_reserve(&w.body, SC_BODY_PADDING);
  assert_int_equal(sc_envelope_cbor_open(w.body.ptr, len, &records, &err), 0);
  assert_int_equal(records.n, 2);
  assert_true(sc_slice_is(records.items[0].data, "hi") && sc_slice_is(records.items[1].data, "hello"));
  assert_true(sc_slice_is(records.items[1].partition_key, "k2"));
  assert_int_equal(records.items[0].arrival_us, NOW * 1000);
  free(records.items);
  end(&w);
}

/* Milliseconds as an integer, tagged or not; seconds as a float. */
static void test_times_in_cbor(void **state) {
  (void)state;
  static const char *const after[] = {"c1 1b0000018bcfe5687c", "1b0000018bcfe5687c", "fb41d954fc4007ef9e"};
  static const char *const not_after[] = {"c1 1b0000018bcfe5687b", "00", "c1 20", "f90000"};
  struct world w;
  char body[300];
  begin(&w);
  must(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  for (size_t i = 0; i < 7; i++) {
    snprintf(body, sizeof(body), "a4 'StreamName' 's' 'ShardId' '0' 'ShardIteratorType' 'AT_TIMESTAMP' 'Timestamp' %s",
             i < 3 ? after[i] : not_after[i - 3]);
    call_cbor(&w, "GetShardIterator", body);
    if (w.status != (i < 3 ? 400 : 200)) fail_msg("%s: %d", body, w.status);
  }
  /* as the AWS SDK for Java sends it (captured) */
  call_cbor(
      &w, "GetShardIterator",
      "bf 'StreamName' 's' 'ShardId' '0' 'ShardIteratorType' 'AT_TIMESTAMP' 'Timestamp' c1 1b 000001a013accc38 ff");
  assert_non_null(
      strstr(sc_buf_str(&w.body), "timestampInMillis: 1787036486712, currentTimestampInMillis: 1700000000123"));
  end(&w);
}

static void test_ids(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  struct scl_request what = {.method = SC_SLICE_LITERAL("POST"), .path = SC_SLICE_LITERAL("/")};
  struct scl_reply one = {0}, two = {0};
  scl_service_handle(w.service, &what, &one);
  scl_service_handle(w.service, &what, &two);
  assert_int_equal(strlen(one.request_id), 36);
  assert_int_equal(strlen(one.id_2), 72);
  assert_string_not_equal(one.request_id, two.request_id);
  assert_string_not_equal(one.id_2, two.id_2);
  assert_int_equal(one.date_ms, NOW);
  scl_reply_fini(&one);
  scl_reply_fini(&two);
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
    snprintf(body, sizeof(body), "{\"StreamName\":\"s%03d\",\"ShardCount\":1}", i);
    must(&w, "CreateStream", body);
  }
  const char *page = must(&w, "ListStreams", "{}");
  assert_non_null(strstr(page, "\"HasMoreStreams\":true"));
  assert_int_equal(count(page, "\"StreamARN\""), 100);
  snprintf(body, sizeof(body), "{\"NextToken\":\"%s\"}", member(&w, "NextToken", token));
  page = must(&w, "ListStreams", body);
  assert_non_null(strstr(page, "\"HasMoreStreams\":false"));
  assert_non_null(strstr(page, "\"StreamNames\":[\"s100\","));
  page = must(&w, "ListStreams", "{\"ExclusiveStartStreamName\":\"s147\",\"Limit\":1}");
  assert_non_null(strstr(page, "\"StreamNames\":[\"s148\"]"));
  sc_clock_advance(SCL_SERVICE_TOKEN_MS + 1);
  refused(&w, "ListStreams", body, "{\"__type\":\"ExpiredNextTokenException\",\"message\":\"NextToken has expired.\"}");
  end(&w);
}

/* For --create-ms a new stream is CREATING: described, but not to be read or written. */
static void test_creating(void **state) {
  (void)state;
  struct world w;
  begin_with(&w, (struct scl_service_settings){.region = "r", .page_bytes = 1000}, 500);
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
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    char body[200];
    snprintf(body, sizeof(body), "{\"StreamARN\":\"%s\"}", bad[i]);
    assert_non_null(
        strstr(call(&w, "DescribeStream", body), "Member must satisfy regular expression pattern: arn:aws"));
  }
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_front_end),
      cmocka_unit_test(test_ids),
      cmocka_unit_test(test_validation),
      cmocka_unit_test(test_wrong_types),
      cmocka_unit_test(test_streams),
      cmocka_unit_test(test_list_streams),
      cmocka_unit_test(test_creating),
      cmocka_unit_test(test_arn),
      cmocka_unit_test(test_front_end_in_cbor),
      cmocka_unit_test(test_cbor),
      cmocka_unit_test(test_wrong_types_in_cbor),
      cmocka_unit_test(test_records_in_cbor),
      cmocka_unit_test(test_times_in_cbor),
  };
  return cmocka_run_group_tests_name("local/service", tests, NULL, NULL);
}
