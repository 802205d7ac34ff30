#include "engine/load/fetch/fetch_waiting.h"

#include "engine/base/park.h"
#include "engine/base/ring.h"

bool sc_fetcher_has_room(const struct sc_fetcher *f, uint32_t parse) {
  const struct sc_fetch_shard *first = TAILQ_FIRST(&f->waiting[parse]);
  return (first == NULL || first->stuck == NULL) && sc_run_has_room(f->run, f->index, parse);
}

/* A batch that could not be pushed is not counted as unparsed. Otherwise its shard, which waits for `unparsed` to fall,
 * would wait for its own batch. */
static bool push_batch(struct sc_fetcher *f, struct sc_batch *batch) {
  SC_ASSERT(batch != NULL && batch->shard != NULL && batch->shard->fetch == f->index && batch->number > 0);
  uint32_t parse = batch->shard->parse;
  batch->unparsed = sc_run_unparsed(f->run, f->index, parse);
  atomic_fetch_add(batch->unparsed, batch->credit_bytes);
  if (sc_ring_push(sc_run_batches(f->run, f->index, parse), batch)) {
    sc_park_wake(f->run->parse_parks[parse]);
    return true;
  }
  atomic_fetch_sub(batch->unparsed, batch->credit_bytes);
  batch->unparsed = NULL;
  return false;
}

static void add_waiting(struct sc_fetcher *f, struct sc_fetch_shard *s, struct sc_batch *stuck) {
  SC_ASSERT(!s->waits);
  s->waits = true;
  s->stuck = stuck;
  TAILQ_INSERT_TAIL(&f->waiting[s->info->parse], s, link);
}

void sc_fetcher_wait(struct sc_fetcher *f, struct sc_fetch_shard *s) { add_waiting(f, s, NULL); }

struct sc_batch *sc_fetcher_take_waiting(struct sc_fetcher *f, struct sc_fetch_shard *s) {
  struct sc_batch *batch = s->stuck;
  if (!s->waits) return NULL;
  s->waits = false;
  s->stuck = NULL;
  TAILQ_REMOVE(&f->waiting[s->info->parse], s, link);
  return batch;
}

/* No more shards become due at once than the reader has places for: of thousands that wait, a few can be asked before
 * there is no room again, and the rest would only come back to the list. */
void sc_fetcher_retry_waiting(struct sc_fetcher *f) {
  uint32_t places = f->run->source_ops->reader_places(f->reader);
  for (uint32_t p = 0; p < f->run->settings.parse_threads; p++) {
    uint32_t due = 0;
    for (struct sc_fetch_shard *s; due <= places && (s = TAILQ_FIRST(&f->waiting[p])) != NULL;) {
      if (s->stuck != NULL ? !push_batch(f, s->stuck) : !sc_fetcher_has_room(f, p)) break;
      if (sc_fetcher_take_waiting(f, s) == NULL) due++;
      if (s->wants) sc_heap_set(&f->due, &s->node, s->machine.due_ms);
    }
  }
}

bool sc_fetcher_any_waits(const struct sc_fetcher *f) {
  for (uint32_t p = 0; p < f->run->settings.parse_threads; p++)
    if (!TAILQ_EMPTY(&f->waiting[p])) return true;
  return false;
}

void sc_fetcher_hand_over(struct sc_fetcher *f, struct sc_fetch_shard *s, struct sc_batch *batch, uint32_t flags,
                          int64_t now_ms) {
  batch->shard = s->info;
  batch->term = s->machine.term;
  batch->flags = flags;
  batch->number = ++s->sent;
  s->sent_ms = now_ms;
  if (!push_batch(f, batch)) add_waiting(f, s, batch);
}
