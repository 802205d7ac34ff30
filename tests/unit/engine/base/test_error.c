#include "engine/base/error.h"

#include <errno.h>
#include <string.h>

#include "engine/base/buf.h"
#include "tests/unit/engine/base/check.h"

static void test_set_fills_code_class_and_text(void **state) {
  (void)state;
  struct sc_error err;
  memset(&err, 'x', sizeof(err));
  assert_int_equal(sc_error_set(&err, SC_E_NET, "no route to %s:%d", "db", 5432), SC_E_NET);
  assert_int_equal(err.code, SC_E_NET);
  assert_int_equal(err.class, SC_CLASS_RETRY);
  assert_string_equal(err.text, "no route to db:5432");
  assert_string_equal(err.hint, "");
  assert_string_equal(err.shard, "");
  assert_int_equal(err.http_status, 0);
}

static void test_arguments_may_point_into_the_error(void **state) {
  (void)state;
  struct sc_error err;
  sc_error_set(&err, SC_E_NET, "first");
  sc_error_set(&err, SC_E_CONFIG, "%s again", err.text);
  assert_string_equal(err.text, "first again");
  sc_error_prefix(&err, "%s", err.text);
  assert_string_equal(err.text, "first again: first again");
  sc_error_hint(&err, "see %s", err.text);
  assert_string_equal(err.hint, "see first again: first again");
}

static void test_long_texts_are_cut(void **state) {
  (void)state;
  struct sc_error err;
  char text[2000];
  memset(text, 'a', sizeof(text));
  text[sizeof(text) - 1] = '\0';
  sc_error_set(&err, SC_E_IO, "%s", text);
  assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
  sc_error_prefix(&err, "%s", "where");
  assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
  assert_memory_equal(err.text, "where: aaa", 10);
  sc_error_prefix(&err, "%s", text);
  assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
  assert_memory_equal(err.text, text, sizeof(err.text) - 1);
  sc_error_hint(&err, "%s", text);
  assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
  sc_error_errno(&err, SC_E_IO, ENOENT, "%s", text);
  assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void test_errno_is_appended(void **state) {
  (void)state;
  struct sc_error err;
  assert_int_equal(sc_error_errno(&err, SC_E_IO, ENOENT, "cannot open %s", "x"), SC_E_IO);
  assert_string_equal(err.text, "cannot open x: No such file or directory");
  assert_int_equal(err.os_errno, ENOENT);
  sc_error_errno(&err, SC_E_IO, 99999, "odd");
  assert_string_equal(err.text, "odd: unknown error");
}

static void test_facts_come_from_the_table(void **state) {
  (void)state;
  assert_string_equal(sc_error_name(SC_E_FENCED), "FENCED");
  assert_int_equal(sc_error_class_of(SC_E_FENCED), SC_CLASS_TAKE_AGAIN);
  assert_int_equal(sc_error_exit_status(SC_E_STOPPED), 130);
  assert_string_equal(sc_class_name(SC_CLASS_TAKE_AGAIN), "take-again");
  assert_string_equal(sc_class_name(SC_CLASS_FATAL), "fatal");
}

static void test_codes_are_distinct_and_exit_statuses_fit(void **state) {
  (void)state;
  static const int codes[] = {
#define SC_ERROR(name, value, class, exit_status, text) SC_E_##name,
#include "engine/base/errors.def"
#undef SC_ERROR
  };
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    assert_true(codes[i] > 0);
    assert_in_range(sc_error_exit_status(codes[i]), 1, 255);
    for (size_t j = 0; j < i; j++) assert_int_not_equal(codes[i], codes[j]);
  }
}

static void set_unknown_code(void) {
  struct sc_error err;
  sc_error_set(&err, 9999, "never");
}

static void test_unknown_codes_abort(void **state) {
  (void)state;
  assert_true(aborts(set_unknown_code));
}

static void test_reference_has_a_row_a_code(void **state) {
  (void)state;
  struct sc_buf out = SC_BUF_INIT;
  sc_error_print_reference(&out);
  assert_non_null(strstr(sc_buf_str(&out), "| `FENCED` | take-again | 6 | another worker took the shard |\n"));
  assert_non_null(strstr(sc_buf_str(&out), "| `AGAIN` |"));
  assert_non_null(strstr(sc_buf_str(&out), "| `INTERNAL` |"));
  sc_buf_fini(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_set_fills_code_class_and_text),
      cmocka_unit_test(test_arguments_may_point_into_the_error),
      cmocka_unit_test(test_long_texts_are_cut),
      cmocka_unit_test(test_errno_is_appended),
      cmocka_unit_test(test_facts_come_from_the_table),
      cmocka_unit_test(test_codes_are_distinct_and_exit_statuses_fit),
      cmocka_unit_test(test_unknown_codes_abort),
      cmocka_unit_test(test_reference_has_a_row_a_code),
  };
  return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
