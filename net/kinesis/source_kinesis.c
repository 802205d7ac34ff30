#include "net/kinesis/source_kinesis.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "codec/kinesis/envelope_cbor.h"
#include "codec/kinesis/envelope_json.h"
#include "engine/program.h"
#include "engine/stop.h"
#include "net/http/http.h"
#include "net/kinesis/examine.h"
#include "net/kinesis/fanout_reader.h"
#include "net/kinesis/kinesis.h"
#include "net/kinesis/kinesis_stream.h"
#include "net/kinesis/kinesis_url.h"
#include "net/kinesis/poll_reader.h"

#define AWS_CALLS_PER_SECOND 5
#define AWS_BYTES_PER_SECOND (INT64_C(2) << 20)
#define IDLE_MS 200

struct sc_source {
  struct sc_kinesis *k;
  struct sc_kinesis_client *control;
  struct sc_kinesis_client *again; /* of reread, which any thread may call */
  pthread_mutex_t again_lock;
  struct sc_poll_settings polling;
  bool subscribes; /* --reader=fan-out; else it polls */
  struct sc_fanout fanout;
  int64_t wait_ms; /* --wait */
};

/* One of the two. */
struct sc_reader {
  struct sc_poll_reader *poll;
  struct sc_fanout_reader *fanout;
};

static void set_polling(struct sc_poll_settings *s, const struct sc_options *options,
                        const struct sc_endpoint *endpoint) {
  int64_t calls = endpoint->aws ? AWS_CALLS_PER_SECOND : 0;
  if (sc_options_is_set(options, SC_OPT_CALLS_PER_SECOND)) calls = sc_options_int(options, SC_OPT_CALLS_PER_SECOND);
  *s = (struct sc_poll_settings){.pace = {.call_interval_us = calls > 0 ? (1000000 + calls - 1) / calls : 0,
                                          .bytes_per_second = endpoint->aws ? AWS_BYTES_PER_SECOND : 0},
                                 .limit = (uint32_t)sc_options_int(options, SC_OPT_LIMIT),
                                 .calls_most = SC_HTTP_CONNECTIONS_MAX};
}

/* Emulators get CBOR wrong: it is for AWS alone, unless asked for. */
static void set_protocol(struct sc_kinesis *k, const struct sc_options *options) {
  const char *protocol = sc_options_text(options, SC_OPT_PROTOCOL);
  bool is_auto = strcmp(protocol, "auto") == 0;
  k->asks_cbor = is_auto ? k->endpoint.aws : strcmp(protocol, "cbor") == 0;
  k->may_fall_back = is_auto;
}

/* A dry run polls: it registers nothing, and ends what it begins. */
static int set_reader(struct sc_source *s, const struct sc_options *options, struct sc_error *err) {
  const char *reader = sc_options_text(options, SC_OPT_READER);
  bool is_fanout = strcmp(reader, "fan-out") == 0 || strcmp(reader, "EFO") == 0;
  s->subscribes = is_fanout && !sc_options_flag(options, SC_OPT_DRY_RUN);
  return sc_fanout_init(&s->fanout, options, s->k->stream, s->k->endpoint.aws, err);
}

static void source_close(struct sc_source *s) {
  if (s == NULL) return;
  sc_fanout_fini(&s->fanout);
  sc_kinesis_client_free(s->again);
  sc_kinesis_client_free(s->control);
  sc_kinesis_close(s->k);
  pthread_mutex_destroy(&s->again_lock);
  free(s);
}

static int source_open(const char *url, struct sc_options *options, struct sc_source **out, struct sc_error *err) {
  struct sc_source *s = sc_alloc_zero(1, sizeof(*s));
  *out = NULL;
  pthread_mutex_init(&s->again_lock, NULL);
  int rc = sc_kinesis_open(url, options, &s->k, err);
  if (rc == SC_OK) rc = sc_kinesis_need_stream(s->k, err);
  if (rc == SC_OK) rc = set_reader(s, options, err);
  if (rc == SC_OK) rc = sc_kinesis_client_new(s->k, sc_stop_requested, &s->control, err);
  if (rc == SC_OK) rc = sc_kinesis_client_new(s->k, sc_stop_now, &s->again, err);
  if (rc != SC_OK) {
    source_close(s);
    return rc;
  }
  set_protocol(s->k, options);
  set_polling(&s->polling, options, &s->k->endpoint);
  s->wait_ms = sc_options_int(options, SC_OPT_WAIT);
  *out = s;
  return SC_OK;
}

static const char *source_describe(const struct sc_source *s) { return s->k->described; }

static const char *source_stream_name(const struct sc_source *s) { return s->k->stream; }

static int64_t source_idle_interval_ms(const struct sc_source *s) {
  if (s->subscribes) return 0;
  int64_t paced_ms = (s->polling.pace.call_interval_us + 999) / 1000;
  return paced_ms > IDLE_MS ? paced_ms : IDLE_MS;
}

static uint32_t source_connections(const struct sc_source *s) { return s->polling.calls_most; }

static int source_examine(struct sc_source *s, struct sc_examine *x, struct sc_error *err) {
  return sc_kinesis_examine(s->control, s->subscribes ? &s->fanout : NULL, x, err);
}

static int source_identity(struct sc_source *s, struct sc_stream_identity *out, struct sc_error *err) {
  int rc = sc_kinesis_describe_active(s->control, s->wait_ms, out, err);
  return rc == SC_OK && s->subscribes ? sc_fanout_settle(&s->fanout, s->control, out, err) : rc;
}

static int source_list_shards(struct sc_source *s, struct sc_listed **shards, size_t *n, struct sc_error *err) {
  return sc_kinesis_list_shards(s->control, shards, n, err);
}

static int source_reread(struct sc_source *s, const char *shard_id, const struct sc_sequence *sequence,
                         struct sc_buf *data, struct sc_error *err) {
  pthread_mutex_lock(&s->again_lock);
  int rc = sc_kinesis_reread(s->again, shard_id, sequence, data, err);
  pthread_mutex_unlock(&s->again_lock);
  return rc;
}

static void source_finish(struct sc_source *s) {
  if (s->subscribes) sc_fanout_finish(&s->fanout, s->again);
}

static int source_reader_new(struct sc_source *s, const struct sc_reader_config *config, struct sc_reader **out,
                             struct sc_error *err) {
  struct sc_reader *r = sc_alloc_zero(1, sizeof(*r));
  int rc = s->subscribes ? sc_fanout_reader_new(s->k, &s->fanout, config, &r->fanout, err)
                         : sc_poll_reader_new(s->k, &s->polling, config, &r->poll, err);
  *out = rc == SC_OK ? r : NULL;
  if (rc != SC_OK) free(r);
  return rc;
}

static void reader_free(struct sc_reader *r) {
  sc_fanout_reader_free(r->fanout);
  sc_poll_reader_free(r->poll);
  free(r);
}

static uint32_t reader_places(const struct sc_reader *r) {
  return r->poll != NULL ? sc_poll_reader_places(r->poll) : UINT32_MAX; /* a request that stands costs nothing */
}

static void reader_widen(struct sc_reader *r) {
  if (r->poll != NULL) sc_poll_reader_widen(r->poll);
}

static void reader_start(struct sc_reader *r, struct sc_request *request) {
  if (r->poll != NULL) sc_poll_reader_start(r->poll, request);
  else sc_fanout_reader_start(r->fanout, request);
}

static void reader_poll(struct sc_reader *r, int timeout_ms) {
  if (r->poll != NULL) sc_poll_reader_poll(r->poll, timeout_ms);
  else sc_fanout_reader_poll(r->fanout, timeout_ms);
}

static struct sc_request *reader_next(struct sc_reader *r) {
  return r->poll != NULL ? sc_poll_reader_next(r->poll) : sc_fanout_reader_next(r->fanout);
}

static void reader_cancel(struct sc_reader *r, struct sc_request *request) {
  if (r->poll != NULL) sc_poll_reader_cancel(r->poll, request);
  else sc_fanout_reader_cancel(r->fanout, request);
}

static void reader_report(const struct sc_reader *r, struct sc_buf *out) {
  if (r->fanout != NULL) sc_fanout_reader_report(r->fanout, out);
}

static int source_open_envelope(struct sc_batch *batch, struct sc_records *out, struct sc_error *err) {
  switch (batch->envelope) {
    case SC_ENVELOPE_JSON:
      return sc_envelope_json_open(batch->body, batch->body_len, out, err);
    case SC_ENVELOPE_CBOR:
      return sc_envelope_cbor_open(batch->body, batch->body_len, out, err);
    case SC_ENVELOPE_NONE:
      break;
  }
  SC_ASSERT(!"a batch with an envelope");
  return SC_E_INTERNAL;
}

const struct sc_source_ops sc_source_kinesis = {
    .name = "kinesis",
    .claims = sc_kinesis_url_claims,
    .open = source_open,
    .close = source_close,
    .describe = source_describe,
    .stream_name = source_stream_name,
    .idle_interval_ms = source_idle_interval_ms,
    .connections = source_connections,
    .examine = source_examine,
    .identity = source_identity,
    .list_shards = source_list_shards,
    .reread = source_reread,
    .finish = source_finish,
    .reader_new = source_reader_new,
    .reader_free = reader_free,
    .reader_places = reader_places,
    .reader_widen = reader_widen,
    .reader_start = reader_start,
    .reader_poll = reader_poll,
    .reader_next = reader_next,
    .reader_cancel = reader_cancel,
    .reader_report = reader_report,
    .open_envelope = source_open_envelope,
};
