/* Texts one after the other in memory that never moves, with an index of where each begins: what a page of records is cut from.
 *
 * Chunks of 4 KiB at first, doubling to 4 MiB; a text is in one chunk, a larger one gets a chunk of its own. Adding, and looking at the
 * index, are the caller's to order; bytes that were added stay where and as they are until the arena is freed. Running out of
 * memory aborts.
 */
#ifndef SC_LOCAL_ARENA_H
#define SC_LOCAL_ARENA_H

#include <sys/uio.h>

#include "engine/base/slice.h"

struct sc_arena_chunk {
  char *ptr;
  size_t used, cap;
};

struct sc_arena_place {
  uint32_t chunk, offset;
};

/* Zero is empty. The fields are private; here for their size. */
struct sc_arena {
  uint32_t n_chunks, cap_chunks;
  struct sc_arena_chunk *chunks;
  struct sc_arena_place *places;
  uint64_t count, cap_places;
};

void sc_arena_fini(struct sc_arena *arena);

/* Room for a text of at most `most` bytes (below 4 GiB); it is added when sc_arena_end says where it ended. */
char *sc_arena_begin(struct sc_arena *arena, size_t most);
void sc_arena_end(struct sc_arena *arena, const char *end);

static inline uint64_t sc_arena_count(const struct sc_arena *arena) { return arena->count; }
struct sc_slice sc_arena_text(const struct sc_arena *arena, uint64_t i); /* i < count */

/* Texts first..last, all of them, as few ranges: at most sc_arena_most_ranges of them; returns how many. first <= last < count. */
int sc_arena_most_ranges(const struct sc_arena *arena, uint64_t first, uint64_t last);
int sc_arena_ranges(const struct sc_arena *arena, uint64_t first, uint64_t last, struct iovec *ranges);

#endif
