/* The server side of HTTP/2 (RFC 9113) on a connection, by nghttp2.
 *
 * Each whole request goes to the handler. DATA frames point to where the bytes of the reply lie, pages of records into
 * the store. No more is sent than the client's windows allow.
 *
 * SETTINGS are those that Kinesis was seen to announce: INITIAL_WINDOW_SIZE 1 MiB, MAX_HEADER_LIST_SIZE 16384;
 * MAX_CONCURRENT_STREAMS is the handler's. A stream beyond those announced is refused with REFUSED_STREAM.
 *
 * Bounds of a request: SCL_HTTP1_MAX_BODY (413), SCL_HTTP1_MAX_URL (414), those of headers.h (431). Bounds of a
 * connection: SCL_HTTP2_MAX_BODIES of requests that are not whole (ENHANCE_YOUR_CALM), outputs of 256 KiB, and
 * nghttp2's own limits against floods.
 */
#ifndef SCL_HTTP_HTTP2_H
#define SCL_HTTP_HTTP2_H

#include "bench/local/http/http1.h"

#define SCL_HTTP2_STREAMS 5 /* MAX_CONCURRENT_STREAMS of Kinesis */
#define SCL_HTTP2_MAX_BODIES (64u << 20)

/* The context of its connections is a const struct scl_handler *. */
extern const struct scl_protocol scl_http2_protocol;

/* Opens a session of scl_http2_protocol that answers the request that asked for the upgrade, as stream 1. Takes over
 * the reply. */
void *scl_http2_open_upgraded(void *context, struct scl_conn *conn, const struct scl_http1_upgrade *upgrade);

#endif
