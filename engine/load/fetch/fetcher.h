/* The state of a fetch thread, and what its parts share: fetch_pool.c (the loop, requests, messages) and
 * fetch_waiting.c (batches and shards that wait for a parse thread). Private to them, but for new and free, which
 * control calls while the thread does not run.
 */
#ifndef SC_LOAD_FETCH_FETCHER_H
#define SC_LOAD_FETCH_FETCHER_H

#include "engine/base/heap.h"
#include "engine/load/run.h"
#include "engine/source.h"

struct sc_fetch_shard {
  struct sc_heap_node node; /* first: the heap gives it back; key: when it is due */
  struct sc_shard machine;
  const struct sc_shard_info *info;
  bool wants;                 /* its next request, when it is due */
  struct sc_request *request; /* under way */
  bool waits;                 /* for its parse thread, in the list `waiting` of that thread */
  /* the batch for which the ring had no room; NULL: the parse thread has too much to do for another request */
  struct sc_batch *stuck;
  TAILQ_ENTRY(sc_fetch_shard) link; /* in waiting */
  int64_t sent_ms;                  /* when its last batch was handed over */
  uint64_t sent;                    /* batches since the start */
  int64_t behind_ms;                /* of the last reply */
};

TAILQ_HEAD(sc_fetch_waiting, sc_fetch_shard);

struct sc_fetcher {
  struct sc_run *run;
  uint32_t index;
  struct sc_reader *reader;
  struct sc_tip tip;
  struct sc_fetch_shard **shards; /* by sc_shard_info.index; NULL: another thread's */
  size_t n_shards, cap_shards;
  struct sc_heap due;
  struct sc_requests free_requests;
  struct sc_fetch_waiting *waiting; /* [p]: the shards that wait for parse thread p, the oldest first */
  uint32_t under_way;               /* requests */
  bool too_few;                     /* requests were due beyond the places the reader has */
  int64_t widen_due_ms;             /* the next look at whether the reader should have more places */
  int64_t starved_us;               /* what timings said at the last look */
  int64_t lag_due_ms;
  bool failed;
};

struct sc_fetcher *sc_fetcher_new(struct sc_run *run, uint32_t index, struct sc_error *err);
void sc_fetcher_free(struct sc_fetcher *f); /* after the join */

/* The shard's state here; made when it is asked for first. */
struct sc_fetch_shard *sc_fetcher_shard(struct sc_fetcher *f, const struct sc_shard_info *info);
struct sc_timings *sc_fetcher_timings(const struct sc_fetcher *f);

#endif
