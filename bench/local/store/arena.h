/* Texts one after the other in memory that never moves, with an index of where each begins. Pages of records are ranges
 * of it.
 *
 * Memory comes in chunks: 512 bytes at first, doubling to 4 MiB. A text lies in one chunk; a text larger than a chunk
 * gets one of its own. Texts are numbered from 0 and dropped at the front.
 *
 * The caller orders the calls that add, drop and use the index. Bytes that were added neither move nor change until
 * their chunk has no reference left: one of the arena, and one for each range handed out. References are counted
 * atomically, so any thread gives ranges back. Running out of memory aborts.
 */
#ifndef SCL_STORE_ARENA_H
#define SCL_STORE_ARENA_H

#include <sys/uio.h>

#include "bench/local/store/window.h"
#include "engine/base/slice.h"

struct scl_arena_chunk;

/* Begin with scl_arena_init. The fields are private. */
struct scl_arena {
  struct scl_window chunks; /* of struct scl_arena_chunk * */
  struct scl_window places; /* where each text begins, by its number */
};

/* Consecutive texts in one chunk, with a reference to the chunk. */
struct scl_arena_range {
  struct iovec bytes;
  struct scl_arena_chunk *chunk;
};

void scl_arena_init(struct scl_arena *arena);
void scl_arena_fini(struct scl_arena *arena);
/* The first text to be added will have this number. Nothing was added yet. */
void scl_arena_start(struct scl_arena *arena, uint64_t first);

/* Room for a text of at most `most` bytes (below 4 GiB). scl_arena_end adds the text that ends there. */
char *scl_arena_begin(struct scl_arena *arena, size_t most);
void scl_arena_end(struct scl_arena *arena, const char *end);

static inline uint64_t scl_arena_first(const struct scl_arena *arena) { return arena->places.first; }
/* Dropped texts are counted too. */
static inline uint64_t scl_arena_count(const struct scl_arena *arena) { return arena->places.end; }
struct sc_slice scl_arena_text(const struct scl_arena *arena, uint64_t i); /* first <= i < count */
/* Drops the texts below first, which is at most count. */
void scl_arena_drop(struct scl_arena *arena, uint64_t first);

/* Texts first to last (inclusive) as ranges, at most scl_arena_most_ranges; returns how many. Each range is given back
 * with scl_arena_range_fini. */
int scl_arena_most_ranges(const struct scl_arena *arena, uint64_t first, uint64_t last);
int scl_arena_ranges(const struct scl_arena *arena, uint64_t first, uint64_t last, struct scl_arena_range *ranges);
void scl_arena_range_fini(struct scl_arena_range *range);

#endif
