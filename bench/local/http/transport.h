/* Listening sockets, and the threads that serve their connections, each with an epoll of its own.
 *
 * The first thread accepts, and hands connections to the threads in turn; a connection stays with its thread. All calls
 * come from the main thread. Listeners are added before scl_transport_start.
 */
#ifndef SCL_HTTP_TRANSPORT_H
#define SCL_HTTP_TRANSPORT_H

#include "bench/local/http/conn.h"
#include "engine/base/error.h"

#define SCL_TRANSPORT_MAX_THREADS 64
#define SCL_TRANSPORT_MAX_LISTENERS 16
#define SCL_TRANSPORT_ADDRESS 80 /* "[v6 address]:port" and a NUL */

struct scl_transport;

struct scl_transport *scl_transport_new(int threads, const struct scl_protocol *protocol, void *context);

/* address: HOST:PORT, [V6]:PORT or :PORT (loopback); port 0 takes a free one. tls NULL: plain; else it outlives the
 * transport. bound: gets the numeric address with the real port. */
int scl_transport_listen(struct scl_transport *transport, const char *address, struct scl_tls_context *tls,
                         char bound[SCL_TRANSPORT_ADDRESS], struct sc_error *err);
int scl_transport_start(struct scl_transport *transport, struct sc_error *err);
/* Closes everything, joins the threads, frees. NULL is fine. */
void scl_transport_free(struct scl_transport *transport);

#endif
