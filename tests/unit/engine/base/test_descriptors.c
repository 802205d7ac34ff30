#include "engine/base/descriptors.h"

#include <sys/resource.h>

#include "tests/unit/engine/base/check.h"

static void test_raise(void **state) {
  (void)state;
  struct rlimit before, after;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  struct rlimit low = {.rlim_cur = 64, .rlim_max = before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
  for (int i = 0; i < 2; i++) {
    sc_descriptors_raise_limit();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_int_equal(after.rlim_cur, before.rlim_max);
    assert_int_equal(after.rlim_max, before.rlim_max);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_raise)};
  return cmocka_run_group_tests_name("base/descriptors", tests, NULL, NULL);
}
