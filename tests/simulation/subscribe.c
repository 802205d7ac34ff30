/* Fetching by subscriptions: what net/kinesis/fanout_reader.c does around the machine, with calls that are answered at
 * once. The stream is l->iterator while the machine is OPEN; a heartbeat comes every five seconds. */
#include <string.h>

#include "tests/simulation/worker.h"

#define LIFE_MS 300000
#define HEARTBEAT_MS 5000

static bool subscribe(struct world *w, struct worker *k, int shard) {
  struct local *l = &k->locals[shard];
  if (!fetch_is_due(w, k, shard)) return false;
  sc_shard_asked(&l->reader, w->now_ms);
  sc_subscription_want(&l->subscription, &l->reader.position, w->now_ms);
  sc_subscription_window(&l->subscription, true, w->now_ms);
  return true;
}

static bool any(struct world *w, struct worker *k, bool (*step)(struct world *, struct worker *, int)) {
  unsigned start = (unsigned)below(w, w->kinesis->n);
  for (unsigned i = 0; i < w->kinesis->n; i++)
    if (step(w, k, (int)((start + i) % w->kinesis->n))) return true;
  return false;
}

void subscribe_cancel(struct world *w, struct local *l) {
  struct sc_sequence none = {.len = 0};
  if (!l->subscription.is_wanted) return;
  sc_subscription_answered(&l->subscription, &none);
  sc_subscription_window(&l->subscription, false, w->now_ms);
}

bool subscribe_any(struct world *w, struct worker *k) { return any(w, k, subscribe); }

/* ---- what happens to a subscription ---- */

static void failed(struct world *w, struct worker *k, int shard, enum sc_code code, const char *service) {
  struct sc_subscription *s = &k->locals[shard].subscription;
  struct sc_sequence none = {.len = 0};
  struct sc_error err;
  sc_error_set(&err, (int)code, "simulated");
  memcpy(err.service, service, strlen(service) + 1);
  enum sc_subscription_do todo = sc_subscription_failed(s, &err, &w->random, w->now_ms);
  if (todo == SC_SUBSCRIPTION_DESCRIBE)
    todo =
        sc_subscription_described(s, mishap(w, 3000) ? SC_CONSUMER_UNKNOWN : SC_CONSUMER_READY, &w->random, w->now_ms);
  if (todo == SC_SUBSCRIPTION_FAIL) sim_broken(w, "%s ends the run", sc_error_name(code));
  if (todo != SC_SUBSCRIPTION_GONE || !s->is_wanted) return;
  sc_subscription_answered(s, &none);
  fetch_failed(w, k, shard, SC_E_NO_SHARD, w->now_ms);
}

static enum sc_code trouble(struct world *w) {
  if (mishap(w, w->nature.throttled)) return SC_E_THROTTLED;
  if (!mishap(w, w->nature.call_fails)) return SC_OK;
  return chance(w, 3000) ? SC_E_SERVICE : chance(w, 1000) ? SC_E_PROTOCOL : SC_E_NET;
}

static void call(struct world *w, struct worker *k, int shard) {
  struct local *l = &k->locals[shard];
  enum sc_code code = trouble(w);
  sc_subscription_called(&l->subscription, w->now_ms);
  if (code == SC_OK) code = kinesis_get_iterator(w, shard, &l->subscription.at, &l->iterator);
  if (code == SC_OK) sc_subscription_opened(&l->subscription, w->now_ms);
  else failed(w, k, shard, code, code == SC_E_SERVICE ? "ResourceInUseException" : "");
}

/* Behind the records before the iterator. */
static struct sc_sequence continuation_of(const struct world *w, const struct kiterator *it) {
  struct sc_sequence zero;
  sc_sequence_parse(sc_slice_str("0"), &zero);
  return it->next > 0 ? w->kinesis->shards[it->shard].records[it->next - 1].sequence : zero;
}

static void event(struct world *w, struct worker *k, int shard) {
  struct local *l = &k->locals[shard];
  struct kreply reply;
  l->iterator.made_ms = w->now_ms; /* a stream does not expire */
  kinesis_get_records(w, &l->iterator, &reply);
  if (reply.error != SC_OK) {
    failed(w, k, shard, reply.error, "");
    return;
  }
  struct sc_sequence continuation = continuation_of(w, &reply.next);
  l->iterator = reply.next;
  sc_subscription_heard(&l->subscription, w->now_ms);
  sc_subscription_event(&l->subscription, reply.reply.has_next ? &continuation : NULL, w->now_ms);
  sc_subscription_answered(&l->subscription, &reply.reply.last);
  sc_subscription_window(&l->subscription, false, w->now_ms);
  fetch_replied(w, k, shard, &reply, w->now_ms);
}

static bool hear_open(struct world *w, struct worker *k, int shard) {
  struct local *l = &k->locals[shard];
  struct sc_subscription *s = &l->subscription;
  enum sc_code code = trouble(w);
  int64_t silent_ms;
  if (code != SC_OK) failed(w, k, shard, code, "");
  else if (w->now_ms - s->opened_ms >= LIFE_MS) sc_subscription_ended(s, w->now_ms);
  else if (mishap(w, 1000) || !s->has_window) return sc_subscription_tick(s, &w->random, w->now_ms, &silent_ms);
  else if (l->iterator.next < w->kinesis->shards[shard].n || w->now_ms - s->heard_ms >= HEARTBEAT_MS)
    event(w, k, shard);
  else return false;
  return true;
}

static bool hear(struct world *w, struct worker *k, int shard) {
  const struct sc_subscription *s = &k->locals[shard].subscription;
  if (s->state == SC_SUBSCRIPTION_OPEN) return hear_open(w, k, shard);
  if (s->state != SC_SUBSCRIPTION_DUE || w->now_ms < s->due_ms) return false;
  call(w, k, shard);
  return true;
}

bool hear_any(struct world *w, struct worker *k) { return any(w, k, hear); }
