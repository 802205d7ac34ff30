#include "codec/json_mask.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* [ and { differ in one bit, 0x20, and so do ] and }; nothing else becomes { or } by that bit being set. */
#define BRACKET_BIT 0x20

void sc_json_mask_portable(const char *text, size_t n_blocks, struct sc_json_mask *out) {
  for (size_t b = 0; b < n_blocks; b++, text += 64) {
    struct sc_json_mask mask = {0, 0, 0};
    for (unsigned i = 0; i < 64; i++) {
      char c = text[i];
      mask.quote |= (uint64_t)(c == '"') << i;
      mask.backslash |= (uint64_t)(c == '\\') << i;
      mask.bracket |= (uint64_t)((c | BRACKET_BIT) == '{' || (c | BRACKET_BIT) == '}') << i;
    }
    out[b] = mask;
  }
}

#if defined(SC_HAS_AVX2)

SC_TARGET_AVX2 static inline uint64_t avx2_bits(__m256i low, __m256i high) {
  return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

SC_TARGET_AVX2 static inline uint64_t avx2_equal(__m256i low, __m256i high, char c) {
  __m256i wanted = _mm256_set1_epi8(c);
  return avx2_bits(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

SC_TARGET_AVX2 static inline __m256i avx2_brackets(__m256i text) {
  text = _mm256_or_si256(text, _mm256_set1_epi8(BRACKET_BIT));
  return _mm256_or_si256(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('{')),
                         _mm256_cmpeq_epi8(text, _mm256_set1_epi8('}')));
}

SC_TARGET_AVX2 static void mask_avx2(const char *text, size_t n_blocks, struct sc_json_mask *out) {
  for (size_t b = 0; b < n_blocks; b++, text += 64) {
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
    out[b].quote = avx2_equal(low, high, '"');
    out[b].backslash = avx2_equal(low, high, '\\');
    out[b].bracket = avx2_bits(avx2_brackets(low), avx2_brackets(high));
  }
}

#endif

#if defined(__x86_64__)

static inline uint64_t sse2_equal(__m128i text, char c) {
  return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8(c)));
}

static void mask_vectors(const char *text, size_t n_blocks, struct sc_json_mask *out) {
  for (size_t b = 0; b < n_blocks; b++, text += 64) {
    struct sc_json_mask mask = {0, 0, 0};
    for (int i = 0; i < 4; i++) {
      __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(text + 16 * i));
      __m128i folded = _mm_or_si128(part, _mm_set1_epi8(BRACKET_BIT));
      mask.quote |= sse2_equal(part, '"') << 16 * i;
      mask.backslash |= sse2_equal(part, '\\') << 16 * i;
      mask.bracket |= (sse2_equal(folded, '{') | sse2_equal(folded, '}')) << 16 * i;
    }
    out[b] = mask;
  }
}

#elif defined(SC_HAS_NEON)

/* One bit a byte: each byte keeps the bit of its place among eight, then neighbours are added up. */
static uint64_t neon_bits(const uint8x16_t match[4]) {
  static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  uint8x16_t place = vld1q_u8(places);
  uint8x16_t low = vpaddq_u8(vandq_u8(match[0], place), vandq_u8(match[1], place));
  uint8x16_t high = vpaddq_u8(vandq_u8(match[2], place), vandq_u8(match[3], place));
  uint8x16_t all = vpaddq_u8(low, high);
  return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static void mask_vectors(const char *text, size_t n_blocks, struct sc_json_mask *out) {
  for (size_t b = 0; b < n_blocks; b++, text += 64) {
    uint8x16_t quote[4], backslash[4], bracket[4];
    for (int i = 0; i < 4; i++) {
      uint8x16_t part = vld1q_u8((const uint8_t *)text + 16 * i);
      uint8x16_t folded = vorrq_u8(part, vdupq_n_u8(BRACKET_BIT));
      quote[i] = vceqq_u8(part, vdupq_n_u8('"'));
      backslash[i] = vceqq_u8(part, vdupq_n_u8('\\'));
      bracket[i] = vorrq_u8(vceqq_u8(folded, vdupq_n_u8('{')), vceqq_u8(folded, vdupq_n_u8('}')));
    }
    out[b] = (struct sc_json_mask){neon_bits(quote), neon_bits(backslash), neon_bits(bracket)};
  }
}

#else
#define mask_vectors sc_json_mask_portable
#endif

void sc_json_mask_at(enum sc_simd level, const char *text, size_t n_blocks, struct sc_json_mask *out) {
#if defined(SC_HAS_AVX2)
  if (level == SC_SIMD_AVX2) {
    mask_avx2(text, n_blocks, out);
    return;
  }
#endif
  (void)level;
  mask_vectors(text, n_blocks, out);
}

void sc_json_mask(const char *text, size_t n_blocks, struct sc_json_mask *out) {
  sc_json_mask_at(sc_simd_best(), text, n_blocks, out);
}
