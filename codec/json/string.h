/* Strings and blanks of JSON text, for the hand-written scanners (RFC 8259 sections 2 and 7). Pure, any thread.
 *
 * Everywhere in the scanners `end` is the text's own end; SC_BODY_PADDING bytes behind it must be readable. What they
 * hold does not matter and is not believed.
 */
#ifndef SC_CODEC_JSON_STRING_H
#define SC_CODEC_JSON_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "engine/base/slice.h"

/* The byte at p, NUL at the end: NUL is nowhere allowed in JSON outside strings, so one comparison does for both. */
static inline char sc_json_peek(const char *p, const char *end) { return p < end ? *p : '\0'; }

static inline bool sc_json_is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

static inline const char *sc_json_skip_blanks(const char *p, const char *end) {
  while (p < end && sc_json_is_blank(*p)) p++;
  return p;
}

/* Of the 16 bytes at p: index of the first quote, backslash or control character, 16 when there is none. Callers go on
 * at p + 16 in a branch of its own, so that the next load need not wait for this answer. */
static inline unsigned sc_json_string_stop(const char *p) {
#if defined(__SSE2__)
  __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
  __m128i quote = _mm_cmpeq_epi8(text, _mm_set1_epi8('"'));
  __m128i backslash = _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'));
  __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1f)), text);
  unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control));
  return mask == 0 ? 16 : (unsigned)__builtin_ctz(mask);
#elif defined(__aarch64__)
  uint8x16_t text = vld1q_u8((const uint8_t *)p);
  uint8x16_t stop = vorrq_u8(vceqq_u8(text, vdupq_n_u8('"')), vceqq_u8(text, vdupq_n_u8('\\')));
  stop = vorrq_u8(stop, vcltq_u8(text, vdupq_n_u8(0x20)));
  uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(stop), 4)), 0);
  return mask == 0 ? 16 : (unsigned)__builtin_ctzll(mask) / 4;
#else
  unsigned i = 0;
  while (i < 16 && p[i] != '"' && p[i] != '\\' && (unsigned char)p[i] >= 0x20) i++;
  return i;
#endif
}

/* The same with bytes that are not ASCII among those it stops at: a string up to there is UTF-8, whatever comes. */
static inline unsigned sc_json_ascii_stop(const char *p) {
#if defined(__SSE2__)
  __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
  __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')), _mm_cmpeq_epi8(text, _mm_set1_epi8('\\')));
  stop = _mm_or_si128(stop, _mm_cmplt_epi8(text, _mm_set1_epi8(0x20))); /* signed: from 0x80 on they are below 0 */
  unsigned mask = (unsigned)_mm_movemask_epi8(stop);
  return mask == 0 ? 16 : (unsigned)__builtin_ctz(mask);
#elif defined(__aarch64__)
  uint8x16_t text = vld1q_u8((const uint8_t *)p);
  uint8x16_t stop = vorrq_u8(vceqq_u8(text, vdupq_n_u8('"')), vceqq_u8(text, vdupq_n_u8('\\')));
  stop = vorrq_u8(stop, vcltq_s8(vreinterpretq_s8_u8(text), vdupq_n_s8(0x20)));
  uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(stop), 4)), 0);
  return mask == 0 ? 16 : (unsigned)__builtin_ctzll(mask) / 4;
#else
  unsigned i = 0;
  while (i < 16 && p[i] != '"' && p[i] != '\\' && (unsigned char)p[i] >= 0x20 && (unsigned char)p[i] < 0x80) i++;
  return i;
#endif
}

/* Of the 16 bytes at p: how many digits they start with. */
static inline unsigned sc_json_digits_stop(const char *p) {
#if defined(__SSE2__)
  __m128i value = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8('0'));
  __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
  unsigned mask = (unsigned)_mm_movemask_epi8(digit);
  return mask == 0xffff ? 16 : (unsigned)__builtin_ctz(~mask);
#elif defined(__aarch64__)
  uint8x16_t value = vsubq_u8(vld1q_u8((const uint8_t *)p), vdupq_n_u8('0'));
  uint8x16_t stop = vcgtq_u8(value, vdupq_n_u8(9));
  uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(stop), 4)), 0);
  return mask == 0 ? 16 : (unsigned)__builtin_ctzll(mask) / 4;
#else
  unsigned i = 0;
  while (i < 16 && p[i] >= '0' && p[i] <= '9') i++;
  return i;
#endif
}

/* p is behind the opening quote. The closing quote, NULL when there is none before end or a control character comes
 * first. *plain: no backslash in it, so the text is the string; else its escapes are still to be checked. */
static inline const char *sc_json_string_end(const char *p, const char *end, bool *plain) {
  *plain = true;
  while (p < end) {
    unsigned stop = sc_json_string_stop(p);
    if (stop == 16) {
      p += 16;
      continue;
    }
    p += stop;
    if (p >= end) return NULL;
    if (*p == '"') return p;
    if (*p != '\\') return NULL;
    *plain = false;
    p += 2;
  }
  return NULL;
}

/* The value at p, for callers that do not look into it or have it checked elsewhere: a string or what is between two
 * brackets, else all up to a comma, a closing bracket or a blank. What is cut short goes to the end. */
struct sc_slice sc_json_extent(const char *p, const char *end);

/* Unescapes what stands between two quotes; dst may be src or lie before it, and never grows. False on an escape JSON
 * does not know and on a surrogate without its other half. *out_len may be NULL. */
bool sc_json_string_unescape(const char *src, size_t len, char *dst, size_t *out_len);

/* The same check without writing. *nul: \u0000 is among the escapes (else left alone). */
bool sc_json_string_check(const char *src, size_t len, bool *nul);

#endif
