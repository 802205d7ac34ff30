#include "net/put/sender.h"

#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/base/random.h"
#include "net/kinesis/channel.h"
#include "net/kinesis/kinesis_error.h"

#define OPERATION "PutRecords"
#define REPLY_BYTES_MAX ((size_t)4 << 20) /* 500 entries of 8 KiB: far more than the service ever says */
#define BODY_BYTES_PER_MS 32

/* One call. */
struct slot {
  struct sc_kinesis_slot base;
  struct sc_put_sender *sender;
  struct sc_put_entries entries;
  uint32_t n_entries;
};

struct sc_put_sender {
  struct sc_kinesis_channel ch;
  struct sc_put_queue *queue;
  struct sc_put_counts counts;
  struct sc_random random;
  int64_t progress_ms; /* when something was put last, or began to be tried */
  bool has_failed;
  struct sc_error failure;
};

/* The slot's entries are the queue's again. */
static void give_slot(struct slot *slot) {
  if (slot->base.request.body.cap > SC_PUT_KEEP_BYTES) sc_buf_fini(&slot->base.request.body);
  if (slot->base.text.cap > SC_PUT_KEEP_BYTES) sc_buf_fini(&slot->base.text);
  sc_kinesis_channel_give(&slot->sender->ch, &slot->base);
}

/* ---- what became of a call ---- */

static void fail(struct sc_put_sender *s, const struct sc_error *err) {
  if (s->has_failed) return;
  s->has_failed = true;
  s->failure = *err;
}

static void name_lines(const struct slot *slot, struct sc_error *err) {
  uint64_t first = UINT64_MAX, last = 0;
  const struct sc_put_entry *e;
  STAILQ_FOREACH(e, &slot->entries, next) {
    if (e->line < first) first = e->line;
    if (e->line > last) last = e->line;
  }
  if (first == last) sc_error_prefix(err, "line %llu", (unsigned long long)first);
  else sc_error_prefix(err, "lines %llu to %llu", (unsigned long long)first, (unsigned long long)last);
}

static bool passes(const struct sc_error *err) {
  return err->class == SC_CLASS_RETRY || err->class == SC_CLASS_THROTTLE;
}

static void note_retry(const struct sc_error *err, uint32_t entries) {
  sc_log_often(SC_WARN, err->text, "records_again=%u", entries);
}

/* Gives up when nothing but failures came for long. */
static void check_patience(struct sc_put_sender *s, const struct sc_error *err, int64_t now_ms) {
  if (err->class == SC_CLASS_THROTTLE) s->progress_ms = now_ms;
  if (now_ms - s->progress_ms >= SC_PUT_PATIENCE_MS) fail(s, err);
}

static void call_failed(struct slot *slot, struct sc_error *err, int64_t now_ms) {
  struct sc_put_sender *s = slot->sender;
  bool throttled = err->class == SC_CLASS_THROTTLE;
  double unit = sc_random_unit(&s->random);
  if (!passes(err)) {
    if (err->class == SC_CLASS_FATAL) name_lines(slot, err);
    fail(s, err);
    return;
  }
  for (struct sc_put_entry *e; (e = STAILQ_FIRST(&slot->entries)) != NULL;) {
    STAILQ_REMOVE_HEAD(&slot->entries, next);
    sc_put_queue_failed(s->queue, e, throttled ? SC_PUT_CALL_THROTTLED : SC_PUT_FAILED, unit, now_ms);
  }
  s->counts.retried_calls++;
  s->counts.retried += slot->n_entries;
  if (throttled) s->counts.throttled += slot->n_entries;
  sc_metric_add(sc_metrics_mine(), throttled ? SC_M_THROTTLED : SC_M_RETRIED, 1);
  note_retry(err, slot->n_entries);
  sc_put_queue_replied(s->queue, 0, throttled ? slot->n_entries : 0, now_ms);
  check_patience(s, err, now_ms);
}

/* What the reply says of the entries, summed up. */
struct verdicts {
  uint32_t put, failed, throttled;
  double unit;
  struct sc_error error; /* the last one's */
};

static void entry_failed(struct slot *slot, struct sc_put_entry *e, struct sc_json record, struct verdicts *v,
                         int64_t now_ms) {
  struct sc_put_sender *s = slot->sender;
  struct sc_kinesis_fault fault = {.status = 200, .operation = OPERATION, .where = s->ch.k->described};
  sc_json_str(sc_json_get(record, "ErrorCode"), &fault.type);
  sc_json_str(sc_json_get(record, "ErrorMessage"), &fault.message);
  sc_kinesis_error_set(&v->error, &fault);
  if (!passes(&v->error)) {
    sc_error_prefix(&v->error, "line %llu", (unsigned long long)e->line);
    fail(s, &v->error);
    return;
  }
  bool throttled = v->error.class == SC_CLASS_THROTTLE;
  v->failed++;
  v->throttled += throttled;
  sc_put_queue_failed(s->queue, e, throttled ? SC_PUT_THROTTLED : SC_PUT_FAILED, v->unit, now_ms);
}

static void judge(struct slot *slot, struct sc_put_entry *e, struct sc_json record, struct verdicts *v,
                  int64_t now_ms) {
  if (!sc_json_absent(sc_json_get(record, "ErrorCode"))) {
    entry_failed(slot, e, record, v, now_ms);
    return;
  }
  v->put++;
  slot->sender->counts.put_bytes += e->data_bytes;
  sc_put_queue_confirmed(slot->sender->queue, e, now_ms);
}

static void account(struct slot *slot, const struct verdicts *v, int64_t now_ms) {
  struct sc_put_sender *s = slot->sender;
  SC_ASSERT(v->put + v->failed <= slot->n_entries);
  s->counts.put += v->put;
  s->counts.retried += v->failed;
  s->counts.throttled += v->throttled;
  if (v->put > 0) s->progress_ms = now_ms;
  sc_put_queue_replied(s->queue, v->put, v->throttled, now_ms);
  if (v->failed == 0) return;
  note_retry(&v->error, v->failed);
  check_patience(s, &v->error, now_ms);
}

/* Every record of the request has its answer, at its place. */
static bool has_all(struct sc_json records, uint32_t n) {
  struct sc_json_iter it = sc_json_walk(records);
  uint32_t found = 0;
  for (struct sc_json record; sc_json_next(&it, NULL, &record); found++)
    if (sc_json_absent(sc_json_get(record, "ErrorCode")) && sc_json_absent(sc_json_get(record, "SequenceNumber")))
      return false;
  return found == n;
}

static int reply_came(struct slot *slot, int64_t now_ms, struct sc_error *err) {
  struct verdicts verdicts = {.unit = sc_random_unit(&slot->sender->random)};
  struct sc_json root, record;
  int rc = sc_jsondoc_parse(slot->sender->ch.doc, sc_buf_view(&slot->base.text), &root, err);
  if (rc != SC_OK) return rc;
  struct sc_json records = sc_json_get(root, "Records");
  if (!has_all(records, slot->n_entries))
    return sc_error_set(err, SC_E_PROTOCOL, "a reply that does not answer for each of %u records", slot->n_entries);
  struct sc_json_iter it = sc_json_walk(records);
  for (struct sc_put_entry *e; (e = STAILQ_FIRST(&slot->entries)) != NULL && sc_json_next(&it, NULL, &record);) {
    STAILQ_REMOVE_HEAD(&slot->entries, next); /* the verdict frees it, or puts it into another list */
    judge(slot, e, record, &verdicts, now_ms);
  }
  account(slot, &verdicts, now_ms);
  return SC_OK;
}

/* ---- receiving ---- */

static int on_data(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  struct slot *slot = arg;
  (void)head;
  if (chunk.len > REPLY_BYTES_MAX - slot->base.text.len)
    return sc_error_set(err, SC_E_PROTOCOL, "a reply of more than %zu bytes", REPLY_BYTES_MAX);
  sc_buf_add_slice(&slot->base.text, chunk);
  return SC_OK;
}

static bool on_resume(void *arg) {
  (void)arg;
  return true;
}

static void on_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct slot *slot = arg;
  struct sc_put_sender *s = slot->sender;
  int64_t now_ms = sc_clock_mono_ms();
  if (sc_kinesis_channel_done(&s->ch, &slot->base, OPERATION, NULL, head, err) == SC_OK &&
      reply_came(slot, now_ms, err) != SC_OK)
    sc_error_prefix(err, "%s at %s", OPERATION, slot->base.request.url);
  if (err->code != SC_OK) call_failed(slot, err, now_ms);
  give_slot(slot);
}

static const struct sc_http_receiver receiver = {on_data, on_resume, on_done};

/* ---- sending ---- */

/* The whole body, in one allocation of its size. */
static void write_body(struct slot *slot) {
  struct sc_buf *body = &slot->base.request.body;
  const struct sc_put_entry *e;
  sc_kinesis_open_put_records(slot->sender->ch.k, body);
  size_t len = body->len + 3;
  STAILQ_FOREACH(e, &slot->entries, next) len += e->text_len + 1;
  if (body->cap < len) {
    body->ptr = sc_realloc(body->ptr, len);
    body->cap = len;
  }
  STAILQ_FOREACH(e, &slot->entries, next) {
    sc_buf_add(body, e->text, e->text_len);
    sc_buf_add_char(body, STAILQ_NEXT(e, next) != NULL ? ',' : ']');
  }
  sc_buf_add_char(body, '}');
}

static void send_call(struct sc_put_sender *s, struct sc_put_entries *entries, uint32_t n) {
  struct slot *slot = sc_kinesis_channel_take(&s->ch);
  struct sc_error err;
  sc_error_clear(&err);
  slot->sender = s;
  STAILQ_INIT(&slot->entries);
  STAILQ_CONCAT(&slot->entries, entries);
  slot->n_entries = n;
  write_body(slot);
  s->counts.calls++;
  int64_t timeout_ms = SC_HTTP_CALL_TIMEOUT_MS + (int64_t)(slot->base.request.body.len / BODY_BYTES_PER_MS);
  if (sc_kinesis_channel_send(&s->ch, &slot->base, OPERATION, timeout_ms, &receiver, &err) == SC_OK) return;
  call_failed(slot, &err, sc_clock_mono_ms());
  give_slot(slot);
}

void sc_put_sender_start(struct sc_put_sender *s, bool end) {
  while (s->ch.n_active < s->ch.most_active && !s->has_failed) {
    struct sc_put_entries entries;
    int64_t now_ms = sc_clock_mono_ms();
    bool idle = s->ch.n_active == 0 && sc_put_queue_sent(s->queue) == 0;
    uint32_t n = sc_put_queue_take(s->queue, now_ms, end, &entries);
    if (n == 0) return;
    if (idle) s->progress_ms = now_ms;
    send_call(s, &entries, n);
  }
}

void sc_put_sender_poll(struct sc_put_sender *s, int watched, int timeout_ms) {
  sc_http_watch(s->ch.loop, watched);
  sc_http_poll(s->ch.loop, timeout_ms);
}

/* ---- the sender ---- */

int sc_put_sender_new(struct sc_kinesis *k, struct sc_put_queue *queue, struct sc_park *park, uint32_t most_calls,
                      uint64_t seed, struct sc_put_sender **out, struct sc_error *err) {
  struct sc_put_sender *s = sc_alloc_zero(1, sizeof(*s));
  s->queue = queue;
  sc_random_init(&s->random, seed);
  int rc = sc_kinesis_channel_init(&s->ch, k, park, most_calls, sizeof(struct slot), err);
  if (rc != SC_OK) sc_put_sender_free(s);
  *out = rc == SC_OK ? s : NULL;
  return rc;
}

void sc_put_sender_free(struct sc_put_sender *s) {
  if (s == NULL) return;
  sc_kinesis_channel_fini(&s->ch);
  free(s);
}

int64_t sc_put_sender_due_ms(const struct sc_put_sender *s, bool end) {
  return s->has_failed || s->ch.n_active == s->ch.most_active ? INT64_MAX : sc_put_queue_due_ms(s->queue, end);
}

uint32_t sc_put_sender_calls(const struct sc_put_sender *s) { return s->ch.n_active; }
const struct sc_error *sc_put_sender_failure(const struct sc_put_sender *s) {
  return s->has_failed ? &s->failure : NULL;
}
const struct sc_put_counts *sc_put_sender_counts(const struct sc_put_sender *s) { return &s->counts; }
