/* Shards listed and resharded through the service, over time. */
#include <stdlib.h>

#include "tests/unit/bench/local/api/service_cbor.h"

#define STREAM_ARN "arn:aws:kinesis:eu-west-1:000000000000:stream/demo"
#define ERROR(type, text) "{\"__type\":\"" type "\",\"message\":\"" text "\"}"
#define SCALE(n) "{\"StreamName\":\"demo\",\"TargetShardCount\":" n ",\"ScalingType\":\"UNIFORM_SCALING\"}"
#define HOUR_MS INT64_C(3600000)

static void begin_demo(struct world *w, const char *shards) {
  char body[100];
  begin(w);
  snprintf(body, sizeof(body), "{\"StreamName\":\"demo\",\"ShardCount\":%s}", shards);
  must(w, "CreateStream", body);
}

/* The last digits of the ids that the listing has, in order: "0 12". */
static void listed(struct world *w, const char *rest, const char *want) {
  char body[900], got[200] = "";
  snprintf(body, sizeof(body), "{\"StreamName\":\"demo\"%s}", rest);
  for (const char *at = must(w, "ListShards", body); (at = strstr(at, "\"ShardId\":\"shardId-")) != NULL;) {
    at += strlen("\"ShardId\":\"shardId-");
    snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%ld", got[0] == '\0' ? "" : " ", strtol(at, NULL, 10));
  }
  if (strcmp(got, want) != 0) fail_msg("%s: %s, not %s", rest, got, want);
}

#define FILTER(type) ",\"ShardFilter\":{\"Type\":\"" type "\"}"
#define AT_TIME(type, seconds) ",\"ShardFilter\":{\"Type\":\"" type "\",\"Timestamp\":" seconds "}"

/* 0 and 1 from the start; a hour later 0 becomes 2 and 3; another hour later 3 and 1 become 4. */
static void grow(struct world *w) {
  begin_demo(w, "2");
  sc_clock_advance(HOUR_MS);
  must(w, "SplitShard",
       "{\"StreamName\":\"demo\",\"ShardToSplit\":\"shardId-000000000000\",\"NewStartingHashKey\":\"1000\"}");
  sc_clock_advance(HOUR_MS);
  must(w, "MergeShards",
       "{\"StreamName\":\"demo\",\"ShardToMerge\":\"shardId-000000000003\",\"AdjacentShardToMerge\":"
       "\"shardId-000000000001\"}");
}

static void test_filters(void **state) {
  (void)state;
  struct world w;
  grow(&w);
  listed(&w, "", "0 1 2 3 4");
  listed(&w, FILTER("FROM_TRIM_HORIZON"), "0 1 2 3 4");
  listed(&w, FILTER("AT_LATEST"), "2 4");
  listed(&w, FILTER("AT_TRIM_HORIZON"), "0 1");
  listed(&w, AT_TIME("AT_TIMESTAMP", "1699999999"), "");
  listed(&w, AT_TIME("AT_TIMESTAMP", "1700000000.123"), "0 1");
  listed(&w, AT_TIME("AT_TIMESTAMP", "1700003599"), "0 1");
  listed(&w, AT_TIME("AT_TIMESTAMP", "1700003601"), "1 2 3");
  listed(&w, AT_TIME("AT_TIMESTAMP", "1700007200.123"), "1 2 3 4");
  listed(&w, AT_TIME("FROM_TIMESTAMP", "1699999999"), "0 1 2 3 4");
  listed(&w, AT_TIME("FROM_TIMESTAMP", "1700003601"), "1 2 3 4");
  listed(&w, ",\"ShardFilter\":{\"Type\":\"AFTER_SHARD_ID\",\"ShardId\":\"shardId-000000000002\"}", "3 4");
  listed(&w, ",\"ExclusiveStartShardId\":\"shardId-000000000001\"", "2 3 4");
  listed(&w, ",\"StreamCreationTimestamp\":1700000000", "0 1 2 3 4");
  refused(&w, "ListShards", "{\"StreamName\":\"demo\",\"StreamCreationTimestamp\":1600000000}",
          ERROR("ResourceNotFoundException", "Stream demo under account 000000000000 not found."));
  end(&w);
}

/* A closed shard is listed until all its records are too old; at the horizon are those that were open then. */
static void test_filters_over_time(void **state) {
  (void)state;
  struct world w;
  grow(&w);
  sc_clock_advance(23 * HOUR_MS); /* the split is 24 hours ago */
  listed(&w, "", "0 1 2 3 4");
  listed(&w, FILTER("AT_TRIM_HORIZON"), "0 1");
  sc_clock_advance(1);
  listed(&w, "", "1 2 3 4");
  listed(&w, FILTER("AT_TRIM_HORIZON"), "1 2 3");
  refused(&w, "GetShardIterator",
          "{\"StreamName\":\"demo\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"LATEST\"}",
          ERROR("ResourceNotFoundException",
                "Shard shardId-000000000000 in stream demo under account 000000000000 does not exist"));
  must(&w, "IncreaseStreamRetentionPeriod", "{\"StreamName\":\"demo\",\"RetentionPeriodHours\":100}");
  listed(&w, "", "1 2 3 4");
  sc_clock_advance(76 * HOUR_MS);
  listed(&w, "", "1 2 3 4");
  sc_clock_advance(HOUR_MS);
  listed(&w, "", "2 4");
  listed(&w, FILTER("AT_TRIM_HORIZON"), "2 4");
  end(&w);
}

static void test_pages(void **state) {
  (void)state;
  struct world w;
  char token[600], body[700];
  grow(&w);
  must(&w, "ListShards", "{\"StreamName\":\"demo\",\"MaxResults\":1,\"ShardFilter\":{\"Type\":\"AT_LATEST\"}}");
  assert_int_equal(count(sc_buf_str(&w.body), "\"ShardId\""), 1);
  member(&w, "NextToken", token);
  snprintf(body, sizeof(body), "{\"NextToken\":\"%s\",\"MaxResults\":1}", token);
  assert_non_null(strstr(must(&w, "ListShards", body), "\"shardId-000000000004\""));
  assert_null(strstr(sc_buf_str(&w.body), "NextToken"));
  must(&w, "DeleteStream", "{\"StreamName\":\"demo\"}");
  must(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}");
  refused(&w, "ListShards", body,
          ERROR("ResourceNotFoundException", "Stream demo under account 000000000000 not found."));
  end(&w);
}

static void test_update_shard_count(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w, "2");
  assert_string_equal(
      must(&w, "UpdateShardCount", SCALE("4")),
      "{\"StreamName\":\"demo\",\"CurrentShardCount\":2,\"TargetShardCount\":4,\"StreamARN\":\"" STREAM_ARN "\"}");
  listed(&w, FILTER("AT_LATEST"), "2 3 4 5");
  const char *shards = must(&w, "ListShards", "{\"StreamName\":\"demo\"}");
  assert_non_null(
      strstr(shards,
             "\"ShardId\":\"shardId-000000000003\",\"ParentShardId\":\"shardId-000000000000\",\"HashKeyRange\":"
             "{\"StartingHashKey\":\"85070591730234615865843651857942052864\",\"EndingHashKey\":"
             "\"170141183460469231731687303715884105727\"}"));
  must(&w, "UpdateShardCount", SCALE("3"));
  assert_non_null(strstr(must(&w, "DescribeStreamSummary", "{\"StreamName\":\"demo\"}"), "\"OpenShardCount\":3,"));
  call_cbor(&w, "UpdateShardCount",
            "a3 'StreamARN' '" STREAM_ARN "' 'TargetShardCount' 02 'ScalingType' 'UNIFORM_SCALING'");
  answers(&w, 200,
          "bf 'StreamName' 'demo' 'CurrentShardCount' 03 'TargetShardCount' 02 'StreamARN' '" STREAM_ARN "' ff");
  end(&w);
}

static void test_update_refused(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w, "3");
  refused(&w, "UpdateShardCount", SCALE("7"),
          ERROR("LimitExceededException",
                "UpdateShardCount cannot scale up over double your current open shard count. "
                "Current open shard count: 3, Target shard count: 7"));
  refused(&w, "UpdateShardCount", SCALE("1"),
          ERROR("LimitExceededException",
                "UpdateShardCount cannot scale down below half your current open shard "
                "count. Current open shard count: 3, Target shard count: 1"));
  refused(&w, "UpdateShardCount", SCALE("10001"),
          ERROR("LimitExceededException",
                "Target shard count or number of open shards cannot be greater than 10000. "
                "Current open shard count: 3, Target shard count: 10001"));
  refused(
      &w, "UpdateShardCount", "{\"StreamName\":\"demo\",\"TargetShardCount\":0,\"ScalingType\":\"MORE\"}",
      ERROR("ValidationException",
            "2 validation errors detected: Value '0' at 'targetShardCount' failed to satisfy constraint: Member "
            "must have value greater than or equal to 1; Value 'MORE' at 'scalingType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [UNIFORM_SCALING]"));
  end(&w);
}

/* With limits, ten times in any 24 hours. */
static void test_update_limit(void **state) {
  (void)state;
  for (int is_limited = 0; is_limited <= 1; is_limited++) {
    struct world w;
    begin_with(&w, (struct scl_service_settings){.region = "r", .page_bytes = 1000, .is_limited = is_limited}, 0);
    must(&w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":2}");
    for (int i = 0; i < 10; i++) {
      must(&w, "UpdateShardCount", i % 2 == 0 ? SCALE("3") : SCALE("2"));
      sc_clock_advance(2 * HOUR_MS);
    }
    call(&w, "UpdateShardCount", SCALE("3"));
    assert_int_equal(w.status, is_limited ? 400 : 200);
    if (is_limited) assert_non_null(strstr(sc_buf_str(&w.body), "\"LimitExceededException\""));
    sc_clock_advance(4 * HOUR_MS);
    must(&w, "UpdateShardCount", is_limited ? SCALE("3") : SCALE("2"));
    call(&w, "UpdateShardCount", SCALE("2"));
    assert_int_equal(w.status, is_limited ? 400 : 200);
    end(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_filters),        cmocka_unit_test(test_filters_over_time),
      cmocka_unit_test(test_pages),          cmocka_unit_test(test_update_shard_count),
      cmocka_unit_test(test_update_refused), cmocka_unit_test(test_update_limit),
  };
  return cmocka_run_group_tests_name("local/shards", tests, NULL, NULL);
}
