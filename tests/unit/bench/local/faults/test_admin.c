/* The control endpoint, and what each kind of fault does to the service's answers. */
#include "bench/local/faults/admin.h"

#include "bench/local/base/apierror.h"
#include "tests/unit/bench/local/api/service_calls.h"

#define EMPTY "{\"HasMoreStreams\":false,\"StreamNames\":[],\"StreamSummaries\":[]}"

static void fault(struct world *w, const char *json) {
  admin(w, "POST", "/_local/faults", json);
  if (w->status != 200) fail_msg("%s: %s", json, sc_buf_str(&w->body));
}

static void waiting(struct world *w, int n) {
  char text[40];
  snprintf(text, sizeof(text), "{\"waiting\":%d}", n);
  admin(w, "POST", "/_local/faults", "[]");
  assert_string_equal(sc_buf_str(&w->body), text);
}

/* ---- the endpoint ---- */

static void test_in_order(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  fault(&w,
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
  assert_int_equal(w.delivery.ending, SCL_ENDING_RESET);
  must(&w, "ListStreams", "{}");
  assert_true(w.delivery.is_silent);
  assert_int_equal(w.delivery.ending, SCL_ENDING_HANG);
  must(&w, "ListStreams", "{}");
  assert_int_equal(w.delivery.ending, SCL_ENDING_KEEP);
  end(&w);
}

static void test_listing(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  fault(&w, "[{\"operation\":\"ListStreams\",\"kind\":\"slow\"},{\"error\":\"X\",\"p\":0.5}]");
  must(&w, "ListStreams", "{}");
  admin(&w, "GET", "/_local/faults", "");
  assert_int_equal(w.status, 200);
  assert_non_null(
      strstr(sc_buf_str(&w.body), "{\"waiting\":1,\"faults\":[{\"operation\":\"*\",\"kind\":\"error\",\"p\":0.5,"));
  assert_non_null(strstr(sc_buf_str(&w.body),
                         "\"over\":[{\"operation\":\"ListStreams\",\"kind\":\"slow\",\"hits\":1,\"calls\":1}]}"));
  admin(&w, "DELETE", "/_local/faults", "");
  assert_string_equal(sc_buf_str(&w.body), "{\"waiting\":0}");
  admin(&w, "GET", "/_local/faults", "");
  assert_string_equal(sc_buf_str(&w.body), "{\"waiting\":0,\"faults\":[],\"over\":[]}");
  end(&w);
}

static void test_refusals(void **state) {
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
      "{\"kind\":\"reset\",\"bytes\":-2}",
      "[{},{\"kind\":\"entries\",\"operation\":\"GetRecords\"}]",
      "{\"operation\":\"a name that is far too long for any operation of any service there is\"}"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    admin(&w, "POST", "/_local/faults", bad[i]);
    assert_int_equal(w.status, 400);
    assert_non_null(strstr(sc_buf_str(&w.body), "{\"message\":\""));
  }
  waiting(&w, 0);
  admin(&w, "POST", "/_local/else", "");
  assert_int_equal(w.status, 400);
  assert_non_null(strstr(sc_buf_str(&w.body), "GET /_local/faults"));
  admin(&w, "GET", "/_local/clock", "");
  assert_int_equal(w.status, 400);
  fault(&w, "{}");
  struct scl_request remote = {.method = SC_SLICE_LITERAL("DELETE"), .path = SC_SLICE_LITERAL("/_local/faults")};
  request(&w, &remote);
  assert_int_equal(w.status, 403);
  waiting(&w, 1);
  end(&w);
}

/* A list with no room for all of it adds nothing. */
static void test_no_room(void **state) {
  (void)state;
  struct world w;
  struct sc_buf many = SC_BUF_INIT;
  begin(&w);
  for (int i = 0; i < SCL_FAULTS_MAX; i++) sc_buf_add_str(&many, i == 0 ? "[{}" : ",{}");
  sc_buf_add_char(&many, ']');
  fault(&w, "{}");
  admin(&w, "POST", "/_local/faults", sc_buf_str(&many));
  assert_int_equal(w.status, 400);
  waiting(&w, 1);
  sc_buf_fini(&many);
  end(&w);
}

static void test_clock(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  const char *const bad[] = {
      "", "{}", "[]", "{\"advance_ms\":-1}", "{\"advance_ms\":\"1\"}", "{\"advance_ms\":999999999999999}"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    admin(&w, "POST", "/_local/clock", bad[i]);
    assert_int_equal(w.status, 400);
  }
  admin(&w, "POST", "/_local/clock", "{\"advance_ms\":500}");
  assert_int_equal(w.status, 200);
  assert_int_equal(scl_timebase_now_ms(&w.timebase), NOW + 500);
  end(&w);
}

/* ---- any call ---- */

/* Every error that the API has, as it is on the wire. */
static void test_each_error(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  for (int i = 0; i < scl_apierrors_n; i++) {
    char json[200];
    snprintf(json, sizeof(json), "{\"error\":\"%s\"}", scl_apierrors[i].code);
    fault(&w, json);
    call(&w, "ListStreams", "{}");
    assert_int_equal(w.status, scl_apierrors[i].status);
    snprintf(json, sizeof(json), "{\"__type\":\"%s\"", scl_apierrors[i].code);
    assert_int_equal(strncmp(sc_buf_str(&w.body), json, strlen(json)), 0);
    assert_int_equal(count(sc_buf_str(&w.body), "\"message\":\""), scl_apierrors[i].message[0] != '\0');
  }
  fault(&w, "{\"error\":\"SerializationException\",\"message\":\"so\"}");
  refused(&w, "ListStreams", "{}", "{\"__type\":\"SerializationException\",\"Message\":\"so\"}");
  end(&w);
}

static struct scl_reply answer(struct world *w) {
  struct scl_reply reply = {0};
  struct scl_request what = {.method = SC_SLICE_LITERAL("POST"),
                             .path = SC_SLICE_LITERAL("/"),
                             .target = SC_SLICE_LITERAL("Kinesis_20131202.ListStreams"),
                             .content_type = SC_SLICE_LITERAL(SCL_SERVICE_JSON),
                             .body = SC_SLICE_LITERAL("{}")};
  scl_service_handle(w->service, &what, &reply);
  scl_reply_fini(&reply);
  return reply;
}

static void test_headers(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  fault(&w,
        "[{\"error\":\"LimitExceededException\",\"retry_after_ms\":1500},{\"kind\":\"skewed-date\"},"
        "{\"kind\":\"slow\",\"date_skew_ms\":-1000,\"piece_bytes\":3}]");
  assert_int_equal(answer(&w).retry_after_ms, 1500);
  struct scl_reply skewed = answer(&w);
  assert_true(skewed.date_ms == NOW + 3600000 && skewed.retry_after_ms == 0 && skewed.status == 200);
  skewed = answer(&w);
  assert_true(skewed.date_ms == NOW - 1000 && skewed.delivery.piece_bytes == 3 && skewed.delivery.delay_ms == 1000);
  assert_int_equal(answer(&w).date_ms, NOW);
  end(&w);
}

/* What is refused is not carried out; what is cut short is. */
static void test_what_is_done(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  fault(&w, "[{\"kind\":\"refused-stream\"},{\"kind\":\"expired-token\"}]");
  for (int i = 0; i < 2; i++) call(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  assert_string_equal(must(&w, "ListStreams", "{}"), EMPTY);
  fault(&w, "{\"kind\":\"rst-stream\"}");
  call(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  assert_int_equal(w.delivery.ending, SCL_ENDING_STREAM);
  assert_non_null(strstr(must(&w, "ListStreams", "{}"), "\"StreamNames\":[\"s\"]"));
  end(&w);
}

/* ---- GetRecords ---- */

/* A stream of one shard with so many records, a page of two of them at a time; the first iterator. */
static void begin_stream(struct world *w, int records, char iterator[600]) {
  begin(w);
  must(w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
  for (int i = 0; i < records; i++) {
    char body[100];
    snprintf(body, sizeof(body), "{\"StreamName\":\"s\",\"PartitionKey\":\"%d\",\"Data\":\"YQ==\"}", i);
    must(w, "PutRecord", body);
    sc_clock_advance(1000);
  }
  must(w, "GetShardIterator",
       "{\"StreamName\":\"s\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"TRIM_HORIZON\"}");
  member(w, "ShardIterator", iterator);
}

/* The page at the iterator, which moves on to what the reply gives. */
static const char *page(struct world *w, char iterator[600]) {
  char body[700];
  snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\",\"Limit\":2}", iterator);
  call(w, "GetRecords", body);
  member(w, "NextShardIterator", iterator);
  return sc_buf_str(&w->body);
}

static void close_shard(struct world *w) {
  must(w, "SplitShard",
       "{\"StreamName\":\"s\",\"ShardToSplit\":\"shardId-000000000000\","
       "\"NewStartingHashKey\":\"170141183460469231731687303715884105728\"}");
}

static bool has(const char *text, const char *what) { return strstr(text, what) != NULL; }

static void test_expire_iterator(void **state) {
  (void)state;
  struct world w;
  char iterator[600];
  begin_stream(&w, 1, iterator);
  fault(&w, "{\"kind\":\"expire-iterator\"}");
  char again[600];
  memcpy(again, iterator, sizeof(again));
  const char *answer = page(&w, iterator);
  assert_int_equal(w.status, 400);
  assert_true(has(answer,
                  "{\"__type\":\"ExpiredIteratorException\",\"message\":\"Iterator expired. The iterator was created "
                  "at time Tue Nov 14 22:13:21 UTC 2023 while right now it is"));
  assert_int_equal(count(page(&w, again), "PartitionKey"), 1);
  end(&w);
}

static void test_duplicate(void **state) {
  (void)state;
  struct world w;
  char iterator[600];
  begin_stream(&w, 3, iterator);
  fault(&w, "{\"kind\":\"duplicate\"}");
  for (int i = 0; i < 2; i++) assert_true(has(page(&w, iterator), "\"PartitionKey\":\"0\""));
  assert_true(has(page(&w, iterator), "\"PartitionKey\":\"2\""));
  fault(&w, "{\"kind\":\"duplicate\"}");
  page(&w, iterator); /* empty: nothing to repeat */
  waiting(&w, 1);
  end(&w);
}

/* The last page of a closed shard comes twice too: its end is announced with the second. */
static void test_duplicate_at_the_end(void **state) {
  (void)state;
  struct world w;
  char iterator[600];
  begin_stream(&w, 2, iterator);
  close_shard(&w);
  fault(&w, "{\"kind\":\"duplicate\"}");
  const char *first = page(&w, iterator);
  assert_true(has(first, "\"PartitionKey\":\"0\"") && has(first, "NextShardIterator") && !has(first, "ChildShards"));
  const char *second = page(&w, iterator);
  assert_true(has(second, "\"PartitionKey\":\"0\"") && !has(second, "NextShardIterator") && has(second, "ChildShards"));
  end(&w);
}

static void test_behind_zero(void **state) {
  (void)state;
  struct world w;
  char iterator[600];
  begin_stream(&w, 3, iterator);
  fault(&w, "{\"kind\":\"behind-zero\",\"count\":2}");
  assert_true(has(page(&w, iterator), "\"MillisBehindLatest\":0,"));
  page(&w, iterator); /* nothing behind it: no lie */
  waiting(&w, 1);
  end(&w);
}

static void test_end_late(void **state) {
  (void)state;
  struct world w;
  char iterator[600];
  begin_stream(&w, 3, iterator);
  close_shard(&w);
  fault(&w, "{\"kind\":\"end-late\",\"count\":2}");
  page(&w, iterator);
  waiting(&w, 1);
  const char *last = page(&w, iterator);
  assert_true(has(last, "\"PartitionKey\":\"2\"") && has(last, "NextShardIterator") && !has(last, "ChildShards"));
  const char *empty = page(&w, iterator);
  assert_true(has(empty, "\"Records\":[]") && has(empty, "NextShardIterator") && !has(empty, "ChildShards"));
  const char *end_at_last = page(&w, iterator);
  assert_true(!has(end_at_last, "NextShardIterator") &&
              has(end_at_last, "\"ChildShards\":[{\"ShardId\":\"shardId-000000000001\""));
  end(&w);
}

static void test_end_falsely(void **state) {
  (void)state;
  struct world w;
  char iterator[600], again[600];
  begin_stream(&w, 3, iterator);
  memcpy(again, iterator, sizeof(again));
  fault(&w, "[{\"kind\":\"end-falsely\"},{\"kind\":\"end-falsely\",\"children\":true}]");
  const char *answer = page(&w, iterator);
  assert_true(!has(answer, "NextShardIterator") && !has(answer, "ChildShards"));
  assert_int_equal(count(answer, "PartitionKey"), 2);
  memcpy(iterator, again, sizeof(again));
  answer = page(&w, iterator);
  assert_false(has(answer, "NextShardIterator"));
  assert_true(
      has(answer,
          "\"ChildShards\":[{\"ShardId\":\"shardId-000000000001\",\"ParentShards\":[\"shardId-000000000000\"],"
          "\"HashKeyRange\":{\"StartingHashKey\":\"0\",\"EndingHashKey\":\"170141183460469231731687303715884105727\"}},"
          "{\"ShardId\":\"shardId-000000000002\",\"ParentShards\":[\"shardId-000000000000\"],\"HashKeyRange\":"
          "{\"StartingHashKey\":\"170141183460469231731687303715884105728\",\"EndingHashKey\":"
          "\"340282366920938463463374607431768211455\"}}]"));
  end(&w);
}

/* A call and its page may each meet a fault. */
static void test_call_and_page(void **state) {
  (void)state;
  struct world w;
  char iterator[600];
  begin_stream(&w, 3, iterator);
  fault(&w, "[{\"kind\":\"duplicate\",\"delay_ms\":5},{\"kind\":\"truncate\",\"bytes\":7,\"delay_ms\":20}]");
  page(&w, iterator);
  assert_true(w.delivery.delay_ms == 25 && w.delivery.cut_bytes == 7 && w.delivery.ending == SCL_ENDING_CLOSE);
  waiting(&w, 0);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_in_order),
      cmocka_unit_test(test_listing),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_no_room),
      cmocka_unit_test(test_clock),
      cmocka_unit_test(test_each_error),
      cmocka_unit_test(test_headers),
      cmocka_unit_test(test_what_is_done),
      cmocka_unit_test(test_expire_iterator),
      cmocka_unit_test(test_duplicate),
      cmocka_unit_test(test_duplicate_at_the_end),
      cmocka_unit_test(test_behind_zero),
      cmocka_unit_test(test_end_late),
      cmocka_unit_test(test_end_falsely),
      cmocka_unit_test(test_call_and_page),
  };
  return cmocka_run_group_tests_name("local/admin", tests, NULL, NULL);
}
