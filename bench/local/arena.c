#include "bench/local/arena.h"

#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

#define CHUNK_MIN 4096
#define CHUNK_MAX (4u << 20)

void sc_arena_fini(struct sc_arena *arena) {
  for (uint32_t i = 0; i < arena->n_chunks; i++) free(arena->chunks[i].ptr);
  free(arena->chunks);
  free(arena->places);
  *arena = (struct sc_arena){0};
}

static void add_chunk(struct sc_arena *arena, size_t need) {
  if (arena->n_chunks == arena->cap_chunks) {
    arena->cap_chunks = arena->cap_chunks == 0 ? 4 : arena->cap_chunks * 2;
    arena->chunks = sc_realloc(arena->chunks, arena->cap_chunks * sizeof *arena->chunks);
  }
  size_t cap = arena->n_chunks > 10 ? CHUNK_MAX : (size_t)CHUNK_MIN << arena->n_chunks;
  if (cap < need) cap = need;
  arena->chunks[arena->n_chunks++] = (struct sc_arena_chunk){sc_alloc(cap), 0, cap};
}

static struct sc_arena_chunk *last_chunk(const struct sc_arena *arena) { return &arena->chunks[arena->n_chunks - 1]; }

char *sc_arena_begin(struct sc_arena *arena, size_t most) {
  SC_ASSERT(most < UINT32_MAX);
  if (arena->n_chunks == 0 || last_chunk(arena)->cap - last_chunk(arena)->used < most) add_chunk(arena, most);
  return last_chunk(arena)->ptr + last_chunk(arena)->used;
}

void sc_arena_end(struct sc_arena *arena, const char *end) {
  struct sc_arena_chunk *chunk = last_chunk(arena);
  if (arena->count == arena->cap_places) {
    arena->cap_places = arena->cap_places == 0 ? 16 : arena->cap_places * 2;
    arena->places = sc_realloc(arena->places, arena->cap_places * sizeof *arena->places);
  }
  arena->places[arena->count++] = (struct sc_arena_place){arena->n_chunks - 1, (uint32_t)chunk->used};
  chunk->used = (size_t)(end - chunk->ptr);
  SC_ASSERT(chunk->used <= chunk->cap);
}

/* Where text i ends: where the next one begins, if that is in the same chunk. */
static const char *end_of(const struct sc_arena *arena, uint64_t i) {
  uint32_t chunk = arena->places[i].chunk;
  bool is_followed = i + 1 < arena->count && arena->places[i + 1].chunk == chunk;
  return arena->chunks[chunk].ptr + (is_followed ? arena->places[i + 1].offset : arena->chunks[chunk].used);
}

static const char *begin_of(const struct sc_arena *arena, uint64_t i) {
  return arena->chunks[arena->places[i].chunk].ptr + arena->places[i].offset;
}

struct sc_slice sc_arena_text(const struct sc_arena *arena, uint64_t i) {
  SC_ASSERT(i < arena->count);
  return sc_slice_of(begin_of(arena, i), (size_t)(end_of(arena, i) - begin_of(arena, i)));
}

int sc_arena_most_ranges(const struct sc_arena *arena, uint64_t first, uint64_t last) {
  SC_ASSERT(first <= last && last < arena->count);
  return (int)(arena->places[last].chunk - arena->places[first].chunk + 1);
}

int sc_arena_ranges(const struct sc_arena *arena, uint64_t first, uint64_t last, struct iovec *ranges) {
  int n = 0;
  const char *start = begin_of(arena, first);
  for (uint32_t i = arena->places[first].chunk; i < arena->places[last].chunk; i++) {
    const char *end = arena->chunks[i].ptr + arena->chunks[i].used;
    if (end > start) ranges[n++] = (struct iovec){(void *)start, (size_t)(end - start)};
    start = arena->chunks[i + 1].ptr;
  }
  ranges[n++] = (struct iovec){(void *)start, (size_t)(end_of(arena, last) - start)};
  return n;
}
