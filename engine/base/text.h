/* Cutting, trimming and decoding short texts: URLs, headers, configuration files, names. Pure; any thread; slices are
 * views of what was passed in. Not for the data path, whose scanners are in codec/.
 */
#ifndef SC_BASE_TEXT_H
#define SC_BASE_TEXT_H

#include "engine/base/slice.h"

/* ASCII blanks: space, tab, CR, LF, form feed, vertical tab. Independent of the locale. */
static inline bool sc_text_is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Without blanks at both ends. */
struct sc_slice sc_text_trim(struct sc_slice s);

/* Cuts *s at the first c and returns what stands behind it; *s keeps what stands before it. Without c, *s stays whole
 * and the result is {NULL, 0}. */
struct sc_slice sc_text_cut(struct sc_slice *s, char c);

/* Takes the part before the next separator off *rest. False when *rest is used up (its ptr is NULL then). "a,,b" gives
 * "a", "", "b"; an empty text gives one empty part. */
bool sc_text_next(struct sc_slice *rest, char separator, struct sc_slice *part);

/* Whether the texts are equal when ASCII letters are compared without case. */
bool sc_text_equals_nocase(struct sc_slice a, struct sc_slice b);

/* Bytes of the longest part of s of at most max_bytes that does not end inside a UTF-8 character. */
size_t sc_text_utf8_cut(struct sc_slice s, size_t max_bytes);

/* The value of a hexadecimal digit, -1 for any other character. */
static inline int sc_text_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes percent escapes (RFC 3986 section 2.1) into text, which has room for size bytes with its NUL. A plus sign is
 * a blank where plus_is_blank (application/x-www-form-urlencoded). False on a malformed escape, a NUL, or when the
 * result does not fit. */
bool sc_text_unpercent(struct sc_slice s, bool plus_is_blank, char *text, size_t size);

/* FNV-1a, 32 bits. Column names made by shardcopy contain it, so it may never change. */
uint32_t sc_text_hash(struct sc_slice s);

#endif
