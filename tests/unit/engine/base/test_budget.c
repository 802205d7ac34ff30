#include "engine/base/budget.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "engine/base/park.h"
#include "engine/base/random.h"
#include "tests/unit/engine/base/check.h"

enum { THREADS = 3, ROUNDS = 5000, LONG_MS = 30000 };

static void test_takes_up_to_the_limit(void **state) {
  (void)state;
  struct sc_budget *b = sc_budget_new(1000, 100, 200);
  assert_int_equal(sc_budget_limit(b, SC_POOL_BODIES), 800);
  assert_int_equal(sc_budget_limit(b, SC_POOL_BLOCKS), 100);
  assert_true(sc_budget_take(b, SC_POOL_BODIES, 500));
  assert_false(sc_budget_take(b, SC_POOL_BODIES, 301));
  assert_int_equal(sc_budget_used(b, SC_POOL_BODIES), 500);
  assert_true(sc_budget_take(b, SC_POOL_BODIES, 300));
  assert_false(sc_budget_take(b, SC_POOL_BODIES, 1));
  assert_true(sc_budget_take(b, SC_POOL_BODIES, 0));
  assert_false(sc_budget_take(b, SC_POOL_BLOCKS, SIZE_MAX));
  sc_budget_give(b, SC_POOL_BODIES, 800);
  assert_int_equal(sc_budget_used(b, SC_POOL_BODIES), 0);
  sc_budget_free(b);
  sc_budget_free(NULL);
}

static void test_pools_do_not_starve_each_other(void **state) {
  (void)state;
  struct sc_budget *b = sc_budget_new(1000, 100, 200);
  assert_true(sc_budget_take(b, SC_POOL_BODIES, 800));
  assert_true(sc_budget_take(b, SC_POOL_BLOCKS, 100));
  assert_false(sc_budget_take(b, SC_POOL_BLOCKS, 1));
  sc_budget_give(b, SC_POOL_BODIES, 800);
  assert_false(sc_budget_take(b, SC_POOL_BLOCKS, 1));
  sc_budget_give(b, SC_POOL_BLOCKS, 100);
  sc_budget_free(b);
}

static void test_one_holds_the_reserve(void **state) {
  (void)state;
  struct sc_budget *b = sc_budget_new(1000, 100, 200);
  assert_true(sc_budget_take(b, SC_POOL_BODIES, 800));
  assert_false(sc_budget_take_reserve(b, 201));
  assert_true(sc_budget_take_reserve(b, 200));
  assert_false(sc_budget_take_reserve(b, 1));
  assert_int_equal(sc_budget_used(b, SC_POOL_BODIES), 800);
  sc_budget_give_reserve(b, 200);
  assert_true(sc_budget_take_reserve(b, 0));
  assert_false(sc_budget_take_reserve(b, 0));
  sc_budget_give_reserve(b, 0);
  sc_budget_give(b, SC_POOL_BODIES, 800);
  sc_budget_free(b);
}

static void test_low_is_less_than_a_quarter(void **state) {
  (void)state;
  struct sc_budget *b = sc_budget_new(1100, 100, 100);
  assert_true(sc_budget_take(b, SC_POOL_BODIES, 750));
  assert_false(sc_budget_is_low(b, SC_POOL_BODIES));
  assert_true(sc_budget_take(b, SC_POOL_BODIES, 1));
  assert_true(sc_budget_is_low(b, SC_POOL_BODIES));
  assert_false(sc_budget_is_low(b, SC_POOL_BLOCKS));
  sc_budget_give(b, SC_POOL_BODIES, 751);
  sc_budget_free(b);
}

static bool is_woken(struct sc_park *park) { return sc_park_wait(park, 0); }

static void test_giving_wakes_who_was_refused(void **state) {
  (void)state;
  struct sc_error err;
  struct sc_park *bodies = sc_park_new(&err), *blocks = sc_park_new(&err);
  struct sc_budget *b = sc_budget_new(1000, 100, 200);
  sc_budget_add_waiter(b, SC_POOL_BODIES, bodies);
  sc_budget_add_waiter(b, SC_POOL_BLOCKS, blocks);
  assert_true(sc_budget_take(b, SC_POOL_BODIES, 800));
  assert_true(sc_budget_take_reserve(b, 10));
  sc_park_prepare(blocks);

  sc_park_prepare(bodies);
  sc_budget_give(b, SC_POOL_BODIES, 100);
  assert_false(is_woken(bodies)); /* nobody was refused */

  sc_park_prepare(bodies);
  assert_false(sc_budget_take(b, SC_POOL_BODIES, 101));
  sc_budget_give(b, SC_POOL_BODIES, 700);
  assert_true(is_woken(bodies));

  sc_park_prepare(bodies);
  assert_false(sc_budget_take_reserve(b, 1));
  sc_budget_give_reserve(b, 10);
  assert_true(is_woken(bodies));
  assert_false(is_woken(blocks));
  sc_budget_free(b);
  sc_park_free(bodies);
  sc_park_free(blocks);
}

/* Threads that take and give at random and sleep when refused: nobody sleeps for ever, the limit holds, all is back. */
struct taker {
  pthread_t id;
  struct sc_budget *budget;
  struct sc_park *park;
  uint64_t seed;
  int done;
  bool over;
};

static bool take_or_sleep(struct taker *t, size_t bytes) {
  while (!sc_budget_take(t->budget, SC_POOL_BODIES, bytes)) {
    sc_park_prepare(t->park);
    if (sc_budget_take(t->budget, SC_POOL_BODIES, bytes)) {
      sc_park_cancel(t->park);
      return true;
    }
    if (!sc_park_wait(t->park, LONG_MS)) return false;
  }
  return true;
}

static void *take_and_give(void *arg) {
  struct taker *t = arg;
  struct sc_random random;
  sc_random_init(&random, t->seed);
  for (; t->done < ROUNDS; t->done++) {
    size_t bytes = 1 + sc_random_below(&random, 100);
    if (!take_or_sleep(t, bytes)) break;
    t->over |= sc_budget_used(t->budget, SC_POOL_BODIES) > 100;
    if (bytes % 4 == 0) sched_yield();
    sc_budget_give(t->budget, SC_POOL_BODIES, bytes);
  }
  return NULL;
}

static void test_nobody_starves_between_threads(void **state) {
  (void)state;
  struct sc_error err;
  struct sc_budget *b = sc_budget_new(120, 100, 20);
  struct taker takers[THREADS];
  for (int i = 0; i < THREADS; i++) {
    takers[i] = (struct taker){.budget = b, .park = sc_park_new(&err), .seed = (uint64_t)i};
    sc_budget_add_waiter(b, SC_POOL_BODIES, takers[i].park);
  }
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&takers[i].id, NULL, take_and_give, &takers[i]), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(takers[i].id, NULL);
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(takers[i].done, ROUNDS);
    assert_false(takers[i].over);
    sc_park_free(takers[i].park);
  }
  assert_int_equal(sc_budget_used(b, SC_POOL_BODIES), 0);
  sc_budget_free(b);
}

static void free_with_credit_out(void) {
  struct sc_budget *b = sc_budget_new(1000, 100, 200);
  sc_budget_take(b, SC_POOL_BLOCKS, 1);
  sc_budget_free(b);
}

static void free_with_reserve_out(void) {
  struct sc_budget *b = sc_budget_new(1000, 100, 200);
  sc_budget_take_reserve(b, 0);
  sc_budget_free(b);
}

static void give_too_much(void) { sc_budget_give(sc_budget_new(1000, 100, 200), SC_POOL_BODIES, 1); }

static void give_another_reserve(void) {
  struct sc_budget *b = sc_budget_new(1000, 100, 200);
  sc_budget_take_reserve(b, 10);
  sc_budget_give_reserve(b, 9);
}

static void test_wrong_accounts_abort(void **state) {
  (void)state;
  assert_true(aborts(free_with_credit_out));
  assert_true(aborts(free_with_reserve_out));
  assert_true(aborts(give_too_much));
  assert_true(aborts(give_another_reserve));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_takes_up_to_the_limit),        cmocka_unit_test(test_pools_do_not_starve_each_other),
      cmocka_unit_test(test_one_holds_the_reserve),        cmocka_unit_test(test_low_is_less_than_a_quarter),
      cmocka_unit_test(test_giving_wakes_who_was_refused), cmocka_unit_test(test_nobody_starves_between_threads),
      cmocka_unit_test(test_wrong_accounts_abort),
  };
  return cmocka_run_group_tests_name("base/budget", tests, NULL, NULL);
}
