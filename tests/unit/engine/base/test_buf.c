#include "engine/base/buf.h"

#include <stdlib.h>

#include "tests/unit/engine/base/check.h"

static void test_grows_and_stays_a_c_string(void **state) {
  (void)state;
  struct sc_buf buf = SC_BUF_INIT;
  assert_string_equal(sc_buf_str(&buf), "");
  assert_int_equal(sc_buf_view(&buf).len, 0);
  for (int i = 0; i < 1000; i++) {
    sc_buf_add_char(&buf, (char)('a' + i % 26));
    assert_int_equal(buf.ptr[buf.len], '\0');
    assert_true(buf.len < buf.cap);
  }
  assert_int_equal(buf.len, 1000);
  for (int i = 0; i < 1000; i++) assert_int_equal(buf.ptr[i], 'a' + i % 26);
  sc_buf_clear(&buf);
  assert_string_equal(sc_buf_str(&buf), "");
  sc_buf_add_str(&buf, "again");
  assert_string_equal(sc_buf_str(&buf), "again");
  sc_buf_fini(&buf);
  assert_null(buf.ptr);
  sc_buf_fini(&buf);
}

static void test_adds_of_every_kind(void **state) {
  (void)state;
  struct sc_buf buf = SC_BUF_INIT;
  sc_buf_add_slice(&buf, (struct sc_slice){NULL, 0});
  assert_string_equal(sc_buf_str(&buf), "");
  sc_buf_add(&buf, "a\0b", 3);
  sc_buf_add_slice(&buf, SC_SLICE_LITERAL("cd"));
  sc_buf_printf(&buf, "%d-%s", 42, "x");
  assert_int_equal(buf.len, 9);
  assert_memory_equal(buf.ptr, "a\0bcd42-x", 10);
  sc_buf_fini(&buf);
}

static void test_printf_of_more_than_fits(void **state) {
  (void)state;
  struct sc_buf buf = SC_BUF_INIT;
  sc_buf_add_str(&buf, "x");
  sc_buf_printf(&buf, "%5000d", 7);
  assert_int_equal(buf.len, 5001);
  assert_int_equal(buf.ptr[0], 'x');
  assert_int_equal(buf.ptr[5000], '7');
  assert_int_equal(strlen(buf.ptr), 5001);
  sc_buf_fini(&buf);
}

/* Every byte at every place of a text that goes by eight. */
static void test_json_strings_byte_by_byte(void **state) {
  (void)state;
  struct sc_buf buf = SC_BUF_INIT;
  for (int c = 0; c < 256; c++) {
    bool is_plain = c >= 0x20 && c != '"' && c != '\\';
    for (size_t at = 0; at < 19; at++) {
      char text[20] = "aaaaaaaaaaaaaaaaaaa";
      text[at] = (char)c;
      sc_buf_clear(&buf);
      sc_buf_add_json_string(&buf, sc_slice_of(text, 19));
      assert_memory_equal(buf.ptr + 1, "aaaaaaaaaaaaaaaaaaa", at);
      assert_int_equal(buf.ptr[1 + at], is_plain ? (char)c : '\\');
      assert_int_equal(buf.len == 21, is_plain);
      assert_memory_equal(buf.ptr + buf.len - (19 - at), "aaaaaaaaaaaaaaaaaaa", 18 - at);
    }
  }
  sc_buf_fini(&buf);
}

static void test_json_strings(void **state) {
  (void)state;
  struct sc_buf buf = SC_BUF_INIT;
  sc_buf_add_json_string(&buf, sc_slice_of("a\"b\\c\b\f\n\r\t\x01\x1f\x7f/\0\xc3\xa9", 17));
  assert_string_equal(sc_buf_str(&buf), "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u001f\x7f/\\u0000\xc3\xa9\"");
  sc_buf_clear(&buf);
  sc_buf_add_json_string(&buf, (struct sc_slice){NULL, 0});
  assert_string_equal(sc_buf_str(&buf), "\"\"");
  sc_buf_fini(&buf);
}

static void reserve_too_much(void) {
  struct sc_buf buf = SC_BUF_INIT;
  sc_buf_add_char(&buf, 'x');
  sc_buf_reserve(&buf, SIZE_MAX - 1);
}

static void test_impossible_sizes_abort(void **state) {
  (void)state;
  assert_true(aborts(reserve_too_much));
}

static void test_allocation(void **state) {
  (void)state;
  unsigned char *zero = sc_alloc_zero(100, 3);
  for (int i = 0; i < 300; i++) assert_int_equal(zero[i], 0);
  free(zero);
  void *aligned = sc_alloc_aligned(64, 128);
  assert_int_equal((uintptr_t)aligned % 64, 0);
  free(aligned);
  void *nothing = sc_alloc(0);
  assert_non_null(nothing);
  nothing = sc_realloc(nothing, 0);
  assert_non_null(nothing);
  free(nothing);
  char *copy = sc_strndup(sc_slice_of("hello", 4));
  assert_string_equal(copy, "hell");
  free(copy);
  copy = sc_strdup("");
  assert_string_equal(copy, "");
  free(copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_grows_and_stays_a_c_string),
      cmocka_unit_test(test_adds_of_every_kind),
      cmocka_unit_test(test_printf_of_more_than_fits),
      cmocka_unit_test(test_json_strings),
      cmocka_unit_test(test_json_strings_byte_by_byte),
      cmocka_unit_test(test_impossible_sizes_abort),
      cmocka_unit_test(test_allocation),
  };
  return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
