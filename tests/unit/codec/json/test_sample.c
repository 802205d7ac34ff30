#include "codec/json/sample.h"
#include "engine/batch.h"
#include "engine/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sc_json_arena *arena;
static struct sc_sample *sample;

static int make_sample(void **state) {
  (void)state;
  arena = sc_json_arena_new(0);
  sample = sc_sample_new(16);
  return 0;
}

static int free_sample(void **state) {
  (void)state;
  sc_json_arena_free(arena);
  sc_sample_free(sample);
  return 0;
}

static void add(const char *text) {
  size_t len = strlen(text);
  char *body = malloc(len + SC_BODY_PADDING);
  memcpy(body, text, len);
  memset(body + len, '"', SC_BODY_PADDING);
  struct sc_record record = {.data = {body, len}};
  sc_json_sample(arena, &record, 1, false, sample);
  free(body);
}

static void assert_key(uint32_t i, const char *key, unsigned kinds) {
  assert_true(i < sc_sample_keys(sample));
  if (!sc_slice_is(sc_sample_key(sample, i), key)) fail_msg("key %u is not %s", i, key);
  assert_int_equal(sc_sample_kinds(sample, i), kinds);
}

static void kinds(void **state) {
  (void)state;
  add("{\"n\":null,\"i\":1,\"l\":9007199254740993,\"f\":0.5,\"b\":9223372036854775808,\"t\":true,\"s\":\"\",\"a\":[],"
      "\"o\":{}}");
  assert_int_equal(sc_sample_records(sample), 1);
  assert_int_equal(sc_sample_keys(sample), 9);
  assert_key(0, "n", SC_KIND_NULL);
  assert_key(1, "i", SC_KIND_INTEGER);
  assert_key(2, "l", SC_KIND_LONG);
  assert_key(3, "f", SC_KIND_FRACTION);
  assert_key(4, "b", SC_KIND_BIG);
  assert_key(5, "t", SC_KIND_BOOL);
  assert_key(6, "s", SC_KIND_STRING);
  assert_key(7, "a", SC_KIND_NESTED);
  assert_key(8, "o", SC_KIND_NESTED);
}

static void kinds_of_numbers(void **state) {
  (void)state;
  static const struct {
    const char *text;
    unsigned kind;
  } cases[] = {{"0", SC_KIND_INTEGER},
               {"-0", SC_KIND_INTEGER},
               {"9007199254740992", SC_KIND_INTEGER},
               {"-9007199254740992", SC_KIND_INTEGER},
               {"9007199254740993", SC_KIND_LONG},
               {"-9223372036854775808", SC_KIND_LONG},
               {"-9223372036854775809", SC_KIND_BIG},
               {"1.0", SC_KIND_FRACTION},
               {"1e2", SC_KIND_FRACTION},
               {"1.2345678901234567", SC_KIND_FRACTION},
               {"1.23456789012345678", SC_KIND_BIG},
               {"0.00012345678901234567", SC_KIND_FRACTION},
               {"1e308", SC_KIND_FRACTION},
               {"1e309", SC_KIND_BIG},
               {"1e-400", SC_KIND_BIG},
               {"0e-400", SC_KIND_FRACTION}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct sc_json_number number;
    size_t len = strlen(cases[i].text);
    char text[64 + SC_BODY_PADDING] = "";
    memcpy(text, cases[i].text, len);
    assert_ptr_equal(sc_json_number_scan(text, text + len, &number), text + len);
    if (sc_json_kind_of_number(&number, text, len) != cases[i].kind) fail_msg("%s", text);
  }
}

static void kinds_add_up(void **state) {
  (void)state;
  add("{\"a\":1,\"b\":null}");
  add(" {\"b\":\"x\" , \"a\":2.5, \"c\" : [1]}\n");
  assert_int_equal(sc_sample_records(sample), 2);
  assert_int_equal(sc_sample_keys(sample), 3);
  assert_key(0, "a", SC_KIND_INTEGER | SC_KIND_FRACTION);
  assert_key(1, "b", SC_KIND_NULL | SC_KIND_STRING);
  assert_key(2, "c", SC_KIND_NESTED);
}

static void broken_records_are_passed_over(void **state) {
  (void)state;
  static const char *bad[] = {
      "", "[1]", "5", "{\"a\":1", "{\"a\":1}x", "{\"a\":01}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\xff\"}", "{\"a\":1,}"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) add(bad[i]);
  assert_int_equal(sc_sample_records(sample), 0);
  assert_int_equal(sc_sample_keys(sample), 0);
}

static void escaped_and_strange_keys(void **state) {
  (void)state;
  add("{\"\\u0061\\n\":1,\"\":2,\"x\\u0000y\":3}");
  assert_int_equal(sc_sample_keys(sample), 2);
  assert_key(0, "a\n", SC_KIND_INTEGER);
  assert_key(1, "", SC_KIND_INTEGER);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(kinds, make_sample, free_sample),
      cmocka_unit_test(kinds_of_numbers),
      cmocka_unit_test_setup_teardown(kinds_add_up, make_sample, free_sample),
      cmocka_unit_test_setup_teardown(broken_records_are_passed_over, make_sample, free_sample),
      cmocka_unit_test_setup_teardown(escaped_and_strange_keys, make_sample, free_sample),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
