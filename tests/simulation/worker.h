/* A worker: one process of the program, built from the engine's own machines, with the threads' work cut into single
 * steps.
 *
 *   control.c    lineage: lists shards, stores rows, starts shards, confirms ends
 *   fetch.c      shard: calls and their replies, batches
 *   subscribe.c  subscription: the same for a worker that does not poll
 *   write.c      checkpoint: batches to blocks, takes, commits, rewinds
 *
 * Between them are queues, so that anything can happen between a message and its reading. The glue here is what the
 * program's threads do around the machines; it may be clumsy, but it must not be cleverer than they are.
 */
#ifndef SC_TESTS_SIMULATION_WORKER_H
#define SC_TESTS_SIMULATION_WORKER_H

#include "engine/base/assert.h"
#include "engine/base/error.h"
#include "engine/checkpoint.h"
#include "engine/lineage.h"
#include "engine/shard.h"
#include "net/kinesis/poll.h"
#include "net/kinesis/subscription.h"
#include "tests/simulation/target.h"

#define WRITERS_MAX 2
#define CALLS_MAX 32
#define SPANS_MAX 4
#define QUEUED_MAX 40 /* batches a writer; more are not fetched: memory credit */

struct span {
  int shard;
  uint32_t first, end; /* records first .. end - 1 */
  uint32_t flags;      /* enum sc_batch_flag */
  int64_t read_until_ms;
};

struct batch {
  uint32_t term;
  struct span span;
};

struct block {
  uint32_t term;
  unsigned n;
  struct span spans[SPANS_MAX];
};

struct call {
  bool used, of_records, answered;
  int shard;
  uint32_t term;
  struct sc_position position; /* of an iterator */
  struct kiterator iterator;   /* in for records, out for an iterator */
  enum sc_code error;
  struct kreply reply;
};

/* From a writer to fetching, after a take. */
struct start {
  int shard;
  uint32_t term;
  struct sc_position position;
  int64_t read_until_ms;
};

/* From a writer to control. */
enum note_kind { NOTE_STARTED, NOTE_ENDED, NOTE_TIP, NOTE_WENT_BACK };
struct note {
  enum note_kind kind;
  int shard;
};

struct local {
  /* control's */
  bool assigned;         /* to its writer */
  bool seen;             /* in a listing */
  int64_t seen_after_ms; /* the last complete listing without it; 0 none */
  bool asked;            /* fetching wants to know whether it is closed */
  uint64_t asked_at;     /* listings begun by then */
  /* the writer's */
  struct sc_checkpoint checkpoint;
  bool taken;
  bool done; /* its end is committed */
  /* fetching's */
  struct sc_shard reader;
  struct sc_poll poll;
  struct sc_subscription subscription; /* instead of poll */
  enum sc_shard_do todo;
  struct kiterator iterator;
  int64_t read_until_ms;
};

enum writer_state { WRITER_DOWN, WRITER_UP, WRITER_SENT };

struct writer {
  enum writer_state state;
  unsigned connection; /* generation of the target when it was made */
  uint32_t term;
  int64_t retry_ms;
  struct queue batches; /* from fetching */
  struct block open;    /* being filled by the parser */
  struct queue blocks;  /* from the parser */
  struct queue spans;   /* accepted since the last commit */
  struct queue starts;  /* to fetching */
  bool replaying;       /* refused rows become dead letters */
  struct request *request;
  bool executed, answer_is_lost;
  enum sc_code answer;
};

enum phase { PHASE_SURVEY, PHASE_RUN, PHASE_FINISHED };

struct worker {
  int index;
  bool subscribes;
  enum phase phase;
  int64_t began_ms; /* the run */
  int64_t retry_ms;
  struct sc_lineage *lineage;
  unsigned generation; /* of the target when the lineage was made */
  unsigned connection; /* control's own: generation of the target when it was made; 0 lost */
  bool first_run;
  struct sc_position start;
  struct row survey[SHARDS_MAX];
  struct local locals[SHARDS_MAX];
  struct writer writers[WRITERS_MAX];
  struct call calls[CALLS_MAX];
  struct queue notes;
  /* the listing under way */
  bool listing;
  bool listed_all; /* the last page is there, but not read */
  int list_after;
  struct sc_listed listed[SHARDS_MAX];
  size_t n_listed;
  int64_t listing_begun_ms, last_listing_ms, list_due_ms;
  uint64_t listings_begun;
  /* counters, of transactions known to be committed */
  uint64_t records, rows, dead;
};

struct worker *worker_new(struct world *w, int index, const struct sc_position *start);
void worker_free(struct world *w, struct worker *k); /* kill -9: what was sent may still be executed */
void worker_step(struct world *w, struct worker *k);

/* ---- the parts ---- */
void control_step(struct world *w, struct worker *k);
void control_free(struct worker *k);
void fetch_step(struct world *w, struct worker *k);
/* subscribe.c: a worker that subscribes, instead of calls */
bool subscribe_any(struct world *w, struct worker *k); /* a request for a shard begins to stand */
bool hear_any(struct world *w, struct worker *k);      /* something happens to a subscription */
/* The request that stands, if there is one, is of an older term. */
void subscribe_cancel(struct world *w, struct local *l);
/* fetch.c, for subscribe.c */
bool fetch_is_due(const struct world *w, const struct worker *k, int shard);
void fetch_replied(struct world *w, struct worker *k, int shard, const struct kreply *reply, int64_t due_ms);
void fetch_failed(struct world *w, struct worker *k, int shard, int code, int64_t due_ms);
void parse_step(struct world *w, struct worker *k, struct writer *writer);
void write_step(struct world *w, struct worker *k, unsigned writer);
void writer_lose(struct world *w, struct worker *k, unsigned writer, const char *why);

static inline unsigned writer_of(const struct world *w, int shard) {
  SC_ASSERT(w->nature.writers > 0);
  return (unsigned)shard % w->nature.writers;
}
/* Tells the user that records of the shard may be lost. */
void worker_tell_gap(struct world *w, int shard);
bool worker_is_connected(const struct world *w, const struct writer *writer);

#endif
