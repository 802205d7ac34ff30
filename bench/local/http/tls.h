/* The server side of TLS, by OpenSSL: a context made of certificate files, and a session per connection.
 *
 * TLS 1.2 and 1.3; ALPN h2 before http/1.1. A session reads and writes its non-blocking socket itself. The context
 * outlives its sessions. A session is used by one thread at a time.
 */
#ifndef SCL_HTTP_TLS_H
#define SCL_HTTP_TLS_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

struct scl_tls_context;
struct scl_tls;

/* Files in PEM. NULL on failure. */
struct scl_tls_context *scl_tls_context_new(const char *cert_path, const char *key_path, struct sc_error *err);
void scl_tls_context_free(struct scl_tls_context *context);

struct scl_tls *scl_tls_new(struct scl_tls_context *context, int fd);
void scl_tls_free(struct scl_tls *tls);

enum scl_tls_outcome { SCL_TLS_DONE, SCL_TLS_WANTS_READ, SCL_TLS_WANTS_WRITE, SCL_TLS_CLOSED, SCL_TLS_FAILED };

/* The handshake is included. DONE: *n is at least 1. A write that WANTS is repeated with the same bytes or more. */
enum scl_tls_outcome scl_tls_read(struct scl_tls *tls, char *out, size_t len, size_t *n);
enum scl_tls_outcome scl_tls_write(struct scl_tls *tls, struct sc_slice bytes, size_t *n);
/* Sends close_notify, and does not wait for the answer. */
void scl_tls_shutdown(struct scl_tls *tls);

#endif
