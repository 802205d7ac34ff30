#include "codec/json/string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/batch.h"

static void end_of_strings(void **state) {
  (void)state;
  for (size_t len = 0; len < 100; len++) {
    char text[100 + 1 + SC_BODY_PADDING];
    bool plain;
    memset(text, 'x', sizeof(text));
    text[len] = '"';
    assert_ptr_equal(sc_json_string_end(text, text + len + 1, &plain), text + len);
    assert_true(plain);
    assert_null(sc_json_string_end(text, text + len, &plain)); /* the quote is behind the end */
    if (len == 0) continue;
    text[len - 1] = '\x1f';
    assert_null(sc_json_string_end(text, text + len + 1, &plain));
    text[len - 1] = '\x7f';
    assert_ptr_equal(sc_json_string_end(text, text + len + 1, &plain), text + len);
    text[len - 1] = '\\';
    assert_null(sc_json_string_end(text, text + len + 1, &plain)); /* the quote is escaped */
    text[len + 1] = '"';
    assert_ptr_equal(sc_json_string_end(text, text + len + 2, &plain), text + len + 1);
    assert_false(plain);
  }
}

static void stops(void **state) {
  (void)state;
  char text[16];
  for (unsigned at = 0; at < 16; at++) {
    for (int c = 0; c < 256; c++) {
      memset(text, '5', sizeof(text));
      text[at] = (char)c;
      assert_int_equal(sc_json_string_stop(text), c == '"' || c == '\\' || c < 0x20 ? at : 16);
      assert_int_equal(sc_json_ascii_stop(text), c == '"' || c == '\\' || c < 0x20 || c >= 0x80 ? at : 16);
      assert_int_equal(sc_json_digits_stop(text), c >= '0' && c <= '9' ? 16 : at);
    }
  }
}

static void assert_unescaped(const char *text, const char *want, size_t len) {
  char out[100], in_place[100];
  size_t got;
  bool nul = false;
  assert_true(sc_json_string_unescape(text, strlen(text), out, &got));
  assert_int_equal(got, len);
  assert_memory_equal(out, want, len);
  memcpy(in_place, text, strlen(text));
  assert_true(sc_json_string_unescape(in_place, strlen(text), in_place, &got));
  assert_memory_equal(in_place, want, len);
  assert_true(sc_json_string_check(text, strlen(text), &nul));
  assert_int_equal(nul, strstr(text, "u0000") != NULL);
}

static void unescapes(void **state) {
  (void)state;
  assert_unescaped("", "", 0);
  assert_unescaped("plain", "plain", 5);
  assert_unescaped("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8);
  assert_unescaped("a\\u00E9b\\u20acc\\ud83D\\uDE00",
                   "a\xc3\xa9"
                   "b\xe2\x82\xac"
                   "c\xf0\x9f\x98\x80",
                   12);
  assert_unescaped("\\u0000", "\0", 1);
  assert_unescaped("\\uffff\\uD7FF\\uE000", "\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80", 9);
}

static void wrong_escapes(void **state) {
  (void)state;
  static const char *bad[] = {"\\",
                              "\\x",
                              "\\u",
                              "\\u12",
                              "\\u123g",
                              "\\ud800",
                              "\\udc00",
                              "\\ud800x",
                              "\\ud800\\n",
                              "\\ud800\\u0041",
                              "\\ud800\\ud800",
                              "\\ud800\\u12",
                              "\\udfff\\ud800",
                              "\\ud800\\\\udc00",
                              "\\U0041",
                              "\\u 041",
                              "\\u+041",
                              "abc\\"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    char out[40];
    bool nul;
    if (sc_json_string_unescape(bad[i], strlen(bad[i]), out, NULL)) fail_msg("took %s", bad[i]);
    if (sc_json_string_check(bad[i], strlen(bad[i]), &nul)) fail_msg("found %s fine", bad[i]);
  }
}

static void extents(void **state) {
  (void)state;
  static const struct {
    const char *text, *wanted;
  } cases[] = {{"\"a,\\\"}\",1", "\"a,\\\"}\""},
               {"{\"a\":[1,\"]\"]},2", "{\"a\":[1,\"]\"]}"},
               {"-1.5,", "-1.5"},
               {"true }", "true"},
               {"null]", "null"},
               {"[[],{}] ", "[[],{}]"},
               {",", ""},
               {"}", ""},
               {"\"open", "\"open"},
               {"[1,", "[1,"},
               {"", ""}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    size_t len = strlen(cases[i].text);
    char text[100];
    memset(text, '"', sizeof(text));
    memcpy(text, cases[i].text, len);
    struct sc_slice got = sc_json_extent(text, text + len);
    if (!sc_slice_is(got, cases[i].wanted)) fail_msg("%s: %.*s", cases[i].text, SC_SLICE_ARGS(got));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(end_of_strings), cmocka_unit_test(stops),   cmocka_unit_test(unescapes),
      cmocka_unit_test(wrong_escapes),  cmocka_unit_test(extents),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
