#include "net/put/lines.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "tests/unit/engine/base/check.h"

/* What the lines come to: "1:text|2:text|3!|" where ! is a line too long. chunk: bytes a read. */
static char *cut(const char *input, size_t len, size_t most_bytes, size_t chunk) {
  struct sc_put_lines lines;
  struct sc_buf out = SC_BUF_INIT;
  struct sc_slice line;
  enum sc_put_lines_kind kind;
  sc_put_lines_init(&lines, most_bytes);
  while ((kind = sc_put_lines_next(&lines, &line)) != SC_PUT_LINES_END) {
    if (kind == SC_PUT_LINES_MORE) {
      size_t room, n = len < chunk ? len : chunk;
      char *at = sc_put_lines_room(&lines, &room);
      assert_true(room >= SC_PUT_READ_BYTES && lines.cap <= most_bytes + 2 * SC_PUT_READ_BYTES);
      if (n > room) n = room;
      if (n > 0) memcpy(at, input, n);
      sc_put_lines_add(&lines, n);
      input += n;
      len -= n;
      if (len == 0) sc_put_lines_end(&lines);
      continue;
    }
    sc_buf_printf(&out, "%d", (int)lines.number);
    if (kind == SC_PUT_LINES_TOO_LONG) sc_buf_add_str(&out, "!|");
    else sc_buf_printf(&out, ":%.*s|", SC_SLICE_ARGS(line));
  }
  sc_put_lines_fini(&lines);
  char *text = sc_strdup(sc_buf_str(&out));
  sc_buf_fini(&out);
  return text;
}

static void gives(const char *input, size_t most_bytes, const char *expected) {
  for (size_t chunk = 1; chunk <= strlen(input) + 1; chunk++) {
    char *got = cut(input, strlen(input), most_bytes, chunk);
    assert_string_equal(got, expected);
    free(got);
  }
}

static void test_lines(void **state) {
  (void)state;
  gives("", 10, "");
  gives("a\n", 10, "1:a|");
  gives("a\nbc\n", 10, "1:a|2:bc|");
  gives("a\nbc", 10, "1:a|2:bc|");
  gives("\n\nx\n\n", 10, "1:|2:|3:x|4:|");
  gives("a\r\n\r\nb\r", 10, "1:a\r|2:\r|3:b\r|");
}

static void test_a_line_too_long(void **state) {
  (void)state;
  gives("1234\n12345\n6\n", 4, "1:1234|2!|3:6|");
  gives("12345678901234567890\nx", 4, "1!|2:x|");
  gives("12345", 4, "1!|");
  gives("12345\n", 4, "1!|");
  gives("\n12345\n12345\n1", 4, "1:|2!|3!|4:1|");
}

/* Far more than a read: the buffer grows to what a line may have, and no further. */
static void test_large_lines(void **state) {
  (void)state;
  size_t most = 3 * SC_PUT_READ_BYTES + 17, len = 3 * most + 3;
  char *input = malloc(len), *got;
  memset(input, 'x', len);
  input[most] = '\n';
  input[2 * most + 2] = '\n';
  for (size_t chunk = 4097; chunk < len; chunk *= 3) {
    got = cut(input, len, most, chunk);
    assert_int_equal(strlen(got), 2 + most + 1 + strlen("2!|") + 2 + (len - 2 * most - 3) + 1);
    assert_true(strstr(got, "2!|") == got + most + 3);
    free(got);
  }
  free(input);
}

static void test_any_bytes(void **state) {
  (void)state;
  struct sc_put_lines lines;
  struct sc_slice line;
  size_t room;
  static const char input[] = {'\0', '\xff', '\0', '\n', '\0'};
  sc_put_lines_init(&lines, 10);
  memcpy(sc_put_lines_room(&lines, &room), input, sizeof(input));
  sc_put_lines_add(&lines, sizeof(input));
  sc_put_lines_end(&lines);
  assert_int_equal(sc_put_lines_next(&lines, &line), SC_PUT_LINES_LINE);
  assert_true(sc_slice_equals(line, sc_slice_of(input, 3)));
  assert_int_equal(sc_put_lines_next(&lines, &line), SC_PUT_LINES_LINE);
  assert_true(sc_slice_equals(line, sc_slice_of("", 1)));
  assert_int_equal(sc_put_lines_next(&lines, &line), SC_PUT_LINES_END);
  sc_put_lines_fini(&lines);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lines),
      cmocka_unit_test(test_a_line_too_long),
      cmocka_unit_test(test_large_lines),
      cmocka_unit_test(test_any_bytes),
  };
  return cmocka_run_group_tests_name("net/put_lines", tests, NULL, NULL);
}
