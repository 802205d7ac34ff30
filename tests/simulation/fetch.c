#include "engine/batch.h"
#include "tests/simulation/worker.h"

/* ---- sending ---- */

static struct call *free_call(struct worker *k) {
  for (int i = 0; i < CALLS_MAX; i++)
    if (!k->calls[i].used) return &k->calls[i];
  return NULL;
}

/* What the service does with the call, some time between its sending and its reply. */
static void answer(struct world *w, struct call *c) {
  c->answered = true;
  if (mishap(w, w->nature.call_fails)) {
    c->error = chance(w, 3000) ? SC_E_SERVICE : chance(w, 1000) ? SC_E_PROTOCOL : SC_E_NET;
  } else if (mishap(w, w->nature.throttled)) {
    c->error = SC_E_THROTTLED;
  } else if (c->of_records && mishap(w, w->nature.expires)) {
    c->error = SC_E_EXPIRED_ITERATOR;
  } else if (c->of_records) {
    kinesis_get_records(w, &c->iterator, &c->reply);
    c->error = c->reply.error;
  } else {
    c->error = kinesis_get_iterator(w, c->shard, &c->position, &c->iterator);
  }
}

static bool is_due(const struct world *w, const struct local *l) {
  return l->todo == SC_DO_REQUEST && !l->reader.in_request && w->now_ms >= l->reader.due_ms;
}

static void request_failed(struct world *w, struct worker *k, struct local *l, const struct call *c, int code,
                           int64_t due_us) {
  struct sc_error err;
  sc_error_set(&err, code, "simulated");
  l->todo = sc_shard_failed(&l->reader, &err, (due_us + 999) / 1000);
  TELL(w, "worker %d: shard %d term %u: %s", k->index, c->shard, c->term, sc_error_name(code));
  if (l->todo == SC_DO_FAIL) sim_broken(w, "%s ends the run", sc_error_name(code));
}

/* What the polling reader does with a request: the next call of it, or no call now. */
static void go_on(struct world *w, struct worker *k, struct local *l, struct call *c, enum sc_poll_do todo) {
  if (todo == SC_POLL_WAIT) {
    c->used = false;
    request_failed(w, k, l, c, SC_AGAIN, l->poll.paced_us);
    return;
  }
  *c = (struct call){.used = true,
                     .of_records = todo == SC_POLL_GET_RECORDS,
                     .shard = c->shard,
                     .term = l->reader.term,
                     .position = l->poll.at,
                     .iterator = l->iterator};
  if (c->of_records) sc_poll_called(&l->poll, w->now_ms * 1000);
  if (chance(w, 5000)) answer(w, c);
}

static bool send_call(struct world *w, struct worker *k, int shard) {
  struct local *l = &k->locals[shard];
  struct call *c = free_call(k);
  if (c == NULL || !is_due(w, l) || queue_count(&k->writers[writer_of(w, shard)].batches) >= QUEUED_MAX) return false;
  c->shard = shard;
  sc_shard_asked(&l->reader, w->now_ms);
  go_on(w, k, l, c, sc_poll_start(&l->poll, &l->reader.position, w->now_ms * 1000));
  return true;
}

static bool send_any(struct world *w, struct worker *k) {
  unsigned start = (unsigned)below(w, w->kinesis->n);
  for (unsigned i = 0; i < w->kinesis->n; i++)
    if (send_call(w, k, (int)((start + i) % w->kinesis->n))) return true;
  return false;
}

/* ---- receiving ---- */

/* What was read until now was read until the last listing that had the shard open: it may have been closed since, and
 * its children's first records are older than now. */
static int64_t read_until(const struct worker *k, const struct local *l, const struct call *c) {
  const struct sc_reply *r = &c->reply.reply;
  int64_t until_ms = sc_shard_read_until_ms(&l->reader, r, c->reply.service_ms);
  return r->behind_ms == 0 && until_ms > k->last_listing_ms ? k->last_listing_ms : until_ms;
}

static void look_for_gap(struct world *w, const struct worker *k, struct local *l, const struct call *c) {
  int64_t until_ms = read_until(k, l, c);
  if (l->read_until_ms > 0 && l->read_until_ms < c->reply.horizon_ms) worker_tell_gap(w, c->shard);
  if (until_ms > l->read_until_ms) l->read_until_ms = until_ms;
}

static const struct sc_poll_pace pace = {.call_interval_us = 200000, .bytes_per_second = 20000};

static struct sc_tip tip_of(const struct world *w) {
  return (struct sc_tip){
      .idle_interval_ms = 1000, .behind_latest_ms = w->nature.behind_latest_ms, .follow = w->nature.follow};
}

static void got_records(struct world *w, struct worker *k, struct local *l, const struct call *c) {
  const struct sc_reply *r = &c->reply.reply;
  uint32_t flags;
  struct sc_tip tip = tip_of(w);
  look_for_gap(w, k, l, c);
  int64_t due_us = sc_poll_replied(&l->poll, r, c->reply.body_bytes, &pace);
  l->todo = sc_shard_replied(&l->reader, r, &tip, due_us / 1000, &flags);
  struct batch b = {.term = l->reader.term,
                    .span = {.shard = c->shard,
                             .first = c->reply.first,
                             .end = c->reply.first + r->n_records,
                             .flags = flags,
                             .read_until_ms = l->read_until_ms}};
  queue_push(&k->writers[writer_of(w, c->shard)].batches, &b);
  l->iterator = c->reply.next;
  TELL(w, "worker %d: shard %d term %u gives %u..%u%s%s", k->index, c->shard, b.term, b.span.first, b.span.end,
       flags & SC_BATCH_END ? ", its end" : "", flags & SC_BATCH_TIP ? ", its tip" : "");
}

static void failed(struct world *w, struct worker *k, struct local *l, const struct call *c) {
  struct sc_error err;
  sc_error_set(&err, (int)c->error, "simulated");
  request_failed(w, k, l, c, err.code, sc_poll_failed(&l->poll, &err, &w->random, w->now_ms * 1000));
}

static void receive(struct world *w, struct worker *k, struct call *c) {
  struct local *l = &k->locals[c->shard];
  if (!c->answered) answer(w, c);
  c->used = false;
  if (c->term != l->reader.term) return;
  if (c->error) {
    failed(w, k, l, c);
  } else if (c->of_records) {
    got_records(w, k, l, c);
  } else {
    l->iterator = c->iterator;
    go_on(w, k, l, c, sc_poll_got_iterator(&l->poll, w->now_ms * 1000));
  }
  if (l->todo != SC_DO_CONFIRM_END || l->asked) return;
  l->asked = true;
  l->asked_at = k->listings_begun;
}

static bool receive_any(struct world *w, struct worker *k) {
  unsigned start = (unsigned)below(w, CALLS_MAX);
  for (unsigned i = 0; i < CALLS_MAX; i++) {
    struct call *c = &k->calls[(start + i) % CALLS_MAX];
    if (!c->used) continue;
    receive(w, k, c);
    return true;
  }
  return false;
}

/* ---- messages from the writers ---- */

static bool read_start(struct world *w, struct worker *k) {
  struct start s;
  struct queue *starts = &k->writers[below(w, w->nature.writers)].starts;
  if (!queue_pop(starts, &s)) return false;
  struct local *l = &k->locals[s.shard];
  l->read_until_ms = s.read_until_ms;
  l->asked = false;
  l->todo = sc_shard_start(&l->reader, &s.position, s.term, w->now_ms);
  TELL(w, "worker %d: shard %d is read in term %u from %.*s", k->index, s.shard, s.term,
       s.position.start == SC_START_AFTER ? s.position.sequence.len : 5,
       s.position.start == SC_START_AFTER ? s.position.sequence.digits : "start");
  return true;
}

void fetch_step(struct world *w, struct worker *k) {
  uint64_t what = below(w, 10);
  if (what < 2 && read_start(w, k)) return;
  if (what < 6 && receive_any(w, k)) return;
  if (send_any(w, k)) return;
  if (!receive_any(w, k)) read_start(w, k);
}
