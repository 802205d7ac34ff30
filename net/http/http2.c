#include "net/http/http2.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "net/http/http2_parts.h"

/* ---- connections ---- */

static void on_ready(void *arg) {
  struct sc_http2_connection *c = arg;
  if (!c->is_dead && c->session != NULL) sc_http2_receive(c);
}

static void on_opened(void *arg, const struct sc_error *err) {
  struct sc_http2_connection *c = arg;
  struct sc_error mine = *err;
  if (err->code == SC_OK) {
    sc_http2_greet(c);
    return;
  }
  sc_error_prefix(&mine, "%s", c->h->config.url);
  sc_http2_fail_connection(c, &mine);
  sc_http2_fail_waiting(c->h, &mine);
}

static void dial(struct sc_http2 *h) {
  static const struct sc_dialed_owner owner = {on_opened, on_ready};
  struct sc_http2_connection *c = sc_alloc_zero(1, sizeof(*c));
  struct sc_error err;
  c->h = h;
  TAILQ_INIT(&c->streams);
  c->dialed = sc_dial(h->dialer, h->config.url, "h2", &owner, c, &err);
  if (c->dialed == NULL) {
    free(c);
    sc_http2_fail_waiting(h, &err);
    return;
  }
  TAILQ_INSERT_TAIL(&h->connections, c, link);
  h->counts.dialed++;
}

/* As many as the streams that are due need, on what is known of the server; few at a time, so that thousands of
 * handshakes do not take the thread from the streams that are open. */
static void dial_enough(struct sc_http2 *h, uint32_t wanted) {
  uint32_t places = h->announced == 0 || h->announced > h->config.streams ? h->config.streams : h->announced;
  uint32_t dialing = 0, unsettled = 0;
  struct sc_http2_connection *c;
  TAILQ_FOREACH(c, &h->connections, link) {
    dialing += c->session == NULL && !c->is_dead;
    unsettled += !c->is_settled && !c->is_leaving && !c->is_dead;
  }
  uint32_t most = h->announced == 0 ? 1 : SC_HTTP2_DIALING;
  while (dialing < most && unsettled < most && (uint64_t)unsettled * places < wanted) {
    dial(h);
    dialing++, unsettled++;
  }
}

static struct sc_http2_connection *with_place(struct sc_http2 *h) {
  struct sc_http2_connection *c;
  TAILQ_FOREACH(c, &h->connections, link)
  if (c->session != NULL && c->n_streams < sc_http2_most_streams(c)) return c;
  return NULL;
}

static void place_waiting(struct sc_http2 *h) {
  struct sc_http2_connection *c = NULL;
  int64_t now_ms = sc_clock_mono_ms();
  uint32_t unplaced = 0;
  for (struct sc_http2_stream *s = TAILQ_FIRST(&h->waiting), *next; s != NULL; s = next) {
    next = TAILQ_NEXT(s, link);
    if (s->due_ms > now_ms) continue;
    do {
      if (c == NULL || c->n_streams >= sc_http2_most_streams(c)) c = with_place(h);
    } while (c != NULL && !sc_http2_open_stream(c, s));
    unplaced += c == NULL;
  }
  if (unplaced > 0) dial_enough(h, unplaced);
}

/* ---- the client ---- */

int sc_http2_new(struct sc_http *http, const struct sc_http2_config *config, struct sc_http2 **out,
                 struct sc_error *err) {
  struct sc_http2 *h = sc_alloc_zero(1, sizeof(*h));
  const char *authority = strstr(config->url, "://");
  SC_ASSERT(authority != NULL && config->streams >= 1);
  SC_ASSERT(config->window_bytes >= NGHTTP2_INITIAL_WINDOW_SIZE && config->window_bytes <= INT32_MAX);
  h->config = *config;
  h->is_tls = strncmp(config->url, "https:", 6) == 0;
  h->authority = sc_slice_of(authority + 3, strcspn(authority + 3, "/"));
  TAILQ_INIT(&h->connections);
  TAILQ_INIT(&h->waiting);
  TAILQ_INIT(&h->over);
  sc_random_init(&h->random, (uint64_t)sc_clock_mono_us() ^ (uint64_t)(uintptr_t)h);
  sc_http2_set_callbacks(h);
  *out = h;
  if (sc_dialer_new(http, &h->dialer, err) == SC_OK) return SC_OK;
  sc_http2_free(h);
  *out = NULL;
  return err->code;
}

void sc_http2_free(struct sc_http2 *h) {
  if (h == NULL) return;
  for (struct sc_http2_connection *c; (c = TAILQ_FIRST(&h->connections)) != NULL;) sc_http2_bury(c);
  TAILQ_CONCAT(&h->over, &h->waiting, link);
  for (struct sc_http2_stream *s; (s = TAILQ_FIRST(&h->over)) != NULL;) {
    TAILQ_REMOVE(&h->over, s, link);
    free(s);
  }
  sc_dialer_free(h->dialer);
  nghttp2_session_callbacks_del(h->callbacks);
  nghttp2_option_del(h->options);
  free(h);
}

int sc_http2_fd(const struct sc_http2 *h) { return sc_dialer_fd(h->dialer); }

static int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }

int64_t sc_http2_due_ms(const struct sc_http2 *h) {
  int64_t due_ms = sc_dialer_due_ms(h->dialer);
  const struct sc_http2_connection *c;
  const struct sc_http2_stream *s;
  if (h->has_started || !TAILQ_EMPTY(&h->over)) return 0;
  TAILQ_FOREACH(c, &h->connections, link) {
    if (c->is_dead || c->has_unread) return 0;
    if (c->session == NULL) continue;
    if (c->unsent_len == 0 && nghttp2_session_want_write(c->session)) return 0;
    due_ms = earlier(due_ms, c->ping_due_ms);
    if (c->ping_sent_ms != 0) due_ms = earlier(due_ms, c->ping_sent_ms + SC_HTTP2_PING_WAIT_MS);
  }
  int64_t now_ms = sc_clock_mono_ms();
  TAILQ_FOREACH(s, &h->waiting, link)
  if (s->due_ms > now_ms) due_ms = earlier(due_ms, s->due_ms); /* one that is due waits for a place */
  return due_ms;
}

/* Done may start and cancel streams. */
static void deliver(struct sc_http2 *h) {
  for (struct sc_http2_stream *s; (s = TAILQ_FIRST(&h->over)) != NULL;) {
    TAILQ_REMOVE(&h->over, s, link);
    s->err.http_status = s->head.status;
    s->request.receiver->done(s->request.arg, &s->head, &s->err);
    free(s);
  }
}

void sc_http2_act(struct sc_http2 *h) {
  struct sc_http2_connection *c, *next;
  sc_dialer_act(h->dialer);
  int64_t now_ms = sc_clock_mono_ms();
  TAILQ_FOREACH(c, &h->connections, link) {
    if (c->has_unread && !c->is_dead) sc_http2_receive(c);
    sc_http2_look_at_ping(c, now_ms);
  }
  for (c = TAILQ_FIRST(&h->connections); c != NULL; c = next) {
    next = TAILQ_NEXT(c, link);
    if (sc_http2_is_finished(c)) sc_http2_bury(c);
  }
  h->has_started = false;
  place_waiting(h);
  TAILQ_FOREACH(c, &h->connections, link)
  if (c->session != NULL) sc_http2_send(c);
  deliver(h);
}

void sc_http2_set_window(struct sc_http2 *h, uint32_t window_bytes) {
  SC_ASSERT(window_bytes >= NGHTTP2_INITIAL_WINDOW_SIZE && window_bytes <= INT32_MAX);
  h->config.window_bytes = window_bytes;
}

struct sc_http2_stream *sc_http2_start(struct sc_http2 *h, const struct sc_http2_request *request) {
  struct sc_http2_stream *s = sc_alloc_zero(1, sizeof(*s));
  s->h = h;
  s->request = *request;
  TAILQ_INSERT_TAIL(&h->waiting, s, link);
  h->has_started = true;
  return s;
}

void sc_http2_consume(struct sc_http2_stream *s, size_t bytes) {
  if (s->state == SC_HTTP2_OPEN && bytes > 0) nghttp2_session_consume_stream(s->connection->session, s->id, bytes);
}

bool sc_http2_has_window(const struct sc_http2_stream *s) {
  return s->state == SC_HTTP2_OPEN && nghttp2_session_get_stream_local_window_size(s->connection->session, s->id) > 0;
}

void sc_http2_cancel(struct sc_http2_stream *s, int64_t silent_ms) {
  if (s->state == SC_HTTP2_WAITING) TAILQ_REMOVE(&s->h->waiting, s, link);
  if (s->state == SC_HTTP2_OVER) TAILQ_REMOVE(&s->h->over, s, link);
  if (s->state == SC_HTTP2_OPEN) sc_http2_reset_stream(s, silent_ms);
  free(s);
}

struct sc_http2_counts sc_http2_counts(const struct sc_http2 *h) {
  return h->counts;
}
