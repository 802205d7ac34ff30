#include "engine/base/text.h"

#include <stdlib.h>

#include "engine/base/array.h"
#include "tests/unit/engine/base/check.h"

static void test_trims_blanks_at_both_ends(void **state) {
  (void)state;
  assert_true(sc_slice_is(sc_text_trim(sc_slice_str(" \t a b\r\n")), "a b"));
  assert_int_equal(sc_text_trim(sc_slice_str(" \v\f ")).len, 0);
  assert_int_equal(sc_text_trim(sc_slice_of(NULL, 0)).len, 0);
}

static void test_takes_parts_off(void **state) {
  (void)state;
  struct sc_slice rest = sc_slice_str("a,,b"), part;
  assert_true(sc_text_next(&rest, ',', &part) && sc_slice_is(part, "a"));
  assert_true(sc_text_next(&rest, ',', &part) && sc_slice_is(part, ""));
  assert_true(sc_text_next(&rest, ',', &part) && sc_slice_is(part, "b"));
  assert_false(sc_text_next(&rest, ',', &part));
  struct sc_slice whole = sc_slice_str("key=value=x"), behind = sc_text_cut(&whole, '=');
  assert_true(sc_slice_is(whole, "key") && sc_slice_is(behind, "value=x"));
  assert_null(sc_text_cut(&whole, '=').ptr);
}

static void test_compares_without_case(void **state) {
  (void)state;
  assert_true(sc_text_equals_nocase(sc_slice_str("Content-Type"), sc_slice_str("content-tYPE")));
  assert_false(sc_text_equals_nocase(sc_slice_str("a["), sc_slice_str("a{")));
  assert_false(sc_text_equals_nocase(sc_slice_str("a"), sc_slice_str("ab")));
}

static void test_cuts_between_characters(void **state) {
  (void)state;
  struct sc_slice s = sc_slice_str("a\xc3\xa9\xe2\x82\xac");
  const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6};
  for (size_t max = 0; max < sizeof(want) / sizeof(want[0]); max++)
    assert_int_equal(sc_text_utf8_cut(s, max), want[max]);
}

static void test_decodes_percent_escapes(void **state) {
  (void)state;
  char text[8];
  assert_true(sc_text_unpercent(sc_slice_str("a%2Fb+c"), false, text, sizeof(text)));
  assert_string_equal(text, "a/b+c");
  assert_true(sc_text_unpercent(sc_slice_str("a+b"), true, text, sizeof(text)));
  assert_string_equal(text, "a b");
  assert_true(sc_text_unpercent(sc_slice_str("1234567"), false, text, sizeof(text)));
  const char *const bad[] = {"%", "%2", "%2g", "a%00", "12345678"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(sc_text_unpercent(sc_slice_str(bad[i]), false, text, sizeof(text)));
}

static void test_hash_never_changes(void **state) {
  (void)state;
  assert_int_equal(sc_text_hash(sc_slice_str("")), 0x811c9dc5u);
  assert_int_equal(sc_text_hash(sc_slice_str("foobar")), 0xbf9cf968u);
}

static void test_an_array_doubles(void **state) {
  (void)state;
  int *items = NULL;
  uint32_t n = 0, cap = 0;
  for (; n < 100; n++) {
    SC_ARRAY_ROOM(items, n, cap, 1);
    items[n] = (int)n;
  }
  assert_int_equal(cap, 128);
  SC_ARRAY_ROOM(items, n, cap, 1000);
  assert_int_equal(cap, 1100);
  for (int i = 0; i < 100; i++) assert_int_equal(items[i], i);
  free(items);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_trims_blanks_at_both_ends), cmocka_unit_test(test_takes_parts_off),
      cmocka_unit_test(test_compares_without_case),     cmocka_unit_test(test_cuts_between_characters),
      cmocka_unit_test(test_decodes_percent_escapes),   cmocka_unit_test(test_hash_never_changes),
      cmocka_unit_test(test_an_array_doubles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
