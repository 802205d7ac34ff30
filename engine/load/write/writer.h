/* The state of a write thread, and what its parts share: write_pool.c (the loop), write_rows.c,
 * write_commit.c, write_replay.c, write_refused.c. Private to them, but for new, connect, held and free, which control
 * calls while the thread does not run.
 */
#ifndef SC_LOAD_WRITE_WRITER_H
#define SC_LOAD_WRITE_WRITER_H

#include "engine/base/buf.h"
#include "engine/base/random.h"
#include "engine/checkpoint.h"
#include "engine/load/sessions.h"

struct sc_writer_shard {
  const struct sc_shard_info *info;
  struct sc_checkpoint checkpoint;
  uint32_t flags;     /* enum sc_batch_flag of the spans in the open transaction */
  bool touched;       /* has a span in the open transaction */
  bool is_read;       /* fetching was started, and neither its end nor its tip has come */
  uint64_t batch;     /* the last one accepted since the take */
  bool inside;        /* and that batch is not complete */
  bool inside_record; /* nor is the last record */
  bool done;          /* its end, or its tip in a bounded load, is committed, with the position done_at */
  struct sc_sequence done_at;
  TAILQ_ENTRY(sc_writer_shard) link; /* in touched */
};

/* What a transaction holds. */
struct sc_writer_totals {
  uint64_t records, rows, dead, extra_rows, bytes, unknown_keys;
};

enum sc_writer_state {
  SC_WRITER_WORKING,
  SC_WRITER_HOLDING,     /* committed; waits for RELEASE_HOLD */
  SC_WRITER_LOST,        /* rewinding: waits for control's RESUME_SESSION */
  SC_WRITER_BACKING_OFF, /* was told to resume; opens a session at retry_ms */
  SC_WRITER_DEAD         /* told control why; only gives blocks back */
};

struct sc_writer {
  struct sc_run *run;
  uint32_t index;
  uint32_t term;
  enum sc_writer_state state;
  struct sc_sessions own, *sessions; /* its own, or those of control where the target takes only one */
  _Atomic bool ended;                /* the thread has done its last call on them */
  struct sc_random random;

  struct sc_writer_shard **shards; /* by sc_shard_info.place; owned */
  size_t n_shards, cap_shards, n_read;
  uint32_t n_inside_record; /* of them: nothing is committed until their records are complete */

  /* the open transaction */
  bool in_transaction;
  struct sc_blocks blocks;                                /* kept until the commit is known */
  TAILQ_HEAD(sc_touched_shards, sc_writer_shard) touched; /* in the order of their first span */
  struct sc_commit_row *rows;                             /* room for those of a commit */
  size_t cap_rows;
  uint64_t tx_rows, tx_bytes;
  int64_t tx_oldest_ms; /* monotonic; when its oldest block was begun */
  bool tx_urgent;       /* a shard's end is in it, for which its children wait, or the last of all tips */
  int64_t last_commit_ms, last_commit_took_ms;
  struct sc_block *replay_dead; /* room for the dead letters of refused rows; NULL: the sink keeps none */

  /* write_rows.c */
  const struct sc_block *waiting; /* rows from this block on are pushed at the commit; NULL: all are pushed */
  struct sc_row_range *pushed;    /* since the last finish */
  size_t n_pushed, cap_pushed;
  struct sc_row_range *sorted; /* room for the ranges of blocks, relation by relation */
  size_t n_sorted, cap_sorted;
  struct sc_writer_totals released; /* of blocks that went back before the commit */
  uint32_t n_released;
  struct sc_buf released_states;
  struct sc_state *states; /* room for those of a commit */
  size_t n_states, cap_states;

  /* The commit that was sent and is not answered. When the answer is lost, the next take tells what became of the
   * commit: it happened if the probe, a shard that the commit moves, stands at probe_at. Until then the records of the
   * commit stay claimed and uncounted. */
  bool in_doubt;
  const struct sc_shard_info *probe;
  struct sc_sequence probe_at;
  struct sc_writer_totals doubtful;

  bool hold_wanted;
  uint32_t asked;    /* the last TAKE_AGAIN's serial */
  unsigned failures; /* rewinds in a row without a commit */
  int64_t first_failure_ms, retry_ms;
};

struct sc_writer *sc_writer_new(struct sc_run *run, uint32_t index);
/* Control's thread, before the start: opens the session, so that a wrong password is reported at once. Later the write
 * thread itself. The session that is control's is only opened by control. */
int sc_writer_connect(struct sc_writer *w, struct sc_error *err);
/* After the join: the shards still held, for their release. The rows are views into the writer; returns their number,
 * at most cap. */
size_t sc_writer_held(struct sc_writer *w, struct sc_commit_row *rows, size_t cap);
void sc_writer_free(struct sc_writer *w); /* after the join */

struct sc_timings *sc_writer_timings(const struct sc_writer *w);
void sc_writer_tell(struct sc_writer *w, enum sc_control_message_kind kind, const struct sc_shard_info *shard);
void sc_writer_add_totals(struct sc_writer_totals *t, const struct sc_block *block);
/* No block since the last commit. */
static inline bool sc_writer_is_empty(const struct sc_writer *w) {
  return TAILQ_EMPTY(&w->blocks) && w->n_released == 0;
}
/* A block that is not needed any more goes back to its parse thread. */
void sc_writer_give_back(struct sc_writer *w, struct sc_block *block);
int sc_writer_begin(struct sc_writer *w, struct sc_error *err); /* a transaction, unless one is open */
/* The target has accepted all rows pushed. */
int sc_writer_finish(struct sc_writer *w, struct sc_error *err);
/* The transaction is over, committed or not. Its blocks are the caller's, in `blocks` no more. */
void sc_writer_forget_transaction(struct sc_writer *w);

#endif
