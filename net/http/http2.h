/* HTTP/2 to one server (RFC 9113), for replies that go on for minutes: nghttp2 over connections of dial.h.
 *
 * Why not libcurl's own HTTP/2 (7.88.1): its windows are 32 MiB, of a stream and of a connection alike, and cannot be
 * set. A paused stream lets 32 MiB pile up on libcurl's heap while others flow (4 paused streams: 132 MB); 12 streams
 * started together opened 8 to 12 connections; it repeats a refused stream at once and without end, and a GOAWAY cannot
 * be seen. Here a stream whose receiver consumes nothing holds its window and no more.
 *
 * Flow control. A stream's window (config) is opened by sc_http2_consume alone: what was received and not consumed is
 * in the receiver's hands, at most a window of it. The connection's window is 16 MiB and consumed at once, and the
 * socket is always read, so no stream can hold up the others.
 *
 * Connections. https:// by ALPN "h2", http:// by prior knowledge. A connection takes one stream until the server's
 * SETTINGS arrive, then as many as both announce and config allow. While nobody knows yet what the server announces
 * there is one connection; later at most SC_HTTP2_DIALING are being opened at a time. One without streams is closed at
 * its next PING. A PING goes out every 30 s; a connection that does not answer within 10 s is dropped with its streams.
 *   GOAWAY: streams up to its id go on, later ones are started on another connection, no new ones come.
 *   REFUSED_STREAM (or an id beyond GOAWAY's): the server has done nothing. The stream is started again on another
 *   connection, after a back-off with full jitter, SC_HTTP2_REFUSALS_MAX times; then it is over.
 *   Everything else ends the stream: SC_E_NET, with the name of the error code.
 *
 * One owner thread. Nothing blocks: the owner polls sc_http2_fd beside its other descriptors (sc_http_watch) until
 * sc_http2_due_ms, then calls sc_http2_act. Allocates a stream, a connection and what nghttp2 takes for them; nothing
 * for data. A reply's headers are bounded by SC_HTTP2_HEADER_BYTES_MAX.
 */
#ifndef SC_NET_HTTP_HTTP2_H
#define SC_NET_HTTP_HTTP2_H

#include "net/http/http.h"

#define SC_HTTP2_PING_EVERY_MS 30000
#define SC_HTTP2_PING_WAIT_MS 10000
#define SC_HTTP2_CONNECTION_WINDOW_BYTES (16 << 20)
#define SC_HTTP2_WINDOW_BYTES (512u << 10) /* a stream's, where nobody wants less */
#define SC_HTTP2_DIALING 4
#define SC_HTTP2_REFUSALS_MAX 10
#define SC_HTTP2_HEADER_BYTES_MAX (64u << 10)

struct sc_http2;
struct sc_http2_stream;

struct sc_http2_config {
  const char *url;       /* of all requests: "https://HOST:PORT/"; borrowed until free */
  uint32_t streams;      /* a connection, at most; 1 or more */
  uint32_t window_bytes; /* of a stream, 65535 or more */
};

/* Called inside sc_http2_act. */
struct sc_http2_receiver {
  /* Body bytes in order; head is complete. They are the receiver's to copy, and take of the window until consumed. May
   * consume. Anything but SC_OK ends the stream with that error. */
  int (*data)(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err);
  /* The stream is over and freed when this returns. err->code 0: a whole reply came, whatever its status. May start and
   * cancel streams, other ones. */
  void (*done)(void *arg, const struct sc_http_head *head, struct sc_error *err);
};

/* All borrowed until done or cancel. */
struct sc_http2_request {
  /* "Name: value", NULL-terminated, at most SC_HTTP_HEADERS_MAX; Host becomes :authority, which otherwise is the URL's
   */
  const char *const *headers;
  struct sc_slice body;
  const struct sc_http2_receiver *receiver;
  void *arg;
};

int sc_http2_new(struct sc_http *http, const struct sc_http2_config *config, struct sc_http2 **out,
                 struct sc_error *err);
void sc_http2_free(struct sc_http2 *h); /* streams under way are cancelled */
int sc_http2_fd(const struct sc_http2 *h);
int64_t sc_http2_due_ms(const struct sc_http2 *h); /* sc_clock_mono_ms; INT64_MAX: never */
void sc_http2_act(struct sc_http2 *h);

/* The window of streams on connections opened from now on. */
void sc_http2_set_window(struct sc_http2 *h, uint32_t window_bytes);
/* A POST. Waits for a place on a connection if need be. */
struct sc_http2_stream *sc_http2_start(struct sc_http2 *h, const struct sc_http2_request *request);
/* So many bytes of those received need no memory any more: the window opens by them. */
void sc_http2_consume(struct sc_http2_stream *s, size_t bytes);
/* Whether the server may send on this stream: it is on a connection and its window is not used up. */
bool sc_http2_has_window(const struct sc_http2_stream *s);
/* RST_STREAM(CANCEL); done is not called. silent_ms: for how long nothing came although it could, 0 when that is not
 * why. A connection on which no stream got anything for so long is dropped, its other streams end with SC_E_NET. */
void sc_http2_cancel(struct sc_http2_stream *s, int64_t silent_ms);

/* Since new. */
struct sc_http2_counts {
  uint32_t connections; /* open now */
  uint64_t dialed, resumed, refused, dead_pings, goaways;
};
struct sc_http2_counts sc_http2_counts(const struct sc_http2 *h);

#endif
