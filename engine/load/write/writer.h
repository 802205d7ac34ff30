/* The inside of a write thread, shared by write_pool.c (loop, rewind), write_commit.c and write_replay.c (rows the
 * target refuses). Private to them. */
#ifndef SC_LOAD_WRITE_WRITER_H
#define SC_LOAD_WRITE_WRITER_H

#include "engine/base/random.h"
#include "engine/checkpoint.h"
#include "engine/load/write/write_pool.h"

struct sc_writer_shard {
  const struct sc_shard_info *info;
  struct sc_checkpoint checkpoint;
  uint32_t flags; /* enum sc_batch_flag of the spans in the open transaction */
  bool touched;   /* has a span in the open transaction */
  bool is_read;   /* fetching was started, and neither its end nor its tip has come */
  uint64_t batch; /* the last one accepted since the take */
  bool inside;    /* and it is not complete */
  bool done;      /* its end, or its tip in a bounded load, is committed, with this position: */
  struct sc_sequence done_at;
};

/* What a transaction holds. */
struct sc_writer_totals {
  uint64_t records, rows, dead, extra_rows, bytes, unknown_keys;
};

enum sc_writer_state {
  SC_WRITER_WORKING,
  SC_WRITER_HOLDING,     /* committed; waits for GO_ON */
  SC_WRITER_LOST,        /* rewinding: waits for control's GO */
  SC_WRITER_BACKING_OFF, /* has GO; opens a session at retry_ms */
  SC_WRITER_DEAD         /* told control why; only gives blocks back */
};

struct sc_writer {
  struct sc_run *run;
  uint32_t index;
  uint32_t term;
  enum sc_writer_state state;
  struct sc_session *session;
  struct sc_random random;

  struct sc_writer_shard *shards;
  size_t n_shards, cap_shards, n_read;
  struct sc_writer_shard **touched; /* in the order of first touch; room for n_shards */
  size_t n_touched;
  struct sc_commit_row *rows;

  bool in_transaction;
  struct sc_block *grave;        /* dead letters of a replay on their way; NULL: the sink keeps none */
  struct sc_block *first, *last; /* of the open transaction, kept until the commit is known */
  uint64_t tx_rows, tx_bytes;
  int64_t tx_oldest_ms; /* monotonic; when its oldest block was begun */
  bool tx_urgent;       /* a shard's end is in it, for which its children wait, or the last of all tips */
  int64_t last_commit_ms, last_commit_took_ms;

  /* The commit that went out and is not answered. When its answer is lost the next take tells what became of it: it
   * happened if the witness, a shard it moves, stands at the sequence. Until then its records stay claimed and
   * uncounted. */
  bool in_doubt;
  const struct sc_shard_info *witness;
  struct sc_sequence witness_at;
  struct sc_writer_totals doubtful;

  bool hold_wanted;
  uint32_t asked;    /* the last TAKE_AGAIN's serial */
  unsigned failures; /* rewinds in a row without a commit */
  int64_t first_failure_ms, retry_ms;
};

/* ---- write_pool.c ---- */
void sc_writer_tell(struct sc_writer *w, enum sc_control_message_kind kind, const struct sc_shard_info *shard);
/* A block that is not needed any more goes back to its parse thread. */
void sc_writer_give_back(struct sc_writer *w, struct sc_block *block);
/* The one place where a session's error is judged: rewinds, or ends the run. */
void sc_writer_judge(struct sc_writer *w, const struct sc_error *err);

/* ---- write_commit.c ---- */
/* When the open transaction is to be committed: 0 now, else ms from now; INT64_MAX when there is nothing. */
int64_t sc_writer_commit_in_ms(const struct sc_writer *w, int64_t now_ms);
void sc_writer_commit(struct sc_writer *w);
/* The target refused a row of the open transaction. */
void sc_writer_replay_and_commit(struct sc_writer *w);
/* The take tells whether the commit in doubt has happened. */
void sc_writer_end_doubt(struct sc_writer *w, const struct sc_taken *taken, size_t n);
/* After a commit or a rewind, which deal with its blocks. */
void sc_writer_forget_transaction(struct sc_writer *w);

/* ---- write_replay.c ---- */
/* Finds the refused rows of the open transaction's blocks, makes dead letters of them and leaves the transaction open
 * with all other rows in, ready for end and commit. SC_OK, or an error of another class than ROW. */
int sc_writer_replay(struct sc_writer *w, struct sc_error *err);

#endif
