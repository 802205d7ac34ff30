#include "engine/base/big_endian.h"

#include "tests/unit/engine/base/check.h"

/* At an odd address, and not a byte more. */
static void test_put(void **state) {
  (void)state;
  static const char expected[] = "....\x01\x02\xfc\xfd\xfe\xff\x81\x82\x83\x84\x85\x86\x87\x88....";
  char bytes[sizeof(expected)] = "......................";
  char *at = sc_be_put16(bytes + 4, 0x0102);
  at = sc_be_put32(at, 0xfcfdfeff);
  at = sc_be_put64(at, UINT64_C(0x8182838485868788));
  assert_ptr_equal(at, bytes + 18);
  assert_memory_equal(bytes, expected, sizeof(expected));
}

static void test_get(void **state) {
  (void)state;
  const char bytes[] = "\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9";
  assert_int_equal(sc_be_get32(bytes), 0xf1f2f3f4);
  assert_int_equal(sc_be_get32(bytes + 1), 0xf2f3f4f5);
  assert_int_equal(sc_be_get64(bytes), UINT64_C(0xf1f2f3f4f5f6f7f8));
  assert_int_equal(sc_be_get64(bytes + 1), UINT64_C(0xf2f3f4f5f6f7f8f9));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_put), cmocka_unit_test(test_get)};
  return cmocka_run_group_tests_name("base/big_endian", tests, NULL, NULL);
}
