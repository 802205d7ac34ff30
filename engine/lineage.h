/* Which shards there are, who descends from whom, and which may be read now. Pure: no I/O, no clock.
 *
 * Control feeds it the stored rows, complete ListShards answers (all pages) and committed shard ends; it says what to
 * insert, what to start and what is wrong. Rules: a child starts when all its parents, adjacent parent included, have
 * ended and committed, or are known to be gone (neither listed nor stored unfinished); on the first run every listed
 * shard starts at the run's start; a shard that comes later starts at TRIM_HORIZON; a stored, unfinished shard that is
 * no longer listed is a gap; open shards cover the hash range 0..2^128-1 without a hole.
 *
 * Within one lineage an end is for ever. When the target went back (a failover: a take or a survey finds an end undone
 * or a row gone), control stops all shards and begins anew: a new lineage, restore, list. A shard is known by its
 * index, which is dense and never changes; its id is a string for people and for the target. Control thread only;
 * allocates. ListShards: AWS Kinesis API Reference 2013-12-02.
 */
#ifndef SC_LINEAGE_H
#define SC_LINEAGE_H

#include <stddef.h>

#include "engine/position.h"

#define SC_PARENTS_MAX 2
#define SC_NO_NODE UINT32_MAX

/* 128-bit hash key. */
struct sc_hash_key {
  uint64_t high, low;
};

/* A shard as ListShards gives it. */
struct sc_listed {
  char id[SC_SHARD_ID_MAX + 1];
  /* "" when absent; [0] ParentShardId, [1] AdjacentParentShardId */
  char parents[SC_PARENTS_MAX][SC_SHARD_ID_MAX + 1];
  struct sc_hash_key hash_first, hash_last;
  bool closed; /* EndingSequenceNumber is there */
};

/* A shard as the checkpoint table has it. */
struct sc_stored {
  char id[SC_SHARD_ID_MAX + 1];
  char parents[SC_PARENTS_MAX][SC_SHARD_ID_MAX + 1];
  bool ended;
};

struct sc_lineage;
struct sc_lineage *sc_lineage_new(void);
void sc_lineage_free(struct sc_lineage *l);

/* At start, when rows are stored: before the first listing. */
void sc_lineage_restore(struct sc_lineage *l, const struct sc_stored *rows, size_t n);
/* Do the rows, read again, still bear out what the lineage counts on: each stored row there, each end an end? False:
 * the target went back, begin anew. Ended shards are taken by nobody, so this is asked whenever control's own session
 * was lost: at every new one, and before a bounded load says that it is finished. */
bool sc_lineage_still_holds(const struct sc_lineage *l, const struct sc_stored *rows, size_t n);
/* A listing is about to begin: every end committed so far will show in it. */
void sc_lineage_listing(struct sc_lineage *l);
/* A listing is due at once: none was begun yet, or not since the last end. */
bool sc_lineage_wants_listing(const struct sc_lineage *l);
/* The complete listing, all pages; sc_lineage_listing came before its first page was asked for. */
void sc_lineage_listed(struct sc_lineage *l, const struct sc_listed *shards, size_t n);

/* The index of a shard, SC_NO_NODE of one never heard of. */
uint32_t sc_lineage_find(const struct sc_lineage *l, const char *id);
/* What is known of a shard; of one that was never listed only id and parents. Valid as long as the lineage. */
const struct sc_listed *sc_lineage_shard(const struct sc_lineage *l, uint32_t index);
/* It was in the first listing of a run that stored nothing before: it starts at the run's start, others at
 * TRIM_HORIZON. */
bool sc_lineage_is_of_first_run(const struct sc_lineage *l, uint32_t index);

/* The next shard at or behind index `from` that has no row yet and should get one; SC_NO_NODE when there is none. All
 * of them are given before any is stored, since the first listing goes into one transaction. Rows of a first run may be
 * inserted only if the namespace is still empty in the same transaction (another worker's first listing may have come
 * first, with another start); else begin anew with what is stored. Call sc_lineage_stored once its row is committed. */
uint32_t sc_lineage_next_new(const struct sc_lineage *l, uint32_t from);
void sc_lineage_stored(struct sc_lineage *l, uint32_t index);
/* The next shard with a row, not started, all of whose parents are done; SC_NO_NODE when there is none. Call
 * sc_lineage_started. */
uint32_t sc_lineage_next_ready(const struct sc_lineage *l);
void sc_lineage_started(struct sc_lineage *l, uint32_t index);
/* Its end is committed (or the take said so). */
void sc_lineage_ended(struct sc_lineage *l, uint32_t index);
/* At its tip in a bounded load: done for this run; its descendants are not waited for. */
void sc_lineage_at_tip(struct sc_lineage *l, uint32_t index);

/* The next unfinished shard that the last listing no longer has, each reported once: records may be lost. Also a shard
 * that came and expired between two runs, of which only a child's ParentShardId is left. A gone shard with a row holds
 * up its children until its end is committed and told by sc_lineage_ended. */
uint32_t sc_lineage_next_gone(struct sc_lineage *l);
/* Unfinished, and not in the last listing: there is nothing more to read of it. */
bool sc_lineage_is_gone(const struct sc_lineage *l, uint32_t index);
/* Is the shard closed by the last listing? */
bool sc_lineage_is_closed(const struct sc_lineage *l, uint32_t index);
/* The hash range of the open shards of the last listing has a hole: true, and where it begins. */
bool sc_lineage_hole(const struct sc_lineage *l, struct sc_hash_key *at);

struct sc_lineage_counts {
  size_t known, waiting, running, ended, at_tip, gone;
};
void sc_lineage_count(const struct sc_lineage *l, struct sc_lineage_counts *out);
/* Nothing runs and nothing could, and no listing is due or under way: a bounded load is over. */
bool sc_lineage_is_finished(const struct sc_lineage *l);

/* "0|[1-9]\d{0,38}", below 2^128. */
bool sc_hash_key_parse(struct sc_slice text, struct sc_hash_key *out);

#endif
