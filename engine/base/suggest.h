/* "Did you mean": the known name nearest to what was written, by edit distance (insert, delete, change, swap).
 *
 * Init with what was written, try every known name, read best. Pure; does not allocate. Names beyond 64 bytes are never
 * near. The slices stay the caller's.
 */
#ifndef SC_BASE_SUGGEST_H
#define SC_BASE_SUGGEST_H

#include "engine/base/slice.h"

struct sc_suggest {
  struct sc_slice wanted;
  struct sc_slice best; /* of the names tried; empty: nothing is near enough */
  size_t distance;      /* best's, or the least that is too far: two edits are near, or a third of the length */
};

void sc_suggest_init(struct sc_suggest *n, struct sc_slice wanted);
/* A name that begins with what was written (3 bytes or more) counts as one edit away. */
void sc_suggest_try(struct sc_suggest *n, struct sc_slice name);

#endif
