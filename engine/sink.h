/* The interface of sinks: where rows and positions go. sink/ implements it, one file a target.
 *
 *   sc_sink     the target as opened by control: URL, settings; read-only for the other threads
 *   sc_session  one connection, owned by one thread at a time: control has one, each write thread has one
 *   encode      pure functions on parse threads
 *
 * Session calls look blocking and are not: wherever they would wait they call the wait hook of their thread with the
 * socket, which polls it together with the thread's own eventfd, and gives up with SC_E_STOPPED or SC_E_DEADLINE.
 * Errors carry the class that decides (error.h): REWIND, TAKE_AGAIN, REPLAN, ROW, CONFIG, AUTH, FATAL; the text names
 * host, database and user, never a password, and hints.
 *
 * A sink without positions (stdout, null) has keeps_positions false and NULL in the position calls.
 */
#ifndef SC_SINK_H
#define SC_SINK_H

#include "engine/base/buf.h"
#include "engine/lineage.h"

struct sc_block;
struct sc_cells;
struct sc_error;
struct sc_options;
struct sc_plan;
struct sc_record;
struct sc_rejects;
struct sc_sample;
struct sc_session;
struct sc_sink;
struct sc_stream_identity;
struct sc_wait; /* how a session waits: wait.h */

/* A row of the checkpoint table, as far as control makes it. */
struct sc_position_row {
  const char *shard_id;
  const char *parents[SC_PARENTS_MAX]; /* "" when absent */
  struct sc_position start;            /* TRIM_HORIZON or AT_TIME */
};

/* What stands in the checkpoint table for a namespace; never used as a position to read from (only a take gives
 * that). */
struct sc_survey {
  struct sc_stored *shards; /* malloc'ed */
  size_t n;
  char stream_arn[2049];
  int64_t stream_created_ms;
  int64_t newest_updated_ms; /* for the first line: "resuming 8 shards from positions of ..." */
  bool has_records;          /* a record was committed: then there was a table */
  bool table_exists;         /* the target table */
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

struct sc_dead_letter {
  const char *shard_id;
  struct sc_slice sequence;
  struct sc_slice partition_key;
  int64_t arrival_us;
  struct sc_slice data; /* raw payload */
  const char *sqlstate;
  const char *reason;
};

/* Which row the target refused. */
struct sc_refusal {
  bool row_known;
  uint32_t row; /* index into the rows of the call that failed */
  char sqlstate[6];
  char reason[250];
};

/* --dry-run: what the table would be filled with. */
struct sc_proposed {
  const char *metadata; /* "shard" ...; NULL: the key of a record */
  char *key;
  size_t key_len;
  char *column, *type;
};
struct sc_proposal {
  struct sc_proposed *columns;
  size_t n, cap;
  bool exists;       /* the table is there */
  struct sc_buf ddl; /* what would be run; empty: nothing */
};
/* Copies everything but metadata. */
void sc_proposal_add(struct sc_proposal *p, const char *metadata, struct sc_slice key, const char *column,
                     const char *type);
void sc_proposal_fini(struct sc_proposal *p);

struct sc_sink_ops {
  const char *name; /* "postgresql" */
  bool keeps_positions;
  bool (*claims)(const char *url);

  /* ---- control thread ---- */
  /* Parses the URL (parameters that are options become options). stream: the default table name; namespace: the load's
   * name (default: the stream's name), given by --namespace. */
  int (*open)(const char *url, struct sc_options *options, const char *stream_name, struct sc_sink **out,
              struct sc_error *err);
  void (*close)(struct sc_sink *sink);
  const char *(*describe)(const struct sc_sink *sink); /* "table public.demo on host h, database d, user u" */

  /* ---- sessions ---- */
  int (*session_open)(struct sc_sink *sink, const char *role, const struct sc_wait *wait, struct sc_session **out,
                      struct sc_error *err);
  void (*session_close)(struct sc_session *session);

  /* ---- positions, control's session ---- */
  /* Makes what is missing: schema, checkpoint and dead-letter tables. */
  int (*prepare)(struct sc_session *session, struct sc_error *err);
  /* The session advisory lock of the namespace. SC_E_BUSY "is being loaded by pid@host"; take_over ends the holder's
   * backends. */
  int (*lock)(struct sc_session *session, bool take_over, struct sc_error *err);
  /* Is the connection alive and the lock still ours? SC_OK, or an error to reconnect and lock again on. */
  int (*check_lock)(struct sc_session *session, struct sc_error *err);
  int (*survey)(struct sc_session *session, struct sc_survey *out, struct sc_error *err);
  /* --restart: the namespace's rows are deleted. */
  int (*forget)(struct sc_session *session, struct sc_error *err);
  /* Inserts rows, all in one transaction; a row that is there already stays as it is. */
  int (*add_shards)(struct sc_session *session, const struct sc_stream_identity *identity,
                    const struct sc_position_row *rows, size_t n, struct sc_error *err);
  /* Clean end: active = false, lease given up, for shards whose epoch is still ours. */
  int (*release)(struct sc_session *session, const struct sc_commit_row *rows, size_t n, struct sc_error *err);

  /* ---- positions, any session ---- */
  /* Raises the epochs and returns the positions, in one statement; waits for, or ends, a transaction in doubt. out has
   * n rows, in the order of shard_ids; a row that is missing is SC_E_POSITIONS. */
  int (*take)(struct sc_session *session, const char *const *shard_ids, size_t n, struct sc_taken *out,
              struct sc_error *err);

  /* ---- the table, control's session ---- */
  /* The plan of the table as it is. Missing table: made from sample when one is given, else *out is NULL and SC_OK. */
  int (*make_plan)(struct sc_session *session, const struct sc_sample *sample, uint32_t generation,
                   struct sc_plan **out, struct sc_error *err);

  /* Alters the table so that it holds what is requested, in one statement and as far as it may: a key without a column
   * gets one, a column that does not hold its kinds a wider type. What the target refuses for good is logged, and no
   * later plan of this sink asks for it. Nobody else of this load has a transaction open. SC_CLASS_REWIND (a lock that
   * others hold, too): try again. NULL: never requested. */
  int (*grant)(struct sc_session *session, const struct sc_sample *requests, struct sc_error *err);

  /* ---- --dry-run: nothing is written, no lock is taken ---- */
  /* The positions as stored, without taking them: for display, not to load from. */
  int (*peek)(struct sc_session *session, const char *const *shard_ids, size_t n, struct sc_taken *out,
              struct sc_error *err);
  /* What make_plan would make of the sample. No columns: there is nothing to make them of. NULL: the sink has none. */
  int (*propose)(struct sc_session *session, const struct sc_sample *sample, struct sc_proposal *out,
                 struct sc_error *err);

  /* ---- parse threads; pure ---- */
  /* Appends rows of cells, from first_row, to block->data with their sc_row_ref (sequences and span filled here from
   * records and span). Returns how many rows were dealt with: each appended or rejected (rejects->items[].record as in
   * cells->record). Stops early when the block has no room. The rows of one record are appended all or none: one that
   * is rejected takes the others with it. *needed_bytes is what the next row wants, so that a row larger than a whole
   * block gets one of its own. */
  uint32_t (*encode)(const struct sc_plan *plan, const struct sc_cells *cells, uint32_t first_row,
                     const struct sc_record *records, uint32_t span, struct sc_block *block, struct sc_rejects *rejects,
                     size_t *needed_bytes);
  /* Appends a dead letter to block->dead; false when the block pool has no credit. NULL: the sink keeps none. */
  bool (*encode_dead)(const struct sc_sink *sink, const struct sc_dead_letter *letter, struct sc_block *block);

  /* ---- write threads ---- */
  int (*begin)(struct sc_session *session, struct sc_error *err);
  /* Rows [first_row, end_row) of the block into the open COPY; opens one when none is open or the plan is another. */
  int (*push)(struct sc_session *session, const struct sc_block *block, uint32_t first_row, uint32_t end_row,
              struct sc_error *err);
  /* Ends the COPY under way, if any: the server has accepted all rows pushed. */
  int (*end_copy)(struct sc_session *session, struct sc_error *err);
  /* The dead letters of a block, after the last end_copy. */
  int (*push_dead)(struct sc_session *session, const char *dead, size_t len, struct sc_error *err);
  /* Locks the checkpoint rows, compares, updates, COMMIT, in one message. SC_OK only with the tag COMMIT. A fence is
   * SC_E_FENCED; a row refused at the COMMIT is SC_E_ROW; a lost answer SC_E_DB_LOST. is_last: always durable, whatever
   * --commit says. */
  int (*commit)(struct sc_session *session, const struct sc_commit_row *rows, size_t n, bool is_last,
                struct sc_error *err);
  int (*rollback)(struct sc_session *session, struct sc_error *err);
  /* Replay: a savepoint before a COPY, constraints immediate; back to it after a refusal. */
  int (*savepoint)(struct sc_session *session, struct sc_error *err);
  int (*back_to_savepoint)(struct sc_session *session, struct sc_error *err);
  /* After SC_E_ROW from push or end_copy: what is known of the row, counted from the first row pushed since the COPY
   * was opened. */
  void (*refusal)(const struct sc_session *session, struct sc_refusal *out);
  /* The socket to watch while idle inside a COPY, -1 without; readable: call check. */
  int (*session_fd)(const struct sc_session *session);
  int (*check)(struct sc_session *session, struct sc_error *err);
};

#endif
