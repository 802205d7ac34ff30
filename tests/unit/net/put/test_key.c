#include "net/put/key.h"

#include <stdlib.h>

#include "codec/text/utf8.h"
#include "engine/base/buf.h"
#include "engine/batch.h"
#include "tests/unit/engine/base/check.h"

static struct sc_error error;

static struct sc_put_key *keys(const char *fields, const char *delimiter) {
  struct sc_put_key_rules rules = {.partitioner = SC_PUT_FIELDS, .fields = fields, .delimiter = delimiter};
  struct sc_put_key *k;
  assert_int_equal(sc_put_key_new(&rules, &k, &error), SC_OK);
  return k;
}

/* The line in memory of its own, with the padding it is promised; the key must be freed. */
static int make(struct sc_put_key *k, const char *text, size_t len, char **out) {
  struct sc_slice key = {NULL, 0};
  char *line = sc_alloc_zero(1, len + SC_BODY_PADDING);
  memcpy(line, text, len);
  int rc = sc_put_key_make(k, sc_slice_of(line, len), &key, &error);
  *out = rc == SC_OK ? sc_strndup(key) : NULL;
  if (rc == SC_OK) assert_true(key.len > 0 && key.len <= SC_PUT_KEY_BYTES && sc_utf8_valid(key.ptr, key.len));
  free(line);
  return rc;
}

static void gives_with(const char *fields, const char *delimiter, const char *line, const char *expected) {
  struct sc_put_key *k = keys(fields, delimiter);
  char *key;
  assert_int_equal(make(k, line, strlen(line), &key), SC_OK);
  assert_string_equal(key, expected);
  free(key);
  sc_put_key_free(k);
}

static void gives(const char *fields, const char *line, const char *expected) {
  gives_with(fields, "|", line, expected);
}

static void refuses(const char *line, const char *expected) {
  struct sc_put_key *k = keys("a", "|");
  char *key;
  assert_int_equal(make(k, line, strlen(line), &key), SC_E_ROW);
  assert_string_equal(error.text, expected);
  sc_put_key_free(k);
}

static void test_fields(void **state) {
  (void)state;
  gives("a", "{\"a\":\"x\"}", "x");
  gives("a,b", "{\"b\":2,\"c\":[],\"a\":\"x\"}", "x|2");
  gives("b,a", " { \"b\" : 2 , \"a\" : \"x\" } ", "2|x");
  gives("a,a", "{\"a\":1}", "1|1");
  gives("a", "{\"a\":1,\"a\":2}", "2");
}

static void test_values(void **state) {
  (void)state;
  gives("a", "{\"a\":-1.50e+3}", "-1.50e+3");
  gives("a", "{\"a\":123456789012345678901234567890}", "123456789012345678901234567890");
  gives("a,b", "{\"a\":true,\"b\":false}", "true|false");
  gives("a,b", "{\"a\":null}", "null|null");
  gives("a", "{}", "null");
  gives("a", "{\"a\":[1, {\"b\":\"\\n\"}]}", "[1, {\"b\":\"\\n\"}]");
  gives("a,b", "{\"a\":\"\",\"b\":\"\"}", "|");
  gives("a", "{\"a\":\"q\\\"\\\\\\/\\t\\u00e9\\ud83d\\ude00\"}", "q\"\\/\t\xc3\xa9\xf0\x9f\x98\x80");
}

static void test_names(void **state) {
  (void)state;
  gives("caf\xc3\xa9", "{\"caf\\u00e9\":1}", "1");
  gives("a", "{\"b\":{\"a\":1},\"\\u0061\":2}", "2");
  gives("x\"y", "{\"x\\\"y\":3}", "3");
}

static void test_delimiter(void **state) {
  (void)state;
  gives_with("a,b,c", "", "{\"a\":1,\"b\":2,\"c\":3}", "123");
  gives_with("a,b,c", "<->", "{\"a\":1,\"b\":2,\"c\":3}", "1<->2<->3");
}

/* n times unit, as the value of a string. */
static void cut_case(const char *unit, size_t n, const char *other, const char *expected_unit, size_t expected_n,
                     const char *tail) {
  struct sc_buf line = SC_BUF_INIT, expected = SC_BUF_INIT;
  sc_buf_add_str(&line, "{\"a\":\"");
  for (size_t i = 0; i < n; i++) sc_buf_add_str(&line, unit);
  sc_buf_printf(&line, "\",\"b\":%s}", other);
  for (size_t i = 0; i < expected_n; i++) sc_buf_add_str(&expected, expected_unit);
  sc_buf_add_str(&expected, tail);
  gives("a,b", sc_buf_str(&line), sc_buf_str(&expected));
  sc_buf_fini(&line);
  sc_buf_fini(&expected);
}

/* At 256 characters as Java counts them, wherever that falls. */
static void test_cut(void **state) {
  (void)state;
  cut_case("x", 253, "7", "x", 253, "|7");
  cut_case("x", 254, "7", "x", 254, "|7");
  cut_case("x", 255, "7", "x", 255, "|");
  cut_case("x", 256, "7", "x", 256, "");
  cut_case("x", 100000, "7", "x", 256, "");
  cut_case("x", 253, "1234", "x", 253, "|12");
  cut_case("\xe2\x82\xac", 300, "7", "\xe2\x82\xac", 256, "");
  cut_case("\\u20ac", 300, "7", "\xe2\x82\xac", 256, "");
  cut_case("\\n", 300, "7", "\n", 256, "");
  cut_case("\xf0\x9f\x98\x80", 300, "7", "\xf0\x9f\x98\x80", 128, "");
  cut_case("\\ud83d\\ude00", 300, "7", "\xf0\x9f\x98\x80", 128, "");
  cut_case("\xf0\x9f\x98\x80", 127, "7", "\xf0\x9f\x98\x80", 127, "|7");
}

/* Half a pair does not fit: it is left out whole, and nothing comes behind it. */
static void test_a_pair_is_not_split(void **state) {
  (void)state;
  cut_case("x", 254, "\"\xf0\x9f\x98\x80\"", "x", 254, "|");
  cut_case("x", 254, "\"\\ud83d\\ude00z\"", "x", 254, "|");
}

static void test_refused_lines(void **state) {
  (void)state;
  refuses("", "not a JSON object");
  refuses("hello", "not a JSON object");
  refuses("[1]", "not a JSON object");
  refuses("{", "not JSON: a name in quotes is missing at byte 2");
  refuses("{\"a\":1", "not JSON: a comma or a closing bracket is missing at byte 7");
  refuses("{\"a\":1}}", "not JSON: something behind the object at byte 8");
  refuses("{\"a\" 1}", "not JSON: a colon is missing at byte 6");
  refuses("{\"a\":01}", "not JSON: a malformed number at byte 6");
  refuses("{\"a\":1,}", "not JSON: a name in quotes is missing at byte 8");
  refuses("{\"a\":\"x}", "not JSON: a string without end or with a control character at byte 6");
  refuses("{\"a\":1,\"b\":tru}", "not JSON: no JSON value at byte 12");
  refuses("{\"a\":\"\xff\"}", "not UTF-8");
  refuses("{\"a\":\"\"}", "the partition key comes out empty");
}

static void test_a_line_may_hold_nul(void **state) {
  (void)state;
  struct sc_put_key *k = keys("a", "|");
  char *key;
  assert_int_equal(make(k, "{\"a\":1}\0", 8, &key), SC_E_ROW);
  assert_int_equal(make(k, "{\"a\":\"x\\u0000\"}", 15, &key), SC_OK);
  assert_string_equal(key, "x");
  free(key);
  sc_put_key_free(k);
}

static void refuses_rules(const char *fields, const char *delimiter, const char *expected) {
  struct sc_put_key_rules rules = {.partitioner = SC_PUT_FIELDS, .fields = fields, .delimiter = delimiter};
  struct sc_put_key *k;
  assert_int_equal(sc_put_key_new(&rules, &k, &error), SC_E_USAGE);
  assert_null(k);
  assert_string_equal(error.text, expected);
}

static void test_wrong_rules(void **state) {
  (void)state;
  struct sc_buf many = SC_BUF_INIT;
  refuses_rules("", "|", "--partition-key-fields: a name is empty in ''");
  refuses_rules("a,,b", "|", "--partition-key-fields: a name is empty in 'a,,b'");
  refuses_rules("a,", "|", "--partition-key-fields: a name is empty in 'a,'");
  refuses_rules("\xff", "|", "--partition-key-fields: not UTF-8");
  refuses_rules("a", "\xff", "--partition-key-delimiter: not UTF-8");
  for (int i = 0; i < SC_PUT_KEY_FIELDS_MAX; i++) sc_buf_add_str(&many, "f,");
  sc_buf_add_str(&many, "f");
  refuses_rules(sc_buf_str(&many), "|", "--partition-key-fields: more than 64 names");
  sc_buf_fini(&many);
}

static void test_unseen_fields(void **state) {
  (void)state;
  struct sc_put_key *k = keys("a,user", "|");
  char *key;
  assert_true(sc_slice_is(sc_put_key_unseen(k), "a"));
  assert_int_equal(make(k, "{\"a\":1,\"usr\":2}", 15, &key), SC_OK);
  free(key);
  assert_true(sc_slice_is(sc_put_key_unseen(k), "user"));
  assert_int_equal(make(k, "{\"user\":null}", 13, &key), SC_OK);
  free(key);
  assert_int_equal(sc_put_key_unseen(k).len, 0);
  sc_put_key_free(k);
}

static void test_random_and_fixed(void **state) {
  (void)state;
  struct sc_put_key_rules rules = {.partitioner = SC_PUT_RANDOM, .seed = 7};
  struct sc_put_key *k;
  char *first, *second;
  assert_int_equal(sc_put_key_new(&rules, &k, &error), SC_OK);
  assert_int_equal(make(k, "not JSON", 8, &first), SC_OK);
  assert_int_equal(make(k, "not JSON", 8, &second), SC_OK);
  assert_int_equal(strspn(first, "0123456789abcdef"), 16);
  assert_int_equal(strlen(second), 16);
  assert_string_not_equal(first, second);
  free(first);
  free(second);
  sc_put_key_free(k);
  rules.partitioner = SC_PUT_FIXED;
  assert_int_equal(sc_put_key_new(&rules, &k, &error), SC_OK);
  assert_int_equal(make(k, "x", 1, &first), SC_OK);
  assert_string_equal(first, "0");
  free(first);
  sc_put_key_free(k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fields),
      cmocka_unit_test(test_values),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_delimiter),
      cmocka_unit_test(test_cut),
      cmocka_unit_test(test_a_pair_is_not_split),
      cmocka_unit_test(test_refused_lines),
      cmocka_unit_test(test_a_line_may_hold_nul),
      cmocka_unit_test(test_wrong_rules),
      cmocka_unit_test(test_unseen_fields),
      cmocka_unit_test(test_random_and_fixed),
  };
  return cmocka_run_group_tests_name("net/put_key", tests, NULL, NULL);
}
