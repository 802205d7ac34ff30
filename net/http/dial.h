/* Connections over which somebody else speaks (http2.h): libcurl finds the host, goes through the proxy, connects and
 * does TLS; afterwards its owner reads and writes.
 *
 * For https:// the server must choose the protocol that is offered by ALPN (RFC 7301); libcurl's own offer is off. TLS
 * is verified as http.h says. The connections of a dialer resume each other's TLS sessions as far as tickets have come;
 * OpenSSL uses a ticket of TLS 1.3 once. Through a proxy both schemes are tunnelled (CONNECT). Connecting takes at most
 * SC_HTTP_CONNECT_TIMEOUT_MS.
 *
 * TCP_NODELAY is set. The window that the kernel announces is clamped to SC_DIAL_WINDOW_BYTES (TCP_WINDOW_CLAMP).
 * SO_RCVBUF is left alone: the kernel cuts it to net.core.rmem_max, by default 208 KiB, which over 50 ms is 4 MiB/s for
 * all streams of a connection.
 *
 * A dialer and its connections belong to one thread. Nothing blocks. libcurl allocates for a connection, this module
 * only at open. One epoll descriptor for all; it can be polled itself.
 */
#ifndef SC_NET_HTTP_DIAL_H
#define SC_NET_HTTP_DIAL_H

#include "net/http/http.h"

#define SC_DIAL_WINDOW_BYTES (4 << 20)

struct sc_dialer;
struct sc_dialed;

/* Called inside sc_dialer_act; both may open and close connections, their own too. */
struct sc_dialed_owner {
  /* Once. err->code 0: connected. Else it is over, and still to be closed. */
  void (*opened)(void *arg, const struct sc_error *err);
  /* There is something to read, room to write where that was wanted, or the end of the connection. */
  void (*ready)(void *arg);
};

int sc_dialer_new(struct sc_http *http, struct sc_dialer **out, struct sc_error *err);
void sc_dialer_free(struct sc_dialer *dialer); /* its connections are closed before */
/* Can be read when sc_dialer_act has something to do. */
int sc_dialer_fd(const struct sc_dialer *dialer);
/* When sc_dialer_act is to be called whatever the descriptor says (sc_clock_mono_ms); INT64_MAX: never. */
int64_t sc_dialer_due_ms(const struct sc_dialer *dialer);
void sc_dialer_act(struct sc_dialer *dialer);

/* url: "https://HOST:PORT/", its path means nothing. alpn: "h2"; of no meaning for http://. owner and arg are borrowed
 * until close. NULL and err when libcurl refuses. */
struct sc_dialed *sc_dial(struct sc_dialer *dialer, const char *url, const char *alpn,
                          const struct sc_dialed_owner *owner, void *arg, struct sc_error *err);
void sc_dialed_close(struct sc_dialed *c); /* owner is not called any more */

/* Both after opened. SC_OK: *n bytes, 1 or more. SC_AGAIN: none for now. SC_E_NET: the connection is over. What TLS
 * holds shows on no descriptor: read until SC_AGAIN. A write that said SC_AGAIN is made again with the same bytes. */
int sc_dialed_read(struct sc_dialed *c, void *bytes, size_t most, size_t *n, struct sc_error *err);
int sc_dialed_write(struct sc_dialed *c, const void *bytes, size_t len, size_t *n, struct sc_error *err);
/* Its TLS session is an earlier connection's; false without TLS. */
bool sc_dialed_is_resumed(const struct sc_dialed *c);
/* Whether ready is also called when there is room to write; at first not. */
void sc_dialed_want_write(struct sc_dialed *c, bool wanted);

#endif
