/* CBOR for tests, written so that a person can read it: hex digits are bytes, 'abc' is a text string with its head,
 * h'abc' a byte string with its head; blanks are for the eye. */
#ifndef SC_TESTS_UNIT_CODEC_WIRE_CBOR_TEXT_H
#define SC_TESTS_UNIT_CODEC_WIRE_CBOR_TEXT_H

#include <stdlib.h>

#include "codec/wire/cbor.h"

static inline unsigned cbor_text_digit(char c) {
  const char *digits = "0123456789abcdef", *at = c == '\0' ? NULL : strchr(digits, c);
  if (at == NULL) abort();
  return (unsigned)(at - digits);
}

/* Replaces what out holds. */
static inline struct sc_slice cbor_text(struct sc_buf *out, const char *text) {
  sc_buf_clear(out);
  while (*text != '\0') {
    bool is_bytes = text[0] == 'h';
    if (*text == ' ') {
      text++;
    } else if (text[is_bytes] == '\'') {
      size_t len = strcspn(text + is_bytes + 1, "'");
      sc_cbor_add(out, is_bytes ? SC_CBOR_BYTES : SC_CBOR_TEXT, len);
      sc_buf_add(out, text + is_bytes + 1, len);
      text += is_bytes + len + 2;
    } else {
      sc_buf_add_char(out, (char)(cbor_text_digit(text[0]) << 4 | cbor_text_digit(text[1])));
      text += 2;
    }
  }
  return sc_buf_view(out);
}

#endif
