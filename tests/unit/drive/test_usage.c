#include "bench/drive/usage.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/engine/base/check.h"

/* proc(5): pid, name, state, eleven numbers up to cmajflt, then utime and stime. */
static void stat_of_a_name_with_brackets(void **state) {
  (void)state;
  uint64_t ticks = 0;
  assert_true(sc_usage_parse_stat(
      SC_SLICE_LITERAL("7 (a) b (c) S 1 7 7 0 -1 4194560 11 12 13 14 250 50 900 901 20 0 3 0 1 2 3\n"), &ticks));
  assert_int_equal(ticks, 300);
}

static void stat_cut_short(void **state) {
  (void)state;
  uint64_t ticks = 0;
  assert_false(sc_usage_parse_stat(SC_SLICE_LITERAL("7 (a) S 1 7 7 0 -1 4194560 11 12 13 14 250"), &ticks));
  assert_false(sc_usage_parse_stat(SC_SLICE_LITERAL("7 a S 1"), &ticks));
  assert_false(sc_usage_parse_stat(SC_SLICE_LITERAL(""), &ticks));
}

static void statm_counts_what_is_not_shared(void **state) {
  (void)state;
  uint64_t pages = 0;
  assert_true(sc_usage_parse_statm(SC_SLICE_LITERAL("1000 300 100 5 0 200 0\n"), &pages));
  assert_int_equal(pages, 200);
  assert_false(sc_usage_parse_statm(SC_SLICE_LITERAL("1000 300"), &pages));
  assert_false(sc_usage_parse_statm(SC_SLICE_LITERAL("1000 100 300"), &pages));
}

static void the_machine_is_busy_but_when_it_idles(void **state) {
  (void)state;
  uint64_t ticks = 0;
  assert_true(
      sc_usage_parse_machine(SC_SLICE_LITERAL("cpu  1 20 300 4000 50000 600000 7000000 80000000 5 6\ncpu0"), &ticks));
  assert_int_equal(ticks, 87600321);
  assert_false(sc_usage_parse_machine(SC_SLICE_LITERAL("cpu  1 20 300 4000 50000 600000 7000000"), &ticks));
  assert_false(sc_usage_parse_machine(SC_SLICE_LITERAL("intr 1 2 3 4 5 6 7 8 9"), &ticks));
}

/* A child looks, because qemu-user makes up what a process reads about itself. */
static void a_child_sees_what_its_parent_used(void **state) {
  (void)state;
  while (sc_usage_own().cpu_s < 0.1) continue;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct sc_error err;
    struct sc_usage usage;
    int rc = sc_usage_of(getppid(), &usage, &err);
    _exit(rc == SC_OK && usage.cpu_s >= 0.08 && usage.rss_bytes > 0 ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void no_such_process(void **state) {
  (void)state;
  struct sc_error err;
  struct sc_usage usage;
  assert_int_equal(sc_usage_of(INT32_MAX, &usage, &err), SC_E_IO);
  assert_non_null(strstr(err.text, "/proc/2147483647/stat"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stat_of_a_name_with_brackets),
      cmocka_unit_test(stat_cut_short),
      cmocka_unit_test(statm_counts_what_is_not_shared),
      cmocka_unit_test(a_child_sees_what_its_parent_used),
      cmocka_unit_test(no_such_process),
      cmocka_unit_test(the_machine_is_busy_but_when_it_idles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
