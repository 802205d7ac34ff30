/* HTTP of either version on one port: a connection that begins with the preface of HTTP/2 speaks that (http2.h), any
 * other HTTP/1.1 (http1.h), from which a request may upgrade to h2c (RFC 7540 section 3.2).
 *
 * Over TLS the same: what ALPN agreed on is what the client begins with.
 */
#ifndef SCL_HTTP_HTTP_H
#define SCL_HTTP_HTTP_H

#include "bench/local/http/conn.h"

/* The context of its connections is a const struct scl_handler *. */
extern const struct scl_protocol scl_http_protocol;

#endif
