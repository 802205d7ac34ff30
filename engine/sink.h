/* The interface of sinks: where rows go. sink/ implements it, one module a target.
 *
 *   sc_sink     the target as opened by control: URL, settings; read-only for the other threads
 *   sc_session  one connection, owned by one thread at a time
 *   encode      pure functions on parse threads
 *
 * A sink is three tables of calls: rows, positions (positions.h; NULL: it keeps none) and schema (schema.h; NULL: any
 * columns do). What it can do stands in its caps, and calls that those do not name may be NULL. Nothing is found out by
 * trying.
 *
 * Session calls look blocking and are not: wherever they would wait they call the wait hook of their thread with a
 * descriptor, which gives up with SC_E_STOPPED or SC_E_DEADLINE; or, in push, they answer SC_AGAIN. Errors carry the
 * class that decides (error.h): REWIND, TAKE_AGAIN, REPLAN, ROW, CONFIG, AUTH, FATAL; the text names host, database and
 * user, never a password, and hints.
 */
#ifndef SC_SINK_H
#define SC_SINK_H

#include "engine/positions.h"
#include "engine/reject.h"
#include "engine/schema.h"

struct sc_block;
struct sc_cells;
struct sc_examine;
struct sc_options;
struct sc_record;
struct sc_rejects;
struct sc_sink;
struct sc_wait; /* how a session waits: wait.h */

/* How rows and positions get there. */
enum sc_atomicity {
  SC_POSITIONS_NONE,       /* no positions: a load that fails ends, and another begins again */
  SC_POSITIONS_AFTER_ROWS, /* the positions are moved when the rows are safe: rows may come again after a failure */
  SC_POSITIONS_WITH_ROWS   /* in one transaction: exactly once */
};

struct sc_sink_caps {
  enum sc_atomicity positions;
  uint32_t max_sessions; /* 0: no bound. 1: control shares the session of the one write thread */
  bool replays; /* has savepoints: the row that the target refuses is found by a replay; else a refusal ends the run */
};

struct sc_dead_letter {
  const char *shard_id;
  struct sc_slice sequence;
  struct sc_slice partition_key;
  int64_t arrival_us;
  struct sc_slice data; /* raw payload */
  enum sc_reason reason;
  const char *code;   /* the target's own, when it refused the row; else NULL: it follows from the reason */
  const char *column; /* NULL: it is about the record */
  const char *value;  /* shortened; NULL unknown */
  const char *text;
};

/* Which row the target refused. */
struct sc_refusal {
  bool row_known;
  uint32_t row;  /* index into the rows of the call that failed */
  char code[16]; /* the target's own name of the reason: an SQLSTATE */
  char text[250];
};

struct sc_rows_ops {
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
  int (*begin)(struct sc_session *session, struct sc_error *err); /* NULL: there are no transactions */
  /* Rows [first_row, end_row) of the block. */
  int (*push)(struct sc_session *session, const struct sc_block *block, uint32_t first_row, uint32_t end_row,
              struct sc_error *err);
  /* The target has accepted all rows pushed. NULL: push knows. */
  int (*finish)(struct sc_session *session, struct sc_error *err);
  /* The dead letters of a block, after the last finish. NULL without encode_dead. */
  int (*push_dead)(struct sc_session *session, const char *dead, size_t len, struct sc_error *err);
  /* After finish: what was pushed is safe. SC_POSITIONS_WITH_ROWS: the positions are compared and moved in the same
   * transaction, and SC_OK means that all of it is committed; one that is not as it was left is SC_E_FENCED, a row
   * refused now SC_E_ROW, a lost answer SC_E_DB_LOST. NULL: pushed is safe. */
  int (*commit)(struct sc_session *session, const struct sc_commit *commit, struct sc_error *err);
  int (*rollback)(struct sc_session *session, struct sc_error *err); /* the session is good for another begin */
  /* caps.replays only. A point to come back to, after begin or finish; whatever the target would refuse at the commit,
   * it refuses from now on at once. */
  int (*savepoint)(struct sc_session *session, struct sc_error *err);
  int (*back_to_savepoint)(struct sc_session *session, struct sc_error *err); /* after a refusal */
  /* After an error of class ROW from push or finish: what is known of the row, counted from the first one pushed since
   * the last finish. */
  void (*refusal)(const struct sc_session *session, struct sc_refusal *out);
  /* The descriptor to watch while idle in a transaction; -1, or NULL: none. Readable: check is called. */
  int (*ready)(const struct sc_session *session);
  int (*check)(struct sc_session *session, struct sc_error *err);
};

struct sc_sink_ops {
  const char *name; /* "postgresql" */
  struct sc_sink_caps caps;
  const struct sc_rows_ops *rows;
  const struct sc_positions_ops *positions; /* NULL: SC_POSITIONS_NONE */
  const struct sc_schema_ops *schema;

  /* ---- control thread ---- */
  bool (*claims)(const char *url);
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
  /* Looks at everything that a load needs of the target, and tells of each (examine.h); changes nothing. An error: the
   * connection broke. NULL: there is nothing to look at, and no session is opened for it. */
  int (*examine)(struct sc_session *session, struct sc_examine *x, struct sc_error *err);
};

#endif
