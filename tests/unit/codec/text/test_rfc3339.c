#include "codec/text/rfc3339.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void reads_times(void **state) {
  (void)state;
  static const char *const good[] = {"2026-01-31T15:00:00Z",      "2026-01-31t15:00:00z",
                                     "2026-01-31 15:00:00+00:00", "2024-02-29T23:59:59.999999999-15:59",
                                     "0001-01-01T00:00:00.1Z",    "9999-12-31T23:59:59Z"};
  static const char *const bad[] = {"",
                                    "2026-01-31",
                                    "2026-01-31T15:00:00",
                                    "2026-01-31T15:00Z",
                                    "2026-01-31T15:00:00.Z",
                                    "2026-01-31T15:00:60Z",
                                    "2026-01-31T24:00:00Z",
                                    "2026-02-29T00:00:00Z",
                                    "1900-02-29T00:00:00Z",
                                    "2026-13-01T00:00:00Z",
                                    "0000-01-01T00:00:00Z",
                                    "2026-01-31T15:00:00+16:00",
                                    "2026-01-31T15:00:00+0100",
                                    "2026-01-31T15:00:00Zx",
                                    " 2026-01-31T15:00:00Z",
                                    "2026-1-31T15:00:00.00Z"};
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) assert_true(sc_rfc3339_is(sc_slice_str(good[i])));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) assert_false(sc_rfc3339_is(sc_slice_str(bad[i])));
  assert_false(sc_rfc3339_is(sc_slice_of("2026-01-31T15:00:00\0", 20)));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reads_times)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
