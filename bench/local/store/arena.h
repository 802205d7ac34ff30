/* Texts one after the other in memory that never moves, with an index of where each begins: what a page of records is
 * cut from.
 *
 * Chunks of 512 bytes at first, doubling to 4 MiB; a text is in one chunk, a larger one gets a chunk of its own. Texts
 * are numbered from 0 and dropped at the front. Adding, dropping and looking at the index are the caller's to order;
 * bytes that were added stay where and as they are until their chunk has no reference left. A reference is the arena's
 * own, and one for each range handed out; they are counted atomically, so ranges are given back by any thread. Running
 * out of memory aborts.
 */
#ifndef SCL_STORE_ARENA_H
#define SCL_STORE_ARENA_H

#include <sys/uio.h>

#include "bench/local/store/window.h"
#include "engine/base/slice.h"

struct scl_arena_chunk;

/* Begin with scl_arena_init. The fields are private; here for their size. */
struct scl_arena {
  struct scl_window chunks; /* of struct scl_arena_chunk * */
  struct scl_window places; /* of where a text begins, by its number */
};

/* A stretch of texts in one chunk, with a reference to it. */
struct scl_arena_range {
  struct iovec bytes;
  struct scl_arena_chunk *chunk;
};

void scl_arena_init(struct scl_arena *arena);
void scl_arena_fini(struct scl_arena *arena);
/* The first text added will have that number, as if so many had been added and dropped. None was so far. */
void scl_arena_start(struct scl_arena *arena, uint64_t first);

/* Room for a text of at most `most` bytes (below 4 GiB); it is added when scl_arena_end says where it ended. */
char *scl_arena_begin(struct scl_arena *arena, size_t most);
void scl_arena_end(struct scl_arena *arena, const char *end);

static inline uint64_t scl_arena_first(const struct scl_arena *arena) { return arena->places.first; }
static inline uint64_t scl_arena_count(const struct scl_arena *arena) {
  return arena->places.end;
} /* dropped ones too */
struct sc_slice scl_arena_text(const struct scl_arena *arena, uint64_t i); /* first <= i < count */
/* Drops the texts below first, which is at most count. */
void scl_arena_drop(struct scl_arena *arena, uint64_t first);

/* Texts first..last, all of them, as few ranges: at most scl_arena_most_ranges of them; returns how many. Each is given
 * back with scl_arena_range_fini. */
int scl_arena_most_ranges(const struct scl_arena *arena, uint64_t first, uint64_t last);
int scl_arena_ranges(const struct scl_arena *arena, uint64_t first, uint64_t last, struct scl_arena_range *ranges);
void scl_arena_range_fini(struct scl_arena_range *range);

#endif
