#include "engine/load/fetch/fetcher.h"

#include <stdlib.h>

#include "engine/base/array.h"

struct sc_timings *sc_fetcher_timings(const struct sc_fetcher *f) {
  return &f->run->timings[SC_POOL_FETCH][f->index];
}

struct sc_fetcher *sc_fetcher_new(struct sc_run *run, uint32_t index, struct sc_error *err) {
  struct sc_fetcher *f = sc_alloc_zero(1, sizeof(*f));
  f->run = run;
  f->index = index;
  f->tip = run->settings.tip;
  STAILQ_INIT(&f->free_requests);
  f->waiting = sc_alloc_zero(run->settings.parse_threads, sizeof(*f->waiting));
  for (uint32_t p = 0; p < run->settings.parse_threads; p++) TAILQ_INIT(&f->waiting[p]);
  struct sc_reader_config config = {.budget = run->budget,
                                    .park = run->fetch_parks[index],
                                    .timings = sc_fetcher_timings(f),
                                    .largest_reply_bytes = run->settings.largest_reply_bytes};
  if (run->source_ops->reader_new(run->source, &config, &f->reader, err) != SC_OK) {
    free(f->waiting);
    free(f);
    return NULL;
  }
  return f;
}

/* The reader goes first: it still knows the requests under way. */
void sc_fetcher_free(struct sc_fetcher *f) {
  f->run->source_ops->reader_free(f->reader);
  for (size_t i = 0; i < f->n_shards; i++) {
    struct sc_fetch_shard *s = f->shards[i];
    if (s == NULL) continue;
    if (s->request != NULL) sc_batch_free(s->request->batch);
    free(s->request);
    sc_batch_free(s->stuck);
    free(s);
  }
  for (struct sc_request *r; (r = STAILQ_FIRST(&f->free_requests)) != NULL; free(r))
    STAILQ_REMOVE_HEAD(&f->free_requests, entry);
  sc_heap_fini(&f->due);
  free(f->shards);
  free(f->waiting);
  free(f);
}

struct sc_fetch_shard *sc_fetcher_shard(struct sc_fetcher *f, const struct sc_shard_info *info) {
  SC_ASSERT(info->fetch == f->index);
  if (info->index >= f->n_shards) {
    SC_ARRAY_ROOM(f->shards, f->n_shards, f->cap_shards, info->index + 1 - f->n_shards);
    while (f->n_shards <= info->index) f->shards[f->n_shards++] = NULL;
  }
  struct sc_fetch_shard *s = f->shards[info->index];
  if (s == NULL) {
    s = f->shards[info->index] = sc_alloc_zero(1, sizeof(*s));
    s->info = info;
    sc_shard_init(&s->machine);
  }
  return s;
}
