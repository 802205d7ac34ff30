#include "engine/load/parse/parse_pool.h"

#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/load/parse/parser.h"

enum { BATCHES_A_TURN = 4, REPLIES_SPOILT_MAX = 8 };

struct sc_parser *sc_parser_new(struct sc_run *run, uint32_t index) {
  struct sc_parser *p = sc_alloc_zero(1, sizeof(*p));
  p->run = run;
  p->index = index;
  struct sc_decoder_config config = {.largest_record_bytes = run->settings.largest_record_bytes,
                                     .columns = run->settings.columns,
                                     .split = run->settings.split,
                                     .stream = run->source_ops->stream_name(run->source)};
  p->decoder = run->decoder_ops->new (&config);
  p->fillings = sc_alloc_zero(run->settings.write_threads, sizeof(*p->fillings));
  p->opened_end = &p->opened;
  p->records.items = sc_alloc(SC_RECORDS_MAX * sizeof(struct sc_record));
  p->rejects.items = sc_alloc(SC_CHUNK_ROWS * sizeof(struct sc_reject));
  p->cells.record = sc_alloc(SC_CHUNK_ROWS * sizeof(uint32_t));
  return p;
}

/* There may be room for another one now. */
static void free_batch(struct sc_parser *p, struct sc_batch *batch) {
  struct sc_park *fetch = p->run->fetch_parks[batch->shard->fetch];
  sc_batch_free(batch);
  sc_park_wake(fetch);
}

static void free_first_opened(struct sc_parser *p) {
  struct sc_opened *o = p->opened;
  p->opened = o->next;
  if (p->opened == NULL) p->opened_end = &p->opened;
  p->opened_records -= o->n;
  free_batch(p, o->batch);
  free(o->records);
  free(o);
}

void sc_parser_free(struct sc_parser *p) {
  while (p->opened != NULL) free_first_opened(p);
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++) sc_block_free(p->fillings[w]);
  sc_parser_release(p);
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

static uint32_t term_of(const struct sc_parser *p, uint32_t write) {
  return atomic_load_explicit(&p->run->terms[write], memory_order_acquire);
}

bool sc_parser_is_stale(const struct sc_parser *p, const struct sc_batch *batch) {
  return batch->term != term_of(p, batch->shard->write);
}

/* There is a plan, and not the one that did not do. */
static bool has_plan(const struct sc_parser *p) {
  const struct sc_plan *plan = atomic_load_explicit(&p->run->plan, memory_order_acquire);
  return plan != NULL && plan->generation > p->asked;
}

/* ---- opened batches ---- */

/* Keeps what is left of an opened batch for later. Payloads stay as they are: decoding does not write into them. */
static void keep_opened(struct sc_parser *p, struct sc_batch *batch, uint32_t at, bool begun) {
  struct sc_opened *o = sc_alloc_zero(1, sizeof(*o));
  *o = (struct sc_opened){.batch = batch, .n = p->records.n, .at = at, .begun = begun};
  o->records = sc_alloc(p->records.n * sizeof(struct sc_record));
  if (o->n > 0) memcpy(o->records, p->records.items, o->n * sizeof(struct sc_record));
  *p->opened_end = o;
  p->opened_end = &o->next;
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

/* Writes as many of the batch's n records, from *at on, as --max-records allows. True: it is done with, written or
 * dropped. */
static bool write_some(struct sc_parser *p, const struct sc_batch *batch, const struct sc_record *records, uint32_t n,
                       uint32_t *at, bool *begun) {
  uint32_t left = n - *at, claimed = left == 0 ? 0 : sc_run_claim(p->run, left);
  if (claimed == 0 && left > 0) return false;
  p->batch_begun = *begun;
  uint32_t written = sc_parser_write(p, batch, records + *at, claimed);
  *at += written;
  *begun = p->batch_begun;
  sc_run_unclaim(p->run, claimed - written);
  if (p->requested) return false;
  if (written == claimed && *at < n) return false;
  if (written == claimed) sc_parser_close_batch(p, batch);
  return true;
}

/* Goes on with the batches opened before; true when something was done. */
static bool work_off_opened(struct sc_parser *p) {
  bool worked = false;
  for (struct sc_opened *o; has_plan(p) && (o = p->opened) != NULL;) {
    bool drop = p->failed || sc_parser_is_stale(p, o->batch);
    uint32_t before = o->at;
    bool done = drop || write_some(p, o->batch, o->records, o->n, &o->at, &o->begun);
    worked = worked || done || o->at > before;
    if (!done) return worked;
    free_first_opened(p);
  }
  return worked;
}

/* The reply's body is not what the protocol says: nothing of it is used; the shard is read again from its position. */
static void spoilt(struct sc_parser *p, const struct sc_batch *batch, struct sc_error *err) {
  p->spoilt_shard = batch->shard;
  if (++p->spoilt >= REPLIES_SPOILT_MAX) {
    sc_parser_fail(p, err);
    return;
  }
  sc_log_error(SC_WARN, "reply could not be read, asking again", err);
  struct sc_write_message m = {.kind = SC_WRITE_REWIND, .term = batch->term};
  sc_mailbox_send(p->run->write_boxes[batch->shard->write], &m);
}

static bool refuse_format(struct sc_parser *p, const struct sc_batch *batch) {
  uint32_t which = 0;
  if (p->run->settings.columns == SC_COLUMNS_RAW) return false;
  const char *format = p->run->decoder_ops->sniff(p->records.items, p->records.n, &which);
  if (format == NULL) return false;
  struct sc_error err;
  struct sc_slice sequence = p->records.items[which].sequence;
  sc_error_set(&err, SC_E_FORMAT, "shard %s, sequence number %.*s: the record is %s, which this version cannot decode",
               batch->shard->id, SC_SLICE_ARGS(sequence), format);
  sc_error_hint(
      &err,
      "nothing of this reply was written and the position did not move; send plain JSON, or load the bytes as "
      "they are with --columns=raw");
  memcpy(err.shard, batch->shard->id, sizeof(batch->shard->id));
  sc_parser_fail(p, &err);
  return true;
}

/* A page that came again, or that begins before the one before it ended. */
static void drop_known(struct sc_parser *p, const struct sc_batch *batch) {
  static struct sc_log_window window;
  uint64_t more = 0;
  uint32_t known = sc_records_known(p->records.items, p->records.n, &batch->after);
  if (known == 0) return;
  p->records.n -= known;
  memmove(p->records.items, p->records.items + known, p->records.n * sizeof(struct sc_record));
  if (sc_log_due(&window, 10000, &more))
    sc_log(SC_WARN, "the service sent records again, which are left out", "shard=%s records=%u suppressed=%llu",
           batch->shard->id, known, (unsigned long long)more);
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
    spoilt(p, batch, &err);
    return false;
  }
  if (p->spoilt_shard == batch->shard) p->spoilt = 0;
  drop_known(p, batch);
  return !refuse_format(p, batch);
}

/* ---- the thread ---- */

static void handle(struct sc_parser *p, struct sc_batch *batch) {
  uint32_t at = 0;
  bool begun = false;
  bool over = !open_envelope(p, batch);
  bool waits = p->opened != NULL || (p->records.n > 0 && !has_plan(p)); /* a plan may come at any moment */
  if (!over && waits && !has_plan(p)) sample(p, batch);
  if (!over && !waits) over = write_some(p, batch, p->records.items, p->records.n, &at, &begun);
  if (over) {
    free_batch(p, batch);
  } else {
    keep_opened(p, batch, at, begun);
  }
}

/* Takes the next batch of a ring when it may be worked on now; true when there was something to do. */
static bool take_batch(struct sc_parser *p, uint32_t fetch) {
  struct sc_ring *ring = sc_run_batches(p->run, fetch, p->index);
  bool come_first = has_plan(p) || p->asked > 0 || p->opened_records >= SC_RECORDS_MAX;
  if (p->opened != NULL && come_first) return false;
  struct sc_batch *batch = sc_ring_pop(ring);
  if (batch == NULL) return false;
  sc_park_wake(p->run->fetch_parks[fetch]);
  if (!p->failed && !sc_parser_is_stale(p, batch)) {
    handle(p, batch);
    return true;
  }
  p->dead_in_a_row = 0; /* those before will come again */
  free_batch(p, batch);
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
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++) {
    sc_parser_hand_over(p, w);
  }
}

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
    sc_timings_wake(timings, p->opened != NULL ? SC_TIME_BLOCKED : SC_TIME_STARVED);
  }
  sc_park_cancel(park);
  sc_timings_end(timings);
  sc_run_stopped(p->run);
}
