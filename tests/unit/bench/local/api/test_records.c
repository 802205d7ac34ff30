/* Puts, iterators, reads, splits and merges through the service. */

#include "bench/local/api/token.h"
#include "codec/json/doc.h"
#include "engine/base/error.h"
#include "tests/unit/bench/local/api/service_calls.h"

#define REFUSAL(type, text) "{\"__type\":\"" type "\",\"message\":\"" text "\"}"

/* An iterator on a shard of stream "s"; rest: ",\"Timestamp\":1" and the like. */
static const char *iterator(struct world *w, uint32_t shard, const char *type, const char *rest, char out[600]) {
  char body[900];
  snprintf(body, sizeof(body), "{\"StreamName\":\"s\",\"ShardId\":\"shardId-%012u\",\"ShardIteratorType\":\"%s\"%s}",
           shard, type, rest);
  must(w, "GetShardIterator", body);
  return member(w, "ShardIterator", out);
}

static const char *get(struct world *w, const char *iterator_text, int limit) {
  char body[900];
  snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\",\"Limit\":%d}", iterator_text, limit);
  return must(w, "GetRecords", body);
}

/* How many records a shard gives from there in one call. */
static int available(struct world *w, uint32_t shard, const char *type, const char *rest) {
  char text[600];
  iterator(w, shard, type, rest, text);
  return count(get(w, text, 10000), "\"SequenceNumber\"");
}

static void put(struct world *w, const char *key, const char *base64) {
  char body[900];
  snprintf(body, sizeof(body), "{\"StreamName\":\"s\",\"PartitionKey\":\"%s\",\"Data\":\"%s\"}", key, base64);
  must(w, "PutRecord", body);
}

static void begin_stream(struct world *w, int shards) {
  char body[100];
  begin(w);
  snprintf(body, sizeof(body), "{\"StreamName\":\"s\",\"ShardCount\":%d}", shards);
  must(w, "CreateStream", body);
}

static void check_is_json(struct world *w) {
  struct sc_jsondoc *doc = sc_jsondoc_new();
  struct sc_json root;
  struct sc_error err;
  assert_int_equal(sc_jsondoc_parse(doc, sc_buf_view(&w->body), &root, &err), SC_OK);
  sc_jsondoc_free(doc);
}

static void test_put_and_get(void **state) {
  (void)state;
  struct world w;
  char text[600], next[600];
  begin_stream(&w, 1);
  put(&w, "a\\\"\\u0001\\u00e9", "aGk=");
  assert_string_equal(member(&w, "ShardId", text), "shardId-000000000000");
  assert_int_equal(strlen(member(&w, "SequenceNumber", text)), SCL_SEQLAYOUT_DIGITS);
  iterator(&w, 0, "TRIM_HORIZON", "", text);
  const char *page = get(&w, text, 10);
  check_is_json(&w);
  assert_true(sc_slice_starts(sc_slice_str(page), "{\"MillisBehindLatest\":0,\"NextShardIterator\":\"AAAA"));
  assert_non_null(strstr(page,
                         "\"ApproximateArrivalTimestamp\":1700000000.123,\"Data\":\"aGk=\","
                         "\"PartitionKey\":\"a\\\"\\u0001\xC3\xA9\"}]}"));
  member(&w, "NextShardIterator", next);
  assert_non_null(strstr(get(&w, next, 10), "\"Records\":[]}"));
  assert_int_equal(count(get(&w, text, 10), "\"Data\""), 1); /* an iterator may be used again */
  end(&w);
}

static void test_iterator_is_last(void **state) {
  (void)state;
  struct world w;
  char text[600];
  begin_with(&w, (struct scl_service_settings){.region = "r", .page_bytes = 1000, .iterator_is_last = true}, 0);
  must(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  put(&w, "k", "aGk=");
  const char *page = get(&w, iterator(&w, 0, "TRIM_HORIZON", "", text), 10);
  check_is_json(&w);
  assert_true(sc_slice_starts(sc_slice_str(page), "{\"Records\":[{\"SequenceNumber\""));
  assert_non_null(strstr(page, "}],\"MillisBehindLatest\":0,\"NextShardIterator\":\"AAAA"));
  end(&w);
}

/* MD5 routing: "a" is 16955237..., the lower half; "b" is 195289..., the upper. */
static void test_routing(void **state) {
  (void)state;
  struct world w;
  char text[600];
  begin_stream(&w, 2);
  put(&w, "a", "");
  assert_string_equal(member(&w, "ShardId", text), "shardId-000000000000");
  put(&w, "b", "");
  assert_string_equal(member(&w, "ShardId", text), "shardId-000000000001");
  must(&w, "PutRecord",
       "{\"StreamName\":\"s\",\"PartitionKey\":\"a\",\"Data\":\"\",\"ExplicitHashKey\":"
       "\"170141183460469231731687303715884105728\"}");
  assert_string_equal(member(&w, "ShardId", text), "shardId-000000000001");
  refused(&w, "PutRecord",
          "{\"StreamName\":\"s\",\"PartitionKey\":\"a\",\"Data\":\"\",\"ExplicitHashKey\":"
          "\"340282366920938463463374607431768211456\"}",
          REFUSAL("InvalidArgumentException",
                  "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
                  "340282366920938463463374607431768211456"));
  end(&w);
}

static void test_put_records(void **state) {
  (void)state;
  struct world w;
  begin_stream(&w, 2);
  const char *answer = must(&w, "PutRecords",
                            "{\"StreamName\":\"s\",\"Records\":[{\"Data\":\"YQ==\",\"PartitionKey\":\"a\"},"
                            "{\"Data\":\"Yg==\",\"PartitionKey\":\"b\"},"
                            "{\"Data\":\"Yw==\",\"PartitionKey\":\"c\",\"ExplicitHashKey\":\"0\"}]}");
  check_is_json(&w);
  assert_true(sc_slice_starts(sc_slice_str(answer), "{\"FailedRecordCount\":0,\"Records\":[{\"ShardId\":\"shardId-0"));
  assert_int_equal(count(answer, "\"SequenceNumber\""), 3);
  assert_int_equal(available(&w, 0, "TRIM_HORIZON", ""), 2);
  assert_int_equal(available(&w, 1, "TRIM_HORIZON", ""), 1);
  end(&w);
}

/* One bad record and nothing of the request is put. */
static void test_put_records_is_whole(void **state) {
  (void)state;
  struct world w;
  begin_stream(&w, 1);
  call(&w, "PutRecords",
       "{\"StreamName\":\"s\",\"Records\":[{\"Data\":\"YQ==\",\"PartitionKey\":\"a\"},{\"Data\":\"YQ==\","
       "\"PartitionKey\":\"a\",\"ExplicitHashKey\":\"340282366920938463463374607431768211456\"}]}");
  assert_int_equal(w.status, 400);
  assert_int_equal(available(&w, 0, "TRIM_HORIZON", ""), 0);
  end(&w);
}

/* A fault of kind entries fails some and puts the others, as a throttled shard does. */
static void test_entries_fail(void **state) {
  (void)state;
  struct world w;
  begin_stream(&w, 1);
  struct scl_request fault = {.method = SC_SLICE_LITERAL("POST"),
                              .path = SC_SLICE_LITERAL("/_local/faults"),
                              .body = SC_SLICE_LITERAL("{\"kind\":\"entries\",\"every\":2}"),
                              .from_loopback = true};
  request(&w, &fault);
  assert_int_equal(w.status, 200);
  const char *records =
      "{\"StreamName\":\"s\",\"Records\":[{\"Data\":\"YQ==\",\"PartitionKey\":\"a\"},"
      "{\"Data\":\"Yg==\",\"PartitionKey\":\"b\"},{\"Data\":\"Yw==\",\"PartitionKey\":\"c\"}]}";
  const char *answer = must(&w, "PutRecords", records);
  assert_non_null(strstr(answer,
                         "{\"FailedRecordCount\":2,\"Records\":[{\"ErrorCode\":"
                         "\"ProvisionedThroughputExceededException\",\"ErrorMessage\":\"Rate exceeded"));
  assert_int_equal(count(answer, "\"SequenceNumber\""), 1);
  assert_int_equal(available(&w, 0, "TRIM_HORIZON", ""), 1);
  assert_int_equal(count(must(&w, "PutRecords", records), "\"SequenceNumber\""), 3);
  fault.body = SC_SLICE_LITERAL("{\"kind\":\"entries\",\"operation\":\"GetRecords\"}");
  request(&w, &fault);
  assert_int_equal(w.status, 400);
  end(&w);
}

static void test_record_size(void **state) {
  (void)state;
  struct world w;
  struct sc_buf body = SC_BUF_INIT;
  begin_stream(&w, 1);
  must(&w, "CreateStream", "{\"StreamName\":\"big\",\"ShardCount\":1,\"MaxRecordSizeInKiB\":2048}");
  assert_non_null(strstr(must(&w, "DescribeStreamSummary", "{\"StreamName\":\"big\"}"), "\"MaxRecordSizeInKiB\":2048"));
  sc_buf_add_str(&body, "{\"PartitionKey\":\"k\",\"Data\":\"");
  for (int i = 0; i < (1 << 20) / 3 + 1; i++) sc_buf_add_str(&body, "AAAA"); /* 1 MiB and 2 bytes */
  sc_buf_add_str(&body, "\",\"StreamName\":\"s\"}");
  call(&w, "PutRecord", sc_buf_str(&body));
  assert_int_equal(w.status, 400);
  assert_non_null(strstr(sc_buf_str(&w.body),
                         "at 'data' failed to satisfy constraint: Member must have length less "
                         "than or equal to 1048576"));
  body.len -= strlen("s\"}");
  sc_buf_add_str(&body, "big\"}");
  must(&w, "PutRecord", sc_buf_str(&body));
  sc_buf_fini(&body);
  end(&w);
}

static void test_positions(void **state) {
  (void)state;
  struct world w;
  char sequence[600], rest[700], text[600];
  begin_stream(&w, 1);
  for (int i = 0; i < 5; i++) {
    put(&w, "k", "");
    if (i == 2) member(&w, "SequenceNumber", sequence);
    sc_clock_advance(1000);
  }
  assert_int_equal(available(&w, 0, "TRIM_HORIZON", ""), 5);
  assert_int_equal(available(&w, 0, "LATEST", ""), 0);
  snprintf(rest, sizeof(rest), ",\"StartingSequenceNumber\":\"%s\"", sequence);
  assert_int_equal(available(&w, 0, "AT_SEQUENCE_NUMBER", rest), 3);
  assert_int_equal(available(&w, 0, "AFTER_SEQUENCE_NUMBER", rest), 2);
  assert_int_equal(available(&w, 0, "AT_TIMESTAMP", ",\"Timestamp\":1"), 5);
  assert_int_equal(available(&w, 0, "AT_TIMESTAMP", ",\"Timestamp\":1700000002.123"), 3);
  assert_int_equal(available(&w, 0, "AT_TIMESTAMP", ",\"Timestamp\":1700000002.124"), 2);
  assert_int_equal(available(&w, 0, "AT_TIMESTAMP", ",\"Timestamp\":1700000005"), 0);
  iterator(&w, 0, "LATEST", "", text);
  put(&w, "k", "");
  assert_int_equal(count(get(&w, text, 10), "\"Data\""), 1);
  end(&w);
}

static void test_bad_positions(void **state) {
  (void)state;
  struct world w;
  char sequence[600], body[900];
  begin_stream(&w, 2);
  put(&w, "a", ""); /* shard 0 */
  member(&w, "SequenceNumber", sequence);
  refused(&w, "GetShardIterator",
          "{\"StreamName\":\"s\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"AT_TIMESTAMP\","
          "\"Timestamp\":1700000000.124}",
          REFUSAL("InvalidArgumentException",
                  "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                  "timestampInMillis: 1700000000124, currentTimestampInMillis: 1700000000123"));
  snprintf(body, sizeof(body),
           "{\"StreamName\":\"s\",\"ShardId\":\"shardId-000000000001\",\"ShardIteratorType\":\"AT_SEQUENCE_NUMBER\","
           "\"StartingSequenceNumber\":\"%s\"}",
           sequence);
  refused(&w, "GetShardIterator", body,
          REFUSAL("InvalidArgumentException",
                  "Invalid StartingSequenceNumber. It encodes shardId-000000000000, while it was used in a call to a "
                  "shard with shardId-000000000001"));
  refused(&w, "GetShardIterator",
          "{\"StreamName\":\"s\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"AT_SEQUENCE_NUMBER\","
          "\"StartingSequenceNumber\":\"5\"}",
          REFUSAL("InvalidArgumentException",
                  "StartingSequenceNumber 5 used in GetShardIterator on shard shardId-000000000000 in stream s under "
                  "account 000000000000 is invalid."));
  refused(&w, "GetShardIterator",
          "{\"StreamName\":\"s\",\"ShardId\":\"shardId-000000000007\",\"ShardIteratorType\":\"LATEST\"}",
          REFUSAL("ResourceNotFoundException",
                  "Shard shardId-000000000007 in stream s under account 000000000000 does not exist"));
  const char *const mixes[] = {"AT_SEQUENCE_NUMBER\"", "AFTER_SEQUENCE_NUMBER\"", "AT_TIMESTAMP\"",
                               "LATEST\",\"StartingSequenceNumber\":\"5\"",
                               "TRIM_HORIZON\",\"StartingSequenceNumber\":\"5\""};
  for (size_t i = 0; i < sizeof(mixes) / sizeof(*mixes); i++) {
    snprintf(body, sizeof(body), "{\"StreamName\":\"s\",\"ShardId\":\"0\",\"ShardIteratorType\":\"%s}", mixes[i]);
    assert_non_null(strstr(call(&w, "GetShardIterator", body), "Must either specify (1) AT_SEQUENCE_NUMBER"));
  }
  end(&w);
}

static void test_iterators_expire(void **state) {
  (void)state;
  struct world w;
  char text[600], body[700];
  begin_stream(&w, 1);
  iterator(&w, 0, "LATEST", "", text);
  snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\"}", text);
  sc_clock_advance(SCL_SERVICE_ITERATOR_MS);
  must(&w, "GetRecords", body);
  sc_clock_advance(1);
  refused(
      &w, "GetRecords", body,
      REFUSAL("ExpiredIteratorException",
              "Iterator expired. The iterator was created at time Tue Nov 14 22:13:20 UTC 2023 while right now it is "
              "Tue Nov 14 22:18:20 UTC 2023 which is further in the future than the tolerated delay of 300000 "
              "milliseconds."));
  iterator(&w, 0, "LATEST", "", text);
  snprintf(body, sizeof(body), "{\"ShardIterator\":\"\\\"%s\\\"\"}", text);
  must(&w, "GetRecords", body); /* in quotes */
  admin(&w, "POST", "/_local/expire-iterators", "");
  assert_non_null(strstr(call(&w, "GetRecords", body), "ExpiredIteratorException"));
  refused(&w, "GetRecords", "{\"ShardIterator\":\"AAAA\"}",
          REFUSAL("InvalidArgumentException", "Invalid ShardIterator."));
  end(&w);
}

/* An iterator of a stream that is gone, or was made again, reads nothing of the new one. */
static void test_iterator_of_old_stream(void **state) {
  (void)state;
  struct world w;
  char text[600], body[700];
  begin_stream(&w, 1);
  iterator(&w, 0, "TRIM_HORIZON", "", text);
  snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\"}", text);
  must(&w, "DeleteStream", "{\"StreamName\":\"s\"}");
  assert_non_null(strstr(call(&w, "GetRecords", body), "ResourceNotFoundException"));
  must(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  assert_non_null(strstr(call(&w, "GetRecords", body), "ResourceNotFoundException"));
  end(&w);
}

static void test_paging(void **state) {
  (void)state;
  struct world w;
  char text[600];
  begin_with(&w, (struct scl_service_settings){.region = "r", .page_bytes = 20}, 0);
  must(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  for (int i = 0; i < 7; i++) {
    put(&w, "k", "MDEyMzQ1Njc4"); /* 9 bytes and 1 of the key */
    sc_clock_advance(100);
  }
  iterator(&w, 0, "TRIM_HORIZON", "", text);
  const char *const behind[] = {"600", "400", "200", "0"};
  const int records[] = {2, 2, 2, 1};
  for (int i = 0; i < 4; i++) {
    char expected[64];
    const char *page = get(&w, text, 10);
    snprintf(expected, sizeof(expected), "{\"MillisBehindLatest\":%s,", behind[i]);
    assert_true(sc_slice_starts(sc_slice_str(page), expected));
    assert_int_equal(count(page, "\"Data\""), records[i]);
    member(&w, "NextShardIterator", text);
  }
  end(&w);
}

/* A closed shard ends with its last record: no iterator, but children. */
static void test_shard_end(void **state) {
  (void)state;
  struct world w;
  char text[600];
  begin_stream(&w, 1);
  put(&w, "a", "");
  put(&w, "b", "");
  must(&w, "SplitShard",
       "{\"StreamName\":\"s\",\"ShardToSplit\":\"shardId-000000000000\",\"NewStartingHashKey\":\"1000\"}");
  iterator(&w, 0, "TRIM_HORIZON", "", text);
  const char *page = get(&w, text, 1);
  assert_null(strstr(page, "ChildShards"));
  member(&w, "NextShardIterator", text);
  page = get(&w, text, 1);
  check_is_json(&w);
  assert_null(strstr(page, "NextShardIterator"));
  assert_non_null(strstr(page,
                         "\"ChildShards\":[{\"ShardId\":\"shardId-000000000001\",\"ParentShards\":[\"shardId-"
                         "000000000000\"],\"HashKeyRange\":{\"StartingHashKey\":\"0\",\"EndingHashKey\":\"999\"}},"
                         "{\"ShardId\":\"shardId-000000000002\""));
  assert_int_equal(count(page, "\"Data\""), 1);
  must(&w, "MergeShards",
       "{\"StreamName\":\"s\",\"ShardToMerge\":\"shardId-000000000001\",\"AdjacentShardToMerge\":"
       "\"shardId-000000000002\"}");
  page = get(&w, iterator(&w, 2, "LATEST", "", text), 1);
  assert_non_null(strstr(page, "\"ParentShards\":[\"shardId-000000000001\",\"shardId-000000000002\"]"));
  assert_int_equal(count(page, "\"ParentShards\""), 1);
  end(&w);
}

static void test_split_refusals(void **state) {
  (void)state;
  struct world w;
  begin_stream(&w, 3);
  const char *const bad_keys[] = {"0", "1", "113427455640312821154458202477256070484",
                                  "113427455640312821154458202477256070485", "999999999999999999999999999999999999999"};
  char body[300];
  for (size_t i = 0; i < sizeof(bad_keys) / sizeof(*bad_keys); i++) {
    snprintf(body, sizeof(body), "{\"StreamName\":\"s\",\"ShardToSplit\":\"0\",\"NewStartingHashKey\":\"%s\"}",
             bad_keys[i]);
    assert_non_null(
        strstr(call(&w, "SplitShard", body), "is not both greater than one plus the shard's StartingHashKey"));
  }
  must(&w, "SplitShard", "{\"StreamName\":\"s\",\"ShardToSplit\":\"0\",\"NewStartingHashKey\":\"2\"}");
  assert_non_null(
      strstr(call(&w, "SplitShard", "{\"StreamName\":\"s\",\"ShardToSplit\":\"0\",\"NewStartingHashKey\":\"9\"}"),
             "has already been merged or split"));
  refused(
      &w, "MergeShards",
      "{\"StreamName\":\"s\",\"ShardToMerge\":\"shardId-000000000003\",\"AdjacentShardToMerge\":"
      "\"shardId-000000000002\"}",
      REFUSAL("InvalidArgumentException",
              "Shards shardId-000000000003 and shardId-000000000002 in stream s under account 000000000000 are not an "
              "adjacent pair of shards eligible for merging"));
  call(&w, "MergeShards", "{\"StreamName\":\"s\",\"ShardToMerge\":\"2\",\"AdjacentShardToMerge\":\"2\"}");
  assert_int_equal(w.status, 400);
  end(&w);
}

/* Runs ListShards to its end; the number of shards and of pages. */
static int list_all(struct world *w, const char *first_body, int max, int *pages) {
  char body[900], token[600];
  int shards = 0;
  snprintf(body, sizeof(body), "%s,\"MaxResults\":%d}", first_body, max);
  for (*pages = 1;; (*pages)++) {
    shards += count(must(w, "ListShards", body), "\"HashKeyRange\"");
    if (member(w, "NextToken", token)[0] == '\0') return shards;
    snprintf(body, sizeof(body), "{\"NextToken\":\"%s\",\"MaxResults\":%d}", token, max);
  }
}

static int listed(struct world *w, const char *filter) {
  char body[300];
  int pages;
  snprintf(body, sizeof(body), "{\"StreamName\":\"s\",\"ShardFilter\":{%s}", filter);
  return list_all(w, body, 2, &pages);
}

static void test_list_shards(void **state) {
  (void)state;
  struct world w;
  int pages;
  begin_stream(&w, 10);
  assert_int_equal(list_all(&w, "{\"StreamName\":\"s\"", 3, &pages), 10);
  assert_int_equal(pages, 4);
  assert_int_equal(list_all(&w, "{\"StreamName\":\"s\"", 5, &pages), 10);
  assert_int_equal(pages, 2); /* no token when nothing follows */
  assert_int_equal(list_all(&w, "{\"StreamName\":\"s\",\"ExclusiveStartShardId\":\"shardId-000000000006\"", 10, &pages),
                   3);
  end(&w);
}

static void test_shard_filters(void **state) {
  (void)state;
  struct world w;
  begin_stream(&w, 2);
  sc_clock_advance(10000);
  must(&w, "SplitShard", "{\"StreamName\":\"s\",\"ShardToSplit\":\"0\",\"NewStartingHashKey\":\"1000\"}");
  sc_clock_advance(10000);
  assert_int_equal(listed(&w, "\"Type\":\"FROM_TRIM_HORIZON\""), 4);
  assert_int_equal(listed(&w, "\"Type\":\"AT_TRIM_HORIZON\""), 2);
  assert_int_equal(listed(&w, "\"Type\":\"AT_LATEST\""), 3);
  assert_int_equal(listed(&w, "\"Type\":\"AFTER_SHARD_ID\",\"ShardId\":\"shardId-000000000001\""), 2);
  assert_int_equal(listed(&w, "\"Type\":\"AT_TIMESTAMP\",\"Timestamp\":1700000005"), 2);
  assert_int_equal(listed(&w, "\"Type\":\"AT_TIMESTAMP\",\"Timestamp\":1700000015"), 3);
  assert_int_equal(listed(&w, "\"Type\":\"FROM_TIMESTAMP\",\"Timestamp\":1700000005"), 4);
  assert_int_equal(listed(&w, "\"Type\":\"FROM_TIMESTAMP\",\"Timestamp\":1700000015"), 3);
  const char *const bad[] = {"\"Type\":\"AT_TIMESTAMP\"",
                             "\"Type\":\"AFTER_SHARD_ID\"",
                             "\"Type\":\"AT_LATEST\",\"Timestamp\":1",
                             "\"Type\":\"AT_TIMESTAMP\",\"Timestamp\":1800000000",
                             "\"Type\":\"AFTER_SHARD_ID\",\"ShardId\":\"x\"",
                             "\"Type\":\"ALL\"",
                             ""};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    char body[300];
    snprintf(body, sizeof(body), "{\"StreamName\":\"s\",\"ShardFilter\":{%s}}", bad[i]);
    call(&w, "ListShards", body);
    assert_int_equal(w.status, 400);
  }
  end(&w);
}

static void test_list_token(void **state) {
  (void)state;
  struct world w;
  char token[600], body[700];
  begin_stream(&w, 3);
  must(&w, "ListShards", "{\"StreamName\":\"s\",\"MaxResults\":1}");
  member(&w, "NextToken", token);
  snprintf(body, sizeof(body), "{\"StreamName\":\"s\",\"NextToken\":\"%s\"}", token);
  call(&w, "ListShards", body);
  assert_int_equal(w.status, 400);
  refused(&w, "ListShards", "{\"NextToken\":\"x\"}", REFUSAL("InvalidArgumentException", "NextToken is invalid."));
  snprintf(body, sizeof(body), "{\"NextToken\":\"%s\"}", token);
  sc_clock_advance(SCL_SERVICE_TOKEN_MS + 1);
  refused(&w, "ListShards", body, REFUSAL("ExpiredNextTokenException", "NextToken has expired."));
  end(&w);
}

/* Over a gap longer than a call looks at come empty pages, each a span further, and not one record is passed over. */
static void test_gaps(void **state) {
  (void)state;
  struct world w;
  char text[600];
  begin_with(
      &w,
      (struct scl_service_settings){.region = "eu-west-1", .page_bytes = SCL_SERVICE_PAGE_BYTES, .page_span_ms = 60000},
      0);
  must(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  sc_clock_advance(150000);
  put(&w, "k", "aGk=");
  sc_clock_advance(200000);
  put(&w, "k", "aG8=");
  iterator(&w, 0, "TRIM_HORIZON", "", text);
  const int counts[] = {0, 0, 1, 0, 0, 0, 1, 0};
  const char *behind[] = {":290000", ":230000", ":200000", ":140000", ":80000", ":20000", ":0", ":0"};
  for (int i = 0; i < 8; i++) {
    const char *page = get(&w, text, 10000);
    assert_int_equal(count(page, "\"SequenceNumber\""), counts[i]);
    assert_non_null(strstr(strstr(page, "MillisBehindLatest"), behind[i]));
    member(&w, "NextShardIterator", text);
  }
  assert_int_equal(available(&w, 0, "LATEST", ""), 0);
  end(&w);
}

/* A timestamp before the shard was created means the trim horizon: no pages for the years before. */
static void test_long_before_the_first_record(void **state) {
  (void)state;
  struct world w;
  char text[600];
  begin_with(
      &w,
      (struct scl_service_settings){.region = "eu-west-1", .page_bytes = SCL_SERVICE_PAGE_BYTES, .page_span_ms = 60000},
      0);
  must(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  put(&w, "k", "aGk=");
  sc_clock_advance(50000);
  const char *const times[] = {",\"Timestamp\":0", ",\"Timestamp\":-1", ",\"Timestamp\":1500000000"};
  for (int i = 0; i < 3; i++) {
    iterator(&w, 0, "AT_TIMESTAMP", times[i], text);
    const char *page = get(&w, text, 10000);
    assert_int_equal(count(page, "\"SequenceNumber\""), 1);
    assert_non_null(strstr(strstr(page, "MillisBehindLatest"), ":0"));
  }
  sc_clock_advance(25 * 3600000); /* the record is trimmed: the horizon is 24 hours ago, not the stream's beginning */
  iterator(&w, 0, "AT_TIMESTAMP", times[0], text);
  assert_non_null(strstr(strstr(get(&w, text, 10000), "MillisBehindLatest"), ":0"));
  end(&w);
}

/* An iterator is the client's to mangle, its checksum no secret: whatever time it claims, the records are read. */
static void test_false_times(void **state) {
  (void)state;
  struct world w;
  struct scl_token token;
  char text[600];
  begin_with(
      &w,
      (struct scl_service_settings){.region = "eu-west-1", .page_bytes = SCL_SERVICE_PAGE_BYTES, .page_span_ms = 60000},
      0);
  must(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  put(&w, "k", "aGk=");
  iterator(&w, 0, "TRIM_HORIZON", "", text);
  assert_true(scl_token_read(sc_slice_str(text), SCL_TOKEN_ITERATOR, &token));
  const int64_t times[] = {INT64_MIN, -1, 0, NOW, INT64_MAX};
  for (int i = 0; i < 5; i++) {
    token.time_ms = times[i];
    scl_token_write(&token, text);
    assert_int_equal(count(get(&w, text, 10000), "\"SequenceNumber\""), 1);
  }
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_put_and_get),
      cmocka_unit_test(test_long_before_the_first_record),
      cmocka_unit_test(test_iterator_is_last),
      cmocka_unit_test(test_routing),
      cmocka_unit_test(test_put_records),
      cmocka_unit_test(test_put_records_is_whole),
      cmocka_unit_test(test_entries_fail),
      cmocka_unit_test(test_record_size),
      cmocka_unit_test(test_positions),
      cmocka_unit_test(test_bad_positions),
      cmocka_unit_test(test_iterators_expire),
      cmocka_unit_test(test_iterator_of_old_stream),
      cmocka_unit_test(test_paging),
      cmocka_unit_test(test_shard_end),
      cmocka_unit_test(test_split_refusals),
      cmocka_unit_test(test_list_shards),
      cmocka_unit_test(test_shard_filters),
      cmocka_unit_test(test_list_token),
      cmocka_unit_test(test_gaps),
      cmocka_unit_test(test_false_times),
  };
  return cmocka_run_group_tests_name("local/records", tests, NULL, NULL);
}
