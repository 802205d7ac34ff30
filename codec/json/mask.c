#include "codec/json/mask.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* [ and { differ in one bit, 0x20, and so do ] and }; nothing else becomes { or } by that bit being set. */
#define BRACKET_BIT 0x20

/* The bytes behind a backslash that is not escaped itself. Backslashes are rare in replies. */
static uint64_t escaped_bytes(uint64_t *carried, uint64_t backslashes) {
  uint64_t escaped = *carried;
  *carried = 0;
  for (uint64_t left = backslashes & ~escaped; left != 0;) {
    unsigned at = (unsigned)__builtin_ctzll(left);
    if (at == 63) {
      *carried = 1;
      break;
    }
    escaped |= UINT64_C(2) << at;
    left &= ~(UINT64_C(3) << at);
  }
  return escaped;
}

static inline uint64_t real_quotes(struct sc_json_mask *mask, uint64_t quotes, uint64_t backslashes) {
  if ((backslashes | mask->escaped) == 0) return quotes;
  return quotes & ~escaped_bytes(&mask->escaped, backslashes);
}

/* odd: bit i is set when 0..i holds an odd number of quotes, so that bytes from a quote to before its partner are
 * inside. */
static inline uint64_t outside(struct sc_json_mask *mask, uint64_t odd, uint64_t brackets) {
  uint64_t inside = odd ^ mask->in_string;
  mask->in_string = 0 - (inside >> 63);
  return brackets & ~inside;
}

static inline uint64_t prefix_xor(uint64_t bits) {
  for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

void sc_json_mask_brackets_portable(struct sc_json_mask *mask, const char *text, size_t n_blocks, uint64_t *brackets) {
  for (size_t b = 0; b < n_blocks; b++, text += 64) {
    uint64_t quote = 0, backslash = 0, bracket = 0;
    for (unsigned i = 0; i < 64; i++) {
      char c = text[i];
      quote |= (uint64_t)(c == '"') << i;
      backslash |= (uint64_t)(c == '\\') << i;
      bracket |= (uint64_t)((c | BRACKET_BIT) == '{' || (c | BRACKET_BIT) == '}') << i;
    }
    brackets[b] = outside(mask, prefix_xor(real_quotes(mask, quote, backslash)), bracket);
  }
}

#if defined(SC_HAS_AVX2)

#define TARGET __attribute__((target("avx2,pclmul")))

TARGET static inline uint64_t avx2_bits(__m256i low, __m256i high) {
  return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

TARGET static inline uint64_t avx2_equal(__m256i low, __m256i high, char c) {
  __m256i wanted = _mm256_set1_epi8(c);
  return avx2_bits(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

TARGET static inline __m256i avx2_brackets(__m256i text) {
  text = _mm256_or_si256(text, _mm256_set1_epi8(BRACKET_BIT));
  return _mm256_or_si256(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('{')),
                         _mm256_cmpeq_epi8(text, _mm256_set1_epi8('}')));
}

/* A product without carries by all ones is the prefix xor. */
TARGET static inline uint64_t prefix_xor_by_product(uint64_t bits) {
  __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)bits), _mm_set1_epi8(-1), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}

TARGET static void brackets_avx2(struct sc_json_mask *mask, const char *text, size_t n_blocks, uint64_t *brackets) {
  struct sc_json_mask state = *mask;
  for (size_t b = 0; b < n_blocks; b++, text += 64) {
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
    uint64_t quotes = real_quotes(&state, avx2_equal(low, high, '"'), avx2_equal(low, high, '\\'));
    uint64_t all = avx2_bits(avx2_brackets(low), avx2_brackets(high));
    brackets[b] = outside(&state, prefix_xor_by_product(quotes), all);
  }
  *mask = state;
}

#endif

#if defined(__x86_64__)

static inline uint64_t sse2_equal(__m128i text, char c) {
  return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8(c)));
}

static void brackets_vectors(struct sc_json_mask *mask, const char *text, size_t n_blocks, uint64_t *brackets) {
  for (size_t b = 0; b < n_blocks; b++, text += 64) {
    uint64_t quote = 0, backslash = 0, bracket = 0;
    for (int i = 0; i < 4; i++) {
      __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(text + 16 * i));
      __m128i folded = _mm_or_si128(part, _mm_set1_epi8(BRACKET_BIT));
      quote |= sse2_equal(part, '"') << 16 * i;
      backslash |= sse2_equal(part, '\\') << 16 * i;
      bracket |= (sse2_equal(folded, '{') | sse2_equal(folded, '}')) << 16 * i;
    }
    brackets[b] = outside(mask, prefix_xor(real_quotes(mask, quote, backslash)), bracket);
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

static void brackets_vectors(struct sc_json_mask *mask, const char *text, size_t n_blocks, uint64_t *brackets) {
  for (size_t b = 0; b < n_blocks; b++, text += 64) {
    uint8x16_t quote[4], backslash[4], bracket[4];
    for (int i = 0; i < 4; i++) {
      uint8x16_t part = vld1q_u8((const uint8_t *)text + 16 * i);
      uint8x16_t folded = vorrq_u8(part, vdupq_n_u8(BRACKET_BIT));
      quote[i] = vceqq_u8(part, vdupq_n_u8('"'));
      backslash[i] = vceqq_u8(part, vdupq_n_u8('\\'));
      bracket[i] = vorrq_u8(vceqq_u8(folded, vdupq_n_u8('{')), vceqq_u8(folded, vdupq_n_u8('}')));
    }
    uint64_t quotes = real_quotes(mask, neon_bits(quote), neon_bits(backslash));
    brackets[b] = outside(mask, prefix_xor(quotes), neon_bits(bracket));
  }
}

#else
#define brackets_vectors sc_json_mask_brackets_portable
#endif

void sc_json_mask_brackets_at(enum sc_simd level, struct sc_json_mask *mask, const char *text, size_t n_blocks,
                              uint64_t *brackets) {
#if defined(SC_HAS_AVX2)
  if (level == SC_SIMD_AVX2 && __builtin_cpu_supports("pclmul")) {
    brackets_avx2(mask, text, n_blocks, brackets);
    return;
  }
#endif
  (void)level;
  brackets_vectors(mask, text, n_blocks, brackets);
}

void sc_json_mask_brackets(struct sc_json_mask *mask, const char *text, size_t n_blocks, uint64_t *brackets) {
  sc_json_mask_brackets_at(sc_simd_best(), mask, text, n_blocks, brackets);
}
