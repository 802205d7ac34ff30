/* One subscription's bytes: from its stream to events, exceptions and the end. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "net/kinesis/fanout_reader_parts.h"
#include "net/kinesis/kinesis_error.h"

#define OPERATION "SubscribeToShard"
#define TEXT_BYTES_MAX ((size_t)64 << 10) /* what is kept of an error */
#define STREAM_MS 360000                  /* HTTP/1.1: a subscription lasts five minutes, and nothing is timed here */
#define WINDOW_LEAST_BYTES ((size_t)64 << 10)

static const struct sc_http2_receiver receiver2;
static const struct sc_http_receiver receiver1;

void sc_fanout_place_init(struct sc_fanout_place *p) {
  sc_body_init(&p->body, p->reader->config.budget, p->reader->config.largest_reply_bytes);
  sc_event_decoder_init(&p->decoder);
}

void sc_fanout_place_fini(struct sc_fanout_place *p) {
  sc_fanout_drop(p, 0);
  sc_event_decoder_fini(&p->decoder);
  sc_kinesis_request_fini(&p->call);
  sc_buf_fini(&p->text);
}

/* ---- windows ---- */

/* A power of two, so that a few shards more or less change nothing. */
static size_t window_bytes(const struct sc_fanout_reader *r) {
  size_t quarter = sc_budget_limit(r->config.budget, SC_POOL_BODIES) / 4;
  uint32_t n = atomic_load_explicit(&r->fanout->subscriptions, memory_order_relaxed);
  size_t window = SC_HTTP2_WINDOW_BYTES;
  while (window > WINDOW_LEAST_BYTES && window * n > quarter) window /= 2;
  return window;
}

int sc_fanout_check_memory(const struct sc_fanout_place *p, struct sc_error *err) {
  const struct sc_fanout_reader *r = p->reader;
  size_t pool = sc_budget_limit(r->config.budget, SC_POOL_BODIES);
  uint32_t n = atomic_load_explicit(&r->fanout->subscriptions, memory_order_relaxed);
  size_t least = WINDOW_LEAST_BYTES * n;
  if (least <= pool / 2) return SC_OK;
  sc_error_set(err, SC_E_MEMORY, "--memory is too small: %u subscriptions need %zu MiB for their windows alone", n,
               (least >> 20) + 1);
  sc_error_hint(err, "%zu MiB more of --memory, or --reader=polling", ((2 * least - pool) >> 20) + 1);
  return err->code;
}

bool sc_fanout_take_window(struct sc_fanout_place *p) {
  size_t window = window_bytes(p->reader);
  if (p->window_bytes > 0) return true;
  if (!sc_budget_take(p->reader->config.budget, SC_POOL_BODIES, window)) return false;
  if (p->reader->http2 != NULL) sc_http2_set_window(p->reader->http2, (uint32_t)window);
  p->window_bytes = window;
  return true;
}

static void give_window(struct sc_fanout_place *p) {
  if (p->window_bytes > 0) sc_budget_give(p->reader->config.budget, SC_POOL_BODIES, p->window_bytes);
  p->window_bytes = 0;
}

static size_t pending_bytes(const struct sc_fanout_place *p) { return p->pending.len - p->pending_at; }

static bool has_window(const struct sc_fanout_place *p) {
  if (p->stream != NULL) return sc_http2_has_window(p->stream);
  return p->transfer != NULL && pending_bytes(p) < p->window_bytes;
}

static void note_window(struct sc_fanout_place *p) {
  sc_subscription_window(&p->machine, has_window(p), sc_clock_mono_ms());
  sc_fanout_schedule(p);
}

static void consume(struct sc_fanout_place *p, size_t bytes) {
  if (p->stream != NULL) sc_http2_consume(p->stream, bytes);
}

/* ---- the stream ---- */

/* Nothing is left of the last stream. */
static void clear(struct sc_fanout_place *p) {
  sc_event_decoder_reset(&p->decoder);
  sc_body_drop(&p->body);
  sc_buf_fini(&p->pending);
  sc_buf_clear(&p->text);
  p->pending_at = 0;
  p->gate = SC_FANOUT_OPEN;
  p->is_ready = p->is_over = p->to_cancel = false;
  give_window(p);
}

void sc_fanout_drop(struct sc_fanout_place *p, int64_t silent_ms) {
  if (p->stream != NULL) sc_http2_cancel(p->stream, silent_ms);
  if (p->transfer != NULL) sc_http_cancel(p->reader->ch.loop, p->transfer);
  p->stream = NULL;
  p->transfer = NULL;
  clear(p);
}

int sc_fanout_subscribe(struct sc_fanout_place *p, struct sc_error *err) {
  struct sc_fanout_reader *r = p->reader;
  SC_ASSERT(p->stream == NULL && p->transfer == NULL && p->window_bytes > 0);
  p->generation = sc_fanout_arn(r->fanout, r->arn);
  p->call.is_cbor = false;
  p->date_ms = 0;
  sc_kinesis_write_subscribe(&p->call.body, r->arn, p->shard->id, &p->machine.at);
  sc_metric_add(sc_metrics_mine(), SC_M_CALLS, 1);
  int rc = sc_kinesis_sign(r->ch.k, r->ch.signer, SC_ENDPOINT_DATA, OPERATION, &p->call, err);
  if (rc != SC_OK) return rc;
  if (r->http2 != NULL) {
    struct sc_http2_request request = {p->call.headers, sc_buf_view(&p->call.body), &receiver2, p};
    p->stream = sc_http2_start(r->http2, &request);
    return SC_OK;
  }
  struct sc_http_request request = {.url = p->call.url,
                                    .headers = p->call.headers,
                                    .body = sc_buf_view(&p->call.body),
                                    .timeout_ms = STREAM_MS,
                                    .receiver = &receiver1,
                                    .arg = p};
  p->transfer = sc_http_start(r->ch.loop, &request, err);
  return p->transfer != NULL ? SC_OK : err->code;
}

/* ---- events ---- */

static int broken(struct sc_fanout_place *p, const char *what, struct sc_error *err) {
  return sc_error_set(err, SC_E_PROTOCOL, OPERATION " of %s: %s", p->shard->id, what);
}

/* The service's time now: Date of the head, and what has passed since. */
static int64_t service_ms(const struct sc_fanout_place *p) {
  return p->date_ms == 0 ? 0 : p->date_ms + sc_clock_mono_ms() - p->date_mono_ms;
}

static void fill_reply(struct sc_fanout_place *p, const struct sc_reply_facts *facts) {
  struct sc_request *request = p->request;
  request->reply = (struct sc_reply){.n_records = facts->n_records,
                                     .has_next = facts->iterator_len > 0,
                                     .has_children = facts->has_children,
                                     .behind_ms = facts->millis_behind,
                                     .last = facts->last};
  request->service_ms = service_ms(p);
  request->due_ms = 0;
  sc_metric_add(sc_metrics_mine(), SC_M_BODY_BYTES, sc_body_view(&p->body).len);
  if (facts->n_records == 0) {
    sc_body_drop(&p->body);
    return;
  }
  request->batch = sc_body_take(&p->body);
  request->batch->envelope = SC_ENVELOPE_JSON;
  request->batch->n_records = facts->n_records;
}

/* The event that is whole, to the request that stands. */
static int deliver(struct sc_fanout_place *p, struct sc_error *err) {
  struct sc_reply_facts facts;
  struct sc_sequence continuation;
  struct sc_slice body = sc_body_view(&p->body);
  p->is_ready = false;
  int rc = sc_reply_scan_finish(&p->scan, body.ptr, body.len, &facts, err);
  if (rc != SC_OK) return broken(p, err->text, err);
  bool has_next = facts.iterator_len > 0;
  if (has_next && !sc_sequence_parse(sc_slice_of(facts.iterator, facts.iterator_len), &continuation))
    return broken(p, "a wrong ContinuationSequenceNumber", err);
  fill_reply(p, &facts);
  p->knows_end = !has_next && facts.has_children;
  if (sc_subscription_event(&p->machine, has_next ? &continuation : NULL, sc_clock_mono_ms()) == SC_SUBSCRIPTION_CANCEL)
    p->to_cancel = true;
  sc_fanout_answer(p);
  return SC_OK;
}

/* An exception in the stream ends it: err says which. */
static int raise(struct sc_fanout_place *p, struct sc_error *err) {
  struct sc_fanout_reader *r = p->reader;
  struct sc_json root = {NULL, 0};
  struct sc_error ignored;
  bool is_exception = sc_slice_is(sc_event_stream_string(&p->decoder.frame, ":message-type"), "exception");
  struct sc_kinesis_fault fault = {.status = is_exception ? 400 : 500, /* an "error" is none the API knows */
                                   .operation = OPERATION,
                                   .shard_id = p->shard->id,
                                   .where = r->ch.k->described};
  fault.type = sc_event_stream_string(&p->decoder.frame, is_exception ? ":exception-type" : ":error-code");
  fault.message = sc_event_stream_string(&p->decoder.frame, ":error-message");
  if (sc_jsondoc_parse(r->ch.doc, sc_buf_view(&p->text), &root, &ignored) == SC_OK)
    if (!sc_json_str(sc_json_get(root, "message"), &fault.message))
      sc_json_str(sc_json_get(root, "Message"), &fault.message);
  return sc_kinesis_error_set(err, &fault);
}

/* ---- frames ---- */

static void begin_frame(struct sc_fanout_place *p) {
  const struct sc_event_stream_frame *frame = &p->decoder.frame;
  struct sc_slice kind = sc_event_stream_string(frame, ":message-type");
  sc_buf_clear(&p->text);
  p->frame = SC_FANOUT_SKIPPED;
  if (sc_slice_is(kind, "exception") || sc_slice_is(kind, "error")) p->frame = SC_FANOUT_EXCEPTION;
  if (!sc_slice_is(kind, "event")) return;
  if (!sc_slice_is(sc_event_stream_string(frame, ":event-type"), "SubscribeToShardEvent")) return;
  p->frame = SC_FANOUT_EVENT;
  p->gate = SC_FANOUT_NEEDS_REQUEST;
}

/* SC_AGAIN: the decoder waits. */
static int pass_gate(struct sc_fanout_place *p, struct sc_error *err) {
  if (p->gate == SC_FANOUT_OPEN) return SC_OK;
  if (p->request == NULL) return SC_AGAIN;
  if (p->gate == SC_FANOUT_NEEDS_REQUEST) sc_body_begin(&p->body, (int64_t)p->decoder.payload_bytes);
  bool is_first = p->gate == SC_FANOUT_NEEDS_REQUEST;
  p->gate = SC_FANOUT_NEEDS_CREDIT;
  int rc = sc_body_prepare(&p->body, err);
  if (rc == SC_AGAIN) {
    if (is_first) sc_metric_add(sc_metrics_mine(), SC_M_PAUSES, 1);
    sc_fanout_wait(p);
    return SC_AGAIN;
  }
  if (rc != SC_OK) return broken(p, err->text, err);
  sc_reply_scan_init_event(&p->scan);
  p->gate = SC_FANOUT_OPEN;
  return SC_OK;
}

static int take_payload(struct sc_fanout_place *p, struct sc_slice piece, struct sc_error *err) {
  if (p->frame == SC_FANOUT_SKIPPED) return SC_OK;
  if (p->frame == SC_FANOUT_EXCEPTION) {
    size_t room = TEXT_BYTES_MAX - p->text.len;
    sc_buf_add(&p->text, piece.ptr, piece.len < room ? piece.len : room);
    return SC_OK;
  }
  int rc = sc_body_add(&p->body, piece, err);
  SC_ASSERT(rc != SC_AGAIN);
  struct sc_slice body = sc_body_view(&p->body);
  if (rc == SC_OK) rc = sc_reply_scan_feed(&p->scan, body.ptr, body.len, err);
  return rc == SC_OK ? SC_OK : broken(p, err->text, err);
}

static int end_frame(struct sc_fanout_place *p, struct sc_error *err) {
  if (p->frame == SC_FANOUT_EXCEPTION) return raise(p, err);
  if (p->frame == SC_FANOUT_SKIPPED) return SC_OK;
  p->is_ready = true;
  return p->request != NULL ? deliver(p, err) : SC_OK;
}

/* Decodes as far as the gate allows; *bytes keeps the rest. Not SC_OK: the stream is of no use any more. */
static int decode(struct sc_fanout_place *p, struct sc_slice *bytes, struct sc_error *err) {
  struct sc_slice piece;
  const char *why = NULL;
  int rc = SC_OK;
  if (p->is_ready && p->request != NULL) rc = deliver(p, err);
  while (rc == SC_OK && !p->is_ready && !p->to_cancel) {
    rc = pass_gate(p, err);
    if (rc == SC_AGAIN) return SC_OK;
    if (rc != SC_OK || bytes->len == 0) return rc;
    switch (sc_event_decoder_step(&p->decoder, bytes, &piece, &why)) {
      case SC_EVENT_MORE:
        break;
      case SC_EVENT_HEAD:
        begin_frame(p);
        break;
      case SC_EVENT_PAYLOAD:
        rc = take_payload(p, piece, err);
        break;
      case SC_EVENT_END:
        rc = end_frame(p, err);
        break;
      case SC_EVENT_BROKEN:
        return broken(p, why, err);
    }
  }
  if (p->to_cancel) *bytes = sc_slice_of(NULL, 0); /* what is behind the end means nothing */
  return rc;
}

/* ---- the stream's end ---- */

static void finish(struct sc_fanout_place *p, struct sc_error *err) {
  if (err->code == SC_OK && !sc_event_decoder_is_between(&p->decoder)) broken(p, "an event is cut short", err);
  clear(p);
  sc_fanout_ended(p, err);
}

/* What is whole is still handed over, then the end counts. */
static void end_stream(struct sc_fanout_place *p, struct sc_error *err) {
  if (p->to_cancel) { /* the machine knows that it is over */
    clear(p);
    sc_fanout_schedule(p);
  } else if (p->is_ready || (pending_bytes(p) > 0 && err->code != SC_E_PROTOCOL)) {
    p->is_over = true;
    p->over_err = *err;
    note_window(p);
  } else {
    finish(p, err);
  }
}

void sc_fanout_decode(struct sc_fanout_place *p) {
  struct sc_slice rest = sc_slice_of(p->pending.ptr + p->pending_at, pending_bytes(p));
  struct sc_error err;
  sc_error_clear(&err);
  size_t before = rest.len;
  int rc = decode(p, &rest, &err);
  p->pending_at += before - rest.len;
  if (pending_bytes(p) == 0 || rest.len == 0) {
    sc_buf_fini(&p->pending);
    p->pending_at = 0;
  }
  if (rc != SC_OK) { /* the stream may go on; nobody listens */
    sc_fanout_drop(p, 0);
    sc_fanout_ended(p, &err);
    return;
  }
  if (p->is_over && !p->is_ready && pending_bytes(p) == 0) {
    err = p->over_err;
    finish(p, &err);
    return;
  }
  consume(p, before - rest.len);
  note_window(p);
}

/* ---- what HTTP says ---- */

static void open_subscription(struct sc_fanout_place *p, const struct sc_http_head *head) {
  int64_t now_ms = sc_clock_mono_ms();
  if (p->machine.state != SC_SUBSCRIPTION_CALLED) return;
  sc_subscription_opened(&p->machine, now_ms);
  p->date_ms = head->date_ms;
  p->date_mono_ms = now_ms;
}

static void keep(struct sc_fanout_place *p, struct sc_slice rest) {
  if (p->pending_at > 0) { /* to the front: it never holds more than a window */
    memmove(p->pending.ptr, p->pending.ptr + p->pending_at, pending_bytes(p));
    p->pending.len -= p->pending_at;
    p->pending_at = 0;
  }
  sc_buf_add_slice(&p->pending, rest);
}

static int on_data(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  struct sc_fanout_place *p = arg;
  struct sc_slice rest = chunk;
  if (p->transfer != NULL && pending_bytes(p) >= p->window_bytes) return SC_AGAIN; /* HTTP/1.1 only */
  if (head->status != 200) {
    size_t room = TEXT_BYTES_MAX - p->text.len;
    sc_buf_add(&p->text, chunk.ptr, chunk.len < room ? chunk.len : room);
    consume(p, chunk.len);
    return SC_OK;
  }
  open_subscription(p, head);
  sc_subscription_heard(&p->machine, sc_clock_mono_ms());
  int rc = pending_bytes(p) == 0 ? decode(p, &rest, err) : SC_OK;
  if (rc != SC_OK) return rc;
  if (rest.len > 0) keep(p, rest);
  consume(p, chunk.len - rest.len);
  note_window(p);
  return SC_OK;
}

static bool on_resume(void *arg) {
  struct sc_fanout_place *p = arg;
  return pending_bytes(p) < p->window_bytes;
}

static void on_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct sc_fanout_place *p = arg;
  struct sc_kinesis_channel *ch = &p->reader->ch;
  p->stream = NULL;
  p->transfer = NULL;
  if (err->code == SC_OK && head->status != 200)
    sc_kinesis_failed(ch->k, ch->doc, &p->call, OPERATION, p->shard->id, head, sc_buf_view(&p->text), err);
  else if (err->code == SC_OK) open_subscription(p, head); /* a stream without a byte */
  end_stream(p, err);
}

static const struct sc_http2_receiver receiver2 = {on_data, on_done};
static const struct sc_http_receiver receiver1 = {on_data, on_resume, on_done};
