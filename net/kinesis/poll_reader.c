#include "net/kinesis/poll_reader.h"

#include <stdlib.h>
#include <string.h>

#include "codec/kinesis/reply_scan.h"
#include "codec/kinesis/reply_scan_cbor.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "net/http/body.h"
#include "net/kinesis/kinesis.h"
#include "net/kinesis/kinesis_cbor.h"

#define TEXT_BYTES_MAX ((size_t)64 << 10) /* an iterator's reply, or what is kept of an error's */
#define FULL_BYTES ((size_t)1 << 20)      /* a page of this size may have been cut by the service's own limit */

/* One call under way; from a pool. */
struct flight {
  struct flight *next; /* in the pool */
  struct sc_reader *reader;
  struct sc_call *call;
  struct sc_http_transfer *transfer;
  struct sc_kinesis_request request;
  struct sc_buf text;
  struct sc_body body;
  union {
    struct sc_reply_scan json;
    struct sc_reply_scan_cbor cbor;
  } scan;
  bool begun;
  bool is_cbor; /* the reply, by its first byte: a service may answer in JSON what was asked in CBOR */
};

struct list {
  struct sc_call *first, **last;
};

struct sc_reader {
  struct sc_kinesis *k;
  struct sc_reader_config config;
  struct sc_signer *signer;
  struct sc_http_loop *loop;
  struct sc_jsondoc *doc;
  struct flight *pool;
  struct list waiting, done;
  struct sc_call **active; /* config.max_in_flight places, n_active in use */
  uint32_t n_active, most_active;
  uint64_t pauses;
};

static const struct sc_http_receiver receiver;

/* ---- lists of calls ---- */

static void push(struct list *list, struct sc_call *call) {
  call->next = NULL;
  *list->last = call;
  list->last = &call->next;
}

static struct sc_call *pop(struct list *list) {
  struct sc_call *call = list->first;
  if (call == NULL) return NULL;
  list->first = call->next;
  if (list->first == NULL) list->last = &list->first;
  call->next = NULL;
  return call;
}

static bool take_out(struct list *list, struct sc_call *call) {
  for (struct sc_call **at = &list->first; *at; at = &(*at)->next) {
    if (*at != call) continue;
    *at = call->next;
    if (*at == NULL) list->last = at;
    return true;
  }
  return false;
}

/* ---- flights ---- */

static struct flight *take_flight(struct sc_reader *r) {
  struct flight *f = r->pool;
  if (f != NULL) {
    r->pool = f->next;
  } else {
    f = sc_alloc_zero(1, sizeof(*f));
    f->reader = r;
    sc_body_init(&f->body, r->config.budget, r->config.largest_reply_bytes);
  }
  return f;
}

static void give_flight(struct flight *f) {
  sc_body_drop(&f->body);
  f->call = NULL;
  f->next = f->reader->pool;
  f->reader->pool = f;
}

static void free_flight(struct flight *f) {
  sc_kinesis_request_fini(&f->request);
  sc_buf_fini(&f->text);
  free(f);
}

static void add_active(struct sc_reader *r, struct sc_call *call) {
  SC_ASSERT(r->n_active < r->most_active);
  r->active[r->n_active++] = call;
}

static void remove_active(struct sc_reader *r, const struct sc_call *call) {
  uint32_t i = 0;
  while (i < r->n_active && r->active[i] != call) i++;
  SC_ASSERT(i < r->n_active);
  r->active[i] = r->active[--r->n_active];
}

/* The call comes out of next; its flight goes back to the pool. */
static void land(struct flight *f) {
  struct sc_call *call = f->call;
  call->impl = NULL;
  give_flight(f);
  push(&f->reader->done, call);
}

static const char *operation_of(const struct sc_call *call) {
  return call->kind == SC_CALL_ITERATOR ? "GetShardIterator" : "GetRecords";
}

static void write_get_records(struct sc_reader *r, struct flight *f) {
  struct sc_kinesis *k = r->k;
  const struct sc_call *call = f->call;
  f->request.is_cbor = k->asks_cbor && !atomic_load_explicit(&k->cbor_refused, memory_order_relaxed);
  if (!f->request.is_cbor) sc_kinesis_write_get_records(k, &f->request.body, call->iterator, call->limit);
  else
    sc_kinesis_cbor_write_get_records(&f->request.body, k->arn[0] && k->endpoint.aws ? k->arn : NULL, call->iterator,
                                      call->limit);
}

static void write_body(struct sc_reader *r, struct flight *f) {
  const struct sc_call *call = f->call;
  if (call->kind == SC_CALL_RECORDS) {
    write_get_records(r, f);
    return;
  }
  f->request.is_cbor = false;
  sc_kinesis_write_get_iterator(r->k, &f->request.body, call->shard->id, &call->position);
}

/* Writes, signs and sends; false and the call's error when that fails. */
static bool start_flight(struct flight *f) {
  struct sc_reader *r = f->reader;
  struct sc_call *call = f->call;
  sc_buf_clear(&f->text);
  f->begun = false;
  f->transfer = NULL;
  write_body(r, f);
  sc_metric_add(sc_metrics_mine(), SC_M_CALLS, 1);
  if (sc_kinesis_sign(r->k, r->signer, SC_ENDPOINT_DATA, operation_of(call), &f->request, &call->error)) return false;
  struct sc_http_request request = {.url = f->request.url,
                                    .headers = f->request.headers,
                                    .body = sc_buf_view(&f->request.body),
                                    .timeout_ms = SC_HTTP_CALL_TIMEOUT_MS,
                                    .receiver = &receiver,
                                    .arg = f};
  f->transfer = sc_http_start(r->loop, &request, &call->error);
  return f->transfer != NULL;
}

static void send_call(struct sc_reader *r, struct sc_call *call) {
  struct flight *f = take_flight(r);
  f->call = call;
  call->impl = f;
  if (start_flight(f)) add_active(r, call);
  else land(f);
}

static void send_waiting(struct sc_reader *r) {
  while (r->n_active < r->most_active && r->waiting.first != NULL) send_call(r, pop(&r->waiting));
}

/* ---- receiving ---- */

static bool wants_batch(const struct flight *f, const struct sc_http_head *head) {
  return f->call->kind == SC_CALL_RECORDS && head->status == 200;
}

static int keep_text(struct flight *f, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  size_t room = TEXT_BYTES_MAX - f->text.len;
  if (chunk.len > room && head->status == 200)
    return sc_error_set(err, SC_E_PROTOCOL, "a reply of more than %zu bytes", TEXT_BYTES_MAX);
  sc_buf_add(&f->text, chunk.ptr, chunk.len < room ? chunk.len : room);
  return SC_OK;
}

static void begin_body(struct flight *f, const struct sc_http_head *head, struct sc_slice chunk) {
  sc_body_begin(&f->body, head->content_length);
  f->is_cbor = sc_kinesis_is_cbor(chunk);
  if (f->is_cbor) sc_reply_scan_cbor_init(&f->scan.cbor);
  else sc_reply_scan_init(&f->scan.json);
  f->begun = true;
}

static int on_data(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  struct flight *f = arg;
  if (!wants_batch(f, head)) return keep_text(f, head, chunk, err);
  if (!f->begun) begin_body(f, head, chunk);
  int rc = sc_body_add(&f->body, chunk, err);
  if (rc != SC_OK) return rc;
  struct sc_slice body = sc_body_view(&f->body);
  return f->is_cbor ? sc_reply_scan_cbor_feed(&f->scan.cbor, body.ptr, body.len, err)
                    : sc_reply_scan_feed(&f->scan.json, body.ptr, body.len, err);
}

static bool on_resume(void *arg) {
  struct flight *f = arg;
  return sc_body_resume(&f->body);
}

static void set_iterator(struct sc_call *call, const char *text, size_t len) {
  free(call->iterator);
  call->iterator = len ? sc_strndup(sc_slice_of(text, len)) : NULL;
}

static void iterator_came(struct flight *f, struct sc_error *err) {
  struct sc_json root;
  struct sc_slice iterator;
  if (sc_jsondoc_parse(f->reader->doc, sc_buf_view(&f->text), &root, err)) return;
  if (sc_json_str(sc_json_get(root, "ShardIterator"), &iterator) && iterator.len > 0 &&
      iterator.len <= SC_REPLY_ITERATOR_MAX && memchr(iterator.ptr, 0, iterator.len) == NULL)
    set_iterator(f->call, iterator.ptr, iterator.len);
  else sc_error_set(err, SC_E_PROTOCOL, "a reply without a ShardIterator");
}

/* Base64 counts as what it stands for: the service's pace is one of data. */
static size_t paced_bytes(const struct flight *f, size_t body_len) { return f->is_cbor ? body_len : body_len / 4 * 3; }

static void fill_reply(struct flight *f, const struct sc_reply_facts *facts, size_t body_len) {
  f->call->reply = (struct sc_reply){.n_records = facts->n_records,
                                     .body_bytes = paced_bytes(f, body_len),
                                     .full = facts->n_records >= f->call->limit || body_len >= FULL_BYTES,
                                     .has_next = facts->iterator_len > 0,
                                     .has_children = facts->has_children,
                                     .behind_ms = facts->millis_behind,
                                     .last = facts->last};
}

static int read_facts(struct flight *f, struct sc_slice body, struct sc_reply_facts *facts, struct sc_error *err) {
  if (!f->begun) return sc_error_set(err, SC_E_PROTOCOL, "an empty reply");
  return f->is_cbor ? sc_reply_scan_cbor_finish(&f->scan.cbor, body.ptr, body.len, facts, err)
                    : sc_reply_scan_finish(&f->scan.json, body.ptr, body.len, facts, err);
}

static void records_came(struct flight *f, struct sc_error *err) {
  struct sc_reply_facts facts;
  struct sc_call *call = f->call;
  struct sc_slice body = sc_body_view(&f->body);
  if (read_facts(f, body, &facts, err)) return;
  fill_reply(f, &facts, body.len);
  set_iterator(call, facts.iterator, facts.iterator_len);
  sc_metric_add(sc_metrics_mine(), SC_M_BODY_BYTES, body.len);
  if (facts.n_records == 0) return;
  call->batch = sc_body_take(&f->body);
  call->batch->envelope = f->is_cbor ? SC_ENVELOPE_CBOR : SC_ENVELOPE_JSON;
  call->batch->n_records = facts.n_records;
}

static void reply_came(struct flight *f, const struct sc_http_head *head, struct sc_error *err) {
  const struct sc_call *call = f->call;
  const char *operation = operation_of(call);
  struct sc_reader *r = f->reader;
  if (err->code == SC_OK && head->status != 200) {
    sc_kinesis_failed(r->k, r->doc, operation, call->shard->id, head, sc_buf_view(&f->text), err);
    return;
  }
  if (err->code == SC_OK) {
    if (call->kind == SC_CALL_ITERATOR) iterator_came(f, err);
    else records_came(f, err);
  }
  if (err->code != SC_OK) sc_error_prefix(err, "%s at %s", operation, f->request.url);
}

/* The service does not speak CBOR: the call goes on in JSON, and so does every later one. True when it does. */
static bool falls_back(struct flight *f, struct sc_error *err) {
  struct sc_kinesis *k = f->reader->k;
  if (!f->request.is_cbor || !sc_kinesis_cbor_is_refused(err)) return false;
  if (!k->may_fall_back) {
    sc_error_hint(err, "--protocol=json asks for records in JSON");
    return false;
  }
  if (!atomic_exchange(&k->cbor_refused, true))
    sc_log(SC_WARN, "the service refuses CBOR: reading in JSON", "reason=\"%s\"", err->text);
  return true;
}

static void on_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct flight *f = arg;
  struct sc_call *call = f->call;
  reply_came(f, head, err);
  if (err->code != SC_OK && falls_back(f, err)) {
    if (start_flight(f)) return;
    *err = call->error;
  }
  call->error = *err;
  if (err->code != SC_OK) memcpy(call->error.shard, call->shard->id, strlen(call->shard->id) + 1);
  call->service_ms = head->date_ms;
  remove_active(f->reader, call);
  land(f);
}

static const struct sc_http_receiver receiver = {on_data, on_resume, on_done};

/* ---- the reader ---- */

int sc_kinesis_reader_new(struct sc_kinesis *k, const struct sc_reader_config *config, struct sc_reader **out,
                          struct sc_error *err) {
  SC_ASSERT(config->max_in_flight >= 1);
  uint32_t most = config->max_in_flight < SC_HTTP_CONNECTIONS_MAX ? config->max_in_flight : SC_HTTP_CONNECTIONS_MAX;
  struct sc_reader *r = sc_alloc_zero(1, sizeof(*r));
  *out = r;
  r->k = k;
  r->config = *config;
  r->most_active = most;
  r->active = sc_alloc_zero(most, sizeof(*r->active));
  r->waiting.last = &r->waiting.first;
  r->done.last = &r->done.first;
  r->doc = sc_jsondoc_new();
  if (sc_signer_new(k->endpoint.region, "kinesis", &r->signer, err) == SC_OK &&
      sc_http_loop_new(k->http, config->park, most, &r->loop, err) == SC_OK) {
    sc_http_time(r->loop, config->timings);
    return SC_OK;
  }
  sc_kinesis_reader_free(r);
  *out = NULL;
  return err->code;
}

void sc_kinesis_reader_free(struct sc_reader *r) {
  if (r == NULL) return;
  while (r->n_active > 0) sc_kinesis_reader_cancel(r, r->active[0]);
  for (struct sc_call *call; (call = pop(&r->done));) {
    sc_batch_free(call->batch);
    call->batch = NULL;
  }
  sc_http_loop_free(r->loop);
  for (struct flight *f = r->pool, *next; f != NULL; f = next) {
    next = f->next;
    free_flight(f);
  }
  sc_jsondoc_free(r->doc);
  sc_signer_free(r->signer);
  free(r->active);
  free(r);
}

void sc_kinesis_reader_start(struct sc_reader *r, struct sc_call *call) {
  SC_ASSERT(call->kind == SC_CALL_ITERATOR || (call->iterator && call->limit >= 1 && call->limit <= SC_RECORDS_MAX));
  sc_error_clear(&call->error);
  call->impl = NULL;
  call->batch = NULL;
  call->service_ms = 0;
  push(&r->waiting, call);
  send_waiting(r);
}

void sc_kinesis_reader_poll(struct sc_reader *r, int timeout_ms) {
  send_waiting(r);
  sc_http_poll(r->loop, r->done.first != NULL ? 0 : timeout_ms);
  send_waiting(r);
  uint64_t pauses = sc_http_pauses(r->loop);
  if (pauses != r->pauses) sc_metric_add(sc_metrics_mine(), SC_M_PAUSES, pauses - r->pauses);
  r->pauses = pauses;
}

struct sc_call *sc_kinesis_reader_next(struct sc_reader *r) {
  return pop(&r->done);
}

void sc_kinesis_reader_cancel(struct sc_reader *r, struct sc_call *call) {
  struct flight *f = call->impl;
  if (f != NULL) {
    sc_http_cancel(r->loop, f->transfer);
    remove_active(r, call);
  } else if (!take_out(&r->waiting, call)) {
    return;
  }
  sc_error_set(&call->error, SC_E_STOPPED, "cancelled");
  if (f != NULL) land(f);
  else push(&r->done, call);
}
