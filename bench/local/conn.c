#include "bench/local/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/local/tls.h"
#include "engine/base/error.h"

/* After the last output, how long unread input is thrown away, so that a reset does not overtake the reply. */
#define LINGER_MS 1000
/* Reads in a row before other connections get their turn. */
#define MAX_READS 32

enum state { OPEN, DRAINING /* no more input; closes after the outputs */, LINGERING, HUNG, DEAD };
enum progress { DONE, BLOCKED, FAILED };

struct sc_conn {
  int fd;
  struct sc_tls *tls; /* NULL: plain */
  bool is_loopback;
  enum state state;
  bool wants_out; /* the socket was full, or TLS must write before it can read */
  const struct sc_protocol *protocol;
  void *session;
  struct sc_output *first, *last;
  int n_queued;
  int64_t wake_ms;
};

struct sc_conn *sc_conn_open(int fd, struct sc_tls_context *tls, bool is_loopback, const struct sc_protocol *protocol,
                             void *context) {
  struct sc_conn *conn = sc_alloc_zero(1, sizeof *conn);
  conn->fd = fd;
  conn->is_loopback = is_loopback;
  conn->tls = tls == NULL ? NULL : sc_tls_new(tls, fd);
  conn->protocol = protocol;
  conn->session = protocol->open(context, conn);
  return conn;
}

static void drop_first(struct sc_conn *conn) {
  struct sc_output *output = conn->first;
  conn->first = output->next;
  if (conn->first == NULL) conn->last = NULL;
  conn->n_queued--;
  output->release(output);
}

void sc_conn_close(struct sc_conn *conn) {
  while (conn->first != NULL) drop_first(conn);
  conn->protocol->close(conn->session);
  if (conn->tls != NULL) sc_tls_free(conn->tls);
  close(conn->fd);
  free(conn);
}

void sc_conn_send(struct sc_conn *conn, struct sc_output *output) {
  output->next = NULL;
  if (conn->last == NULL) conn->first = output;
  else conn->last->next = output;
  conn->last = output;
  conn->n_queued++;
}

bool sc_conn_is_loopback(const struct sc_conn *conn) { return conn->is_loopback; }
int64_t sc_conn_wake_ms(const struct sc_conn *conn) { return conn->wake_ms; }

/* How a TLS call went on. */
static enum progress tls_progress(struct sc_conn *conn, enum sc_tls_outcome outcome) {
  if (outcome == SC_TLS_DONE) return DONE;
  if (outcome == SC_TLS_WANTS_WRITE) conn->wants_out = true;
  return outcome == SC_TLS_WANTS_WRITE || outcome == SC_TLS_WANTS_READ ? BLOCKED : FAILED;
}

static void consume(struct sc_output *output, size_t n) {
  while (output->n_pieces > 0 && n >= output->pieces->iov_len) {
    n -= output->pieces->iov_len;
    output->pieces++;
    output->n_pieces--;
  }
  if (n == 0) return;
  SC_ASSERT(output->n_pieces > 0);
  output->pieces->iov_base = (char *)output->pieces->iov_base + n;
  output->pieces->iov_len -= n;
}

static enum progress write_plain(struct sc_conn *conn, struct sc_output *output) {
  while (output->n_pieces > 0) {
    struct msghdr message = {.msg_iov = output->pieces,
                             .msg_iovlen = (size_t)(output->n_pieces < 64 ? output->n_pieces : 64)};
    ssize_t n = sendmsg(conn->fd, &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return FAILED;
    if (n < 0) {
      conn->wants_out = true;
      return BLOCKED;
    }
    consume(output, (size_t)n);
  }
  return DONE;
}

/* The next bytes for a TLS record: straight from a large piece, else small pieces put together. */
static struct sc_slice next_record(const struct sc_output *output, struct sc_conn_scratch *scratch) {
  size_t room = sizeof scratch->out;
  if (output->pieces->iov_len >= room || output->n_pieces == 1) {
    return sc_slice_of(output->pieces->iov_base, output->pieces->iov_len);
  }
  size_t used = 0;
  for (int i = 0; i < output->n_pieces && used < room; i++) {
    size_t n = output->pieces[i].iov_len < room - used ? output->pieces[i].iov_len : room - used;
    memcpy(scratch->out + used, output->pieces[i].iov_base, n);
    used += n;
  }
  return sc_slice_of(scratch->out, used);
}

static enum progress write_tls(struct sc_conn *conn, struct sc_output *output, struct sc_conn_scratch *scratch) {
  while (consume(output, 0), output->n_pieces > 0) {
    size_t n;
    enum progress progress = tls_progress(conn, sc_tls_write(conn->tls, next_record(output, scratch), &n));
    if (progress != DONE) return progress;
    consume(output, n);
  }
  return DONE;
}

static void reset_at_close(int fd) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void apply_ending(struct sc_conn *conn, enum sc_ending ending) {
  if (ending == SC_ENDING_KEEP) return;
  while (conn->first != NULL) drop_first(conn);
  if (ending == SC_ENDING_RESET) reset_at_close(conn->fd);
  conn->state = ending == SC_ENDING_RESET ? DEAD : ending == SC_ENDING_HANG ? HUNG : DRAINING;
}

/* Writes outputs until one must wait. */
static enum progress flush(struct sc_conn *conn, int64_t now_ms, struct sc_conn_scratch *scratch) {
  conn->wake_ms = 0;
  while (conn->first != NULL && (conn->state == OPEN || conn->state == DRAINING)) {
    struct sc_output *output = conn->first;
    if (output->not_before_ms > now_ms) {
      conn->wake_ms = output->not_before_ms;
      return BLOCKED;
    }
    enum progress progress = conn->tls == NULL ? write_plain(conn, output) : write_tls(conn, output, scratch);
    if (progress != DONE) return progress;
    enum sc_ending ending = output->ending;
    drop_first(conn);
    apply_ending(conn, ending);
  }
  return DONE;
}

/* Bytes read, 0 at the end of the input, -1 when it would block, -2 when it failed. */
static ssize_t read_some(struct sc_conn *conn, struct sc_conn_scratch *scratch) {
  if (conn->tls == NULL) {
    ssize_t n = recv(conn->fd, scratch->in, sizeof scratch->in, 0);
    if (n >= 0) return n;
    return errno == EAGAIN || errno == EINTR ? -1 : -2;
  }
  size_t n;
  enum sc_tls_outcome outcome = sc_tls_read(conn->tls, scratch->in, sizeof scratch->in, &n);
  if (outcome == SC_TLS_CLOSED) return 0;
  enum progress progress = tls_progress(conn, outcome);
  return progress == DONE ? (ssize_t)n : progress == BLOCKED ? -1 : -2;
}

/* Reads once and hands over; DONE means that there may be more. */
static enum progress feed(struct sc_conn *conn, struct sc_conn_scratch *scratch) {
  ssize_t n = read_some(conn, scratch);
  if (n == -1) return BLOCKED;
  if (n == -2) return FAILED;
  if (n == 0 || !conn->protocol->receive(conn->session, sc_slice_of(scratch->in, (size_t)n))) conn->state = DRAINING;
  return DONE;
}

/* Everything is written: says goodbye and waits for the peer to go. */
static int start_lingering(struct sc_conn *conn, int64_t now_ms) {
  if (conn->tls != NULL) sc_tls_shutdown(conn->tls);
  if (shutdown(conn->fd, SHUT_WR) != 0) return SC_CONN_CLOSE;
  conn->state = LINGERING;
  conn->wake_ms = now_ms + LINGER_MS;
  return EPOLLIN;
}

static int linger(struct sc_conn *conn, int64_t now_ms, struct sc_conn_scratch *scratch) {
  if (now_ms >= conn->wake_ms) return SC_CONN_CLOSE;
  ssize_t n = recv(conn->fd, scratch->in, sizeof scratch->in, 0);
  return n > 0 || (n < 0 && errno == EAGAIN) ? EPOLLIN : SC_CONN_CLOSE;
}

static int keep_hanging(unsigned events) {
  return (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ? SC_CONN_CLOSE : EPOLLRDHUP;
}

/* Write, read, write, until something would block. */
static enum progress pump(struct sc_conn *conn, int64_t now_ms, struct sc_conn_scratch *scratch) {
  conn->wants_out = false;
  for (int reads = 0; reads < MAX_READS; reads++) {
    if (flush(conn, now_ms, scratch) == FAILED) return FAILED;
    if (conn->state != OPEN || conn->n_queued >= SC_CONN_MAX_QUEUED) return BLOCKED;
    enum progress progress = feed(conn, scratch);
    if (progress != DONE) return progress;
  }
  return DONE;
}

int sc_conn_work(struct sc_conn *conn, unsigned events, int64_t now_ms, struct sc_conn_scratch *scratch) {
  if (conn->state == HUNG) return keep_hanging(events);
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return SC_CONN_CLOSE;
  if (conn->state == LINGERING) return linger(conn, now_ms, scratch);
  enum progress progress = pump(conn, now_ms, scratch);
  if (progress == FAILED || conn->state == DEAD) return SC_CONN_CLOSE;
  if (conn->state == HUNG) return EPOLLRDHUP;
  if (conn->state == DRAINING && conn->first == NULL) return start_lingering(conn, now_ms);
  bool reads = conn->state == OPEN && conn->n_queued < SC_CONN_MAX_QUEUED;
  bool again = progress == DONE; /* a writable socket is reported at once */
  return (reads ? EPOLLIN : 0) | (conn->wants_out || again ? EPOLLOUT : 0);
}
