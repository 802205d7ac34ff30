/* Listening sockets and the threads that serve their connections, each with its own epoll.
 *
 * The first thread accepts and deals connections out in turn; a connection stays with its thread. Listeners are made
 * before sc_transport_start; all calls come from one (the main) thread.
 */
#ifndef SC_LOCAL_TRANSPORT_H
#define SC_LOCAL_TRANSPORT_H

#include "bench/local/http/conn.h"
#include "engine/base/error.h"

#define SC_TRANSPORT_MAX_THREADS 64
#define SC_TRANSPORT_MAX_LISTENERS 16
#define SC_TRANSPORT_ADDRESS 80 /* "[v6 address]:port" and a NUL */

struct sc_transport;

struct sc_transport *sc_transport_new(int threads, const struct sc_protocol *protocol, void *context);

/* address: HOST:PORT, [V6]:PORT or :PORT (loopback); port 0 takes a free one. tls NULL: plain; it must outlive the
 * transport. bound: the numeric address with the real port. */
int sc_transport_listen(struct sc_transport *transport, const char *address, struct sc_tls_context *tls,
                        char bound[SC_TRANSPORT_ADDRESS], struct sc_error *err);
int sc_transport_start(struct sc_transport *transport, struct sc_error *err);
/* Closes everything, joins the threads, frees. NULL is fine. */
void sc_transport_free(struct sc_transport *transport);

#endif
