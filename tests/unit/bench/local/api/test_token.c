#include "bench/local/api/token.h"

#include <stdio.h>

#include "tests/unit/engine/base/check.h"

static struct scl_token example(const char *stream) {
  struct scl_token token = {.kind = SCL_TOKEN_ITERATOR,
                            .issued_ms = 1700000000123,
                            .generation = 7,
                            .stream_id = UINT64_C(0x8000000000000001),
                            .shard = 9999,
                            .position = UINT64_C(1) << 40,
                            .filter = 5,
                            .time_ms = 1699999999999};
  snprintf(token.stream, sizeof(token.stream), "%s", stream);
  return token;
}

static void check_round_trip(const char *stream) {
  struct scl_token token = example(stream), again;
  char text[SCL_TOKEN_TEXT];
  scl_token_write(&token, text);
  assert_true(strlen(text) >= 200 && strlen(text) < SCL_TOKEN_TEXT);
  assert_memory_equal(text, "AAAAAAAAAAE", 10);
  assert_true(scl_token_read(sc_slice_str(text), SCL_TOKEN_ITERATOR, &again));
  assert_string_equal(again.stream, token.stream);
  assert_int_equal(again.issued_ms, token.issued_ms);
  assert_int_equal(again.generation, token.generation);
  assert_int_equal(again.stream_id, token.stream_id);
  assert_int_equal(again.shard, token.shard);
  assert_int_equal(again.position, token.position);
  assert_int_equal(again.filter, token.filter);
  assert_int_equal(again.time_ms, token.time_ms);
}

static void test_round_trip(void **state) {
  (void)state;
  char name[SCL_TOKEN_MAX_NAME + 1] = "";
  for (int i = 0; i < SCL_TOKEN_MAX_NAME; i++) {
    name[i] = 'x';
    check_round_trip(name);
  }
}

static void test_quotes(void **state) {
  (void)state;
  struct scl_token token = example("demo"), again;
  char text[SCL_TOKEN_TEXT], quoted[SCL_TOKEN_TEXT + 2];
  scl_token_write(&token, text);
  snprintf(quoted, sizeof(quoted), "\"%s\"", text);
  assert_true(scl_token_read(sc_slice_str(quoted), SCL_TOKEN_ITERATOR, &again));
}

static void test_other_kind(void **state) {
  (void)state;
  struct scl_token token = example("demo"), again;
  char text[SCL_TOKEN_TEXT];
  scl_token_write(&token, text);
  assert_false(scl_token_read(sc_slice_str(text), SCL_TOKEN_SHARDS, &again));
}

/* Any character changed or cut off is noticed. */
static void test_mangled(void **state) {
  (void)state;
  struct scl_token token = example("demo"), again;
  char text[SCL_TOKEN_TEXT];
  scl_token_write(&token, text);
  size_t len = strlen(text);
  for (size_t i = 0; i < len; i++) {
    char kept = text[i];
    text[i] = kept == 'Q' ? 'R' : 'Q';
    assert_false(scl_token_read(sc_slice_of(text, len), SCL_TOKEN_ITERATOR, &again));
    text[i] = kept;
    assert_false(scl_token_read(sc_slice_of(text, i), SCL_TOKEN_ITERATOR, &again));
  }
  const char *const bad[] = {"", "\"", "\"\"", "x", "AAAAAAAAAAE=", "not base64 at all!"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    assert_false(scl_token_read(sc_slice_str(bad[i]), SCL_TOKEN_ITERATOR, &again));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_quotes),
      cmocka_unit_test(test_other_kind),
      cmocka_unit_test(test_mangled),
  };
  return cmocka_run_group_tests_name("local/token", tests, NULL, NULL);
}
