/* What the threads of one load share: settings, modules, rings, mailboxes, the plan in force, the stage of the run.
 *
 * Owner of each byte: settings and tables of pointers are written by control before the threads start and read-only
 * afterwards; atomics name their writer below; everything else belongs to one thread (fetch_pool.h, parse_pool.h,
 * write_pool.h, control.h).
 *
 *   batches[f][p]  ring  fetch f -> parse p
 *   blocks[p][w]   ring  parse p -> write w
 *   spent[p][w]    ring  write w -> parse p, blocks to be filled again
 *   mailboxes      control messages, one a thread and one of control
 */
#ifndef SC_LOAD_RUN_H
#define SC_LOAD_RUN_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/base/error.h"
#include "engine/batch.h"
#include "engine/load/dead_letter_limit.h"
#include "engine/plan.h"
#include "engine/shard.h"
#include "engine/sink.h"
#include "engine/timings.h"

struct sc_mailbox;
struct sc_ring;
struct sc_source;
struct sc_decoder_ops;
struct sc_options;
struct sc_park;
struct sc_source_ops;

/* One policy for all threads that lost the target: how far their back-off grows, and how long they try without success.
 */
enum { SC_BACKOFF_CAP_MS = 10000, SC_GIVE_UP_MS = 10 * 60 * 1000 };

struct sc_settings {
  uint32_t fetch_threads, parse_threads, write_threads;
  struct sc_tip tip;
  int64_t flush_interval_ms;
  size_t flush_bytes;
  uint64_t flush_rows;
  bool fail_on_error;      /* --on-error=fail */
  uint64_t max_records;    /* UINT64_MAX: no limit */
  int64_t stop_timeout_ms; /* of each step of the stop */
  int64_t discovery_ms;
  int64_t sample_ms;        /* the first plan waits so long for records, when fewer come than its sample wants */
  int64_t retry_ms;         /* the first back-off after the target was lost; doubles with full jitter */
  size_t block_bytes;       /* data of a block */
  uint32_t blocks_a_parser; /* of that size, which a parse thread may own */
  uint32_t blocks_ahead;    /* and which may wait for one write thread */
  size_t replay_dead_bytes; /* a write thread's own room for the dead letters of a replay */
  size_t largest_reply_bytes, largest_record_bytes;
  uint32_t max_columns;
};

/* The stages of an orderly stop; control raises them one by one and waits for each pool. */
enum sc_stage {
  SC_STAGE_RUN,
  SC_STAGE_STOP_FETCH, /* fetch threads end their requests, then end */
  SC_STAGE_STOP_PARSE, /* parse threads work off what was fetched, hand over their blocks, then end */
  SC_STAGE_STOP_WRITE, /* write threads work off their blocks, commit, then end */
  SC_STAGE_ABANDON     /* all threads end at once; open transactions are rolled back by closing the connections */
};

/* ---- messages ---- */

enum sc_fetch_message_kind {
  SC_FETCH_START,     /* shard, position, term: from its write thread after every take */
  SC_FETCH_CONFIRMED, /* shard, closed */
  SC_FETCH_CLOSED,    /* shard: a listing says that it is closed; may come before its start */
  SC_FETCH_IDLE_PACE  /* ms */
};
struct sc_fetch_message {
  enum sc_fetch_message_kind kind;
  const struct sc_shard_info *shard;
  uint32_t term;
  bool closed;
  int64_t ms;
  struct sc_position position;
};

enum sc_write_message_kind {
  SC_WRITE_ADD,            /* shard with what control's take gave: read it */
  SC_WRITE_REWIND,         /* a parse thread could not use a reply: go back to the stored positions */
  SC_WRITE_RESUME_SESSION, /* control holds the lock: open a session and take the shards again */
  SC_WRITE_HOLD,           /* commit, then write nothing until RELEASE_HOLD */
  SC_WRITE_RELEASE_HOLD,
  SC_WRITE_ERRAND,     /* errand: work of control's on the session that both share, between two transactions */
  SC_WRITE_TAKE_AGAIN, /* the target may have gone back: commit, rewind, answer TAKEN with this serial */
  SC_WRITE_ABANDON     /* there will be no RESUME_SESSION: the run has failed and control has no session */
};
/* Control waits until it is done. */
struct sc_errand {
  void (*run)(void *arg);
  void *arg;
  _Atomic bool done;
};
struct sc_write_message {
  enum sc_write_message_kind kind;
  struct sc_errand *errand;
  const struct sc_shard_info *shard;
  struct sc_taken taken;
  uint32_t term;
  uint32_t serial;
};

enum sc_control_message_kind {
  SC_CONTROL_SAMPLED,     /* records, tip_or_end: a batch was sampled and waits for the plan; no_more_comes before it */
  SC_CONTROL_CONFIRM_END, /* shard: is it closed? */
  SC_CONTROL_SHARD_ENDED, /* shard: its end is committed */
  SC_CONTROL_SHARD_TIP,   /* shard: everything up to its tip is committed */
  SC_CONTROL_RESUME_WANTED, /* write thread: lost its session, needs the lock checked */
  SC_CONTROL_TAKEN,         /* write thread, serial: has taken its shards again since that TAKE_AGAIN */
  SC_CONTROL_WENT_BACK,     /* shard: done, but the target has forgotten it (failover): the load begins again */
  SC_CONTROL_SCHEMA_WANTED, /* generation: there are requests for another table than that plan's */
  SC_CONTROL_REPLAN,        /* write thread, generation: the table is not what the plan says */
  SC_CONTROL_HELD,          /* write thread: committed, holds */
  SC_CONTROL_STOPPED,       /* a thread did its part of the stage */
  SC_CONTROL_FAILED         /* error: the run must end */
};
struct sc_control_message {
  enum sc_control_message_kind kind;
  const struct sc_shard_info *shard;
  uint32_t thread; /* index of the write thread; of the generation's asker */
  uint32_t generation;
  uint32_t serial;
  uint64_t records;
  bool tip_or_end, no_more_comes;
  struct sc_error error;
};

/* ---- the run ---- */

struct sc_run {
  struct sc_settings settings;
  const struct sc_options *options; /* for modules, which read their own; NULL: the defaults */
  const struct sc_source_ops *source_ops;
  const struct sc_decoder_ops *decoder_ops;
  const struct sc_sink_ops *sink_ops;
  const struct sc_sink_ops *store_ops; /* keeps the positions: the sink itself, or another; NULL: nobody does */
  struct sc_source *source;
  struct sc_sink *sink, *store;
  struct sc_budget *budget;

  struct sc_ring **batches, **blocks, **spent;
  struct sc_park **fetch_parks, **parse_parks, **write_parks, *control_park;
  struct sc_mailbox **fetch_boxes, **write_boxes, *control_box;

  _Atomic size_t *unparsed; /* [fetch x parse]: bytes of the batches from here on their way there, or worked on there */
  _Atomic uint32_t *unwritten;    /* [parse x write]: blocks handed over and not taken yet */
  _Atomic(struct sc_plan *) plan; /* written by control; NULL until the first is made */
  _Atomic uint32_t *terms;        /* [w], written by write thread w: its incarnation, raised by every rewind */
  _Atomic int64_t *behind_ms;     /* [f], by fetch thread f, once a second: lag of its shard furthest behind; -1 none */
  _Atomic int64_t allowance; /* records that may still be claimed (--max-records); parse takes, a drop gives back */
  _Atomic uint32_t stage;    /* enum sc_stage, written by control */
  /* parse threads that wait for block memory: write threads with nothing to take commit */
  _Atomic uint32_t n_waiting_for_blocks;
  struct sc_dead_letter_limit dead_letter_limit; /* its own atomics */

  struct sc_timings *timings[SC_THREAD_POOLS]; /* [pool][thread], by that thread; by control after the join */

  pthread_mutex_t sample_lock; /* guards both below */
  struct sc_sample *sample;    /* until the first plan is made */
  /* keys that want a column or a wider one, with kinds; filled by parse, taken away by control */
  struct sc_sample *requests;
};

/* The store is another module than the sink, or another target. */
static inline bool sc_run_has_own_store(const struct sc_run *r) {
  return r->store_ops != NULL && (r->store_ops != r->sink_ops || r->store != r->sink);
}
/* Sessions open at a time, by the sink and the store; 0: no bound. */
static inline uint32_t sc_run_max_sessions(const struct sc_run *r) {
  uint32_t rows = r->sink_ops->caps.max_sessions,
           positions = r->store_ops != NULL ? r->store_ops->caps.max_sessions : 0;
  return rows == 0 || (positions != 0 && positions < rows) ? positions : rows;
}
/* Only a sink that keeps the positions itself can commit them together with the rows. */
static inline enum sc_atomicity sc_run_atomicity(const struct sc_run *r) {
  if (r->store_ops == NULL) return SC_POSITIONS_NONE;
  return sc_run_has_own_store(r) ? SC_POSITIONS_AFTER_ROWS : r->sink_ops->caps.positions;
}

/* Makes budget, rings, parks and mailboxes for settings that are filled in. */
int sc_run_init(struct sc_run *run, size_t bodies_bytes, size_t blocks_bytes, struct sc_error *err);
/* After all threads are joined: frees what is still in rings, then everything. */
void sc_run_fini(struct sc_run *run);

static inline struct sc_ring *sc_run_batches(const struct sc_run *r, uint32_t fetch, uint32_t parse) {
  return r->batches[fetch * r->settings.parse_threads + parse];
}
static inline _Atomic size_t *sc_run_unparsed(const struct sc_run *r, uint32_t fetch, uint32_t parse) {
  return &r->unparsed[fetch * r->settings.parse_threads + parse];
}
/* Nothing more is fetched for a parse thread with so many bytes unparsed: bytes fetched long before they are parsed
 * have left the caches by then, and take new pages. */
#define SC_UNPARSED_MOST ((size_t)4 << 20)
static inline bool sc_run_has_room(const struct sc_run *r, uint32_t fetch, uint32_t parse) {
  return atomic_load_explicit(sc_run_unparsed(r, fetch, parse), memory_order_relaxed) <= SC_UNPARSED_MOST;
}
static inline struct sc_ring *sc_run_blocks(const struct sc_run *r, uint32_t parse, uint32_t write) {
  return r->blocks[parse * r->settings.write_threads + write];
}
static inline _Atomic uint32_t *sc_run_unwritten(const struct sc_run *r, uint32_t parse, uint32_t write) {
  return &r->unwritten[parse * r->settings.write_threads + write];
}
static inline struct sc_ring *sc_run_spent(const struct sc_run *r, uint32_t parse, uint32_t write) {
  return r->spent[parse * r->settings.write_threads + write];
}
static inline enum sc_stage sc_run_stage(const struct sc_run *r) {
  return (enum sc_stage)atomic_load_explicit(&r->stage, memory_order_acquire);
}
void sc_run_set_stage(struct sc_run *run, enum sc_stage stage); /* control; wakes every thread */

/* Any thread tells control. */
void sc_run_tell(struct sc_run *run, const struct sc_control_message *message);
void sc_run_fail(struct sc_run *run, const struct sc_error *err);
void sc_run_stopped(struct sc_run *run);

/* --max-records: claims up to want records, returns how many; given back when they are dropped instead of committed.
 * With the last one write threads are woken, since they commit what they have. */
uint32_t sc_run_claim(struct sc_run *run, uint32_t want);
void sc_run_unclaim(struct sc_run *run, uint64_t records);
/* Rows are dropped and will come again: the claim and the count of dead letters are taken back. */
void sc_run_drop_counted(struct sc_run *run, uint64_t records, uint64_t dead);
void sc_run_drop_rows(struct sc_run *run, const struct sc_block *block); /* those of a block */

#endif
