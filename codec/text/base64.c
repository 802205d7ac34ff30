#include "codec/text/base64.h"

#include <stdint.h>
#include <string.h>

#if defined(SC_HAS_AVX2)
#include <immintrin.h>
#elif defined(SC_HAS_NEON)
#include <arm_neon.h>
#endif

static const char alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value of a character + 1, so that 0 says "not of the alphabet". */
static const uint8_t values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64};

/* How far a vector body came; the portable body does the rest. */
struct progress {
  size_t read, written;
};

#if defined(SC_HAS_AVX2)

/* 32 characters to their 6-bit values. A character is judged by its two nibbles: each high nibble stands for a class
 * (2x, 3x, 4x and 6x, 5x and 7x, none), and by_low has the bits of the classes in which that low nibble is not of the
 * alphabet. */
SC_TARGET_AVX2 static inline __m256i avx2_values(__m256i text, uint32_t *bad) {
  const __m256i by_high =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16));
  const __m256i by_low =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(21, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19, 26, 27, 27, 27, 26));
  /* Added to a character to get its value; "/" looks one to the left of its row, where "+" has its own. */
  const __m256i shift =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), nibble);
  __m256i wrong =
      _mm256_and_si256(_mm256_shuffle_epi8(by_high, high), _mm256_shuffle_epi8(by_low, _mm256_and_si256(text, nibble)));
  __m256i slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/'));
  *bad = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(wrong, _mm256_setzero_si256()));
  return _mm256_add_epi8(text, _mm256_shuffle_epi8(shift, _mm256_add_epi8(high, slash)));
}

/* 32 values of 6 bits to 24 bytes: pairs to 12 bits, fours to 24, then the three bytes of each in order. */
SC_TARGET_AVX2 static inline void avx2_pack(__m256i six, char *dst) {
  const __m256i order =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  __m256i twelve = _mm256_maddubs_epi16(six, _mm256_set1_epi32(0x01400140));
  __m256i bytes = _mm256_shuffle_epi8(_mm256_madd_epi16(twelve, _mm256_set1_epi32(0x00011000)), order);
  bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
  _mm_storeu_si128((__m128i *)dst, _mm256_castsi256_si128(bytes));
  _mm_storel_epi64((__m128i *)(dst + 16), _mm256_extracti128_si256(bytes, 1));
}

SC_TARGET_AVX2 static struct progress decode_avx2(const char *src, size_t len, char *dst) {
  struct progress at = {0, 0};
  while (len - at.read >= 32) {
    uint32_t bad;
    __m256i six = avx2_values(_mm256_loadu_si256((const __m256i *)(src + at.read)), &bad);
    unsigned good = bad == 0 ? 32 : (unsigned)__builtin_ctz(bad) & ~3U;
    /* In place, the bytes behind those of the last whole group must not fall on text that is still to be read. */
    if (good < 32 && (uintptr_t)dst + at.written + 24 > (uintptr_t)src + at.read + good) break;
    avx2_pack(six, dst + at.written);
    at.read += good;
    at.written += good / 4 * 3;
    if (good < 32) break;
  }
  return at;
}

/* 12 bytes in each half (the first 4 of the low half, the last 4 of the high half are not used) to 16 values of 6
 * bits. */
SC_TARGET_AVX2 static inline __m256i avx2_unpack(__m256i bytes) {
  const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  bytes = _mm256_shuffle_epi8(bytes, order);
  __m256i first =
      _mm256_mulhi_epu16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
  __m256i second =
      _mm256_mullo_epi16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
  return _mm256_or_si256(first, second);
}

SC_TARGET_AVX2 static inline __m256i avx2_characters(__m256i six) {
  /* Rows: a-z, ten digits, "+", "/", A-Z. */
  const __m256i shift =
      _mm256_broadcastsi128_si256(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                                '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
  __m256i row = _mm256_subs_epu8(six, _mm256_set1_epi8(51));
  __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), six);
  row = _mm256_or_si256(row, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
  return _mm256_add_epi8(six, _mm256_shuffle_epi8(shift, row));
}

SC_TARGET_AVX2 static struct progress encode_avx2(const uint8_t *src, size_t len, char *dst) {
  struct progress at = {0, 0};
  while (len - at.read >= 28) {
    __m128i low = _mm_loadu_si128((const __m128i *)(src + at.read));
    __m128i high = _mm_loadu_si128((const __m128i *)(src + at.read + 12));
    __m256i six = avx2_unpack(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1));
    _mm256_storeu_si256((__m256i *)(dst + at.written), avx2_characters(six));
    at.read += 24;
    at.written += 32;
  }
  return at;
}

#elif defined(SC_HAS_NEON)

/* Tables of 64 bytes, so that one instruction looks up what is below 64 and gives 0 for the rest. */
static uint8x16_t neon_values(uint8x16_t text, const uint8x16x4_t *low, const uint8x16x4_t *high) {
  uint8x16_t first = vqtbl4q_u8(*low, text);
  return vorrq_u8(first, vqtbl4q_u8(*high, vsubq_u8(text, vdupq_n_u8(64))));
}

static uint8x16x4_t neon_table(const uint8_t *from) {
  uint8x16x4_t table;
  for (int i = 0; i < 4; i++) table.val[i] = vld1q_u8(from + 16 * i);
  return table;
}

static struct progress decode_neon(const char *src, size_t len, char *dst) {
  const uint8x16x4_t low = neon_table(values), high = neon_table(values + 64);
  struct progress at = {0, 0};
  while (len - at.read >= 64) {
    uint8x16x4_t six = vld4q_u8((const uint8_t *)src + at.read);
    uint8x16_t least = vdupq_n_u8(255);
    for (int i = 0; i < 4; i++) {
      six.val[i] = neon_values(six.val[i], &low, &high);
      least = vminq_u8(least, six.val[i]);
      six.val[i] = vsubq_u8(six.val[i], vdupq_n_u8(1));
    }
    if (vminvq_u8(least) == 0) break;
    uint8x16x3_t bytes;
    bytes.val[0] = vorrq_u8(vshlq_n_u8(six.val[0], 2), vshrq_n_u8(six.val[1], 4));
    bytes.val[1] = vorrq_u8(vshlq_n_u8(six.val[1], 4), vshrq_n_u8(six.val[2], 2));
    bytes.val[2] = vorrq_u8(vshlq_n_u8(six.val[2], 6), six.val[3]);
    vst3q_u8((uint8_t *)dst + at.written, bytes);
    at.read += 64;
    at.written += 48;
  }
  return at;
}

static struct progress encode_neon(const uint8_t *src, size_t len, char *dst) {
  const uint8x16x4_t characters = neon_table((const uint8_t *)alphabet);
  const uint8x16_t six_bits = vdupq_n_u8(63);
  struct progress at = {0, 0};
  while (len - at.read >= 48) {
    uint8x16x3_t bytes = vld3q_u8(src + at.read);
    uint8x16x4_t text;
    text.val[0] = vshrq_n_u8(bytes.val[0], 2);
    text.val[1] = vandq_u8(vorrq_u8(vshlq_n_u8(bytes.val[0], 4), vshrq_n_u8(bytes.val[1], 4)), six_bits);
    text.val[2] = vandq_u8(vorrq_u8(vshlq_n_u8(bytes.val[1], 2), vshrq_n_u8(bytes.val[2], 6)), six_bits);
    text.val[3] = vandq_u8(bytes.val[2], six_bits);
    for (int i = 0; i < 4; i++) text.val[i] = vqtbl4q_u8(characters, text.val[i]);
    vst4q_u8((uint8_t *)dst + at.written, text);
    at.read += 48;
    at.written += 64;
  }
  return at;
}

#endif

static struct progress decode_vectors(enum sc_simd level, const char *src, size_t len, char *dst) {
#if defined(SC_HAS_AVX2)
  if (level == SC_SIMD_AVX2) return decode_avx2(src, len, dst);
#elif defined(SC_HAS_NEON)
  if (level == SC_SIMD_NEON) return decode_neon(src, len, dst);
#else
  (void)src, (void)len, (void)dst;
#endif
  (void)level;
  return (struct progress){0, 0};
}

static struct progress encode_vectors(enum sc_simd level, const uint8_t *src, size_t len, char *dst) {
#if defined(SC_HAS_AVX2)
  if (level == SC_SIMD_AVX2) return encode_avx2(src, len, dst);
#elif defined(SC_HAS_NEON)
  if (level == SC_SIMD_NEON) return encode_neon(src, len, dst);
#else
  (void)src, (void)len, (void)dst;
#endif
  (void)level;
  return (struct progress){0, 0};
}

size_t sc_base64_decode_groups_at(enum sc_simd level, const char *src, size_t len, void *dst, size_t *out_len) {
  struct progress at = decode_vectors(level, src, len, dst);
  const uint8_t *in = (const uint8_t *)src;
  uint8_t *out = dst;
  for (; len - at.read >= 4; at.read += 4, at.written += 3) {
    const uint8_t *four = in + at.read;
    uint8_t a = values[four[0]], b = values[four[1]], c = values[four[2]], d = values[four[3]];
    if (a == 0 || b == 0 || c == 0 || d == 0) break;
    uint32_t bits = (a - 1U) << 18 | (b - 1U) << 12 | (c - 1U) << 6 | (d - 1U);
    out[at.written] = (uint8_t)(bits >> 16);
    out[at.written + 1] = (uint8_t)(bits >> 8);
    out[at.written + 2] = (uint8_t)bits;
  }
  *out_len = at.written;
  return at.read;
}

size_t sc_base64_decode_groups(const char *src, size_t len, void *dst, size_t *out_len) {
  return sc_base64_decode_groups_at(sc_simd_best(), src, len, dst, out_len);
}

bool sc_base64_decode_padded(const char four[4], void *out, size_t *written) {
  const uint8_t *text = (const uint8_t *)four;
  uint8_t *dst = out, a = values[text[0]], b = values[text[1]], c = values[text[2]];
  if (a == 0 || b == 0 || four[3] != '=' || (c == 0 && four[2] != '=')) return false;
  uint32_t bits = (a - 1U) << 18 | (b - 1U) << 12;
  if (c != 0) bits |= (c - 1U) << 6;
  dst[0] = (uint8_t)(bits >> 16);
  if (c != 0) dst[1] = (uint8_t)(bits >> 8);
  *written += c == 0 ? 1 : 2;
  return true;
}

bool sc_base64_decode(const char *src, size_t len, void *dst, size_t *out_len) {
  size_t read = sc_base64_decode_groups(src, len, dst, out_len);
  if (read == len) return true;
  return len - read == 4 && sc_base64_decode_padded(src + read, (uint8_t *)dst + *out_len, out_len);
}

static void encode_last(const uint8_t *src, size_t len, char *dst) {
  uint32_t bits = (uint32_t)src[0] << 16 | (len == 2 ? (uint32_t)src[1] << 8 : 0);
  dst[0] = alphabet[bits >> 18];
  dst[1] = alphabet[bits >> 12 & 63];
  dst[2] = len == 2 ? alphabet[bits >> 6 & 63] : '=';
  dst[3] = '=';
}

size_t sc_base64_encode_at(enum sc_simd level, const void *src, size_t len, char *dst) {
  const uint8_t *in = src;
  struct progress at = encode_vectors(level, in, len, dst);
  for (; len - at.read >= 3; at.read += 3, at.written += 4) {
    const uint8_t *three = in + at.read;
    uint32_t bits = (uint32_t)three[0] << 16 | (uint32_t)three[1] << 8 | three[2];
    dst[at.written] = alphabet[bits >> 18];
    dst[at.written + 1] = alphabet[bits >> 12 & 63];
    dst[at.written + 2] = alphabet[bits >> 6 & 63];
    dst[at.written + 3] = alphabet[bits & 63];
  }
  if (len == at.read) return at.written;
  encode_last(in + at.read, len - at.read, dst + at.written);
  return at.written + 4;
}

size_t sc_base64_encode(const void *src, size_t len, char *dst) {
  return sc_base64_encode_at(sc_simd_best(), src, len, dst);
}
