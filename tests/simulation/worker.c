#include "tests/simulation/worker.h"

#include <stdlib.h>

#include "engine/base/buf.h"

struct worker *worker_new(struct world *w, int index, const struct sc_position *start) {
  struct worker *k = sc_alloc_zero(1, sizeof(*k));
  k->index = index;
  k->began_ms = w->now_ms;
  k->subscribes = chance(w, w->nature.subscribes);
  k->start = *start;
  bool is_late = start->start == SC_START_AT_TIME && start->at_ms > w->now_ms; /* the service refuses a time to come */
  if (is_late || start->start == SC_START_LATEST)
    k->start = (struct sc_position){.start = SC_START_AT_TIME, .at_ms = w->now_ms};
  queue_init(&k->notes, sizeof(struct note));
  for (unsigned i = 0; i < WRITERS_MAX; i++) {
    struct writer *t = &k->writers[i];
    queue_init(&t->batches, sizeof(struct batch));
    queue_init(&t->blocks, sizeof(struct block));
    queue_init(&t->spans, sizeof(struct span));
    queue_init(&t->starts, sizeof(struct start));
  }
  TELL(w, "worker %d: begins, %s", index, k->subscribes ? "by subscriptions" : "by polling");
  return k;
}

static void writer_free(struct world *w, struct writer *t) {
  bool may_still_run = t->request != NULL && !t->executed && worker_is_connected(w, t);
  if (may_still_run && chance(w, 5000)) target_commit_late(w, t->request);
  else request_free(t->request);
  queue_fini(&t->batches);
  queue_fini(&t->blocks);
  queue_fini(&t->spans);
  queue_fini(&t->starts);
}

void worker_free(struct world *w, struct worker *k) {
  if (k == NULL) return;
  for (unsigned i = 0; i < WRITERS_MAX; i++) writer_free(w, &k->writers[i]);
  queue_fini(&k->notes);
  control_free(k);
  free(k);
}

void worker_tell_gap(struct world *w, int shard) {
  if (!w->kinesis->shards[shard].gap_told) TELL(w, "gap: records of shard %d may be lost", shard);
  w->kinesis->shards[shard].gap_told = true;
}

void worker_step(struct world *w, struct worker *k) {
  if (k->phase == PHASE_FINISHED) return;
  unsigned writer = (unsigned)below(w, w->nature.writers);
  uint64_t what = below(w, 10);
  if (what < 2) control_step(w, k);
  else if (what < 6) fetch_step(w, k);
  else if (what < 8) parse_step(w, k, &k->writers[writer]);
  else write_step(w, k, writer);
}
