/* Texts one after the other in memory that never moves, with an index of where each begins: what a page of records is cut from.
 *
 * Chunks of 512 bytes at first, doubling to 4 MiB; a text is in one chunk, a larger one gets a chunk of its own. Texts are numbered from
 * 0 and dropped at the front. Adding, dropping and looking at the index are the caller's to order; bytes that were added stay where
 * and as they are until their chunk has no reference left. A reference is the arena's own, and one for each range handed out;
 * they are counted atomically, so ranges are given back by any thread. Running out of memory aborts.
 */
#ifndef SC_LOCAL_ARENA_H
#define SC_LOCAL_ARENA_H

#include <sys/uio.h>

#include "bench/local/store/window.h"
#include "engine/base/slice.h"

struct sc_arena_chunk;

/* Begin with sc_arena_init. The fields are private; here for their size. */
struct sc_arena {
  struct sc_window chunks; /* of struct sc_arena_chunk * */
  struct sc_window places; /* of where a text begins, by its number */
};

/* A stretch of texts in one chunk, with a reference to it. */
struct sc_arena_range {
  struct iovec bytes;
  struct sc_arena_chunk *chunk;
};

void sc_arena_init(struct sc_arena *arena);
void sc_arena_fini(struct sc_arena *arena);
/* The first text added will have that number, as if so many had been added and dropped. None was so far. */
void sc_arena_start(struct sc_arena *arena, uint64_t first);

/* Room for a text of at most `most` bytes (below 4 GiB); it is added when sc_arena_end says where it ended. */
char *sc_arena_begin(struct sc_arena *arena, size_t most);
void sc_arena_end(struct sc_arena *arena, const char *end);

static inline uint64_t sc_arena_first(const struct sc_arena *arena) { return arena->places.first; }
static inline uint64_t sc_arena_count(const struct sc_arena *arena) { return arena->places.end; } /* dropped ones too */
struct sc_slice sc_arena_text(const struct sc_arena *arena, uint64_t i); /* first <= i < count */
/* Drops the texts below first, which is at most count. */
void sc_arena_drop(struct sc_arena *arena, uint64_t first);

/* Texts first..last, all of them, as few ranges: at most sc_arena_most_ranges of them; returns how many. Each is given back with
 * sc_arena_range_fini. */
int sc_arena_most_ranges(const struct sc_arena *arena, uint64_t first, uint64_t last);
int sc_arena_ranges(const struct sc_arena *arena, uint64_t first, uint64_t last, struct sc_arena_range *ranges);
void sc_arena_range_fini(struct sc_arena_range *range);

#endif
