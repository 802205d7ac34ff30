#include "engine/load/fetch/fetch_pool.h"

#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/heap.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/base/random.h"

enum {
  LONGEST_POLL_MS = 1000,
  LAG_MS = 1000,      /* between two looks at which shard lags most */
  REFRESH_MS = 60000, /* an idle shard's read_until travels this often */
  SAMPLE_PAGE = 1000, /* records of a page while there is no plan: the sample is wanted soon */
  CALLS_AT_FIRST = 6,
  WIDEN_MS = 20 /* between two looks at whether there should be more */
};

struct shard {
  struct sc_heap_node node; /* first: the heap gives it back; key: when it is due */
  struct sc_shard machine;
  const struct sc_shard_info *info;
  enum sc_shard_do todo;
  char *iterator;
  struct sc_call *call;   /* under way */
  bool waits;             /* for its parse thread, in that one's list */
  struct sc_batch *stuck; /* its ring was full; NULL: it has too much to do for another call */
  struct shard *w_before, *w_behind;
  int64_t sent_ms;   /* when its last batch was handed over */
  uint64_t sent;     /* batches since the start */
  int64_t behind_ms; /* of the last reply */
};

/* Shards that wait for a parse thread, the oldest first. */
struct waiting {
  struct shard *first, *last;
};

struct sc_fetcher {
  struct sc_run *run;
  uint32_t index;
  struct sc_reader *reader;
  struct sc_pace pace;
  struct sc_random random;
  struct shard **shards; /* by sc_shard_info.index; NULL: another thread's */
  size_t cap;
  struct sc_heap due;
  STAILQ_HEAD(, sc_call) free_calls;
  struct waiting *waiting; /* [p] */
  /* Calls under way, and how many there may be: as few as keep the parse threads busy. Each one more is a connection
   * more, and memory that has been out of the caches when the reply is whole. */
  uint32_t in_flight, window;
  bool too_few;                     /* calls were due beyond the window */
  int64_t widen_due_ms, starved_us; /* the next look; and what timings said at the last one */
  int64_t lag_due_ms;
  bool failed;
};

struct sc_fetcher *sc_fetcher_new(struct sc_run *run, uint32_t index, struct sc_error *err) {
  struct sc_fetcher *f = sc_alloc_zero(1, sizeof(*f));
  f->run = run;
  f->index = index;
  f->pace = run->settings.pace;
  f->waiting = sc_alloc_zero(run->settings.parse_threads, sizeof(*f->waiting));
  f->window = CALLS_AT_FIRST;
  STAILQ_INIT(&f->free_calls);
  sc_random_init(&f->random, (uint64_t)sc_clock_mono_us() * 2654435761u + index);
  struct sc_reader_config config = {.budget = run->budget,
                                    .park = run->fetch_parks[index],
                                    .timings = &run->timings[SC_POOL_FETCH][index],
                                    .largest_reply_bytes = run->settings.largest_reply_bytes,
                                    .max_in_flight = SC_FETCH_IN_FLIGHT};
  if (run->source_ops->reader_new(run->source, &config, &f->reader, err) != SC_OK) {
    free(f->waiting);
    free(f);
    return NULL;
  }
  return f;
}

static void free_call(struct sc_call *call) {
  free(call->iterator);
  if (call->batch != NULL) sc_batch_free(call->batch);
  free(call);
}

void sc_fetcher_free(struct sc_fetcher *f) {
  f->run->source_ops->reader_free(f->reader);
  for (size_t i = 0; i < f->cap; i++) {
    struct shard *s = f->shards[i];
    if (s == NULL) continue;
    if (s->call != NULL) free_call(s->call);
    if (s->stuck != NULL) sc_batch_free(s->stuck);
    free(s->iterator);
    free(s);
  }
  for (struct sc_call *c; (c = STAILQ_FIRST(&f->free_calls)) != NULL; free(c)) STAILQ_REMOVE_HEAD(&f->free_calls, next);
  sc_heap_fini(&f->due);
  free(f->shards);
  free(f->waiting);
  free(f);
}

static struct shard *shard_of(struct sc_fetcher *f, const struct sc_shard_info *info) {
  if (info->index >= f->cap) {
    size_t cap = f->cap == 0 ? 64 : f->cap;
    while (cap <= info->index) cap *= 2;
    f->shards = sc_realloc(f->shards, cap * sizeof(struct shard *));
    for (size_t i = f->cap; i < cap; i++) f->shards[i] = NULL;
    f->cap = cap;
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

/* For another call's reply: no batch waits for its ring to have room, and little is unparsed. */
static bool has_room(const struct sc_fetcher *f, uint32_t parse) {
  const struct shard *first = f->waiting[parse].first;
  if (first != NULL && first->stuck != NULL) return false;
  return sc_run_has_room(f->run, f->index, parse);
}

/* What the ring has no room for does not count as unparsed: a shard that waits for less of it would wait for those
 * behind itself. */
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
  struct waiting *list = &f->waiting[s->info->parse];
  SC_ASSERT(!s->waits);
  s->waits = true;
  s->stuck = batch;
  s->w_before = list->last;
  s->w_behind = NULL;
  if (list->last != NULL) {
    list->last->w_behind = s;
  } else {
    list->first = s;
  }
  list->last = s;
}

/* The batch it waits with, if any, is the caller's again. */
static struct sc_batch *take_waiting(struct sc_fetcher *f, struct shard *s) {
  struct waiting *list = &f->waiting[s->info->parse];
  struct sc_batch *batch = s->stuck;
  if (!s->waits) return NULL;
  s->waits = false;
  s->stuck = NULL;
  if (s->w_before != NULL) s->w_before->w_behind = s->w_behind;
  else list->first = s->w_behind;
  if (s->w_behind != NULL) s->w_behind->w_before = s->w_before;
  else list->last = s->w_before;
  return batch;
}

/* Not all at once: of thousands a few can be called before there is no room again, and the rest would come back. */
static void retry_waiting(struct sc_fetcher *f) {
  for (uint32_t p = 0; p < f->run->settings.parse_threads; p++) {
    uint32_t calls = 0;
    for (struct shard *s; calls < f->window && (s = f->waiting[p].first) != NULL;) {
      if (s->stuck != NULL ? !push_batch(f, s->stuck) : !has_room(f, p)) break;
      if (take_waiting(f, s) == NULL) calls++;
      if (s->todo != SC_DO_NOTHING) sc_heap_set(&f->due, &s->node, s->machine.due_ms);
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
  s->todo = SC_DO_NOTHING;
  switch (todo) {
    case SC_DO_NOTHING:
      return;
    case SC_DO_FAIL:
      fail(f, s, err);
      return;
    case SC_DO_CONFIRM_END: {
      struct sc_control_message m = {.kind = SC_CONTROL_CONFIRM_END, .shard = s->info};
      sc_run_tell(f->run, &m);
      return;
    }
    case SC_DO_GET_ITERATOR:
      free(s->iterator);
      s->iterator = NULL;
      break;
    case SC_DO_GET_RECORDS:
      break;
  }
  s->todo = todo;
  if (s->call == NULL && !s->waits) sc_heap_set(&f->due, &s->node, s->machine.due_ms);
}

static struct sc_call *take_call(struct sc_fetcher *f) {
  struct sc_call *call = STAILQ_FIRST(&f->free_calls);
  if (call == NULL) return sc_alloc_zero(1, sizeof(*call));
  STAILQ_REMOVE_HEAD(&f->free_calls, next);
  memset(call, 0, sizeof(*call));
  return call;
}

static uint32_t page_limit(const struct sc_fetcher *f) {
  uint32_t limit = f->run->settings.limit;
  bool sampling = atomic_load_explicit(&f->run->plan, memory_order_relaxed) == NULL;
  return sampling && limit > SAMPLE_PAGE ? SAMPLE_PAGE : limit;
}

static void start_call(struct sc_fetcher *f, struct shard *s, int64_t now_ms) {
  struct sc_call *call = take_call(f);
  call->kind = s->todo == SC_DO_GET_ITERATOR ? SC_CALL_ITERATOR : SC_CALL_RECORDS;
  call->shard = s->info;
  call->term = s->machine.term;
  call->position = s->machine.position;
  if (call->kind == SC_CALL_RECORDS) {
    call->iterator = s->iterator;
    call->limit = page_limit(f);
    s->iterator = NULL;
  }
  s->call = call;
  f->in_flight++;
  sc_shard_called(&s->machine, now_ms);
  f->run->source_ops->reader_start(f->reader, call);
}

static void start_due(struct sc_fetcher *f, int64_t now_ms) {
  f->too_few = false;
  for (struct sc_heap_node *top; (top = sc_heap_top(&f->due)) != NULL && top->key <= now_ms;) {
    struct shard *s = (struct shard *)top;
    f->too_few = f->in_flight >= f->window;
    if (f->too_few) return;
    sc_heap_remove(&f->due, top);
    if (has_room(f, s->info->parse)) start_call(f, s, now_ms);
    else add_waiting(f, s, NULL);
  }
}

/* ---- what came back ---- */

static void got_records(struct sc_fetcher *f, struct shard *s, struct sc_call *call, int64_t now_ms) {
  uint32_t flags = 0;
  enum sc_shard_do todo = sc_shard_got_records(&s->machine, &call->reply, &f->pace, now_ms, &flags);
  int64_t read_until_ms = sc_shard_read_until_ms(&s->machine, &call->reply, call->service_ms);
  struct sc_batch *batch = call->batch;
  call->batch = NULL;
  s->behind_ms = call->reply.behind_ms;
  if (batch == NULL && (flags != 0 || now_ms - s->sent_ms >= REFRESH_MS)) batch = empty_batch(f, read_until_ms);
  if (batch != NULL) {
    batch->n_records = call->reply.n_records;
    if (call->position.start == SC_START_AFTER) batch->after = call->position.sequence;
    batch->read_until_ms = read_until_ms;
    hand_over(f, s, batch, flags, now_ms);
  }
  free(s->iterator);
  s->iterator = call->iterator;
  call->iterator = NULL;
  act(f, s, todo, NULL);
}

static void count_failure(const struct sc_call *call) {
  struct sc_metrics *m = sc_metrics_mine();
  if (call->error.code == SC_E_EXPIRED_ITERATOR) sc_metric_add(m, SC_M_ITERATORS_EXPIRED, 1);
  sc_metric_add(m, call->error.class == SC_CLASS_THROTTLE ? SC_M_THROTTLED : SC_M_RETRIED, 1);
  static struct sc_log_window window;
  uint64_t more = 0;
  if (call->error.code != SC_E_EXPIRED_ITERATOR && sc_log_due(&window, 10000, &more))
    sc_log(SC_WARN, call->error.text, "shard=%s class=%s suppressed=%llu", call->shard->id,
           sc_class_name(call->error.class), (unsigned long long)more);
}

static void finished(struct sc_fetcher *f, struct sc_call *call, int64_t now_ms) {
  struct shard *s = shard_of(f, call->shard);
  s->call = NULL;
  f->in_flight--;
  if (call->term != s->machine.term) {
    act(f, s, s->todo, NULL); /* of an older term: what the start asked for is due now */
  } else if (call->error.code != SC_OK) {
    count_failure(call);
    if (call->kind == SC_CALL_RECORDS) {
      free(s->iterator);
      s->iterator = call->iterator; /* the same one again, unless the machine wants another */
      call->iterator = NULL;
    }
    act(f, s, sc_shard_failed(&s->machine, &call->error, &f->random, now_ms), &call->error);
  } else if (call->kind == SC_CALL_ITERATOR) {
    free(s->iterator);
    s->iterator = call->iterator;
    call->iterator = NULL;
    act(f, s, sc_shard_got_iterator(&s->machine, now_ms), NULL);
    if (s->node.place != 0 && s->node.key <= now_ms) sc_heap_set(&f->due, &s->node, 0); /* it is used at once */
  } else {
    got_records(f, s, call, now_ms);
  }
  free(call->iterator);
  if (call->batch != NULL) sc_batch_free(call->batch);
  STAILQ_INSERT_HEAD(&f->free_calls, call, next);
}

/* ---- messages ---- */

static void start_shard(struct sc_fetcher *f, const struct sc_fetch_message *m, int64_t now_ms) {
  struct shard *s = shard_of(f, m->shard);
  sc_batch_free(take_waiting(f, s));
  s->sent = 0;
  if (s->call != NULL) f->run->source_ops->reader_cancel(f->reader, s->call);
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
        f->pace.idle_interval_ms = m.ms;
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

/* A parse thread has nothing to do, calls are due, and this thread sleeps most of the time: the service's answers are
 * what takes long. */
static void widen(struct sc_fetcher *f, int64_t now_ms) {
  if (now_ms < f->widen_due_ms) return;
  const struct sc_timings *timings = &f->run->timings[SC_POOL_FETCH][f->index];
  int64_t starved_us = timings->us[SC_TIME_STARVED] - f->starved_us;
  bool slept = starved_us > 250 * (now_ms - f->widen_due_ms + WIDEN_MS);
  if (f->too_few && slept && any_parser_idles(f)) f->window += f->window / 2;
  if (f->window > SC_FETCH_IN_FLIGHT) f->window = SC_FETCH_IN_FLIGHT;
  f->starved_us = timings->us[SC_TIME_STARVED];
  f->widen_due_ms = now_ms + WIDEN_MS;
}

static int poll_timeout(const struct sc_fetcher *f, int64_t now_ms) {
  const struct sc_heap_node *top = sc_heap_top(&f->due);
  if (top == NULL || f->in_flight >= f->window) return LONGEST_POLL_MS;
  int64_t left_ms = top->key - now_ms;
  return left_ms <= 0 ? 0 : left_ms < LONGEST_POLL_MS ? (int)left_ms : LONGEST_POLL_MS;
}

/* With nothing under way and nothing due everything is read, or waits for others; with a full ring it is them, too. */
static enum sc_time what_sleep_is(const struct sc_fetcher *f) {
  for (uint32_t p = 0; p < f->run->settings.parse_threads; p++)
    if (f->waiting[p].first != NULL) return SC_TIME_BLOCKED;
  return f->in_flight == 0 && sc_heap_top(&f->due) == NULL ? SC_TIME_BLOCKED : SC_TIME_STARVED;
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
    for (struct sc_call *call; (call = f->run->source_ops->reader_next(f->reader)) != NULL;) finished(f, call, now_ms);
  }
  sc_park_cancel(park);
  sc_timings_end(timings);
  sc_run_stopped(f->run);
}
