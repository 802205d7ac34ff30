/* A connection of the service and the other end of its socket pair: the test is its client and its thread. */
#ifndef SC_TESTS_UNIT_BENCH_LOCAL_HTTP_WIRE_H
#define SC_TESTS_UNIT_BENCH_LOCAL_HTTP_WIRE_H

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench/local/http/conn.h"
#include "engine/base/error.h"
#include "tests/unit/engine/base/check.h"

struct wire {
  int fd;                /* the client's end */
  struct scl_conn *conn; /* NULL: it has closed */
  struct scl_conn_scratch *scratch;
  struct scl_waker waker;
  struct scl_wake wake; /* its owner: the wire */
  int wanted;           /* what the connection waits for */
  struct sc_buf heard;  /* what it said, as far as wire_turn has read it */
};

static inline void wire_open(struct wire *w, const struct scl_protocol *protocol, const struct scl_handler *handler) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  *w = (struct wire){.fd = fds[0], .scratch = sc_alloc(sizeof(*w->scratch))};
  assert_true(scl_waker_init(&w->waker));
  w->wake = (struct scl_wake){.waker = &w->waker, .owner = w};
  w->conn = scl_conn_open(fds[1], NULL, true, protocol, (void *)handler, &w->wake);
}

static inline void wire_close(struct wire *w) {
  if (w->conn != NULL) scl_conn_close(w->conn);
  close(w->fd);
  scl_waker_fini(&w->waker);
  free(w->scratch);
  sc_buf_fini(&w->heard);
}

/* Lets the connection work, and closes it when it wants that. */
static inline void wire_work(struct wire *w, unsigned events, int64_t now_ms) {
  if (w->conn == NULL) return;
  w->wanted = scl_conn_work(w->conn, events, now_ms, w->scratch);
  if (w->wanted != SCL_CONN_CLOSE) return;
  scl_conn_close(w->conn);
  w->conn = NULL;
}

static inline bool wire_wants_to_write(const struct wire *w) { return w->conn != NULL && (w->wanted & EPOLLOUT) != 0; }

/* Whether the connection was woken since. */
static inline bool wire_was_woken(struct wire *w) { return scl_waker_take(&w->waker) == w; }

/* Lets it work and hears what it says. */
static inline void wire_turn(struct wire *w, int64_t now_ms) {
  char bytes[4096];
  ssize_t n;
  wire_work(w, EPOLLIN, now_ms);
  while ((n = read(w->fd, bytes, sizeof(bytes))) > 0) sc_buf_add(&w->heard, bytes, (size_t)n);
}

/* Says that, and hears what comes meanwhile; less of it when the connection hangs up: what was heard tells why. */
static inline void wire_say(struct wire *w, const void *bytes, size_t len) {
  for (const char *at = bytes; len > 0 && w->conn != NULL;) {
    ssize_t n = send(w->fd, at, len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return;
    at += n > 0 ? n : 0;
    len -= n > 0 ? (size_t)n : 0;
    do wire_turn(w, 1);
    while (wire_wants_to_write(w));
  }
}

#endif
