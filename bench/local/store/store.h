/* What the local service remembers: streams, their shards, the shards' records (shardlog.h). It knows no JSON and no
 * HTTP, and has no clock: "now" is an argument, in ms since the epoch.
 *
 * One lock for all of it, held by the caller: scl_store_lock_read around everything that reads or puts, _write around
 * what creates, deletes, splits, merges and changes attributes. The records of a shard have a lock of their own
 * (shardlog.h), so that puts into different shards go on side by side. Pointers to streams, shards and consumers are
 * good until the lock is let go; a page of records outlives it. Fields are for reading only, but for those under
 * "attributes", which whoever holds the lock for writing may set.
 *
 * A stream's status follows the clock: CREATING for create_ms after it was made, UPDATING for update_ms after a split,
 * a merge or a change of attributes (which take effect at once), DELETING for delete_ms before it is gone, else ACTIVE.
 * So does a consumer's. A record is there until it is retention_hours old (scl_stream_trim), a closed shard until
 * retention_hours after it was closed (scl_shard_is_expired). Bounds: SCL_STORE_MAX_SHARDS shards a stream over its
 * life.
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
  int64_t created_s; /* as its sequence numbers say: always later than its parents' */
  int64_t closed_ms; /* 0: open */
  struct scl_shardlog *log;
  struct scl_shard_quota quota; /* under the log's lock */
  struct scl_store *store;      /* that it is in */
  uint64_t stream_id;
};

/* An enhanced fan-out consumer. */
struct scl_store_consumer {
  char name[SCL_STORE_MAX_NAME + 1];
  uint64_t id; /* never used twice, by no stream and no consumer */
  uint64_t stream_id;
  int64_t created_ms; /* the number in its ARN is this, in seconds */
  int64_t ready_ms;   /* CREATING until then */
  int64_t gone_ms;    /* 0, or DELETING until then */
  struct scl_tagset tags;
  char *policy; /* malloc'ed JSON; NULL: none */
};

struct scl_store_stream {
  char name[SCL_STORE_MAX_NAME + 1];
  uint64_t id; /* never used twice: tells a stream from an older one of its name */
  int64_t created_ms;
  enum scl_stream_status busy_status;
  int64_t busy_until_ms;
  uint32_t n_shards, cap_shards;
  struct scl_store_shard *shards; /* by index */
  uint32_t n_open;
  uint32_t *open;                                      /* indexes of open shards, by hash_start */
  struct scl_bucket control[SCL_QUOTA_STREAM_BUCKETS]; /* of limits.h, under its lock */
  /* attributes */
  uint64_t max_record_bytes; /* of data and key */
  int32_t retention_hours;
  /* what arrived before is gone, however long records are kept now; moved by scl_store_set_retention */
  int64_t floor_ms;
  int64_t gone_ms; /* 0, or DELETING until then; set by scl_store_delete_later */
  /* when the last UpdateShardCounts were; the oldest is at n_rescales modulo the size */
  int64_t rescaled_ms[SCL_STORE_MAX_RESCALES];
  uint32_t n_rescales;
  bool is_on_demand;
  uint32_t metrics;   /* of enhanced monitoring: a bit each, in the order of the service's list */
  int64_t warm_mibps; /* warm throughput; 0: none */
  char *key_id;       /* malloc'ed: of the KMS key; NULL: not encrypted */
  char *policy;       /* malloc'ed JSON; NULL: none */
  struct scl_tagset tags;
  uint32_t n_consumers;
  struct scl_store_consumer **consumers; /* in the order of their ids; malloc'ed each, freed with the stream */
};

/* What is set for the account, not for one stream: MinimumThroughputBillingCommitment. */
struct scl_store_account {
  int64_t commitment_started_ms; /* 0: there never was one */
  int64_t commitment_end_ms;     /* 0: it goes on */
};

struct scl_store;

/* Who is told of every change: what a journal is written from. Called after the change, with the store's lock still
 * held as for the change, and for a put with the shard's too: before anybody else can see it, and in the order of the
 * shard's records. */
struct scl_store_recorder {
  void *context;
  void (*created)(void *context, const struct scl_store_stream *stream);
  void (*deleted)(void *context, uint64_t stream_id);
  void (*put)(void *context, const struct scl_store_shard *shard, uint64_t number, const struct scl_logrecord *record);
  void (*split)(void *context, const struct scl_store_stream *stream, uint32_t shard);
  void (*merged)(void *context, const struct scl_store_stream *stream, uint32_t shard, uint32_t adjacent);
  void (*attributes)(void *context, const struct scl_store_stream *stream);
  void (*account)(void *context, struct scl_store *store);
  /* Good when everything the recorder was told of cannot be lost any more. */
  struct scl_ticket (*ticket)(void *context);
};

struct scl_store *scl_store_new(int64_t create_ms, int64_t update_ms);
void scl_store_free(struct scl_store *store);
/* How long consumers stay CREATING and DELETING, and streams DELETING; 0 before it is called. Before the store is
 * shared. */
void scl_store_set_delays(struct scl_store *store, int64_t consumer_ms, int64_t delete_ms);

/* Before threads: the recorder must outlive the store's use; all of its functions are set. NULL: nobody is told, as at
 * first. */
void scl_store_set_recorder(struct scl_store *store, const struct scl_store_recorder *recorder);
/* What a reply, or a chunk of one, that was made from the store has to wait for; taken after it was made. */
struct scl_ticket scl_store_ticket(const struct scl_store *store);

void scl_store_lock_read(struct scl_store *store);
void scl_store_lock_write(struct scl_store *store);
void scl_store_unlock(struct scl_store *store);

/* Whether the text is one character or more of [a-zA-Z0-9_.-], as the names of streams and consumers are. */
bool scl_store_is_name(struct sc_slice text);
/* NULL when there is no such stream. */
struct scl_store_stream *scl_store_find(struct scl_store *store, struct sc_slice name);
/* By name, ascending; the first stream whose name is above `after` (which need not exist). */
uint32_t scl_store_first_after(const struct scl_store *store, struct sc_slice after);
uint32_t scl_store_n_streams(const struct scl_store *store);
struct scl_store_stream *scl_store_at(struct scl_store *store, uint32_t i);

/* The name must be free (scl_store_find) and 1..128 bytes, n_shards 1..SCL_STORE_MAX_SHARDS. */
struct scl_store_stream *scl_store_create(struct scl_store *store, struct sc_slice name, uint32_t n_shards,
                                          int64_t now_ms);
/* Makes the stream DELETING for as long as the store says, and rings its shards' bells; scl_store_purge will delete
 * it. */
void scl_store_delete_later(struct scl_store *store, struct scl_store_stream *stream, int64_t now_ms);
/* Whether a stream has been DELETING for long enough: then scl_store_purge, with the lock for writing. Needs no lock;
 * cheap. */
bool scl_store_is_purge_due(struct scl_store *store, int64_t now_ms);
void scl_store_purge(struct scl_store *store, int64_t now_ms);
/* At once. Whoever listens to the bells of its shards is told and let go: a listener listens and leaves with the lock
 * held for reading. */
void scl_store_delete(struct scl_store *store, struct scl_store_stream *stream);

/* Takes over a malloc'ed stream as it was before a restart, whose name and id nobody has. Its shards are complete but
 * for log and store, which are set here (the logs are empty); the open ones divide all hash keys between them. Its
 * consumers are in the order of their ids. */
void scl_store_restore(struct scl_store *store, struct scl_store_stream *stream);
/* A stream that is in no store. */
void scl_stream_free(struct scl_store_stream *stream);
/* The id that is given out next, and one that it is at least. */
uint64_t scl_store_next_id(const struct scl_store *store);
void scl_store_raise_next_id(struct scl_store *store, uint64_t next_id);

enum scl_stream_status scl_stream_status(const struct scl_store_stream *stream, int64_t now_ms);
/* UPDATING for as long as the store says. */
void scl_store_set_updating(struct scl_store *store, struct scl_store_stream *stream, int64_t now_ms);
/* Trims what is older; what is gone stays gone when records are kept for longer. */
void scl_store_set_retention(struct scl_store_stream *stream, int32_t hours, int64_t now_ms);
/* The open shard that holds the key. */
struct scl_store_shard *scl_stream_route(struct scl_store_stream *stream, scl_hashkey_int key);

struct scl_store_put {
  struct sc_slice key_json; /* as struct scl_logrecord */
  struct sc_slice data;
  bool is_base64;
  uint64_t bytes;
  int64_t arrived_ms; /* raised to the shard's last arrival */
};
/* Appends to an open shard, gives the record's sequence number, rings the shard's bell. Needs the lock for reading
 * only. */
void scl_shard_put(struct scl_store_shard *shard, const struct scl_store_put *put,
                   char sequence[SCL_SEQLAYOUT_DIGITS + 1]);

/* A record of a shard, open or closed, as it was before a restart: the next one. */
void scl_shard_restore(struct scl_store_shard *shard, const struct scl_store_put *put);

/* new_start must be above hash_start + 1 and below hash_end; the shard open. Shard pointers are stale afterwards. */
void scl_store_split(struct scl_store *store, struct scl_store_stream *stream, uint32_t shard,
                     scl_hashkey_int new_start, int64_t now_ms);
/* Both open, hash_end of the first + 1 = hash_start of the second. Shard pointers are stale afterwards. */
void scl_store_merge(struct scl_store *store, struct scl_store_stream *stream, uint32_t shard, uint32_t adjacent,
                     int64_t now_ms);

/* What arrived before is gone. */
int64_t scl_stream_horizon_ms(const struct scl_store_stream *stream, int64_t now_ms);
/* Drops what is older than the stream keeps; cheap when nothing is. Needs the lock for reading only. */
void scl_stream_trim(const struct scl_store_stream *stream, const struct scl_store_shard *shard, int64_t now_ms);
/* Closed for longer than the stream keeps records: the service says that there is no such shard. */
bool scl_shard_is_expired(const struct scl_store_stream *stream, const struct scl_store_shard *shard, int64_t now_ms);

/* NULL when there is no such consumer, or when it is gone by now. */
struct scl_store_consumer *scl_stream_find_consumer(const struct scl_store_stream *stream, struct sc_slice name,
                                                    int64_t now_ms);
bool scl_consumer_is_gone(const struct scl_store_consumer *consumer, int64_t now_ms);
enum scl_consumer_status scl_consumer_status(const struct scl_store_consumer *consumer, int64_t now_ms);
/* How many are not gone. */
uint32_t scl_stream_count_consumers(const struct scl_store_stream *stream, int64_t now_ms);
/* The name must be free (scl_stream_find_consumer). Frees those that are gone. */
struct scl_store_consumer *scl_store_register(struct scl_store *store, struct scl_store_stream *stream,
                                              struct sc_slice name, int64_t now_ms);
/* DELETING from now on, for as long as the store says, and the shards' bells are rung; nothing when it is already. */
void scl_store_deregister(struct scl_store *store, struct scl_store_stream *stream, struct scl_store_consumer *consumer,
                          int64_t now_ms);

/* To be called, with the lock for writing, at the end of whatever changed attributes of the stream, its consumers and
 * tags among them. Not after scl_store_create, _delete, _split, _merge and puts, which speak for themselves. */
void scl_store_note_attributes(struct scl_store *store, struct scl_store_stream *stream);

/* For reading; for writing with the lock for writing, and scl_store_note_account afterwards. */
struct scl_store_account *scl_store_account(struct scl_store *store);
void scl_store_note_account(struct scl_store *store);

void scl_shard_starting_sequence(const struct scl_store_shard *shard, char out[SCL_SEQLAYOUT_DIGITS + 1]);
void scl_shard_ending_sequence(const struct scl_store_shard *shard,
                               char out[SCL_SEQLAYOUT_DIGITS + 1]); /* closed only */
/* A number at or after the record before position and before the one at it: reading after it goes on there. It rises
 * with now_ms; at 0 it is that record's own. */
void scl_shard_sequence_before(const struct scl_store_shard *shard, uint64_t position, int64_t now_ms,
                               char out[SCL_SEQLAYOUT_DIGITS + 1]);
/* The position of the first record at the number, or after it. The number must be this shard's (same shard index and
 * creation second); a number between two records is fine. */
uint64_t scl_shard_find_sequence(const struct scl_store_shard *shard, const struct scl_seqlayout *seq, bool after);

#endif
