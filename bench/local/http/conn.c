#include "bench/local/http/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/local/http/tls.h"
#include "engine/base/error.h"

/* How long input is read and discarded after the last output. Closing with unread input would reset the connection, and
 * the reset could overtake the reply. */
#define LINGER_MS 1000
/* Reads and outputs in a row, before other connections get their turn. */
#define MAX_READS 32
#define MAX_OUTPUTS 64

/* DRAINING: nothing more is read; the connection closes when its outputs are written. HUNG: by a fault. */
enum state { OPEN, DRAINING, LINGERING, HUNG, DEAD };
enum progress { DONE, BLOCKED, FAILED };

struct scl_conn {
  int fd;
  struct scl_tls *tls; /* NULL: plain */
  bool is_loopback;
  enum state state;
  bool wants_out; /* the socket was full, or TLS must write before it can read */
  bool saw_end;   /* of the input */
  const struct scl_protocol *protocol;
  void *session;
  struct scl_wake *wake;
  bool is_cut_off; /* the last output was an ending */
  bool has_output;
  struct scl_output output;
  enum scl_conn_turn turn; /* the protocol's last answer */
  int64_t wake_ms;
};

struct scl_conn *scl_conn_open(int fd, struct scl_tls_context *tls, bool is_loopback,
                               const struct scl_protocol *protocol, void *context, struct scl_wake *wake) {
  struct scl_conn *conn = sc_alloc_zero(1, sizeof(*conn));
  conn->fd = fd;
  conn->is_loopback = is_loopback;
  conn->tls = tls == NULL ? NULL : scl_tls_new(tls, fd);
  conn->protocol = protocol;
  conn->wake = wake;
  conn->turn = SCL_TURN_IDLE;
  conn->session = protocol->open(context, conn);
  return conn;
}

void scl_conn_close(struct scl_conn *conn) {
  conn->protocol->close(conn->session);
  scl_wake_cancel(conn->wake);
  if (conn->tls != NULL) scl_tls_free(conn->tls);
  close(conn->fd);
  free(conn);
}

bool scl_conn_is_loopback(const struct scl_conn *conn) { return conn->is_loopback; }
int64_t scl_conn_wake_ms(const struct scl_conn *conn) { return conn->wake_ms; }

void scl_conn_wake(void *opaque) {
  struct scl_conn *conn = opaque;
  scl_wake_post(conn->wake);
}

static bool wants(const struct scl_conn *conn, int what) { return (conn->protocol->wants(conn->session) & what) != 0; }

/* The progress that the outcome of a TLS call means. */
static enum progress tls_progress(struct scl_conn *conn, enum scl_tls_outcome outcome) {
  if (outcome == SCL_TLS_DONE) return DONE;
  if (outcome == SCL_TLS_WANTS_WRITE) conn->wants_out = true;
  return outcome == SCL_TLS_WANTS_WRITE || outcome == SCL_TLS_WANTS_READ ? BLOCKED : FAILED;
}

static void consume(struct scl_output *output, size_t n) {
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

static enum progress write_plain(struct scl_conn *conn, struct scl_output *output) {
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

/* The bytes of the next TLS record: of a large piece where they lie, of small pieces gathered in the scratch. */
static struct sc_slice next_record(const struct scl_output *output, struct scl_conn_scratch *scratch) {
  size_t room = sizeof(scratch->out);
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

static enum progress write_tls(struct scl_conn *conn, struct scl_output *output, struct scl_conn_scratch *scratch) {
  while (consume(output, 0), output->n_pieces > 0) {
    size_t n;
    enum progress progress = tls_progress(conn, scl_tls_write(conn->tls, next_record(output, scratch), &n));
    if (progress != DONE) return progress;
    consume(output, n);
  }
  return DONE;
}

static void reset_at_close(int fd) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void apply_ending(struct scl_conn *conn, enum scl_ending ending) {
  if (ending == SCL_ENDING_KEEP) return;
  SC_ASSERT(ending == SCL_ENDING_CLOSE || ending == SCL_ENDING_RESET || ending == SCL_ENDING_HANG);
  if (ending == SCL_ENDING_RESET) reset_at_close(conn->fd);
  conn->state = ending == SCL_ENDING_RESET ? DEAD : ending == SCL_ENDING_HANG ? HUNG : DRAINING;
  if (ending == SCL_ENDING_CLOSE) conn->is_cut_off = true;
}

/* The protocol's next output; false when there is none now. */
static bool take_output(struct scl_conn *conn, int64_t now_ms) {
  if (conn->is_cut_off) return false;
  conn->output = (struct scl_output){0};
  conn->turn = conn->protocol->work(conn->session, now_ms, &conn->output);
  conn->wake_ms = conn->turn == SCL_TURN_WAIT ? conn->output.wake_ms : 0;
  conn->has_output = conn->turn == SCL_TURN_WRITE;
  return conn->has_output;
}

static bool can_write(const struct scl_conn *conn) { return conn->state == OPEN || conn->state == DRAINING; }

/* Writes outputs until there are none, one would block, or the turn is used up. */
static enum progress flush(struct scl_conn *conn, int64_t now_ms, struct scl_conn_scratch *scratch,
                           bool *turn_is_used_up) {
  for (int i = 0; i < MAX_OUTPUTS && can_write(conn); i++) {
    if (!conn->has_output && !take_output(conn, now_ms)) return DONE;
    enum progress progress =
        conn->tls == NULL ? write_plain(conn, &conn->output) : write_tls(conn, &conn->output, scratch);
    if (progress != DONE) return progress;
    conn->has_output = false;
    apply_ending(conn, conn->output.ending);
  }
  *turn_is_used_up = can_write(conn);
  return DONE;
}

/* Bytes read, 0 at the end of the input, -1 when it would block, -2 when it failed. */
static ssize_t read_some(struct scl_conn *conn, struct scl_conn_scratch *scratch) {
  if (conn->tls == NULL) {
    ssize_t n = recv(conn->fd, scratch->in, sizeof(scratch->in), 0);
    if (n >= 0) return n;
    return errno == EAGAIN || errno == EINTR ? -1 : -2;
  }
  size_t n;
  enum scl_tls_outcome outcome = scl_tls_read(conn->tls, scratch->in, sizeof(scratch->in), &n);
  if (outcome == SCL_TLS_CLOSED) return 0;
  enum progress progress = tls_progress(conn, outcome);
  return progress == DONE ? (ssize_t)n : progress == BLOCKED ? -1 : -2;
}

/* Reads once and hands the bytes to the protocol. DONE: there may be more. */
static enum progress feed(struct scl_conn *conn, struct scl_conn_scratch *scratch) {
  ssize_t n = read_some(conn, scratch);
  if (n == -1) return BLOCKED;
  if (n == -2) return FAILED;
  if (n == 0) conn->saw_end = true;
  if (n == 0 || !conn->protocol->receive(conn->session, sc_slice_of(scratch->in, (size_t)n))) conn->state = DRAINING;
  return DONE;
}

/* Everything is written: closes this side, and waits for the peer to close its own. */
static int start_lingering(struct scl_conn *conn, int64_t now_ms) {
  if (conn->tls != NULL) scl_tls_shutdown(conn->tls);
  if (shutdown(conn->fd, SHUT_WR) != 0) return SCL_CONN_CLOSE;
  conn->state = LINGERING;
  conn->wake_ms = now_ms + LINGER_MS;
  return EPOLLIN;
}

static int linger(struct scl_conn *conn, int64_t now_ms, struct scl_conn_scratch *scratch) {
  if (now_ms >= conn->wake_ms) return SCL_CONN_CLOSE;
  ssize_t n = recv(conn->fd, scratch->in, sizeof(scratch->in), 0);
  if (n > 0 || (n < 0 && errno == EAGAIN)) return EPOLLIN;
  return SCL_CONN_CLOSE;
}

static int keep_hanging(unsigned events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) return SCL_CONN_CLOSE;
  return EPOLLRDHUP;
}

/* Write, read, write, until something would block. */
static enum progress pump(struct scl_conn *conn, int64_t now_ms, struct scl_conn_scratch *scratch) {
  bool turn_is_used_up = false;
  conn->wants_out = false;
  for (int reads = 0; reads < MAX_READS && !turn_is_used_up; reads++) {
    if (flush(conn, now_ms, scratch, &turn_is_used_up) == FAILED) return FAILED;
    if (turn_is_used_up) return DONE;
    if (conn->state != OPEN || !wants(conn, SCL_WANTS_INPUT)) return BLOCKED;
    enum progress progress = feed(conn, scratch);
    if (progress != DONE) return progress;
  }
  return DONE;
}

/* Whether the peer is gone, so that the connection is to be closed at once. */
static bool peer_is_gone(const struct scl_conn *conn, unsigned events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return true;
  return (conn->saw_end || (events & EPOLLRDHUP) != 0) && wants(conn, SCL_WANTS_PEER);
}

static bool is_finished(const struct scl_conn *conn) {
  return conn->state == DRAINING && !conn->has_output && (conn->is_cut_off || conn->turn == SCL_TURN_IDLE);
}

int scl_conn_work(struct scl_conn *conn, unsigned events, int64_t now_ms, struct scl_conn_scratch *scratch) {
  if (conn->state == HUNG) return keep_hanging(events);
  if (conn->state == LINGERING)
    return (events & (EPOLLERR | EPOLLHUP)) != 0 ? SCL_CONN_CLOSE : linger(conn, now_ms, scratch);
  if (peer_is_gone(conn, events)) return SCL_CONN_CLOSE;
  enum progress progress = pump(conn, now_ms, scratch);
  if (progress == FAILED || conn->state == DEAD || peer_is_gone(conn, 0)) return SCL_CONN_CLOSE;
  if (conn->state == HUNG) return EPOLLRDHUP;
  bool again = progress == DONE; /* waits for EPOLLOUT, which comes at once */
  if (is_finished(conn) && !again) return start_lingering(conn, now_ms);
  bool reads = conn->state == OPEN && wants(conn, SCL_WANTS_INPUT);
  bool watches_peer = wants(conn, SCL_WANTS_PEER);
  return (reads ? EPOLLIN : 0) | (watches_peer ? EPOLLRDHUP : 0) | (conn->wants_out || again ? EPOLLOUT : 0);
}
