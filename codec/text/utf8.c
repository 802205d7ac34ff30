#include "codec/text/utf8.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "codec/json/doc.h"

/* Length of the sequence that starts with a byte above 0x7f, 0 when it is none. left: bytes there are, at least 1. */
static size_t sequence_len(const unsigned char *s, size_t left) {
  unsigned char first = s[0];
  size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || left < len) return 0;
  for (size_t i = 1; i < len; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && s[1] < 0xa0) return 0; /* overlong */
  if (first == 0xed && s[1] > 0x9f) return 0; /* surrogates */
  if (first == 0xf0 && s[1] < 0x90) return 0; /* overlong */
  if (first == 0xf4 && s[1] > 0x8f) return 0; /* above U+10FFFF */
  return len;
}

/* All of a text of at least 16 bytes; the last step looks at some bytes twice. */
static bool is_ascii(const char *text, size_t len) {
  size_t i = 0, last = len - 16;
#if defined(__SSE2__)
  __m128i bits = _mm_loadu_si128((const __m128i *)(const void *)(text + last));
  for (; i < last; i += 16) bits = _mm_or_si128(bits, _mm_loadu_si128((const __m128i *)(const void *)(text + i)));
  return _mm_movemask_epi8(bits) == 0;
#else
  uint64_t bits = 0, words[2];
  for (; i < last + 16; i += 16) {
    memcpy(words, text + (i < last ? i : last), 16);
    bits |= words[0] | words[1];
  }
  return (bits & UINT64_C(0x8080808080808080)) == 0;
#endif
}

static bool is_valid_short(const unsigned char *s, size_t len) {
  for (size_t i = 0, n; i < len; i += n) {
    n = s[i] < 0x80 ? 1 : sequence_len(s + i, len - i);
    if (n == 0) return false;
  }
  return true;
}

bool sc_utf8_valid(const char *text, size_t len) {
  if (len < 16) return is_valid_short((const unsigned char *)text, len);
  return (len <= 512 && is_ascii(text, len)) || sc_jsondoc_is_utf8(sc_slice_of(text, len));
}
