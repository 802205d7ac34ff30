#include "codec/json/arena.h"

#include <stdlib.h>

#include "codec/text/utf8.h"
#include "engine/base/assert.h"
#include "engine/base/buf.h"
#include "engine/base/metrics.h"

#define BYTES_AT_ONCE ((size_t)64 << 10)

_Static_assert(SC_BODY_PADDING >= SC_JSON_INDEX_PADDING, "strings are unescaped and vectors loaded behind the end");

static size_t cap_for(size_t record_bytes) {
  size_t bytes = record_bytes + SC_JSON_FENCE_BYTES;
  return bytes > BYTES_AT_ONCE ? bytes : BYTES_AT_ONCE;
}

/* What is unescaped is never longer than the text. */
static void take_memory(struct sc_json_arena *arena, size_t cap) {
  free(arena->text);
  free(arena->scratch);
  arena->cap = cap;
  arena->text = sc_alloc(cap + SC_BODY_PADDING);
  arena->scratch = sc_alloc(cap + SC_BODY_PADDING);
}

struct sc_json_arena *sc_json_arena_new(size_t largest_record_bytes) {
  struct sc_json_arena *arena = sc_alloc_zero(1, sizeof(*arena));
  take_memory(arena, cap_for(largest_record_bytes));
  arena->index = sc_json_index_new(arena->cap);
  arena->at_once = SC_CHUNK_ROWS;
  return arena;
}

void sc_json_arena_free(struct sc_json_arena *arena) {
  if (arena == NULL) return;
  free(arena->text);
  free(arena->scratch);
  sc_json_index_free(arena->index);
  free(arena);
}

size_t sc_json_arena_bytes(size_t largest_record_bytes) {
  size_t cap = cap_for(largest_record_bytes);
  return sizeof(struct sc_json_arena) + 2 * (cap + SC_BODY_PADDING) + sc_json_index_bytes(cap);
}

/* In steps of 32 bytes: most records are too short for a call of memcpy to pay. Reads and writes up to 31 bytes more.
 */
static inline void copy(char *to, const char *from, size_t len) {
  if (len > 1024) memcpy(to, from, len);
  else
    for (size_t i = 0; i < len; i += 32) memcpy(to + i, from + i, 32);
}

/* Only for a record that is the arena's first: the others end a fill when they do not fit. */
static void grow(struct sc_json_arena *arena, size_t record_bytes) {
  SC_ASSERT(record_bytes < UINT32_MAX - SC_JSON_FENCE_BYTES - SC_BODY_PADDING);
  take_memory(arena, cap_for(record_bytes));
  sc_json_index_reserve(arena->index, arena->cap);
  sc_metric_add(sc_metrics_mine(), SC_M_DATA_PATH_ALLOCS, 1);
}

uint32_t sc_json_arena_fill(struct sc_json_arena *arena, const struct sc_record *records, uint32_t n,
                            struct sc_json_walk *w) {
  size_t used = 0;
  uint32_t k = 0;
  if (n > SC_CHUNK_ROWS) n = SC_CHUNK_ROWS;
  for (; k < n; k++) {
    size_t len = records[k].data.len;
    if (k > 0 && used + len + SC_JSON_FENCE_BYTES > BYTES_AT_ONCE) break;
    if (len + SC_JSON_FENCE_BYTES > arena->cap) grow(arena, len);
    arena->start[k] = (uint32_t)used;
    copy(arena->text + used, records[k].data.ptr, len);
    memcpy(arena->text + used + len, SC_JSON_FENCE, SC_JSON_FENCE_BYTES);
    used += len + SC_JSON_FENCE_BYTES;
  }
  arena->start[k] = (uint32_t)used;
  arena->n = k;
  arena->indexed = 0;
  w->index = arena->index;
  w->scratch = arena->scratch;
  return k;
}

static void find_backslash(struct sc_json_walk *w, uint32_t from) {
  const char *next = memchr(w->buf + from, '\\', w->len - from);
  w->backslash = next == NULL ? w->len : next - w->buf;
}

/* Whether a record ends as an object or an array does. */
static bool looks_whole(const struct sc_json_arena *arena, uint32_t k) {
  const char *start = arena->text + arena->start[k], *p = arena->text + arena->start[k + 1] - SC_JSON_FENCE_BYTES;
  while (p > start && sc_json_is_blank(p[-1])) p--;
  return p > start && (p[-1] == '}' || p[-1] == ']');
}

/* How many records from k on are indexed at once. */
static uint32_t count_at_once(const struct sc_json_arena *arena, uint32_t k) {
  uint32_t n = 0, most = arena->at_once < arena->n - k ? arena->at_once : arena->n - k;
  while (n < most && looks_whole(arena, k + n)) n++;
  return n > 0 ? n : 1;
}

/* Indexes records from k on. */
static void index_more(struct sc_json_arena *arena, struct sc_json_walk *w, uint32_t k) {
  uint32_t n = count_at_once(arena, k);
  arena->indexed = k + n;
  w->buf = arena->text + arena->start[k];
  w->len = arena->start[k + n] - arena->start[k];
  enum sc_json_index_result result = sc_json_index_build(arena->index, w->buf, w->len, &arena->next);
  arena->is_utf8 = result == SC_JSON_INDEX_OK;
  if (result == SC_JSON_INDEX_STRING) {
    if (n > 1) arena->at_once = n / 2;
    w->backslash = -1;
  } else {
    if (arena->at_once < SC_CHUNK_ROWS) arena->at_once += (arena->at_once + 15) / 16;
    find_backslash(w, 0);
  }
}

const uint32_t *sc_json_arena_begin(struct sc_json_arena *arena, struct sc_json_walk *w, uint32_t k) {
  if (k == arena->indexed) index_more(arena, w, k);
  w->start = arena->text + arena->start[k];
  w->end = arena->text + arena->start[k + 1] - SC_JSON_FENCE_BYTES;
  w->fault.what = NULL;
  if (!arena->is_utf8 && !sc_utf8_valid(w->start, (size_t)(w->end - w->start))) return NULL;
  return arena->next;
}

/* Behind a record that was not read to its end: of an index that is right nowhere but up to the first broken string,
 * which that record may have, nothing more is used. */
static void skip_rest(struct sc_json_arena *arena, struct sc_json_walk *w, uint32_t k) {
  uint32_t start = (uint32_t)(arena->text + arena->start[k + 1] - w->buf);
  if (w->backslash < 0) {
    arena->indexed = k + 1;
    return;
  }
  if (k + 1 == arena->indexed) return;
  while (*arena->next < start) arena->next++;
  if (w->backslash < start) find_backslash(w, start);
}

void sc_json_arena_end(struct sc_json_arena *arena, struct sc_json_walk *w, uint32_t k, const uint32_t *behind) {
  if (behind != NULL) arena->next = behind;
  else skip_rest(arena, w, k);
}
