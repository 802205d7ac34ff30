#include "engine/base/slice.h"

#include "tests/unit/engine/base/check.h"

static void test_equality(void **state) {
  (void)state;
  struct sc_slice none = {NULL, 0};
  assert_true(sc_slice_equals(none, SC_SLICE_LITERAL("")));
  assert_true(sc_slice_is(sc_slice_of("abcd", 3), "abc"));
  assert_false(sc_slice_is(sc_slice_of("abcd", 3), "abcd"));
  assert_false(sc_slice_is(sc_slice_of("abc", 3), "abd"));
  assert_true(sc_slice_is(none, ""));
  assert_true(sc_slice_starts(sc_slice_str("kinesis://x"), "kinesis:"));
  assert_false(sc_slice_starts(sc_slice_str("kin"), "kinesis:"));
}

static void test_unsigned(void **state) {
  (void)state;
  uint64_t n = 7;
  assert_true(sc_slice_to_u64(sc_slice_str("0"), &n) && n == 0);
  assert_true(sc_slice_to_u64(sc_slice_str("00042"), &n) && n == 42);
  assert_true(sc_slice_to_u64(sc_slice_str("18446744073709551615"), &n) && n == UINT64_MAX);
  assert_true(sc_slice_to_u64(sc_slice_of("12345", 2), &n) && n == 12);
  const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "1a", "18446744073709551616", "99999999999999999999999"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    n = 7;
    assert_false(sc_slice_to_u64(sc_slice_str(bad[i]), &n));
    assert_int_equal(n, 7);
  }
}

static void test_signed(void **state) {
  (void)state;
  int64_t n = 7;
  assert_true(sc_slice_to_i64(sc_slice_str("-1"), &n) && n == -1);
  assert_true(sc_slice_to_i64(sc_slice_str("9223372036854775807"), &n) && n == INT64_MAX);
  assert_true(sc_slice_to_i64(sc_slice_str("-9223372036854775808"), &n) && n == INT64_MIN);
  const char *const bad[] = {"", "-", "--1", "+1", "9223372036854775808", "-9223372036854775809", "1.0"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    n = 7;
    assert_false(sc_slice_to_i64(sc_slice_str(bad[i]), &n));
    assert_int_equal(n, 7);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_equality),
      cmocka_unit_test(test_unsigned),
      cmocka_unit_test(test_signed),
  };
  return cmocka_run_group_tests_name("base/slice", tests, NULL, NULL);
}
