#include "codec/json/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json/arena.h"

static struct sc_json_arena *arena;
static struct sc_json_walk walk;
static struct sc_json_seen seen;

static int setup(void **state) {
  (void)state;
  arena = sc_json_arena_new(0);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  sc_json_arena_free(arena);
  return 0;
}

/* What is left behind the value, NULL when it is none. */
static const char *rest(const char *text) {
  static char padded[8 * SC_JSON_DEPTH_MAX + SC_BODY_PADDING];
  struct sc_record record = {.data = {padded, strlen(text)}};
  memset(padded, ']', sizeof(padded));
  memcpy(padded, text, record.data.len);
  seen = (struct sc_json_seen){false, false};
  assert_int_equal(sc_json_arena_fill(arena, &record, 1, &walk), 1);
  const char *end;
  const uint32_t *i = sc_json_walk_value(&walk, sc_json_arena_begin(arena, &walk, 0), &seen, &end);
  return i == NULL ? NULL : text + (end - walk.start);
}

static void values(void **state) {
  (void)state;
  static const char *good[] = {"1",
                               "-1.5e3",
                               "true",
                               "false",
                               "null",
                               "\"\"",
                               "\"a\\n\\u0041\"",
                               "[]",
                               "{}",
                               "[ ]",
                               "{ }",
                               "[[],{}]",
                               "{\"a\":{\"b\":[1,2,{\"c\":null}]},\"d\":\"e\"}",
                               "[1 , 2\n,\t3\r]",
                               "{ \"a\" : 1 , \"b\" : [ ] }"};
  for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
    const char *behind = rest(good[i]);
    if (behind == NULL || *behind != '\0') fail_msg("refused %s: %s", good[i], walk.fault.what);
    assert_false(seen.nul || seen.too_large);
  }
  assert_string_equal(rest("[1] x"), " x");
  assert_string_equal(rest("1,2"), ",2");
  assert_null(rest("nullx"));
  assert_string_equal(walk.fault.what, "a comma or a closing bracket is missing");
  assert_int_equal(sc_json_walk_fault_at(&walk), 4);
}

static void faults(void **state) {
  (void)state;
  static const char *bad[] = {"",
                              " ",
                              "[",
                              "{",
                              "]",
                              "}",
                              "[1",
                              "[1,",
                              "[,1]",
                              "[1,]",
                              "[1 2]",
                              "{1:2}",
                              "{\"a\"}",
                              "{\"a\":",
                              "{\"a\":1",
                              "{,}",
                              "{\"a\":1,}",
                              "[}",
                              "{]",
                              "[1}",
                              "{\"a\":1]",
                              "tru",
                              "nul",
                              "True",
                              "\"",
                              "\"a",
                              "\"\\\"",
                              "\"\n\"",
                              "\"\\x\"",
                              "-",
                              "01",
                              ".1",
                              "\"\\ud800\"",
                              "[\"\\udc00\"]",
                              "{\"\\x\":1}",
                              "{a:1}",
                              "'a'"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    if (rest(bad[i]) != NULL) fail_msg("took %s", bad[i]);
    assert_non_null(walk.fault.what);
    assert_in_range(sc_json_walk_fault_at(&walk), 0, strlen(bad[i]));
  }
}

/* Valid, and yet not for everybody. */
static void strange_things_are_seen(void **state) {
  (void)state;
  assert_non_null(rest("[\"\\u0000\"]"));
  assert_true(seen.nul);
  assert_non_null(rest("{\"\\u0000\":1}"));
  assert_true(seen.nul);
  assert_non_null(rest("[\"\\\\u0000\"]"));
  assert_false(seen.nul);
  assert_non_null(rest("[1,{\"a\":1e200000}]"));
  assert_true(seen.too_large);
  assert_false(seen.nul);
}

static void depth(void **state) {
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    for (size_t over = 0; over < 2; over++) {
      char text[8 * SC_JSON_DEPTH_MAX], *p = text;
      size_t n = SC_JSON_DEPTH_MAX + over;
      for (size_t i = 0; i < n; i++) {
        bool object = kind == 1 || (kind == 2 && i % 2 == 1);
        p = stpcpy(p, object ? "{\"\":" : "[");
      }
      *p++ = '1';
      for (size_t i = n; i-- > 0;) *p++ = kind == 1 || (kind == 2 && i % 2 == 1) ? '}' : ']';
      *p = '\0';
      const char *behind = rest(text);
      assert_int_equal(behind != NULL, over == 0);
      if (over == 1) assert_ptr_equal(walk.fault.what, sc_json_too_deep);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values),
      cmocka_unit_test(faults),
      cmocka_unit_test(strange_things_are_seen),
      cmocka_unit_test(depth),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
