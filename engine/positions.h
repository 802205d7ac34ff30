/* The interface of stores of positions: where each shard stands, kept by a sink beside its rows, or by another one.
 *
 * All calls are made on a session of the store (sink.h) and wait as its calls do. "Control" stands for control's
 * session, or the only one there is; all others are for any session. Epochs are the net below the lock: whoever takes a
 * shard raises its epoch, and from then on nobody moves it under an older one.
 */
#ifndef SC_POSITIONS_H
#define SC_POSITIONS_H

#include "engine/lineage.h"

struct sc_error;
struct sc_session;
struct sc_state;
struct sc_stream_identity;

/* A row of the store, as far as control makes it. */
struct sc_position_row {
  const char *shard_id;
  const char *parents[SC_PARENTS_MAX]; /* "" when absent */
  struct sc_position start;            /* TRIM_HORIZON or AT_TIME */
};

/* What stands in the store for a namespace; never used as a position to read from (only a take gives that). */
struct sc_survey {
  struct sc_stored *shards; /* malloc'ed */
  size_t n;
  char stream_arn[2049];
  int64_t stream_created_ms;
  int64_t newest_updated_ms; /* for the first line: "resuming 8 shards from positions of ..." */
  char other_table[140];     /* the table that the positions are of, when it is another one than this load's; else "" */
  bool has_records;          /* a record was committed: then there was a table */
  bool table_exists;         /* the target table; true where the store does not know */
};

/* What a take gives. */
struct sc_taken {
  char shard_id[SC_SHARD_ID_MAX + 1];
  int64_t epoch;
  struct sc_sequence sequence; /* of the last record committed; len 0: none */
  struct sc_position start;    /* where to read on: AFTER sequence, or the stored start */
  int64_t read_until_ms;
  bool ended;
};

/* One shard of a commit. */
struct sc_commit_row {
  const char *shard_id;
  int64_t epoch;
  const struct sc_sequence *previous; /* as taken or last committed; len 0: NULL */
  const struct sc_sequence *sequence; /* the new one (may be the previous one) */
  bool ended;
  int64_t read_until_ms;
};

/* What is committed together. */
struct sc_commit {
  const struct sc_commit_row *rows;
  size_t n;
  const struct sc_state *states; /* one a key (batch.h): stored with the positions, under the namespace */
  size_t n_states;
  bool is_last; /* always durable, whatever --commit says */
};

struct sc_positions_ops {
  /* Control: makes what is missing, e.g. the tables. */
  int (*prepare)(struct sc_session *session, struct sc_error *err);
  /* Control: the lock of the namespace, held until the session is closed. SC_E_BUSY "is being loaded by pid@host";
   * take_over ends the holder's sessions. */
  int (*lock)(struct sc_session *session, bool take_over, struct sc_error *err);
  /* Control: is the session alive and the lock still ours? SC_OK, or an error to connect and lock again on. */
  int (*check_lock)(struct sc_session *session, struct sc_error *err);
  int (*survey)(struct sc_session *session, struct sc_survey *out, struct sc_error *err); /* control */
  /* Control, --restart: the namespace's rows and states are deleted. */
  int (*forget)(struct sc_session *session, struct sc_error *err);
  /* Control: inserts rows, all or none; a row that is there already stays as it is. */
  int (*add_shards)(struct sc_session *session, const struct sc_stream_identity *identity,
                    const struct sc_position_row *rows, size_t n, struct sc_error *err);
  /* Control: clean end. Gives up the shards whose epoch is still ours. */
  int (*release)(struct sc_session *session, const struct sc_commit_row *rows, size_t n, struct sc_error *err);
  /* Raises the epochs and returns the positions, in one step; waits for, or ends, a transaction in doubt. out has n
   * rows, in the order of shard_ids; a row that is missing is SC_E_POSITIONS. */
  int (*take)(struct sc_session *session, const char *const *shard_ids, size_t n, struct sc_taken *out,
              struct sc_error *err);
  /* SC_POSITIONS_AFTER_ROWS only: the rows are safe; moves all positions or none, if each is as it was left, else
   * SC_E_FENCED. A lost answer is of class REWIND: the next take tells. */
  int (*move)(struct sc_session *session, const struct sc_commit *commit, struct sc_error *err);
  /* --dry-run: the positions as stored, without taking them: for display, not to load from. */
  int (*peek)(struct sc_session *session, const char *const *shard_ids, size_t n, struct sc_taken *out,
              struct sc_error *err);
};

#endif
