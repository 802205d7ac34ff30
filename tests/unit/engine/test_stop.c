#include "engine/stop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/log.h"
#include "engine/base/park.h"
#include "tests/unit/engine/base/check.h"

/* The stop request is one of the process and is not taken back: the tests stand in the order in which it is raised. */
enum { LONG_MS = 30000, ROUNDS = 3000 };

static struct sc_park *new_park(void) {
  struct sc_error err;
  struct sc_park *park = sc_park_new(&err);
  assert_non_null(park);
  return park;
}

static bool wait_for(struct sc_park *park, bool (*is_so)(void)) {
  for (;;) {
    sc_park_prepare(park);
    if (is_so()) break;
    if (!sc_park_wait(park, LONG_MS)) return false;
  }
  sc_park_cancel(park);
  return true;
}

/* In a process of its own: the first signal asks for an orderly stop, the second for one at once. */
static int hear_signals(void) {
  struct sc_error err;
  struct sc_park *park = sc_park_new(&err);
  if (park == NULL || sc_stop_listen(&err) != SC_OK) return 1;
  sc_stop_wakes(park);
  sc_stop_in_order(true);
  if (sc_stop_requested()) return 4;
  kill(getpid(), SIGTERM);
  if (!wait_for(park, sc_stop_requested)) return 5;
  if (sc_stop_now()) return 6;
  kill(getpid(), SIGINT);
  if (!wait_for(park, sc_stop_now)) return 7;
  return 0;
}

static void signals_ask(void **state) {
  (void)state;
  int status = -1;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(hear_signals());
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void wakes_the_park(void **state) {
  (void)state;
  struct sc_park *park = new_park();
  assert_false(sc_stop_requested());
  assert_false(sc_stop_now());
  sc_stop_wakes(park);
  sc_park_prepare(park);
  sc_stop_request();
  assert_true(sc_park_wait(park, 0));
  assert_true(sc_stop_requested());
  assert_true(sc_stop_now()); /* there is nothing to end in order */
  sc_stop_in_order(true);
  assert_false(sc_stop_now());
  sc_stop_wakes(NULL);
  sc_park_prepare(park);
  sc_stop_request();
  assert_false(sc_park_wait(park, 0));
  sc_park_free(park);
}

static void *ask_again_and_again(void *over) {
  while (!atomic_load((_Atomic bool *)over)) sc_stop_request();
  return NULL;
}

/* A park that was taken away may be freed at once, whoever asks at that moment (ASAN and TSAN would tell). */
static void lets_go_of_the_park(void **state) {
  (void)state;
  _Atomic bool over = false;
  pthread_t asker;
  assert_int_equal(pthread_create(&asker, NULL, ask_again_and_again, (void *)&over), 0);
  for (int i = 0; i < ROUNDS; i++) {
    struct sc_park *park = new_park();
    sc_stop_wakes(park);
    sc_park_prepare(park);
    assert_true(sc_park_wait(park, LONG_MS)); /* the asker is at it */
    sc_park_prepare(park);
    sc_stop_wakes(NULL);
    sc_park_free(park);
  }
  atomic_store(&over, true);
  pthread_join(asker, NULL);
}

static void at_once_is_heard_in_an_orderly_stop(void **state) {
  (void)state;
  struct sc_park *park = new_park();
  sc_stop_wakes(park);
  assert_false(sc_stop_now());
  sc_park_prepare(park);
  sc_stop_request_now();
  assert_true(sc_park_wait(park, 0));
  assert_true(sc_stop_now());
  sc_stop_wakes(NULL);
  sc_park_free(park);
}

int main(void) {
  alarm(100);
  sc_log_init(SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {cmocka_unit_test(signals_ask), cmocka_unit_test(wakes_the_park),
                                     cmocka_unit_test(lets_go_of_the_park),
                                     cmocka_unit_test(at_once_is_heard_in_an_orderly_stop)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
