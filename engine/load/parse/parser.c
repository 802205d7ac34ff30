#include "engine/load/parse/parser.h"

#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/park.h"
#include "engine/source.h"

struct sc_parser *sc_parser_new(struct sc_run *run, uint32_t index) {
  struct sc_parser *p = sc_alloc_zero(1, sizeof(*p));
  p->run = run;
  p->index = index;
  struct sc_decoder_config config = {.options = run->options,
                                     .largest_record_bytes = run->settings.largest_record_bytes,
                                     .stream = run->source_ops->stream_name(run->source)};
  p->decoder = run->decoder_ops->new (&config);
  p->fillings = sc_alloc_zero(run->settings.write_threads, sizeof(*p->fillings));
  TAILQ_INIT(&p->free_blocks);
  TAILQ_INIT(&p->opened);
  p->rejects.items = sc_alloc(SC_CHUNK_ROWS * sizeof(struct sc_reject));
  p->cells.record = sc_alloc(SC_CHUNK_ROWS * sizeof(uint32_t));
  return p;
}

void sc_parser_free_batch(struct sc_parser *p, struct sc_batch *batch) {
  struct sc_park *fetch = p->run->fetch_parks[batch->shard->fetch];
  sc_batch_free(batch);
  sc_park_wake(fetch);
}

void sc_parser_free_first_opened(struct sc_parser *p) {
  struct sc_opened *o = TAILQ_FIRST(&p->opened);
  TAILQ_REMOVE(&p->opened, o, link);
  p->opened_records -= o->n;
  sc_parser_free_batch(p, o->batch);
  free(o->records);
  free(o);
}

void sc_parser_free(struct sc_parser *p) {
  while (!TAILQ_EMPTY(&p->opened)) sc_parser_free_first_opened(p);
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++) sc_block_free(p->fillings[w]);
  for (struct sc_block *b; (b = TAILQ_FIRST(&p->free_blocks)) != NULL;) {
    TAILQ_REMOVE(&p->free_blocks, b, link);
    sc_block_free(b);
  }
  p->run->decoder_ops->free(p->decoder);
  free(p->fillings);
  free(p->records.items);
  free(p->rejects.items);
  free(p->cells.record);
  free(p->cells.cells);
  free(p);
}

void sc_parser_fail(struct sc_parser *p, const struct sc_error *err) {
  if (!p->failed) sc_run_fail(p->run, err);
  p->failed = true;
}

bool sc_parser_is_stale(const struct sc_parser *p, const struct sc_batch *batch) {
  return batch->term != atomic_load_explicit(&p->run->terms[batch->shard->write], memory_order_acquire);
}
