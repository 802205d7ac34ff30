#include "bench/local/shardlog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/local/arena.h"
#include "engine/base/error.h"

struct entry {
  int64_t arrived_ms;
  uint64_t bytes_before; /* of all records before this one */
};

struct sc_shardlog {
  _Atomic uint32_t references;
  struct entry *entries;
  uint64_t count, cap_entries;
  uint64_t bytes;
  struct sc_arena json;
  pthread_mutex_t cbor_lock; /* readers extend it */
  struct sc_arena cbor;      /* as far as it was read */
};

struct sc_shardlog *sc_shardlog_new(void) {
  struct sc_shardlog *log = sc_alloc_zero(1, sizeof *log);
  atomic_init(&log->references, 1);
  pthread_mutex_init(&log->cbor_lock, NULL);
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
  sc_arena_fini(&log->json);
  sc_arena_fini(&log->cbor);
  pthread_mutex_destroy(&log->cbor_lock);
  free(log->entries);
  free(log);
}

static void add_entry(struct sc_shardlog *log, const struct sc_logrecord *record) {
  if (log->count == log->cap_entries) {
    log->cap_entries = log->cap_entries == 0 ? 16 : log->cap_entries * 2;
    log->entries = sc_realloc(log->entries, log->cap_entries * sizeof *log->entries);
  }
  log->entries[log->count++] = (struct entry){record->arrived_ms, log->bytes};
  log->bytes += record->bytes;
}

void sc_shardlog_append(struct sc_shardlog *log, const struct sc_logrecord *record) {
  SC_ASSERT(log->count == 0 || log->entries[log->count - 1].arrived_ms <= record->arrived_ms);
  char *at = sc_arena_begin(&log->json, sc_recordtext_json_most(record));
  sc_arena_end(&log->json, sc_recordtext_put_json(at, record));
  add_entry(log, record);
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

static void cut_page(const struct sc_arena *arena, struct sc_logpage *page) {
  uint64_t last = page->first + page->count - 1;
  page->ranges = sc_alloc((size_t)sc_arena_most_ranges(arena, page->first, last) * sizeof *page->ranges);
  page->n_ranges = sc_arena_ranges(arena, page->first, last, page->ranges);
}

static void cut_json_page(const struct sc_shardlog *log, struct sc_logpage *page) {
  cut_page(&log->json, page);
  page->ranges[0].iov_base = (char *)page->ranges[0].iov_base + 1; /* the comma */
  page->ranges[0].iov_len--;
}

static void cut_cbor_page(struct sc_shardlog *log, struct sc_logpage *page) {
  pthread_mutex_lock(&log->cbor_lock);
  for (uint64_t i = sc_arena_count(&log->cbor); i < page->first + page->count; i++) {
    struct sc_slice json = sc_arena_text(&log->json, i);
    char *at = sc_arena_begin(&log->cbor, sc_recordtext_cbor_most(json));
    sc_arena_end(&log->cbor, sc_recordtext_put_cbor(at, json, log->entries[i].arrived_ms));
  }
  cut_page(&log->cbor, page);
  pthread_mutex_unlock(&log->cbor_lock);
}

void sc_shardlog_page(struct sc_shardlog *log, enum sc_format format, uint64_t first, uint64_t max_records,
                      uint64_t max_bytes, struct sc_logpage *page) {
  SC_ASSERT(first <= log->count && max_records > 0);
  *page = (struct sc_logpage){.first = first};
  if (first == log->count) return;
  uint64_t last = log->count - first > max_records ? first + max_records : log->count;
  page->count = page_end(log, first, last, max_bytes) - first;
  if (format == SC_FORMAT_CBOR) cut_cbor_page(log, page);
  else cut_json_page(log, page);
  for (int i = 0; i < page->n_ranges; i++) page->len += page->ranges[i].iov_len;
}

void sc_logpage_fini(struct sc_logpage *page) {
  free(page->ranges);
  *page = (struct sc_logpage){0};
}
