#include "engine/load/write/writer.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/clock.h"
#include "engine/base/mailbox.h"
#include "engine/base/park.h"
#include "engine/base/ring.h"
#include "engine/sink.h"
#include "engine/wait.h"

struct sc_writer *sc_writer_new(struct sc_run *run, uint32_t index) {
  struct sc_writer *w = sc_alloc_zero(1, sizeof(*w));
  w->run = run;
  sc_sessions_init(&w->own);
  w->sessions = &w->own;
  w->index = index;
  w->term = 1;
  atomic_store_explicit(&run->terms[index], w->term, memory_order_release);
  TAILQ_INIT(&w->blocks);
  TAILQ_INIT(&w->touched);
  sc_random_init(&w->random, (uint64_t)sc_clock_mono_us() * 40503u + index);
  if (run->sink_ops->rows->encode_dead != NULL) {
    w->replay_dead = sc_block_new(run->budget, 0); /* sc_memory_deal set the credit aside */
    SC_ASSERT(w->replay_dead != NULL && sc_block_reserve_dead(w->replay_dead, run->settings.replay_dead_bytes));
  }
  return w;
}

struct sc_timings *sc_writer_timings(const struct sc_writer *w) {
  return &w->run->timings[SC_POOL_WRITE][w->index];
}

int sc_writer_connect(struct sc_writer *w, struct sc_error *err) {
  char role[16];
  struct sc_wait wait = sc_wait_timed(sc_writer_timings(w));
  snprintf(role, sizeof(role), "write %u", w->index);
  if (w->sessions == &w->own) return sc_sessions_open(w->sessions, w->run, role, &wait, err);
  return w->sessions->rows != NULL ? SC_OK : sc_error_set(err, SC_E_DB_LOST, "the session with the target was closed");
}

size_t sc_writer_held(struct sc_writer *w, struct sc_commit_row *rows, size_t cap) {
  size_t n = 0;
  if (w->state != SC_WRITER_WORKING && w->state != SC_WRITER_HOLDING) return 0;
  for (size_t i = 0; i < w->n_shards && n < cap; i++) {
    struct sc_checkpoint *c = &w->shards[i]->checkpoint;
    rows[n++] = (struct sc_commit_row){.shard_id = w->shards[i]->info->id,
                                       .epoch = c->epoch,
                                       .previous = &c->committed,
                                       .sequence = &c->committed,
                                       .ended = c->state == SC_CHECKPOINT_ENDED,
                                       .read_until_ms = c->read_until_ms};
  }
  return n;
}

void sc_writer_free(struct sc_writer *w) {
  sc_sessions_fini(&w->own, w->run);
  for (struct sc_block *b; (b = TAILQ_FIRST(&w->blocks)) != NULL;) {
    TAILQ_REMOVE(&w->blocks, b, link);
    sc_block_free(b);
  }
  sc_block_free(w->replay_dead);
  for (size_t i = 0; i < w->n_shards; i++) free(w->shards[i]);
  free(w->shards);
  free(w->rows);
  free(w->pushed);
  free(w->sorted);
  free(w->states);
  sc_buf_fini(&w->released_states);
  free(w);
}

void sc_writer_tell(struct sc_writer *w, enum sc_control_message_kind kind, const struct sc_shard_info *shard) {
  struct sc_control_message m = {.kind = kind, .shard = shard, .thread = w->index};
  sc_run_tell(w->run, &m);
}

void sc_writer_give_back(struct sc_writer *w, struct sc_block *block) {
  uint32_t parse = block->parse;
  SC_ASSERT(sc_ring_push(sc_run_spent(w->run, parse, w->index), block));
  sc_park_wake(w->run->parse_parks[parse]);
}

void sc_writer_add_totals(struct sc_writer_totals *t, const struct sc_block *block) {
  for (uint32_t i = 0; i < block->n_spans; i++) {
    const struct sc_span *span = &block->spans[i];
    t->records += span->records;
    t->rows += span->rows;
    t->dead += span->dead;
    t->extra_rows += span->extra_rows;
    t->bytes += span->record_bytes;
    t->unknown_keys += span->unknown_keys;
  }
}

void sc_writer_forget_transaction(struct sc_writer *w) {
  struct sc_writer_shard *s;
  TAILQ_FOREACH(s, &w->touched, link) s->touched = false;
  TAILQ_INIT(&w->touched);
  TAILQ_INIT(&w->blocks);
  w->tx_rows = w->tx_bytes = 0;
  w->tx_urgent = w->in_transaction = false;
  w->waiting = NULL;
  w->n_pushed = 0;
  if (w->replay_dead != NULL) w->replay_dead->dead_len = 0;
  w->released = (struct sc_writer_totals){0};
  w->n_released = 0;
  sc_buf_clear(&w->released_states);
}
