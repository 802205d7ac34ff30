#include "engine/load/fetch/fetch_pool.h"

#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/heap.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"

enum {
  LONGEST_POLL_MS = 1000,
  LAG_MS = 1000,      /* between two looks at which shard lags most */
  REFRESH_MS = 60000, /* an idle shard's read_until travels this often */
  SAMPLE_PAGE = 1000, /* records of a page while there is no plan: the sample is wanted soon */
  WIDEN_MS = 20       /* between two looks at whether there should be more requests at a time */
};

struct shard {
  struct sc_heap_node node; /* first: the heap gives it back; key: when it is due */
  struct sc_shard machine;
  const struct sc_shard_info *info;
  bool wants;                 /* its next request, when it is due */
  struct sc_request *request; /* under way */
  bool waits;                 /* for its parse thread, in that one's list */
  struct sc_batch *stuck;     /* its ring was full; NULL: it has too much to do for another request */
  TAILQ_ENTRY(shard) waiting;
  int64_t sent_ms;   /* when its last batch was handed over */
  uint64_t sent;     /* batches since the start */
  int64_t behind_ms; /* of the last reply */
};

/* Shards that wait for a parse thread, the oldest first. */
TAILQ_HEAD(waiting, shard);

struct sc_fetcher {
  struct sc_run *run;
  uint32_t index;
  struct sc_reader *reader;
  struct sc_tip tip;
  struct shard **shards; /* by sc_shard_info.index; NULL: another thread's */
  size_t cap;
  struct sc_heap due;
  struct sc_requests free_requests;
  struct waiting *waiting;          /* [p] */
  uint32_t under_way;               /* requests */
  bool too_few;                     /* requests were due beyond the places the reader has */
  int64_t widen_due_ms, starved_us; /* the next look; and what timings said at the last one */
  int64_t lag_due_ms;
  bool failed;
};

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
                                    .timings = &run->timings[SC_POOL_FETCH][index],
                                    .largest_reply_bytes = run->settings.largest_reply_bytes};
  if (run->source_ops->reader_new(run->source, &config, &f->reader, err) != SC_OK) {
    free(f->waiting);
    free(f);
    return NULL;
  }
  return f;
}

void sc_fetcher_free(struct sc_fetcher *f) {
  f->run->source_ops->reader_free(f->reader);
  for (size_t i = 0; i < f->cap; i++) {
    struct shard *s = f->shards[i];
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

static struct shard *shard_of(struct sc_fetcher *f, const struct sc_shard_info *info) {
  size_t before = f->cap;
  if (info->index >= before) {
    SC_ARRAY_ROOM(f->shards, 0, f->cap, info->index + 1);
    memset(f->shards + before, 0, (f->cap - before) * sizeof(*f->shards));
  }
  struct shard *s = f->shards[info->index];
  if (s == NULL) {
    s = f->shards[info->index] = sc_alloc_zero(1, sizeof(*s));
    s->info = info;
    sc_shard_init(&s->machine);
  }
  return s;
}

/* ---- handing over ---- */

/* For another reply: no batch waits for its ring to have room, and little is unparsed. */
static bool has_room(const struct sc_fetcher *f, uint32_t parse) {
  const struct shard *first = TAILQ_FIRST(&f->waiting[parse]);
  if (first != NULL && first->stuck != NULL) return false;
  return sc_run_has_room(f->run, f->index, parse);
}

/* A batch that could not be pushed is not counted as unparsed. Otherwise its shard, which waits for `unparsed` to fall,
 * would wait for its own batch. */
static bool push_batch(struct sc_fetcher *f, struct sc_batch *batch) {
  SC_ASSERT(batch != NULL);
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

static struct sc_batch *empty_batch(struct sc_fetcher *f, int64_t read_until_ms) {
  struct sc_batch *batch = sc_batch_new(f->run->budget, 0, 0, false);
  batch->envelope = SC_ENVELOPE_NONE;
  batch->read_until_ms = read_until_ms;
  return batch;
}

/* batch: what could not be pushed, or NULL. */
static void add_waiting(struct sc_fetcher *f, struct shard *s, struct sc_batch *batch) {
  SC_ASSERT(!s->waits);
  s->waits = true;
  s->stuck = batch;
  TAILQ_INSERT_TAIL(&f->waiting[s->info->parse], s, waiting);
}

/* The batch it waits with, if any, is the caller's again. */
static struct sc_batch *take_waiting(struct sc_fetcher *f, struct shard *s) {
  struct sc_batch *batch = s->stuck;
  if (!s->waits) return NULL;
  s->waits = false;
  s->stuck = NULL;
  TAILQ_REMOVE(&f->waiting[s->info->parse], s, waiting);
  return batch;
}

/* No more of them become due at once than the reader has places for. Of thousands a few can be asked before there is no
 * room again, and the rest would come back. */
static void retry_waiting(struct sc_fetcher *f) {
  uint32_t places = f->run->source_ops->reader_places(f->reader);
  for (uint32_t p = 0; p < f->run->settings.parse_threads; p++) {
    uint32_t due = 0;
    for (struct shard *s; due <= places && (s = TAILQ_FIRST(&f->waiting[p])) != NULL;) {
      if (s->stuck != NULL ? !push_batch(f, s->stuck) : !has_room(f, p)) break;
      if (take_waiting(f, s) == NULL) due++;
      if (s->wants) sc_heap_set(&f->due, &s->node, s->machine.due_ms);
    }
  }
}

static void hand_over(struct sc_fetcher *f, struct shard *s, struct sc_batch *batch, uint32_t flags, int64_t now_ms) {
  batch->shard = s->info;
  batch->term = s->machine.term;
  batch->flags = flags;
  batch->number = ++s->sent;
  s->sent_ms = now_ms;
  if (!push_batch(f, batch)) add_waiting(f, s, batch);
}

/* ---- what the machine says ---- */

static void fail(struct sc_fetcher *f, const struct shard *s, const struct sc_error *err) {
  SC_ASSERT(err != NULL);
  struct sc_error e = *err;
  if (e.shard[0] == '\0') memcpy(e.shard, s->info->id, sizeof(s->info->id));
  if (!f->failed) sc_run_fail(f->run, &e);
  f->failed = true;
}

static void act(struct sc_fetcher *f, struct shard *s, enum sc_shard_do todo, const struct sc_error *err) {
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

static void start_request(struct sc_fetcher *f, struct shard *s, int64_t now_ms) {
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
    struct shard *s = (struct shard *)top;
    f->too_few = f->run->source_ops->reader_places(f->reader) == 0;
    if (f->too_few) return;
    sc_heap_remove(&f->due, top);
    if (has_room(f, s->info->parse)) start_request(f, s, now_ms);
    else add_waiting(f, s, NULL);
  }
}

/* ---- what came back ---- */

static void replied(struct sc_fetcher *f, struct shard *s, struct sc_request *request, int64_t now_ms) {
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
    hand_over(f, s, batch, flags, now_ms);
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

static void finished(struct sc_fetcher *f, struct sc_request *request, int64_t now_ms) {
  struct shard *s = shard_of(f, request->shard);
  SC_ASSERT(s->request == request);
  s->request = NULL;
  f->under_way--;
  if (request->term != s->machine.term) {
    act(f, s, s->wants ? SC_DO_REQUEST : SC_DO_NOTHING, NULL); /* of an older term: the start's own is due now */
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
  struct shard *s = shard_of(f, m->shard);
  sc_batch_free(take_waiting(f, s));
  s->sent = 0;
  if (s->request != NULL) f->run->source_ops->reader_cancel(f->reader, s->request);
  act(f, s, sc_shard_start(&s->machine, &m->position, m->term, now_ms), NULL);
}

static void confirmed(struct sc_fetcher *f, const struct sc_fetch_message *m, int64_t now_ms) {
  struct shard *s = shard_of(f, m->shard);
  if (s->machine.state != SC_SHARD_UNSURE) return;
  uint32_t flags = 0;
  enum sc_shard_do todo = sc_shard_confirmed(&s->machine, m->closed, now_ms, &flags);
  if (flags != 0) hand_over(f, s, empty_batch(f, 0), flags, now_ms);
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
        sc_shard_closed(&shard_of(f, m.shard)->machine);
        break;
      case SC_FETCH_IDLE_PACE:
        f->tip.idle_interval_ms = m.ms;
        break;
    }
  }
}

static void tell_lag(struct sc_fetcher *f, int64_t now_ms) {
  if (now_ms < f->lag_due_ms) return;
  f->lag_due_ms = now_ms + LAG_MS;
  int64_t most_ms = -1;
  for (size_t i = 0; i < f->cap; i++) {
    const struct shard *s = f->shards[i];
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
  const struct sc_timings *timings = &f->run->timings[SC_POOL_FETCH][f->index];
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

/* With nothing under way and nothing due everything is read, or waits for others; with a full ring it is them, too. */
static enum sc_time what_sleep_is(const struct sc_fetcher *f) {
  for (uint32_t p = 0; p < f->run->settings.parse_threads; p++)
    if (!TAILQ_EMPTY(&f->waiting[p])) return SC_TIME_BLOCKED;
  return f->under_way == 0 && sc_heap_top(&f->due) == NULL ? SC_TIME_BLOCKED : SC_TIME_STARVED;
}

void sc_fetcher_main(void *arg) {
  struct sc_fetcher *f = arg;
  struct sc_park *park = f->run->fetch_parks[f->index];
  struct sc_timings *timings = &f->run->timings[SC_POOL_FETCH][f->index];
  sc_timings_begin(timings);
  for (;;) {
    sc_park_prepare(park);
    if (sc_run_stage(f->run) != SC_STAGE_RUN) break;
    int64_t now_ms = sc_clock_mono_ms();
    read_mail(f, now_ms);
    retry_waiting(f);
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
