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
 * descriptor, which gives up with SC_E_STOPPED or SC_E_DEADLINE; or, in push, they answer SC_AGAIN. Where that cannot
 * be (embedded databases), session_interrupt ends a call. Errors carry the class that decides (error.h): REWIND,
 * TAKE_AGAIN, REPLAN, ROW, CONFIG, AUTH, FATAL; the text names host, database and user, never a password, and hints.
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
  bool rows_have_key; /* a row that comes again takes the place of itself: after a failure none is there twice */
  /* Open at a time; 0: no bound. 1: there is one write thread, and control's calls are made on its thread between two
   * transactions. */
  uint32_t max_sessions;
  /* What becomes of a row that the target refuses. replays: it has savepoints, and a replay of the transaction finds
   * the row. answers_rows: finish knows the answer to each row. Neither: the load ends. */
  bool replays, answers_rows;
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

/* Rows [first, end) of a block, all of one relation. */
struct sc_row_range {
  const struct sc_block *block;
  uint32_t first, end;
  uint16_t relation;
  uint32_t number; /* among the ranges of its transaction */
};

/* A row that the target refused. */
struct sc_refusal {
  bool row_known;
  uint64_t row;  /* counted from the first one pushed since the last finish */
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
  /* SC_OK: all of the range is on its way; requests may still be under way then. SC_AGAIN: a part of it is, and the
   * sink waits for its descriptor (ready); the same call is made again when that is ready, and now and then before. A
   * request that failed and may be made again is, without a word to the engine. Between two finishes all ranges are of
   * one relation and plan, unless the sink has `released`. */
  int (*push)(struct sc_session *session, const struct sc_row_range *rows, struct sc_error *err);
  /* The target has answered for all rows pushed. NULL: push knows. */
  int (*finish)(struct sc_session *session, struct sc_error *err);
  /* Dead letters of a block, after a finish. NULL without encode_dead. */
  int (*push_dead)(struct sc_session *session, const char *dead, size_t len, struct sc_error *err);
  /* After finish: what was pushed is safe. SC_POSITIONS_WITH_ROWS: the positions are compared and moved in the same
   * transaction, and SC_OK means that all of it is committed; one that is not as it was left is SC_E_FENCED, a row
   * refused now SC_E_ROW, a lost answer SC_E_DB_LOST. NULL: what is finished is safe. */
  int (*commit)(struct sc_session *session, const struct sc_commit *commit, struct sc_error *err);
  /* The nth refused row, from 0; false: there are no more. caps.replays: one, after an error of class ROW from push,
   * finish or commit. caps.answers_rows: those of the last finish, which was SC_OK. */
  bool (*refusal)(const struct sc_session *session, uint32_t nth, struct sc_refusal *out);
  /* caps.replays only. A savepoint is a point to come back to, after begin or finish; whatever the target would refuse
   * at the commit, it refuses from then on at once. */
  int (*rollback)(struct sc_session *session, struct sc_error *err); /* the session is good for another begin */
  int (*savepoint)(struct sc_session *session, struct sc_error *err);
  int (*back_to_savepoint)(struct sc_session *session, struct sc_error *err); /* after a refusal */
  /* The descriptor to wait for, and for what (POLLIN | POLLOUT): after SC_AGAIN, and while idle in a transaction, where
   * check is called when it is ready. -1, or NULL: none. */
  int (*ready)(const struct sc_session *session, short *events);
  int (*check)(struct sc_session *session, struct sc_error *err);
  /* In ms, when the sink itself wants the open transaction committed: a file is rolled by its size and age, which takes
   * the place of --flush-*. NULL: by --flush-*. */
  int64_t (*due)(const struct sc_session *session);
  /* Is this block, the oldest of the transaction, not needed any more? Its memory then goes to other rows long before
   * the commit. Such a sink is pushed rows and dead letters as they come, whatever their relation, and can neither
   * replay nor answer for rows. NULL: all blocks are kept until the commit is known. */
  bool (*released)(const struct sc_session *session, const struct sc_block *block);
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
  /* Any thread: the call under way and all later ones but session_close end soon with SC_E_STOPPED. NULL: its calls
   * block nowhere but in the wait hook. */
  void (*session_interrupt)(struct sc_session *session);
};

#endif
