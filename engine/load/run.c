#include "engine/load/run.h"

#include <stdlib.h>

#include "engine/base/budget.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/mailbox.h"
#include "engine/base/park.h"
#include "engine/base/ring.h"
#include "engine/sample.h"

enum { BATCHES_A_RING = 256, BLOCKS_A_RING_MOST = 65536 };

static struct sc_park **make_parks(uint32_t n, struct sc_error *err) {
  struct sc_park **parks = sc_alloc_zero(n, sizeof(struct sc_park *));
  for (uint32_t i = 0; i < n; i++) {
    parks[i] = sc_park_new(err);
    if (parks[i] == NULL) break;
  }
  return parks;
}

static struct sc_mailbox **make_boxes(uint32_t n, size_t message_bytes, struct sc_park **parks) {
  struct sc_mailbox **boxes = sc_alloc_zero(n, sizeof(struct sc_mailbox *));
  for (uint32_t i = 0; i < n; i++) boxes[i] = sc_mailbox_new(message_bytes, parks[i]);
  return boxes;
}

static struct sc_ring **make_rings(uint32_t n, size_t capacity) {
  struct sc_ring **rings = sc_alloc_zero(n, sizeof(struct sc_ring *));
  for (uint32_t i = 0; i < n; i++) rings[i] = sc_ring_new(capacity);
  return rings;
}

/* A ring of blocks is never full: it has room for all blocks that the pool can pay. */
static size_t blocks_a_ring(size_t blocks_bytes, size_t block_bytes) {
  size_t n = 2;
  while (n < BLOCKS_A_RING_MOST && n * sc_block_cost(block_bytes) <= blocks_bytes) n *= 2;
  return n;
}

int sc_run_init(struct sc_run *run, size_t bodies_bytes, size_t blocks_bytes, struct sc_error *err) {
  const struct sc_settings *s = &run->settings;
  sc_error_clear(err);
  run->fetch_parks = make_parks(s->fetch_threads, err);
  run->parse_parks = make_parks(s->parse_threads, err);
  run->write_parks = make_parks(s->write_threads, err);
  run->control_park = sc_park_new(err);
  if (err->code != SC_OK) return err->code;
  run->fetch_boxes = make_boxes(s->fetch_threads, sizeof(struct sc_fetch_message), run->fetch_parks);
  run->write_boxes = make_boxes(s->write_threads, sizeof(struct sc_write_message), run->write_parks);
  run->control_box = sc_mailbox_new(sizeof(struct sc_control_message), run->control_park);
  run->batches = make_rings(s->fetch_threads * s->parse_threads, BATCHES_A_RING);
  run->unparsed = sc_alloc_zero((size_t)s->fetch_threads * s->parse_threads, sizeof(*run->unparsed));
  run->unwritten = sc_alloc_zero((size_t)s->parse_threads * s->write_threads, sizeof(*run->unwritten));
  size_t ring = blocks_a_ring(blocks_bytes, s->block_bytes);
  run->blocks = make_rings(s->parse_threads * s->write_threads, ring);
  run->spent = make_rings(s->parse_threads * s->write_threads, ring);
  run->budget = sc_budget_new(bodies_bytes, blocks_bytes, sc_batch_cost(s->largest_reply_bytes));
  for (uint32_t i = 0; i < s->fetch_threads; i++)
    sc_budget_add_waiter(run->budget, SC_POOL_BODIES, run->fetch_parks[i]);
  for (uint32_t i = 0; i < s->parse_threads; i++)
    sc_budget_add_waiter(run->budget, SC_POOL_BLOCKS, run->parse_parks[i]);
  run->terms = sc_alloc_zero(s->write_threads, sizeof(*run->terms));
  run->behind_ms = sc_alloc_zero(s->fetch_threads, sizeof(*run->behind_ms));
  for (uint32_t i = 0; i < s->fetch_threads; i++) atomic_init(&run->behind_ms[i], -1);
  run->timings[SC_POOL_FETCH] = sc_alloc_zero(s->fetch_threads, sizeof(struct sc_timings));
  run->timings[SC_POOL_PARSE] = sc_alloc_zero(s->parse_threads, sizeof(struct sc_timings));
  run->timings[SC_POOL_WRITE] = sc_alloc_zero(s->write_threads, sizeof(struct sc_timings));
  atomic_init(&run->plan, NULL);
  atomic_init(&run->allowance, s->max_records > INT64_MAX ? INT64_MAX : (int64_t)s->max_records);
  atomic_init(&run->stage, SC_STAGE_RUN);
  atomic_init(&run->n_waiting_for_blocks, 0);
  pthread_mutex_init(&run->sample_lock, NULL);
  run->sample = sc_sample_new(s->max_columns);
  run->requests = sc_sample_new(SC_COLUMNS_MAX);
  return SC_OK;
}

static void free_parks(struct sc_park **parks, uint32_t n) {
  for (uint32_t i = 0; parks != NULL && i < n; i++)
    if (parks[i] != NULL) sc_park_free(parks[i]);
  free(parks);
}

static void free_boxes(struct sc_mailbox **boxes, uint32_t n) {
  for (uint32_t i = 0; boxes != NULL && i < n; i++) sc_mailbox_free(boxes[i]);
  free(boxes);
}

static void free_rings(struct sc_ring **rings, uint32_t n, void (*free_item)(void *)) {
  for (uint32_t i = 0; rings != NULL && i < n; i++) {
    for (void *item; (item = sc_ring_pop(rings[i])) != NULL;) free_item(item);
    sc_ring_free(rings[i]);
  }
  free(rings);
}

static void free_batch(void *batch) { sc_batch_free(batch); }
static void free_block(void *block) { sc_block_free(block); }

void sc_run_fini(struct sc_run *run) {
  const struct sc_settings *s = &run->settings;
  free_rings(run->batches, s->fetch_threads * s->parse_threads, free_batch);
  free_rings(run->blocks, s->parse_threads * s->write_threads, free_block);
  free_rings(run->spent, s->parse_threads * s->write_threads, free_block);
  free_boxes(run->fetch_boxes, s->fetch_threads);
  free_boxes(run->write_boxes, s->write_threads);
  if (run->control_box != NULL) sc_mailbox_free(run->control_box);
  if (run->budget != NULL) sc_budget_free(run->budget);
  free_parks(run->fetch_parks, s->fetch_threads);
  free_parks(run->parse_parks, s->parse_threads);
  free_parks(run->write_parks, s->write_threads);
  if (run->control_park != NULL) sc_park_free(run->control_park);
  free((void *)run->unparsed);
  free((void *)run->unwritten);
  free((void *)run->terms);
  free((void *)run->behind_ms);
  for (int i = 0; i < SC_THREAD_POOLS; i++) free(run->timings[i]);
  if (run->sample != NULL) sc_sample_free(run->sample);
  sc_sample_free(run->requests);
  pthread_mutex_destroy(&run->sample_lock);
}

void sc_run_set_stage(struct sc_run *run, enum sc_stage stage) {
  const struct sc_settings *s = &run->settings;
  atomic_store_explicit(&run->stage, stage, memory_order_release);
  for (uint32_t i = 0; i < s->fetch_threads; i++) sc_park_wake(run->fetch_parks[i]);
  for (uint32_t i = 0; i < s->parse_threads; i++) sc_park_wake(run->parse_parks[i]);
  for (uint32_t i = 0; i < s->write_threads; i++) sc_park_wake(run->write_parks[i]);
}

void sc_run_tell(struct sc_run *run, const struct sc_control_message *message) {
  sc_mailbox_send(run->control_box, message);
}

void sc_run_fail(struct sc_run *run, const struct sc_error *err) {
  struct sc_control_message m = {.kind = SC_CONTROL_FAILED, .error = *err};
  sc_run_tell(run, &m);
}

void sc_run_stopped(struct sc_run *run) {
  struct sc_control_message m = {.kind = SC_CONTROL_STOPPED};
  sc_run_tell(run, &m);
}

uint32_t sc_run_claim(struct sc_run *run, uint32_t want) {
  if (run->settings.max_records == UINT64_MAX) return want;
  int64_t left = atomic_load_explicit(&run->allowance, memory_order_relaxed);
  uint32_t got;
  do {
    got = left <= 0 ? 0 : left < want ? (uint32_t)left : want;
    if (got == 0) return 0;
  } while (!atomic_compare_exchange_weak(&run->allowance, &left, left - got));
  for (uint32_t i = 0; got == left && i < run->settings.write_threads; i++) sc_park_wake(run->write_parks[i]);
  return got;
}

void sc_run_unclaim(struct sc_run *run, uint64_t records) {
  if (run->settings.max_records == UINT64_MAX || records == 0) return;
  atomic_fetch_add(&run->allowance, (int64_t)records);
  for (uint32_t i = 0; i < run->settings.parse_threads; i++) sc_park_wake(run->parse_parks[i]);
}

void sc_run_drop_counted(struct sc_run *run, uint64_t records, uint64_t dead) {
  sc_dead_letter_limit_take_back(&run->dead_letter_limit, records, dead);
  sc_run_unclaim(run, records);
}

void sc_run_drop_rows(struct sc_run *run, const struct sc_block *block) {
  uint64_t records = 0, dead = 0;
  for (uint32_t i = 0; i < block->n_spans; i++) {
    records += block->spans[i].records;
    dead += block->spans[i].dead;
  }
  sc_run_drop_counted(run, records, dead);
}
