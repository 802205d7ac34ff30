#include "engine/base/park.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/unit/engine/base/check.h"

enum { ROUNDS = 20000, LONG_MS = 30000 };

static struct sc_park *new_park(void) {
  struct sc_error err;
  struct sc_park *park = sc_park_new(&err);
  assert_non_null(park);
  return park;
}

static bool is_readable(const struct sc_park *park) {
  struct pollfd p = {.fd = sc_park_fd(park), .events = POLLIN};
  return poll(&p, 1, 0) == 1;
}

static void test_wake_after_prepare_ends_the_sleep(void **state) {
  (void)state;
  struct sc_park *park = new_park();
  sc_park_prepare(park);
  assert_false(is_readable(park));
  sc_park_wake(park);
  assert_true(is_readable(park));
  assert_true(sc_park_wait(park, LONG_MS));
  assert_false(is_readable(park));
  sc_park_free(park);
}

static void test_wake_of_the_awake_costs_nothing(void **state) {
  (void)state;
  struct sc_park *park = new_park();
  sc_park_wake(park);
  assert_false(is_readable(park));
  sc_park_prepare(park);
  sc_park_cancel(park);
  sc_park_wake(park);
  assert_false(is_readable(park));
  sc_park_prepare(park);
  sc_park_wake(park);
  sc_park_finish(park);
  sc_park_wake(park);
  assert_false(is_readable(park));
  sc_park_free(park);
}

static void test_many_wakes_are_one(void **state) {
  (void)state;
  struct sc_park *park = new_park();
  sc_park_prepare(park);
  for (int i = 0; i < 100; i++) sc_park_wake(park);
  assert_true(sc_park_wait(park, LONG_MS));
  sc_park_prepare(park);
  assert_false(sc_park_wait(park, 0));
  sc_park_free(park);
}

static void test_sleep_without_wake_times_out(void **state) {
  (void)state;
  struct sc_park *park = new_park();
  sc_park_prepare(park);
  assert_false(sc_park_wait(park, 1));
  sc_park_free(park);
}

static void test_wake_keeps_errno(void **state) {
  (void)state;
  struct sc_park *park = new_park();
  sc_park_prepare(park);
  errno = ENOENT;
  sc_park_wake(park);
  assert_int_equal(errno, ENOENT);
  sc_park_free(park);
}

/* The waker publishes the next round as soon as the last is seen, so that its wake falls at every point of the owner's
 * way to sleep. A lost wake-up leaves both waiting: the owner's sleep times out. */
struct game {
  struct sc_park *park;
  _Atomic int published, seen;
};

static void *publish(void *arg) {
  struct game *g = arg;
  for (int i = 1; i <= ROUNDS; i++) {
    atomic_store_explicit(&g->published, i, memory_order_relaxed);
    sc_park_wake(g->park);
    while (atomic_load_explicit(&g->seen, memory_order_relaxed) >= 0 &&
           atomic_load_explicit(&g->seen, memory_order_relaxed) < i)
      sched_yield();
  }
  return NULL;
}

static bool wait_for(struct game *g, int round) {
  while (atomic_load_explicit(&g->published, memory_order_relaxed) < round) {
    sc_park_prepare(g->park);
    if (atomic_load_explicit(&g->published, memory_order_relaxed) >= round) sc_park_cancel(g->park);
    else if (!sc_park_wait(g->park, LONG_MS)) return false;
  }
  return true;
}

static void test_no_wake_is_lost_between_threads(void **state) {
  (void)state;
  struct game g = {.park = new_park()};
  pthread_t waker;
  int round = 1;
  assert_int_equal(pthread_create(&waker, NULL, publish, &g), 0);
  while (round <= ROUNDS && wait_for(&g, round)) atomic_store_explicit(&g.seen, round++, memory_order_relaxed);
  atomic_store(&g.seen, round > ROUNDS ? ROUNDS : -1);
  pthread_join(waker, NULL);
  assert_int_equal(round, ROUNDS + 1);
  sc_park_free(g.park);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wake_after_prepare_ends_the_sleep),
      cmocka_unit_test(test_wake_of_the_awake_costs_nothing),
      cmocka_unit_test(test_many_wakes_are_one),
      cmocka_unit_test(test_sleep_without_wake_times_out),
      cmocka_unit_test(test_wake_keeps_errno),
      cmocka_unit_test(test_no_wake_is_lost_between_threads),
  };
  return cmocka_run_group_tests_name("base/park", tests, NULL, NULL);
}
