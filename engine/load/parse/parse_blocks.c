#include "engine/load/parse/parse_blocks.h"

#include "engine/base/budget.h"
#include "engine/base/clock.h"
#include "engine/base/park.h"
#include "engine/base/ring.h"

static size_t usual(const struct sc_parser *p) { return p->run->settings.block_bytes; }

static void keep(struct sc_parser *p, struct sc_block *block) {
  if (block->cap != usual(p)) {
    sc_block_free(block);
    return;
  }
  sc_block_reset(block);
  TAILQ_INSERT_HEAD(&p->free_blocks, block, link); /* the last one used is in the caches */
}

void sc_parser_collect(struct sc_parser *p) {
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++)
    for (struct sc_block *b; (b = sc_ring_pop(sc_run_spent(p->run, p->index, w))) != NULL;) {
      SC_ASSERT(b->parse == p->index && b->write == w);
      keep(p, b);
    }
}

void sc_parser_release(struct sc_parser *p) {
  for (struct sc_block *b; (b = TAILQ_FIRST(&p->free_blocks)) != NULL; p->n_blocks--) {
    TAILQ_REMOVE(&p->free_blocks, b, link);
    sc_block_free(b);
  }
}

/* The block's rows are dropped; what they claimed is given back. */
static void drop_filling(struct sc_parser *p, uint32_t write) {
  struct sc_block *block = p->fillings[write];
  if (block == NULL) return;
  sc_run_drop_rows(p->run, block);
  keep(p, block);
  p->fillings[write] = NULL;
}

/* The ring cannot be full: it has room for every block that the pool can pay. A stale block is dropped here, not by the
 * write thread, so that its claim on --max-records is given back sooner. */
void sc_parser_hand_over(struct sc_parser *p, uint32_t write) {
  struct sc_block *block = p->fillings[write];
  if (block == NULL || block->n_spans == 0) return;
  if (block->term != atomic_load_explicit(&p->run->terms[write], memory_order_acquire)) {
    drop_filling(p, write);
    return;
  }
  p->fillings[write] = NULL;
  atomic_fetch_add(sc_run_unwritten(p->run, p->index, write), 1);
  SC_ASSERT(sc_ring_push(sc_run_blocks(p->run, p->index, write), block));
  sc_park_wake(p->run->write_parks[write]);
}

/* ---- waiting ---- */

void sc_parser_wait_begin(struct sc_parser *p) {
  struct sc_run *run = p->run;
  atomic_fetch_add(&run->n_waiting_for_blocks, 1);
  for (uint32_t w = 0; w < run->settings.write_threads; w++) sc_park_wake(run->write_parks[w]);
  for (uint32_t i = 0; i < run->settings.parse_threads; i++) sc_park_wake(run->parse_parks[i]);
}

bool sc_parser_wait_turn(struct sc_parser *p, const struct sc_batch *batch) {
  sc_park_prepare(p->run->parse_parks[p->index]);
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++) sc_parser_hand_over(p, w);
  sc_parser_collect(p);
  return !sc_parser_is_stale(p, batch) && sc_run_stage(p->run) != SC_STAGE_ABANDON;
}

void sc_parser_wait_sleep(struct sc_parser *p) {
  struct sc_timings *timings = &p->run->timings[SC_POOL_PARSE][p->index];
  sc_timings_sleep(timings);
  sc_park_wait(p->run->parse_parks[p->index], 1000);
  sc_timings_wake(timings, SC_TIME_BLOCKED);
}

void sc_parser_wait_end(struct sc_parser *p) {
  sc_park_cancel(p->run->parse_parks[p->index]);
  atomic_fetch_sub(&p->run->n_waiting_for_blocks, 1);
}

/* ---- blocks ---- */

static struct sc_block *take_usual(struct sc_parser *p) {
  struct sc_block *block = TAILQ_FIRST(&p->free_blocks);
  if (block != NULL) {
    TAILQ_REMOVE(&p->free_blocks, block, link);
    return block;
  }
  if (p->n_blocks >= p->run->settings.blocks_a_parser) return NULL;
  block = sc_block_new(p->run->budget, usual(p));
  if (block != NULL) p->n_blocks++;
  return block;
}

static struct sc_block *take(struct sc_parser *p, size_t bytes) {
  if (bytes <= usual(p)) return take_usual(p);
  sc_parser_release(p); /* the credit of free blocks may be what is missing */
  return sc_block_new(p->run->budget, bytes);
}

static struct sc_block *wait_for_block(struct sc_parser *p, const struct sc_batch *batch, size_t bytes) {
  struct sc_block *block = NULL;
  sc_parser_wait_begin(p);
  while (sc_parser_wait_turn(p, batch) && (block = take(p, bytes)) == NULL) sc_parser_wait_sleep(p);
  sc_parser_wait_end(p);
  return block;
}

/* Waits while as many blocks wait for the write thread as come up during one of its commits. Blocks made earlier take
 * the processor from threads that have work now, and have left the caches when they are written. False: drop the
 * batch. */
static bool wait_for_turn(struct sc_parser *p, const struct sc_batch *batch) {
  const _Atomic uint32_t *unwritten = sc_run_unwritten(p->run, p->index, batch->shard->write);
  if (atomic_load(unwritten) < p->run->settings.blocks_ahead) return true;
  bool goes_on;
  while ((goes_on = sc_parser_wait_turn(p, batch)) && atomic_load(unwritten) >= p->run->settings.blocks_ahead)
    sc_parser_wait_sleep(p);
  sc_park_cancel(p->run->parse_parks[p->index]);
  return goes_on;
}

/* A row larger than the whole pool, for which no waiting could make room. */
static bool is_too_large(struct sc_parser *p, size_t bytes) {
  if (bytes <= usual(p) || sc_block_cost(bytes) <= sc_budget_limit(p->run->budget, SC_POOL_BLOCKS)) return false;
  struct sc_error err;
  sc_error_fail(&err, SC_E_MEMORY, "give more with --memory",
                "a row of %zu bytes does not fit into the memory for rows", bytes);
  sc_parser_fail(p, &err);
  return true;
}

static struct sc_block *new_filling(struct sc_parser *p, const struct sc_batch *batch, size_t bytes) {
  if (is_too_large(p, bytes) || !wait_for_turn(p, batch)) return NULL;
  sc_parser_collect(p);
  struct sc_block *block = take(p, bytes);
  if (block == NULL) block = wait_for_block(p, batch, bytes);
  if (block == NULL) return NULL;
  block->parse = (uint16_t)p->index;
  block->write = batch->shard->write;
  block->term = batch->term;
  block->oldest_ms = sc_clock_mono_ms();
  return block;
}

static bool fits(const struct sc_parser *p, const struct sc_block *block, const struct sc_plan *plan, size_t bytes) {
  if (block == NULL || block->cap - block->len < bytes) return false;
  if (block->n_rows > 0 && block->plan != plan) return false;
  return block->n_rows < block->cap_rows && block->n_spans < block->cap_spans && block->dead_len < usual(p);
}

struct sc_block *sc_parser_block(struct sc_parser *p, const struct sc_batch *batch, const struct sc_plan *plan,
                                 size_t bytes) {
  uint32_t write = batch->shard->write;
  struct sc_block **filling = &p->fillings[write];
  if (*filling != NULL && (*filling)->term != batch->term) drop_filling(p, write);
  if (!fits(p, *filling, plan, bytes)) {
    sc_parser_hand_over(p, write);
    drop_filling(p, write); /* empty, and too small */
    *filling = new_filling(p, batch, bytes);
    if (*filling == NULL) return NULL;
  }
  if ((*filling)->n_rows == 0) (*filling)->plan = plan;
  return *filling;
}

static bool goes_on(const struct sc_span *span, const struct sc_batch *batch) {
  if (span->shard != batch->shard) return false;
  if (span->last_batch == batch->number) return true;
  return span->last_batch + 1 == batch->number && !span->ends_inside;
}

struct sc_span *sc_parser_span(struct sc_parser *p, struct sc_block *block, const struct sc_batch *batch) {
  struct sc_span *span = block->n_spans == 0 ? NULL : &block->spans[block->n_spans - 1];
  if (span == NULL || !goes_on(span, batch)) {
    SC_ASSERT(block->spans != NULL && block->n_spans < block->cap_spans);
    span = &block->spans[block->n_spans++];
    *span = (struct sc_span){.shard = batch->shard, .first_batch = batch->number, .starts_inside = p->batch_begun};
  }
  span->last_batch = batch->number;
  span->ends_inside = p->batch_begun = true;
  return span;
}
