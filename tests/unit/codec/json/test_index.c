#include "codec/json/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX 2000

static struct sc_json_index *x;

static int setup(void **state) {
  (void)state;
  x = sc_json_index_new(TEXT_MAX);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  sc_json_index_free(x);
  return 0;
}

static enum sc_json_index_result build(const char *text, const uint32_t **at) {
  return sc_json_index_build(x, text, strlen(text), at);
}

/* wanted: a caret below each token of text. */
static void assert_tokens(const char *text, const char *wanted, const uint32_t *at) {
  for (uint32_t i = 0; wanted[i] != '\0'; i++)
    if (wanted[i] == '^' && *at++ != i) fail_msg("%s: %u is no token, but %u", text, i, at[-1]);
}

static void tokens(void **state) {
  (void)state;
  static const struct {
    const char *text, *wanted;
  } cases[] = {{"{\"a\":1,\"bc\":[true, -2.5e3 ,null]}", "^^  ^^^^   ^^^   ^ ^      ^^   ^^"},
               {" \"a\\\"b\" ", " ^"},
               {"{}[]:,", "^^^^^^"},
               {"1\n\x01\nx\n\x01\n", "^ ^ ^ ^"}, /* what parts two records is a token, and so is what follows */
               {"\"\\\\\":\"\\\\\\\"\"", "^   ^^"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    const uint32_t *at;
    assert_int_equal(build(cases[i].text, &at), SC_JSON_INDEX_OK);
    assert_tokens(cases[i].text, cases[i].wanted, at);
  }
}

/* With the fault anywhere in the blocks of 64 bytes, all before it is right. */
static void faults(void **state) {
  (void)state;
  static const char *const broken[] = {"\"a\n\x01\n", "\"a\tb\"", "\"\\\"\n\x01\n"};
  for (size_t len = 0; len < 200; len++) {
    char text[300], *p = text;
    const uint32_t *at;
    for (size_t i = 0; i < len; i++) *p++ = '[';
    for (size_t k = 0; k < sizeof(broken) / sizeof(*broken); k++) {
      memcpy(p, broken[k], strlen(broken[k]) + 1);
      assert_int_equal(build(text, &at), SC_JSON_INDEX_STRING);
      for (uint32_t i = 0; i <= len; i++) assert_int_equal(at[i], i);
    }
    memcpy(p, "\"\xff\"]", sizeof("\"\xff\"]"));
    assert_int_equal(build(text, &at), SC_JSON_INDEX_UTF8);
    for (uint32_t i = 0; i <= len; i++) assert_int_equal(at[i], i);
    assert_int_equal(at[len + 1], len + 3);
  }
}

static void longer_texts_after_reserve(void **state) {
  (void)state;
  struct sc_json_index *small = sc_json_index_new(1);
  size_t len = 100000;
  char *text = malloc(len);
  const uint32_t *at;
  memset(text, '[', len);
  sc_json_index_reserve(small, len);
  assert_int_equal(sc_json_index_build(small, text, len, &at), SC_JSON_INDEX_OK);
  assert_int_equal(at[len - 1], len - 1);
  free(text);
  sc_json_index_free(small);
  assert_in_range(sc_json_index_bytes(len), 4 * len, 4 * len + 1000);
}

static void unescaping(void **state) {
  (void)state;
  static const struct {
    const char *text, *wanted;
  } good[] = {{"\"", ""},
              {"a\\n\"", "a\n"},
              {"\\\"\\\\\\/\\b\\f\\r\\t\"", "\"\\/\b\f\r\t"},
              {"\\u00e9\\ud83d\\ude00\"", "\xc3\xa9\xf0\x9f\x98\x80"}};
  static const char *const bad[] = {"\\x\"", "\\u12g4\"", "\\ud800\"", "\\udc00\"", "\\ud800\\u0041\"", "\\u12\""};
  char text[TEXT_MAX], out[TEXT_MAX];
  for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
    memset(text, '\\', sizeof(text));
    memcpy(text, good[i].text, strlen(good[i].text));
    char *end = sc_json_index_unescape(x, text, out);
    assert_ptr_equal(end, out + strlen(good[i].wanted));
    assert_memory_equal(out, good[i].wanted, strlen(good[i].wanted));
  }
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    memcpy(text, bad[i], strlen(bad[i]));
    if (sc_json_index_unescape(x, text, out) != NULL) fail_msg("took %s", bad[i]);
  }
}

static void the_kernel_has_a_name(void **state) {
  (void)state;
  const char *name = sc_json_index_kernel();
  assert_true(strncmp(name, "simdjson 3.", 11) == 0);
  assert_non_null(strchr(name, '('));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tokens),
      cmocka_unit_test(faults),
      cmocka_unit_test(unescaping),
      cmocka_unit_test(longer_texts_after_reserve),
      cmocka_unit_test(the_kernel_has_a_name),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
