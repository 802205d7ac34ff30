#include "bench/local/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

/* AES-128 first, as in the default of AWS's own library, s2n-tls. */
#define TLS13_CIPHERS "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/* OpenSSL's own objects behind our names. */
static SSL_CTX *ctx_of(struct scl_tls_context *context) { return (SSL_CTX *)context; }
static SSL *ssl_of(struct scl_tls *tls) { return (SSL *)tls; }

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *offered,
                           unsigned offered_len, void *unused) {
  static const unsigned char ours[] = "\x02h2\x08http/1.1";
  unsigned char *chosen;
  (void)ssl;
  (void)unused;
  if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, offered, offered_len) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

struct scl_tls_context *scl_tls_context_new(const char *cert_path, const char *key_path, struct sc_error *err) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  SC_ASSERT(context != NULL);
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_ciphersuites(context, TLS13_CIPHERS);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
  if (SSL_CTX_use_certificate_file(context, cert_path, SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) == 1)
    return (struct scl_tls_context *)context;
  char reason[200];
  ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
  sc_error_set(err, SC_E_IO, "reading the server certificate %s: %s", cert_path, reason);
  SSL_CTX_free(context);
  return NULL;
}

void scl_tls_context_free(struct scl_tls_context *context) { SSL_CTX_free(ctx_of(context)); }

struct scl_tls *scl_tls_new(struct scl_tls_context *context, int fd) {
  SSL *ssl = SSL_new(ctx_of(context));
  SC_ASSERT(ssl != NULL);
  int set = SSL_set_fd(ssl, fd);
  SC_ASSERT(set == 1);
  SSL_set_accept_state(ssl);
  return (struct scl_tls *)ssl;
}

void scl_tls_free(struct scl_tls *tls) { SSL_free(ssl_of(tls)); }

static enum scl_tls_outcome outcome_of(SSL *ssl, int returned) {
  switch (SSL_get_error(ssl, returned)) {
    case SSL_ERROR_NONE:
      return SCL_TLS_DONE;
    case SSL_ERROR_WANT_READ:
      return SCL_TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
      return SCL_TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
      return SCL_TLS_CLOSED;
    default:
      return SCL_TLS_FAILED;
  }
}

enum scl_tls_outcome scl_tls_read(struct scl_tls *tls, char *out, size_t len, size_t *n) {
  ERR_clear_error();
  return outcome_of(ssl_of(tls), SSL_read_ex(ssl_of(tls), out, len, n));
}

enum scl_tls_outcome scl_tls_write(struct scl_tls *tls, struct sc_slice bytes, size_t *n) {
  ERR_clear_error();
  return outcome_of(ssl_of(tls), SSL_write_ex(ssl_of(tls), bytes.ptr, bytes.len, n));
}

void scl_tls_shutdown(struct scl_tls *tls) {
  ERR_clear_error();
  SSL_shutdown(ssl_of(tls));
}
