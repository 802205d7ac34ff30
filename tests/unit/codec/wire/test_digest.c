#include "codec/wire/digest.h"

#include "tests/unit/engine/base/check.h"

/* FIPS 180-4 and FIPS 202 example values of "abc", in two pieces. */
static void hashes_pieces(void **state) {
  (void)state;
  static const unsigned char sha256[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                         0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                         0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
  static const unsigned char shake128[] = {0x58, 0x81, 0x09, 0x2d, 0xd8, 0x18, 0xbf, 0x5c, 0xf8, 0xa3};
  unsigned char out[SC_SHA256_BYTES];
  struct sc_digest *d = sc_digest_new("SHA256");
  for (int again = 0; again < 2; again++) {
    assert_true(sc_digest_begin(d) && sc_digest_add(d, SC_SLICE_LITERAL("a")) &&
                sc_digest_add(d, SC_SLICE_LITERAL("bc")));
    assert_true(sc_digest_end(d, out, sizeof(out)));
    assert_memory_equal(out, sha256, sizeof(sha256));
  }
  assert_true(sc_digest_begin(d));
  assert_false(sc_digest_end(d, out, 10));
  sc_digest_free(d);
  d = sc_digest_new("SHAKE128");
  assert_true(sc_digest_begin(d) && sc_digest_add(d, SC_SLICE_LITERAL("abc")) &&
              sc_digest_end(d, out, sizeof(shake128)));
  assert_memory_equal(out, shake128, sizeof(shake128));
  sc_digest_free(d);
  assert_null(sc_digest_new("no such thing"));
}

/* RFC 4231, test case 2; the key serves more than one text. */
static void keeps_the_key(void **state) {
  (void)state;
  static const unsigned char expected[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
                                           0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
                                           0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
  unsigned char out[SC_SHA256_BYTES];
  struct sc_hmac *h = sc_hmac_new();
  assert_true(sc_hmac_key(h, "Jefe", 4));
  for (int again = 0; again < 2; again++) {
    assert_true(sc_hmac_make(h, SC_SLICE_LITERAL("what do ya want for nothing?"), out));
    assert_memory_equal(out, expected, sizeof(expected));
  }
  sc_hmac_free(h);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(hashes_pieces), cmocka_unit_test(keeps_the_key)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
