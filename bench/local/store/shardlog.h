/* The records of one shard, appended at the end and trimmed at the front, kept as the bytes that are sent.
 *
 * Each record is rendered in JSON once, at append (recordtext.h), into an arena; in CBOR once too, but not before
 * somebody reads it in CBOR: most shards are read in one of them only. A page of records is then a few ranges of memory
 * that can be written to a socket as they are, for as long as its reader holds it: the log may grow, be trimmed, or be
 * gone.
 *
 * A record keeps its number, from 0 on, when older ones are trimmed. One lock a log: functions marked (locked) are
 * called between scl_shardlog_lock and _unlock, the others take it themselves. Any thread. Appending allocates, and so
 * does the first CBOR page of records; running out of memory aborts.
 */
#ifndef SCL_STORE_SHARDLOG_H
#define SCL_STORE_SHARDLOG_H

#include "bench/local/base/notifier.h"
#include "bench/local/base/writer.h"
#include "bench/local/store/arena.h"
#include "bench/local/store/recordtext.h"

struct scl_shardlog;

/* Records first .. first + count - 1 as elements of a list: in JSON without the comma before the first. */
struct scl_logpage {
  uint64_t first, count;
  struct scl_arena_range *ranges; /* malloc'ed; NULL when count is 0 */
  int n_ranges;
  size_t len;           /* bytes in all ranges */
  uint64_t bytes;       /* of data and keys: what the service's limits count */
  int64_t last_ms;      /* arrival of the last record; count > 0 */
  uint64_t n_following; /* records behind the page when it was cut */
  int64_t following_ms; /* arrival of the first of them; n_following > 0 */
};

struct scl_shardlog *scl_shardlog_new(void);
/* Nobody calls it any more; pages may still be out. Whoever listens to its bell is told and let go
 * (scl_notifier_close). NULL is fine. */
void scl_shardlog_free(struct scl_shardlog *log);

void scl_shardlog_lock(struct scl_shardlog *log);
void scl_shardlog_unlock(struct scl_shardlog *log);

/* Rung, by scl_shardlog_ring, when there is something new to read: records, or the end of the shard. */
struct scl_notifier *scl_shardlog_notifier(struct scl_shardlog *log);

/* The log begins with that number, as if the records before it had been appended, the last at last_ms, and trimmed.
 * Nothing was appended so far. */
void scl_shardlog_start(struct scl_shardlog *log, uint64_t first, int64_t last_ms);

/* (locked) record->arrived_ms is not below the one before. */
void scl_shardlog_append(struct scl_shardlog *log, const struct scl_logrecord *record);
uint64_t scl_shardlog_end(const struct scl_shardlog *log); /* (locked) the number of the next record */
/* (locked) the oldest that is there; the end when none is */
uint64_t scl_shardlog_first(const struct scl_shardlog *log);
int64_t scl_shardlog_last_ms(const struct scl_shardlog *log); /* (locked) arrival of the last record ever; 0: none */
int64_t scl_shardlog_arrived_ms(const struct scl_shardlog *log, uint64_t i); /* (locked) first <= i < end */
/* (locked) of data and keys of the records that are there */
uint64_t scl_shardlog_bytes(const struct scl_shardlog *log);
/* (locked) first <= i < end. Views, good until the lock is let go; the data is base64. */
struct scl_logrecord scl_shardlog_record(const struct scl_shardlog *log, uint64_t i);

uint64_t scl_shardlog_count(struct scl_shardlog *log); /* the end, locked for you */
/* The first record that arrived at ms or later; the end when there is none. */
uint64_t scl_shardlog_find_time(struct scl_shardlog *log, int64_t ms);
/* Drops the records that arrived before ms; their numbers are not used again. */
void scl_shardlog_trim(struct scl_shardlog *log, int64_t ms);

/* From record first (at most the end; moved up to the oldest there is) on: at most max_records and max_bytes, but one
 * record if there is any. */
void scl_shardlog_page(struct scl_shardlog *log, enum scl_format format, uint64_t first, uint64_t max_records,
                       uint64_t max_bytes, struct scl_logpage *page);
/* How far the page's end is behind now; 0 when nothing follows it. */
int64_t scl_logpage_behind_ms(const struct scl_logpage *page, int64_t now_ms);
void scl_logpage_fini(struct scl_logpage *page);

#endif
