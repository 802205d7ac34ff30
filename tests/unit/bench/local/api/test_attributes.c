/* Attributes of streams through the service: retention, mode, record size, warm throughput, monitoring, encryption. */
#include "tests/unit/bench/local/api/service_cbor.h"

#define STREAM_ARN "arn:aws:kinesis:eu-west-1:000000000000:stream/demo"
#define ERROR(type, text) "{\"__type\":\"" type "\",\"message\":\"" text "\"}"
#define HOURS(text) "{\"StreamName\":\"demo\",\"RetentionPeriodHours\":" text "}"
#define HOUR_MS INT64_C(3600000)

static void begin_demo(struct world *w) {
  begin(w);
  must(w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}");
}

static const char *summary(struct world *w) { return must(w, "DescribeStreamSummary", "{\"StreamName\":\"demo\"}"); }

static void put(struct world *w) {
  must(w, "PutRecord", "{\"StreamName\":\"demo\",\"PartitionKey\":\"k\",\"Data\":\"\"}");
}

static int count_records(struct world *w) {
  char iterator[600], body[700];
  must(w, "GetShardIterator", "{\"StreamName\":\"demo\",\"ShardId\":\"0\",\"ShardIteratorType\":\"TRIM_HORIZON\"}");
  snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\"}", member(w, "ShardIterator", iterator));
  return count(must(w, "GetRecords", body), "\"SequenceNumber\"");
}

static void test_retention(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  assert_non_null(strstr(summary(&w), "\"RetentionPeriodHours\":24,"));
  assert_string_equal(must(&w, "IncreaseStreamRetentionPeriod", HOURS("48")), "");
  must(&w, "IncreaseStreamRetentionPeriod", HOURS("48"));
  assert_non_null(strstr(summary(&w), "\"RetentionPeriodHours\":48,"));
  refused(&w, "IncreaseStreamRetentionPeriod", HOURS("24"),
          ERROR("InvalidArgumentException",
                "Requested retention period (24 hours) for stream demo can not be shorter than existing retention "
                "period (48 hours). Use DecreaseRetentionPeriod API."));
  refused(&w, "DecreaseStreamRetentionPeriod", HOURS("49"),
          ERROR("InvalidArgumentException",
                "Requested retention period (49 hours) for stream demo can not be longer than existing retention "
                "period (48 hours). Use IncreaseRetentionPeriod API."));
  refused(&w, "DecreaseStreamRetentionPeriod", HOURS("23"),
          ERROR("InvalidArgumentException",
                "Minimum allowed retention period is 24 hours. Requested retention period "
                "(23 hours) is too short."));
  refused(&w, "IncreaseStreamRetentionPeriod", HOURS("8761"),
          ERROR("InvalidArgumentException",
                "Maximum allowed retention period is 8760 hours. Requested retention period "
                "(8761 hours) is too long."));
  must(&w, "IncreaseStreamRetentionPeriod", HOURS("8760"));
  must(&w, "DecreaseStreamRetentionPeriod", "{\"StreamARN\":\"" STREAM_ARN "\",\"RetentionPeriodHours\":24}");
  refused(&w, "DecreaseStreamRetentionPeriod", "{\"StreamName\":\"demo\"}",
          ERROR("ValidationException",
                "1 validation error detected: Value null at 'retentionPeriodHours' failed to "
                "satisfy constraint: Member must not be null"));
  end(&w);
}

/* What is gone, or would have been at the next look, does not come back. */
static void test_retention_trims(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  put(&w);
  sc_clock_advance(25 * HOUR_MS);
  must(&w, "IncreaseStreamRetentionPeriod", HOURS("100"));
  assert_int_equal(count_records(&w), 0);
  put(&w);
  sc_clock_advance(50 * HOUR_MS);
  put(&w);
  assert_int_equal(count_records(&w), 2);
  must(&w, "DecreaseStreamRetentionPeriod", HOURS("49"));
  must(&w, "IncreaseStreamRetentionPeriod", HOURS("100"));
  assert_int_equal(count_records(&w), 1);
  sc_clock_advance(99 * HOUR_MS);
  assert_int_equal(count_records(&w), 1);
  sc_clock_advance(2 * HOUR_MS);
  assert_int_equal(count_records(&w), 0);
  end(&w);
}

static void test_mode(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  assert_non_null(strstr(summary(&w), "\"StreamModeDetails\":{\"StreamMode\":\"PROVISIONED\"}"));
  must(&w, "UpdateStreamMode",
       "{\"StreamARN\":\"" STREAM_ARN "\",\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}}");
  assert_non_null(strstr(summary(&w), "\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}"));
  refused(&w, "UpdateStreamMode", "{\"StreamARN\":\"" STREAM_ARN "\",\"StreamModeDetails\":{}}",
          ERROR("ValidationException",
                "1 validation error detected: Value null at 'streamModeDetails.streamMode' "
                "failed to satisfy constraint: Member must not be null"));
  refused(&w, "UpdateShardCount",
          "{\"StreamName\":\"demo\",\"TargetShardCount\":2,\"ScalingType\":\"UNIFORM_SCALING\"}",
          ERROR("ValidationException",
                "UpdateShardCount is not supported for stream demo under account 000000000000, "
                "whose mode is ON_DEMAND."));
  end(&w);
}

static void test_record_size(void **state) {
  (void)state;
  struct world w;
  struct sc_buf body = SC_BUF_INIT;
  begin_demo(&w);
  sc_buf_add_str(&body, "{\"StreamName\":\"demo\",\"PartitionKey\":\"k\",\"Data\":\"");
  for (int i = 0; i < 2 << 20; i += 3) sc_buf_add_str(&body, "AAAA");
  sc_buf_add_str(&body, "\"}");
  call(&w, "PutRecord", sc_buf_str(&body));
  assert_int_equal(w.status, 400);
  must(&w, "UpdateMaxRecordSize", "{\"StreamARN\":\"" STREAM_ARN "\",\"MaxRecordSizeInKiB\":2049}");
  must(&w, "PutRecord", sc_buf_str(&body));
  assert_non_null(strstr(summary(&w), "\"MaxRecordSizeInKiB\":2049}"));
  refused(&w, "UpdateMaxRecordSize", "{\"StreamName\":\"demo\",\"MaxRecordSizeInKiB\":1023}",
          ERROR("ValidationException",
                "2 validation errors detected: Value null at 'streamARN' failed to satisfy constraint: Member must not "
                "be null; Value '1023' at 'maxRecordSizeInKiB' failed to satisfy constraint: Member must have value "
                "greater than or equal to 1024"));
  sc_buf_fini(&body);
  end(&w);
}

#define NO_WARM                                                                                                  \
  ERROR("ValidationException",                                                                                   \
        "Warm throughput is for streams in ON_DEMAND mode, of accounts with MinimumThroughputBillingCommitment " \
        "enabled.")

static void test_warm_throughput(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  const char *const warm = "{\"StreamName\":\"demo\",\"WarmThroughputMiBps\":100}";
  const char *const on_demand = "{\"StreamARN\":\"" STREAM_ARN
                                "\",\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"},\"WarmThroughputMiBps\":50}";
  refused(&w, "UpdateStreamMode", on_demand, NO_WARM);
  must(&w, "UpdateAccountSettings", "{\"MinimumThroughputBillingCommitment\":{\"Status\":\"ENABLED\"}}");
  refused(&w, "UpdateStreamWarmThroughput", warm, NO_WARM);
  must(&w, "UpdateStreamMode", on_demand);
  assert_string_equal(must(&w, "UpdateStreamWarmThroughput", warm),
                      "{\"StreamARN\":\"" STREAM_ARN
                      "\",\"StreamName\":\"demo\",\"WarmThroughput\":{\"TargetMiBps\":"
                      "100,\"CurrentMiBps\":50}}");
  assert_non_null(strstr(summary(&w), "\"WarmThroughput\":{\"TargetMiBps\":100,\"CurrentMiBps\":100}"));
  refused(&w, "UpdateStreamWarmThroughput", "{\"StreamName\":\"demo\",\"WarmThroughputMiBps\":10241}",
          ERROR("LimitExceededException", "Warm throughput can be at most 10240 MiBps."));
  must(&w, "UpdateStreamMode",
       "{\"StreamARN\":\"" STREAM_ARN "\",\"StreamModeDetails\":{\"StreamMode\":\"PROVISIONED\"}}");
  assert_null(strstr(summary(&w), "WarmThroughput"));
  end(&w);
}

#define METRICS(list) "{\"StreamName\":\"demo\",\"ShardLevelMetrics\":[" list "]}"
#define ALL_METRICS                                                              \
  "\"IncomingBytes\",\"IncomingRecords\",\"OutgoingBytes\",\"OutgoingRecords\"," \
  "\"WriteProvisionedThroughputExceeded\",\"ReadProvisionedThroughputExceeded\",\"IteratorAgeMilliseconds\""
#define MONITORING(before, after)                                                                           \
  "{\"StreamName\":\"demo\",\"CurrentShardLevelMetrics\":[" before "],\"DesiredShardLevelMetrics\":[" after \
  "],"                                                                                                      \
  "\"StreamARN\":\"" STREAM_ARN "\"}"

static void test_monitoring(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  assert_string_equal(
      must(&w, "EnableEnhancedMonitoring", METRICS("\"OutgoingBytes\",\"IncomingBytes\",\"OutgoingBytes\"")),
      MONITORING("", "\"IncomingBytes\",\"OutgoingBytes\""));
  assert_string_equal(must(&w, "DisableEnhancedMonitoring", METRICS("\"IncomingBytes\"")),
                      MONITORING("\"IncomingBytes\",\"OutgoingBytes\"", "\"OutgoingBytes\""));
  assert_non_null(strstr(summary(&w), "\"EnhancedMonitoring\":[{\"ShardLevelMetrics\":[\"OutgoingBytes\"]}]"));
  assert_string_equal(must(&w, "EnableEnhancedMonitoring", METRICS("\"ALL\"")),
                      MONITORING("\"OutgoingBytes\"", ALL_METRICS));
  assert_string_equal(must(&w, "DisableEnhancedMonitoring", METRICS("\"ALL\"")), MONITORING(ALL_METRICS, ""));
  refused(&w, "EnableEnhancedMonitoring", METRICS("\"ALL\",\"NONE\""),
          ERROR("ValidationException",
                "1 validation error detected: Value '[ALL, NONE]' at 'shardLevelMetrics' failed to satisfy constraint: "
                "Member must satisfy constraint: [Member must satisfy enum value set: [IncomingBytes, IncomingRecords, "
                "OutgoingBytes, OutgoingRecords, WriteProvisionedThroughputExceeded, "
                "ReadProvisionedThroughputExceeded, IteratorAgeMilliseconds, ALL]]"));
  call_cbor(&w, "EnableEnhancedMonitoring", "bf 'StreamName' 'demo' 'ShardLevelMetrics' 81 'IncomingRecords' ff");
  answers(&w, 200,
          "bf 'StreamName' 'demo' 'CurrentShardLevelMetrics' 9f ff 'DesiredShardLevelMetrics' 9f 'IncomingRecords' ff "
          "'StreamARN' '" STREAM_ARN "' ff");
  end(&w);
}

#define KEY(type) "{\"StreamName\":\"demo\",\"EncryptionType\":\"" type "\",\"KeyId\":\"alias/aws/kinesis\"}"

static void test_encryption(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  assert_non_null(strstr(summary(&w), "\"EncryptionType\":\"NONE\","));
  assert_string_equal(must(&w, "StartStreamEncryption", KEY("KMS")), "");
  assert_non_null(strstr(summary(&w), "\"EncryptionType\":\"KMS\",\"KeyId\":\"alias/aws/kinesis\","));
  put(&w);
  assert_non_null(strstr(sc_buf_str(&w.body), ",\"EncryptionType\":\"KMS\"}"));
  must(&w, "PutRecords", "{\"StreamName\":\"demo\",\"Records\":[{\"PartitionKey\":\"k\",\"Data\":\"\"}]}");
  assert_non_null(strstr(sc_buf_str(&w.body), "],\"EncryptionType\":\"KMS\"}"));
  refused(&w, "StartStreamEncryption", KEY("NONE"), ERROR("InvalidArgumentException", "EncryptionType must be KMS."));
  must(&w, "StopStreamEncryption", KEY("KMS"));
  assert_non_null(strstr(summary(&w), "\"EncryptionType\":\"NONE\","));
  assert_null(strstr(sc_buf_str(&w.body), "KeyId"));
  put(&w);
  assert_null(strstr(sc_buf_str(&w.body), "EncryptionType"));
  end(&w);
}

/* All of them make the stream UPDATING for a while, and have to wait while it is. */
static void test_updating(void **state) {
  (void)state;
  static const struct {
    const char *operation, *body;
  } calls[] = {
      {"IncreaseStreamRetentionPeriod", HOURS("48")},
      {"DecreaseStreamRetentionPeriod", HOURS("24")},
      {"UpdateMaxRecordSize", "{\"StreamARN\":\"" STREAM_ARN "\",\"MaxRecordSizeInKiB\":2048}"},
      {"EnableEnhancedMonitoring", METRICS("\"ALL\"")},
      {"DisableEnhancedMonitoring", METRICS("\"ALL\"")},
      {"StartStreamEncryption", KEY("KMS")},
      {"StopStreamEncryption", KEY("KMS")},
      {"UpdateShardCount", "{\"StreamName\":\"demo\",\"TargetShardCount\":2,\"ScalingType\":\"UNIFORM_SCALING\"}"},
      {"UpdateStreamMode", "{\"StreamARN\":\"" STREAM_ARN "\",\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}}"},
  };
  struct world w;
  sc_clock_freeze(1000, NOW);
  w = (struct world){.store = scl_store_new(0, 500)};
  struct scl_service_settings settings = {.region = "eu-west-1", .page_bytes = 1000};
  scl_timebase_init(&w.timebase);
  w.service = scl_service_new(&settings, w.store, &w.timebase);
  must(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}");
  for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
    must(&w, calls[i].operation, calls[i].body);
    assert_non_null(strstr(summary(&w), "\"StreamStatus\":\"UPDATING\""));
    put(&w);
    refused(&w, calls[i].operation, calls[i].body,
            ERROR("ResourceInUseException",
                  "Stream demo under account 000000000000 not ACTIVE, instead in state UPDATING"));
    sc_clock_advance(500);
    assert_non_null(strstr(summary(&w), "\"StreamStatus\":\"ACTIVE\""));
  }
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_retention),   cmocka_unit_test(test_retention_trims), cmocka_unit_test(test_mode),
      cmocka_unit_test(test_record_size), cmocka_unit_test(test_warm_throughput), cmocka_unit_test(test_monitoring),
      cmocka_unit_test(test_encryption),  cmocka_unit_test(test_updating),
  };
  return cmocka_run_group_tests_name("local/attributes", tests, NULL, NULL);
}
