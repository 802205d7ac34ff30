#include "codec/json/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS 40

static uint32_t seed = 7;
static uint32_t next_random(void) {
  seed = seed * 1664525 + 1013904223;
  return seed >> 8;
}

/* Byte by byte: the second opinion. */
static void slow_brackets(const char *text, uint64_t *brackets) {
  bool in_string = false, escaped = false;
  memset(brackets, 0, BLOCKS * sizeof(*brackets));
  for (size_t i = 0; i < BLOCKS * 64; i++) {
    char c = text[i];
    if (c != '\0' && strchr("{}[]", c) != NULL && !in_string) brackets[i / 64] |= UINT64_C(1) << i % 64;
    if (c == '"' && !escaped) in_string = !in_string;
    escaped = c == '\\' && !escaped;
  }
}

static void fill(char *text, const char *letters) {
  size_t n = strlen(letters);
  for (size_t i = 0; i < BLOCKS * 64; i++) text[i] = letters[next_random() % n];
}

static void without_level(struct sc_json_mask *mask, const char *text, size_t n_blocks, uint64_t *brackets) {
  sc_json_mask_brackets_at(SC_SIMD_NONE, mask, text, n_blocks, brackets);
}

static void every_level_is_the_slow_one(void **state) {
  (void)state;
  static const char *const letters[] = {"{}[]\"\\",
                                        "\\\"{",
                                        "\\\\\\\\\\\"{",
                                        "abcdefghij{}\"",
                                        "{}[]",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaa\\\"[",
                                        "[{]}\x7f\x5f\xdb\xdd\xfb\xfd;=\x1b\x1d\""};
  static void (*const maskers[])(struct sc_json_mask *, const char *, size_t, uint64_t *) = {
      sc_json_mask_brackets, sc_json_mask_brackets_portable, without_level};
  char text[BLOCKS * 64];
  uint64_t want[BLOCKS], got[BLOCKS];
  for (int round = 0; round < 200; round++) {
    fill(text, letters[(size_t)round % (sizeof(letters) / sizeof(*letters))]);
    slow_brackets(text, want);
    for (size_t m = 0; m < sizeof(maskers) / sizeof(*maskers); m++) {
      struct sc_json_mask mask = {0, 0};
      for (size_t at = 0; at < BLOCKS;) {
        size_t n = 1 + next_random() % 9;
        if (n > BLOCKS - at) n = BLOCKS - at;
        maskers[m](&mask, text + 64 * at, n, got + at);
        at += n;
      }
      assert_memory_equal(got, want, sizeof(want));
    }
  }
}

/* A backslash as the last byte of a block escapes the first of the next one. */
static void backslash_at_the_border(void **state) {
  (void)state;
  char text[BLOCKS * 64];
  uint64_t want[BLOCKS], got[BLOCKS];
  for (size_t backslashes = 1; backslashes < 70; backslashes++) {
    struct sc_json_mask mask = {0, 0};
    memset(text, '{', sizeof(text));
    text[0] = '"';
    memset(text + 64 - (backslashes < 60 ? backslashes : 60), '\\', backslashes);
    text[64 - (backslashes < 60 ? backslashes : 60) + backslashes] = '"';
    slow_brackets(text, want);
    sc_json_mask_brackets(&mask, text, BLOCKS, got);
    assert_memory_equal(got, want, sizeof(want));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_level_is_the_slow_one),
      cmocka_unit_test(backslash_at_the_border),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
