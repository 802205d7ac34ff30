/* The model Kinesis: shards with records, splits and merges, retention, iterators, replies that come wrong.
 *
 * It knows the truth; workers see it only through get_iterator, get_records and list. Hash keys are in 1/1024ths of the
 * range. It never gives a record twice along one chain of iterators, and its listings miss nothing; all else may go
 * wrong.
 */
#ifndef SC_TESTS_SIMULATION_KINESIS_H
#define SC_TESTS_SIMULATION_KINESIS_H

#include "engine/base/error.h"
#include "engine/lineage.h"
#include "engine/shard.h"
#include "tests/simulation/world.h"

#define SHARDS_MAX 48
#define HASH_UNITS 1024
#define NEVER INT64_MAX

struct record {
  struct sc_sequence sequence;
  int64_t arrival_ms;
  bool poison;      /* the parser makes a dead letter of it */
  bool refused;     /* the target refuses its row: a dead letter after a replay */
  bool excused;     /* it was left out of a commit that could not have it */
  uint8_t in_table; /* how often the target has it, as row or dead letter */
};

struct kshard {
  char id[32];
  int parents[SC_PARENTS_MAX]; /* -1: none */
  int children[2];
  unsigned hash_first, hash_end; /* units; end is behind the last */
  int64_t created_ms, closed_ms; /* NEVER: open */
  struct record *records;
  uint32_t n, cap;
  uint32_t trimmed;      /* so many of the first have expired */
  bool gone;             /* closed, and everything in it expired: unlisted and unknown */
  uint32_t false_end_at; /* where the last false end was told: not twice without progress */
  bool gap_told;         /* a worker reported that records may be lost */
};

struct kinesis {
  struct kshard shards[SHARDS_MAX];
  unsigned n;
  uint64_t next_sequence;
  int64_t horizon_ms; /* records before it have expired */
  bool frozen;        /* the end of the world: nothing expires any more */
};

struct kiterator {
  int shard;
  uint32_t next;
  int64_t made_ms;
};

struct kreply {
  enum sc_code error; /* 0: the reply below */
  struct sc_reply reply;
  uint32_t first; /* its records: first .. first + reply.n_records - 1 */
  size_t body_bytes;
  struct kiterator next;
  int64_t service_ms, horizon_ms;
};

struct kinesis *kinesis_new(struct world *w);
void kinesis_free(struct kinesis *k);

/* ---- what happens by itself ---- */
void kinesis_put(struct world *w);
void kinesis_reshard(struct world *w);
void kinesis_expire(struct world *w); /* after the clock moved */

/* ---- calls ---- */
enum sc_code kinesis_get_iterator(struct world *w, int shard, const struct sc_position *at, struct kiterator *out);
void kinesis_get_records(struct world *w, const struct kiterator *it, struct kreply *out);
/* Shards behind number after (-1: from the first); how many; *last is the number to go on from, -1 at the end. */
size_t kinesis_list(struct world *w, int after, struct sc_listed *out, int *last);

int kinesis_find(const struct kinesis *k, const char *id); /* number of a shard */

#endif
