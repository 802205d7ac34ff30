#include "net/kinesis/poll_reader.h"

#include <stdlib.h>
#include <string.h>

#include "codec/kinesis/reply_scan.h"
#include "codec/kinesis/reply_scan_cbor.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "net/http/body.h"
#include "net/kinesis/channel.h"
#include "net/kinesis/kinesis_cbor.h"

#define TEXT_BYTES_MAX ((size_t)64 << 10) /* an iterator's reply, or what is kept of an error's */
#define TIME_ITERATOR_MS 5000             /* for an answer to AT_TIMESTAMP from a service that is not AWS */
#define FULL_BYTES ((size_t)1 << 20)      /* a page of this size may have been cut by the service's own limit */

/* One call under way. */
struct slot {
  struct sc_kinesis_slot base;
  struct sc_reader *reader;
  struct sc_call *call;
  struct sc_body body;
  union {
    struct sc_reply_scan json;
    struct sc_reply_scan_cbor cbor;
  } scan;
  bool begun;
  bool from_latest; /* LATEST is asked for, since AT_TIMESTAMP was not answered */
  bool is_cbor;     /* the reply, by its first byte: a service may answer in JSON what was asked in CBOR */
};

struct sc_reader {
  struct sc_kinesis_channel ch;
  struct sc_reader_config config;
  STAILQ_HEAD(, sc_call) waiting, done;
  uint64_t pauses;
};

static const struct sc_http_receiver receiver;

/* ---- sending ---- */

static struct slot *take_slot(struct sc_reader *r, struct sc_call *call) {
  struct slot *slot = sc_kinesis_channel_take(&r->ch);
  if (slot->reader == NULL) sc_body_init(&slot->body, r->config.budget, r->config.largest_reply_bytes);
  slot->reader = r;
  slot->call = call;
  slot->from_latest = false;
  call->impl = slot;
  return slot;
}

/* The call comes out of next; its slot is free, and so is the credit for its body. */
static void end_call(struct slot *slot) {
  struct sc_reader *r = slot->reader;
  struct sc_call *call = slot->call;
  SC_ASSERT(call->impl == slot);
  call->impl = NULL;
  sc_body_drop(&slot->body);
  slot->call = NULL;
  sc_kinesis_channel_give(&r->ch, &slot->base);
  STAILQ_INSERT_TAIL(&r->done, call, next);
}

static const char *operation_of(const struct sc_call *call) {
  return call->kind == SC_CALL_ITERATOR ? "GetShardIterator" : "GetRecords";
}

static bool asks_for_a_time(const struct slot *slot) {
  const struct sc_call *call = slot->call;
  return call->kind == SC_CALL_ITERATOR && call->position.start == SC_START_AT_TIME && !slot->from_latest;
}

static void write_get_iterator(const struct sc_kinesis *k, struct slot *slot) {
  struct sc_position at = slot->call->position;
  if (slot->from_latest) at.start = SC_START_LATEST;
  slot->base.request.is_cbor = false;
  sc_kinesis_write_get_iterator(k, &slot->base.request.body, slot->call->shard->id, &at);
}

static void write_get_records(const struct sc_kinesis *k, struct slot *slot) {
  const struct sc_call *call = slot->call;
  struct sc_kinesis_request *request = &slot->base.request;
  request->is_cbor = k->asks_cbor && !atomic_load_explicit(&k->cbor_refused, memory_order_relaxed);
  if (!request->is_cbor) sc_kinesis_write_get_records(k, &request->body, call->iterator, call->limit);
  else
    sc_kinesis_cbor_write_get_records(&request->body, k->arn[0] && k->endpoint.aws ? k->arn : NULL, call->iterator,
                                      call->limit);
}

/* Writes, signs and sends; not SC_OK is the call's error. */
static int send_slot(struct slot *slot) {
  struct sc_kinesis_channel *ch = &slot->reader->ch;
  struct sc_call *call = slot->call;
  sc_buf_clear(&slot->base.text);
  slot->begun = false;
  if (call->kind == SC_CALL_RECORDS) write_get_records(ch->k, slot);
  else write_get_iterator(ch->k, slot);
  int64_t timeout_ms = asks_for_a_time(slot) && !ch->k->endpoint.aws ? TIME_ITERATOR_MS : SC_HTTP_CALL_TIMEOUT_MS;
  return sc_kinesis_channel_send(ch, &slot->base, operation_of(call), timeout_ms, &receiver, &call->error);
}

static void send_waiting(struct sc_reader *r) {
  struct sc_call *call;
  while (r->ch.n_active < r->ch.most_active && (call = STAILQ_FIRST(&r->waiting)) != NULL) {
    STAILQ_REMOVE_HEAD(&r->waiting, next);
    struct slot *slot = take_slot(r, call);
    if (send_slot(slot) != SC_OK) end_call(slot);
  }
}

/* ---- receiving ---- */

static bool wants_batch(const struct slot *slot, const struct sc_http_head *head) {
  return slot->call->kind == SC_CALL_RECORDS && head->status == 200;
}

static int keep_text(struct slot *slot, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  size_t room = TEXT_BYTES_MAX - slot->base.text.len;
  if (chunk.len > room && head->status == 200)
    return sc_error_set(err, SC_E_PROTOCOL, "a reply of more than %zu bytes", TEXT_BYTES_MAX);
  sc_buf_add(&slot->base.text, chunk.ptr, chunk.len < room ? chunk.len : room);
  return SC_OK;
}

static void begin_body(struct slot *slot, const struct sc_http_head *head, struct sc_slice chunk) {
  sc_body_begin(&slot->body, head->content_length);
  slot->is_cbor = sc_kinesis_is_cbor(chunk);
  if (slot->is_cbor) sc_reply_scan_cbor_init(&slot->scan.cbor);
  else sc_reply_scan_init(&slot->scan.json);
  slot->begun = true;
}

static int on_data(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  struct slot *slot = arg;
  if (!wants_batch(slot, head)) return keep_text(slot, head, chunk, err);
  if (!slot->begun) begin_body(slot, head, chunk);
  int rc = sc_body_add(&slot->body, chunk, err);
  if (rc != SC_OK) return rc;
  struct sc_slice body = sc_body_view(&slot->body);
  return slot->is_cbor ? sc_reply_scan_cbor_feed(&slot->scan.cbor, body.ptr, body.len, err)
                       : sc_reply_scan_feed(&slot->scan.json, body.ptr, body.len, err);
}

static bool on_resume(void *arg) {
  struct slot *slot = arg;
  return sc_body_resume(&slot->body);
}

static void set_iterator(struct sc_call *call, const char *text, size_t len) {
  free(call->iterator);
  call->iterator = len ? sc_strndup(sc_slice_of(text, len)) : NULL;
}

static void iterator_came(struct slot *slot, struct sc_error *err) {
  struct sc_json root;
  struct sc_slice iterator;
  if (sc_jsondoc_parse(slot->reader->ch.doc, sc_buf_view(&slot->base.text), &root, err)) return;
  if (sc_json_str(sc_json_get(root, "ShardIterator"), &iterator) && iterator.len > 0 &&
      iterator.len <= SC_REPLY_ITERATOR_MAX && memchr(iterator.ptr, 0, iterator.len) == NULL)
    set_iterator(slot->call, iterator.ptr, iterator.len);
  else sc_error_set(err, SC_E_PROTOCOL, "a reply without a ShardIterator");
}

/* The service limits bytes of data. In JSON the body is mostly base64, which is a third larger than its data. */
static size_t paced_bytes(const struct slot *slot, size_t body_len) {
  return slot->is_cbor ? body_len : body_len / 4 * 3;
}

static void fill_reply(struct slot *slot, const struct sc_reply_facts *facts, size_t body_len) {
  slot->call->reply = (struct sc_reply){.n_records = facts->n_records,
                                        .body_bytes = paced_bytes(slot, body_len),
                                        .full = facts->n_records >= slot->call->limit || body_len >= FULL_BYTES,
                                        .has_next = facts->iterator_len > 0,
                                        .has_children = facts->has_children,
                                        .behind_ms = facts->millis_behind,
                                        .last = facts->last};
}

static int read_facts(struct slot *slot, struct sc_slice body, struct sc_reply_facts *facts, struct sc_error *err) {
  if (!slot->begun) return sc_error_set(err, SC_E_PROTOCOL, "an empty reply");
  return slot->is_cbor ? sc_reply_scan_cbor_finish(&slot->scan.cbor, body.ptr, body.len, facts, err)
                       : sc_reply_scan_finish(&slot->scan.json, body.ptr, body.len, facts, err);
}

static void records_came(struct slot *slot, struct sc_error *err) {
  struct sc_reply_facts facts;
  struct sc_call *call = slot->call;
  struct sc_slice body = sc_body_view(&slot->body);
  if (read_facts(slot, body, &facts, err)) return;
  fill_reply(slot, &facts, body.len);
  set_iterator(call, facts.iterator, facts.iterator_len);
  sc_metric_add(sc_metrics_mine(), SC_M_BODY_BYTES, body.len);
  if (facts.n_records == 0) return;
  SC_ASSERT(call->batch == NULL);
  call->batch = sc_body_take(&slot->body);
  call->batch->envelope = slot->is_cbor ? SC_ENVELOPE_CBOR : SC_ENVELOPE_JSON;
  call->batch->n_records = facts.n_records;
}

static void reply_came(struct slot *slot, const struct sc_http_head *head, struct sc_error *err) {
  const struct sc_call *call = slot->call;
  const char *operation = operation_of(call);
  if (sc_kinesis_channel_done(&slot->reader->ch, &slot->base, operation, call->shard->id, head, err) != SC_OK) return;
  if (call->kind == SC_CALL_ITERATOR) iterator_came(slot, err);
  else records_came(slot, err);
  if (err->code != SC_OK) sc_error_prefix(err, "%s at %s", operation, slot->base.request.url);
}

/* True when the service refused CBOR and JSON may be asked for: in this call and in every later one. */
static bool drops_cbor(struct slot *slot, struct sc_error *err) {
  struct sc_kinesis *k = slot->reader->ch.k;
  if (!slot->base.request.is_cbor || !sc_kinesis_cbor_is_refused(err)) return false;
  if (!k->may_fall_back) {
    sc_error_hint(err, "--protocol=json asks for records in JSON");
    return false;
  }
  if (!atomic_exchange(&k->cbor_refused, true))
    sc_log(SC_WARN, "the service refuses CBOR: reading in JSON", "reason=\"%s\"", err->text);
  return true;
}

/* kinesalite never answers AT_TIMESTAMP when no record is as new as that. Then LATEST is the same place. True when it
 * is to be asked for; never of AWS, which always answers. */
static bool drops_time(struct slot *slot, const struct sc_error *err) {
  bool is_silent = err->code == SC_E_NET && err->curl_code == 0;
  if (!is_silent || !asks_for_a_time(slot) || slot->reader->ch.k->endpoint.aws) return false;
  sc_log_often(SC_WARN, "the service does not answer AT_TIMESTAMP: reading from LATEST", "shard=%s",
               slot->call->shard->id);
  slot->from_latest = true;
  return true;
}

static void on_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct slot *slot = arg;
  struct sc_call *call = slot->call;
  reply_came(slot, head, err);
  if (err->code != SC_OK && (drops_cbor(slot, err) || drops_time(slot, err))) {
    if (send_slot(slot) == SC_OK) return;
    *err = call->error;
  }
  call->error = *err;
  if (err->code != SC_OK) memcpy(call->error.shard, call->shard->id, strlen(call->shard->id) + 1);
  call->service_ms = head->date_ms;
  end_call(slot);
}

static const struct sc_http_receiver receiver = {on_data, on_resume, on_done};

/* ---- the reader ---- */

int sc_kinesis_reader_new(struct sc_kinesis *k, const struct sc_reader_config *config, struct sc_reader **out,
                          struct sc_error *err) {
  uint32_t most = config->max_in_flight < SC_HTTP_CONNECTIONS_MAX ? config->max_in_flight : SC_HTTP_CONNECTIONS_MAX;
  struct sc_reader *r = sc_alloc_zero(1, sizeof(*r));
  r->config = *config;
  STAILQ_INIT(&r->waiting);
  STAILQ_INIT(&r->done);
  int rc = sc_kinesis_channel_init(&r->ch, k, config->park, most, sizeof(struct slot), err);
  if (rc == SC_OK) sc_http_time(r->ch.loop, config->timings);
  else sc_kinesis_reader_free(r);
  *out = rc == SC_OK ? r : NULL;
  return rc;
}

/* Calls are cancelled before the channel goes: their bodies hold credit of the budget. */
void sc_kinesis_reader_free(struct sc_reader *r) {
  struct sc_kinesis_slot *slot;
  struct sc_call *call;
  if (r == NULL) return;
  while ((slot = LIST_FIRST(&r->ch.active)) != NULL) sc_kinesis_reader_cancel(r, ((struct slot *)slot)->call);
  STAILQ_FOREACH(call, &r->done, next) {
    sc_batch_free(call->batch);
    call->batch = NULL;
  }
  sc_kinesis_channel_fini(&r->ch);
  free(r);
}

void sc_kinesis_reader_start(struct sc_reader *r, struct sc_call *call) {
  SC_ASSERT(call->kind == SC_CALL_ITERATOR || (call->iterator && call->limit >= 1 && call->limit <= SC_RECORDS_MAX));
  sc_error_clear(&call->error);
  call->impl = NULL;
  call->batch = NULL;
  call->service_ms = 0;
  STAILQ_INSERT_TAIL(&r->waiting, call, next);
  send_waiting(r);
}

void sc_kinesis_reader_poll(struct sc_reader *r, int timeout_ms) {
  send_waiting(r);
  sc_http_poll(r->ch.loop, STAILQ_EMPTY(&r->done) ? timeout_ms : 0);
  send_waiting(r);
  uint64_t pauses = sc_http_pauses(r->ch.loop);
  if (pauses != r->pauses) sc_metric_add(sc_metrics_mine(), SC_M_PAUSES, pauses - r->pauses);
  r->pauses = pauses;
}

struct sc_call *sc_kinesis_reader_next(struct sc_reader *r) {
  struct sc_call *call = STAILQ_FIRST(&r->done);
  if (call != NULL) STAILQ_REMOVE_HEAD(&r->done, next);
  return call;
}

static bool is_waiting(const struct sc_reader *r, const struct sc_call *call) {
  const struct sc_call *c;
  STAILQ_FOREACH(c, &r->waiting, next)
  if (c == call) return true;
  return false;
}

void sc_kinesis_reader_cancel(struct sc_reader *r, struct sc_call *call) {
  struct slot *slot = call->impl;
  if (slot == NULL && !is_waiting(r, call)) return;
  sc_error_set(&call->error, SC_E_STOPPED, "cancelled");
  if (slot != NULL) {
    sc_http_cancel(r->ch.loop, slot->base.transfer);
    end_call(slot);
  } else {
    STAILQ_REMOVE(&r->waiting, call, sc_call, next);
    STAILQ_INSERT_TAIL(&r->done, call, next);
  }
}
