#include "sink/postgres/text_copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LONGEST 200

/* Exactly len bytes on the heap, so that a sanitizer sees a read or write beyond. */
static void check(size_t len, size_t nul_at) {
  char *src = malloc(len + 1), *dst = malloc(len + 1);
  assert_non_null(src);
  assert_non_null(dst);
  char *text = src + 1, *copy = dst + 1;
  for (size_t i = 0; i < len; i++) text[i] = (char)(i % 255 + 1);
  if (nul_at < len) text[nul_at] = 0;
  if (sc_text_copy(copy, text, len) != (nul_at >= len)) fail_msg("%zu bytes, NUL at %zu", len, nul_at);
  assert_memory_equal(copy, text, len);
  free(src);
  free(dst);
}

static void all_lengths_and_places(void **state) {
  (void)state;
  for (size_t len = 0; len <= LONGEST; len++)
    for (size_t nul_at = 0; nul_at <= len; nul_at++) check(len, nul_at);
}

/* Bytes that a borrow could mistake for 0. */
static void high_bytes_are_no_nuls(void **state) {
  (void)state;
  char text[16], copy[16];
  for (int value = 1; value < 256; value++) {
    memset(text, value, sizeof(text));
    assert_true(sc_text_copy(copy, text, sizeof(text)));
    assert_true(sc_text_copy(copy, text, 5));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_lengths_and_places),
      cmocka_unit_test(high_bytes_are_no_nuls),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
