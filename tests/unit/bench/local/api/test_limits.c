#include "bench/local/api/limits.h"

#include <pthread.h>
#include <unistd.h>

#include "tests/unit/bench/local/api/service_calls.h"

#define IN_SHARD " in stream s under account 000000000000."
#define THROTTLED                                                                                 \
  "{\"__type\":\"ProvisionedThroughputExceededException\",\"message\":\"Rate exceeded for shard " \
  "shardId-000000000000" IN_SHARD "\"}"

static void begin_limited(struct world *w) {
  struct scl_service_settings settings = {
      .region = "eu-west-1", .page_bytes = SCL_SERVICE_PAGE_BYTES, .is_limited = true};
  begin_with(w, settings, 0);
  must(w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}");
}

/* So much later than at begin. */
static void at_ms(int64_t ms) { sc_clock_freeze(1000 + ms, NOW + ms); }

static const char *read_call(struct world *w) {
  static char body[700];
  char iterator[600];
  must(w, "GetShardIterator",
       "{\"StreamName\":\"s\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"TRIM_HORIZON\"}");
  snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\"}", member(w, "ShardIterator", iterator));
  return body;
}

static void test_calls(void **state) {
  (void)state;
  struct world w;
  begin_limited(&w);
  const char *get = read_call(&w);
  for (int i = 0; i < 5; i++) must(&w, "GetRecords", get);
  refused(&w, "GetRecords", get, THROTTLED);
  at_ms(199);
  refused(&w, "GetRecords", get, THROTTLED);
  at_ms(200);
  must(&w, "GetRecords", get);
  refused(&w, "GetRecords", get, THROTTLED);
  for (int i = 0; i < 5; i++) read_call(&w);
  refused(&w, "GetShardIterator",
          "{\"StreamName\":\"s\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"LATEST\"}", THROTTLED);
  end(&w);
}

/* A record of so many bytes of data; the answer. */
static const char *put_bytes(struct world *w, size_t n) {
  struct sc_buf body = SC_BUF_INIT;
  sc_buf_add_str(&body, "{\"StreamName\":\"s\",\"PartitionKey\":\"p\",\"Data\":\"");
  for (size_t i = 0; i < n / 3; i++) sc_buf_add_str(&body, "AAAA");
  sc_buf_add_str(&body, "\"}");
  call(w, "PutRecord", sc_buf_str(&body));
  sc_buf_fini(&body);
  return sc_buf_str(&w->body);
}

static void test_put_record(void **state) {
  (void)state;
  struct world w;
  begin_limited(&w);
  for (int second = 0; second < 11; second++) {
    at_ms(second * 1000);
    put_bytes(&w, 1048500);
    assert_int_equal(w.status, 200);
    assert_string_equal(put_bytes(&w, 300), THROTTLED);
    assert_int_equal(w.status, 400);
  }
  /* What was refused is not there; what is there comes 10 MiB at a time, and not before 5 s are over. */
  at_ms(20000);
  const char *get = read_call(&w);
  assert_int_equal(count(must(&w, "GetRecords", get), "\"Data\""), 10);
  at_ms(24900);
  refused(&w, "GetRecords", get, THROTTLED);
  at_ms(25000);
  must(&w, "GetRecords", get);
  end(&w);
}

/* Three calls of 400 records: as many fail as are above 1,000. */
static void test_put_records(void **state) {
  (void)state;
  struct world w;
  begin_limited(&w);
  struct sc_buf body = SC_BUF_INIT;
  sc_buf_add_str(&body, "{\"StreamName\":\"s\",\"Records\":[{\"Data\":\"aGk=\",\"PartitionKey\":\"p\"}");
  for (int i = 1; i < 400; i++) sc_buf_add_str(&body, ",{\"Data\":\"aGk=\",\"PartitionKey\":\"p\"}");
  sc_buf_add_str(&body, "]}");
  must(&w, "PutRecords", sc_buf_str(&body));
  must(&w, "PutRecords", sc_buf_str(&body));
  const char *answer = must(&w, "PutRecords", sc_buf_str(&body));
  assert_non_null(strstr(answer, "{\"FailedRecordCount\":200,\"Records\":[{\"ShardId\":\"shardId-000000000000\","));
  assert_int_equal(count(answer, "\"SequenceNumber\""), 200);
  assert_int_equal(count(answer,
                         "{\"ErrorCode\":\"ProvisionedThroughputExceededException\",\"ErrorMessage\":"
                         "\"Rate exceeded for shard shardId-000000000000" IN_SHARD "\"}"),
                   200);
  assert_int_equal(count(must(&w, "GetRecords", read_call(&w)), "\"Data\""), 1000);
  sc_buf_fini(&body);
  end(&w);
}

static void test_account(void **state) {
  (void)state;
  struct world w;
  begin_limited(&w);
  for (int i = 0; i < 5; i++) must(&w, "ListStreams", "{}");
  refused(&w, "ListStreams", "{}",
          "{\"__type\":\"LimitExceededException\",\"message\":\"Rate exceeded for account 000000000000.\"}");
  for (int i = 0; i < 10; i++) must(&w, "DescribeStream", "{\"StreamName\":\"s\"}");
  refused(&w, "DescribeStream", "{\"StreamARN\":\"arn:aws:kinesis:eu-west-1:000000000000:stream/s\"}",
          "{\"__type\":\"LimitExceededException\",\"message\":\"Rate exceeded for stream s under account "
          "000000000000.\"}");
  at_ms(1000);
  must(&w, "ListStreams", "{}");
  must(&w, "DescribeStream", "{\"StreamName\":\"s\"}");
  end(&w);
}

/* Each stream has its own rate, by whichever member it is named. */
static void test_stream(void **state) {
  (void)state;
  struct world w;
  char token[600], body[700];
  begin_limited(&w);
  must(&w, "CreateStream", "{\"StreamName\":\"other\",\"ShardCount\":2}");
  must(&w, "ListShards", "{\"StreamName\":\"other\",\"MaxResults\":1}");
  snprintf(body, sizeof(body), "{\"NextToken\":\"%s\"}", member(&w, "NextToken", token));
  for (int i = 0; i < 500; i++) {
    must(&w, "ListShards", "{\"StreamName\":\"s\"}");
    must(&w, "ListShards", "{\"StreamARN\":\"arn:aws:kinesis:eu-west-1:000000000000:stream/s\"}");
  }
  refused(&w, "ListShards", "{\"StreamName\":\"s\"}",
          "{\"__type\":\"LimitExceededException\",\"message\":\"Rate exceeded for stream s under account "
          "000000000000.\"}");
  for (int i = 0; i < 999; i++) must(&w, "ListShards", body);
  refused(&w, "ListShards", body,
          "{\"__type\":\"LimitExceededException\",\"message\":\"Rate exceeded for stream other under account "
          "000000000000.\"}");
  end(&w);
}

/* Threads that share shard, stream and account: together they get what one would. */
struct many {
  struct world *w;
  const char *get;
  int n_read, n_listed;
};

static int succeeds(struct scl_service *service, const char *target, const char *body) {
  struct scl_request what = {.method = SC_SLICE_LITERAL("POST"),
                             .path = SC_SLICE_LITERAL("/"),
                             .target = sc_slice_str(target),
                             .content_type = SC_SLICE_LITERAL(SCL_SERVICE_JSON),
                             .body = sc_slice_str(body)};
  struct scl_reply reply = {0};
  scl_service_handle(service, &what, &reply);
  int status = reply.status;
  scl_reply_fini(&reply);
  return status == 200;
}

static void *call_much(void *context) {
  struct many *many = context;
  for (int i = 0; i < 50; i++) {
    many->n_read += succeeds(many->w->service, "Kinesis_20131202.GetRecords", many->get);
    many->n_listed += succeeds(many->w->service, "Kinesis_20131202.ListStreams", "{}");
  }
  return NULL;
}

static void test_threads(void **state) {
  (void)state;
  struct world w;
  pthread_t threads[4];
  struct many many[4];
  int n_read = 0, n_listed = 0;
  begin_limited(&w);
  const char *get = read_call(&w);
  for (int i = 0; i < 4; i++) {
    many[i] = (struct many){.w = &w, .get = get};
    assert_int_equal(pthread_create(&threads[i], NULL, call_much, &many[i]), 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    n_read += many[i].n_read;
    n_listed += many[i].n_listed;
  }
  assert_int_equal(n_read, 5);
  assert_int_equal(n_listed, 5);
  end(&w);
}

static uint64_t resident_bytes(void) {
  unsigned long long pages, resident;
  FILE *file = fopen("/proc/self/statm", "re");
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%llu %llu", &pages, &resident), 2);
  fclose(file);
  return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* A shard that nobody has written to, its buckets and all. The lower bound is there to see that anything was measured:
 * some of it may lie in memory that was resident before. */
static void test_memory_per_idle_shard(void **state) {
  (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  skip(); /* their shadows count too */
#endif
  enum { SHARDS = 16384 };
  uint64_t before = resident_bytes();
  struct scl_store *store = scl_store_new(0, 0);
  scl_store_create(store, SC_SLICE_LITERAL("s"), SHARDS, NOW);
  uint64_t after = resident_bytes();
  scl_store_free(store);
  assert_in_range((after - before) / SHARDS, sizeof(struct scl_store_shard) / 2, 4095);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_calls),
      cmocka_unit_test(test_put_record),
      cmocka_unit_test(test_put_records),
      cmocka_unit_test(test_account),
      cmocka_unit_test(test_stream),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_memory_per_idle_shard),
  };
  return cmocka_run_group_tests_name("local/limits", tests, NULL, NULL);
}
