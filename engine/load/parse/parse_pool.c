#include "engine/load/parse/parse_pool.h"

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/mailbox.h"
#include "engine/base/park.h"
#include "engine/base/ring.h"
#include "engine/load/parse/parse_blocks.h"
#include "engine/load/parse/parse_rows.h"
#include "engine/plan.h"
#include "engine/source.h"

enum { BATCHES_A_TURN = 4, MALFORMED_MAX = 8, RECORDS_BEFORE_A_PLAN = 10000 };

/* The plan in force; NULL before the first, and while it is the one of which a record here requested a newer. */
static const struct sc_plan *usable_plan(const struct sc_parser *p) {
  const struct sc_plan *plan = atomic_load_explicit(&p->run->plan, memory_order_acquire);
  return plan != NULL && plan->generation > p->asked ? plan : NULL;
}

/* ---- opened batches ---- */

/* Keeps what is left of an opened batch for later. Payloads stay as they are: decoding does not write into them. */
static void keep_opened(struct sc_parser *p, const struct sc_opened *opened) {
  struct sc_opened *o = sc_alloc(sizeof(*o));
  *o = *opened;
  o->records = sc_alloc(o->n * sizeof(struct sc_record));
  if (o->n > 0) memcpy(o->records, opened->records, o->n * sizeof(struct sc_record));
  TAILQ_INSERT_TAIL(&p->opened, o, link);
  p->opened_records += o->n;
}

/* Adds an opened batch to the sample the first plan is made of. */
static void sample(struct sc_parser *p, const struct sc_batch *batch) {
  pthread_mutex_lock(&p->run->sample_lock);
  p->run->decoder_ops->sample(p->decoder, p->records.items, p->records.n, p->run->sample);
  pthread_mutex_unlock(&p->run->sample_lock);
  struct sc_control_message m = {.kind = SC_CONTROL_SAMPLED,
                                 .shard = batch->shard,
                                 .records = p->records.n,
                                 .tip_or_end = batch->flags != 0,
                                 .no_more_comes = !sc_run_has_room(p->run, batch->shard->fetch, p->index)};
  sc_run_tell(p->run, &m);
}

/* Writes as many of the batch's records as --max-records allows. True: the batch is done with, written or dropped. */
static bool write_some(struct sc_parser *p, const struct sc_plan *plan, struct sc_opened *o) {
  uint32_t left = o->n - o->at, claimed = left == 0 ? 0 : sc_run_claim(p->run, left);
  if (claimed == 0 && left > 0) return false;
  p->batch_begun = o->begun;
  uint32_t written = sc_parser_write(p, plan, o->batch, o->records + o->at, claimed);
  SC_ASSERT(written <= claimed);
  o->at += written;
  o->begun = p->batch_begun;
  sc_run_unclaim(p->run, claimed - written);
  if (p->requested || (written == claimed && o->at < o->n)) return false;
  if (written == claimed) sc_parser_close_batch(p, plan, o->batch);
  return true;
}

/* Continues with the batches opened before; true when something was done. */
static bool work_off_opened(struct sc_parser *p) {
  bool worked = false;
  const struct sc_plan *plan;
  for (struct sc_opened *o; (o = TAILQ_FIRST(&p->opened)) != NULL && (plan = usable_plan(p)) != NULL;) {
    uint32_t before = o->at;
    bool done = p->failed || sc_parser_is_stale(p, o->batch) || write_some(p, plan, o);
    worked = worked || done || o->at > before;
    if (!done) return worked;
    sc_parser_free_first_opened(p);
  }
  return worked;
}

/* The reply's body is not what the protocol says: nothing of it is used, and the shard is read again from its stored
 * position. */
static void reject_malformed(struct sc_parser *p, const struct sc_batch *batch, struct sc_error *err) {
  p->malformed_shard = batch->shard;
  if (++p->n_malformed >= MALFORMED_MAX) {
    sc_parser_fail(p, err);
    return;
  }
  sc_log_error(SC_WARN, "reply could not be read, asking again", err);
  struct sc_write_message m = {.kind = SC_WRITE_REWIND, .term = batch->term};
  sc_mailbox_send(p->run->write_boxes[batch->shard->write], &m);
}

/* Leaves out the records of a page that came again, or that begins before the page before it ended. */
static void drop_known(struct sc_parser *p, const struct sc_batch *batch) {
  uint32_t known = sc_records_known(p->records.items, p->records.n, &batch->after);
  if (known == 0) return;
  p->records.n -= known;
  memmove(p->records.items, p->records.items + known, p->records.n * sizeof(struct sc_record));
  sc_log_often(SC_WARN, "the service sent records again, which are left out", "shard=%s records=%u", batch->shard->id,
               known);
}

/* Into p->records; false: the batch is to be dropped. */
static bool open_envelope(struct sc_parser *p, struct sc_batch *batch) {
  p->records.n = 0;
  if (batch->envelope == SC_ENVELOPE_NONE) return true;
  struct sc_error err;
  int rc = p->run->source_ops->open_envelope(batch, &p->records, &err);
  if (rc == SC_OK && p->records.n != batch->n_records)
    rc = sc_error_set(&err, SC_E_PROTOCOL, "shard %s: %u records counted, %u opened", batch->shard->id,
                      batch->n_records, p->records.n);
  if (rc != SC_OK) {
    reject_malformed(p, batch, &err);
    return false;
  }
  if (p->malformed_shard == batch->shard) p->n_malformed = 0;
  drop_known(p, batch);
  return true;
}

/* ---- the thread ---- */

/* The plan is looked at once: control may publish one at any moment, and a batch that was sampled must also be kept. A
 * batch without records needs no plan. */
static void handle(struct sc_parser *p, struct sc_batch *batch) {
  const struct sc_plan *plan = usable_plan(p);
  bool is_next = TAILQ_EMPTY(&p->opened);
  if (!open_envelope(p, batch)) {
    sc_parser_free_batch(p, batch);
    return;
  }
  struct sc_opened o = {.batch = batch, .records = p->records.items, .n = p->records.n};
  if (plan == NULL && (o.n > 0 || !is_next)) {
    sample(p, batch);
  } else if (is_next && write_some(p, plan, &o)) {
    sc_parser_free_batch(p, batch);
    return;
  }
  keep_opened(p, &o);
}

/* Takes the next batch of a ring when it may be worked on now; true when there was something to do. Batches opened
 * before come first once they can be written, and so many records wait for the first plan. */
static bool take_batch(struct sc_parser *p, uint32_t fetch) {
  bool come_first = usable_plan(p) != NULL || p->asked > 0 || p->opened_records >= RECORDS_BEFORE_A_PLAN;
  if (!TAILQ_EMPTY(&p->opened) && come_first) return false;
  struct sc_batch *batch = sc_ring_pop(sc_run_batches(p->run, fetch, p->index));
  if (batch == NULL) return false;
  SC_ASSERT(batch->shard->fetch == fetch && batch->shard->parse == p->index && batch->body_len <= batch->body_cap);
  sc_park_wake(p->run->fetch_parks[fetch]);
  if (!p->failed && !sc_parser_is_stale(p, batch)) {
    handle(p, batch);
    return true;
  }
  p->dead_in_a_row = 0; /* the dead letters before will come again */
  sc_parser_free_batch(p, batch);
  return true;
}

static bool take_turn(struct sc_parser *p) {
  bool worked = work_off_opened(p);
  for (uint32_t f = 0; f < p->run->settings.fetch_threads; f++)
    for (int i = 0; i < BATCHES_A_TURN && take_batch(p, f); i++) worked = true;
  return worked;
}

static void hand_over_old(struct sc_parser *p, int64_t now_ms) {
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++) {
    const struct sc_block *b = p->fillings[w];
    if (b != NULL && now_ms - b->oldest_ms >= p->run->settings.flush_interval_ms / 2) sc_parser_hand_over(p, w);
  }
}

static void hand_over_all(struct sc_parser *p) {
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++) sc_parser_hand_over(p, w);
}

/* A thread without work hands over what it has, so that nothing waits for its next batch, and gives free blocks back
 * when another thread waits for memory. */
void sc_parser_main(void *arg) {
  struct sc_parser *p = arg;
  struct sc_park *park = p->run->parse_parks[p->index];
  struct sc_timings *timings = &p->run->timings[SC_POOL_PARSE][p->index];
  sc_timings_begin(timings);
  for (;;) {
    sc_park_prepare(park); /* before the stage is looked at: its change wakes */
    enum sc_stage stage = sc_run_stage(p->run);
    if (stage == SC_STAGE_ABANDON) break;
    sc_parser_collect(p);
    if (take_turn(p)) { /* and so the park may have been cancelled */
      sc_park_cancel(park);
      hand_over_old(p, sc_clock_mono_ms());
      continue;
    }
    hand_over_all(p);
    if (stage >= SC_STAGE_STOP_PARSE) break;
    if (atomic_load(&p->run->n_waiting_for_blocks) > 0) sc_parser_release(p);
    sc_timings_sleep(timings);
    sc_park_wait(park, 1000);
    sc_timings_wake(timings, !TAILQ_EMPTY(&p->opened) ? SC_TIME_BLOCKED : SC_TIME_STARVED);
  }
  sc_park_cancel(park);
  sc_timings_end(timings);
  sc_run_stopped(p->run);
}
