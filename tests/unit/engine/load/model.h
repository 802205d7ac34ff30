/* A stream and a database in memory, with faults by seed: what the thread pools are tested against without a server,
 * under TSAN too.
 *
 * A mock, and named so: the real parts are met in tests/integration. The stream has shards of numbered records, which
 * may split while they are read; the database keeps rows, dead letters and positions behind one mutex, and commits all
 * or nothing. It notes what a database would let pass but no load may do: a child's row before its parent's end.
 */
#ifndef SC_TESTS_UNIT_ENGINE_LOAD_MODEL_H
#define SC_TESTS_UNIT_ENGINE_LOAD_MODEL_H

#include <pthread.h>

#include "engine/base/random.h"
#include "engine/decoder.h"
#include "engine/load/control/control.h"
#include "engine/position.h"
#include "engine/source.h"

struct sc_sink_ops;

#define MODEL_SHARDS_MAX 400
#define MODEL_ROWS_MAX 200000
#define MODEL_STEP 1000000 /* a record's value: shard * MODEL_STEP + its sequence number, from 1 */
#define MODEL_RECORD_LEAST 12
#define MODEL_NONE UINT32_MAX
#define MODEL_READERS_MAX 4
#define MODEL_WINDOW 6 /* requests of a reader at first, and at most */
#define MODEL_WINDOW_MOST 64

struct model_shard {
  uint32_t records; /* that can be read now */
  bool closed;
  uint32_t parent; /* MODEL_NONE: none */
};

/* The row of a shard in the checkpoint table. */
struct model_position {
  bool stored, ended;
  int64_t epoch;
  uint32_t position; /* the sequence number of the last record committed */
  struct sc_position start;
};

/* What the database holds: what a failover may take back. */
struct model_state {
  size_t n_rows, n_dead;
  struct model_position positions[MODEL_SHARDS_MAX];
};

/* What the database is able to do, for model_sink_with; 0: as PostgreSQL, one transaction with savepoints. */
enum model_trait {
  MODEL_ONE_SESSION = 1,  /* one connection; two threads are never in it at once */
  MODEL_AFTER_ROWS = 2,   /* no transactions: rows are there with the finish, and positions are moved afterwards */
  MODEL_OWN_STORE = 4,    /* transactions of rows alone: the positions are in another store */
  MODEL_NO_REPLAY = 8,    /* no savepoints */
  MODEL_ANSWERS = 16,     /* several requests in flight, an answer a row; a request that fails is made again */
  MODEL_AGAIN = 32,       /* takes half of the rows, and the rest when it is asked again */
  MODEL_RELEASES = 64,    /* keeps rows itself: blocks go back at once */
  MODEL_DUE = 128,        /* says when it wants a commit: by its rows and age */
  MODEL_RELATIONS = 256,  /* rows of three relations */
  MODEL_BLOCKS_PUSH = 512 /* calls that end only when they are interrupted: pushes, */
  ,
  MODEL_BLOCKS_PLAN = 1024 /* plans made from a sample */
};

struct model {
  /* how the stream is; set before the load */
  uint32_t record_bytes;  /* of a payload: MODEL_RECORD_LEAST or more */
  uint32_t page;          /* records of a reply at most; 700 */
  uint32_t bad_every;     /* every so many records one does not decode; 0 none */
  uint32_t refused_every; /* every so many records one is refused by the database; 0 none */
  bool name_refused;      /* the database names the row it refuses */
  bool end_is_null;       /* a closed shard ends without naming child shards */
  bool end_is_alone;      /* ends and tips come on a page of their own */
  bool needs_sample;      /* the table is not there: the plan is made from a sample */
  /* faults, in per mille of the calls; of pushes: of 256 rows pushed */
  unsigned read_faults, spoilt, open_faults, take_faults, push_faults, commit_lost, commit_lost_done, lock_faults;
  bool lock_is_held;      /* after the first lock: another load has it */
  unsigned opens_refused; /* so many sessions cannot be opened once it runs */
  uint32_t new_key_every; /* every so many records of a shard one has a key that no earlier one had; 0 never */
  size_t replan_every;    /* the table changes with every so many rows; 0 never */
  /* once, at so many rows, the database goes back to its state at half of them and all sessions are lost; 0 never */
  size_t fail_over_at;
  size_t due_rows; /* 500 */
  int64_t due_ms;  /* 20 */
  unsigned traits; /* enum model_trait, by model_sink_with */

  pthread_mutex_t lock; /* guards all below */
  pthread_cond_t changed;
  struct sc_random random;
  uint32_t n_shards;
  struct model_shard shards[MODEL_SHARDS_MAX];
  /* the database */
  uint32_t *rows; /* values */
  uint32_t *dead;
  struct model_state now, before;
  unsigned era;   /* sessions of an older one are lost */
  char state[64]; /* "key=value;" of the last commit that had any */
  bool remembers, failed_over, last_is_durable, order_broken;
  uint32_t schema; /* plans of an older generation are refused */
  uint32_t n_keys; /* keys up to this number have a column */
  unsigned grants, refusals, commits, takes;
  size_t pushed;                    /* rows, whether or not they were committed */
  unsigned sessions, sessions_most; /* open; at a time */
  bool in_call;                     /* of the one session */
  unsigned again, retried;          /* pushes that were told to come again; requests made again */
  size_t commit_rows_most;          /* rows of a transaction */
  bool is_blocked, is_interrupted;  /* a call is in the middle of it; it was told to end */
  /* the readers */
  bool answers_held; /* calls of all shards wait */
  uint32_t held;     /* and those of this one; MODEL_NONE: of none */
  struct sc_park *parks[MODEL_READERS_MAX];
  uint32_t n_readers;
  unsigned calls, calls_most, started; /* under way; at a time; since the beginning */
  unsigned sleeps;                     /* a reader with nothing to give goes to sleep */
  uint32_t limit;                      /* records of the reply that was asked for last */
};

/* n_shards shards of records each, with records of MODEL_RECORD_LEAST bytes, no faults. */
void model_init(struct model *m, uint64_t seed, uint32_t n_shards, uint32_t records);
void model_fini(struct model *m);
/* The shard is closed and has two children of records each. */
void model_split(struct model *m, uint32_t shard, uint32_t records);
/* Waits until so many calls are under way. */
void model_wait_for_calls(struct model *m, unsigned n);
/* Waits until so many rows were pushed, whether or not they are committed. */
void model_wait_for_pushed(struct model *m, size_t n);
/* Holds back answers of all shards, and records of one (MODEL_NONE: of none). */
void model_hold(struct model *m, bool all, uint32_t shard);
/* Wakes the readers, twice, and waits until they have nothing to do any more: whatever follows from how things are has
 * happened. */
void model_settle(struct model *m);

extern struct model *the_model; /* the one source and sink talk to */
extern const struct sc_source_ops model_source;
extern const struct sc_decoder_ops model_decoder;
extern const struct sc_sink_ops model_sink, model_sink_without_dead_letters, model_sink_without_positions;
/* The sink of a database with these traits; valid until the next call. */
const struct sc_sink_ops *model_sink_with(struct model *m, unsigned traits);
extern const struct sc_sink_ops model_store; /* of the positions alone, for MODEL_OWN_STORE */
/* Waits until a call blocks that only an interrupt ends. */
void model_wait_until_blocked(struct model *m);

#endif
