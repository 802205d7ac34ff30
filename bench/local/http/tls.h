/* The server side of TLS, over OpenSSL: a context from certificate files, a session a connection.
 *
 * TLS 1.2 and 1.3, ALPN h2 before http/1.1. A session reads and writes its non-blocking socket itself. A context outlives its
 * sessions; sessions belong to one thread at a time.
 */
#ifndef SC_LOCAL_TLS_H
#define SC_LOCAL_TLS_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

struct sc_tls_context;
struct sc_tls;

/* Files in PEM. NULL on failure. */
struct sc_tls_context *sc_tls_context_new(const char *cert_path, const char *key_path, struct sc_error *err);
void sc_tls_context_free(struct sc_tls_context *context);

struct sc_tls *sc_tls_new(struct sc_tls_context *context, int fd);
void sc_tls_free(struct sc_tls *tls);

enum sc_tls_outcome { SC_TLS_DONE, SC_TLS_WANTS_READ, SC_TLS_WANTS_WRITE, SC_TLS_CLOSED, SC_TLS_FAILED };

/* Handshake included. *n is set when done: at least 1 byte. A write that wants must be repeated with the same bytes or more. */
enum sc_tls_outcome sc_tls_read(struct sc_tls *tls, char *out, size_t len, size_t *n);
enum sc_tls_outcome sc_tls_write(struct sc_tls *tls, struct sc_slice bytes, size_t *n);
/* Says goodbye once, without waiting for the answer. */
void sc_tls_shutdown(struct sc_tls *tls);

#endif
