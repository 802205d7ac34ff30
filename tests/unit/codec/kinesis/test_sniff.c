#include "codec/kinesis/sniff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *sniff(const char *bytes, size_t len) { return sc_sniff_payload(sc_slice_of(bytes, len)); }

static void magics(void **state) {
  (void)state;
  assert_string_equal(sniff("\xf3\x89\x9a\xc2\x0a\x01"
                            "a0123456789abcdef",
                            23),
                      "a KPL aggregate");
  assert_string_equal(sniff("\x1f\x8b\x08", 3), "gzip");
  assert_string_equal(sniff("\x78\x01\x00", 3), "zlib");
  assert_string_equal(sniff("\x78\x5e\x00", 3), "zlib");
  assert_string_equal(sniff("\x78\x9c\x00", 3), "zlib");
  assert_string_equal(sniff("\x78\xda\x00", 3), "zlib");
}

static void everything_else(void **state) {
  (void)state;
  assert_null(sniff("", 0));
  assert_null(sniff("\x1f", 1));
  assert_null(sniff("\x78", 1));
  assert_null(sniff("xyz", 3));
  assert_null(sniff("{\"a\":1}", 7));
  assert_null(
      sniff("\xf3\x89\x9a\xc2"
            "0123456789abcdef",
            20));
  assert_null(
      sniff("\xf3\x89\x9a\xc3\x0a\x01"
            "a0123456789abcdef",
            23));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(magics),
      cmocka_unit_test(everything_else),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
