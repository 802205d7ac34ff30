#include "bench/local/store/shardlog.h"

#include <stdlib.h>

#include "engine/base/error.h"

struct entry {
  int64_t arrived_ms;
  uint64_t bytes_before; /* of all records before this one, trimmed ones too */
};

struct scl_shardlog {
  pthread_mutex_t lock;
  struct scl_notifier notifier;
  struct scl_window entries;
  uint64_t bytes;
  int64_t last_ms;
  struct scl_arena json;
  struct scl_arena cbor; /* of the records that were read in CBOR, and all before them */
};

struct scl_shardlog *scl_shardlog_new(void) {
  struct scl_shardlog *log = sc_alloc_zero(1, sizeof(*log));
  pthread_mutex_init(&log->lock, NULL);
  scl_notifier_init(&log->notifier);
  log->entries.item_bytes = sizeof(struct entry);
  scl_arena_init(&log->json);
  scl_arena_init(&log->cbor);
  return log;
}

void scl_shardlog_free(struct scl_shardlog *log) {
  if (log == NULL) return;
  scl_arena_fini(&log->json);
  scl_arena_fini(&log->cbor);
  scl_window_fini(&log->entries);
  scl_notifier_close(&log->notifier);
  scl_notifier_fini(&log->notifier);
  pthread_mutex_destroy(&log->lock);
  free(log);
}

void scl_shardlog_lock(struct scl_shardlog *log) { pthread_mutex_lock(&log->lock); }
void scl_shardlog_unlock(struct scl_shardlog *log) { pthread_mutex_unlock(&log->lock); }
struct scl_notifier *scl_shardlog_notifier(struct scl_shardlog *log) {
  return &log->notifier;
}

static const struct entry *entry_at(const struct scl_shardlog *log, uint64_t i) {
  return scl_window_at(&log->entries, i);
}

void scl_shardlog_start(struct scl_shardlog *log, uint64_t first, int64_t last_ms) {
  scl_window_start(&log->entries, first);
  scl_arena_start(&log->json, first);
  scl_arena_start(&log->cbor, first);
  log->last_ms = last_ms;
}

void scl_shardlog_append(struct scl_shardlog *log, const struct scl_logrecord *record) {
  SC_ASSERT(log->last_ms <= record->arrived_ms);
  char *at = scl_arena_begin(&log->json, scl_recordtext_json_most(record));
  scl_arena_end(&log->json, scl_recordtext_put_json(at, record));
  *(struct entry *)scl_window_add(&log->entries) = (struct entry){record->arrived_ms, log->bytes};
  log->bytes += record->bytes;
  log->last_ms = record->arrived_ms;
}

uint64_t scl_shardlog_end(const struct scl_shardlog *log) { return log->entries.end; }
uint64_t scl_shardlog_first(const struct scl_shardlog *log) { return log->entries.first; }
int64_t scl_shardlog_last_ms(const struct scl_shardlog *log) { return log->last_ms; }

int64_t scl_shardlog_arrived_ms(const struct scl_shardlog *log, uint64_t i) { return entry_at(log, i)->arrived_ms; }

uint64_t scl_shardlog_count(struct scl_shardlog *log) {
  scl_shardlog_lock(log);
  uint64_t end = log->entries.end;
  scl_shardlog_unlock(log);
  return end;
}

static uint64_t find_time(const struct scl_shardlog *log, int64_t ms) {
  uint64_t low = log->entries.first, high = log->entries.end;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (entry_at(log, middle)->arrived_ms < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

uint64_t scl_shardlog_find_time(struct scl_shardlog *log, int64_t ms) {
  scl_shardlog_lock(log);
  uint64_t found = find_time(log, ms);
  scl_shardlog_unlock(log);
  return found;
}

void scl_shardlog_trim(struct scl_shardlog *log, int64_t ms) {
  scl_shardlog_lock(log);
  bool has_old = log->entries.first < log->entries.end && entry_at(log, log->entries.first)->arrived_ms < ms;
  if (has_old) {
    uint64_t first = find_time(log, ms), in_cbor = scl_arena_count(&log->cbor);
    scl_window_drop(&log->entries, first);
    scl_arena_drop(&log->json, first);
    scl_arena_drop(&log->cbor, first < in_cbor ? first : in_cbor);
  }
  scl_shardlog_unlock(log);
}

static uint64_t bytes_before(const struct scl_shardlog *log, uint64_t i) {
  return i == log->entries.end ? log->bytes : entry_at(log, i)->bytes_before;
}

uint64_t scl_shardlog_bytes(const struct scl_shardlog *log) {
  return log->bytes - bytes_before(log, log->entries.first);
}

struct scl_logrecord scl_shardlog_record(const struct scl_shardlog *log, uint64_t i) {
  struct scl_logrecord record = scl_recordtext_parts(scl_arena_text(&log->json, i));
  record.arrived_ms = entry_at(log, i)->arrived_ms;
  record.bytes = bytes_before(log, i + 1) - bytes_before(log, i);
  return record;
}

/* The end of the longest page that begins at first and holds at most max_bytes, or one record. */
static uint64_t page_end(const struct scl_shardlog *log, uint64_t first, uint64_t last, uint64_t max_bytes) {
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

static void cut_ranges(const struct scl_arena *arena, struct scl_logpage *page) {
  uint64_t last = page->first + page->count - 1;
  page->ranges = sc_alloc((size_t)scl_arena_most_ranges(arena, page->first, last) * sizeof(*page->ranges));
  page->n_ranges = scl_arena_ranges(arena, page->first, last, page->ranges);
}

static void cut_json(const struct scl_shardlog *log, struct scl_logpage *page) {
  cut_ranges(&log->json, page);
  struct iovec *start = &page->ranges[0].bytes;
  start->iov_base = (char *)start->iov_base + 1; /* the comma */
  start->iov_len--;
}

/* Renders the records that were not read in CBOR yet. Records that were trimmed before get empty texts, so that numbers
 * stay the same in both arenas. */
static void extend_cbor(struct scl_shardlog *log, uint64_t end) {
  uint64_t first = scl_arena_first(&log->json);
  while (scl_arena_count(&log->cbor) < first) scl_arena_end(&log->cbor, scl_arena_begin(&log->cbor, 0));
  if (scl_arena_first(&log->cbor) < first) scl_arena_drop(&log->cbor, first);
  for (uint64_t i = scl_arena_count(&log->cbor); i < end; i++) {
    struct sc_slice json = scl_arena_text(&log->json, i);
    char *at = scl_arena_begin(&log->cbor, scl_recordtext_cbor_most(json));
    scl_arena_end(&log->cbor, scl_recordtext_put_cbor(at, json, entry_at(log, i)->arrived_ms));
  }
}

static void cut_records(struct scl_shardlog *log, enum scl_format format, struct scl_logpage *page) {
  uint64_t end = page->first + page->count;
  if (format == SCL_FORMAT_CBOR) {
    extend_cbor(log, end);
    cut_ranges(&log->cbor, page);
  } else {
    cut_json(log, page);
  }
  for (int i = 0; i < page->n_ranges; i++) page->len += page->ranges[i].bytes.iov_len;
  page->bytes = bytes_before(log, end) - bytes_before(log, page->first);
  page->last_ms = entry_at(log, end - 1)->arrived_ms;
}

static void cut_page(struct scl_shardlog *log, enum scl_format format, uint64_t max_records, uint64_t max_bytes,
                     struct scl_logpage *page) {
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

void scl_shardlog_page(struct scl_shardlog *log, enum scl_format format, uint64_t first, uint64_t max_records,
                       uint64_t max_bytes, struct scl_logpage *page) {
  *page = (struct scl_logpage){.first = first};
  scl_shardlog_lock(log);
  SC_ASSERT(first <= log->entries.end && max_records > 0);
  cut_page(log, format, max_records, max_bytes, page);
  scl_shardlog_unlock(log);
}

int64_t scl_logpage_behind_ms(const struct scl_logpage *page, int64_t now_ms) {
  if (page->n_following == 0) return 0;
  int64_t behind = now_ms - (page->count > 0 ? page->last_ms : page->following_ms);
  return behind > 0 ? behind : 0;
}

void scl_logpage_fini(struct scl_logpage *page) {
  for (int i = 0; i < page->n_ranges; i++) scl_arena_range_fini(&page->ranges[i]);
  free(page->ranges);
  *page = (struct scl_logpage){0};
}
