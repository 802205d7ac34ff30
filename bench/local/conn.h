/* One connection of the local service, plain or TLS: bytes in to a protocol, a queue of outputs back out.
 *
 * It does not know how it is polled: sc_conn_work reads and writes what it can without blocking and says what to wait
 * for. One thread at a time works on a connection. Backpressure: while SC_CONN_MAX_QUEUED outputs wait, nothing is read.
 */
#ifndef SC_LOCAL_CONN_H
#define SC_LOCAL_CONN_H

#include <sys/uio.h>

#include "bench/local/exchange.h"

#define SC_CONN_MAX_QUEUED 16
#define SC_CONN_CLOSE (-1)

struct sc_tls_context;
struct sc_conn;

/* Bytes to send, in order of queueing. Owned by the queue; released when written, cut or given up. */
struct sc_output {
  struct sc_output *next;
  struct iovec *pieces; /* consumed as they are written */
  int n_pieces;
  int64_t not_before_ms; /* sc_clock_mono_ms; 0: at once */
  enum sc_ending ending;
  void (*release)(struct sc_output *output);
};

/* What speaks on a connection. receive: false when there is nothing more to be read: the connection is closed when its
 * outputs are written. */
struct sc_protocol {
  void *(*open)(void *context, struct sc_conn *conn);
  bool (*receive)(void *session, struct sc_slice bytes);
  void (*close)(void *session);
};

/* Shared by the connections of a thread. */
struct sc_conn_scratch {
  char in[64 << 10];
  char out[16 << 10];
};

/* Takes the (non-blocking) fd. tls NULL: plain. */
struct sc_conn *sc_conn_open(int fd, struct sc_tls_context *tls, bool is_loopback, const struct sc_protocol *protocol,
                             void *context);
void sc_conn_close(struct sc_conn *conn);

/* events: what poll said. Returns the events to wait for, or SC_CONN_CLOSE. */
int sc_conn_work(struct sc_conn *conn, unsigned events, int64_t now_ms, struct sc_conn_scratch *scratch);
/* When to work on it even without an event; 0: never. */
int64_t sc_conn_wake_ms(const struct sc_conn *conn);

/* For the protocol, within receive. */
void sc_conn_send(struct sc_conn *conn, struct sc_output *output);
bool sc_conn_is_loopback(const struct sc_conn *conn);

#endif
