/* The records of one shard, append-only, kept as the JSON text that GetRecords sends.
 *
 * Each record is rendered once, at append, as a comma and its Record object; records lie one after the other in chunks
 * (4 KiB at first, doubling to 4 MiB; a larger record gets a chunk of its own) with an index beside them. A page of
 * records is then a few ranges of memory that can be written to a socket as they are.
 *
 * Appending and reading the index are the caller's to order (the store's lock). Bytes once written never move or
 * change, so a page is read without a lock for as long as its reader holds a reference. References are counted
 * atomically; the last one given up frees everything. Appending allocates; running out of memory aborts.
 */
#ifndef SC_LOCAL_SHARDLOG_H
#define SC_LOCAL_SHARDLOG_H

#include <sys/uio.h>

#include "engine/base/slice.h"

struct sc_shardlog;

struct sc_logrecord {
  const char *sequence;     /* 56 digits, not checked */
  int64_t arrived_ms;       /* not below the one before */
  struct sc_slice key_json; /* the partition key as a JSON string with its quotes */
  struct sc_slice data;     /* base64 */
  uint64_t bytes;           /* what it counts for against a page's limit: bytes of data and key */
};

/* Records first .. first + count - 1 as JSON text without the comma before the first. */
struct sc_logpage {
  uint64_t first, count;
  struct iovec *ranges; /* malloc'ed; NULL when count is 0 */
  int n_ranges;
  size_t len; /* bytes in all ranges */
};

struct sc_shardlog *sc_shardlog_new(void); /* holds one reference */
struct sc_shardlog *sc_shardlog_take(struct sc_shardlog *log);
void sc_shardlog_give(struct sc_shardlog *log); /* NULL is fine */

void sc_shardlog_append(struct sc_shardlog *log, const struct sc_logrecord *record);

uint64_t sc_shardlog_count(const struct sc_shardlog *log);
int64_t sc_shardlog_arrived_ms(const struct sc_shardlog *log, uint64_t i); /* i < count */
/* The first record that arrived at ms or later; count when there is none. */
uint64_t sc_shardlog_find_time(const struct sc_shardlog *log, int64_t ms);

/* From record first (at most count) on: at most max_records and max_bytes, but one record if there is any. */
void sc_shardlog_page(const struct sc_shardlog *log, uint64_t first, uint64_t max_records, uint64_t max_bytes,
                      struct sc_logpage *page);
void sc_logpage_fini(struct sc_logpage *page);

#endif
