#include "bench/local/http/http2.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "bench/local/http/h2frames.h"
#include "bench/local/http/head.h"
#include "bench/local/http/headers.h"
#include "bench/local/http/sending.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"

#define WINDOW_BYTES (1 << 20)
#define CONNECTION_WINDOW_BYTES (4 << 20)
/* Streams that nghttp2 accepts beyond those announced. nghttp2 would end the connection; we refuse single streams. */
#define SLACK_STREAMS 1000
/* With more queued frames nothing is read until they are sent. */
#define MAX_QUEUED_FRAMES 4096

#define DATA_HEADER 9

#define SWITCHING_PROTOCOLS "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

enum phase { READING, ANSWERING, OVER };

struct stream {
  LIST_ENTRY(stream) entry;
  struct session *session;
  int32_t id;
  enum phase phase;
  int refusal; /* status to answer without the handler; 0: none */
  char method[16];
  struct sc_buf path, body;
  struct scl_headers headers;
  bool has_authority;

  struct scl_sending sending; /* ANSWERING, and while has_sending */
  bool has_sending;
  bool has_begun;    /* the header may be sent */
  bool is_submitted; /* the header was given to nghttp2 */
  bool is_deferred;  /* nghttp2 waits until the data is resumed */
  bool is_ended;     /* END_STREAM comes next */
  bool is_ready;     /* the last step gave bytes */
  int64_t wake_ms;
  atomic_bool is_notified;
};

struct session {
  nghttp2_session *nghttp2;
  struct scl_conn *conn;
  const struct scl_handler *handler;
  int max_streams;
  LIST_HEAD(, stream) streams; /* open ones that we answer */
  int n_streams;
  LIST_HEAD(, stream) closed; /* closed ones that the output may point into */
  int n_closed;
  int32_t last_id;            /* of the requests */
  size_t body_bytes;          /* of requests that are not whole */
  struct scl_h2frames *batch; /* the frames of the current output; NULL: none */
  const char *greeting;       /* sent before the first frame; NULL: nothing */
  bool has_settings;          /* our SETTINGS were sent */
  bool has_goaway;
  bool is_broken;
  bool awaits_preface;    /* upgraded: nothing is answered before the client's SETTINGS have come */
  enum scl_ending ending; /* of the connection, after the next output */
};

/* ---- streams ---- */

static void free_stream(struct stream *stream) {
  if (stream->has_sending) scl_sending_fini(&stream->sending);
  sc_buf_fini(&stream->path);
  sc_buf_fini(&stream->body);
  scl_headers_fini(&stream->headers);
  free(stream);
}

static struct stream *add_stream(struct session *session, int32_t id) {
  struct stream *stream = sc_alloc_zero(1, sizeof(*stream));
  stream->session = session;
  stream->id = id;
  LIST_INSERT_HEAD(&session->streams, stream, entry);
  session->n_streams++;
  nghttp2_session_set_stream_user_data(session->nghttp2, id, stream);
  return stream;
}

static void drop_body(struct stream *stream) {
  stream->session->body_bytes -= stream->body.len;
  sc_buf_fini(&stream->body);
}

/* Its memory is freed when the output, which may point into it, is written. */
static void close_stream(struct stream *stream) {
  struct session *session = stream->session;
  LIST_REMOVE(stream, entry);
  session->n_streams--;
  if (stream->has_sending) scl_sending_stop(&stream->sending);
  drop_body(stream);
  LIST_INSERT_HEAD(&session->closed, stream, entry);
  session->n_closed++;
}

static void free_closed(struct session *session) {
  struct stream *stream;
  while ((stream = LIST_FIRST(&session->closed)) != NULL) {
    LIST_REMOVE(stream, entry);
    free_stream(stream);
  }
  session->n_closed = 0;
}

static void notify(void *context) {
  struct stream *stream = context;
  atomic_store(&stream->is_notified, true);
  scl_conn_wake(stream->session->conn);
}

static void reset_stream(struct session *session, int32_t id, uint32_t code) {
  nghttp2_submit_rst_stream(session->nghttp2, NGHTTP2_FLAG_NONE, id, code);
}

/* ---- requests ---- */

/* Takes over what the reply owns. */
static void answer_with(struct stream *stream, const struct scl_reply *reply, bool has_body) {
  drop_body(stream);
  stream->phase = ANSWERING;
  stream->has_sending = true;
  atomic_store(&stream->is_notified, true); /* to be stepped */
  scl_sending_init(&stream->sending, reply, has_body, sc_clock_mono_ms(), notify, stream);
}

static void handle(struct stream *stream) {
  struct session *session = stream->session;
  struct scl_reply reply = {0};
  if (stream->refusal != 0) {
    reply.status = stream->refusal;
    reply.date_ms = sc_clock_wall_ms();
    answer_with(stream, &reply, true);
    return;
  }
  scl_headers_finish(&stream->headers);
  struct scl_request request = {
      .method = sc_slice_str(stream->method),
      .path = sc_buf_view(&stream->path),
      .target = scl_headers_find(&stream->headers, "x-amz-target"),
      .content_type = scl_headers_find(&stream->headers, "content-type"),
      .body = sc_buf_view(&stream->body),
      .from_loopback = scl_conn_is_loopback(session->conn),
      .headers = stream->headers.views,
      .n_headers = stream->headers.n,
  };
  session->handler->handle(session->handler->context, &request, &reply);
  answer_with(stream, &reply, !sc_slice_is(request.method, "HEAD"));
}

/* nghttp2 ignores the HEADERS of a stream it does not know when a later one was opened. They are a connection error
 * (RFC 9113, 5.1.1). It knows the closed streams too, about as many of the last as may be open, and sees to those
 * itself. */
static int on_begin_frame(nghttp2_session *nghttp2, const nghttp2_frame_hd *head, void *opaque) {
  const struct session *session = opaque;
  bool is_late = head->type == NGHTTP2_HEADERS && head->stream_id < session->last_id;
  if (is_late && nghttp2_session_find_stream(nghttp2, head->stream_id) == NULL)
    nghttp2_session_terminate_session(nghttp2, NGHTTP2_PROTOCOL_ERROR);
  return 0;
}

static int on_begin_headers(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *opaque) {
  struct session *session = opaque;
  (void)nghttp2;
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  session->last_id = frame->hd.stream_id;
  if (session->n_streams < session->max_streams) add_stream(session, frame->hd.stream_id);
  else reset_stream(session, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
  return 0;
}

static void refuse(struct stream *stream, int status) {
  if (stream->refusal == 0) stream->refusal = status;
}

static void set_method(struct stream *stream, struct sc_slice value) {
  if (value.len >= sizeof(stream->method)) {
    refuse(stream, 501);
    return;
  }
  memcpy(stream->method, value.ptr, value.len);
  stream->method[value.len] = '\0';
}

static void add_header(struct stream *stream, struct sc_slice name, struct sc_slice value) {
  if (!scl_headers_add_name(&stream->headers, name) || !scl_headers_add_value(&stream->headers, value))
    refuse(stream, 431);
}

static void take_header(struct stream *stream, struct sc_slice name, struct sc_slice value) {
  if (sc_slice_is(name, ":method")) {
    set_method(stream, value);
  } else if (sc_slice_is(name, ":path")) {
    if (value.len > SCL_HTTP1_MAX_URL) refuse(stream, 414);
    else sc_buf_add_slice(&stream->path, value);
  } else if (sc_slice_is(name, ":authority")) {
    stream->has_authority = true;
    add_header(stream, SC_SLICE_LITERAL("host"), value);
  } else if (!sc_slice_starts(name, ":") && !(stream->has_authority && sc_slice_is(name, "host"))) {
    add_header(stream, name, value);
  }
}

/* Trailers are ignored. */
static int on_header(nghttp2_session *nghttp2, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *opaque) {
  struct stream *stream = nghttp2_session_get_stream_user_data(nghttp2, frame->hd.stream_id);
  (void)flags;
  (void)opaque;
  if (stream == NULL || frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  if (stream->refusal == 0)
    take_header(stream, sc_slice_of((const char *)name, name_len), sc_slice_of((const char *)value, value_len));
  return 0;
}

static int on_data(nghttp2_session *nghttp2, uint8_t flags, int32_t id, const uint8_t *bytes, size_t len,
                   void *opaque) {
  struct session *session = opaque;
  struct stream *stream = nghttp2_session_get_stream_user_data(nghttp2, id);
  (void)flags;
  if (stream == NULL || stream->phase != READING || stream->refusal != 0) return 0;
  if (len > SCL_HTTP1_MAX_BODY - stream->body.len) {
    refuse(stream, 413);
    drop_body(stream);
    handle(stream); /* at once; the rest of the body is discarded */
  } else if (len > SCL_HTTP2_MAX_BODIES - session->body_bytes) {
    refuse(stream, 503);
    drop_body(stream);
    reset_stream(session, id, NGHTTP2_ENHANCE_YOUR_CALM);
  } else {
    sc_buf_add(&stream->body, bytes, len);
    session->body_bytes += len;
  }
  return 0;
}

static void send_continue(struct stream *stream) {
  nghttp2_nv status = {(uint8_t *)":status", (uint8_t *)"100", 7, 3, NGHTTP2_NV_FLAG_NONE};
  nghttp2_submit_headers(stream->session->nghttp2, NGHTTP2_FLAG_NONE, stream->id, NULL, &status, 1, NULL);
}

static int on_frame(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *opaque) {
  struct session *session = opaque;
  if (frame->hd.type == NGHTTP2_SETTINGS) session->awaits_preface = false;
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  struct stream *stream = nghttp2_session_get_stream_user_data(nghttp2, frame->hd.stream_id);
  if (stream == NULL || stream->phase != READING) return 0;
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    handle(stream);
  } else if (frame->hd.type == NGHTTP2_HEADERS) {
    scl_headers_finish(&stream->headers);
    if (sc_slice_is(scl_headers_find(&stream->headers, "expect"), "100-continue")) send_continue(stream);
  }
  return 0;
}

static int on_stream_close(nghttp2_session *nghttp2, int32_t id, uint32_t code, void *opaque) {
  struct stream *stream = nghttp2_session_get_stream_user_data(nghttp2, id);
  (void)code;
  (void)opaque;
  if (stream == NULL) return 0;
  nghttp2_session_set_stream_user_data(nghttp2, id, NULL);
  close_stream(stream);
  return 0;
}

/* ---- replies ---- */

/* Whether END_STREAM may go with the last bytes. */
static bool ends_plainly(const struct scl_sending *sending) {
  return sending->reply.feed == NULL && !sending->was_cut && sending->reply.delivery.ending == SCL_ENDING_KEEP;
}

/* Returns the number of bytes of the next DATA frame. */
static ssize_t read_body(nghttp2_session *nghttp2, int32_t id, uint8_t *out, size_t most, uint32_t *flags,
                         nghttp2_data_source *source, void *opaque) {
  struct stream *stream = source->ptr;
  struct scl_sending *sending = &stream->sending;
  (void)nghttp2;
  (void)id;
  (void)out;
  (void)opaque;
  if (stream->is_ended) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return 0;
  }
  if (stream->phase != ANSWERING || sending->left == 0) {
    stream->is_deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (sending->piece_bytes > 0 && most > sending->piece_bytes) most = sending->piece_bytes;
  size_t n = scl_sending_reach(sending, most, SCL_H2FRAMES_BODY_PIECES);
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (n == sending->left && ends_plainly(sending)) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)n;
}

static int send_body(nghttp2_session *nghttp2, nghttp2_frame *frame, const uint8_t *header, size_t len,
                     nghttp2_data_source *source, void *opaque) {
  struct session *session = opaque;
  struct scl_h2frames *batch = session->batch;
  struct stream *stream = source->ptr;
  (void)nghttp2;
  (void)frame;
  if (!scl_h2frames_have_room(batch)) return NGHTTP2_ERR_WOULDBLOCK;
  scl_h2frames_add(batch, header, DATA_HEADER);
  batch->n_pieces += scl_sending_take(&stream->sending, len, batch->pieces + batch->n_pieces);
  batch->body_bytes += len;
  return 0;
}

static void submit(struct stream *stream, bool has_data) {
  if (stream->is_submitted || stream->sending.reply.delivery.is_silent) return;
  const struct scl_reply *reply = &stream->sending.reply;
  struct scl_head head;
  char status[16];
  nghttp2_nv fields[SCL_HEAD_FIELDS + 1];
  nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = read_body};
  snprintf(status, sizeof(status), "%03d", reply->status);
  fields[0] = (nghttp2_nv){(uint8_t *)":status", (uint8_t *)status, 7, strlen(status), NGHTTP2_NV_FLAG_NONE};
  scl_head_make(&head, reply);
  for (int i = 0; i < head.n; i++) {
    const char *name = head.fields[i].name, *value = head.fields[i].value;
    fields[i + 1] = (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
  }
  nghttp2_submit_response(stream->session->nghttp2, stream->id, fields, (size_t)head.n + 1,
                          has_data ? &provider : NULL);
  stream->is_submitted = true;
}

static void resume(struct stream *stream) {
  if (!stream->is_deferred) return;
  stream->is_deferred = false;
  nghttp2_session_resume_data(stream->session->nghttp2, stream->id);
}

static void say_goaway(struct session *session) {
  if (session->has_goaway) return;
  session->has_goaway = true;
  nghttp2_submit_goaway(session->nghttp2, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session->nghttp2),
                        NGHTTP2_NO_ERROR, NULL, 0);
}

static void end_well(struct stream *stream) {
  submit(stream, false);
  stream->is_ended = true;
  resume(stream);
}

static void end_badly(struct stream *stream, uint32_t code) {
  submit(stream, true);
  reset_stream(stream->session, stream->id, code);
}

/* Nothing more is sent. The sending is freed at once: a step comes only when the output before it is written, so no
 * output points into it. */
static void hang(struct stream *stream) {
  submit(stream, true);
  scl_sending_fini(&stream->sending);
  stream->has_sending = false;
}

static void end_connection(struct stream *stream, enum scl_ending ending) {
  submit(stream, true);
  stream->session->ending = ending;
}

static void end_answer(struct stream *stream) {
  const struct scl_sending *sending = &stream->sending;
  bool is_whole = !sending->was_cut && !sending->reply.delivery.is_silent;
  stream->phase = OVER;
  switch (sending->ending) {
    case SCL_ENDING_KEEP:
      if (is_whole) end_well(stream);
      else if (sending->was_cut && !sending->reply.delivery.is_silent) end_badly(stream, NGHTTP2_INTERNAL_ERROR);
      else hang(stream);
      break;
    case SCL_ENDING_CLOSE:
      if (!is_whole) {
        end_connection(stream, SCL_ENDING_CLOSE);
        break;
      }
      end_well(stream);
      say_goaway(stream->session);
      break;
    case SCL_ENDING_GOAWAY:
      if (is_whole) end_well(stream);
      else end_badly(stream, NGHTTP2_INTERNAL_ERROR);
      say_goaway(stream->session);
      break;
    case SCL_ENDING_RESET:
      end_connection(stream, SCL_ENDING_RESET);
      break;
    case SCL_ENDING_HANG:
      hang(stream);
      break;
    case SCL_ENDING_STREAM:
    case SCL_ENDING_REFUSE:
      end_badly(stream, sending->ending == SCL_ENDING_STREAM ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_REFUSED_STREAM);
      break;
  }
}

static void advance(struct stream *stream, int64_t now_ms) {
  stream->is_ready = false;
  for (;;) switch (scl_sending_step(&stream->sending, now_ms, &stream->wake_ms)) {
      case SCL_SENDING_BEGINS:
        stream->has_begun = true;
        break;
      case SCL_SENDING_READY:
        stream->is_ready = true;
        submit(stream, true);
        resume(stream);
        return;
      case SCL_SENDING_OVER:
        end_answer(stream);
        return;
      default:
        if (stream->has_begun) submit(stream, true);
        return;
    }
}

static bool is_due(struct stream *stream, int64_t now_ms) {
  if (stream->phase != ANSWERING) return false;
  if (stream->is_ready) return stream->sending.left == 0;
  bool is_notified = atomic_exchange(&stream->is_notified, false);
  return is_notified || (stream->wake_ms != 0 && stream->wake_ms <= now_ms);
}

/* Steps the streams that may go on. Returns when to do so next; 0: when notified. */
static int64_t advance_all(struct session *session, int64_t now_ms) {
  int64_t wake_ms = 0;
  if (session->awaits_preface) return 0;
  struct stream *stream;
  LIST_FOREACH(stream, &session->streams, entry) {
    if (is_due(stream, now_ms)) advance(stream, now_ms);
    bool waits = stream->phase == ANSWERING && !stream->is_ready && stream->wake_ms != 0;
    if (waits && (wake_ms == 0 || stream->wake_ms < wake_ms)) wake_ms = stream->wake_ms;
  }
  return wake_ms;
}

/* ---- output ---- */

/* nghttp2 was given SLACK_STREAMS more than the client is to be told. Writes the right number into our first SETTINGS
 * frame. */
static void announce_streams(const struct session *session, char *frame, size_t len) {
  for (size_t at = DATA_HEADER; at + 6 <= len; at += 6) {
    if (frame[at] != 0 || frame[at + 1] != NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) continue;
    for (int i = 0; i < 4; i++) frame[at + 2 + (size_t)i] = (char)(session->max_streams >> (24 - 8 * i));
  }
}

static void fill_batch(struct session *session) {
  struct scl_h2frames *batch = session->batch;
  const uint8_t *bytes;
  ssize_t len = 0;
  if (session->greeting != NULL) scl_h2frames_add(batch, session->greeting, strlen(session->greeting));
  session->greeting = NULL;
  while (scl_h2frames_have_room(batch) && (len = nghttp2_session_mem_send(session->nghttp2, &bytes)) > 0) {
    char *at = scl_h2frames_add(batch, bytes, (size_t)len);
    if (!session->has_settings) announce_streams(session, at, (size_t)len);
    session->has_settings = true;
  }
  if (len < 0) session->is_broken = true;
}

static bool is_finished(const struct session *session) {
  return session->is_broken ||
         (nghttp2_session_want_read(session->nghttp2) == 0 && nghttp2_session_want_write(session->nghttp2) == 0);
}

static void make_batch(struct session *session) {
  if (session->batch == NULL) session->batch = sc_alloc(sizeof(*session->batch));
  scl_h2frames_clear(session->batch);
}

static enum scl_conn_turn work(void *opaque, int64_t now_ms, struct scl_output *output) {
  struct session *session = opaque;
  free_closed(session);
  make_batch(session);
  int64_t wake_ms = advance_all(session, now_ms);
  fill_batch(session);
  output->pieces = session->batch->pieces;
  output->n_pieces = session->batch->n_pieces;
  output->ending = session->ending;
  if (output->ending == SCL_ENDING_KEEP && is_finished(session)) output->ending = SCL_ENDING_CLOSE;
  if (output->n_pieces > 0 || output->ending != SCL_ENDING_KEEP) return SCL_TURN_WRITE;
  free(session->batch);
  session->batch = NULL;
  output->wake_ms = wake_ms;
  return session->n_streams > 0 ? SCL_TURN_WAIT : SCL_TURN_IDLE;
}

/* ---- sessions ---- */

static nghttp2_session_callbacks *make_callbacks(void) {
  nghttp2_session_callbacks *callbacks;
  int failed = nghttp2_session_callbacks_new(&callbacks);
  SC_ASSERT(failed == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, send_body);
  return callbacks;
}

static void make_nghttp2(struct session *session) {
  nghttp2_session_callbacks *callbacks = make_callbacks();
  int failed = nghttp2_session_server_new(&session->nghttp2, callbacks, session);
  SC_ASSERT(failed == 0);
  nghttp2_session_callbacks_del(callbacks);
}

static void submit_settings(struct session *session) {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)session->max_streams + SLACK_STREAMS},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, SCL_HEADERS_MAX_BYTES},
  };
  int failed =
      nghttp2_submit_settings(session->nghttp2, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(*settings));
  if (failed == 0)
    failed = nghttp2_session_set_local_window_size(session->nghttp2, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW_BYTES);
  SC_ASSERT(failed == 0);
}

static void *open_session(void *context, struct scl_conn *conn) {
  struct session *session = sc_alloc_zero(1, sizeof(*session));
  session->conn = conn;
  session->handler = context;
  session->max_streams =
      session->handler->max_concurrent_streams > 0 ? session->handler->max_concurrent_streams : SCL_HTTP2_STREAMS;
  make_nghttp2(session);
  submit_settings(session);
  return session;
}

void *scl_http2_open_upgraded(void *context, struct scl_conn *conn, const struct scl_http1_upgrade *upgrade) {
  struct session *session = open_session(context, conn);
  struct scl_reply reply = upgrade->reply;
  session->greeting = SWITCHING_PROTOCOLS;
  int failed = nghttp2_session_upgrade2(session->nghttp2, (const uint8_t *)upgrade->settings.ptr, upgrade->settings.len,
                                        !upgrade->has_body, NULL);
  if (failed == 0) {
    answer_with(add_stream(session, 1), &reply, upgrade->has_body);
    session->awaits_preface = true;
  } else {
    session->is_broken = true;
    scl_reply_fini(&reply);
  }
  return session;
}

static bool receive(void *opaque, struct sc_slice bytes) {
  struct session *session = opaque;
  ssize_t n = nghttp2_session_mem_recv(session->nghttp2, (const uint8_t *)bytes.ptr, bytes.len);
  if (n < 0) session->is_broken = true;
  return n >= 0;
}

static int wants(const void *opaque) {
  const struct session *session = opaque;
  bool is_full = session->n_closed > session->max_streams + SLACK_STREAMS ||
                 nghttp2_session_get_outbound_queue_size(session->nghttp2) > MAX_QUEUED_FRAMES;
  return SCL_WANTS_PEER | (is_full ? 0 : SCL_WANTS_INPUT);
}

static void close_session(void *opaque) {
  struct session *session = opaque;
  while (!LIST_EMPTY(&session->streams)) close_stream(LIST_FIRST(&session->streams));
  free_closed(session);
  nghttp2_session_del(session->nghttp2);
  free(session->batch);
  free(session);
}

const struct scl_protocol scl_http2_protocol = {open_session, receive, work, wants, close_session};
