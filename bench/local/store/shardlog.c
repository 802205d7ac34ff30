#include "bench/local/store/shardlog.h"

#include <stdlib.h>

#include "engine/base/error.h"

struct entry {
  int64_t arrived_ms;
  uint64_t bytes_before; /* of all records before this one, trimmed ones too */
};

struct sc_shardlog {
  pthread_mutex_t lock;
  struct sc_bell bell;
  struct sc_window entries;
  uint64_t bytes;
  int64_t last_ms;
  struct sc_arena json;
  struct sc_arena cbor; /* as far as it was read */
};

struct sc_shardlog *sc_shardlog_new(void) {
  struct sc_shardlog *log = sc_alloc_zero(1, sizeof *log);
  pthread_mutex_init(&log->lock, NULL);
  sc_bell_init(&log->bell);
  log->entries.item_bytes = sizeof(struct entry);
  sc_arena_init(&log->json);
  sc_arena_init(&log->cbor);
  return log;
}

void sc_shardlog_free(struct sc_shardlog *log) {
  if (log == NULL) return;
  sc_arena_fini(&log->json);
  sc_arena_fini(&log->cbor);
  sc_window_fini(&log->entries);
  sc_bell_dismiss(&log->bell);
  sc_bell_fini(&log->bell);
  pthread_mutex_destroy(&log->lock);
  free(log);
}

void sc_shardlog_lock(struct sc_shardlog *log) { pthread_mutex_lock(&log->lock); }
void sc_shardlog_unlock(struct sc_shardlog *log) { pthread_mutex_unlock(&log->lock); }
struct sc_bell *sc_shardlog_bell(struct sc_shardlog *log) {
  return &log->bell;
}

static const struct entry *entry_at(const struct sc_shardlog *log, uint64_t i) {
  return sc_window_at(&log->entries, i);
}

void sc_shardlog_start(struct sc_shardlog *log, uint64_t first, int64_t last_ms) {
  sc_window_start(&log->entries, first);
  sc_arena_start(&log->json, first);
  sc_arena_start(&log->cbor, first);
  log->last_ms = last_ms;
}

void sc_shardlog_append(struct sc_shardlog *log, const struct sc_logrecord *record) {
  SC_ASSERT(log->last_ms <= record->arrived_ms);
  char *at = sc_arena_begin(&log->json, sc_recordtext_json_most(record));
  sc_arena_end(&log->json, sc_recordtext_put_json(at, record));
  *(struct entry *)sc_window_add(&log->entries) = (struct entry){record->arrived_ms, log->bytes};
  log->bytes += record->bytes;
  log->last_ms = record->arrived_ms;
}

uint64_t sc_shardlog_end(const struct sc_shardlog *log) { return log->entries.end; }
uint64_t sc_shardlog_first(const struct sc_shardlog *log) { return log->entries.first; }
int64_t sc_shardlog_last_ms(const struct sc_shardlog *log) { return log->last_ms; }

int64_t sc_shardlog_arrived_ms(const struct sc_shardlog *log, uint64_t i) { return entry_at(log, i)->arrived_ms; }

uint64_t sc_shardlog_count(struct sc_shardlog *log) {
  sc_shardlog_lock(log);
  uint64_t end = log->entries.end;
  sc_shardlog_unlock(log);
  return end;
}

static uint64_t find_time(const struct sc_shardlog *log, int64_t ms) {
  uint64_t low = log->entries.first, high = log->entries.end;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (entry_at(log, middle)->arrived_ms < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

uint64_t sc_shardlog_find_time(struct sc_shardlog *log, int64_t ms) {
  sc_shardlog_lock(log);
  uint64_t found = find_time(log, ms);
  sc_shardlog_unlock(log);
  return found;
}

void sc_shardlog_trim(struct sc_shardlog *log, int64_t ms) {
  sc_shardlog_lock(log);
  bool has_old = log->entries.first < log->entries.end && entry_at(log, log->entries.first)->arrived_ms < ms;
  if (has_old) {
    uint64_t first = find_time(log, ms), in_cbor = sc_arena_count(&log->cbor);
    sc_window_drop(&log->entries, first);
    sc_arena_drop(&log->json, first);
    sc_arena_drop(&log->cbor, first < in_cbor ? first : in_cbor);
  }
  sc_shardlog_unlock(log);
}

static uint64_t bytes_before(const struct sc_shardlog *log, uint64_t i) {
  return i == log->entries.end ? log->bytes : entry_at(log, i)->bytes_before;
}

uint64_t sc_shardlog_bytes(const struct sc_shardlog *log) { return log->bytes - bytes_before(log, log->entries.first); }

struct sc_logrecord sc_shardlog_record(const struct sc_shardlog *log, uint64_t i) {
  struct sc_logrecord record = sc_recordtext_parts(sc_arena_text(&log->json, i));
  record.arrived_ms = entry_at(log, i)->arrived_ms;
  record.bytes = bytes_before(log, i + 1) - bytes_before(log, i);
  return record;
}

/* The last end of a page that begins at first and holds at most max_bytes. */
static uint64_t page_end(const struct sc_shardlog *log, uint64_t first, uint64_t last, uint64_t max_bytes) {
  uint64_t start = bytes_before(log, first);
  if (bytes_before(log, last) - start <= max_bytes) return last;
  uint64_t low = first + 1, high = last;
  while (low < high) {
    uint64_t middle = low + (high - low + 1) / 2;
    if (bytes_before(log, middle) - start <= max_bytes) low = middle;
    else high = middle - 1;
  }
  return low;
}

static void cut_ranges(const struct sc_arena *arena, struct sc_logpage *page) {
  uint64_t last = page->first + page->count - 1;
  page->ranges = sc_alloc((size_t)sc_arena_most_ranges(arena, page->first, last) * sizeof *page->ranges);
  page->n_ranges = sc_arena_ranges(arena, page->first, last, page->ranges);
}

static void cut_json(const struct sc_shardlog *log, struct sc_logpage *page) {
  cut_ranges(&log->json, page);
  struct iovec *start = &page->ranges[0].bytes;
  start->iov_base = (char *)start->iov_base + 1; /* the comma */
  start->iov_len--;
}

/* Renders what nobody has read in CBOR yet. What was trimmed before it could be keeps its number by an empty text. */
static void extend_cbor(struct sc_shardlog *log, uint64_t end) {
  uint64_t first = sc_arena_first(&log->json);
  while (sc_arena_count(&log->cbor) < first) sc_arena_end(&log->cbor, sc_arena_begin(&log->cbor, 0));
  if (sc_arena_first(&log->cbor) < first) sc_arena_drop(&log->cbor, first);
  for (uint64_t i = sc_arena_count(&log->cbor); i < end; i++) {
    struct sc_slice json = sc_arena_text(&log->json, i);
    char *at = sc_arena_begin(&log->cbor, sc_recordtext_cbor_most(json));
    sc_arena_end(&log->cbor, sc_recordtext_put_cbor(at, json, entry_at(log, i)->arrived_ms));
  }
}

static void cut_records(struct sc_shardlog *log, enum sc_format format, struct sc_logpage *page) {
  uint64_t end = page->first + page->count;
  if (format == SC_FORMAT_CBOR) {
    extend_cbor(log, end);
    cut_ranges(&log->cbor, page);
  } else {
    cut_json(log, page);
  }
  for (int i = 0; i < page->n_ranges; i++) page->len += page->ranges[i].bytes.iov_len;
  page->bytes = bytes_before(log, end) - bytes_before(log, page->first);
  page->last_ms = entry_at(log, end - 1)->arrived_ms;
}

static void cut_page(struct sc_shardlog *log, enum sc_format format, uint64_t max_records, uint64_t max_bytes,
                     struct sc_logpage *page) {
  uint64_t end = log->entries.end;
  if (page->first < log->entries.first) page->first = log->entries.first;
  if (page->first < end) {
    uint64_t last = end - page->first > max_records ? page->first + max_records : end;
    page->count = page_end(log, page->first, last, max_bytes) - page->first;
    cut_records(log, format, page);
  }
  page->n_following = end - page->first - page->count;
  if (page->n_following > 0) page->following_ms = entry_at(log, page->first + page->count)->arrived_ms;
}

void sc_shardlog_page(struct sc_shardlog *log, enum sc_format format, uint64_t first, uint64_t max_records,
                      uint64_t max_bytes, struct sc_logpage *page) {
  *page = (struct sc_logpage){.first = first};
  sc_shardlog_lock(log);
  SC_ASSERT(first <= log->entries.end && max_records > 0);
  cut_page(log, format, max_records, max_bytes, page);
  sc_shardlog_unlock(log);
}

int64_t sc_logpage_behind_ms(const struct sc_logpage *page, int64_t now_ms) {
  if (page->n_following == 0) return 0;
  int64_t behind = now_ms - (page->count > 0 ? page->last_ms : page->following_ms);
  return behind > 0 ? behind : 0;
}

void sc_logpage_fini(struct sc_logpage *page) {
  for (int i = 0; i < page->n_ranges; i++) sc_arena_range_fini(&page->ranges[i]);
  free(page->ranges);
  *page = (struct sc_logpage){0};
}
