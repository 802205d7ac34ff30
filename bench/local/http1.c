#include "bench/local/http1.h"

#include <http_parser.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/error.h"

/* Buffers above this are not kept for the next request. */
#define KEEP_BYTES (1u << 20)
#define MAX_NAME 32

enum field { FIELD_TARGET, FIELD_CONTENT_TYPE, FIELD_EXPECT, FIELDS, FIELD_OTHER = FIELDS };

static const char *const FIELD_NAMES[FIELDS] = {"x-amz-target", "content-type", "expect"};

struct session {
  http_parser parser;
  struct sc_conn *conn;
  const struct sc_site *site;
  char name[MAX_NAME]; /* of the header being read */
  size_t name_len;     /* MAX_NAME: too long to be one of ours */
  bool in_value;
  enum field field;
  struct sc_buf url;
  struct sc_buf fields[FIELDS];
  struct sc_buf body;
  bool is_over; /* nothing more will be read */
};

/* A reply on its way out, with the memory that the output's pieces point to. */
struct sending {
  struct sc_output output;
  struct sc_buf header;
  struct sc_reply reply;
  struct iovec *pieces;
};

static void release_sending(struct sc_output *output) {
  struct sending *sending = (struct sending *)output;
  sc_buf_fini(&sending->header);
  sc_reply_fini(&sending->reply);
  free(sending->pieces);
  free(sending);
}

static void add_date(struct sc_buf *out, int64_t wall_ms) {
  time_t seconds = (time_t)(wall_ms / 1000);
  struct tm utc;
  char text[40];
  if (gmtime_r(&seconds, &utc) == NULL) return;
  strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  sc_buf_printf(out, "Date: %s\r\n", text);
}

static void add_header(struct sc_buf *out, const struct sc_reply *reply, bool closes) {
  sc_buf_printf(out, "HTTP/1.1 %d %s\r\n", reply->status, http_status_str((enum http_status)reply->status));
  if (reply->request_id[0] != '\0') sc_buf_printf(out, "x-amzn-RequestId: %s\r\n", reply->request_id);
  if (reply->id_2[0] != '\0') sc_buf_printf(out, "x-amz-id-2: %s\r\n", reply->id_2);
  add_date(out, reply->date_ms);
  if (reply->content_type != NULL) sc_buf_printf(out, "Content-Type: %s\r\n", reply->content_type);
  if (closes) sc_buf_add_str(out, "Connection: close\r\n");
  sc_buf_printf(out, "Content-Length: %zu\r\n\r\n", sc_content_len(&reply->content));
}

/* Cuts the pieces down to the first `most` bytes. */
static void cut_pieces(struct sc_output *output, size_t most) {
  for (int i = 0; i < output->n_pieces; i++) {
    if (output->pieces[i].iov_len > most) {
      output->pieces[i].iov_len = most;
      output->n_pieces = i + 1;
      return;
    }
    most -= output->pieces[i].iov_len;
  }
}

static void add_piece(struct sc_output *output, const void *ptr, size_t len) {
  if (len == 0) return;
  output->pieces[output->n_pieces++] = (struct iovec){(void *)ptr, len};
}

static void lay_out(struct sending *sending, bool has_body) {
  const struct sc_reply *reply = &sending->reply;
  struct sc_output *output = &sending->output;
  output->pieces = sending->pieces =
      sc_alloc((size_t)(sc_content_most_pieces(&reply->content) + 1) * sizeof *sending->pieces);
  add_piece(output, sending->header.ptr, sending->header.len);
  if (has_body) output->n_pieces += sc_content_pieces(&reply->content, output->pieces + output->n_pieces);
  if (reply->delivery.is_silent) output->n_pieces = 0;
  else if (reply->delivery.is_cut) cut_pieces(output, sending->header.len + reply->delivery.cut_bytes);
}

/* Takes over what the reply owns. */
static void send_reply(struct session *session, const struct sc_reply *reply, bool has_body) {
  struct sending *sending = sc_alloc_zero(1, sizeof *sending);
  sending->reply = *reply;
  sending->output.release = release_sending;
  sending->output.ending = reply->delivery.ending;
  if (reply->delivery.delay_ms > 0) sending->output.not_before_ms = sc_clock_mono_ms() + reply->delivery.delay_ms;
  add_header(&sending->header, reply, session->is_over);
  lay_out(sending, has_body);
  sc_conn_send(session->conn, &sending->output);
}

/* Answers without asking the site, and ends the connection. */
static void refuse(struct session *session, int status) {
  if (session->is_over) return;
  session->is_over = true;
  struct sc_reply reply = {.status = status, .date_ms = sc_clock_wall_ms()};
  send_reply(session, &reply, true);
}

static void send_continue(struct session *session) {
  struct sending *sending = sc_alloc_zero(1, sizeof *sending);
  sending->output.release = release_sending;
  sc_buf_add_str(&sending->header, "HTTP/1.1 100 Continue\r\n\r\n");
  sending->output.pieces = sending->pieces = sc_alloc(sizeof *sending->pieces);
  add_piece(&sending->output, sending->header.ptr, sending->header.len);
  sc_conn_send(session->conn, &sending->output);
}

static void reuse_buf(struct sc_buf *buf) {
  if (buf->cap > KEEP_BYTES) sc_buf_fini(buf);
  else sc_buf_clear(buf);
}

static int on_message_begin(http_parser *parser) {
  struct session *session = parser->data;
  sc_buf_clear(&session->url);
  for (int i = 0; i < FIELDS; i++) sc_buf_clear(&session->fields[i]);
  reuse_buf(&session->body);
  session->name_len = 0;
  session->in_value = false;
  session->field = FIELD_OTHER;
  return 0;
}

static int add_bounded(struct sc_buf *buf, const char *at, size_t len) {
  if (len > SC_HTTP1_MAX_FIELD - buf->len) return -1;
  sc_buf_add(buf, at, len);
  return 0;
}

static int on_url(http_parser *parser, const char *at, size_t len) {
  struct session *session = parser->data;
  return add_bounded(&session->url, at, len);
}

static int on_header_field(http_parser *parser, const char *at, size_t len) {
  struct session *session = parser->data;
  if (session->in_value) session->name_len = 0;
  session->in_value = false;
  if (len >= MAX_NAME - session->name_len) {
    session->name_len = MAX_NAME;
    return 0;
  }
  memcpy(session->name + session->name_len, at, len);
  session->name_len += len;
  return 0;
}

static enum field find_field(const struct session *session) {
  for (int i = 0; i < FIELDS; i++) {
    size_t len = strlen(FIELD_NAMES[i]);
    if (session->name_len == len && strncasecmp(session->name, FIELD_NAMES[i], len) == 0) return (enum field)i;
  }
  return FIELD_OTHER;
}

static int on_header_value(http_parser *parser, const char *at, size_t len) {
  struct session *session = parser->data;
  if (!session->in_value) {
    session->in_value = true;
    session->field = find_field(session);
    /* A header given twice counts as a list (RFC 9110 section 5.3). */
    if (session->field != FIELD_OTHER && session->fields[session->field].len > 0)
      sc_buf_add_str(&session->fields[session->field], ", ");
  }
  return session->field == FIELD_OTHER ? 0 : add_bounded(&session->fields[session->field], at, len);
}

static bool asks_to_continue(const struct session *session) {
  const struct sc_buf *expect = &session->fields[FIELD_EXPECT];
  return expect->len > 0 && strcasecmp(sc_buf_str(expect), "100-continue") == 0 && session->parser.http_minor > 0;
}

static int on_headers_complete(http_parser *parser) {
  struct session *session = parser->data;
  bool has_length = (parser->flags & F_CONTENTLENGTH) != 0 && (parser->flags & F_CHUNKED) == 0;
  if (has_length && parser->content_length > SC_HTTP1_MAX_BODY) {
    refuse(session, 413);
    return -1;
  }
  if (has_length)
    sc_buf_reserve(&session->body, parser->content_length < KEEP_BYTES ? parser->content_length : KEEP_BYTES);
  if (asks_to_continue(session)) send_continue(session);
  return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len) {
  struct session *session = parser->data;
  if (len > SC_HTTP1_MAX_BODY - session->body.len) {
    refuse(session, 413);
    return -1;
  }
  sc_buf_add(&session->body, at, len);
  return 0;
}

static int on_message_complete(http_parser *parser) {
  struct session *session = parser->data;
  struct sc_request request = {
      .method = sc_slice_str(http_method_str((enum http_method)parser->method)),
      .path = sc_buf_view(&session->url),
      .target = sc_buf_view(&session->fields[FIELD_TARGET]),
      .content_type = sc_buf_view(&session->fields[FIELD_CONTENT_TYPE]),
      .body = sc_buf_view(&session->body),
      .from_loopback = sc_conn_is_loopback(session->conn),
  };
  struct sc_reply reply = {0};
  session->site->handle(session->site->context, &request, &reply);
  session->is_over = http_should_keep_alive(parser) == 0 || parser->upgrade != 0;
  send_reply(session, &reply, parser->method != HTTP_HEAD);
  if (session->is_over) http_parser_pause(parser, 1);
  return 0;
}

static const http_parser_settings SETTINGS = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

static void *open_session(void *context, struct sc_conn *conn) {
  struct session *session = sc_alloc_zero(1, sizeof *session);
  http_parser_init(&session->parser, HTTP_REQUEST);
  session->parser.data = session;
  session->conn = conn;
  session->site = context;
  return session;
}

static bool receive(void *opaque, struct sc_slice bytes) {
  struct session *session = opaque;
  size_t used = http_parser_execute(&session->parser, &SETTINGS, bytes.ptr, bytes.len);
  if (session->is_over) return false;
  if (used == bytes.len && HTTP_PARSER_ERRNO(&session->parser) == HPE_OK) return true;
  refuse(session, 400);
  return false;
}

static void close_session(void *opaque) {
  struct session *session = opaque;
  sc_buf_fini(&session->url);
  for (int i = 0; i < FIELDS; i++) sc_buf_fini(&session->fields[i]);
  sc_buf_fini(&session->body);
  free(session);
}

const struct sc_protocol sc_http1_protocol = {open_session, receive, close_session};
