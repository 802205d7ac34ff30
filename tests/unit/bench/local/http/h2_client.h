/* A client of HTTP/2 by nghttp2, at the other end of a socket pair from a connection of the service. */
#ifndef SC_TESTS_UNIT_BENCH_LOCAL_HTTP_H2_CLIENT_H
#define SC_TESTS_UNIT_BENCH_LOCAL_HTTP_H2_CLIENT_H

#include <nghttp2/nghttp2.h>
#include <stdio.h>

#include "tests/unit/bench/local/http/wire.h"

#define H2_STREAMS 2000 /* numbers 1, 3, 5, ... */

struct h2_answer {
  int status;
  struct sc_buf fields; /* name=value lines */
  struct sc_buf body;
  int n_data; /* DATA frames */
  bool is_closed;
  uint32_t code; /* it was closed with */
};

/* Zero before h2_open. */
struct h2_client {
  struct wire wire;
  nghttp2_session *nghttp2;
  struct h2_answer answers[H2_STREAMS];
  uint32_t announced; /* MAX_CONCURRENT_STREAMS, as it was on the wire */
  uint32_t believed;  /* what the client is made to believe it was; 0: the truth */
  bool is_slow;       /* does not read */
  bool saw_end;       /* the service hung up */
  bool was_reset;     /* by TCP */
  int n_pongs;
  int32_t goaway_code; /* -1: none */
};

static inline struct h2_answer *h2_answer_of(struct h2_client *c, int32_t id) { return &c->answers[id / 2]; }

static inline int h2_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                               size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *opaque) {
  struct h2_answer *answer = h2_answer_of(opaque, frame->hd.stream_id);
  (void)session;
  (void)flags;
  if (strcmp((const char *)name, ":status") == 0) answer->status = (int)strtol((const char *)value, NULL, 10);
  else
    sc_buf_printf(&answer->fields, "%.*s=%.*s\n", (int)name_len, (const char *)name, (int)value_len,
                  (const char *)value);
  return 0;
}

static inline int h2_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t len,
                             void *opaque) {
  (void)session;
  (void)flags;
  sc_buf_add(&h2_answer_of(opaque, id)->body, bytes, len);
  return 0;
}

static inline int h2_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *opaque) {
  struct h2_client *c = opaque;
  (void)session;
  if (frame->hd.type == NGHTTP2_DATA) h2_answer_of(c, frame->hd.stream_id)->n_data++;
  if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) c->n_pongs++;
  if (frame->hd.type == NGHTTP2_GOAWAY) c->goaway_code = (int32_t)frame->goaway.error_code;
  return 0;
}

static inline int h2_on_close(nghttp2_session *session, int32_t id, uint32_t code, void *opaque) {
  struct h2_answer *answer = h2_answer_of(opaque, id);
  (void)session;
  answer->is_closed = true;
  answer->code = code;
  return 0;
}

static inline void h2_make_session(struct h2_client *c, bool updates_windows) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, h2_on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, h2_on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, h2_on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, h2_on_close);
  assert_int_equal(nghttp2_option_new(&option), 0);
  nghttp2_option_set_no_auto_window_update(option, !updates_windows);
  nghttp2_option_set_peer_max_concurrent_streams(option, H2_STREAMS);
  assert_int_equal(nghttp2_session_client_new2(&c->nghttp2, callbacks, c, option), 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
}

/* window 0: as large as can be, and renewed as it is used. */
static inline void h2_open(struct h2_client *c, const struct scl_protocol *protocol, const struct scl_handler *handler,
                           uint32_t window) {
  c->goaway_code = -1;
  wire_open(&c->wire, protocol, handler);
  h2_make_session(c, window == 0);
  nghttp2_settings_entry setting = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window == 0 ? 1u << 30 : window};
  assert_int_equal(nghttp2_submit_settings(c->nghttp2, NGHTTP2_FLAG_NONE, &setting, 1), 0);
}

static inline void h2_close(struct h2_client *c) {
  wire_close(&c->wire);
  nghttp2_session_del(c->nghttp2);
  for (int i = 0; i < H2_STREAMS; i++) {
    sc_buf_fini(&c->answers[i].fields);
    sc_buf_fini(&c->answers[i].body);
  }
}

static inline void h2_note_settings(struct h2_client *c, uint8_t *frame, size_t len) {
  assert_int_equal(frame[3], NGHTTP2_SETTINGS); /* the first frame of a server */
  for (size_t at = 9; at + 6 <= len && at < 9 + (size_t)frame[2]; at += 6) {
    if (frame[at + 1] != NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) continue;
    for (int i = 0; i < 4; i++) c->announced = c->announced << 8 | frame[at + 2 + (size_t)i];
    if (c->believed == 0) return;
    for (int i = 0; i < 4; i++) frame[at + 2 + (size_t)i] = (uint8_t)(c->believed >> (24 - 8 * i));
  }
}

static inline bool h2_hear(struct h2_client *c) {
  uint8_t bytes[16384];
  ssize_t n = c->is_slow ? -1 : read(c->wire.fd, bytes, sizeof(bytes));
  if (n == 0) c->saw_end = true;
  if (n < 0 && !c->is_slow && errno == ECONNRESET) c->was_reset = true;
  if (n <= 0) return false;
  if (c->announced == 0) h2_note_settings(c, bytes, (size_t)n);
  assert_int_equal(nghttp2_session_mem_recv(c->nghttp2, bytes, (size_t)n), n);
  return true;
}

static inline bool h2_say(struct h2_client *c) {
  const uint8_t *bytes;
  ssize_t n = nghttp2_session_mem_send(c->nghttp2, &bytes);
  assert_true(n >= 0);
  if (n == 0) return false;
  if (c->wire.conn != NULL) assert_int_equal(send(c->wire.fd, bytes, (size_t)n, MSG_NOSIGNAL), n);
  wire_work(&c->wire, EPOLLIN, 1);
  return true;
}

/* Both sides go on until neither has anything to say. now_ms: the service's. */
static inline void h2_run(struct h2_client *c, int64_t now_ms) {
  bool moves = true;
  while (moves) {
    moves = h2_say(c);
    if (wire_was_woken(&c->wire) || wire_wants_to_write(&c->wire)) wire_work(&c->wire, EPOLLIN, now_ms);
    while (h2_hear(c)) moves = true;
  }
}

struct h2_body {
  const char *ptr;
  size_t len;
};

static inline ssize_t h2_read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t most, uint32_t *flags,
                                   nghttp2_data_source *source, void *opaque) {
  struct h2_body *body = source->ptr;
  size_t n = most < body->len ? most : body->len;
  (void)session;
  (void)id;
  (void)opaque;
  memcpy(out, body->ptr, n);
  body->ptr += n;
  body->len -= n;
  if (body->len == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)n;
}

static inline nghttp2_nv h2_field(const char *name, const char *value) {
  return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

/* Submits a request; body (NULL: none) stays in place until it is sent. Returns the stream. */
static inline int32_t h2_ask(struct h2_client *c, const char *method, const char *path, struct h2_body *body) {
  nghttp2_nv fields[] = {h2_field(":method", method), h2_field(":scheme", "http"), h2_field(":authority", "a:1"),
                         h2_field(":path", path), h2_field("x-amz-target", "T.Op")};
  nghttp2_data_provider provider = {.source.ptr = body, .read_callback = h2_read_body};
  int32_t id = nghttp2_submit_request(c->nghttp2, NULL, fields, 5, body == NULL ? NULL : &provider, NULL);
  assert_true(id > 0);
  return id;
}

#endif
