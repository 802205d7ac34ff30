/* HTTP framing of the local service: the same bytes at once and in pieces of the size that the first byte says must be
 * answered alike. */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/local/http/http1.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "tests/fuzz/fuzz.h"

/* So that a whole input, and what is answered to it, fits into the socket's buffers. */
#define MAX_SIZE 4096

static void handle(void *context, const struct scl_request *request, struct scl_reply *reply) {
  (void)context;
  reply->status = 200;
  sc_buf_add_slice(&reply->content.head, request->method);
  sc_buf_add_slice(&reply->content.head, request->target);
  for (int i = 0; i < request->n_headers; i++)
    sc_buf_printf(&reply->content.head, "%.*s=%.*s\n", SC_SLICE_ARGS(request->headers[i].name),
                  SC_SLICE_ARGS(request->headers[i].value));
  sc_buf_add_slice(&reply->content.tail, request->body.len < 64 ? request->body : sc_slice_of(request->body.ptr, 64));
}

static const struct scl_handler SITE = {.handle = handle};

static void drain(int fd, struct sc_buf *out) {
  char bytes[4096];
  ssize_t n;
  while ((n = read(fd, bytes, sizeof(bytes))) > 0) sc_buf_add(out, bytes, (size_t)n);
}

static void converse(const uint8_t *data, size_t size, size_t piece, struct sc_buf *answer) {
  static struct scl_conn_scratch scratch;
  int fds[2], wanted = EPOLLIN;
  SC_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  struct scl_waker waker;
  SC_ASSERT(scl_waker_init(&waker));
  struct scl_wake wake = {.waker = &waker};
  struct scl_conn *conn = scl_conn_open(fds[1], NULL, true, &scl_http1_protocol, (void *)&SITE, &wake);
  for (size_t at = 0; at < size && (wanted & EPOLLIN) != 0; at += piece) {
    size_t len = size - at < piece ? size - at : piece;
    if (send(fds[0], data + at, len, MSG_NOSIGNAL) != (ssize_t)len) break;
    do {
      wanted = scl_conn_work(conn, EPOLLIN, 1, &scratch);
      drain(fds[0], answer);
    } while (wanted != SCL_CONN_CLOSE && (wanted & EPOLLOUT) != 0);
    if (wanted == SCL_CONN_CLOSE) break;
  }
  scl_conn_close(conn);
  scl_waker_fini(&waker);
  close(fds[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2 || size > MAX_SIZE) return 0;
  sc_clock_freeze(1000, INT64_C(1700000000123));
  struct sc_buf whole = SC_BUF_INIT, pieces = SC_BUF_INIT;
  size_t piece = data[0] % 61 + 1;
  converse(data + 1, size - 1, size, &whole);
  converse(data + 1, size - 1, piece, &pieces);
  SC_ASSERT(sc_slice_equals(sc_buf_view(&whole), sc_buf_view(&pieces)));
  sc_buf_fini(&whole);
  sc_buf_fini(&pieces);
  return 0;
}
