/* What the local service remembers: streams, their shards, the shards' records (shardlog.h). It knows no JSON and no
 * HTTP, and has no clock: "now" is an argument, in ms since the epoch.
 *
 * One lock for all of it, held by the caller: sc_store_lock_read around everything that reads or puts, _write around what
 * creates, deletes, splits, merges and changes attributes. The records of a shard have a lock of their own (shardlog.h), so that puts
 * into different shards go on side by side. Pointers to streams, shards and consumers are good until the lock is let go; a page of
 * records outlives it. Fields are for reading only, but for those under "attributes", which whoever holds the lock for writing may set.
 *
 * A stream's status follows the clock: CREATING for create_ms after it was made, UPDATING for update_ms after a split, a merge or
 * a change of attributes (which take effect at once), DELETING for delete_ms before it is gone, else ACTIVE. So does a consumer's. A record is there until it is retention_hours old (sc_stream_trim), a closed
 * shard until retention_hours after it was closed (sc_shard_is_expired). Bounds: SC_STORE_MAX_SHARDS shards a stream over its life.
 */
#ifndef SC_LOCAL_STORE_H
#define SC_LOCAL_STORE_H

#include "bench/local/base/gate.h"
#include "bench/local/store/hashkey.h"
#include "bench/local/store/quota.h"
#include "bench/local/store/seqlayout.h"
#include "bench/local/store/shardlog.h"
#include "bench/local/store/tagset.h"

#define SC_STORE_MAX_NAME 128
#define SC_STORE_MAX_SHARDS 1000000
#define SC_STORE_RECORD_BYTES (1u << 20)
#define SC_STORE_NO_SHARD UINT32_MAX
#define SC_STORE_RETENTION_HOURS 24
#define SC_STORE_HOUR_MS INT64_C(3600000)
#define SC_STORE_MAX_RESCALES 10

enum sc_stream_status { SC_STREAM_CREATING, SC_STREAM_ACTIVE, SC_STREAM_UPDATING, SC_STREAM_DELETING };
enum sc_consumer_status { SC_CONSUMER_CREATING, SC_CONSUMER_ACTIVE, SC_CONSUMER_DELETING };

struct sc_store_shard {
  uint32_t index;                   /* the number in shardId-%012u */
  uint32_t parent, adjacent_parent; /* SC_STORE_NO_SHARD: none */
  uint32_t child[2];
  sc_hashkey_int hash_start, hash_end; /* both inclusive */
  int64_t created_ms;
  int64_t created_s; /* as its sequence numbers say: always later than its parents' */
  int64_t closed_ms; /* 0: open */
  struct sc_shardlog *log;
  struct sc_shard_quota quota; /* under the log's lock */
  struct sc_store *store;      /* that it is in */
  uint64_t stream_id;
};

/* An enhanced fan-out consumer. */
struct sc_store_consumer {
  char name[SC_STORE_MAX_NAME + 1];
  uint64_t id;        /* never used twice, by no stream and no consumer */
  int64_t created_ms; /* the number in its ARN is this, in seconds */
  int64_t ready_ms;   /* CREATING until then */
  int64_t gone_ms;    /* 0, or DELETING until then */
  struct sc_tagset tags;
  char *policy; /* malloc'ed JSON; NULL: none */
};

struct sc_store_stream {
  char name[SC_STORE_MAX_NAME + 1];
  uint64_t id; /* never used twice: tells a stream from an older one of its name */
  int64_t created_ms;
  enum sc_stream_status busy_status;
  int64_t busy_until_ms;
  uint32_t n_shards, cap_shards;
  struct sc_store_shard *shards; /* by index */
  uint32_t n_open;
  uint32_t *open;                                    /* indexes of open shards, by hash_start */
  struct sc_bucket control[SC_QUOTA_STREAM_BUCKETS]; /* of limits.h, under its lock */
  /* attributes */
  uint64_t max_record_bytes; /* of data and key */
  int32_t retention_hours;
  int64_t
      floor_ms;    /* what arrived before is gone, however long records are kept now; moved by sc_store_set_retention */
  int64_t gone_ms; /* 0, or DELETING until then; set by sc_store_delete_later */
  int64_t rescaled_ms
      [SC_STORE_MAX_RESCALES]; /* when the last UpdateShardCounts were; the oldest is at n_rescales modulo the size */
  uint32_t n_rescales;
  bool is_on_demand;
  uint32_t metrics;   /* of enhanced monitoring: a bit each, in the order of the service's list */
  int64_t warm_mibps; /* warm throughput; 0: none */
  char *key_id;       /* malloc'ed: of the KMS key; NULL: not encrypted */
  char *policy;       /* malloc'ed JSON; NULL: none */
  struct sc_tagset tags;
  uint32_t n_consumers;
  struct sc_store_consumer **consumers; /* in the order of their ids; malloc'ed each, freed with the stream */
};

/* What is set for the account, not for one stream: MinimumThroughputBillingCommitment. */
struct sc_store_account {
  int64_t commitment_started_ms; /* 0: there never was one */
  int64_t commitment_end_ms;     /* 0: it goes on */
};

struct sc_store;

/* Who is told of every change: what a journal is written from. Called after the change, with the store's lock still held as
 * for the change, and for a put with the shard's too: before anybody else can see it, and in the order of the shard's records. */
struct sc_store_recorder {
  void *context;
  void (*created)(void *context, const struct sc_store_stream *stream);
  void (*deleted)(void *context, uint64_t stream_id);
  void (*put)(void *context, const struct sc_store_shard *shard, uint64_t number, const struct sc_logrecord *record);
  void (*split)(void *context, const struct sc_store_stream *stream, uint32_t shard);
  void (*merged)(void *context, const struct sc_store_stream *stream, uint32_t shard, uint32_t adjacent);
  void (*attributes)(void *context, const struct sc_store_stream *stream);
  void (*account)(void *context, struct sc_store *store);
  /* Good when everything the recorder was told of cannot be lost any more. */
  struct sc_ticket (*ticket)(void *context);
};

struct sc_store *sc_store_new(int64_t create_ms, int64_t update_ms);
void sc_store_free(struct sc_store *store);
/* How long consumers stay CREATING and DELETING, and streams DELETING; 0 before it is called. Before the store is shared. */
void sc_store_set_delays(struct sc_store *store, int64_t consumer_ms, int64_t delete_ms);

/* Before threads: the recorder must outlive the store's use; all of its functions are set. NULL: nobody is told, as at first. */
void sc_store_set_recorder(struct sc_store *store, const struct sc_store_recorder *recorder);
/* What a reply, or a chunk of one, that was made from the store has to wait for; taken after it was made. */
struct sc_ticket sc_store_ticket(const struct sc_store *store);

void sc_store_lock_read(struct sc_store *store);
void sc_store_lock_write(struct sc_store *store);
void sc_store_unlock(struct sc_store *store);

/* NULL when there is no such stream. */
struct sc_store_stream *sc_store_find(struct sc_store *store, struct sc_slice name);
/* By name, ascending; the first stream whose name is above `after` (which need not exist). */
uint32_t sc_store_first_after(const struct sc_store *store, struct sc_slice after);
uint32_t sc_store_n_streams(const struct sc_store *store);
struct sc_store_stream *sc_store_at(struct sc_store *store, uint32_t i);

/* The name must be free (sc_store_find) and 1..128 bytes, n_shards 1..SC_STORE_MAX_SHARDS. */
struct sc_store_stream *sc_store_create(struct sc_store *store, struct sc_slice name, uint32_t n_shards,
                                        int64_t now_ms);
/* Makes the stream DELETING for as long as the store says, and rings its shards' bells; sc_store_purge will delete it. */
void sc_store_delete_later(struct sc_store *store, struct sc_store_stream *stream, int64_t now_ms);
/* Whether a stream has been DELETING for long enough: then sc_store_purge, with the lock for writing. Needs no lock; cheap. */
bool sc_store_is_purge_due(struct sc_store *store, int64_t now_ms);
void sc_store_purge(struct sc_store *store, int64_t now_ms);
/* At once. Whoever listens to the bells of its shards is told and let go: a listener listens and leaves with the lock held for
 * reading. */
void sc_store_delete(struct sc_store *store, struct sc_store_stream *stream);

/* A stream as it was before a restart: the name free, the id used by nobody; shards as in sc_store_stream, the open ones of which
 * divide all hash keys between them; the fields log, store and stream_id are set here, logs are empty. Attributes are as when
 * a stream is created. The array of shards is copied. */
struct sc_store_stream *sc_store_restore(struct sc_store *store, struct sc_slice name, uint64_t id,
                                         const struct sc_store_shard *shards, uint32_t n_shards);
/* The stream's gone_ms was set as it was before a restart: sc_store_purge heeds it. */
void sc_store_restore_gone(struct sc_store *store, const struct sc_store_stream *stream);
/* All of them, at once: they are then added as they were before a restart. */
void sc_stream_drop_consumers(struct sc_store_stream *stream);
/* The id that is given out next, and one that it is at least. */
uint64_t sc_store_next_id(const struct sc_store *store);
void sc_store_raise_next_id(struct sc_store *store, uint64_t next_id);

enum sc_stream_status sc_stream_status(const struct sc_store_stream *stream, int64_t now_ms);
/* UPDATING for as long as the store says. */
void sc_store_set_updating(struct sc_store *store, struct sc_store_stream *stream, int64_t now_ms);
/* Trims what is older; what is gone stays gone when records are kept for longer. */
void sc_store_set_retention(struct sc_store_stream *stream, int32_t hours, int64_t now_ms);
/* The open shard that holds the key. */
struct sc_store_shard *sc_stream_route(struct sc_store_stream *stream, sc_hashkey_int key);

struct sc_store_put {
  struct sc_slice key_json; /* as struct sc_logrecord */
  struct sc_slice data;
  bool is_base64;
  uint64_t bytes;
  int64_t arrived_ms; /* raised to the shard's last arrival */
};
/* Appends to an open shard, gives the record's sequence number, rings the shard's bell. Needs the lock for reading only. */
void sc_shard_put(struct sc_store_shard *shard, const struct sc_store_put *put, char sequence[SC_SEQLAYOUT_DIGITS + 1]);

/* A record of a shard, open or closed, as it was before a restart: the next one. */
void sc_shard_restore(struct sc_store_shard *shard, const struct sc_store_put *put);

/* new_start must be above hash_start + 1 and below hash_end; the shard open. Shard pointers are stale afterwards. */
void sc_store_split(struct sc_store *store, struct sc_store_stream *stream, uint32_t shard, sc_hashkey_int new_start,
                    int64_t now_ms);
/* Both open, hash_end of the first + 1 = hash_start of the second. Shard pointers are stale afterwards. */
void sc_store_merge(struct sc_store *store, struct sc_store_stream *stream, uint32_t shard, uint32_t adjacent,
                    int64_t now_ms);

/* What arrived before is gone. */
int64_t sc_stream_horizon_ms(const struct sc_store_stream *stream, int64_t now_ms);
/* Drops what is older than the stream keeps; cheap when nothing is. Needs the lock for reading only. */
void sc_stream_trim(const struct sc_store_stream *stream, const struct sc_store_shard *shard, int64_t now_ms);
/* Closed for longer than the stream keeps records: the service says that there is no such shard. */
bool sc_shard_is_expired(const struct sc_store_stream *stream, const struct sc_store_shard *shard, int64_t now_ms);

/* NULL when there is no such consumer, or when it is gone by now. */
struct sc_store_consumer *sc_stream_find_consumer(const struct sc_store_stream *stream, struct sc_slice name,
                                                  int64_t now_ms);
bool sc_consumer_is_gone(const struct sc_store_consumer *consumer, int64_t now_ms);
enum sc_consumer_status sc_consumer_status(const struct sc_store_consumer *consumer, int64_t now_ms);
/* How many are not gone. */
uint32_t sc_stream_count_consumers(const struct sc_store_stream *stream, int64_t now_ms);
/* The name must be free (sc_stream_find_consumer). Frees those that are gone. */
struct sc_store_consumer *sc_store_register(struct sc_store *store, struct sc_store_stream *stream,
                                            struct sc_slice name, int64_t now_ms);
/* DELETING from now on, for as long as the store says, and the shards' bells are rung; nothing when it is already. */
void sc_store_deregister(struct sc_store *store, struct sc_store_stream *stream, struct sc_store_consumer *consumer,
                         int64_t now_ms);

/* To be called, with the lock for writing, at the end of whatever changed attributes of the stream, its consumers and tags among
 * them. Not after sc_store_create, _delete, _split, _merge and puts, which speak for themselves. */
void sc_store_note_attributes(struct sc_store *store, struct sc_store_stream *stream);

/* For reading; for writing with the lock for writing, and sc_store_note_account afterwards. */
struct sc_store_account *sc_store_account(struct sc_store *store);
void sc_store_note_account(struct sc_store *store);

void sc_shard_starting_sequence(const struct sc_store_shard *shard, char out[SC_SEQLAYOUT_DIGITS + 1]);
void sc_shard_ending_sequence(const struct sc_store_shard *shard, char out[SC_SEQLAYOUT_DIGITS + 1]); /* closed only */
/* A number at or after the record before position and before the one at it: reading after it goes on there. It rises with now_ms; at 0 it
 * is that record's own. */
void sc_shard_sequence_before(const struct sc_store_shard *shard, uint64_t position, int64_t now_ms,
                              char out[SC_SEQLAYOUT_DIGITS + 1]);
/* The position of the first record at the number, or after it. The number must be this shard's (same shard index and
 * creation second); a number between two records is fine. */
uint64_t sc_shard_find_sequence(const struct sc_store_shard *shard, const struct sc_seqlayout *seq, bool after);

#endif
