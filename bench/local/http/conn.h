/* One connection, plain or TLS: hands received bytes to a protocol, and writes the protocol's outputs.
 *
 * A connection does not know how it is polled: scl_conn_work reads and writes what it can without blocking, and returns
 * the events to wait for. One thread at a time works on a connection. Any thread may wake it (scl_conn_wake) until its
 * protocol is closed. Backpressure: the protocol is asked for its next output when the one before has been handed to
 * the socket, and tells whether it wants input.
 */
#ifndef SCL_HTTP_CONN_H
#define SCL_HTTP_CONN_H

#include <sys/uio.h>

#include "bench/local/http/exchange.h"
#include "bench/local/http/waker.h"

#define SCL_CONN_CLOSE (-1)

struct scl_tls_context;
struct scl_conn;

/* The next bytes to write. Zeroed before. */
struct scl_output {
  struct iovec *pieces; /* the protocol's; valid until its next work or close. The list itself is consumed */
  int n_pieces;
  enum scl_ending ending; /* after the pieces: KEEP, CLOSE, RESET or HANG */
  int64_t wake_ms;        /* of SCL_TURN_WAIT: when to work again (sc_clock_mono_ms); 0: when woken */
};

enum scl_conn_turn {
  SCL_TURN_WRITE, /* an output, perhaps only an ending */
  SCL_TURN_WAIT,  /* nothing now; more will come */
  SCL_TURN_IDLE   /* nothing until something is received */
};

#define SCL_WANTS_INPUT 1 /* else nothing is read */
#define SCL_WANTS_PEER 2  /* the connection is closed as soon as the peer has closed its side */

/* What a connection speaks. All functions are called by the thread that works on the connection. */
struct scl_protocol {
  void *(*open)(void *context, struct scl_conn *conn);
  /* False when nothing more is to be read: the connection is closed once work is idle. */
  bool (*receive)(void *session, struct sc_slice bytes);
  /* The next output. Called when the one before is written: after receive, when woken, and at wake_ms. */
  enum scl_conn_turn (*work)(void *session, int64_t now_ms, struct scl_output *output);
  int (*wants)(const void *session); /* SCL_WANTS_... */
  /* When it returns, no thread wakes the connection any more. */
  void (*close)(void *session);
};

/* Shared by the connections of a thread. */
struct scl_conn_scratch {
  char in[64 << 10];
  char out[16 << 10];
};

/* Takes over the non-blocking fd. tls NULL: plain. The wake outlives the connection; the thread that takes it calls
 * scl_conn_work. */
struct scl_conn *scl_conn_open(int fd, struct scl_tls_context *tls, bool is_loopback,
                               const struct scl_protocol *protocol, void *context, struct scl_wake *wake);
/* Leaves the wake not posted. */
void scl_conn_close(struct scl_conn *conn);

/* events: those of poll. Returns the events to wait for, or SCL_CONN_CLOSE. */
int scl_conn_work(struct scl_conn *conn, unsigned events, int64_t now_ms, struct scl_conn_scratch *scratch);
/* When to work on the connection without an event; 0: never. */
int64_t scl_conn_wake_ms(const struct scl_conn *conn);

/* For the protocol. */
bool scl_conn_is_loopback(const struct scl_conn *conn);
/* Makes its thread work on the connection. Any thread. conn is a struct scl_conn *: the function is a feed's notify. */
void scl_conn_wake(void *conn);

#endif
