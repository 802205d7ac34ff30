#include "net/aws/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SPLIT(text, ...) split(text, (const char *const[]){__VA_ARGS__, NULL})

static void split(const char *text, const char *const *expected) {
  struct sc_words words;
  size_t n = 0;
  assert_true(sc_words_split(sc_slice_str(text), &words));
  for (; expected[n] != NULL; n++) {
    assert_true(n < words.n);
    assert_string_equal(words.items[n], expected[n]);
  }
  assert_int_equal(words.n, n);
  assert_null(words.items[n]);
  sc_words_fini(&words);
}

/* What Python's shlex.split makes of each. */
static void words_of_a_shell(void **state) {
  (void)state;
  SPLIT("  a\tbc  ", "a", "bc");
  SPLIT("a 'b c' \"d 'e\" f\"g\"'h'", "a", "b c", "d 'e", "fgh");
  SPLIT("'' \"\"", "", "");
  SPLIT("a\\ b \\' \"\\\"\\\\\\n\" '\\'", "a b", "'", "\"\\\\n", "\\");
  SPLIT("/bin/x --arg=$HOME;ls", "/bin/x", "--arg=$HOME;ls");
}

static void nothing_and_not_ended(void **state) {
  struct sc_words words;
  (void)state;
  assert_true(sc_words_split(SC_SLICE_LITERAL(" \n"), &words));
  assert_int_equal(words.n, 0);
  assert_false(sc_words_split(SC_SLICE_LITERAL("a 'b"), &words));
  assert_false(sc_words_split(SC_SLICE_LITERAL("a \"b\\\""), &words));
  assert_false(sc_words_split(SC_SLICE_LITERAL("a\\"), &words));
  assert_false(sc_words_split(SC_SLICE_LITERAL("a\0b"), &words));
  assert_null(words.items);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(words_of_a_shell), cmocka_unit_test(nothing_and_not_ended)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
