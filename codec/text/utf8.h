/* Whether bytes are UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629). Pure, any thread. ASCII
 * goes by 16 bytes at a time, what is long or beyond ASCII through simdjson's validator. Reads nothing behind len. */
#ifndef SC_CODEC_TEXT_UTF8_H
#define SC_CODEC_TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool sc_utf8_valid(const char *text, size_t len);

/* Writes the code point (at most U+10FFFF, no surrogate); returns the bytes written, 1 to 4. */
static inline size_t sc_utf8_put(uint32_t code, char *out) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char)(0xc0 | code >> 6);
    out[1] = (char)(0x80 | (code & 63));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = (char)(0xe0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 63));
    out[2] = (char)(0x80 | (code & 63));
    return 3;
  }
  out[0] = (char)(0xf0 | code >> 18);
  out[1] = (char)(0x80 | (code >> 12 & 63));
  out[2] = (char)(0x80 | (code >> 6 & 63));
  out[3] = (char)(0x80 | (code & 63));
  return 4;
}

#endif
