/* Base64 with the standard alphabet and padding, as the AWS JSON protocol has it (RFC 4648 section 4).
 *
 * Strict: the alphabet alone, no blanks, length a multiple of 4, padding only at the end. Bits a last group does not
 * use are not looked at. Pure, no allocation, any thread. AVX2 or NEON where the machine has it.
 */
#ifndef SC_CODEC_TEXT_BASE64_H
#define SC_CODEC_TEXT_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "codec/simd.h"

/* Characters that n bytes take, padding included. */
static inline size_t sc_base64_encoded_len(size_t n) { return (n + 2) / 3 * 4; }

/* Writes sc_base64_encoded_len(len) characters to dst, no NUL; returns that length. dst and src must not overlap. */
size_t sc_base64_encode(const void *src, size_t len, char *dst);

/* Decodes all len characters. dst may be src, or lie before it in the same buffer: the text only shrinks. dst needs
 * room for len / 4 * 3 bytes. False when that is no base64; dst is then undefined. */
bool sc_base64_decode(const char *src, size_t len, void *dst, size_t *out_len);

/* Decodes groups of four characters as long as all four are of the alphabet: for text with a closing quote behind it,
 * so that the quote need not be looked for first. Returns the characters read, a multiple of 4, at most len; fills
 * *out_len. What it did not read is untouched: the last group with its padding is left to sc_base64_decode. Same rules
 * for dst. */
size_t sc_base64_decode_groups(const char *src, size_t len, void *dst, size_t *out_len);
/* Adds a last group of two or three characters and the padding that makes them four: 1 or 2 bytes at dst, *out_len
 * more by as many. False, with nothing written, when it is none. */
bool sc_base64_decode_padded(const char four[4], void *dst, size_t *out_len);

size_t sc_base64_encode_at(enum sc_simd level, const void *src, size_t len, char *dst);
size_t sc_base64_decode_groups_at(enum sc_simd level, const char *src, size_t len, void *dst, size_t *out_len);

#endif
