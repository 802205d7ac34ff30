#include "codec/text/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* In a block of its own size (ASAN watches), with so many letters before it. */
static bool valid_behind(size_t letters, const char *bytes, size_t len, size_t letters_behind) {
  size_t total = letters + len + letters_behind;
  char *text = malloc(total > 0 ? total : 1);
  memset(text, 'a', total);
  if (len > 0) memcpy(text + letters, bytes, len);
  bool valid = sc_utf8_valid(text, total);
  free(text);
  return valid;
}

static bool valid_everywhere(const char *bytes, size_t len, bool want) {
  for (size_t before = 0; before < 40; before++)
    for (size_t behind = 0; behind < 40; behind += 13)
      if (valid_behind(before, bytes, len, behind) != want) return false;
  return true;
}

static void every_code_point_and_surrogate(void **state) {
  (void)state;
  for (uint32_t code = 0; code <= 0x10ffff; code++) {
    char bytes[4];
    size_t len = sc_utf8_put(code, bytes);
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (sc_utf8_valid(bytes, len) == surrogate) fail_msg("U+%04X", code);
  }
}

static void anywhere_in_a_text(void **state) {
  (void)state;
  assert_true(valid_everywhere("", 0, true));
  assert_true(valid_everywhere("\xc3\xa9", 2, true));
  assert_true(valid_everywhere("\xf0\x9f\x98\x80\xe6\x97\xa5", 7, true));
  static const char *bad[] = {"\x80",
                              "\xbf",
                              "\xc0\x80",
                              "\xc1\xbf",
                              "\xc2",
                              "\xc3\xc3",
                              "\xe0\x9f\xbf",
                              "\xe2\x82",
                              "\xed\xa0\x80",
                              "\xed\xbf\xbf",
                              "\xf0\x8f\xbf\xbf",
                              "\xf0\x9f\x98",
                              "\xf4\x90\x80\x80",
                              "\xf5\x80\x80\x80",
                              "\xff",
                              "\xfe",
                              "\xf0\x9f\x98\x41"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    if (!valid_everywhere(bad[i], strlen(bad[i]), false)) fail_msg("took bad text %zu", i);
}

/* Long enough for all ways through. */
static void long_texts(void **state) {
  (void)state;
  static char text[3000];
  memset(text, 'x', sizeof(text));
  for (size_t len = 0; len < sizeof(text); len += 7) {
    assert_true(sc_utf8_valid(text, len));
    if (len == 0) continue;
    text[len - 1] = '\xc3';
    assert_false(sc_utf8_valid(text, len));
    text[len] = '\xa9';
    assert_true(sc_utf8_valid(text, len + 1));
    text[len - 1] = text[len] = 'x';
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_point_and_surrogate),
      cmocka_unit_test(anywhere_in_a_text),
      cmocka_unit_test(long_texts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
