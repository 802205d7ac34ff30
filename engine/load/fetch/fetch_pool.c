#include "engine/load/fetch/fetch_pool.h"

#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/mailbox.h"
#include "engine/base/metrics.h"
#include "engine/base/park.h"
#include "engine/load/fetch/fetch_waiting.h"
#include "engine/source.h"

enum {
  LONGEST_POLL_MS = 1000,
  LAG_MS = 1000,      /* between two looks at which shard lags most */
  REFRESH_MS = 60000, /* an idle shard's read_until travels this often */
  SAMPLE_PAGE = 1000, /* records of a page while there is no plan: the sample is wanted soon */
  WIDEN_MS = 20       /* between two looks at whether there should be more requests at a time */
};

static struct sc_batch *empty_batch(struct sc_fetcher *f, int64_t read_until_ms) {
  struct sc_batch *batch = sc_batch_new(f->run->budget, 0, 0, false);
  batch->envelope = SC_ENVELOPE_NONE;
  batch->read_until_ms = read_until_ms;
  return batch;
}

/* ---- what the machine says ---- */

static void fail(struct sc_fetcher *f, const struct sc_fetch_shard *s, const struct sc_error *err) {
  SC_ASSERT(err != NULL);
  struct sc_error e = *err;
  if (e.shard[0] == '\0') memcpy(e.shard, s->info->id, sizeof(s->info->id));
  if (!f->failed) sc_run_fail(f->run, &e);
  f->failed = true;
}

static void act(struct sc_fetcher *f, struct sc_fetch_shard *s, enum sc_shard_do todo, const struct sc_error *err) {
  sc_heap_remove(&f->due, &s->node);
  s->wants = todo == SC_DO_REQUEST;
  if (s->wants && s->request == NULL && !s->waits) sc_heap_set(&f->due, &s->node, s->machine.due_ms);
  if (todo == SC_DO_FAIL) fail(f, s, err);
  if (todo != SC_DO_CONFIRM_END) return;
  struct sc_control_message m = {.kind = SC_CONTROL_CONFIRM_END, .shard = s->info};
  sc_run_tell(f->run, &m);
}

static struct sc_request *take_request(struct sc_fetcher *f) {
  struct sc_request *request = STAILQ_FIRST(&f->free_requests);
  if (request == NULL) return sc_alloc_zero(1, sizeof(*request));
  STAILQ_REMOVE_HEAD(&f->free_requests, entry);
  return request;
}

static void start_request(struct sc_fetcher *f, struct sc_fetch_shard *s, int64_t now_ms) {
  bool sampling = atomic_load_explicit(&f->run->plan, memory_order_relaxed) == NULL;
  s->request = take_request(f);
  *s->request = (struct sc_request){
      .shard = s->info, .term = s->machine.term, .position = s->machine.position, .limit = sampling ? SAMPLE_PAGE : 0};
  f->under_way++;
  sc_shard_asked(&s->machine, now_ms);
  f->run->source_ops->reader_start(f->reader, s->request);
}

static void start_due(struct sc_fetcher *f, int64_t now_ms) {
  f->too_few = false;
  for (struct sc_heap_node *top; (top = sc_heap_top(&f->due)) != NULL && top->key <= now_ms;) {
    struct sc_fetch_shard *s = (struct sc_fetch_shard *)top;
    f->too_few = f->run->source_ops->reader_places(f->reader) == 0;
    if (f->too_few) return;
    sc_heap_remove(&f->due, top);
    if (sc_fetcher_has_room(f, s->info->parse)) start_request(f, s, now_ms);
    else sc_fetcher_wait(f, s);
  }
}

/* ---- what came back ---- */

static void replied(struct sc_fetcher *f, struct sc_fetch_shard *s, struct sc_request *request, int64_t now_ms) {
  uint32_t flags = 0;
  enum sc_shard_do todo = sc_shard_replied(&s->machine, &request->reply, &f->tip, request->due_ms, &flags);
  int64_t read_until_ms = sc_shard_read_until_ms(&s->machine, &request->reply, request->service_ms);
  struct sc_batch *batch = request->batch;
  request->batch = NULL;
  s->behind_ms = request->reply.behind_ms;
  if (batch == NULL && (flags != 0 || now_ms - s->sent_ms >= REFRESH_MS)) batch = empty_batch(f, read_until_ms);
  if (batch != NULL) {
    batch->n_records = request->reply.n_records;
    if (request->position.start == SC_START_AFTER) batch->after = request->position.sequence;
    batch->read_until_ms = read_until_ms;
    sc_fetcher_hand_over(f, s, batch, flags, now_ms);
  }
  act(f, s, todo, NULL);
}

static void count_failure(const struct sc_request *request) {
  struct sc_metrics *m = sc_metrics_mine();
  const struct sc_error *err = &request->error;
  if (err->code == SC_AGAIN) return;
  if (err->code == SC_E_EXPIRED_ITERATOR) sc_metric_add(m, SC_M_ITERATORS_EXPIRED, 1);
  sc_metric_add(m, err->class == SC_CLASS_THROTTLE ? SC_M_THROTTLED : SC_M_RETRIED, 1);
  if (err->code == SC_E_EXPIRED_ITERATOR) return;
  sc_log_often(SC_WARN, err->text, "shard=%s class=%s", request->shard->id, sc_class_name(err->class));
}

/* The answer to a request of an older term is dropped: the shard was started again meanwhile, and what the start asked
 * for is due now. */
static void finished(struct sc_fetcher *f, struct sc_request *request, int64_t now_ms) {
  struct sc_fetch_shard *s = sc_fetcher_shard(f, request->shard);
  SC_ASSERT(s->request == request);
  s->request = NULL;
  f->under_way--;
  if (request->term != s->machine.term) {
    act(f, s, s->wants ? SC_DO_REQUEST : SC_DO_NOTHING, NULL);
  } else if (request->error.code != SC_OK) {
    count_failure(request);
    act(f, s, sc_shard_failed(&s->machine, &request->error, request->due_ms), &request->error);
  } else {
    replied(f, s, request, now_ms);
  }
  sc_batch_free(request->batch);
  request->batch = NULL;
  STAILQ_INSERT_HEAD(&f->free_requests, request, entry);
}

/* ---- messages ---- */

static void start_shard(struct sc_fetcher *f, const struct sc_fetch_message *m, int64_t now_ms) {
  struct sc_fetch_shard *s = sc_fetcher_shard(f, m->shard);
  sc_batch_free(sc_fetcher_take_waiting(f, s)); /* of an older term */
  s->sent = 0;
  if (s->request != NULL) f->run->source_ops->reader_cancel(f->reader, s->request);
  act(f, s, sc_shard_start(&s->machine, &m->position, m->term, now_ms), NULL);
}

static void confirmed(struct sc_fetcher *f, const struct sc_fetch_message *m, int64_t now_ms) {
  struct sc_fetch_shard *s = sc_fetcher_shard(f, m->shard);
  if (s->machine.state != SC_SHARD_UNSURE) return;
  uint32_t flags = 0;
  enum sc_shard_do todo = sc_shard_confirmed(&s->machine, m->closed, now_ms, &flags);
  if (flags != 0) sc_fetcher_hand_over(f, s, empty_batch(f, 0), flags, now_ms);
  act(f, s, todo, NULL);
}

static void read_mail(struct sc_fetcher *f, int64_t now_ms) {
  struct sc_fetch_message m;
  while (sc_mailbox_receive(f->run->fetch_boxes[f->index], &m)) {
    switch (m.kind) {
      case SC_FETCH_START:
        start_shard(f, &m, now_ms);
        break;
      case SC_FETCH_CONFIRMED:
        confirmed(f, &m, now_ms);
        break;
      case SC_FETCH_CLOSED:
        sc_shard_closed(&sc_fetcher_shard(f, m.shard)->machine);
        break;
      case SC_FETCH_IDLE_PACE:
        f->tip.idle_interval_ms = m.ms;
        break;
    }
  }
}

/* Of the shards still read, the lag of the one furthest behind, for control's progress line. */
static void tell_lag(struct sc_fetcher *f, int64_t now_ms) {
  if (now_ms < f->lag_due_ms) return;
  f->lag_due_ms = now_ms + LAG_MS;
  int64_t most_ms = -1;
  for (size_t i = 0; i < f->n_shards; i++) {
    const struct sc_fetch_shard *s = f->shards[i];
    bool reads = s != NULL && s->machine.state != SC_SHARD_DONE && s->machine.state != SC_SHARD_IDLE;
    if (reads && s->behind_ms > most_ms) most_ms = s->behind_ms;
  }
  atomic_store_explicit(&f->run->behind_ms[f->index], most_ms, memory_order_relaxed);
}

static bool any_parser_idles(const struct sc_fetcher *f) {
  for (uint32_t p = 0; p < f->run->settings.parse_threads; p++)
    if (atomic_load_explicit(sc_run_unparsed(f->run, f->index, p), memory_order_relaxed) == 0) return true;
  return false;
}

/* A parse thread has nothing to do, requests are due, and this thread sleeps most of the time: the service's answers
 * are what takes long. */
static void widen(struct sc_fetcher *f, int64_t now_ms) {
  if (now_ms < f->widen_due_ms) return;
  const struct sc_timings *timings = sc_fetcher_timings(f);
  int64_t starved_us = timings->us[SC_TIME_STARVED] - f->starved_us;
  bool slept = starved_us > 250 * (now_ms - f->widen_due_ms + WIDEN_MS);
  if (f->too_few && slept && any_parser_idles(f)) f->run->source_ops->reader_widen(f->reader);
  f->starved_us = timings->us[SC_TIME_STARVED];
  f->widen_due_ms = now_ms + WIDEN_MS;
}

static int poll_timeout(const struct sc_fetcher *f, int64_t now_ms) {
  const struct sc_heap_node *top = sc_heap_top(&f->due);
  if (top == NULL || f->run->source_ops->reader_places(f->reader) == 0) return LONGEST_POLL_MS;
  int64_t left_ms = top->key - now_ms;
  return left_ms <= 0 ? 0 : left_ms < LONGEST_POLL_MS ? (int)left_ms : LONGEST_POLL_MS;
}

/* Blocked: a parse thread has no room, or all shards are read or wait for other threads. Starved: the service's answer,
 * or the pace, is waited for. */
static enum sc_time what_sleep_is(const struct sc_fetcher *f) {
  if (sc_fetcher_any_waits(f)) return SC_TIME_BLOCKED;
  return f->under_way == 0 && sc_heap_top(&f->due) == NULL ? SC_TIME_BLOCKED : SC_TIME_STARVED;
}

/* The park is prepared before the stage and the mailbox are looked at, so that no wake is lost; the reader polls its
 * descriptor. */
void sc_fetcher_main(void *arg) {
  struct sc_fetcher *f = arg;
  struct sc_park *park = f->run->fetch_parks[f->index];
  struct sc_timings *timings = sc_fetcher_timings(f);
  sc_timings_begin(timings);
  for (;;) {
    sc_park_prepare(park);
    if (sc_run_stage(f->run) != SC_STAGE_RUN) break;
    int64_t now_ms = sc_clock_mono_ms();
    read_mail(f, now_ms);
    sc_fetcher_retry_waiting(f);
    tell_lag(f, now_ms);
    widen(f, now_ms);
    if (!f->failed) start_due(f, now_ms);
    timings->in_poll = what_sleep_is(f);
    f->run->source_ops->reader_poll(f->reader, poll_timeout(f, now_ms));
    sc_park_finish(park);
    now_ms = sc_clock_mono_ms();
    for (struct sc_request *r; (r = f->run->source_ops->reader_next(f->reader)) != NULL;) finished(f, r, now_ms);
  }
  sc_park_cancel(park);
  sc_timings_end(timings);
  sc_run_stopped(f->run);
}
