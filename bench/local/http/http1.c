#include "bench/local/http/http1.h"

#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/queue.h>

#include "bench/local/http/head.h"
#include "bench/local/http/headers.h"
#include "bench/local/http/sending.h"
#include "codec/text/base64.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"

/* Larger buffers are not kept for the next request. */
#define KEEP_BYTES (1u << 20)
/* Replies of a connection that may wait for their turn; with more of them nothing is read. */
#define MAX_WAITING 16
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
/* Pieces besides those of a content: the header, the size and the end of a chunk, the last chunk. */
#define MORE_PIECES 4

/* An answer that is being sent, or waits for its turn. */
struct answer {
  STAILQ_ENTRY(answer) entry;
  struct sc_buf header;
  bool is_interim; /* 100 Continue: a header only */
  bool is_chunked;
  bool is_done;
  struct scl_sending sending;
};

struct session {
  http_parser parser;
  struct scl_conn *conn;
  const struct scl_handler *handler;
  struct sc_buf url;
  struct scl_headers headers;
  bool headers_end; /* they are complete */
  struct sc_buf body;
  bool is_over;                  /* nothing more will be read */
  STAILQ_HEAD(, answer) answers; /* in the order of the requests */
  int n_answers;
  struct iovec *pieces; /* of the output being written */
  int room;
  char chunk_size[24];
  bool may_upgrade; /* to h2c */
  bool upgrades;    /* the request being read */
  struct scl_http1_upgrade upgrade;
};

static void add_header(struct sc_buf *out, const struct scl_reply *reply, bool closes, bool is_chunked) {
  struct scl_head head;
  sc_buf_printf(out, "HTTP/1.1 %d %s\r\n", reply->status, http_status_str((enum http_status)reply->status));
  scl_head_make(&head, reply);
  for (int i = 0; i < head.n; i++) sc_buf_printf(out, "%s: %s\r\n", head.fields[i].name, head.fields[i].value);
  if (closes) sc_buf_add_str(out, "Connection: close\r\n");
  if (is_chunked) sc_buf_add_str(out, "Transfer-Encoding: chunked\r\n");
  sc_buf_add_str(out, "\r\n");
}

/* ---- answers ---- */

static struct answer *add_answer(struct session *session) {
  struct answer *answer = sc_alloc_zero(1, sizeof(*answer));
  STAILQ_INSERT_TAIL(&session->answers, answer, entry);
  session->n_answers++;
  return answer;
}

static void drop_first(struct session *session) {
  struct answer *answer = STAILQ_FIRST(&session->answers);
  STAILQ_REMOVE_HEAD(&session->answers, entry);
  session->n_answers--;
  sc_buf_fini(&answer->header);
  if (!answer->is_interim) scl_sending_fini(&answer->sending);
  free(answer);
}

/* Takes over what the reply owns. A body whose end is not known is sent in chunks; to an HTTP/1.0 client it ends with
 * the connection. */
static void answer_with(struct session *session, const struct scl_reply *reply, bool has_body) {
  struct answer *answer = add_answer(session);
  answer->is_chunked = reply->feed != NULL && session->parser.http_minor > 0;
  if (reply->feed != NULL && !answer->is_chunked) session->is_over = true;
  add_header(&answer->header, reply, session->is_over, answer->is_chunked);
  answer->is_chunked = answer->is_chunked && has_body;
  scl_sending_init(&answer->sending, reply, has_body, sc_clock_mono_ms(), scl_conn_wake, session->conn);
}

/* Answers without the handler, and ends the connection. */
static void refuse(struct session *session, int status) {
  if (session->is_over) return;
  session->is_over = true;
  struct scl_reply reply = {.status = status, .date_ms = sc_clock_wall_ms()};
  answer_with(session, &reply, true);
}

static void send_continue(struct session *session) {
  struct answer *answer = add_answer(session);
  answer->is_interim = true;
  sc_buf_add_str(&answer->header, CONTINUE);
}

static void add_piece(struct scl_output *output, const void *ptr, size_t len) {
  output->pieces[output->n_pieces++] = (struct iovec){(void *)ptr, len};
}

/* Makes room for the pieces of the sending after those in the output. */
static void make_room(struct session *session, struct scl_output *output, const struct answer *answer) {
  int wanted = output->n_pieces + scl_sending_most_pieces(&answer->sending) + MORE_PIECES;
  if (wanted > session->room) {
    session->room = wanted;
    session->pieces = sc_realloc(session->pieces, (size_t)wanted * sizeof(*session->pieces));
  }
  output->pieces = session->pieces;
}

/* Adds the rest of the content, or a piece of it if a fault asks for pieces. */
static void add_body(struct session *session, struct answer *answer, struct scl_output *output) {
  struct scl_sending *sending = &answer->sending;
  size_t most = sending->piece_bytes > 0 ? sending->piece_bytes : sending->left;
  if (most > sending->left) most = sending->left;
  make_room(session, output, answer);
  if (answer->is_chunked) {
    int len = snprintf(session->chunk_size, sizeof(session->chunk_size), "%zx\r\n", most);
    add_piece(output, session->chunk_size, (size_t)len);
  }
  output->n_pieces += scl_sending_take(sending, most, output->pieces + output->n_pieces);
  if (answer->is_chunked) add_piece(output, "\r\n", 2);
}

/* HTTP/1.1 has no streams: the connection ends instead. */
static enum scl_ending ending_of(enum scl_ending ending) {
  if (ending == SCL_ENDING_STREAM || ending == SCL_ENDING_REFUSE) return SCL_ENDING_RESET;
  return ending == SCL_ENDING_GOAWAY ? SCL_ENDING_CLOSE : ending;
}

static void finish_answer(struct session *session, struct answer *answer, struct scl_output *output) {
  const struct scl_sending *sending = &answer->sending;
  make_room(session, output, answer);
  if (answer->is_chunked && !sending->was_cut) add_piece(output, "0\r\n\r\n", 5);
  output->ending = ending_of(sending->ending);
  if (sending->was_cut && sending->reply.feed != NULL && output->ending == SCL_ENDING_KEEP)
    output->ending = SCL_ENDING_CLOSE;
  answer->is_done = true;
}

static enum scl_conn_turn work_on(struct session *session, struct answer *answer, int64_t now_ms,
                                  struct scl_output *output) {
  struct scl_sending *sending = &answer->sending;
  for (;;) switch (scl_sending_step(sending, now_ms, &output->wake_ms)) {
      case SCL_SENDING_BEGINS:
        make_room(session, output, answer);
        if (!sending->reply.delivery.is_silent) add_piece(output, answer->header.ptr, answer->header.len);
        break;
      case SCL_SENDING_READY:
        add_body(session, answer, output);
        if (sending->left > 0 || sending->reply.feed != NULL) return SCL_TURN_WRITE;
        break;
      case SCL_SENDING_OVER:
        finish_answer(session, answer, output);
        return SCL_TURN_WRITE;
      default:
        return output->n_pieces > 0 ? SCL_TURN_WRITE : SCL_TURN_WAIT;
    }
}

static enum scl_conn_turn work(void *opaque, int64_t now_ms, struct scl_output *output) {
  struct session *session = opaque;
  struct answer *answer = STAILQ_FIRST(&session->answers);
  if (answer != NULL && answer->is_done) drop_first(session);
  answer = STAILQ_FIRST(&session->answers);
  if (answer == NULL) return SCL_TURN_IDLE;
  if (!answer->is_interim) return work_on(session, answer, now_ms, output);
  make_room(session, output, answer);
  add_piece(output, answer->header.ptr, answer->header.len);
  answer->is_done = true;
  return SCL_TURN_WRITE;
}

/* ---- requests ---- */

static void reuse_buf(struct sc_buf *buf) {
  if (buf->cap > KEEP_BYTES) sc_buf_fini(buf);
  else sc_buf_clear(buf);
}

static int on_message_begin(http_parser *parser) {
  struct session *session = parser->data;
  sc_buf_clear(&session->url);
  scl_headers_clear(&session->headers);
  session->headers_end = false;
  reuse_buf(&session->body);
  return 0;
}

static int on_url(http_parser *parser, const char *at, size_t len) {
  struct session *session = parser->data;
  if (len > SCL_HTTP1_MAX_URL - session->url.len) return -1;
  sc_buf_add(&session->url, at, len);
  return 0;
}

/* Trailers (after a chunked body) are ignored. */
static int on_header_field(http_parser *parser, const char *at, size_t len) {
  struct session *session = parser->data;
  if (session->headers_end || scl_headers_add_name(&session->headers, sc_slice_of(at, len))) return 0;
  refuse(session, 431);
  return -1;
}

static int on_header_value(http_parser *parser, const char *at, size_t len) {
  struct session *session = parser->data;
  if (session->headers_end || scl_headers_add_value(&session->headers, sc_slice_of(at, len))) return 0;
  refuse(session, 431);
  return -1;
}

static bool asks_to_continue(const struct session *session) {
  struct sc_slice expect = scl_headers_find(&session->headers, "expect");
  bool is_asked = expect.len == 12 && strncasecmp(expect.ptr, "100-continue", 12) == 0;
  return is_asked && session->parser.http_minor > 0;
}

/* base64url without padding (RFC 7540 section 3.2.1). */
static bool decode_settings(struct sc_slice text, struct sc_buf *settings) {
  struct sc_buf padded = SC_BUF_INIT;
  size_t len = 0;
  sc_buf_add_slice(&padded, text);
  for (size_t i = 0; i < padded.len; i++)
    padded.ptr[i] = padded.ptr[i] == '-' ? '+' : padded.ptr[i] == '_' ? '/' : padded.ptr[i];
  while (padded.len % 4 != 0) sc_buf_add_char(&padded, '=');
  sc_buf_reserve(settings, padded.len + 1);
  bool is_good = padded.len == 0 || sc_base64_decode(padded.ptr, padded.len, settings->ptr, &len);
  settings->len = len;
  sc_buf_fini(&padded);
  return is_good && settings->len % 6 == 0;
}

/* Whether the request is to be answered over HTTP/2. If not, its upgrade is ignored, as RFC 9110 section 7.8 allows. */
static bool takes_upgrade(struct session *session) {
  const struct scl_headers *headers = &session->headers;
  bool asks = session->parser.upgrade != 0 && sc_slice_is(scl_headers_find(headers, "upgrade"), "h2c");
  if (!session->may_upgrade || !asks || session->n_answers > 0 || asks_to_continue(session)) return false;
  struct sc_slice settings = scl_headers_find(headers, "http2-settings");
  sc_buf_clear(&session->upgrade.settings);
  return settings.ptr != NULL && decode_settings(settings, &session->upgrade.settings);
}

static int on_headers_complete(http_parser *parser) {
  struct session *session = parser->data;
  session->headers_end = true;
  scl_headers_finish(&session->headers);
  session->upgrades = takes_upgrade(session);
  parser->upgrade = session->upgrades;
  bool has_length = (parser->flags & F_CONTENTLENGTH) != 0 && (parser->flags & F_CHUNKED) == 0;
  if (has_length && parser->content_length > SCL_HTTP1_MAX_BODY) {
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
  if (len > SCL_HTTP1_MAX_BODY - session->body.len) {
    refuse(session, 413);
    return -1;
  }
  sc_buf_add(&session->body, at, len);
  return 0;
}

static int on_message_complete(http_parser *parser) {
  struct session *session = parser->data;
  struct scl_request request = {
      .method = sc_slice_str(http_method_str((enum http_method)parser->method)),
      .path = sc_buf_view(&session->url),
      .target = scl_headers_find(&session->headers, "x-amz-target"),
      .content_type = scl_headers_find(&session->headers, "content-type"),
      .body = sc_buf_view(&session->body),
      .from_loopback = scl_conn_is_loopback(session->conn),
      .headers = session->headers.views,
      .n_headers = session->headers.n,
  };
  struct scl_reply reply = {0};
  session->handler->handle(session->handler->context, &request, &reply);
  if (session->upgrades) {
    session->upgrade.reply = reply;
    session->upgrade.has_body = parser->method != HTTP_HEAD;
    session->is_over = true;
    return 0;
  }
  session->is_over = http_should_keep_alive(parser) == 0;
  answer_with(session, &reply, parser->method != HTTP_HEAD);
  if (session->is_over) http_parser_pause(parser, 1);
  return 0;
}

static const http_parser_settings parser_settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

static void *open_session(void *context, struct scl_conn *conn) {
  struct session *session = sc_alloc_zero(1, sizeof(*session));
  http_parser_init(&session->parser, HTTP_REQUEST);
  session->parser.data = session;
  session->conn = conn;
  session->handler = context;
  STAILQ_INIT(&session->answers);
  return session;
}

static bool receive(void *opaque, struct sc_slice bytes) {
  struct session *session = opaque;
  size_t used = http_parser_execute(&session->parser, &parser_settings, bytes.ptr, bytes.len);
  session->upgrade.used = used;
  if (session->is_over) return false;
  if (used == bytes.len && HTTP_PARSER_ERRNO(&session->parser) == HPE_OK) return true;
  refuse(session, 400);
  return false;
}

void scl_http1_allow_upgrade(void *opaque) {
  struct session *session = opaque;
  session->may_upgrade = true;
}

bool scl_http1_take_upgrade(void *opaque, struct scl_http1_upgrade *upgrade) {
  struct session *session = opaque;
  if (!session->upgrades || !session->is_over) return false;
  *upgrade = session->upgrade;
  session->upgrade.settings = (struct sc_buf)SC_BUF_INIT;
  session->upgrades = false;
  return true;
}

/* A feed ends when its client is gone. */
static int wants(const void *opaque) {
  const struct session *session = opaque;
  int what = session->n_answers < MAX_WAITING ? SCL_WANTS_INPUT : 0;
  const struct answer *first = STAILQ_FIRST(&session->answers);
  bool has_feed = first != NULL && first->sending.reply.feed != NULL;
  return what | (has_feed ? SCL_WANTS_PEER : 0);
}

static void close_session(void *opaque) {
  struct session *session = opaque;
  while (!STAILQ_EMPTY(&session->answers)) drop_first(session);
  sc_buf_fini(&session->url);
  scl_headers_fini(&session->headers);
  sc_buf_fini(&session->body);
  sc_buf_fini(&session->upgrade.settings);
  free(session->pieces);
  free(session);
}

const struct scl_protocol scl_http1_protocol = {open_session, receive, work, wants, close_session};
