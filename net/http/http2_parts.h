/* What http2.c (who is on which connection) and http2_connection.c (one connection, by nghttp2) have in common. Private
 * to net/http. */
#ifndef SC_NET_HTTP_HTTP2_PARTS_H
#define SC_NET_HTTP_HTTP2_PARTS_H

#include <nghttp2/nghttp2.h>
#include <sys/queue.h>

#include "engine/base/random.h"
#include "net/http/dial.h"
#include "net/http/http2.h"

#define SC_HTTP2_READ_BYTES 65536

struct sc_http2_connection;

enum sc_http2_state { SC_HTTP2_WAITING, SC_HTTP2_OPEN, SC_HTTP2_OVER };

struct sc_http2_stream {
  TAILQ_ENTRY(sc_http2_stream) link; /* among the waiting, a connection's, or those that are over */
  struct sc_http2 *h;
  struct sc_http2_connection *connection; /* open */
  struct sc_http2_request request;
  enum sc_http2_state state;
  int32_t id;
  unsigned refusals;
  bool has_ended; /* END_STREAM came */
  size_t sent;    /* bytes of the body */
  size_t headers; /* bytes of the reply's */
  int64_t due_ms; /* waiting: not before */
  struct sc_http_head head;
  struct sc_error err;
};

TAILQ_HEAD(sc_http2_streams, sc_http2_stream);

struct sc_http2_connection {
  TAILQ_ENTRY(sc_http2_connection) link;
  struct sc_http2 *h;
  struct sc_dialed *dialed;
  nghttp2_session *session; /* NULL until it is connected */
  struct sc_http2_streams streams;
  uint32_t n_streams;
  bool is_settled; /* the server's SETTINGS came */
  bool is_leaving; /* takes no new streams: GOAWAY, or it refused one */
  bool has_unread; /* TLS may hold bytes */
  bool is_dead;
  int64_t ping_due_ms, ping_sent_ms; /* sent 0: none is under way */
  int64_t data_ms;                   /* when a stream last got data, or was started */
  const uint8_t *unsent;             /* nghttp2's, valid until it is asked for more */
  size_t unsent_len;
  struct sc_error err; /* what its streams end with once it is dead */
};

TAILQ_HEAD(sc_http2_connections, sc_http2_connection);

struct sc_http2 {
  struct sc_http2_config config;
  struct sc_dialer *dialer;
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *options;
  struct sc_slice authority; /* of config.url */
  bool is_tls;
  uint32_t announced; /* streams a connection, as the server said last; 0: not yet */
  bool has_started;   /* streams that nobody has looked at */
  struct sc_http2_connections connections;
  struct sc_http2_streams waiting, over;
  struct sc_random random;
  struct sc_http2_counts counts;
  uint8_t buffer[SC_HTTP2_READ_BYTES];
};

/* ---- streams ---- */

/* Into h->over, with the error it holds. */
void sc_http2_end_stream(struct sc_http2_stream *s);
/* Ends all that wait. */
void sc_http2_fail_waiting(struct sc_http2 *h, const struct sc_error *err);

/* ---- a connection ---- */

/* Sets h->callbacks and h->options. */
void sc_http2_set_callbacks(struct sc_http2 *h);
/* It is connected: the first words. */
void sc_http2_greet(struct sc_http2_connection *c);
/* How many streams it may have, the open ones counted. */
uint32_t sc_http2_most_streams(const struct sc_http2_connection *c);
/* Takes a waiting stream. False when the connection takes no more of them. */
bool sc_http2_open_stream(struct sc_http2_connection *c, struct sc_http2_stream *s);
/* RST_STREAM(CANCEL); nothing of it is heard any more. silent_ms: as sc_http2_cancel has it. */
void sc_http2_reset_stream(struct sc_http2_stream *s, int64_t silent_ms);
void sc_http2_receive(struct sc_http2_connection *c);
void sc_http2_send(struct sc_http2_connection *c);
/* Sends a PING when it is time, and gives the connection up when that was not answered or it is not needed. */
void sc_http2_look_at_ping(struct sc_http2_connection *c, int64_t now_ms);
/* Dead from now on; what is said first counts. */
void sc_http2_fail_connection(struct sc_http2_connection *c, const struct sc_error *err);
bool sc_http2_is_finished(const struct sc_http2_connection *c);
/* Ends its streams and frees it. Outside of nghttp2's callbacks. */
void sc_http2_bury(struct sc_http2_connection *c);

#endif
