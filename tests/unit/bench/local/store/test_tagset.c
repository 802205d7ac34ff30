#include "bench/local/store/tagset.h"

#include "tests/unit/engine/base/check.h"

static void set(struct scl_tagset *tags, const char *key, const char *value) {
  scl_tagset_set(tags, sc_slice_str(key), sc_slice_str(value));
}

static void test_set_and_remove(void **state) {
  (void)state;
  struct scl_tagset tags = {0};
  set(&tags, "b", "1");
  set(&tags, "a", "2");
  set(&tags, "ab", "");
  set(&tags, "b", "3");
  assert_int_equal(tags.n, 3);
  assert_string_equal(tags.tags[0].key, "a");
  assert_string_equal(tags.tags[1].key, "ab");
  assert_string_equal(tags.tags[1].value, "");
  assert_string_equal(tags.tags[2].value, "3");
  scl_tagset_remove(&tags, SC_SLICE_LITERAL("a"));
  scl_tagset_remove(&tags, SC_SLICE_LITERAL("nobody"));
  assert_int_equal(tags.n, 2);
  assert_string_equal(tags.tags[0].key, "ab");
  assert_false(scl_tagset_has(&tags, SC_SLICE_LITERAL("a")));
  assert_true(scl_tagset_has(&tags, SC_SLICE_LITERAL("b")));
  scl_tagset_fini(&tags);
  assert_int_equal(tags.n, 0);
}

static void test_first_after(void **state) {
  (void)state;
  struct scl_tagset tags = {0};
  assert_int_equal(scl_tagset_first_after(&tags, SC_SLICE_LITERAL("a")), 0);
  set(&tags, "b", "");
  set(&tags, "d", "");
  assert_int_equal(scl_tagset_first_after(&tags, SC_SLICE_LITERAL("")), 0);
  assert_int_equal(scl_tagset_first_after(&tags, SC_SLICE_LITERAL("b")), 1);
  assert_int_equal(scl_tagset_first_after(&tags, SC_SLICE_LITERAL("c")), 1);
  assert_int_equal(scl_tagset_first_after(&tags, SC_SLICE_LITERAL("d")), 2);
  scl_tagset_fini(&tags);
}

static void test_characters(void **state) {
  (void)state;
  static const char *const good[] = {"", "azAZ09", "_./=+-%@: ", "ü0 _.", "/=+-@:", "Ж", "日本"};
  static const char *const bad[] = {"abc;def", "a\tb", "a\nb", "a,b", "\x7f", "\xc2\xa0", "–", "😀", "\xee\x80\x80"};
  for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
    if (!scl_tagset_is_text(sc_slice_str(good[i]))) fail_msg("%s", good[i]);
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    if (scl_tagset_is_text(sc_slice_str(bad[i]))) fail_msg("%s", bad[i]);
  assert_false(scl_tagset_is_text(SC_SLICE_LITERAL("a\0b")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_set_and_remove),
      cmocka_unit_test(test_first_after),
      cmocka_unit_test(test_characters),
  };
  return cmocka_run_group_tests_name("local/tagset", tests, NULL, NULL);
}
