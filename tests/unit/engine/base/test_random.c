#include "engine/base/random.h"

#include "tests/unit/engine/base/check.h"

/* The first outputs from the state {1, 2, 3, 4}, as the authors' own program gives them. */
static void test_generator_follows_its_definition(void **state) {
  (void)state;
  struct sc_random r = {{1, 2, 3, 4}};
  assert_int_equal(sc_random_u64(&r), 11520);
  assert_int_equal(sc_random_u64(&r), 0);
  assert_int_equal(sc_random_u64(&r), 1509978240);
  assert_int_equal(sc_random_u64(&r), UINT64_C(1215971899390074240));
}

static void test_same_seed_same_sequence(void **state) {
  (void)state;
  struct sc_random a, b, c;
  int same = 0;
  sc_random_init(&a, 42);
  sc_random_init(&b, 42);
  sc_random_init(&c, 43);
  for (int i = 0; i < 1000; i++) {
    uint64_t x = sc_random_u64(&a);
    assert_int_equal(x, sc_random_u64(&b));
    same += x == sc_random_u64(&c);
  }
  assert_int_equal(same, 0);
}

static void test_seed_zero_is_no_trap(void **state) {
  (void)state;
  struct sc_random r;
  sc_random_init(&r, 0);
  assert_true(r.s[0] && r.s[1] && r.s[2] && r.s[3]);
}

static void test_below_is_even(void **state) {
  (void)state;
  struct sc_random r;
  int counts[6] = {0};
  sc_random_init(&r, 1);
  for (int i = 0; i < 60000; i++) {
    uint64_t x = sc_random_below(&r, 6);
    assert_true(x < 6);
    counts[x]++;
  }
  for (int i = 0; i < 6; i++) assert_in_range(counts[i], 9500, 10500);
  assert_int_equal(sc_random_below(&r, 1), 0);
  for (int i = 0; i < 100; i++) assert_true(sc_random_below(&r, UINT64_MAX) < UINT64_MAX);
}

static void test_unit_stays_in_its_interval(void **state) {
  (void)state;
  struct sc_random r;
  double sum = 0;
  sc_random_init(&r, 2);
  for (int i = 0; i < 10000; i++) {
    double x = sc_random_unit(&r);
    assert_true(x >= 0 && x < 1);
    sum += x;
  }
  assert_true(sum > 4800 && sum < 5200);
}

static int64_t most_of_many(unsigned attempt) {
  struct sc_random r;
  int64_t most = 0;
  sc_random_init(&r, attempt);
  for (int i = 0; i < 2000; i++) {
    int64_t ms = sc_random_backoff_ms(&r, 100, 5000, attempt);
    assert_true(ms >= 0);
    if (ms > most) most = ms;
  }
  return most;
}

static void test_backoff_doubles_up_to_its_cap(void **state) {
  (void)state;
  struct sc_random r;
  assert_in_range(most_of_many(0), 98, 100);
  assert_in_range(most_of_many(1), 190, 200);
  assert_in_range(most_of_many(5), 3100, 3200);
  assert_in_range(most_of_many(6), 4900, 5000);
  assert_in_range(most_of_many(63), 4900, 5000);
  assert_in_range(most_of_many(4000000000u), 4900, 5000);
  sc_random_init(&r, 3);
  assert_int_equal(sc_random_backoff_ms(&r, 0, 5000, 3), 0);
  assert_in_range(sc_random_backoff_ms(&r, INT64_MAX, INT64_MAX, 61), 0, INT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_generator_follows_its_definition),
      cmocka_unit_test(test_same_seed_same_sequence),
      cmocka_unit_test(test_seed_zero_is_no_trap),
      cmocka_unit_test(test_below_is_even),
      cmocka_unit_test(test_unit_stays_in_its_interval),
      cmocka_unit_test(test_backoff_doubles_up_to_its_cap),
  };
  return cmocka_run_group_tests_name("base/random", tests, NULL, NULL);
}
