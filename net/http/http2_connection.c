/* One connection of http2.h, by nghttp2. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "net/http/http2_parts.h"
#include "net/http/http_parts.h"

#define READS_A_TURN 32 /* of one connection, a TLS record each, before the others' turn */
#define REFUSED_BASE_MS 100
#define REFUSED_CAP_MS 5000
#define AUTHORITY 1    /* place of :authority among the headers */
#define NAMES_MAX 1024 /* bytes of the names of a request's headers, in lower case */

/* ---- streams ---- */

void sc_http2_end_stream(struct sc_http2_stream *s) {
  s->state = SC_HTTP2_OVER;
  s->connection = NULL;
  TAILQ_INSERT_TAIL(&s->h->over, s, link);
}

static void leave_connection(struct sc_http2_stream *s) {
  TAILQ_REMOVE(&s->connection->streams, s, link);
  s->connection->n_streams--;
}

/* The server has done nothing for it: another connection may. */
static void start_again(struct sc_http2_stream *s) {
  s->state = SC_HTTP2_WAITING;
  s->connection = NULL;
  s->due_ms = sc_clock_mono_ms() + sc_random_backoff_ms(&s->h->random, REFUSED_BASE_MS, REFUSED_CAP_MS, s->refusals++);
  TAILQ_INSERT_TAIL(&s->h->waiting, s, link);
}

static void set_reset_error(struct sc_http2_stream *s, uint32_t code) {
  sc_error_set(&s->err, SC_E_NET, "%s: the server ended the stream with %s", s->h->config.url,
               nghttp2_http2_strerror(code));
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg) {
  struct sc_http2_connection *c = arg;
  struct sc_http2 *h = c->h;
  struct sc_http2_stream *s = nghttp2_session_get_stream_user_data(session, id);
  if (s == NULL) return 0;
  leave_connection(s);
  if (code == NGHTTP2_REFUSED_STREAM && s->head.status == 0 && s->err.code == SC_OK) {
    h->counts.refused++;
    c->is_leaving = true;
    if (s->refusals < SC_HTTP2_REFUSALS_MAX) {
      start_again(s);
      return 0;
    }
  }
  if (s->err.code == SC_OK && !(code == NGHTTP2_NO_ERROR && s->has_ended)) set_reset_error(s, code);
  sc_http2_end_stream(s);
  return 0;
}

/* ---- a connection's end ---- */

void sc_http2_fail_connection(struct sc_http2_connection *c, const struct sc_error *err) {
  if (c->is_dead) return;
  c->is_dead = true;
  c->err = *err;
}

/* Outside of nghttp2's callbacks. */
void sc_http2_bury(struct sc_http2_connection *c) {
  struct sc_http2 *h = c->h;
  if (c->err.code == SC_OK) sc_error_set(&c->err, SC_E_NET, "%s: the server left the connection", h->config.url);
  for (struct sc_http2_stream *s; (s = TAILQ_FIRST(&c->streams)) != NULL;) {
    leave_connection(s);
    if (s->err.code == SC_OK) s->err = c->err;
    sc_http2_end_stream(s);
  }
  if (c->session != NULL) h->counts.connections--;
  nghttp2_session_del(c->session);
  sc_dialed_close(c->dialed);
  TAILQ_REMOVE(&h->connections, c, link);
  free(c);
}

static void fail_with(struct sc_http2_connection *c, const char *what) {
  struct sc_error err;
  sc_error_set(&err, SC_E_NET, "%s: %s", c->h->config.url, what);
  sc_http2_fail_connection(c, &err);
}

/* When no connection can be opened, all that wait for one end: each has a back-off of its own. */
void sc_http2_fail_waiting(struct sc_http2 *h, const struct sc_error *err) {
  for (struct sc_http2_stream *s; (s = TAILQ_FIRST(&h->waiting)) != NULL;) {
    TAILQ_REMOVE(&h->waiting, s, link);
    s->err = *err;
    sc_http2_end_stream(s);
  }
}

/* ---- what nghttp2 received ---- */

static void take_header(struct sc_http2_stream *s, struct sc_slice name, struct sc_slice value) {
  struct sc_http_head *head = &s->head;
  int64_t n;
  if (sc_slice_is(name, ":status") && sc_slice_to_i64(value, &n)) {
    *head = (struct sc_http_head){.status = (int)n, .content_length = -1, .retry_after_ms = -1};
  } else if (sc_slice_is(name, "content-length") && sc_slice_to_i64(value, &n) && n >= 0) {
    head->content_length = n;
  } else if (sc_slice_is(name, "date")) {
    head->date_ms = sc_http_parse_date(value.ptr);
  } else if (sc_slice_is(name, "x-amz-retry-after") && sc_slice_to_i64(value, &n) && n >= 0) {
    head->retry_after_ms = n;
  } else if (sc_slice_is(name, "x-amzn-errortype") && value.len < sizeof(head->error_type)) {
    memcpy(head->error_type, value.ptr, value.len + 1);
  }
}

/* nghttp2 has checked what RFC 9113 says of headers, and puts a NUL behind both texts. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *arg) {
  struct sc_http2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  (void)flags, (void)arg;
  if (s == NULL) return 0;
  s->headers += name_len + value_len;
  if (s->headers > SC_HTTP2_HEADER_BYTES_MAX) {
    sc_error_set(&s->err, SC_E_PROTOCOL, "%s: headers of more than %u bytes", s->h->config.url,
                 SC_HTTP2_HEADER_BYTES_MAX);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  take_header(s, sc_slice_of((const char *)name, name_len), sc_slice_of((const char *)value, value_len));
  return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t len, void *arg) {
  struct sc_http2_connection *c = arg;
  struct sc_http2_stream *s = nghttp2_session_get_stream_user_data(session, id);
  (void)flags;
  nghttp2_session_consume_connection(session, len);
  if (s == NULL || s->err.code != SC_OK) return 0;
  c->data_ms = sc_clock_mono_ms();
  int rc = s->request.receiver->data(s->request.arg, &s->head, sc_slice_of((const char *)bytes, len), &s->err);
  SC_ASSERT(rc != SC_AGAIN);
  if (rc != SC_OK) nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  return 0;
}

static void took_settings(struct sc_http2_connection *c) {
  c->is_settled = true;
  c->h->announced = nghttp2_session_get_remote_settings(c->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  if (c->h->announced > 0) return;
  fail_with(c, "the server allows no streams");
  sc_http2_fail_waiting(c->h, &c->err);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  struct sc_http2_connection *c = arg;
  bool is_ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
  switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
      if (!is_ack) took_settings(c);
      break;
    case NGHTTP2_PING:
      if (is_ack) c->ping_sent_ms = 0;
      break;
    case NGHTTP2_GOAWAY:
      c->h->counts.goaways++;
      c->is_leaving = true;
      break;
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS: {
      struct sc_http2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
      if (s != NULL && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) s->has_ended = true;
      break;
    }
    default:
      break;
  }
  return 0;
}

/* ---- sending ---- */

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t most, uint32_t *flags,
                         nghttp2_data_source *source, void *arg) {
  struct sc_http2_stream *s = source->ptr;
  struct sc_slice body = s->request.body;
  size_t n = body.len - s->sent < most ? body.len - s->sent : most;
  (void)session, (void)id, (void)arg;
  if (n > 0) memcpy(out, body.ptr + s->sent, n);
  s->sent += n;
  if (s->sent == body.len) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)n;
}

static nghttp2_nv pair(const char *name, size_t name_len, const char *value, size_t value_len) {
  return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, name_len, value_len, NGHTTP2_NV_FLAG_NONE};
}

#define PAIR(name, text) pair((name), sizeof(name) - 1, (text).ptr, (text).len)

/* "Name: value"; the name is written to *names in lower case, as HTTP/2 wants it. */
static nghttp2_nv header_pair(const char *line, char **names, const char *end) {
  const char *colon = strchr(line, ':');
  SC_ASSERT(colon != NULL && colon - line <= end - *names);
  char *name = *names;
  for (const char *p = line; p < colon; p++) *(*names)++ = (char)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
  const char *value = colon + 1 + strspn(colon + 1, " ");
  return pair(name, (size_t)(colon - line), value, strlen(value));
}

static int submit(struct sc_http2_connection *c, struct sc_http2_stream *s) {
  const struct sc_http2 *h = c->h;
  nghttp2_nv headers[SC_HTTP_HEADERS_MAX + 5];
  char names[NAMES_MAX], *free_names = names;
  size_t n = 0;
  headers[n++] = PAIR(":method", SC_SLICE_LITERAL("POST"));
  headers[n++] = PAIR(":authority", h->authority);
  headers[n++] = PAIR(":scheme", h->is_tls ? SC_SLICE_LITERAL("https") : SC_SLICE_LITERAL("http"));
  headers[n++] = PAIR(":path", SC_SLICE_LITERAL("/"));
  headers[n++] = PAIR("user-agent", SC_SLICE_LITERAL("shardcopy/" SC_VERSION));
  for (const char *const *line = s->request.headers; *line != NULL; line++) {
    SC_ASSERT(n < sizeof(headers) / sizeof(*headers));
    nghttp2_nv header = header_pair(*line, &free_names, names + sizeof(names));
    bool is_host = header.namelen == 4 && memcmp(header.name, "host", 4) == 0;
    if (is_host) headers[AUTHORITY] = PAIR(":authority", sc_slice_of((char *)header.value, header.valuelen));
    else headers[n++] = header;
  }
  nghttp2_data_provider body = {.source.ptr = s, .read_callback = read_body};
  return nghttp2_submit_request(c->session, NULL, headers, n, &body, s);
}

/* False when the connection takes no more streams. */
bool sc_http2_open_stream(struct sc_http2_connection *c, struct sc_http2_stream *s) {
  s->sent = s->headers = 0;
  s->has_ended = false;
  s->head = (struct sc_http_head){.content_length = -1, .retry_after_ms = -1};
  s->id = submit(c, s);
  if (s->id < 0) { /* its ids are used up, or nghttp2 has given it up */
    c->is_leaving = true;
    return false;
  }
  TAILQ_REMOVE(&c->h->waiting, s, link);
  s->state = SC_HTTP2_OPEN;
  s->connection = c;
  TAILQ_INSERT_TAIL(&c->streams, s, link);
  c->n_streams++;
  c->data_ms = sc_clock_mono_ms();
  return true;
}

void sc_http2_send(struct sc_http2_connection *c) {
  struct sc_error err;
  while (!c->is_dead) {
    size_t n = 0;
    if (c->unsent_len == 0) {
      ssize_t len = nghttp2_session_mem_send(c->session, &c->unsent);
      if (len < 0) fail_with(c, nghttp2_strerror((int)len));
      if (len <= 0) break;
      c->unsent_len = (size_t)len;
    }
    int rc = sc_dialed_write(c->dialed, c->unsent, c->unsent_len, &n, &err);
    if (rc == SC_AGAIN) break;
    if (rc != SC_OK) sc_http2_fail_connection(c, &err);
    c->unsent += n;
    c->unsent_len -= n;
  }
  sc_dialed_want_write(c->dialed, c->unsent_len > 0);
}

uint32_t sc_http2_most_streams(const struct sc_http2_connection *c) {
  const struct sc_http2 *h = c->h;
  if (c->is_leaving || c->is_dead) return 0;
  if (!c->is_settled) return 1;
  uint32_t announced = nghttp2_session_get_remote_settings(c->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return announced < h->config.streams ? announced : h->config.streams;
}

void sc_http2_reset_stream(struct sc_http2_stream *s, int64_t silent_ms) {
  struct sc_http2_connection *c = s->connection;
  leave_connection(s);
  nghttp2_session_set_stream_user_data(c->session, s->id, NULL);
  nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
  if (silent_ms > 0 && sc_clock_mono_ms() - c->data_ms >= silent_ms) fail_with(c, "the server has fallen silent");
}

/* ---- receiving ---- */

void sc_http2_receive(struct sc_http2_connection *c) {
  struct sc_error err;
  c->has_unread = false;
  for (int reads = 0; !c->is_dead; reads++) {
    size_t n;
    if (reads == READS_A_TURN) {
      c->has_unread = true;
      return;
    }
    int rc = sc_dialed_read(c->dialed, c->h->buffer, SC_HTTP2_READ_BYTES, &n, &err);
    if (rc == SC_AGAIN) return;
    if (rc != SC_OK) {
      sc_error_prefix(&err, "%s", c->h->config.url);
      sc_http2_fail_connection(c, &err);
      return;
    }
    ssize_t taken = nghttp2_session_mem_recv(c->session, c->h->buffer, n);
    if (taken < 0) fail_with(c, nghttp2_strerror((int)taken));
  }
}

/* ---- its life ---- */

void sc_http2_set_callbacks(struct sc_http2 *h) {
  nghttp2_session_callbacks_new(&h->callbacks);
  nghttp2_option_new(&h->options);
  SC_ASSERT(h->callbacks != NULL && h->options != NULL);
  nghttp2_session_callbacks_set_on_stream_close_callback(h->callbacks, on_stream_close);
  nghttp2_session_callbacks_set_on_header_callback(h->callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(h->callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(h->callbacks, on_frame);
  nghttp2_option_set_no_auto_window_update(h->options, 1);
  nghttp2_option_set_max_reserved_remote_streams(h->options, 0);
}

void sc_http2_greet(struct sc_http2_connection *c) {
  struct sc_http2 *h = c->h;
  nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, h->config.window_bytes},
                                       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, SC_HTTP2_HEADER_BYTES_MAX}};
  if (nghttp2_session_client_new2(&c->session, h->callbacks, c, h->options) != 0) {
    c->session = NULL;
    fail_with(c, "nghttp2 has no session to give");
    return;
  }
  nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(*settings));
  nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, SC_HTTP2_CONNECTION_WINDOW_BYTES);
  c->ping_due_ms = sc_clock_mono_ms() + SC_HTTP2_PING_EVERY_MS;
  h->counts.connections++;
  h->counts.resumed += sc_dialed_is_resumed(c->dialed);
}

/* A PING is due, unanswered for too long, or the connection is of no use any more. */
void sc_http2_look_at_ping(struct sc_http2_connection *c, int64_t now_ms) {
  if (c->session == NULL || c->is_dead) return;
  if (c->ping_sent_ms != 0 && now_ms - c->ping_sent_ms >= SC_HTTP2_PING_WAIT_MS) {
    c->h->counts.dead_pings++;
    fail_with(c, "a PING was not answered within 10 s");
  } else if (now_ms >= c->ping_due_ms) {
    c->ping_due_ms = now_ms + SC_HTTP2_PING_EVERY_MS;
    if (c->n_streams == 0) {
      nghttp2_session_terminate_session(c->session, NGHTTP2_NO_ERROR);
      c->is_leaving = true;
    } else if (c->ping_sent_ms == 0) {
      nghttp2_submit_ping(c->session, NGHTTP2_FLAG_NONE, NULL);
      c->ping_sent_ms = now_ms;
    }
  }
}

bool sc_http2_is_finished(const struct sc_http2_connection *c) {
  if (c->is_dead) return true;
  if (c->session == NULL || nghttp2_session_want_write(c->session)) return false;
  return (c->is_leaving && c->n_streams == 0) || !nghttp2_session_want_read(c->session);
}
