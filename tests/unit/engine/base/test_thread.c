#include "engine/base/thread.h"

#include <stdatomic.h>
#include <string.h>

#include "engine/base/park.h"
#include "tests/unit/engine/base/check.h"

enum { LONG_MS = 30000 };

struct seen {
  char name[16];
  sigset_t blocked;
  struct sc_park *hold; /* sleeps on it when not NULL */
};

static void look(void *arg) {
  struct seen *seen = arg;
  pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
  pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
  if (seen->hold) sc_park_wait(seen->hold, LONG_MS);
}

static void test_runs_named_and_deaf(void **state) {
  (void)state;
  struct sc_thread t;
  struct sc_error err;
  struct seen seen = {0};
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  assert_int_equal(sc_thread_start(&t, "fetch-0123456789abcdef", look, &seen, &err), SC_OK);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  assert_int_equal(sc_thread_join(&t, LONG_MS, &err), SC_OK);
  assert_string_equal(seen.name, "fetch-012345678");
  assert_true(sigismember(&seen.blocked, SIGTERM) && sigismember(&seen.blocked, SIGINT));
  assert_true(sigismember(&seen.blocked, SIGHUP) && sigismember(&seen.blocked, SIGPIPE));
  assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

static void test_join_gives_up_at_its_deadline_and_may_be_repeated(void **state) {
  (void)state;
  struct sc_thread t;
  struct sc_error err;
  struct seen seen = {.hold = sc_park_new(&err)};
  sc_park_prepare(seen.hold);
  assert_int_equal(sc_thread_start(&t, "sleeper", look, &seen, &err), SC_OK);
  assert_int_equal(sc_thread_join(&t, 0, &err), SC_E_DEADLINE);
  assert_int_equal(sc_thread_join(&t, 5, &err), SC_E_DEADLINE);
  assert_string_equal(err.text, "thread sleeper did not end within 5 ms");
  sc_park_wake(seen.hold);
  assert_int_equal(sc_thread_join(&t, -1, &err), SC_OK);
  assert_false(t.started);
  assert_int_equal(sc_thread_join(&t, 0, &err), SC_OK);
  sc_park_free(seen.hold);
}

static void test_what_was_not_started_is_joined(void **state) {
  (void)state;
  struct sc_thread t = {0};
  struct sc_error err;
  assert_int_equal(sc_thread_join(&t, -1, &err), SC_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_runs_named_and_deaf),
      cmocka_unit_test(test_join_gives_up_at_its_deadline_and_may_be_repeated),
      cmocka_unit_test(test_what_was_not_started_is_joined),
  };
  return cmocka_run_group_tests_name("base/thread", tests, NULL, NULL);
}
