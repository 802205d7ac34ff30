#include "engine/base/suggest.h"

#include "tests/unit/engine/base/check.h"

static const char *const names[] = {"flush-bytes", "flush-rows", "follow", "format", "memory", "table"};

static struct sc_slice nearest_to(const char *wanted) {
  struct sc_suggest n;
  sc_suggest_init(&n, sc_slice_str(wanted));
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) sc_suggest_try(&n, sc_slice_str(names[i]));
  return n.best;
}

static void test_mistakes_of_every_kind(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"memry", "memory"},
      {"memoory", "memory"},
      {"memoty", "memory"},
      {"meomry", "memory"},
      {"flush_bytes", "flush-bytes"},
      {"folow", "follow"},
      {"flush-byte", "flush-bytes"},
      {"fulsh-rwos", "flush-rows"},
      {"fol", "follow"},
      {"flush", "flush-bytes"},
      {"form", "format"},
      {"tabel", "table"},
      {"table", "table"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_true(sc_slice_is(nearest_to(cases[i][0]), cases[i][1]));
}

static void test_far_names_are_not_offered(void **state) {
  (void)state;
  static const char *const far[] = {"", "x", "me", "verbose", "endpoint", "zzzzzz"};
  for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) assert_int_equal(nearest_to(far[i]).len, 0);
}

static void test_long_names_are_never_near(void **state) {
  (void)state;
  char wanted[200];
  memset(wanted, 'a', sizeof(wanted));
  struct sc_suggest n;
  sc_suggest_init(&n, sc_slice_of(wanted, sizeof(wanted)));
  sc_suggest_try(&n, sc_slice_of(wanted, sizeof(wanted) - 1));
  assert_int_equal(n.best.len, 0);
  sc_suggest_init(&n, sc_slice_of(wanted, 63));
  sc_suggest_try(&n, sc_slice_of(wanted, 65));
  assert_int_equal(n.best.len, 0);
  sc_suggest_try(&n, sc_slice_of(wanted, 64));
  assert_int_equal(n.best.len, 64);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mistakes_of_every_kind),
      cmocka_unit_test(test_far_names_are_not_offered),
      cmocka_unit_test(test_long_names_are_never_near),
  };
  return cmocka_run_group_tests_name("base/nearest", tests, NULL, NULL);
}
