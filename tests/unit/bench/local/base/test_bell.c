#include "bench/local/base/bell.h"

#include "bench/local/base/gate.h"
#include "bench/local/base/timebase.h"
#include "engine/base/clock.h"
#include "tests/unit/engine/base/check.h"

struct ear {
  struct sc_listener listener;
  _Atomic int heard;
};

static void hear(struct sc_listener *listener) { ((struct ear *)listener)->heard++; }

static void test_who_listens_is_told(void **state) {
  (void)state;
  struct sc_bell bell, other;
  struct ear ears[3] = {{.listener.notify = hear}, {.listener.notify = hear}, {.listener.notify = hear}};
  sc_bell_init(&bell);
  sc_bell_init(&other);
  for (int i = 0; i < 3; i++) sc_bell_listen(&bell, &ears[i].listener);
  sc_bell_listen(&bell, &ears[0].listener); /* again: as before */
  sc_bell_ring(&bell);
  sc_bell_leave(&ears[1].listener);
  sc_bell_listen(&other, &ears[2].listener); /* leaves the first */
  sc_bell_ring(&bell);
  assert_int_equal(ears[0].heard, 2);
  assert_int_equal(ears[1].heard, 1);
  assert_int_equal(ears[2].heard, 1);
  for (int i = 0; i < 3; i++) sc_bell_leave(&ears[i].listener);
  sc_bell_ring(&bell);
  assert_int_equal(ears[0].heard, 2);
  sc_bell_fini(&bell);
  sc_bell_fini(&other);
}

static void test_dismissed_listeners_are_told_once(void **state) {
  (void)state;
  struct sc_bell bell;
  struct ear ears[2] = {{.listener.notify = hear}, {.listener.notify = hear}};
  sc_bell_init(&bell);
  for (int i = 0; i < 2; i++) sc_bell_listen(&bell, &ears[i].listener);
  sc_bell_dismiss(&bell);
  sc_bell_ring(&bell);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(ears[i].heard, 1);
    sc_bell_leave(&ears[i].listener); /* it is in none */
  }
  sc_bell_fini(&bell);
}

static void test_gate(void **state) {
  (void)state;
  struct sc_gate gate;
  struct ear ear = {.listener.notify = hear};
  sc_gate_init(&gate);
  struct sc_ticket none = {0}, ticket = {&gate, 7};
  sc_bell_listen(&gate.raised, &ear.listener);
  assert_true(sc_ticket_is_good(&none));
  assert_false(sc_ticket_is_good(&ticket));
  sc_gate_raise(&gate, 6);
  assert_false(sc_ticket_is_good(&ticket));
  sc_gate_raise(&gate, 7);
  assert_true(sc_ticket_is_good(&ticket));
  assert_int_equal(ear.heard, 2);
  sc_bell_leave(&ear.listener);
  sc_gate_fini(&gate);
}

static void test_timebase(void **state) {
  (void)state;
  struct sc_timebase timebase;
  struct ear ear = {.listener.notify = hear};
  sc_clock_freeze(1000, 5000);
  sc_timebase_init(&timebase);
  sc_bell_listen(&timebase.moved, &ear.listener);
  assert_int_equal(sc_timebase_now_ms(&timebase), 5000);
  sc_timebase_advance(&timebase, 300);
  sc_clock_advance(20);
  assert_int_equal(sc_timebase_now_ms(&timebase), 5320);
  assert_int_equal(ear.heard, 1);
  sc_bell_leave(&ear.listener);
  sc_timebase_fini(&timebase);
  sc_clock_real();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_who_listens_is_told),
      cmocka_unit_test(test_dismissed_listeners_are_told_once),
      cmocka_unit_test(test_gate),
      cmocka_unit_test(test_timebase),
  };
  return cmocka_run_group_tests_name("local/bell", tests, NULL, NULL);
}
