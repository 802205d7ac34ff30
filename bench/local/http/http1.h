/* HTTP/1.1 (RFC 9112) on a connection, by libhttp-parser: keep-alive, pipelined requests answered in order, bodies with
 * Content-Length or chunked, Expect: 100-continue.
 *
 * Each whole request goes to the handler. Replies are sent from where they lie, pages of records out of the store. A
 * reply with a feed is sent chunked, one HTTP chunk per chunk of the feed; it ends at once when its client closes its
 * side.
 *
 * Bounds: SCL_HTTP1_MAX_BODY (413), those of headers.h (431), SCL_HTTP1_MAX_URL (400), 80 KiB of headers and trailers
 * in all (400, the library's). A malformed request is answered with 400, and the connection is closed.
 */
#ifndef SCL_HTTP_HTTP1_H
#define SCL_HTTP_HTTP1_H

#include "bench/local/http/conn.h"

/* Room for 10 MiB of records in base64, and their keys. */
#define SCL_HTTP1_MAX_BODY (20u << 20)
#define SCL_HTTP1_MAX_URL 8192

/* The context of its connections is a const struct scl_handler *. */
extern const struct scl_protocol scl_http1_protocol;

/* A request that asked for an upgrade, and is answered over HTTP/2. */
struct scl_http1_upgrade {
  struct sc_buf settings; /* the client's, as the payload of a SETTINGS frame */
  struct scl_reply reply;
  bool has_body; /* false: the request was HEAD */
  size_t used;   /* bytes of those last received; the rest is HTTP/2 */
};

/* For http.c. Upgrade: h2c is ignored otherwise. It is granted to a request that no other answer goes before. */
void scl_http1_allow_upgrade(void *session);
/* After a receive that returned false: whether the session is to be closed, and HTTP/2 follows. The caller owns what
 * the upgrade holds. */
bool scl_http1_take_upgrade(void *session, struct scl_http1_upgrade *upgrade);

#endif
