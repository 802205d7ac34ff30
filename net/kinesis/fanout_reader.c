#include "net/kinesis/fanout_reader.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/array.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "net/kinesis/fanout_reader_parts.h"

#define HTTP1_CONNECTIONS_MAX 10000
#define TEXT_BYTES_MAX ((size_t)64 << 10)
#define REPORT_SHARDS_MAX 20

/* ---- places ---- */

static struct sc_fanout_place *place_of(struct sc_fanout_reader *r, const struct sc_shard_info *shard) {
  size_t before = r->n_places;
  if (shard->index >= before) {
    SC_ARRAY_ROOM(r->places, 0, r->n_places, shard->index + 1);
    memset(r->places + before, 0, (r->n_places - before) * sizeof(*r->places));
  }
  struct sc_fanout_place *p = r->places[shard->index];
  if (p != NULL) return p;
  p = r->places[shard->index] = sc_alloc_zero(1, sizeof(*p));
  p->reader = r;
  p->shard = shard;
  sc_subscription_init(&p->machine, &r->fanout->times, sc_clock_mono_ms());
  sc_fanout_place_init(p);
  atomic_fetch_add(&r->fanout->subscriptions, 1);
  return p;
}

static void leave_waiting(struct sc_fanout_place *p) {
  if (p->is_waiting) LIST_REMOVE(p, waiting);
  p->is_waiting = false;
}

void sc_fanout_wait(struct sc_fanout_place *p) {
  if (p->is_waiting) return;
  LIST_INSERT_HEAD(&p->reader->waiting, p, waiting);
  p->is_waiting = true;
}

static void count(struct sc_fanout_place *p) {
  struct sc_metrics *m = sc_metrics_mine();
  sc_metric_add(m, SC_M_SUBSCRIPTIONS, p->machine.made - p->made);
  p->made = p->machine.made;
  for (int i = 0; i < SC_SUBSCRIPTION_END_KINDS; i++) {
    sc_metric_add(m, SC_M_SUBSCRIPTIONS_CLEAN + i, p->machine.ended[i] - p->ended[i]);
    p->ended[i] = p->machine.ended[i];
  }
}
_Static_assert(SC_M_SUBSCRIPTIONS_REWOUND - SC_M_SUBSCRIPTIONS_CLEAN == SC_SUBSCRIPTION_REWOUND, "in the same order");

void sc_fanout_schedule(struct sc_fanout_place *p) {
  struct sc_heap *due = &p->reader->due;
  int64_t due_ms = p->to_cancel ? 0 : sc_subscription_due_ms(&p->machine);
  count(p);
  if (due_ms == INT64_MAX) sc_heap_remove(due, &p->node);
  else sc_heap_set(due, &p->node, due_ms);
  if (p->machine.state == SC_SUBSCRIPTION_PARKED) sc_fanout_wait(p);
}

void sc_fanout_answer(struct sc_fanout_place *p) {
  struct sc_request *request = p->request;
  SC_ASSERT(request != NULL);
  p->request = NULL;
  request->impl = NULL;
  if (request->error.code != SC_OK) memcpy(request->error.shard, p->shard->id, strlen(p->shard->id) + 1);
  sc_subscription_answered(&p->machine, &request->reply.last);
  STAILQ_INSERT_TAIL(&p->reader->done, request, entry);
}

static void answer_error(struct sc_fanout_place *p, const struct sc_error *err) {
  if (p->request == NULL) return;
  p->request->error = *err;
  sc_fanout_answer(p);
}

/* ---- the consumer, when something is not found ---- */

static const struct sc_http_receiver inquiry_receiver;

static void write_inquiry(struct sc_fanout_reader *r, struct sc_buf *body) {
  sc_buf_clear(body);
  if (r->fanout->given_arn != NULL) {
    sc_buf_add_str(body, "{\"ConsumerARN\":");
    sc_buf_add_json_string(body, sc_slice_str(r->fanout->given_arn));
  } else {
    sc_buf_add_str(body, "{\"StreamARN\":");
    sc_buf_add_json_string(body, sc_slice_str(r->fanout->stream_arn));
    sc_buf_add_str(body, ",\"ConsumerName\":");
    sc_buf_add_json_string(body, sc_slice_str(r->fanout->name));
  }
  sc_buf_add_char(body, '}');
}

static const char *inquiry_name(const struct sc_fanout_reader *r) {
  return r->inquiry_registers ? "RegisterStreamConsumer" : "DescribeStreamConsumer";
}

/* What the consumer's own state says about a place, that found something missing. */
static void judge(struct sc_fanout_place *p, enum sc_consumer_verdict verdict, const struct sc_error *err) {
  struct sc_fanout_reader *r = p->reader;
  struct sc_error mine = *err;
  switch (sc_subscription_described(&p->machine, verdict, &r->random, sc_clock_mono_ms())) {
    case SC_SUBSCRIPTION_GONE:
      sc_error_set(&mine, SC_E_NO_SHARD, "SubscribeToShard: the service does not know shard %s any more", p->shard->id);
      answer_error(p, &mine);
      break;
    case SC_SUBSCRIPTION_FAIL:
      p->fatal = mine;
      answer_error(p, &mine);
      break;
    default:
      break;
  }
  sc_fanout_schedule(p);
}

static void judge_all(struct sc_fanout_reader *r, enum sc_consumer_verdict verdict, const struct sc_error *err) {
  for (size_t i = 0; i < r->n_places; i++)
    if (r->places[i] != NULL && r->places[i]->machine.state == SC_SUBSCRIPTION_UNSURE)
      judge(r->places[i], verdict, err);
}

static void inquire(struct sc_fanout_reader *r, bool registers) {
  struct sc_error err;
  r->inquiry = sc_kinesis_channel_take(&r->ch);
  r->inquiry->owner = r;
  r->inquiry->of_control = true;
  r->inquiry->request.is_cbor = false;
  r->inquiry_registers = registers;
  write_inquiry(r, &r->inquiry->request.body);
  if (sc_kinesis_channel_send(&r->ch, r->inquiry, inquiry_name(r), SC_HTTP_CALL_TIMEOUT_MS, &inquiry_receiver, &err) ==
      SC_OK)
    return;
  sc_kinesis_channel_give(&r->ch, r->inquiry);
  r->inquiry = NULL;
  judge_all(r, SC_CONSUMER_UNKNOWN, &err);
}

static int inquiry_data(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  struct sc_kinesis_slot *slot = arg;
  (void)head;
  if (chunk.len > TEXT_BYTES_MAX - slot->text.len)
    return sc_error_set(err, SC_E_PROTOCOL, "a reply of more than %zu bytes", TEXT_BYTES_MAX);
  sc_buf_add_slice(&slot->text, chunk);
  return SC_OK;
}

static bool inquiry_resume(void *arg) {
  (void)arg;
  return true;
}

/* The consumer is there: as it was, or another one of its name. */
static enum sc_consumer_verdict verdict_of(struct sc_fanout_reader *r, struct sc_json consumer) {
  struct sc_slice arn, status;
  char text[2049];
  bool is_there = sc_json_str(sc_json_get(consumer, "ConsumerARN"), &arn) && arn.len > 0 && arn.len < sizeof(text) &&
                  memchr(arn.ptr, 0, arn.len) == NULL && sc_json_str(sc_json_get(consumer, "ConsumerStatus"), &status);
  if (!is_there || sc_slice_is(status, "DELETING")) return SC_CONSUMER_UNKNOWN; /* look again when it is gone */
  memcpy(text, arn.ptr, arn.len);
  text[arn.len] = '\0';
  sc_fanout_arn(r->fanout, r->arn);
  bool is_other = strcmp(text, r->arn) != 0;
  if (is_other) {
    sc_log(SC_WARN, "the consumer was registered anew: its older self was deregistered under the load", "consumer=%s",
           r->fanout->name);
    sc_fanout_renew(r->fanout, text, r->inquiry_registers);
  }
  return is_other || !sc_slice_is(status, "ACTIVE") ? SC_CONSUMER_RENEWED : SC_CONSUMER_READY;
}

/* Not there. True when it is being registered. */
static bool registers_again(struct sc_fanout_reader *r, struct sc_error *err) {
  bool may = r->fanout->given_arn == NULL && r->fanout->registration != SC_REGISTRATION_NONE;
  if (may) inquire(r, true);
  else
    sc_error_fail(err, SC_E_CONFIG, "register it again, or let --registration do so",
                  "the consumer was deregistered under the load: %s",
                  r->fanout->given_arn != NULL ? r->fanout->given_arn : r->fanout->name);
  return may;
}

static void inquiry_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct sc_kinesis_slot *slot = arg;
  struct sc_fanout_reader *r = slot->owner;
  const char *member = r->inquiry_registers ? "Consumer" : "ConsumerDescription";
  enum sc_consumer_verdict verdict = SC_CONSUMER_UNKNOWN;
  struct sc_json root;
  int rc = sc_kinesis_channel_done(&r->ch, slot, inquiry_name(r), NULL, head, err);
  if (rc == SC_OK) rc = sc_jsondoc_parse(r->ch.doc, sc_buf_view(&slot->text), &root, err);
  if (rc == SC_OK) verdict = verdict_of(r, sc_json_get(root, member));
  bool is_missing = rc == SC_E_NO_SOURCE && !r->inquiry_registers && strstr(err->text, ": Stream ") == NULL;
  sc_kinesis_channel_give(&r->ch, slot);
  r->inquiry = NULL;
  if (is_missing && registers_again(r, err)) return;
  bool passes = err->class == SC_CLASS_RETRY || err->class == SC_CLASS_THROTTLE ||
                strcmp(err->service, "ResourceInUseException") == 0;
  if (err->code != SC_OK && !passes) verdict = SC_CONSUMER_LOST;
  judge_all(r, verdict, err);
}

static const struct sc_http_receiver inquiry_receiver = {inquiry_data, inquiry_resume, inquiry_done};

static void look_for_missing(struct sc_fanout_place *p) {
  struct sc_fanout_reader *r = p->reader;
  struct sc_error none;
  sc_error_clear(&none);
  if (sc_fanout_arn(r->fanout, r->arn) != p->generation) judge(p, SC_CONSUMER_RENEWED, &none);
  else if (r->inquiry == NULL) inquire(r, false);
}

/* ---- ends ---- */

static void log_failure(const struct sc_fanout_place *p, const struct sc_error *err) {
  sc_metric_add(sc_metrics_mine(), err->class == SC_CLASS_THROTTLE ? SC_M_THROTTLED : SC_M_RETRIED, 1);
  if (!p->machine.is_quiet)
    sc_log_often(SC_WARN, err->text, "shard=%s class=%s", p->shard->id, sc_class_name(err->class));
}

void sc_fanout_ended(struct sc_fanout_place *p, struct sc_error *err) {
  struct sc_fanout_reader *r = p->reader;
  int64_t now_ms = sc_clock_mono_ms();
  if (err->code == SC_OK) {
    sc_subscription_ended(&p->machine, now_ms);
    sc_fanout_schedule(p);
    return;
  }
  switch (sc_subscription_failed(&p->machine, err, &r->random, now_ms)) {
    case SC_SUBSCRIPTION_DESCRIBE:
      look_for_missing(p);
      break;
    case SC_SUBSCRIPTION_FAIL:
      if (err->code == SC_E_NET && err->hint[0] == '\0')
        sc_error_hint(err, "--fan-out-http=1.1 is for servers and proxies that do not speak HTTP/2");
      p->fatal = *err;
      answer_error(p, err);
      break;
    default:
      log_failure(p, err);
      break;
  }
  sc_fanout_schedule(p);
}

/* ---- time ---- */

static void subscribe(struct sc_fanout_place *p, int64_t now_ms) {
  struct sc_error err;
  if (sc_fanout_check_memory(p, &p->fatal) != SC_OK) { /* here all shards of the start are counted */
    answer_error(p, &p->fatal);
    sc_fanout_schedule(p);
    return;
  }
  if (!sc_fanout_take_window(p)) {
    sc_log_often(SC_WARN, "no memory for another subscription; it waits", "shard=%s hint=\"a larger --memory\"",
                 p->shard->id);
    sc_heap_remove(&p->reader->due, &p->node);
    sc_fanout_wait(p);
    return;
  }
  sc_error_clear(&err);
  sc_subscription_called(&p->machine, now_ms);
  if (sc_fanout_subscribe(p, &err) == SC_OK) {
    sc_fanout_schedule(p);
    return;
  }
  sc_fanout_drop(p, 0);
  sc_fanout_ended(p, &err);
}

static void look_at(struct sc_fanout_place *p, int64_t now_ms) {
  int64_t silent_ms;
  if (p->to_cancel) {
    sc_fanout_drop(p, 0);
    sc_fanout_schedule(p);
  } else if (p->machine.state == SC_SUBSCRIPTION_DUE) {
    subscribe(p, now_ms);
  } else {
    if (sc_subscription_tick(&p->machine, &p->reader->random, now_ms, &silent_ms) == SC_SUBSCRIPTION_CANCEL) {
      if (silent_ms > 0)
        sc_log_often(SC_WARN, "a subscription brought nothing, not even a heartbeat: subscribing anew",
                     "shard=%s silent_ms=%lld", p->shard->id, (long long)silent_ms);
      sc_fanout_drop(p, silent_ms);
    }
    sc_fanout_schedule(p);
  }
}

static void look_at_due(struct sc_fanout_reader *r) {
  int64_t now_ms = sc_clock_mono_ms();
  for (struct sc_heap_node *top; (top = sc_heap_top(&r->due)) != NULL && top->key <= now_ms;)
    look_at((struct sc_fanout_place *)top, now_ms);
}

/* Credit may have come back. Those that find none come into the list again. */
static void look_at_waiting(struct sc_fanout_reader *r) {
  LIST_HEAD(, sc_fanout_place) now = {LIST_FIRST(&r->waiting)};
  if (now.lh_first != NULL) now.lh_first->waiting.le_prev = &now.lh_first;
  LIST_INIT(&r->waiting);
  for (struct sc_fanout_place *p; (p = LIST_FIRST(&now)) != NULL;) {
    leave_waiting(p);
    if (p->machine.state == SC_SUBSCRIPTION_PARKED && sc_fanout_take_window(p))
      sc_subscription_resume(&p->machine, sc_clock_mono_ms());
    if (p->machine.state == SC_SUBSCRIPTION_OPEN) sc_fanout_decode(p);
    else sc_fanout_schedule(p);
  }
}

/* ---- the reader ---- */

int sc_fanout_reader_new(struct sc_kinesis *k, struct sc_fanout *fanout, const struct sc_reader_config *config,
                         struct sc_fanout_reader **out, struct sc_error *err) {
  struct sc_fanout_reader *r = sc_alloc_zero(1, sizeof(*r));
  uint32_t connections = fanout->is_http1 ? HTTP1_CONNECTIONS_MAX : 1;
  struct sc_http2_config http2 = {k->endpoint.at[SC_ENDPOINT_DATA].url, fanout->streams, SC_HTTP2_WINDOW_BYTES};
  *out = r;
  r->fanout = fanout;
  r->config = *config;
  STAILQ_INIT(&r->done);
  LIST_INIT(&r->waiting);
  sc_random_init(&r->random, (uint64_t)sc_clock_mono_us() ^ (uint64_t)(uintptr_t)r);
  int rc = sc_kinesis_channel_init(&r->ch, k, config->park, connections, sizeof(struct sc_kinesis_slot), err);
  if (rc == SC_OK && !fanout->is_http1) rc = sc_http2_new(k->http, &http2, &r->http2, err);
  if (rc != SC_OK) {
    sc_fanout_reader_free(r);
    *out = NULL;
    return rc;
  }
  sc_http_time(r->ch.loop, config->timings);
  if (r->http2 != NULL) sc_http_watch(r->ch.loop, sc_http2_fd(r->http2));
  return SC_OK;
}

void sc_fanout_reader_free(struct sc_fanout_reader *r) {
  if (r == NULL) return;
  for (size_t i = 0; i < r->n_places; i++) {
    struct sc_fanout_place *p = r->places[i];
    if (p == NULL) continue;
    leave_waiting(p);
    sc_fanout_place_fini(p);
    free(p);
    atomic_fetch_sub(&r->fanout->subscriptions, 1);
  }
  for (struct sc_request *request; (request = sc_fanout_reader_next(r)) != NULL; request->batch = NULL)
    sc_batch_free(request->batch);
  sc_http2_free(r->http2);
  sc_kinesis_channel_fini(&r->ch);
  sc_heap_fini(&r->due);
  free(r->places);
  free(r);
}

/* The shard's end once more: ListShards knows it by now. */
static void answer_end(struct sc_fanout_place *p) {
  p->knows_end = false;
  p->request->reply = (struct sc_reply){.has_children = true, .behind_ms = -1};
  sc_fanout_answer(p);
}

void sc_fanout_reader_start(struct sc_fanout_reader *r, struct sc_request *request) {
  struct sc_fanout_place *p = place_of(r, request->shard);
  SC_ASSERT(p->request == NULL);
  sc_error_clear(&request->error);
  request->batch = NULL;
  request->reply = (struct sc_reply){.behind_ms = -1};
  request->service_ms = request->due_ms = 0;
  request->impl = p;
  p->request = request;
  bool has_moved = !sc_subscription_stands_at(&p->machine, &request->position);
  if (sc_subscription_want(&p->machine, &request->position, sc_clock_mono_ms()) == SC_SUBSCRIPTION_CANCEL || has_moved)
    sc_fanout_drop(p, 0);
  if (p->fatal.code != SC_OK) answer_error(p, &p->fatal);
  else if (p->knows_end && !has_moved) answer_end(p);
  else if (p->machine.state == SC_SUBSCRIPTION_OPEN) sc_fanout_decode(p);
  sc_fanout_schedule(p);
}

void sc_fanout_reader_poll(struct sc_fanout_reader *r, int timeout_ms) {
  int64_t due_ms = INT64_MAX;
  look_at_waiting(r);
  look_at_due(r);
  if (r->http2 != NULL) {
    sc_http2_act(r->http2);
    due_ms = sc_http2_due_ms(r->http2);
  }
  const struct sc_heap_node *top = sc_heap_top(&r->due);
  if (top != NULL && top->key < due_ms) due_ms = top->key;
  int64_t left_ms = due_ms == INT64_MAX ? timeout_ms : due_ms - sc_clock_mono_ms();
  if (left_ms < timeout_ms) timeout_ms = left_ms > 0 ? (int)left_ms : 0;
  sc_http_poll(r->ch.loop, STAILQ_EMPTY(&r->done) ? timeout_ms : 0);
  if (r->http2 != NULL) sc_http2_act(r->http2);
}

struct sc_request *sc_fanout_reader_next(struct sc_fanout_reader *r) {
  struct sc_request *request = STAILQ_FIRST(&r->done);
  if (request != NULL) STAILQ_REMOVE_HEAD(&r->done, entry);
  return request;
}

void sc_fanout_reader_cancel(struct sc_fanout_reader *r, struct sc_request *request) {
  struct sc_fanout_place *p = request->impl;
  (void)r;
  if (p == NULL) return; /* answered */
  sc_error_set(&request->error, SC_E_STOPPED, "cancelled");
  sc_fanout_answer(p);
  sc_fanout_schedule(p);
}

/* ---- the report ---- */

static void report_place(const struct sc_fanout_place *p, int64_t now_ms, struct sc_buf *out) {
  const struct sc_subscription *s = &p->machine;
  const char *separator = "; ended: ";
  sc_buf_printf(out, "%s: %llu subscriptions, ", p->shard->id, (unsigned long long)s->made);
  if (s->event_ms == INT64_MIN) sc_buf_add_str(out, "no event");
  else sc_buf_printf(out, "last event %.1f s ago", (double)(now_ms - s->event_ms) / 1e3);
  for (int i = 0; i < SC_SUBSCRIPTION_END_KINDS; i++) {
    if (s->ended[i] == 0) continue;
    sc_buf_printf(out, "%s%llu %s", separator, (unsigned long long)s->ended[i], sc_subscription_end_names[i]);
    separator = ", ";
  }
  sc_buf_add_char(out, '\n');
}

/* Refused calls are ends without a subscription. */
static uint64_t trouble(const struct sc_fanout_place *p) {
  uint64_t n = p->machine.made;
  for (int i = 0; i < SC_SUBSCRIPTION_END_KINDS; i++) n += p->machine.ended[i];
  return n;
}

static int by_trouble(const void *a, const void *b) {
  const struct sc_fanout_place *x = *(struct sc_fanout_place *const *)a, *y = *(struct sc_fanout_place *const *)b;
  if (trouble(x) != trouble(y)) return trouble(x) > trouble(y) ? -1 : 1;
  return x->shard->index < y->shard->index ? -1 : 1;
}

void sc_fanout_reader_report(const struct sc_fanout_reader *r, struct sc_buf *out) {
  const struct sc_fanout_place **places = sc_alloc_zero(r->n_places + 1, sizeof(*places));
  int64_t now_ms = sc_clock_mono_ms();
  size_t n = 0;
  for (size_t i = 0; i < r->n_places; i++)
    if (r->places[i] != NULL) places[n++] = r->places[i];
  qsort(places, n, sizeof(*places), by_trouble);
  for (size_t i = 0; i < n && i < REPORT_SHARDS_MAX; i++) report_place(places[i], now_ms, out);
  if (n > REPORT_SHARDS_MAX) sc_buf_printf(out, "%zu other shards had no more of both\n", n - REPORT_SHARDS_MAX);
  free(places);
}
