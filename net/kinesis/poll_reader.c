#include "net/kinesis/poll_reader.h"

#include <stdlib.h>
#include <string.h>

#include "codec/kinesis/reply_scan.h"
#include "codec/kinesis/reply_scan_cbor.h"
#include "engine/base/array.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "net/http/body.h"
#include "net/kinesis/channel.h"
#include "net/kinesis/kinesis_cbor.h"

#define TEXT_BYTES_MAX ((size_t)64 << 10) /* an iterator's reply, or what is kept of an error's */
#define TIME_ITERATOR_MS 5000             /* for an answer to AT_TIMESTAMP from a service that is not AWS */
#define FULL_BYTES ((size_t)1 << 20)      /* a page of this size may have been cut by the service's own limit */

enum { CALLS_AT_FIRST = 6 };

/* What is kept of a shard from one request to the next. */
struct place {
  struct sc_poll machine;
  char *iterator;
};

/* One request under way: GetRecords, or before it GetShardIterator. */
struct slot {
  struct sc_kinesis_slot base;
  struct sc_poll_reader *reader;
  struct sc_request *request;
  bool of_records;
  uint32_t limit;
  struct sc_body body;
  union {
    struct sc_reply_scan json;
    struct sc_reply_scan_cbor cbor;
  } scan;
  bool begun;
  bool from_latest; /* LATEST is asked for, since AT_TIMESTAMP was not answered */
  bool is_cbor;     /* the reply, by its first byte: a service may answer in JSON what was asked in CBOR */
};

struct sc_poll_reader {
  struct sc_kinesis_channel ch;
  struct sc_reader_config config;
  const struct sc_poll_settings *settings;
  struct sc_random random;
  struct place *places; /* by sc_shard_info.index */
  size_t n_places;
  uint32_t window; /* calls that may be under way: as few as keep the parse threads busy */
  struct sc_requests done;
  uint64_t pauses;
};

static const struct sc_http_receiver receiver;

static struct place *place_of(struct sc_poll_reader *r, const struct sc_shard_info *shard) {
  size_t before = r->n_places;
  if (shard->index >= before) {
    SC_ARRAY_ROOM(r->places, 0, r->n_places, shard->index + 1);
    memset(r->places + before, 0, (r->n_places - before) * sizeof(*r->places));
  }
  return &r->places[shard->index];
}

/* ---- sending ---- */

static struct slot *take_slot(struct sc_poll_reader *r, struct sc_request *request) {
  struct slot *slot = sc_kinesis_channel_take(&r->ch);
  if (slot->reader == NULL) sc_body_init(&slot->body, r->config.budget, r->config.largest_reply_bytes);
  slot->reader = r;
  slot->request = request;
  slot->from_latest = false;
  request->impl = slot;
  return slot;
}

/* The request comes out of next; its slot is free, and so is the credit for its body. */
static void answer(struct slot *slot) {
  struct sc_poll_reader *r = slot->reader;
  struct sc_request *request = slot->request;
  SC_ASSERT(request->impl == slot);
  request->impl = NULL;
  sc_body_drop(&slot->body);
  slot->request = NULL;
  sc_kinesis_channel_give(&r->ch, &slot->base);
  STAILQ_INSERT_TAIL(&r->done, request, entry);
}

static const char *operation_of(const struct slot *slot) {
  return slot->of_records ? "GetRecords" : "GetShardIterator";
}

static bool asks_for_a_time(const struct slot *slot, const struct place *place) {
  return !slot->of_records && place->machine.at.start == SC_START_AT_TIME && !slot->from_latest;
}

static void write_get_iterator(const struct sc_kinesis *k, struct slot *slot, const struct place *place) {
  struct sc_position at = place->machine.at;
  if (slot->from_latest) at.start = SC_START_LATEST;
  slot->base.request.is_cbor = false;
  sc_kinesis_write_get_iterator(k, &slot->base.request.body, slot->request->shard->id, &at);
}

static void write_get_records(const struct sc_kinesis *k, struct slot *slot, const char *iterator) {
  struct sc_kinesis_request *request = &slot->base.request;
  request->is_cbor = k->asks_cbor && !atomic_load_explicit(&k->cbor_refused, memory_order_relaxed);
  if (!request->is_cbor) sc_kinesis_write_get_records(k, &request->body, iterator, slot->limit);
  else
    sc_kinesis_cbor_write_get_records(&request->body, k->arn[0] && k->endpoint.aws ? k->arn : NULL, iterator,
                                      slot->limit);
}

/* Writes, signs and sends; not SC_OK is the request's error. */
static int send_slot(struct slot *slot) {
  struct sc_kinesis_channel *ch = &slot->reader->ch;
  struct sc_request *request = slot->request;
  struct place *place = place_of(slot->reader, request->shard);
  sc_buf_clear(&slot->base.text);
  slot->begun = false;
  if (slot->of_records) {
    write_get_records(ch->k, slot, place->iterator);
    sc_poll_called(&place->machine, sc_clock_mono_us());
  } else {
    write_get_iterator(ch->k, slot, place);
  }
  bool may_be_silent = asks_for_a_time(slot, place) && !ch->k->endpoint.aws;
  return sc_kinesis_channel_send(ch, &slot->base, operation_of(slot),
                                 may_be_silent ? TIME_ITERATOR_MS : SC_HTTP_CALL_TIMEOUT_MS, &receiver,
                                 &request->error);
}

static int64_t due_ms(int64_t us) { return (us + 999) / 1000; }

/* The answer is an error, for which the machine says how long to wait. */
static void answer_failed(struct slot *slot) {
  struct sc_request *request = slot->request;
  struct place *place = place_of(slot->reader, request->shard);
  memcpy(request->error.shard, request->shard->id, strlen(request->shard->id) + 1);
  request->due_ms = due_ms(sc_poll_failed(&place->machine, &request->error, &slot->reader->random, sc_clock_mono_us()));
  answer(slot);
}

/* The next call of the request, or its answer that there is none now. */
static void go_on(struct slot *slot, enum sc_poll_do todo) {
  struct sc_request *request = slot->request;
  if (todo == SC_POLL_WAIT) {
    sc_error_set(&request->error, SC_AGAIN, "the pace allows no call yet");
    request->due_ms = due_ms(place_of(slot->reader, request->shard)->machine.paced_us);
    answer(slot);
    return;
  }
  slot->of_records = todo == SC_POLL_GET_RECORDS;
  if (send_slot(slot) != SC_OK) answer_failed(slot);
}

/* ---- receiving ---- */

static bool wants_batch(const struct slot *slot, const struct sc_http_head *head) {
  return slot->of_records && head->status == 200;
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

static void set_iterator(struct place *place, const char *text, size_t len) {
  free(place->iterator);
  place->iterator = len > 0 ? sc_strndup(sc_slice_of(text, len)) : NULL;
}

static void iterator_came(struct slot *slot, struct sc_error *err) {
  struct sc_json root;
  struct sc_slice iterator;
  if (sc_jsondoc_parse(slot->reader->ch.doc, sc_buf_view(&slot->base.text), &root, err)) return;
  if (sc_json_str(sc_json_get(root, "ShardIterator"), &iterator) && iterator.len > 0 &&
      iterator.len <= SC_REPLY_ITERATOR_MAX && memchr(iterator.ptr, 0, iterator.len) == NULL)
    set_iterator(place_of(slot->reader, slot->request->shard), iterator.ptr, iterator.len);
  else sc_error_set(err, SC_E_PROTOCOL, "a reply without a ShardIterator");
}

/* The service limits bytes of data. In JSON the body is mostly base64, which is a third larger than its data. */
static size_t paced_bytes(const struct slot *slot, size_t body_len) {
  return slot->is_cbor ? body_len : body_len / 4 * 3;
}

static int read_facts(struct slot *slot, struct sc_slice body, struct sc_reply_facts *facts, struct sc_error *err) {
  if (!slot->begun) return sc_error_set(err, SC_E_PROTOCOL, "an empty reply");
  return slot->is_cbor ? sc_reply_scan_cbor_finish(&slot->scan.cbor, body.ptr, body.len, facts, err)
                       : sc_reply_scan_finish(&slot->scan.json, body.ptr, body.len, facts, err);
}

static void records_came(struct slot *slot, struct sc_error *err) {
  struct sc_poll_reader *r = slot->reader;
  struct sc_reply_facts facts;
  struct sc_request *request = slot->request;
  struct place *place = place_of(r, request->shard);
  struct sc_slice body = sc_body_view(&slot->body);
  if (read_facts(slot, body, &facts, err)) return;
  request->reply = (struct sc_reply){.n_records = facts.n_records,
                                     .full = facts.n_records >= slot->limit || body.len >= FULL_BYTES,
                                     .has_next = facts.iterator_len > 0,
                                     .has_children = facts.has_children,
                                     .behind_ms = facts.millis_behind,
                                     .last = facts.last};
  set_iterator(place, facts.iterator, facts.iterator_len);
  size_t paced = paced_bytes(slot, body.len);
  request->due_ms = due_ms(sc_poll_replied(&place->machine, &request->reply, paced, &r->settings->pace));
  sc_metric_add(sc_metrics_mine(), SC_M_BODY_BYTES, body.len);
  if (facts.n_records == 0) return;
  request->batch = sc_body_take(&slot->body);
  request->batch->envelope = slot->is_cbor ? SC_ENVELOPE_CBOR : SC_ENVELOPE_JSON;
  request->batch->n_records = facts.n_records;
}

static void reply_came(struct slot *slot, const struct sc_http_head *head, struct sc_error *err) {
  const char *operation = operation_of(slot), *shard = slot->request->shard->id;
  if (sc_kinesis_channel_done(&slot->reader->ch, &slot->base, operation, shard, head, err) != SC_OK) return;
  if (slot->of_records) records_came(slot, err);
  else iterator_came(slot, err);
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
  const struct sc_shard_info *shard = slot->request->shard;
  if (!is_silent || !asks_for_a_time(slot, place_of(slot->reader, shard)) || slot->reader->ch.k->endpoint.aws)
    return false;
  sc_log_often(SC_WARN, "the service does not answer AT_TIMESTAMP: reading from LATEST", "shard=%s", shard->id);
  slot->from_latest = true;
  return true;
}

static void on_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct slot *slot = arg;
  struct sc_request *request = slot->request;
  reply_came(slot, head, err);
  request->service_ms = head->date_ms;
  bool again = err->code != SC_OK && (drops_cbor(slot, err) || drops_time(slot, err));
  request->error = *err; /* with what drops_cbor has to say */
  if (err->code == SC_OK) {
    struct sc_poll *machine = &place_of(slot->reader, request->shard)->machine;
    if (slot->of_records) answer(slot);
    else go_on(slot, sc_poll_got_iterator(machine, sc_clock_mono_us()));
  } else if (!again || send_slot(slot) != SC_OK) {
    answer_failed(slot);
  }
}

static const struct sc_http_receiver receiver = {on_data, on_resume, on_done};

/* ---- the reader ---- */

int sc_poll_reader_new(struct sc_kinesis *k, const struct sc_poll_settings *settings,
                       const struct sc_reader_config *config, struct sc_poll_reader **out, struct sc_error *err) {
  struct sc_poll_reader *r = sc_alloc_zero(1, sizeof(*r));
  r->config = *config;
  r->settings = settings;
  r->window = CALLS_AT_FIRST < settings->calls_most ? CALLS_AT_FIRST : settings->calls_most;
  sc_random_init(&r->random, (uint64_t)sc_clock_mono_us() * 2654435761u + (uintptr_t)r);
  STAILQ_INIT(&r->done);
  int rc = sc_kinesis_channel_init(&r->ch, k, config->park, settings->calls_most, sizeof(struct slot), err);
  if (rc == SC_OK) sc_http_time(r->ch.loop, config->timings);
  else sc_poll_reader_free(r);
  *out = rc == SC_OK ? r : NULL;
  return rc;
}

/* Requests are cancelled before the channel goes: their bodies hold credit of the budget. */
void sc_poll_reader_free(struct sc_poll_reader *r) {
  struct sc_kinesis_slot *slot;
  struct sc_request *request;
  if (r == NULL) return;
  while ((slot = LIST_FIRST(&r->ch.active)) != NULL) sc_poll_reader_cancel(r, ((struct slot *)slot)->request);
  STAILQ_FOREACH(request, &r->done, entry) {
    sc_batch_free(request->batch);
    request->batch = NULL;
  }
  sc_kinesis_channel_fini(&r->ch);
  for (size_t i = 0; i < r->n_places; i++) free(r->places[i].iterator);
  free(r->places);
  free(r);
}

uint32_t sc_poll_reader_places(const struct sc_poll_reader *r) {
  return r->ch.n_active < r->window ? r->window - r->ch.n_active : 0;
}

void sc_poll_reader_widen(struct sc_poll_reader *r) {
  r->window += r->window / 2;
  if (r->window > r->settings->calls_most) r->window = r->settings->calls_most;
}

void sc_poll_reader_start(struct sc_poll_reader *r, struct sc_request *request) {
  struct place *place = place_of(r, request->shard);
  SC_ASSERT(request->position.start != SC_START_LATEST && sc_poll_reader_places(r) > 0);
  sc_error_clear(&request->error);
  request->batch = NULL;
  request->service_ms = request->due_ms = 0;
  struct slot *slot = take_slot(r, request);
  slot->limit = r->settings->limit;
  if (request->limit > 0 && request->limit < slot->limit) slot->limit = request->limit;
  go_on(slot, sc_poll_start(&place->machine, &request->position, sc_clock_mono_us()));
}

void sc_poll_reader_poll(struct sc_poll_reader *r, int timeout_ms) {
  sc_http_poll(r->ch.loop, STAILQ_EMPTY(&r->done) ? timeout_ms : 0);
  uint64_t pauses = sc_http_pauses(r->ch.loop);
  if (pauses != r->pauses) sc_metric_add(sc_metrics_mine(), SC_M_PAUSES, pauses - r->pauses);
  r->pauses = pauses;
}

struct sc_request *sc_poll_reader_next(struct sc_poll_reader *r) {
  struct sc_request *request = STAILQ_FIRST(&r->done);
  if (request != NULL) STAILQ_REMOVE_HEAD(&r->done, entry);
  return request;
}

void sc_poll_reader_cancel(struct sc_poll_reader *r, struct sc_request *request) {
  struct slot *slot = request->impl;
  if (slot == NULL) return; /* answered */
  sc_http_cancel(r->ch.loop, slot->base.transfer);
  sc_error_set(&request->error, SC_E_STOPPED, "cancelled");
  answer(slot);
}
