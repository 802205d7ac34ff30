#include "bench/local/store/hashkey.h"

#include "tests/unit/engine/base/check.h"

static void check_format(scl_hashkey_int key, const char *expected) {
  char text[SCL_HASHKEY_TEXT];
  scl_hashkey_int again = 7;
  scl_hashkey_format(key, text);
  assert_string_equal(text, expected);
  assert_true(scl_hashkey_parse(sc_slice_str(text), &again));
  assert_true(again == key);
}

static void test_text(void **state) {
  (void)state;
  check_format(0, "0");
  check_format(10, "10");
  check_format((scl_hashkey_int)1 << 127, "170141183460469231731687303715884105728");
  check_format(SCL_HASHKEY_MAX, "340282366920938463463374607431768211455");
}

static void test_refusals(void **state) {
  (void)state;
  const char *const bad[] = {"",
                             "00",
                             "01",
                             "-1",
                             "+1",
                             " 1",
                             "1 ",
                             "0x1",
                             "1e3",
                             "340282366920938463463374607431768211456", /* 2^128 */
                             "999999999999999999999999999999999999999",
                             "3402823669209384634633746074317682114550"};
  scl_hashkey_int key = 7;
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    assert_false(scl_hashkey_parse(sc_slice_str(bad[i]), &key));
    assert_true(key == 7);
  }
}

/* protocol.md section 11 gives MD5("a"). */
static void test_md5(void **state) {
  (void)state;
  check_format(scl_hashkey_of(SC_SLICE_LITERAL("a")), "16955237001963240173058271559858726497");
  check_format(scl_hashkey_of(SC_SLICE_LITERAL("")), "281949768489412648962353822266799178366");
}

static void test_even_ranges(void **state) {
  (void)state;
  check_format(scl_hashkey_even_start(0, 1), "0");
  check_format(scl_hashkey_even_start(1, 2), "170141183460469231731687303715884105728");
  check_format(scl_hashkey_even_start(1, 3), "113427455640312821154458202477256070485");
  check_format(scl_hashkey_even_start(2, 3), "226854911280625642308916404954512140970");
  for (uint32_t i = 1; i < 10000; i++)
    assert_true(scl_hashkey_even_start(i, 10000) > scl_hashkey_even_start(i - 1, 10000));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_md5),
      cmocka_unit_test(test_even_ranges),
  };
  return cmocka_run_group_tests_name("local/hashkey", tests, NULL, NULL);
}
