#include "net/put/sender.h"

#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/base/random.h"
#include "net/kinesis/kinesis.h"
#include "net/kinesis/kinesis_error.h"

#define OPERATION "PutRecords"
#define REPLY_BYTES_MAX ((size_t)4 << 20) /* 500 entries of 8 KiB: far more than the service ever says */
#define BODY_BYTES_PER_MS 32
#define STORM_WINDOW_MS 10000

/* One call; from a pool. */
struct flight {
  struct flight *next; /* in the pool, or among those under way */
  struct sc_put_sender *sender;
  struct sc_http_transfer *transfer;
  struct sc_kinesis_request request;
  struct sc_buf reply;
  struct sc_put_entry *entries;
  uint32_t n_entries;
};

struct sc_put_sender {
  struct sc_kinesis *k;
  struct sc_put_queue *queue;
  struct sc_signer *signer;
  struct sc_http_loop *loop;
  struct sc_jsondoc *doc;
  struct flight *pool, *active;
  uint32_t n_active, most_active;
  struct sc_put_counts counts;
  struct sc_random random;
  int64_t progress_ms; /* when something was put last, or began to be tried */
  bool has_failed;
  struct sc_error failure;
};

/* ---- flights ---- */

static struct flight *take_flight(struct sc_put_sender *s) {
  struct flight *f = s->pool;
  if (f != NULL) {
    s->pool = f->next;
  } else {
    f = sc_alloc_zero(1, sizeof(*f));
    f->sender = s;
  }
  sc_buf_clear(&f->reply);
  f->next = s->active;
  s->active = f;
  s->n_active++;
  return f;
}

static void give_flight(struct flight *f) {
  struct sc_put_sender *s = f->sender;
  struct flight **at = &s->active;
  while (*at != f) at = &(*at)->next;
  *at = f->next;
  s->n_active--;
  if (f->request.body.cap > SC_PUT_KEEP_BYTES) sc_buf_fini(&f->request.body);
  if (f->reply.cap > SC_PUT_KEEP_BYTES) sc_buf_fini(&f->reply);
  f->entries = NULL;
  f->n_entries = 0;
  f->transfer = NULL;
  f->next = s->pool;
  s->pool = f;
}

static void free_flights(struct flight *f) {
  for (struct flight *next; f != NULL; f = next) {
    next = f->next;
    sc_kinesis_request_fini(&f->request);
    sc_buf_fini(&f->reply);
    free(f);
  }
}

/* ---- what became of a call ---- */

static void fail(struct sc_put_sender *s, const struct sc_error *err) {
  if (s->has_failed) return;
  s->has_failed = true;
  s->failure = *err;
}

static void name_lines(const struct flight *f, struct sc_error *err) {
  uint64_t first = UINT64_MAX, last = 0;
  for (const struct sc_put_entry *e = f->entries; e != NULL; e = e->next) {
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
  static struct sc_log_window window;
  uint64_t more = 0;
  if (sc_log_due(&window, STORM_WINDOW_MS, &more))
    sc_log(SC_WARN, err->text, "records_again=%u suppressed=%llu", entries, (unsigned long long)more);
}

/* Gives up when nothing but failures came for long. */
static void check_patience(struct sc_put_sender *s, const struct sc_error *err, int64_t now_ms) {
  if (err->class == SC_CLASS_THROTTLE) s->progress_ms = now_ms;
  if (now_ms - s->progress_ms >= SC_PUT_PATIENCE_MS) fail(s, err);
}

static void call_failed(struct flight *f, struct sc_error *err, int64_t now_ms) {
  struct sc_put_sender *s = f->sender;
  bool throttled = err->class == SC_CLASS_THROTTLE;
  double unit = sc_random_unit(&s->random);
  if (!passes(err)) {
    if (err->class == SC_CLASS_FATAL) name_lines(f, err);
    fail(s, err);
    return;
  }
  for (struct sc_put_entry *e = f->entries, *next; e != NULL; e = next) {
    next = e->next;
    sc_put_queue_failed(s->queue, e, throttled ? SC_PUT_CALL_THROTTLED : SC_PUT_FAILED, unit, now_ms);
  }
  s->counts.retried_calls++;
  s->counts.retried += f->n_entries;
  if (throttled) s->counts.throttled += f->n_entries;
  sc_metric_add(sc_metrics_mine(), throttled ? SC_M_THROTTLED : SC_M_RETRIED, 1);
  note_retry(err, f->n_entries);
  sc_put_queue_replied(s->queue, 0, throttled ? f->n_entries : 0, now_ms);
  check_patience(s, err, now_ms);
}

/* The reply's verdicts on the entries, as they come. */
struct verdicts {
  uint32_t put, failed, throttled;
  double unit;
  struct sc_error error; /* the last one's */
};

static void entry_failed(struct flight *f, struct sc_put_entry *e, struct sc_json record, struct verdicts *v,
                         int64_t now_ms) {
  struct sc_put_sender *s = f->sender;
  struct sc_kinesis_fault fault = {.status = 200, .operation = OPERATION, .where = s->k->described};
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

static void judge(struct flight *f, struct sc_put_entry *e, struct sc_json record, struct verdicts *v, int64_t now_ms) {
  if (!sc_json_absent(sc_json_get(record, "ErrorCode"))) {
    entry_failed(f, e, record, v, now_ms);
    return;
  }
  v->put++;
  f->sender->counts.put_bytes += e->data_bytes;
  sc_put_queue_confirmed(f->sender->queue, e, now_ms);
}

static void account(struct flight *f, const struct verdicts *v, int64_t now_ms) {
  struct sc_put_sender *s = f->sender;
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

static int reply_came(struct flight *f, int64_t now_ms, struct sc_error *err) {
  struct verdicts verdicts = {.unit = sc_random_unit(&f->sender->random)};
  struct sc_json root, record;
  int rc = sc_jsondoc_parse(f->sender->doc, sc_buf_view(&f->reply), &root, err);
  if (rc != SC_OK) return rc;
  struct sc_json records = sc_json_get(root, "Records");
  if (!has_all(records, f->n_entries))
    return sc_error_set(err, SC_E_PROTOCOL, "a reply that does not answer for each of %u records", f->n_entries);
  struct sc_json_iter it = sc_json_walk(records);
  for (struct sc_put_entry *e = f->entries, *next; e != NULL && sc_json_next(&it, NULL, &record); e = next) {
    next = e->next;
    judge(f, e, record, &verdicts, now_ms);
  }
  account(f, &verdicts, now_ms);
  return SC_OK;
}

/* ---- receiving ---- */

static int on_data(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  struct flight *f = arg;
  (void)head;
  if (chunk.len > REPLY_BYTES_MAX - f->reply.len)
    return sc_error_set(err, SC_E_PROTOCOL, "a reply of more than %zu bytes", REPLY_BYTES_MAX);
  sc_buf_add_slice(&f->reply, chunk);
  return SC_OK;
}

static bool on_resume(void *arg) {
  (void)arg;
  return true;
}

static void on_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct flight *f = arg;
  struct sc_put_sender *s = f->sender;
  int64_t now_ms = sc_clock_mono_ms();
  if (err->code == SC_OK && head->status != 200) {
    sc_kinesis_failed(s->k, s->doc, OPERATION, NULL, head, sc_buf_view(&f->reply), err);
  } else {
    if (err->code == SC_OK) reply_came(f, now_ms, err);
    if (err->code != SC_OK) sc_error_prefix(err, "%s at %s", OPERATION, f->request.url);
  }
  if (err->code != SC_OK) call_failed(f, err, now_ms);
  give_flight(f);
}

static const struct sc_http_receiver receiver = {on_data, on_resume, on_done};

/* ---- sending ---- */

/* The body whole, in one allocation of its size. */
static void write_body(struct flight *f) {
  struct sc_buf *body = &f->request.body;
  sc_kinesis_open_put_records(f->sender->k, body);
  size_t len = body->len + 3;
  for (const struct sc_put_entry *e = f->entries; e != NULL; e = e->next) len += e->text_len + 1;
  if (body->cap < len) {
    body->ptr = sc_realloc(body->ptr, len);
    body->cap = len;
  }
  for (const struct sc_put_entry *e = f->entries; e != NULL; e = e->next) {
    sc_buf_add(body, e->text, e->text_len);
    sc_buf_add_char(body, e->next != NULL ? ',' : ']');
  }
  sc_buf_add_char(body, '}');
}

static void send_call(struct sc_put_sender *s, struct sc_put_entry *entries, uint32_t n) {
  struct flight *f = take_flight(s);
  struct sc_error err;
  sc_error_clear(&err);
  f->entries = entries;
  f->n_entries = n;
  write_body(f);
  s->counts.calls++;
  sc_metric_add(sc_metrics_mine(), SC_M_CALLS, 1);
  if (sc_kinesis_sign(s->k, s->signer, SC_ENDPOINT_DATA, OPERATION, &f->request, &err) == SC_OK) {
    struct sc_http_request request = {
        .url = f->request.url,
        .headers = f->request.headers,
        .body = sc_buf_view(&f->request.body),
        .timeout_ms = SC_HTTP_CALL_TIMEOUT_MS + (int64_t)(f->request.body.len / BODY_BYTES_PER_MS),
        .receiver = &receiver,
        .arg = f};
    f->transfer = sc_http_start(s->loop, &request, &err);
  }
  if (f->transfer != NULL) return;
  call_failed(f, &err, sc_clock_mono_ms());
  give_flight(f);
}

void sc_put_sender_start(struct sc_put_sender *s, bool end) {
  while (s->n_active < s->most_active && !s->has_failed) {
    uint32_t n;
    int64_t now_ms = sc_clock_mono_ms();
    bool idle = s->n_active == 0 && sc_put_queue_sent(s->queue) == 0;
    struct sc_put_entry *entries = sc_put_queue_take(s->queue, now_ms, end, &n);
    if (entries == NULL) return;
    if (idle) s->progress_ms = now_ms;
    send_call(s, entries, n);
  }
}

void sc_put_sender_poll(struct sc_put_sender *s, int watched, int timeout_ms) {
  sc_http_watch(s->loop, watched);
  sc_http_poll(s->loop, timeout_ms);
}

/* ---- the sender ---- */

int sc_put_sender_new(struct sc_kinesis *k, struct sc_put_queue *queue, struct sc_park *park, uint32_t most_calls,
                      uint64_t seed, struct sc_put_sender **out, struct sc_error *err) {
  SC_ASSERT(most_calls >= 1 && most_calls <= SC_HTTP_CONNECTIONS_MAX);
  struct sc_put_sender *s = sc_alloc_zero(1, sizeof(*s));
  s->k = k;
  s->queue = queue;
  s->most_active = most_calls;
  s->doc = sc_jsondoc_new();
  sc_random_init(&s->random, seed);
  *out = s;
  if (sc_signer_new(k->endpoint.region, "kinesis", &s->signer, err) == SC_OK &&
      sc_http_loop_new(k->http, park, most_calls, &s->loop, err) == SC_OK)
    return SC_OK;
  sc_put_sender_free(s);
  *out = NULL;
  return err->code;
}

void sc_put_sender_free(struct sc_put_sender *s) {
  if (s == NULL) return;
  sc_http_loop_free(s->loop);
  free_flights(s->active);
  free_flights(s->pool);
  sc_jsondoc_free(s->doc);
  sc_signer_free(s->signer);
  free(s);
}

int64_t sc_put_sender_due_ms(const struct sc_put_sender *s, bool end) {
  return s->has_failed || s->n_active == s->most_active ? INT64_MAX : sc_put_queue_due_ms(s->queue, end);
}

uint32_t sc_put_sender_calls(const struct sc_put_sender *s) { return s->n_active; }
const struct sc_error *sc_put_sender_failure(const struct sc_put_sender *s) {
  return s->has_failed ? &s->failure : NULL;
}
const struct sc_put_counts *sc_put_sender_counts(const struct sc_put_sender *s) { return &s->counts; }
