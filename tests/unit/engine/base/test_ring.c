#include "engine/base/ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "tests/unit/engine/base/check.h"

enum { N = 100000 };

static int cells[8];

static void test_first_in_first_out(void **state) {
  (void)state;
  struct sc_ring *ring = sc_ring_new(4);
  assert_true(sc_ring_is_empty(ring));
  assert_null(sc_ring_pop(ring));
  assert_null(sc_ring_peek(ring));
  for (int i = 0; i < 4; i++) {
    assert_false(sc_ring_is_full(ring));
    assert_true(sc_ring_push(ring, &cells[i]));
  }
  assert_true(sc_ring_is_full(ring));
  assert_false(sc_ring_push(ring, &cells[4]));
  assert_false(sc_ring_is_empty(ring));
  for (int i = 0; i < 4; i++) {
    assert_ptr_equal(sc_ring_peek(ring), &cells[i]);
    assert_ptr_equal(sc_ring_pop(ring), &cells[i]);
  }
  assert_null(sc_ring_pop(ring));
  sc_ring_free(ring);
}

static void test_goes_round_at_every_fill(void **state) {
  (void)state;
  struct sc_ring *ring = sc_ring_new(8);
  uintptr_t pushed = 0, popped = 0;
  for (uintptr_t fill = 1; fill <= 8; fill++)
    for (int turn = 0; turn < 10; turn++) {
      for (uintptr_t i = 0; i < fill; i++) assert_true(sc_ring_push(ring, (void *)++pushed));
      assert_int_equal(sc_ring_is_full(ring), fill == 8);
      for (uintptr_t i = 0; i < fill; i++) assert_int_equal((uintptr_t)sc_ring_pop(ring), ++popped);
      assert_true(sc_ring_is_empty(ring));
    }
  sc_ring_free(ring);
}

/* What the items point to is plain memory: TSAN sees whether the ring hands it over. */
struct shared {
  struct sc_ring *ring;
  uint32_t *payload;
};

static void *produce(void *arg) {
  struct shared *s = arg;
  for (uint32_t i = 0; i < N; i++) {
    s->payload[i] = i + 1;
    while (!sc_ring_push(s->ring, &s->payload[i])) sched_yield();
  }
  return NULL;
}

static void check_between_threads(size_t capacity) {
  struct shared s = {sc_ring_new(capacity), calloc(N, sizeof(uint32_t))};
  pthread_t producer;
  uint32_t wrong = 0;
  assert_int_equal(pthread_create(&producer, NULL, produce, &s), 0);
  for (uint32_t i = 0; i < N; i++) {
    uint32_t *item;
    while (!(item = sc_ring_pop(s.ring))) sched_yield();
    wrong += item != &s.payload[i] || *item != i + 1;
    *item = 0;
  }
  pthread_join(producer, NULL);
  assert_int_equal(wrong, 0);
  assert_true(sc_ring_is_empty(s.ring));
  sc_ring_free(s.ring);
  free(s.payload);
}

static void test_order_holds_between_threads(void **state) {
  (void)state;
  check_between_threads(2);
  check_between_threads(1024);
}

static void free_a_full_ring(void) {
  struct sc_ring *ring = sc_ring_new(2);
  sc_ring_push(ring, cells);
  sc_ring_free(ring);
}

static void push_nothing(void) { sc_ring_push(sc_ring_new(2), NULL); }
static void ask_for_three(void) { sc_ring_new(3); }
static void ask_for_one(void) { sc_ring_new(1); }
static void ask_for_too_many(void) { sc_ring_new(131072); }

static void test_misuse_aborts(void **state) {
  (void)state;
  assert_true(aborts(free_a_full_ring));
  assert_true(aborts(push_nothing));
  assert_true(aborts(ask_for_three));
  assert_true(aborts(ask_for_one));
  assert_true(aborts(ask_for_too_many));
  sc_ring_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_first_in_first_out),
      cmocka_unit_test(test_goes_round_at_every_fill),
      cmocka_unit_test(test_order_holds_between_threads),
      cmocka_unit_test(test_misuse_aborts),
  };
  return cmocka_run_group_tests_name("base/ring", tests, NULL, NULL);
}
