#include "bench/local/base/notifier.h"

#include "bench/local/base/gate.h"
#include "bench/local/base/timebase.h"
#include "engine/base/clock.h"
#include "tests/unit/engine/base/check.h"

struct wakeup {
  struct scl_listener listener;
  _Atomic int heard;
};

static void on_notified(struct scl_listener *listener) { ((struct wakeup *)listener)->heard++; }

static void test_who_listens_is_told(void **state) {
  (void)state;
  struct scl_notifier bell, other;
  struct wakeup ears[3] = {
      {.listener.notify = on_notified}, {.listener.notify = on_notified}, {.listener.notify = on_notified}};
  scl_notifier_init(&bell);
  scl_notifier_init(&other);
  for (int i = 0; i < 3; i++) scl_notifier_add(&bell, &ears[i].listener);
  scl_notifier_add(&bell, &ears[0].listener); /* again: as before */
  scl_notifier_notify(&bell);
  scl_notifier_remove(&ears[1].listener);
  scl_notifier_add(&other, &ears[2].listener); /* leaves the first */
  scl_notifier_notify(&bell);
  assert_int_equal(ears[0].heard, 2);
  assert_int_equal(ears[1].heard, 1);
  assert_int_equal(ears[2].heard, 1);
  for (int i = 0; i < 3; i++) scl_notifier_remove(&ears[i].listener);
  scl_notifier_notify(&bell);
  assert_int_equal(ears[0].heard, 2);
  scl_notifier_fini(&bell);
  scl_notifier_fini(&other);
}

static void test_dismissed_listeners_are_told_once(void **state) {
  (void)state;
  struct scl_notifier bell;
  struct wakeup ears[2] = {{.listener.notify = on_notified}, {.listener.notify = on_notified}};
  scl_notifier_init(&bell);
  for (int i = 0; i < 2; i++) scl_notifier_add(&bell, &ears[i].listener);
  scl_notifier_close(&bell);
  scl_notifier_notify(&bell);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(ears[i].heard, 1);
    scl_notifier_remove(&ears[i].listener); /* it is in none */
  }
  scl_notifier_fini(&bell);
}

static void test_gate(void **state) {
  (void)state;
  struct scl_gate gate;
  struct wakeup ear = {.listener.notify = on_notified};
  scl_gate_init(&gate);
  struct scl_ticket none = {0}, ticket = {&gate, 7};
  scl_notifier_add(&gate.raised, &ear.listener);
  assert_true(scl_ticket_is_good(&none));
  assert_false(scl_ticket_is_good(&ticket));
  scl_gate_raise(&gate, 6);
  assert_false(scl_ticket_is_good(&ticket));
  scl_gate_raise(&gate, 7);
  assert_true(scl_ticket_is_good(&ticket));
  assert_int_equal(ear.heard, 2);
  scl_notifier_remove(&ear.listener);
  scl_gate_fini(&gate);
}

static void test_timebase(void **state) {
  (void)state;
  struct scl_timebase timebase;
  struct wakeup ear = {.listener.notify = on_notified};
  sc_clock_freeze(1000, 5000);
  scl_timebase_init(&timebase);
  scl_notifier_add(&timebase.moved, &ear.listener);
  assert_int_equal(scl_timebase_now_ms(&timebase), 5000);
  scl_timebase_advance(&timebase, 300);
  sc_clock_advance(20);
  assert_int_equal(scl_timebase_now_ms(&timebase), 5320);
  assert_int_equal(ear.heard, 1);
  scl_notifier_remove(&ear.listener);
  scl_timebase_fini(&timebase);
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
