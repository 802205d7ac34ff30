/* The records of one shard, appended at the end and trimmed at the front. They are kept as the bytes that are sent.
 *
 * Each record is rendered into an arena once: in JSON when it is appended (recordtext.h), in CBOR when it is first read
 * in CBOR, since most shards are read in one format only. A page of records is a few ranges of that memory, which go to
 * a socket as they are. A page stays valid while its reader holds it, even when the log grows, is trimmed, or is freed.
 *
 * Records are numbered from 0; a record keeps its number when older ones are trimmed. One lock per log: functions
 * marked (locked) are called between scl_shardlog_lock and scl_shardlog_unlock, the others take the lock themselves.
 * Any thread. Appending allocates, and so does the first page in CBOR. Running out of memory aborts.
 */
#ifndef SCL_STORE_SHARDLOG_H
#define SCL_STORE_SHARDLOG_H

#include "bench/local/base/notifier.h"
#include "bench/local/base/writer.h"
#include "bench/local/store/arena.h"
#include "bench/local/store/recordtext.h"

struct scl_shardlog;

/* Records first to first + count - 1 as elements of a list, in JSON without a comma before the first one. */
struct scl_logpage {
  uint64_t first, count;
  struct scl_arena_range *ranges; /* malloc'ed; NULL when count is 0 */
  int n_ranges;
  size_t len;           /* bytes in all ranges */
  uint64_t bytes;       /* of data and keys, as the service's limits count */
  int64_t last_ms;      /* arrival of the last record; count > 0 */
  uint64_t n_following; /* records after the page when it was cut */
  int64_t following_ms; /* arrival of the first of them; n_following > 0 */
};

struct scl_shardlog *scl_shardlog_new(void);
/* No other call is under way; pages may still be held. Closes the notifier. NULL is fine. */
void scl_shardlog_free(struct scl_shardlog *log);

void scl_shardlog_lock(struct scl_shardlog *log);
void scl_shardlog_unlock(struct scl_shardlog *log);

/* Notified by the store when there is something new to read: records, or the end of the shard. */
struct scl_notifier *scl_shardlog_notifier(struct scl_shardlog *log);

/* The log begins with this number, as if the records before it had been appended (the last at last_ms) and trimmed.
 * Nothing was appended yet. */
void scl_shardlog_start(struct scl_shardlog *log, uint64_t first, int64_t last_ms);

/* (locked) record->arrived_ms is at least that of the record before. */
void scl_shardlog_append(struct scl_shardlog *log, const struct scl_logrecord *record);
uint64_t scl_shardlog_end(const struct scl_shardlog *log); /* (locked) the number of the next record */
/* (locked) the number of the oldest record; the end when there is none */
uint64_t scl_shardlog_first(const struct scl_shardlog *log);
int64_t scl_shardlog_last_ms(const struct scl_shardlog *log); /* (locked) arrival of the last record ever; 0: none */
int64_t scl_shardlog_arrived_ms(const struct scl_shardlog *log, uint64_t i); /* (locked) first <= i < end */
/* (locked) bytes of data and keys of all records */
uint64_t scl_shardlog_bytes(const struct scl_shardlog *log);
/* (locked) first <= i < end. Views, valid until the lock is released; the data is base64. */
struct scl_logrecord scl_shardlog_record(const struct scl_shardlog *log, uint64_t i);

uint64_t scl_shardlog_count(struct scl_shardlog *log); /* the end */
/* The first record that arrived at ms or later; the end when there is none. */
uint64_t scl_shardlog_find_time(struct scl_shardlog *log, int64_t ms);
/* Drops the records that arrived before ms; their numbers are not used again. */
void scl_shardlog_trim(struct scl_shardlog *log, int64_t ms);

/* Cuts a page that begins at record first (at most the end), or at the oldest one if first was trimmed. It holds at
 * most max_records and max_bytes, but at least one record if there is any. */
void scl_shardlog_page(struct scl_shardlog *log, enum scl_format format, uint64_t first, uint64_t max_records,
                       uint64_t max_bytes, struct scl_logpage *page);
/* MillisBehindLatest of a reader that has read the page; 0 when no record follows. */
int64_t scl_logpage_behind_ms(const struct scl_logpage *page, int64_t now_ms);
void scl_logpage_fini(struct scl_logpage *page);

#endif
