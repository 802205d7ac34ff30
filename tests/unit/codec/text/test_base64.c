#include "codec/text/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONGEST 400 /* bytes */

static uint32_t seed = 12345;
static uint32_t next_random(void) {
  seed = seed * 1664525 + 1013904223;
  return seed >> 8;
}

static void fill(uint8_t *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)next_random();
}

/* The slow second opinion. */
static bool in_alphabet(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

static const struct {
  const char *plain, *text;
} vectors[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}};

static void rfc_vectors(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
    char text[16], plain[16];
    size_t len;
    assert_int_equal(sc_base64_encode(vectors[i].plain, strlen(vectors[i].plain), text), strlen(vectors[i].text));
    assert_memory_equal(text, vectors[i].text, strlen(vectors[i].text));
    assert_true(sc_base64_decode(vectors[i].text, strlen(vectors[i].text), plain, &len));
    assert_int_equal(len, strlen(vectors[i].plain));
    assert_memory_equal(plain, vectors[i].plain, len);
  }
}

static void every_level_goes_round(void **state) {
  (void)state;
  const enum sc_simd levels[] = {SC_SIMD_NONE, sc_simd_best()};
  for (size_t len = 0; len < LONGEST; len++) {
    uint8_t plain[LONGEST], back[LONGEST + 64];
    char text[2][2 * LONGEST];
    fill(plain, len);
    for (int i = 0; i < 2; i++) {
      size_t out, n = sc_base64_encode_at(levels[i], plain, len, text[i]);
      assert_int_equal(n, sc_base64_encoded_len(len));
      memset(back, 0xee, sizeof(back));
      size_t groups = sc_base64_decode_groups_at(levels[i], text[i], n, back, &out);
      assert_int_equal(groups, len / 3 * 4);
      assert_int_equal(out, len / 3 * 3);
      assert_int_equal(back[out], 0xee);
      assert_true(sc_base64_decode(text[i], n, back, &out));
      assert_int_equal(out, len);
      assert_memory_equal(back, plain, len);
      assert_int_equal(back[n / 4 * 3], 0xee);
    }
    assert_memory_equal(text[0], text[1], sc_base64_encoded_len(len));
  }
}

/* In place, also towards the front, from a block of exactly its size (ASAN watches). */
static void decodes_in_place(void **state) {
  (void)state;
  for (size_t len = 0; len < LONGEST; len++) {
    for (size_t gap = 0; gap < 40; gap += 13) {
      uint8_t plain[LONGEST];
      size_t out, n = sc_base64_encoded_len(len);
      char *body = malloc(gap + n + 1);
      fill(plain, len);
      sc_base64_encode(plain, len, body + gap);
      body[gap + n] = '"';
      assert_true(sc_base64_decode(body + gap, n, body, &out));
      assert_int_equal(out, len);
      assert_memory_equal(body, plain, len);
      assert_int_equal(body[gap + n], '"');
      free(body);
    }
  }
}

static void every_wrong_byte_at_every_place(void **state) {
  (void)state;
  uint8_t plain[96];
  char text[129];
  fill(plain, sizeof(plain));
  sc_base64_encode(plain, sizeof(plain), text);
  for (size_t at = 0; at < 128; at++) {
    for (int c = 0; c < 256; c++) {
      char kept = text[at];
      uint8_t out[2][128];
      size_t len;
      text[at] = (char)c;
      bool good = in_alphabet((char)c);
      size_t want = good ? 128 : at / 4 * 4;
      assert_int_equal(sc_base64_decode_groups_at(SC_SIMD_NONE, text, 128, out[0], &len), want);
      assert_int_equal(sc_base64_decode_groups_at(sc_simd_best(), text, 128, out[1], &len), want);
      assert_int_equal(sc_base64_decode(text, 128, out[0], &len), good || (c == '=' && at == 127));
      assert_memory_equal(out[0], out[1], want / 4 * 3);
      text[at] = kept;
    }
  }
}

static void refuses_wrong_lengths_and_padding(void **state) {
  (void)state;
  static const char *bad[] = {
      "Z",    "Zg",   "Zm8",   "Zg=",   "=",     "==",   "====",     "Z===",   "Zg==Zg==", "Zg==Z", "Z=g=",
      "Zm=v", "=Zm9", "Zm9v=", "Zm8==", " Zm8=", "Zm 8", "Zm9vZg=a", "Zm9v\n", "Zm8-",     "Zm8_"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    char out[16];
    size_t len;
    if (sc_base64_decode(bad[i], strlen(bad[i]), out, &len)) fail_msg("took %s", bad[i]);
  }
}

/* What was not read is untouched, so that it can be read another way. */
static void groups_end_at_the_quote(void **state) {
  (void)state;
  uint8_t plain[LONGEST];
  char text[2 * LONGEST], kept[2 * LONGEST];
  size_t len;
  for (size_t n = 0; n < LONGEST; n++) {
    fill(plain, n);
    size_t chars = sc_base64_encode(plain, n, text);
    memset(text + chars, '"', sizeof(text) - chars);
    memcpy(kept, text, sizeof(text));
    size_t read = sc_base64_decode_groups(text, sizeof(text), text, &len);
    assert_int_equal(read, n / 3 * 4);
    assert_int_equal(len, n / 3 * 3);
    assert_memory_equal(text, plain, len);
    assert_memory_equal(text + read, kept + read, sizeof(text) - read);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rfc_vectors),
      cmocka_unit_test(every_level_goes_round),
      cmocka_unit_test(decodes_in_place),
      cmocka_unit_test(every_wrong_byte_at_every_place),
      cmocka_unit_test(refuses_wrong_lengths_and_padding),
      cmocka_unit_test(groups_end_at_the_quote),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
