#include "engine/base/metrics.h"

#include <pthread.h>
#include <string.h>

#include "engine/base/buf.h"
#include "tests/unit/engine/base/check.h"

enum { THREADS = 3, ADDS = 100000 };

static void *count(void *arg) {
  struct sc_metrics *mine = sc_metrics_mine();
  for (int i = 0; i < ADDS; i++) sc_metric_add(mine, SC_M_ROWS, 2);
  *(struct sc_metrics **)arg = mine;
  return NULL;
}

/* Sums while the threads add (TSAN watches), and again when they have ended: their counts stay. */
static void test_sums_over_threads(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  struct sc_metrics *sets[THREADS];
  uint64_t before = 0;
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, count, &sets[i]), 0);
  for (int i = 0; i < 1000; i++) {
    uint64_t now = sc_metric_sum(SC_M_ROWS);
    assert_true(now >= before && now <= 2 * THREADS * ADDS);
    before = now;
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  assert_int_equal(sc_metric_sum(SC_M_ROWS), 2 * THREADS * ADDS);
  assert_int_equal(sc_metric_sum(SC_M_CALLS), 0);
  assert_ptr_not_equal(sets[0], sets[1]);
  assert_ptr_not_equal(sets[1], sets[2]);
}

static void test_a_thread_keeps_its_set(void **state) {
  (void)state;
  struct sc_metrics *mine = sc_metrics_mine();
  assert_ptr_equal(sc_metrics_mine(), mine);
  assert_int_equal((uintptr_t)mine % 64, 0);
  sc_metric_add(mine, SC_M_CALLS, 5);
  sc_metric_add(mine, SC_M_CALLS, 1);
  assert_int_equal(sc_metric_sum(SC_M_CALLS), 6);
}

static void test_names_and_reference(void **state) {
  (void)state;
  struct sc_buf out = SC_BUF_INIT;
  assert_string_equal(sc_metric_name(SC_M_RECORDS_IN), "records_in");
  sc_metrics_print_reference(&out);
  assert_non_null(strstr(sc_buf_str(&out), "| `rows` | rows | rows committed to the target |\n"));
  for (int i = 0; i < SC_METRICS; i++) assert_non_null(strstr(sc_buf_str(&out), sc_metric_name((enum sc_metric)i)));
  sc_buf_fini(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sums_over_threads),
      cmocka_unit_test(test_a_thread_keeps_its_set),
      cmocka_unit_test(test_names_and_reference),
  };
  return cmocka_run_group_tests_name("base/metrics", tests, NULL, NULL);
}
