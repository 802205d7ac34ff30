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

bool fetch_is_due(const struct world *w, const struct worker *k, int shard) {
  return is_due(w, &k->locals[shard]) && queue_count(&k->writers[writer_of(w, shard)].batches) < QUEUED_MAX;
}

/* Control confirms an end. */
static void ask_control(struct worker *k, struct local *l) {
  if (l->todo != SC_DO_CONFIRM_END || l->asked) return;
  l->asked = true;
  l->asked_at = k->listings_begun;
}

void fetch_failed(struct world *w, struct worker *k, int shard, int code, int64_t due_ms) {
  struct local *l = &k->locals[shard];
  struct sc_error err;
  sc_error_set(&err, code, "simulated");
  l->todo = sc_shard_failed(&l->reader, &err, due_ms);
  TELL(w, "worker %d: shard %d term %u: %s", k->index, shard, l->reader.term, sc_error_name(code));
  ask_control(k, l);
  if (l->todo == SC_DO_FAIL) sim_broken(w, "%s ends the run", sc_error_name(code));
}

/* What the polling reader does with a request: the next call of it, or no call now. */
static void go_on(struct world *w, struct worker *k, struct local *l, struct call *c, enum sc_poll_do todo) {
  if (todo == SC_POLL_WAIT) {
    c->used = false;
    fetch_failed(w, k, c->shard, SC_AGAIN, (l->poll.paced_us + 999) / 1000);
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
  if (c == NULL || !fetch_is_due(w, k, shard)) return false;
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
static int64_t read_until(const struct worker *k, const struct local *l, const struct kreply *reply) {
  int64_t until_ms = sc_shard_read_until_ms(&l->reader, &reply->reply, reply->service_ms);
  return reply->reply.behind_ms == 0 && until_ms > k->last_listing_ms ? k->last_listing_ms : until_ms;
}

static void look_for_gap(struct world *w, const struct worker *k, int shard, struct local *l,
                         const struct kreply *reply) {
  int64_t until_ms = read_until(k, l, reply);
  if (l->read_until_ms > 0 && l->read_until_ms < reply->horizon_ms) worker_tell_gap(w, shard);
  if (until_ms > l->read_until_ms) l->read_until_ms = until_ms;
}

static const struct sc_poll_pace pace = {.call_interval_us = 200000, .bytes_per_second = 20000};

static struct sc_tip tip_of(const struct world *w) {
  return (struct sc_tip){
      .idle_interval_ms = 1000, .behind_latest_ms = w->nature.behind_latest_ms, .follow = w->nature.follow};
}

void fetch_replied(struct world *w, struct worker *k, int shard, const struct kreply *reply, int64_t due_ms) {
  struct local *l = &k->locals[shard];
  const struct sc_reply *r = &reply->reply;
  uint32_t flags;
  struct sc_tip tip = tip_of(w);
  look_for_gap(w, k, shard, l, reply);
  l->todo = sc_shard_replied(&l->reader, r, &tip, due_ms, &flags);
  struct batch b = {.term = l->reader.term,
                    .span = {.shard = shard,
                             .first = reply->first,
                             .end = reply->first + r->n_records,
                             .flags = flags,
                             .read_until_ms = l->read_until_ms}};
  queue_push(&k->writers[writer_of(w, shard)].batches, &b);
  TELL(w, "worker %d: shard %d term %u gives %u..%u%s%s", k->index, shard, b.term, b.span.first, b.span.end,
       flags & SC_BATCH_END ? ", its end" : "", flags & SC_BATCH_TIP ? ", its tip" : "");
  ask_control(k, l);
}

static void got_records(struct world *w, struct worker *k, struct local *l, const struct call *c) {
  int64_t due_us = sc_poll_replied(&l->poll, &c->reply.reply, c->reply.body_bytes, &pace);
  l->iterator = c->reply.next;
  fetch_replied(w, k, c->shard, &c->reply, due_us / 1000);
}

static void failed(struct world *w, struct worker *k, struct local *l, const struct call *c) {
  struct sc_error err;
  sc_error_set(&err, (int)c->error, "simulated");
  int64_t due_us = sc_poll_failed(&l->poll, &err, &w->random, w->now_ms * 1000);
  fetch_failed(w, k, c->shard, err.code, (due_us + 999) / 1000);
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
  subscribe_cancel(w, l);
  l->todo = sc_shard_start(&l->reader, &s.position, s.term, w->now_ms);
  TELL(w, "worker %d: shard %d is read in term %u from %.*s", k->index, s.shard, s.term,
       s.position.start == SC_START_AFTER ? s.position.sequence.len : 5,
       s.position.start == SC_START_AFTER ? s.position.sequence.digits : "start");
  return true;
}

void fetch_step(struct world *w, struct worker *k) {
  bool (*send)(struct world *, struct worker *) = k->subscribes ? subscribe_any : send_any;
  bool (*hear)(struct world *, struct worker *) = k->subscribes ? hear_any : receive_any;
  uint64_t what = below(w, 10);
  if (what < 2 && read_start(w, k)) return;
  if (what < 6 && hear(w, k)) return;
  if (send(w, k)) return;
  if (!hear(w, k)) read_start(w, k);
}
