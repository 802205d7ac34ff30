#include "bench/local/auth/form.h"

#include "tests/unit/engine/base/check.h"

static void has(const char *form, const char *name, const char *want) {
  struct sc_buf value = SC_BUF_INIT;
  bool is_there = scl_form_get(sc_slice_str(form), name, &value);
  if (want == NULL) assert_false(is_there);
  else {
    assert_true(is_there);
    assert_string_equal(sc_buf_str(&value), want);
  }
  sc_buf_fini(&value);
}

static void test_get(void **state) {
  (void)state;
  has("Action=AssumeRole&Version=2011-06-15", "Action", "AssumeRole");
  has("Action=AssumeRole&Version=2011-06-15", "Version", "2011-06-15");
  has("a=1&a=2", "a", "1");
  has("a=x%3ay%2Fz+w%2B", "a", "x:y/z w+");
  has("%61+b=1", "a b", "1");
  has("&&a&b=&=c", "a", "");
  has("&&a&b=&=c", "b", "");
  has("&&a&b=&=c", "", "c");
  has("a=1=2", "a", "1=2");
  has("%zz=1&a=2", "a", "2");
}

static void test_not_there(void **state) {
  (void)state;
  has("", "a", NULL);
  has("ab=1&A=2", "a", NULL);
  has("a=%", "a", NULL);
  has("a=%4", "a", NULL);
  has("a=%4g", "a", NULL);
  has("a=%00", "a", NULL);
  has("a=%00&a=1", "a", NULL);
}

static void test_query(void **state) {
  (void)state;
  assert_true(sc_slice_is(scl_form_query(sc_slice_str("/a?b=c?d")), "b=c?d"));
  assert_true(sc_slice_is(scl_form_query(sc_slice_str("/a?")), ""));
  assert_true(sc_slice_is(scl_form_query(sc_slice_str("/a")), ""));
  assert_true(sc_slice_is(scl_form_query(sc_slice_str("")), ""));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_get),
      cmocka_unit_test(test_not_there),
      cmocka_unit_test(test_query),
  };
  return cmocka_run_group_tests_name("local/form", tests, NULL, NULL);
}
