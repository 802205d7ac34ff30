/* A server of HTTP/2 on free loopback ports, plain and with TLS, over the local service's own, and a client with the
 * streams under test. What is answered is said by the request's body:
 *
 *   echo TEXT     TEXT
 *   flow N        N bytes, then the end
 *   open N        N bytes, then nothing more
 *   host          the Host it was asked for
 *   status N      an error of that status
 *   rst, refuse, goaway, hang    the reply is sent so: all of the fault's name; refuse only as often as it is told
 */
#ifndef SC_TESTS_UNIT_NET_HTTP_H2_SITE_H
#define SC_TESTS_UNIT_NET_HTTP_H2_SITE_H

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/local/http/certs.h"
#include "bench/local/http/http.h"
#include "bench/local/http/http1.h"
#include "bench/local/http/tls.h"
#include "bench/local/http/transport.h"
#include "engine/base/clock.h"
#include "net/http/http2.h"
#include "tests/unit/engine/base/check.h"

#define PIECE_BYTES 65536
#define STREAMS_MAX 64

/* ---- the server ---- */

static _Atomic int feeds_open, refusals_left, requests_seen;
static char folder[40], plain_url[120], tls_url[120];
static struct scl_certs certs;
static struct scl_tls_context *tls_context;
static struct scl_transport *transport;

struct flow {
  struct scl_feed feed;
  size_t left;
  bool stays_open;
};

static inline enum scl_feed_state flow_next(struct scl_feed *feed, struct scl_chunk *chunk, int64_t *wait_ms) {
  struct flow *f = (struct flow *)feed;
  size_t n = f->left < PIECE_BYTES ? f->left : PIECE_BYTES;
  for (size_t i = 0; i < n; i++) sc_buf_add_char(&chunk->content.head, (char)('a' + (f->left - i) % 26));
  f->left -= n;
  *wait_ms = -1;
  if (n > 0) return SCL_FEED_CHUNK;
  return f->stays_open ? SCL_FEED_WAIT : SCL_FEED_END;
}

static inline void flow_listen(struct scl_feed *feed, void (*notify)(void *context), void *context) {
  (void)feed, (void)notify, (void)context;
}

static inline void flow_close(struct scl_feed *feed) {
  free(feed);
  atomic_fetch_sub(&feeds_open, 1);
}

static inline struct scl_feed *flow_new(size_t bytes, bool stays_open) {
  struct flow *f = calloc(1, sizeof(*f));
  *f = (struct flow){{flow_next, flow_listen, flow_close}, bytes, stays_open};
  atomic_fetch_add(&feeds_open, 1);
  return &f->feed;
}

static inline bool takes_refusal(void) {
  int left = atomic_load(&refusals_left);
  while (left > 0)
    if (atomic_compare_exchange_weak(&refusals_left, &left, left - 1)) return true;
  return false;
}

static inline void site_handle(void *context, const struct scl_request *request, struct scl_reply *reply) {
  char word[16] = "", rest[64] = "";
  char text[128];
  (void)context;
  snprintf(text, sizeof(text), "%.*s", SC_SLICE_ARGS(request->body));
  sscanf(text, "%15s %63s", word, rest);
  atomic_fetch_add(&requests_seen, 1);
  reply->status = 200;
  reply->date_ms = 1767323045000;
  if (strcmp(word, "echo") == 0) sc_buf_add_str(&reply->content.head, rest);
  for (int i = 0; i < request->n_headers && strcmp(word, "host") == 0; i++)
    if (sc_slice_is(request->headers[i].name, "host"))
      sc_buf_add_slice(&reply->content.head, request->headers[i].value);
  if (strcmp(word, "flow") == 0) reply->feed = flow_new(strtoul(rest, NULL, 10), false);
  if (strcmp(word, "open") == 0) reply->feed = flow_new(strtoul(rest, NULL, 10), true);
  if (strcmp(word, "status") == 0) {
    reply->retry_after_ms = 1500;
    scl_reply_fail(reply, (int)strtol(rest, NULL, 10), "LimitExceededException", "message",
                   SC_SLICE_LITERAL("slow down"));
  }
  if (strcmp(word, "rst") == 0) reply->delivery = (struct scl_delivery){.ending = SCL_ENDING_STREAM};
  if (strcmp(word, "goaway") == 0) {
    sc_buf_add_str(&reply->content.head, "bye");
    reply->delivery = (struct scl_delivery){.ending = SCL_ENDING_GOAWAY};
  }
  if (strcmp(word, "refuse") == 0 && takes_refusal())
    reply->delivery = (struct scl_delivery){.is_cut = true, .is_silent = true, .ending = SCL_ENDING_REFUSE};
}

/* announced: streams a connection. */
static inline void site_open_with(int announced, const struct scl_protocol *protocol) {
  static struct scl_handler site;
  char bound[SCL_TRANSPORT_ADDRESS];
  struct sc_error err;
  site = (struct scl_handler){site_handle, NULL, announced};
  transport = scl_transport_new(1, protocol, &site);
  assert_int_equal(scl_transport_listen(transport, "127.0.0.1:0", NULL, bound, &err), SC_OK);
  snprintf(plain_url, sizeof(plain_url), "http://%s/", bound);
  assert_int_equal(scl_transport_listen(transport, "127.0.0.1:0", tls_context, bound, &err), SC_OK);
  snprintf(tls_url, sizeof(tls_url), "https://%s/", bound);
  assert_int_equal(scl_transport_start(transport, &err), SC_OK);
  atomic_store(&requests_seen, 0);
}

static inline void site_open(int announced) { site_open_with(announced, &scl_http_protocol); }

static inline void site_close(void) {
  scl_transport_free(transport);
  transport = NULL;
}

/* For all tests of a program: certificates take long. */
static inline int make_certs(void **state) {
  struct sc_error err;
  (void)state;
  snprintf(folder, sizeof(folder), "/tmp/shardcopy-test-XXXXXX");
  if (mkdtemp(folder) == NULL || scl_certs_ensure(folder, &certs, &err) != SC_OK) return -1;
  tls_context = scl_tls_context_new(sc_buf_str(&certs.server), sc_buf_str(&certs.server_key), &err);
  return tls_context != NULL ? 0 : -1;
}

static inline int drop_certs(void **state) {
  const struct sc_buf *files[] = {&certs.ca, &certs.ca_key, &certs.server, &certs.server_key};
  char lock[64];
  (void)state;
  scl_tls_context_free(tls_context);
  snprintf(lock, sizeof(lock), "%s/lock", folder);
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) unlink(sc_buf_str(files[i]));
  unlink(lock);
  rmdir(folder);
  scl_certs_fini(&certs);
  return 0;
}

/* ---- the client ---- */

static struct sc_http *http;
static struct sc_http2 *client;

struct got {
  struct sc_http2_stream *stream; /* NULL once it is over */
  struct sc_buf body;
  size_t unconsumed;
  bool consumes, refuses, is_done;
  struct sc_http_head head;
  struct sc_error err;
};

static struct got got[STREAMS_MAX];

static inline int got_data(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  struct got *g = arg;
  assert_true(head->status != 0);
  if (g->refuses) return sc_error_set(err, SC_E_PROTOCOL, "no such bytes");
  sc_buf_add_slice(&g->body, chunk);
  if (g->consumes) sc_http2_consume(g->stream, chunk.len);
  else g->unconsumed += chunk.len;
  return SC_OK;
}

static inline void got_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct got *g = arg;
  g->is_done = true;
  g->stream = NULL;
  g->head = *head;
  g->err = *err;
}

static inline void client_open(const char *url, uint32_t streams, uint32_t window_bytes) {
  struct sc_http2_config config = {url, streams, window_bytes};
  struct sc_error err;
  memset(got, 0, sizeof(got));
  assert_int_equal(sc_http_new(certs.ca.len > 0 ? certs.ca.ptr : NULL, true, &http, &err), SC_OK);
  assert_int_equal(sc_http2_new(http, &config, &client, &err), SC_OK);
}

static inline void client_close(void) {
  sc_http2_free(client);
  sc_http_free(http);
  client = NULL;
  for (size_t i = 0; i < STREAMS_MAX; i++) sc_buf_fini(&got[i].body);
}

/* text is to stay. */
static inline struct got *ask(size_t i, const char *text) {
  static const struct sc_http2_receiver receiver = {got_data, got_done};
  static const char *const headers[] = {"Content-Type: a/b", "X-Mine:  1", "Host: there:1", NULL};
  struct sc_http2_request request = {headers, sc_slice_str(text), &receiver, &got[i]};
  got[i].consumes = true;
  got[i].stream = sc_http2_start(client, &request);
  return &got[i];
}

static inline void turn(void) {
  int64_t left_ms = sc_http2_due_ms(client) - sc_clock_mono_ms();
  struct pollfd fd = {.fd = sc_http2_fd(client), .events = POLLIN};
  poll(&fd, 1, left_ms <= 0 ? 0 : left_ms < 20 ? (int)left_ms : 20);
  sc_http2_act(client);
}

/* In real time, whatever the clock of the test says. */
#define TURN_UNTIL(condition)                                     \
  do {                                                            \
    time_t sc_began = time(NULL);                                 \
    while (!(condition)) {                                        \
      turn();                                                     \
      if (time(NULL) - sc_began > 20) fail_msg("%s", #condition); \
    }                                                             \
  } while (0)

static inline size_t n_done(void) {
  size_t n = 0;
  for (size_t i = 0; i < STREAMS_MAX; i++) n += got[i].is_done;
  return n;
}

#endif
