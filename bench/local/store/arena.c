#include "bench/local/store/arena.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

#define CHUNK_MIN 512
#define CHUNK_MAX (4u << 20)

struct scl_arena_chunk {
  _Atomic uint32_t references;
  size_t used, cap;
  char bytes[];
};

struct place {
  uint64_t chunk;
  uint32_t offset;
};

void scl_arena_init(struct scl_arena *arena) {
  *arena = (struct scl_arena){.chunks = {.item_bytes = sizeof(struct scl_arena_chunk *)},
                              .places = {.item_bytes = sizeof(struct place)}};
}

static struct scl_arena_chunk *chunk_at(const struct scl_arena *arena, uint64_t i) {
  return *(struct scl_arena_chunk **)scl_window_at(&arena->chunks, i);
}

static const struct place *place_at(const struct scl_arena *arena, uint64_t i) {
  return scl_window_at(&arena->places, i);
}

static struct scl_arena_chunk *take(struct scl_arena_chunk *chunk) {
  atomic_fetch_add_explicit(&chunk->references, 1, memory_order_relaxed);
  return chunk;
}

static void give(struct scl_arena_chunk *chunk) {
  uint32_t before = atomic_fetch_sub_explicit(&chunk->references, 1, memory_order_acq_rel);
  SC_ASSERT(before > 0);
  if (before == 1) free(chunk);
}

static void drop_chunks(struct scl_arena *arena, uint64_t first) {
  for (uint64_t i = arena->chunks.first; i < first; i++) give(chunk_at(arena, i));
  scl_window_drop(&arena->chunks, first);
}

void scl_arena_fini(struct scl_arena *arena) {
  drop_chunks(arena, arena->chunks.end);
  scl_window_fini(&arena->chunks);
  scl_window_fini(&arena->places);
}

void scl_arena_start(struct scl_arena *arena, uint64_t first) { scl_window_start(&arena->places, first); }

static struct scl_arena_chunk *last_chunk(const struct scl_arena *arena) {
  return arena->chunks.first == arena->chunks.end ? NULL : chunk_at(arena, arena->chunks.end - 1);
}

/* Each chunk is twice the one before: a shard with few records stays small, and a large one has few chunks. */
static struct scl_arena_chunk *add_chunk(struct scl_arena *arena, size_t need) {
  const struct scl_arena_chunk *last = last_chunk(arena);
  size_t cap = last == NULL ? CHUNK_MIN : last->cap >= CHUNK_MAX / 2 ? CHUNK_MAX : last->cap * 2;
  if (cap < need) cap = need;
  struct scl_arena_chunk *chunk = sc_alloc(sizeof(*chunk) + cap);
  atomic_init(&chunk->references, 1);
  chunk->used = 0;
  chunk->cap = cap;
  *(struct scl_arena_chunk **)scl_window_add(&arena->chunks) = chunk;
  return chunk;
}

char *scl_arena_begin(struct scl_arena *arena, size_t most) {
  SC_ASSERT(most < UINT32_MAX);
  struct scl_arena_chunk *chunk = last_chunk(arena);
  if (chunk == NULL || chunk->cap - chunk->used < most) chunk = add_chunk(arena, most);
  return chunk->bytes + chunk->used;
}

void scl_arena_end(struct scl_arena *arena, const char *end) {
  struct scl_arena_chunk *chunk = last_chunk(arena);
  *(struct place *)scl_window_add(&arena->places) = (struct place){arena->chunks.end - 1, (uint32_t)chunk->used};
  chunk->used = (size_t)(end - chunk->bytes);
  SC_ASSERT(chunk->used <= chunk->cap);
}

/* Text i ends where the next one begins if both are in one chunk, else at the end of its chunk. */
static const char *end_of(const struct scl_arena *arena, uint64_t i) {
  uint64_t chunk = place_at(arena, i)->chunk;
  bool is_followed = i + 1 < arena->places.end && place_at(arena, i + 1)->chunk == chunk;
  const struct scl_arena_chunk *in = chunk_at(arena, chunk);
  return in->bytes + (is_followed ? place_at(arena, i + 1)->offset : in->used);
}

static const char *begin_of(const struct scl_arena *arena, uint64_t i) {
  const struct place *place = place_at(arena, i);
  return chunk_at(arena, place->chunk)->bytes + place->offset;
}

struct sc_slice scl_arena_text(const struct scl_arena *arena, uint64_t i) {
  return sc_slice_of(begin_of(arena, i), (size_t)(end_of(arena, i) - begin_of(arena, i)));
}

void scl_arena_drop(struct scl_arena *arena, uint64_t first) {
  scl_window_drop(&arena->places, first);
  drop_chunks(arena, first == arena->places.end ? arena->chunks.end : place_at(arena, first)->chunk);
}

int scl_arena_most_ranges(const struct scl_arena *arena, uint64_t first, uint64_t last) {
  SC_ASSERT(first <= last);
  return (int)(place_at(arena, last)->chunk - place_at(arena, first)->chunk + 1);
}

static struct scl_arena_range range_of(struct scl_arena_chunk *chunk, const char *start, const char *end) {
  return (struct scl_arena_range){{(void *)start, (size_t)(end - start)}, take(chunk)};
}

int scl_arena_ranges(const struct scl_arena *arena, uint64_t first, uint64_t last, struct scl_arena_range *ranges) {
  int n = 0;
  const char *start = begin_of(arena, first);
  for (uint64_t i = place_at(arena, first)->chunk; i < place_at(arena, last)->chunk; i++) {
    struct scl_arena_chunk *chunk = chunk_at(arena, i);
    const char *end = chunk->bytes + chunk->used;
    if (end > start) ranges[n++] = range_of(chunk, start, end);
    start = chunk_at(arena, i + 1)->bytes;
  }
  ranges[n++] = range_of(chunk_at(arena, place_at(arena, last)->chunk), start, end_of(arena, last));
  return n;
}

void scl_arena_range_fini(struct scl_arena_range *range) { give(range->chunk); }
