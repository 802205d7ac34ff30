#include "bench/local/store/quota.h"

#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000123)
#define MIB SCL_MIB

static const struct scl_rate FIVE = {5, 5};

static int take_all(struct scl_bucket *bucket, struct scl_rate rate, int64_t now_ms) {
  int n = 0;
  while (scl_bucket_take(bucket, rate, 1, now_ms)) n++;
  return n;
}

static void test_bucket(void **state) {
  (void)state;
  struct scl_bucket bucket = {0};
  assert_int_equal(take_all(&bucket, FIVE, NOW), 5);
  assert_int_equal(scl_bucket_wait_ms(&bucket, FIVE, 1, NOW), 200);
  assert_int_equal(scl_bucket_wait_ms(&bucket, FIVE, 5, NOW), 1000);
  assert_int_equal(take_all(&bucket, FIVE, NOW + 199), 0);
  assert_int_equal(scl_bucket_wait_ms(&bucket, FIVE, 1, NOW + 199), 1);
  assert_int_equal(take_all(&bucket, FIVE, NOW + 200), 1);
  assert_int_equal(take_all(&bucket, FIVE, NOW + 1000), 4);
  assert_int_equal(take_all(&bucket, FIVE, NOW + 10000000000), 5);
}

/* Asked every millisecond, or for thirds of a unit's time: nothing is lost to rounding. */
static void test_exact(void **state) {
  (void)state;
  static const struct scl_rate rates[] = {{1, 1}, {3, 7}, {5, 5}, {1000, 1000}, {999, 10}};
  for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
    struct scl_bucket bucket = {0};
    int64_t n = 0;
    for (int64_t ms = 0; ms <= 20000; ms++) n += take_all(&bucket, rates[i], NOW + ms);
    assert_int_equal(n, rates[i].burst + 20 * rates[i].per_s);
  }
}

/* In no second do more than the burst and a second's units pass. */
static void test_bound(void **state) {
  (void)state;
  struct scl_bucket bucket = {0};
  int passed[5000] = {0};
  for (int ms = 0; ms < 5000; ms += 7) passed[ms] = take_all(&bucket, FIVE, NOW + ms);
  for (int from = 0; from + 1000 <= 5000; from++) {
    int n = 0;
    for (int ms = from; ms < from + 1000; ms++) n += passed[ms];
    assert_in_range(n, 4, 10);
  }
}

static void test_more_than_the_burst(void **state) {
  (void)state;
  struct scl_bucket bucket = {0};
  struct scl_rate rate = {10, 10};
  assert_true(scl_bucket_take(&bucket, rate, 1, NOW));
  assert_false(scl_bucket_take(&bucket, rate, 25, NOW));
  assert_true(scl_bucket_take(&bucket, rate, 25, NOW + 100));
  assert_int_equal(scl_bucket_wait_ms(&bucket, rate, 1, NOW + 100), 1600);
  scl_bucket_owe(&bucket, rate, 10, NOW + 100);
  assert_int_equal(scl_bucket_wait_ms(&bucket, rate, 1, NOW + 100), 2600);
  assert_int_equal(scl_bucket_wait_ms(&bucket, rate, 0, NOW + 100), 2500);
}

static void test_clock_back(void **state) {
  (void)state;
  struct scl_bucket bucket = {0};
  assert_int_equal(take_all(&bucket, FIVE, NOW), 5);
  assert_int_equal(take_all(&bucket, FIVE, NOW - 5000), 0);
  assert_int_equal(scl_bucket_wait_ms(&bucket, FIVE, 1, NOW - 5000), 5200);
  assert_int_equal(take_all(&bucket, FIVE, NOW + 200), 1);
}

static void test_reads(void **state) {
  (void)state;
  struct scl_shard_quota quota = {0};
  for (int i = 0; i < 5; i++) assert_true(scl_shard_quota_read(&quota, NOW));
  assert_false(scl_shard_quota_read(&quota, NOW));
  assert_true(scl_shard_quota_read(&quota, NOW + 200));
  for (int i = 0; i < 5; i++) assert_true(scl_shard_quota_iterator(&quota, NOW));
  assert_false(scl_shard_quota_iterator(&quota, NOW));
}

/* 10 MiB in one call: refused for the next 5 seconds. */
static void test_ten_mib(void **state) {
  (void)state;
  struct scl_shard_quota quota = {0};
  assert_true(scl_shard_quota_read(&quota, NOW));
  scl_shard_quota_returned(&quota, 10 * MIB, NOW);
  assert_false(scl_shard_quota_read(&quota, NOW + 1));
  assert_false(scl_shard_quota_read(&quota, NOW + 4999));
  assert_true(scl_shard_quota_read(&quota, NOW + 5000));
  scl_shard_quota_returned(&quota, 2 * MIB, NOW + 5000);
  assert_true(scl_shard_quota_read(&quota, NOW + 5001));
}

/* A little more than there is: refused for a second. */
static void test_read_bytes(void **state) {
  (void)state;
  struct scl_shard_quota quota = {0};
  assert_true(scl_shard_quota_read(&quota, NOW));
  scl_shard_quota_returned(&quota, 2 * MIB, NOW);
  assert_true(scl_shard_quota_read(&quota, NOW));
  scl_shard_quota_returned(&quota, 1, NOW);
  assert_false(scl_shard_quota_read(&quota, NOW + 1000));
  assert_true(scl_shard_quota_read(&quota, NOW + 1001));
}

/* Whatever the pages: 2 MiB a second in the long run, after the first 12 MiB at most. */
static void test_read_rate(void **state) {
  (void)state;
  static const int64_t pages[] = {100000, MIB, 3 * MIB, 10 * MIB};
  for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
    struct scl_shard_quota quota = {0};
    int64_t bytes = 0;
    for (int ms = 0; ms < 60000; ms += 10) {
      if (!scl_shard_quota_read(&quota, NOW + ms)) continue;
      scl_shard_quota_returned(&quota, (uint64_t)pages[i], NOW + ms);
      bytes += pages[i];
    }
    assert_in_range(bytes, pages[i] == 100000 ? 5 * 100000 * 59 : 118 * MIB, 132 * MIB);
  }
}

static void test_puts(void **state) {
  (void)state;
  struct scl_shard_quota quota = {0};
  for (int i = 0; i < 1000; i++) assert_true(scl_shard_quota_put(&quota, 100, NOW));
  assert_false(scl_shard_quota_put(&quota, 100, NOW));
  assert_true(scl_shard_quota_put(&quota, 100, NOW + 1));
  struct scl_shard_quota other = {0};
  assert_true(scl_shard_quota_put(&other, MIB - 1, NOW));
  assert_false(scl_shard_quota_put(&other, 2, NOW));
  assert_true(scl_shard_quota_put(&other, 1, NOW));
  assert_true(scl_shard_quota_put(&other, MIB, NOW + 1000));
  assert_false(scl_shard_quota_put(&other, 3 * MIB, NOW + 1999));
  assert_true(scl_shard_quota_put(&other, 3 * MIB, NOW + 2000));
  assert_false(scl_shard_quota_put(&other, 1, NOW + 4000));
  assert_true(scl_shard_quota_put(&other, 1, NOW + 4001));
}

/* Each operation's bucket is its own. */
static void test_control(void **state) {
  (void)state;
  static const char *const account[] = {
      "CreateStream",          "DeleteStream", "ListStreams", "DescribeStream",       "AddTagsToStream",
      "DescribeStreamSummary", "SplitShard",   "MergeShards", "StopStreamEncryption", "RegisterStreamConsumer"};
  static const char *const stream[] = {"ListShards", "DescribeStreamConsumer", "ListStreamConsumers",
                                       "DeregisterStreamConsumer"};
  unsigned seen = 0;
  for (size_t i = 0; i < sizeof(account) / sizeof(*account); i++) {
    const struct scl_control_rate *rate = scl_control_rate_of(account[i]);
    assert_non_null(rate);
    assert_int_equal(rate->scope, SCL_QUOTA_ACCOUNT);
    assert_in_range(rate->place, 0, SCL_QUOTA_ACCOUNT_BUCKETS - 1);
    assert_false(seen & 1u << rate->place);
    seen |= 1u << rate->place;
  }
  for (int i = 0; i < SCL_QUOTA_STREAM_BUCKETS; i++) {
    const struct scl_control_rate *rate = scl_control_rate_of(stream[i]);
    assert_int_equal(rate->scope, SCL_QUOTA_STREAM);
    assert_int_equal(rate->place, i);
  }
  assert_null(scl_control_rate_of("GetRecords"));
  assert_null(scl_control_rate_of(""));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bucket),     cmocka_unit_test(test_exact),
      cmocka_unit_test(test_bound),      cmocka_unit_test(test_more_than_the_burst),
      cmocka_unit_test(test_clock_back), cmocka_unit_test(test_reads),
      cmocka_unit_test(test_ten_mib),    cmocka_unit_test(test_read_bytes),
      cmocka_unit_test(test_read_rate),  cmocka_unit_test(test_puts),
      cmocka_unit_test(test_control),
  };
  return cmocka_run_group_tests_name("local/quota", tests, NULL, NULL);
}
