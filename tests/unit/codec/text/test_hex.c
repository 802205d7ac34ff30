#include "codec/text/hex.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/engine/base/check.h"

static void every_byte(void **state) {
  (void)state;
  for (int i = 0; i < 256; i++) {
    char out[4] = "___", expected[4];
    unsigned char byte = (unsigned char)i;
    snprintf(expected, sizeof(expected), "%02x_", byte);
    assert_ptr_equal(sc_hex_put(out, &byte, 1), out + 2);
    assert_string_equal(out, expected);
  }
}

static void many_and_none(void **state) {
  (void)state;
  char out[16] = "_______________";
  assert_ptr_equal(sc_hex_put(out, "", 0), out);
  assert_ptr_equal(sc_hex_put(out, "\x01\xfe\0z", 4), out + 8);
  assert_string_equal(out, "01fe007a_______");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_byte), cmocka_unit_test(many_and_none)};
  return cmocka_run_group_tests_name("codec/hex", tests, NULL, NULL);
}
