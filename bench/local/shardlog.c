#include "bench/local/shardlog.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/local/seqlayout.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

#define CHUNK_MIN 4096
#define CHUNK_MAX (4u << 20)

struct chunk {
  char *ptr;
  size_t used, cap;
};

struct entry {
  uint32_t chunk;  /* which chunk the record is in */
  uint32_t offset; /* where its comma stands */
  int64_t arrived_ms;
  uint64_t bytes_before; /* of all records before this one */
};

struct sc_shardlog {
  _Atomic uint32_t references;
  uint32_t n_chunks, cap_chunks;
  struct chunk *chunks;
  struct entry *entries;
  uint64_t count, cap_entries;
  uint64_t bytes;
};

struct sc_shardlog *sc_shardlog_new(void) {
  struct sc_shardlog *log = sc_alloc_zero(1, sizeof *log);
  atomic_init(&log->references, 1);
  return log;
}

struct sc_shardlog *sc_shardlog_take(struct sc_shardlog *log) {
  atomic_fetch_add_explicit(&log->references, 1, memory_order_relaxed);
  return log;
}

void sc_shardlog_give(struct sc_shardlog *log) {
  if (log == NULL) return;
  uint32_t before = atomic_fetch_sub_explicit(&log->references, 1, memory_order_acq_rel);
  SC_ASSERT(before > 0);
  if (before > 1) return;
  for (uint32_t i = 0; i < log->n_chunks; i++) free(log->chunks[i].ptr);
  free(log->chunks);
  free(log->entries);
  free(log);
}

static void add_chunk(struct sc_shardlog *log, size_t need) {
  if (log->n_chunks == log->cap_chunks) {
    log->cap_chunks = log->cap_chunks == 0 ? 4 : log->cap_chunks * 2;
    log->chunks = sc_realloc(log->chunks, log->cap_chunks * sizeof *log->chunks);
  }
  size_t cap = log->n_chunks > 10 ? CHUNK_MAX : (size_t)CHUNK_MIN << log->n_chunks;
  if (cap < need) cap = need;
  log->chunks[log->n_chunks++] = (struct chunk){sc_alloc(cap), 0, cap};
}

static struct chunk *chunk_for(struct sc_shardlog *log, size_t need) {
  if (log->n_chunks > 0) {
    struct chunk *last = &log->chunks[log->n_chunks - 1];
    if (last->cap - last->used >= need) return last;
  }
  add_chunk(log, need);
  return &log->chunks[log->n_chunks - 1];
}

static void add_entry(struct sc_shardlog *log, const struct sc_logrecord *record, uint32_t offset) {
  if (log->count == log->cap_entries) {
    log->cap_entries = log->cap_entries == 0 ? 16 : log->cap_entries * 2;
    log->entries = sc_realloc(log->entries, log->cap_entries * sizeof *log->entries);
  }
  log->entries[log->count++] = (struct entry){log->n_chunks - 1, offset, record->arrived_ms, log->bytes};
  log->bytes += record->bytes;
}

static char *put(char *at, const char *bytes, size_t len) {
  memcpy(at, bytes, len);
  return at + len;
}

#define PUT_LITERAL(at, text) put(at, text, sizeof(text) - 1)

/* Seconds with three decimals, without printf: this runs a million times when a stream is generated. */
static char *put_time(char *at, int64_t ms) {
  char digits[24];
  int n = 0;
  uint64_t rest = (uint64_t)ms;
  do {
    if (n == 3) digits[n++] = '.';
    digits[n++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest != 0 || n < 5);
  while (n > 0) *at++ = digits[--n];
  return at;
}

#define SKELETON ",{\"SequenceNumber\":\"\",\"ApproximateArrivalTimestamp\":,\"Data\":\"\",\"PartitionKey\":}"

void sc_shardlog_append(struct sc_shardlog *log, const struct sc_logrecord *record) {
  SC_ASSERT(record->arrived_ms >= 0);
  SC_ASSERT(log->count == 0 || log->entries[log->count - 1].arrived_ms <= record->arrived_ms);
  size_t most = sizeof SKELETON + SC_SEQLAYOUT_DIGITS + 24 + record->key_json.len + record->data.len;
  SC_ASSERT(most < UINT32_MAX);
  struct chunk *chunk = chunk_for(log, most);
  char *at = chunk->ptr + chunk->used;
  add_entry(log, record, (uint32_t)chunk->used);
  at = PUT_LITERAL(at, ",{\"SequenceNumber\":\"");
  at = put(at, record->sequence, SC_SEQLAYOUT_DIGITS);
  at = PUT_LITERAL(at, "\",\"ApproximateArrivalTimestamp\":");
  at = put_time(at, record->arrived_ms);
  at = PUT_LITERAL(at, ",\"Data\":\"");
  at = put(at, record->data.ptr, record->data.len);
  at = PUT_LITERAL(at, "\",\"PartitionKey\":");
  at = put(at, record->key_json.ptr, record->key_json.len);
  *at++ = '}';
  chunk->used = (size_t)(at - chunk->ptr);
  SC_ASSERT(chunk->used <= chunk->cap);
}

uint64_t sc_shardlog_count(const struct sc_shardlog *log) { return log->count; }

int64_t sc_shardlog_arrived_ms(const struct sc_shardlog *log, uint64_t i) {
  SC_ASSERT(i < log->count);
  return log->entries[i].arrived_ms;
}

uint64_t sc_shardlog_find_time(const struct sc_shardlog *log, int64_t ms) {
  uint64_t low = 0, high = log->count;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (log->entries[middle].arrived_ms < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

static uint64_t bytes_before(const struct sc_shardlog *log, uint64_t i) {
  return i == log->count ? log->bytes : log->entries[i].bytes_before;
}

/* The last end of a page that begins at first and holds at most max_bytes. */
static uint64_t page_end(const struct sc_shardlog *log, uint64_t first, uint64_t last, uint64_t max_bytes) {
  uint64_t start = log->entries[first].bytes_before;
  if (bytes_before(log, last) - start <= max_bytes) return last;
  uint64_t low = first + 1, high = last;
  while (low < high) {
    uint64_t middle = low + (high - low + 1) / 2;
    if (bytes_before(log, middle) - start <= max_bytes) low = middle;
    else high = middle - 1;
  }
  return low;
}

static void add_range(struct sc_logpage *page, const char *from, const char *to) {
  page->ranges[page->n_ranges++] = (struct iovec){(void *)from, (size_t)(to - from)};
  page->len += (size_t)(to - from);
}

void sc_shardlog_page(const struct sc_shardlog *log, uint64_t first, uint64_t max_records, uint64_t max_bytes,
                      struct sc_logpage *page) {
  SC_ASSERT(first <= log->count && max_records > 0);
  *page = (struct sc_logpage){.first = first};
  if (first == log->count) return;
  uint64_t last = log->count - first > max_records ? first + max_records : log->count;
  last = page_end(log, first, last, max_bytes);
  page->count = last - first;
  uint32_t from = log->entries[first].chunk, to = log->entries[last - 1].chunk;
  page->ranges = sc_alloc((to - from + 1) * sizeof *page->ranges);
  const char *start = log->chunks[from].ptr + log->entries[first].offset + 1;
  for (uint32_t i = from; i < to; i++) {
    add_range(page, start, log->chunks[i].ptr + log->chunks[i].used);
    start = log->chunks[i + 1].ptr;
  }
  bool ends_inside = last < log->count && log->entries[last].chunk == to;
  add_range(page, start, log->chunks[to].ptr + (ends_inside ? log->entries[last].offset : log->chunks[to].used));
}

void sc_logpage_fini(struct sc_logpage *page) {
  free(page->ranges);
  *page = (struct sc_logpage){0};
}
