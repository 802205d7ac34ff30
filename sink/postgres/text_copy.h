/* A copy of a short text that also says whether a NUL is in it: one pass where memchr and memcpy are two calls. Inline,
 * pure; reads and writes len bytes, no more. */
#ifndef SC_SINK_POSTGRES_TEXT_COPY_H
#define SC_SINK_POSTGRES_TEXT_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SC_TEXT_COPY_SHORT 64 /* beyond it the library's loops are faster */

/* Not 0 when one of the eight bytes is 0. */
static inline uint64_t sc_text_nuls(uint64_t word) {
  return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* A text of at least 8 bytes by words; the last word may hold bytes of the one before. */
static inline bool sc_text_copy_words(char *dst, const char *src, size_t len) {
  uint64_t word, nuls = 0;
  for (size_t i = 0; i < len - 8; i += 8) {
    memcpy(&word, src + i, 8);
    memcpy(dst + i, &word, 8);
    nuls |= sc_text_nuls(word);
  }
  memcpy(&word, src + len - 8, 8);
  memcpy(dst + len - 8, &word, 8);
  return (nuls | sc_text_nuls(word)) == 0;
}

/* Of 4 to 7 bytes, the same with halves. */
static inline bool sc_text_copy_halves(char *dst, const char *src, size_t len) {
  uint32_t first, last;
  memcpy(&first, src, 4);
  memcpy(&last, src + len - 4, 4);
  memcpy(dst, &first, 4);
  memcpy(dst + len - 4, &last, 4);
  return sc_text_nuls((uint64_t)first << 32 | last) == 0;
}

/* dst and src do not overlap. False: a NUL is among the bytes (all are copied). */
static inline bool sc_text_copy(char *dst, const char *src, size_t len) {
  if (len > SC_TEXT_COPY_SHORT) {
    memcpy(dst, src, len);
    return memchr(src, 0, len) == NULL;
  }
  if (len >= 8) return sc_text_copy_words(dst, src, len);
  if (len >= 4) return sc_text_copy_halves(dst, src, len);
  bool clean = true;
  for (size_t i = 0; i < len; i++) clean &= (dst[i] = src[i]) != 0;
  return clean;
}

#endif
