/* HTTP/2 on a connection (RFC 9113), by nghttp2: the server's side. Each whole request goes to the handler; DATA frames
 * point to where the reply's bytes lie, the record pages straight in the store. What the client's windows allow is sent
 * and no more.
 *
 * SETTINGS as Kinesis announces them (protocol.md 3.5): MAX_CONCURRENT_STREAMS is the handler's, INITIAL_WINDOW_SIZE 1
 * MiB, MAX_HEADER_LIST_SIZE 16384. A stream beyond those announced is refused with REFUSED_STREAM.
 *
 * Bounds: SCL_HTTP1_MAX_BODY (413), SCL_HTTP1_MAX_URL (414) and those of headers.h (431) a request;
 * SCL_HTTP2_MAX_BODIES of requests not yet whole a connection (ENHANCE_YOUR_CALM); an output of at most 256 KiB at a
 * time; nghttp2's own against floods.
 */
#ifndef SCL_HTTP_HTTP2_H
#define SCL_HTTP_HTTP2_H

#include "bench/local/http/http1.h"

#define SCL_HTTP2_STREAMS 5 /* where the handler names no other number */
#define SCL_HTTP2_MAX_BODIES (64u << 20)

/* The context of its connections is a const struct scl_handler *. */
extern const struct scl_protocol scl_http2_protocol;

/* A session of scl_http2_protocol that answers stream 1, the request that asked for the upgrade; it takes the reply
 * over. */
void *scl_http2_open_upgraded(void *context, struct scl_conn *conn, const struct scl_http1_upgrade *upgrade);

#endif
