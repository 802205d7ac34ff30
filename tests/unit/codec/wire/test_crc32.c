#include "codec/wire/crc32.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Bit by bit, as the polynomial says. */
static uint32_t slow_crc32(struct sc_slice bytes) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < bytes.len; i++) {
    crc ^= (unsigned char)bytes.ptr[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
  }
  return ~crc;
}

static void known_sums(void **state) {
  (void)state;
  assert_int_equal(sc_crc32(0, SC_SLICE_LITERAL("123456789")), 0xcbf43926U); /* the catalogue's check value */
  assert_int_equal(sc_crc32(0, SC_SLICE_LITERAL("a")), 0xe8b7be43U);
  assert_int_equal(sc_crc32(0, sc_slice_of(NULL, 0)), 0);
}

static void as_bit_by_bit_in_any_pieces(void **state) {
  (void)state;
  char bytes[300];
  for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (char)(i * i + 7 * i);
  for (size_t len = 0; len <= sizeof(bytes); len++) {
    uint32_t want = slow_crc32(sc_slice_of(bytes, len));
    assert_int_equal(sc_crc32(0, sc_slice_of(bytes, len)), want);
    size_t cut = len / 3;
    uint32_t head = sc_crc32(0, sc_slice_of(bytes, cut));
    assert_int_equal(sc_crc32(head, sc_slice_of(bytes + cut, len - cut)), want);
    assert_int_equal(sc_crc32(want, sc_slice_of(NULL, 0)), want);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_sums),
      cmocka_unit_test(as_bit_by_bit_in_any_pieces),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
