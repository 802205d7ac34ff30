/* Where the brackets of JSON text are, strings left out: the first step over large replies, 64 bytes at a time.
 *
 * The text is given in pieces of whole blocks, in order; what one block means to the next (inside a string, behind a
 * backslash) is kept in the state, zero before the first. AVX2, SSE2 or NEON, else portable. Pure, any thread.
 */
#ifndef SC_CODEC_JSON_MASK_H
#define SC_CODEC_JSON_MASK_H

#include <stddef.h>
#include <stdint.h>

#include "codec/simd.h"

struct sc_json_mask {
  uint64_t in_string; /* all ones or 0 */
  uint64_t escaped;   /* 1 or 0 */
};

/* brackets[b], bit i: text[64 * b + i] is one of {}[] and in no string. Reads and writes n_blocks of each. */
void sc_json_mask_brackets(struct sc_json_mask *mask, const char *text, size_t n_blocks, uint64_t *brackets);
void sc_json_mask_brackets_at(enum sc_simd level, struct sc_json_mask *mask, const char *text, size_t n_blocks,
                              uint64_t *brackets);
/* The one without vectors, for tests and other machines. */
void sc_json_mask_brackets_portable(struct sc_json_mask *mask, const char *text, size_t n_blocks, uint64_t *brackets);

#endif
