/* HTTP/2 framing of the local service. The input is a client's frames behind the preface; its first byte says in pieces
 * of what size they come. In pieces and at once the handler must see the same requests, as far as both connections go
 * on: a frame on a stream that is over is ignored, on one whose answer is not yet written it may end the connection.
 * What is answered must be whole frames, SETTINGS first. */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/local/http/http2.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "tests/fuzz/fuzz.h"

/* So that a whole input fits into the socket's buffers. */
#define MAX_SIZE 4096
#define MOST_STREAMS 10000 /* how many are open at a time depends on the pieces: none is refused */

static void handle(void *context, const struct scl_request *request, struct scl_reply *reply) {
  struct sc_buf *seen = context;
  sc_buf_printf(seen, "%.*s %.*s %.*s [%zu]", SC_SLICE_ARGS(request->method), SC_SLICE_ARGS(request->path),
                SC_SLICE_ARGS(request->target), request->body.len);
  for (int i = 0; i < request->n_headers; i++)
    sc_buf_printf(seen, " %.*s=%.*s", SC_SLICE_ARGS(request->headers[i].name),
                  SC_SLICE_ARGS(request->headers[i].value));
  sc_buf_add_char(seen, '\n');
  reply->status = 200;
  sc_buf_add_slice(&reply->content.head, request->body);
  sc_buf_add_str(&reply->content.tail, "0123456789");
}

static void drain(int fd, struct sc_buf *out) {
  char bytes[4096];
  ssize_t n;
  while ((n = read(fd, bytes, sizeof(bytes))) > 0) sc_buf_add(out, bytes, (size_t)n);
}

static void check_frames(const struct sc_buf *answer) {
  const unsigned char *bytes = (const unsigned char *)answer->ptr;
  size_t at = 0;
  while (answer->len - at >= 9) {
    size_t len = (size_t)bytes[at] << 16 | (size_t)bytes[at + 1] << 8 | bytes[at + 2];
    CHECK(at > 0 || bytes[3] == 4); /* SETTINGS come first */
    CHECK(len <= 16384 && len <= answer->len - at - 9);
    at += 9 + len;
  }
  CHECK(at == answer->len);
}

/* False when the service hung up. */
static bool converse(const uint8_t *data, size_t size, size_t piece, struct sc_buf *seen) {
  static struct scl_conn_scratch scratch;
  int fds[2], wanted = EPOLLIN;
  struct sc_buf answer = SC_BUF_INIT;
  struct scl_handler handler = {handle, seen, MOST_STREAMS};
  struct scl_waker waker;
  CHECK(scl_waker_init(&waker));
  struct scl_wake wake = {.waker = &waker};
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  struct scl_conn *conn = scl_conn_open(fds[1], NULL, true, &scl_http2_protocol, &handler, &wake);
  for (size_t at = 0; at < size && (wanted & EPOLLIN) != 0; at += piece) {
    size_t len = size - at < piece ? size - at : piece;
    if (send(fds[0], data + at, len, MSG_NOSIGNAL) != (ssize_t)len) break;
    do {
      wanted = scl_conn_work(conn, EPOLLIN, 1, &scratch);
      drain(fds[0], &answer);
    } while (wanted != SCL_CONN_CLOSE && (wanted & EPOLLOUT) != 0);
    if (wanted == SCL_CONN_CLOSE) break;
  }
  bool is_open = wanted != SCL_CONN_CLOSE && (wanted & EPOLLRDHUP) != 0 && recv(fds[0], &wanted, 1, MSG_PEEK) < 0;
  check_frames(&answer);
  scl_conn_close(conn);
  scl_waker_fini(&waker);
  close(fds[0]);
  sc_buf_fini(&answer);
  return is_open;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char preface[24] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if (size < 2 || size > MAX_SIZE) return 0;
  sc_clock_freeze(1000, INT64_C(1700000000123));
  struct sc_buf text = SC_BUF_INIT, whole = SC_BUF_INIT, pieces = SC_BUF_INIT;
  sc_buf_add(&text, preface, sizeof(preface));
  sc_buf_add(&text, data + 1, size - 1);
  bool is_open = converse((const uint8_t *)text.ptr, text.len, text.len, &whole);
  is_open = converse((const uint8_t *)text.ptr, text.len, data[0] % 61 + 1, &pieces) && is_open;
  size_t common = pieces.len < whole.len ? pieces.len : whole.len;
  CHECK(common == 0 || memcmp(pieces.ptr, whole.ptr, common) == 0);
  CHECK(!is_open || pieces.len == whole.len);
  sc_buf_fini(&text);
  sc_buf_fini(&whole);
  sc_buf_fini(&pieces);
  return 0;
}
