#include "engine/wait.h"

#include <poll.h>
#include <pthread.h>

#include "engine/base/error.h"
#include "engine/stop.h"
#include "engine/timings.h"
#include "tests/unit/engine/base/check.h"

/* The stop request is not taken back: the tests stand in the order in which it is raised. */
enum { LONG_MS = 30000 };

static int ends[2];

static int wait_readable(int timeout_ms) { return sc_wait.wait(sc_wait.arg, ends[0], POLLIN, timeout_ms); }

static void a_ready_descriptor(void **state) {
  (void)state;
  assert_int_equal(sc_wait.wait(sc_wait.arg, ends[1], POLLOUT, LONG_MS), SC_OK);
  assert_int_equal(write(ends[1], "x", 1), 1);
  assert_int_equal(wait_readable(LONG_MS), SC_OK);
}

static void a_deadline(void **state) {
  (void)state;
  char byte;
  assert_int_equal(read(ends[0], &byte, 1), 1);
  assert_int_equal(wait_readable(0), SC_E_DEADLINE);
  assert_int_equal(wait_readable(250), SC_E_DEADLINE); /* longer than a slice */
}

/* The time inside is the target's, whatever comes of it; what is outside is busy. */
static void a_timed_wait(void **state) {
  (void)state;
  struct sc_timings t;
  struct sc_wait wait = sc_wait_timed(&t);
  sc_timings_begin(&t);
  assert_int_equal(wait.wait(wait.arg, ends[0], POLLIN, 150), SC_E_DEADLINE);
  assert_true(t.us[SC_TIME_BLOCKED] >= 149000); /* the deadline is in whole milliseconds */
  assert_int_equal(wait.wait(wait.arg, ends[1], POLLOUT, LONG_MS), SC_OK);
  sc_timings_end(&t);
  assert_int_equal(t.us[SC_TIME_STARVED], 0);
  assert_int_equal(t.us[SC_TIME_BLOCKED] + t.us[SC_TIME_BUSY], t.since_us - t.begun_us);
}

static void *write_byte(void *arg) {
  (void)arg;
  return write(ends[1], "x", 1) == 1 ? NULL : &ends;
}

static void what_comes_meanwhile(void **state) {
  (void)state;
  pthread_t writer;
  void *failed;
  assert_int_equal(pthread_create(&writer, NULL, write_byte, NULL), 0);
  assert_int_equal(wait_readable(LONG_MS), SC_OK);
  pthread_join(writer, &failed);
  assert_null(failed);
}

static void an_orderly_stop_goes_on(void **state) {
  (void)state;
  sc_stop_in_order(true);
  sc_stop_request();
  assert_int_equal(wait_readable(LONG_MS), SC_OK); /* the byte is still there */
}

static void *stop_now(void *arg) {
  sc_stop_request_now();
  return arg;
}

static void a_stop_at_once(void **state) {
  (void)state;
  char byte;
  pthread_t stopper;
  assert_int_equal(read(ends[0], &byte, 1), 1);
  assert_int_equal(pthread_create(&stopper, NULL, stop_now, NULL), 0);
  assert_int_equal(wait_readable(LONG_MS), SC_E_STOPPED);
  pthread_join(stopper, NULL);
  assert_int_equal(write(ends[1], "x", 1), 1);
  assert_int_equal(wait_readable(LONG_MS), SC_E_STOPPED); /* ready or not */
}

int main(void) {
  alarm(100);
  if (pipe(ends) != 0) return 1;
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_ready_descriptor),
                                     cmocka_unit_test(a_deadline),
                                     cmocka_unit_test(a_timed_wait),
                                     cmocka_unit_test(what_comes_meanwhile),
                                     cmocka_unit_test(an_orderly_stop_goes_on),
                                     cmocka_unit_test(a_stop_at_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
