/* One simulated world: a clock, a die, a model Kinesis, a model target and one or two workers built from the engine's
 * own shard, lineage and checkpoint machines. No threads, no I/O, no clock but its own: a seed is a whole story, and
 * tells it again word for word.
 *
 * What is checked after every step is checked where it would break: in the target when a transaction is applied
 * (target.c), in the worker when a shard is started (control.c), in the model Kinesis when an iterator is made
 * (kinesis.c). What holds at the end stands in finale.c. A broken rule ends the world: sim_broken never returns.
 */
#ifndef SC_TESTS_SIMULATION_WORLD_H
#define SC_TESTS_SIMULATION_WORLD_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/random.h"

struct kinesis;
struct target;
struct worker;

#define WORKERS_MAX 2
#define TEN_THOUSAND 10000

/* How a world behaves; drawn from the seed. Chances are in ten thousandths, of the event named or of a step. */
struct nature {
  unsigned shards;           /* at the beginning */
  unsigned workers, writers; /* write threads a worker */
  unsigned page;             /* Limit of GetRecords */
  unsigned list_page;        /* shards a page of ListShards */
  bool follow;
  bool shy;       /* the service never names child shards, as some emulators */
  bool end_apart; /* a shard's end comes on an empty page */
  int64_t retention_ms;
  int64_t late_end_ms; /* how long a closed shard goes on giving iterators behind its last record */
  int64_t behind_latest_ms;
  unsigned call_fails, throttled, expires, empty_page, false_end, lag_lies, slow_listing;
  unsigned poison, refused; /* of records: dead letters of the parser, of the target */
  unsigned connection_breaks, answer_lost, commit_late;
  unsigned subscribes; /* of a worker's runs: it reads by SubscribeToShard, else by GetRecords */
  unsigned put, reshard, crash, failover, nap, long_nap;
};

struct world {
  uint64_t seed, step;
  struct sc_random random;
  int64_t now_ms;
  bool faults; /* off at the end */
  bool telling;
  struct nature nature;
  struct kinesis *kinesis;
  struct target *target;
  struct worker *workers[WORKERS_MAX];
  int64_t restart_ms[WORKERS_MAX]; /* of a worker that is down */
  struct tale *tale;
  jmp_buf end;
};

/* ---- the die ---- */

static inline uint64_t below(struct world *w, uint64_t bound) { return sc_random_below(&w->random, bound); }
static inline int64_t between(struct world *w, int64_t first, int64_t last) {
  return first + (int64_t)below(w, (uint64_t)(last - first) + 1);
}
static inline bool chance(struct world *w, unsigned of_ten_thousand) {
  return below(w, TEN_THOUSAND) < of_ten_thousand;
}
/* Of a fault: never once faults are off. */
static inline bool mishap(struct world *w, unsigned of_ten_thousand) { return w->faults && chance(w, of_ten_thousand); }

/* ---- the tale: what happened lately ---- */

/* Remembers a line while the world is telling; with echo it is printed at once. */
void sim_tell(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define TELL(w, ...) ((w)->telling ? sim_tell((w), __VA_ARGS__) : (void)0)

/* A rule is broken: notes why and ends the world. */
_Noreturn void sim_broken(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* In memory of that size, given by the caller and zeroed. */
size_t sim_tale_bytes(void);
void sim_tale_begin(struct tale *tale, bool echo);
void sim_tale_print(const struct tale *tale, unsigned last); /* the last lines */
const char *sim_tale_reason(const struct tale *tale);        /* why it ended; "" when it did not */

/* ---- a queue of small things, first in first out ---- */

struct queue {
  char *items;
  size_t item_bytes, first, end, cap;
};
void queue_init(struct queue *q, size_t item_bytes);
void queue_fini(struct queue *q);
void queue_clear(struct queue *q);
void queue_push(struct queue *q, const void *item);
bool queue_pop(struct queue *q, void *item);
static inline size_t queue_count(const struct queue *q) { return q->end - q->first; }
void *queue_at(const struct queue *q, size_t i); /* from the front */

#endif
