/* What the local service remembers: streams, their shards and consumers, the records of shards (shardlog.h). The store
 * knows no requests and no HTTP, and has no clock: "now" is an argument, in ms since the epoch.
 *
 * The caller holds the store's lock: scl_store_lock_read around everything that reads or puts, scl_store_lock_write
 * around what creates, deletes, splits, merges and changes attributes. The records of each shard have a lock of their
 * own (shardlog.h), so that puts into different shards run in parallel. Pointers to streams, shards and consumers are
 * valid until the lock is released; a page of records outlives it. Fields are for reading only, except those below
 * "attributes", which may be set with the lock for writing.
 *
 * The status of a stream follows the clock: CREATING for create_ms after it was created; UPDATING for update_ms after a
 * split, a merge or a change of attributes (which take effect at once); DELETING for delete_ms before it is deleted;
 * else ACTIVE. The status of a consumer does the same. A record is there until it is retention_hours old
 * (scl_stream_trim), a closed shard until retention_hours after it was closed (scl_shard_is_expired). A stream has at
 * most SCL_STORE_MAX_SHARDS shards over its life.
 */
#ifndef SCL_STORE_STORE_H
#define SCL_STORE_STORE_H

#include "bench/local/base/gate.h"
#include "bench/local/store/hashkey.h"
#include "bench/local/store/quota.h"
#include "bench/local/store/seqlayout.h"
#include "bench/local/store/shardlog.h"
#include "bench/local/store/tagset.h"

#define SCL_STORE_MAX_NAME 128
#define SCL_STORE_MAX_SHARDS 1000000
#define SCL_STORE_RECORD_BYTES (1u << 20)
#define SCL_STORE_NO_SHARD UINT32_MAX
#define SCL_STORE_RETENTION_HOURS 24
#define SCL_STORE_HOUR_MS INT64_C(3600000)
#define SCL_STORE_MAX_RESCALES 10

enum scl_stream_status { SCL_STREAM_CREATING, SCL_STREAM_ACTIVE, SCL_STREAM_UPDATING, SCL_STREAM_DELETING };
enum scl_consumer_status { SCL_CONSUMER_CREATING, SCL_CONSUMER_ACTIVE, SCL_CONSUMER_DELETING };

struct scl_store_shard {
  uint32_t index;                   /* the number in shardId-%012u */
  uint32_t parent, adjacent_parent; /* SCL_STORE_NO_SHARD: none */
  uint32_t child[2];
  scl_hashkey_int hash_start, hash_end; /* both inclusive */
  int64_t created_ms;
  int64_t created_s; /* in its sequence numbers: later than the parents' by at least 1 */
  int64_t closed_ms; /* 0: open */
  struct scl_shardlog *log;
  struct scl_shard_quota quota; /* under the log's lock */
  struct scl_store *store;
  uint64_t stream_id;
};

/* An enhanced fan-out consumer. */
struct scl_store_consumer {
  char name[SCL_STORE_MAX_NAME + 1];
  uint64_t id; /* of streams and consumers: never given out twice */
  uint64_t stream_id;
  int64_t created_ms; /* in seconds, the number at the end of its ARN */
  int64_t ready_ms;   /* CREATING until then */
  int64_t gone_ms;    /* DELETING until then; 0: not DELETING */
  struct scl_tagset tags;
  char *policy; /* malloc'ed JSON; NULL: none */
};

struct scl_store_stream {
  char name[SCL_STORE_MAX_NAME + 1];
  uint64_t id; /* never given out twice: tells a stream from an older one of the same name */
  int64_t created_ms;
  enum scl_stream_status busy_status;
  int64_t busy_until_ms;
  uint32_t n_shards, cap_shards;
  struct scl_store_shard *shards; /* by index */
  uint32_t n_open, cap_open;
  uint32_t *open;                                      /* indexes of open shards, by hash_start */
  struct scl_bucket control[SCL_QUOTA_STREAM_BUCKETS]; /* under the lock of limits.h */
  /* attributes */
  uint64_t max_record_bytes; /* of data and key */
  int32_t retention_hours;
  /* Records that arrived before are gone, however long records are kept now. Raised by scl_store_set_retention. */
  int64_t floor_ms;
  int64_t gone_ms; /* DELETING until then; 0: not DELETING. Set by scl_store_delete_later */
  /* Times of the last UpdateShardCounts, in a ring: the oldest is at n_rescales modulo the size. */
  int64_t rescaled_ms[SCL_STORE_MAX_RESCALES];
  uint32_t n_rescales;
  bool is_on_demand;
  uint32_t metrics;   /* of enhanced monitoring: a bit each, in the order of the API Reference */
  int64_t warm_mibps; /* warm throughput; 0: none */
  char *key_id;       /* malloc'ed: the KMS key; NULL: not encrypted */
  char *policy;       /* malloc'ed JSON; NULL: none */
  struct scl_tagset tags;
  uint32_t n_consumers;
  struct scl_store_consumer **consumers; /* in the order of their ids; malloc'ed each, freed with the stream */
};

/* Settings of the account: MinimumThroughputBillingCommitment. */
struct scl_store_account {
  int64_t commitment_started_ms; /* 0: there never was one */
  int64_t commitment_end_ms;     /* 0: it goes on */
};

struct scl_store;

/* Learns of every change, to keep it on disk. A function is called after its change, with the lock that the change was
 * made under still held (for a put the lock of the shard's log too). So no other thread sees a change before the
 * recorder, and the puts of a shard come in the order of its records. */
struct scl_store_recorder {
  void *context;
  void (*created)(void *context, const struct scl_store_stream *stream);
  void (*deleted)(void *context, uint64_t stream_id);
  void (*put)(void *context, const struct scl_store_shard *shard, uint64_t number, const struct scl_logrecord *record);
  void (*split)(void *context, const struct scl_store_stream *stream, uint32_t shard);
  void (*merged)(void *context, const struct scl_store_stream *stream, uint32_t shard, uint32_t adjacent);
  void (*attributes)(void *context, const struct scl_store_stream *stream);
  void (*account)(void *context, struct scl_store *store);
  /* Good when all changes so far are on disk. */
  struct scl_ticket (*ticket)(void *context);
};

struct scl_store *scl_store_new(int64_t create_ms, int64_t update_ms);
void scl_store_free(struct scl_store *store);
/* How long consumers stay CREATING and DELETING, and streams DELETING (0 at first). Before threads use the store. */
void scl_store_set_delays(struct scl_store *store, int64_t consumer_ms, int64_t delete_ms);

/* Before threads use the store. The recorder outlives their use; all of its functions are set. NULL: none, as at first.
 */
void scl_store_set_recorder(struct scl_store *store, const struct scl_store_recorder *recorder);
/* The ticket that a reply made from the store waits for. Taken after the reply was made. */
struct scl_ticket scl_store_ticket(const struct scl_store *store);

void scl_store_lock_read(struct scl_store *store);
void scl_store_lock_write(struct scl_store *store);
void scl_store_unlock(struct scl_store *store);

/* Whether the text is one character or more of [a-zA-Z0-9_.-], as the names of streams and consumers are. */
bool scl_store_is_name(struct sc_slice text);
/* NULL when there is no such stream. */
struct scl_store_stream *scl_store_find(struct scl_store *store, struct sc_slice name);
/* The place, among streams in the order of their names, of the first one whose name is greater than `after`. */
uint32_t scl_store_first_after(const struct scl_store *store, struct sc_slice after);
uint32_t scl_store_n_streams(const struct scl_store *store);
struct scl_store_stream *scl_store_at(struct scl_store *store, uint32_t i);

/* The name must be free (scl_store_find) and 1..128 bytes, n_shards 1..SCL_STORE_MAX_SHARDS. */
struct scl_store_stream *scl_store_create(struct scl_store *store, struct sc_slice name, uint32_t n_shards,
                                          int64_t now_ms);
/* Makes the stream DELETING, and notifies the listeners of its shards. scl_store_purge deletes it after delete_ms. */
void scl_store_delete_later(struct scl_store *store, struct scl_store_stream *stream, int64_t now_ms);
/* Whether the time of a DELETING stream is over, so that scl_store_purge is to be called. Cheap; needs no lock. */
bool scl_store_is_purge_due(struct scl_store *store, int64_t now_ms);
void scl_store_purge(struct scl_store *store, int64_t now_ms);
/* Deletes at once. Listeners of its shards are notified and removed; a listener is added and removed with the lock for
 * reading, so never meanwhile. */
void scl_store_delete(struct scl_store *store, struct scl_store_stream *stream);

/* Takes over a malloc'ed stream as it was before a restart; its name and id are free. The fields log and store of its
 * shards are set here, with empty logs; the open shards divide all hash keys between them. Consumers are in the order
 * of their ids. */
void scl_store_restore(struct scl_store *store, struct scl_store_stream *stream);
/* A stream that is in no store. */
void scl_stream_free(struct scl_store_stream *stream);
/* The id that is given out next. It is raised to what it was before a restart. */
uint64_t scl_store_next_id(const struct scl_store *store);
void scl_store_raise_next_id(struct scl_store *store, uint64_t next_id);

enum scl_stream_status scl_stream_status(const struct scl_store_stream *stream, int64_t now_ms);
/* Makes the stream UPDATING for update_ms. */
void scl_store_set_updating(struct scl_store *store, struct scl_store_stream *stream, int64_t now_ms);
/* Trims older records. Records that are gone stay gone when the retention is raised again. */
void scl_store_set_retention(struct scl_store_stream *stream, int32_t hours, int64_t now_ms);
/* The open shard that holds the key. */
struct scl_store_shard *scl_stream_route(struct scl_store_stream *stream, scl_hashkey_int key);

struct scl_store_put {
  struct sc_slice key_json; /* as struct scl_logrecord */
  struct sc_slice data;
  bool is_base64;
  uint64_t bytes;
  int64_t arrived_ms; /* raised to the last arrival of the shard */
};
/* Appends to an open shard, returns the sequence number, notifies the listeners of the shard. With the lock for
 * reading. */
void scl_shard_put(struct scl_store_shard *shard, const struct scl_store_put *put,
                   char sequence[SCL_SEQLAYOUT_DIGITS + 1]);

/* Appends the next record of a shard, open or closed, as it was before a restart. */
void scl_shard_restore(struct scl_store_shard *shard, const struct scl_store_put *put);

/* Whether the shard can be split there, so that each child has two hash keys at least (API Reference, SplitShard). */
bool scl_shard_can_split(const struct scl_store_shard *shard, scl_hashkey_int new_start);
/* Splits an open shard at new_start (scl_shard_can_split). Shard pointers are stale afterwards. */
void scl_store_split(struct scl_store *store, struct scl_store_stream *stream, uint32_t shard,
                     scl_hashkey_int new_start, int64_t now_ms);
/* Merges two open shards; the second begins where the first ends. Shard pointers are stale afterwards. */
void scl_store_merge(struct scl_store *store, struct scl_store_stream *stream, uint32_t shard, uint32_t adjacent,
                     int64_t now_ms);

/* The trim horizon: records that arrived before are gone. */
int64_t scl_stream_horizon_ms(const struct scl_store_stream *stream, int64_t now_ms);
/* Drops records before the trim horizon; cheap when there are none. With the lock for reading. */
void scl_stream_trim(const struct scl_store_stream *stream, const struct scl_store_shard *shard, int64_t now_ms);
/* Whether the shard was closed before the trim horizon. The service denies that such a shard exists. */
bool scl_shard_is_expired(const struct scl_store_stream *stream, const struct scl_store_shard *shard, int64_t now_ms);

/* NULL when there is no such consumer, or when its time as DELETING is over. */
struct scl_store_consumer *scl_stream_find_consumer(const struct scl_store_stream *stream, struct sc_slice name,
                                                    int64_t now_ms);
bool scl_consumer_is_gone(const struct scl_store_consumer *consumer, int64_t now_ms);
enum scl_consumer_status scl_consumer_status(const struct scl_store_consumer *consumer, int64_t now_ms);
/* Consumers that are not gone. */
uint32_t scl_stream_count_consumers(const struct scl_store_stream *stream, int64_t now_ms);
/* The name must be free (scl_stream_find_consumer). Frees consumers that are gone. */
struct scl_store_consumer *scl_store_register(struct scl_store *store, struct scl_store_stream *stream,
                                              struct sc_slice name, int64_t now_ms);
/* Makes the consumer DELETING, unless it is already, and notifies the listeners of the stream's shards. */
void scl_store_deregister(struct scl_store *store, struct scl_store_stream *stream, struct scl_store_consumer *consumer,
                          int64_t now_ms);

/* Tells the recorder that attributes, consumers or tags of the stream have changed. Called at the end of the change,
 * with the lock for writing. Create, delete, split, merge and put tell the recorder themselves. */
void scl_store_note_attributes(struct scl_store *store, struct scl_store_stream *stream);

/* Changed with the lock for writing, and then scl_store_note_account. */
struct scl_store_account *scl_store_account(struct scl_store *store);
void scl_store_note_account(struct scl_store *store);

void scl_shard_starting_sequence(const struct scl_store_shard *shard, char out[SCL_SEQLAYOUT_DIGITS + 1]);
/* Of a closed shard. */
void scl_shard_ending_sequence(const struct scl_store_shard *shard, char out[SCL_SEQLAYOUT_DIGITS + 1]);
/* A sequence number s with record[position - 1] <= s < record[position]: reading after s goes on at position. It rises
 * with now_ms; with now_ms 0 it is that of record[position - 1]. */
void scl_shard_sequence_before(const struct scl_store_shard *shard, uint64_t position, int64_t now_ms,
                               char out[SCL_SEQLAYOUT_DIGITS + 1]);
/* The position of the first record whose number is seq or greater (with `after`: greater). seq has the index and
 * creation second of this shard, but need not be the number of a record. */
uint64_t scl_shard_find_sequence(const struct scl_store_shard *shard, const struct scl_seqlayout *seq, bool after);

#endif
