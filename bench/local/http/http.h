/* HTTP/1.1 and HTTP/2 on one port. A connection that begins with the preface of HTTP/2 (RFC 9113 section 3.4) speaks
 * HTTP/2 (http2.h). Any other speaks HTTP/1.1 (http1.h), from which a request may upgrade to h2c (RFC 7540
 * section 3.2).
 *
 * Over TLS it is the same: the client begins with the version that ALPN chose.
 */
#ifndef SCL_HTTP_HTTP_H
#define SCL_HTTP_HTTP_H

#include "bench/local/http/conn.h"

/* The context of its connections is a const struct scl_handler *. */
extern const struct scl_protocol scl_http_protocol;

#endif
