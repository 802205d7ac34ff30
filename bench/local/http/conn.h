/* One connection of the local service, plain or TLS: bytes in to a protocol, its outputs back out.
 *
 * It does not know how it is polled: scl_conn_work reads and writes what it can without blocking and says what to wait
 * for. One thread at a time works on a connection; any thread may wake it (scl_conn_wake), until its protocol is
 * closed. Backpressure: the protocol is asked for its next output when the one before has been handed to the socket,
 * and says whether it wants input.
 */
#ifndef SCL_HTTP_CONN_H
#define SCL_HTTP_CONN_H

#include <sys/uio.h>

#include "bench/local/http/exchange.h"
#include "bench/local/http/waker.h"

#define SCL_CONN_CLOSE (-1)

struct scl_tls_context;
struct scl_conn;

/* The next bytes to write. Zero before. */
struct scl_output {
  struct iovec *pieces; /* the protocol's, unchanged until its next work or close; the list is consumed */
  int n_pieces;
  enum scl_ending ending; /* behind the pieces: KEEP, CLOSE, RESET or HANG */
  int64_t wake_ms;        /* when there is nothing to write: when to work again (sc_clock_mono_ms); 0: when woken */
};

enum scl_conn_turn {
  SCL_TURN_WRITE, /* an output, perhaps of an ending only */
  SCL_TURN_WAIT,  /* nothing now, more will come */
  SCL_TURN_IDLE   /* nothing until something is received */
};

#define SCL_WANTS_INPUT 1 /* else nothing is read */
#define SCL_WANTS_PEER 2  /* without a peer that may send, there is no point: closed as soon as its end is seen */

/* What speaks on a connection; all of it is called by the thread that works on it. */
struct scl_protocol {
  void *(*open)(void *context, struct scl_conn *conn);
  /* False when there is nothing more to be read: the connection is closed when work has become idle. */
  bool (*receive)(void *session, struct sc_slice bytes);
  /* Called when the last output is written: behind receive, when woken, and when the time has come that it said. */
  enum scl_conn_turn (*work)(void *session, int64_t now_ms, struct scl_output *output);
  int (*wants)(const void *session); /* SCL_WANTS_... */
  /* Whoever could wake the connection has stopped when it returns. */
  void (*close)(void *session);
};

/* Shared by the connections of a thread. */
struct scl_conn_scratch {
  char in[64 << 10];
  char out[16 << 10];
};

/* Takes the (non-blocking) fd. tls NULL: plain. wake outlives the connection; whoever takes it is to call
 * scl_conn_work. */
struct scl_conn *scl_conn_open(int fd, struct scl_tls_context *tls, bool is_loopback,
                               const struct scl_protocol *protocol, void *context, struct scl_wake *wake);
/* Leaves the wake not posted. */
void scl_conn_close(struct scl_conn *conn);

/* events: what poll said. Returns the events to wait for, or SCL_CONN_CLOSE. */
int scl_conn_work(struct scl_conn *conn, unsigned events, int64_t now_ms, struct scl_conn_scratch *scratch);
/* When to work on it even without an event; 0: never. */
int64_t scl_conn_wake_ms(const struct scl_conn *conn);

/* For the protocol. */
bool scl_conn_is_loopback(const struct scl_conn *conn);
/* Its thread is to work on it. Any thread; conn is a struct scl_conn *, so that it can be a feed's notify. */
void scl_conn_wake(void *conn);

#endif
