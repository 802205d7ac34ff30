/* Bytes in hexadecimal, lower case. Pure, any thread. */
#ifndef SC_CODEC_TEXT_HEX_H
#define SC_CODEC_TEXT_HEX_H

#include <stddef.h>

/* Two digits a byte; gives the place behind them. */
static inline char *sc_hex_put(char *out, const void *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  const unsigned char *in = bytes;
  for (size_t i = 0; i < len; i++) {
    *out++ = digits[in[i] >> 4];
    *out++ = digits[in[i] & 15];
  }
  return out;
}

#endif
