/* Fetching over TLS: GetRecords calls of a local service in this process, the same page again and again; what counts is
 * the CPU time of the calling thread. The stage is the engine's HTTP loop with the tokenizer that looks for the next
 * iterator, bodies put together. Reference: a libcurl loop that throws the bodies away. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/drive/client.h"
#include "bench/local/api/service.h"
#include "bench/local/http/certs.h"
#include "bench/local/http/http1.h"
#include "bench/local/http/tls.h"
#include "bench/local/http/transport.h"
#include "bench/local/seed/generate.h"
#include "bench/micro/stage.h"
#include "codec/json/doc.h"
#include "codec/kinesis/reply_scan.h"
#include "engine/base/clock.h"
#include "net/http/http.h"

#define LANES 4
#define CALLS 64 /* a pass */
#define STREAM "bench:shards=1,records=10000,profile=readings"

/* The service. */
struct side {
  char folder[40];
  struct scl_certs certs;
  struct scl_tls_context *tls;
  struct scl_timebase timebase;
  struct scl_store *store;
  struct scl_service *service;
  struct scl_handler handler;
  struct scl_transport *transport;
  char url[SCL_TRANSPORT_ADDRESS + 16];
};

struct state {
  struct side side;
  struct sc_buf request;
  uint32_t left; /* calls of the pass that have not begun */
  size_t body_bytes;
  struct sc_client *client;
  struct sc_http *http;
  struct sc_http_loop *loop;
  uint32_t n_active;
  struct lane {
    struct state *state;
    uint32_t i;
    struct sc_reply_scan scan;
    char *body;
    size_t len;
  } lanes[LANES];
};

static void must(int code, const struct sc_error *err) {
  if (code == SC_OK) return;
  fprintf(stderr, "bench-micro: %s\n", err->text);
  exit(1);
}

/* ---- the service ---- */

static void open_side(struct side *side) {
  struct scl_service_settings settings = {.region = "us-east-1", .page_bytes = SCL_SERVICE_PAGE_BYTES};
  struct scl_generate generate;
  struct sc_error err;
  char bound[SCL_TRANSPORT_ADDRESS];
  snprintf(side->folder, sizeof(side->folder), "/tmp/shardcopy-bench-XXXXXX");
  SC_ASSERT(mkdtemp(side->folder) != NULL);
  must(scl_certs_ensure(side->folder, &side->certs, &err), &err);
  side->tls = scl_tls_context_new(sc_buf_str(&side->certs.server), sc_buf_str(&side->certs.server_key), &err);
  must(side->tls == NULL ? err.code : SC_OK, &err);
  scl_timebase_init(&side->timebase);
  side->store = scl_store_new(0, 0);
  must(scl_generate_parse(SC_SLICE_LITERAL(STREAM), &generate, &err), &err);
  must(scl_generate_run(side->store, &generate, sc_clock_wall_ms(), &err), &err);
  side->service = scl_service_new(&settings, side->store, &side->timebase);
  side->handler = (struct scl_handler){.handle = scl_service_handle, .context = side->service};
  side->transport = scl_transport_new(1, &scl_http1_protocol, &side->handler);
  must(scl_transport_listen(side->transport, "127.0.0.1:0", side->tls, bound, &err), &err);
  must(scl_transport_start(side->transport, &err), &err);
  snprintf(side->url, sizeof(side->url), "https://%s", bound);
}

static void close_side(struct side *side) {
  scl_transport_free(side->transport);
  scl_service_free(side->service);
  scl_store_free(side->store);
  scl_timebase_fini(&side->timebase);
  scl_tls_context_free(side->tls);
  const struct sc_buf *files[] = {&side->certs.ca, &side->certs.ca_key, &side->certs.server, &side->certs.server_key};
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) unlink(sc_buf_str(files[i]));
  char lock[64];
  snprintf(lock, sizeof(lock), "%s/lock", side->folder);
  unlink(lock);
  rmdir(side->folder);
  scl_certs_fini(&side->certs);
}

static void make_request(struct state *s) {
  struct sc_jsondoc *parser = sc_jsondoc_new();
  struct sc_buf body = SC_BUF_INIT;
  struct sc_json root;
  struct sc_slice iterator = {"", 0};
  struct sc_error err;
  must(sc_client_ask(s->client, "GetShardIterator",
                     SC_SLICE_LITERAL("{\"StreamName\":\"bench\",\"ShardId\":\"shardId-000000000000\","
                                      "\"ShardIteratorType\":\"TRIM_HORIZON\"}"),
                     &body, &err),
       &err);
  must(sc_jsondoc_parse(parser, sc_buf_view(&body), &root, &err), &err);
  sc_json_str(sc_json_get(root, "ShardIterator"), &iterator);
  sc_buf_printf(&s->request, "{\"ShardIterator\":\"%.*s\"}", SC_SLICE_ARGS(iterator));
  must(sc_client_ask(s->client, "GetRecords", sc_buf_view(&s->request), &body, &err), &err);
  s->body_bytes = body.len;
  sc_buf_fini(&body);
  sc_jsondoc_free(parser);
}

/* ---- the engine's loop ---- */

static void start_transfer(struct lane *lane);

static int on_data(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  struct lane *lane = arg;
  (void)head;
  SC_ASSERT(chunk.len <= lane->state->body_bytes + 64 - lane->len);
  memcpy(lane->body + lane->len, chunk.ptr, chunk.len);
  lane->len += chunk.len;
  return sc_reply_scan_feed(&lane->scan, lane->body, lane->len, err);
}

static void on_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct lane *lane = arg;
  struct sc_reply_facts facts;
  must(err->code, err);
  must(sc_reply_scan_finish(&lane->scan, lane->body, lane->len, &facts, err), err);
  SC_ASSERT(head->status == 200 && facts.n_records == 10000);
  lane->state->n_active--;
  start_transfer(lane);
}

static void start_transfer(struct lane *lane) {
  static const char *const headers[] = {"Content-Type: application/x-amz-json-1.1",
                                        "X-Amz-Target: Kinesis_20131202.GetRecords", NULL};
  static const struct sc_http_receiver RECEIVER = {.data = on_data, .done = on_done};
  struct state *s = lane->state;
  struct sc_error err;
  if (s->left == 0) return;
  s->left--;
  s->n_active++;
  lane->len = 0;
  sc_reply_scan_init(&lane->scan);
  struct sc_http_request request = {.url = s->side.url,
                                    .headers = headers,
                                    .body = sc_buf_view(&s->request),
                                    .timeout_ms = 30000,
                                    .receiver = &RECEIVER,
                                    .arg = lane};
  must(sc_http_start(s->loop, &request, &err) == NULL ? err.code : SC_OK, &err);
}

static int64_t pass(void *state) {
  struct state *s = state;
  int64_t start = sc_micro_now_ns();
  s->left = CALLS;
  for (uint32_t i = 0; i < LANES; i++) start_transfer(&s->lanes[i]);
  while (s->n_active > 0) sc_http_poll(s->loop, 1000);
  return sc_micro_now_ns() - start;
}

/* ---- libcurl alone ---- */

static void start_call(struct lane *lane);

static int thrown_away(void *arg, struct sc_slice chunk, struct sc_error *err) {
  (void)err;
  ((struct lane *)arg)->len += chunk.len;
  return SC_OK;
}

static void answered(void *arg, const struct sc_client_reply *reply, struct sc_error *err) {
  struct lane *lane = arg;
  must(err->code, err);
  SC_ASSERT(reply->status == 200 && lane->len > 0);
  start_call(lane);
}

static void start_call(struct lane *lane) {
  struct state *s = lane->state;
  struct sc_client_call call = {.operation = "GetRecords",
                                .is_streamed = true,
                                .body = sc_buf_view(&s->request),
                                .data = thrown_away,
                                .done = answered,
                                .arg = lane};
  if (s->left == 0) return;
  s->left--;
  lane->len = 0;
  sc_client_start(s->client, lane->i, &call);
}

static int64_t throw_away(void *state) {
  struct state *s = state;
  int64_t start = sc_micro_now_ns();
  s->left = CALLS;
  for (uint32_t i = 0; i < LANES; i++) start_call(&s->lanes[i]);
  sc_client_run(s->client);
  return sc_micro_now_ns() - start;
}

static void *open_state(const struct sc_micro_data *data, struct sc_micro_size *size) {
  (void)data;
  struct state *s = sc_alloc_zero(1, sizeof(*s));
  struct sc_error err;
  open_side(&s->side);
  s->client = sc_client_new(s->side.url, sc_buf_str(&s->side.certs.ca), LANES, &err);
  must(s->client == NULL ? err.code : SC_OK, &err);
  make_request(s);
  must(sc_http_new(sc_buf_str(&s->side.certs.ca), true, &s->http, &err), &err);
  must(sc_http_loop_new(s->http, NULL, LANES, &s->loop, &err), &err);
  for (uint32_t i = 0; i < LANES; i++)
    s->lanes[i] = (struct lane){.state = s, .i = i, .body = sc_alloc(s->body_bytes + 64 + SC_BODY_PADDING)};
  *size = (struct sc_micro_size){(uint64_t)CALLS * 10000, CALLS * s->body_bytes};
  return s;
}

static void close_state(void *state) {
  struct state *s = state;
  sc_client_free(s->client);
  sc_http_loop_free(s->loop);
  sc_http_free(s->http);
  close_side(&s->side);
  for (uint32_t i = 0; i < LANES; i++) free(s->lanes[i].body);
  sc_buf_fini(&s->request);
  free(s);
}

const struct sc_micro_stage sc_stage_fetch = {"fetch over TLS", "libcurl, discarding", "record", "body",    true,
                                              open_state,       close_state,           pass,     throw_away};
