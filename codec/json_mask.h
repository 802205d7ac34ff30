/* Where in 64 bytes of JSON text the characters are that give it structure: the first step over large replies.
 * One call for many blocks. AVX2, SSE2 or NEON, else portable. Pure, any thread. Reads n_blocks * 64 bytes.
 */
#ifndef SC_JSON_MASK_H
#define SC_JSON_MASK_H

#include <stddef.h>
#include <stdint.h>

#include "codec/simd.h"

struct sc_json_mask { /* bit i: byte i */
  uint64_t quote;
  uint64_t backslash;
  uint64_t bracket; /* one of {}[] */
};

void sc_json_mask(const char *text, size_t n_blocks, struct sc_json_mask *out);
void sc_json_mask_at(enum sc_simd level, const char *text, size_t n_blocks, struct sc_json_mask *out);
/* The one without vectors, for tests. */
void sc_json_mask_portable(const char *text, size_t n_blocks, struct sc_json_mask *out);

#endif
