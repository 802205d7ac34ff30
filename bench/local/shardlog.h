/* The records of one shard, append-only, kept as the bytes that GetRecords sends.
 *
 * Each record is rendered in JSON once, at append (recordtext.h), into an arena; in CBOR once too, but not before somebody reads it in
 * CBOR: most shards are read in one of them only. A page of records is then a few ranges of memory that can be written to a socket as
 * they are.
 *
 * Appending and reading are the caller's to order (the store's lock); readers may be several. Bytes once written never move or
 * change, so a page is read without a lock for as long as its reader holds a reference. References are counted
 * atomically; the last one given up frees everything. Appending allocates, and so does the first CBOR page of records; running out of
 * memory aborts.
 */
#ifndef SC_LOCAL_SHARDLOG_H
#define SC_LOCAL_SHARDLOG_H

#include <sys/uio.h>

#include "bench/local/recordtext.h"
#include "bench/local/writer.h"

struct sc_shardlog;

/* Records first .. first + count - 1 as elements of a list: in JSON without the comma before the first. */
struct sc_logpage {
  uint64_t first, count;
  struct iovec *ranges; /* malloc'ed; NULL when count is 0 */
  int n_ranges;
  size_t len; /* bytes in all ranges */
};

struct sc_shardlog *sc_shardlog_new(void); /* holds one reference */
struct sc_shardlog *sc_shardlog_take(struct sc_shardlog *log);
void sc_shardlog_give(struct sc_shardlog *log); /* NULL is fine */

/* record->arrived_ms is not below the one before. */
void sc_shardlog_append(struct sc_shardlog *log, const struct sc_logrecord *record);

uint64_t sc_shardlog_count(const struct sc_shardlog *log);
int64_t sc_shardlog_arrived_ms(const struct sc_shardlog *log, uint64_t i); /* i < count */
/* The first record that arrived at ms or later; count when there is none. */
uint64_t sc_shardlog_find_time(const struct sc_shardlog *log, int64_t ms);

/* From record first (at most count) on: at most max_records and max_bytes, but one record if there is any. */
void sc_shardlog_page(struct sc_shardlog *log, enum sc_format format, uint64_t first, uint64_t max_records,
                      uint64_t max_bytes, struct sc_logpage *page);
void sc_logpage_fini(struct sc_logpage *page);

#endif
