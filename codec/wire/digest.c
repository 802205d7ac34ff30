#include "codec/wire/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "engine/base/buf.h"

struct sc_digest {
  EVP_MD *algorithm;
  EVP_MD_CTX *context;
  bool extendable; /* gives as many bytes as asked for */
};

struct sc_digest *sc_digest_new(const char *algorithm) {
  struct sc_digest *d = sc_alloc_zero(1, sizeof(*d));
  d->algorithm = EVP_MD_fetch(NULL, algorithm, NULL);
  d->context = EVP_MD_CTX_new();
  if (d->algorithm != NULL && d->context != NULL) {
    d->extendable = (EVP_MD_get_flags(d->algorithm) & EVP_MD_FLAG_XOF) != 0;
    return d;
  }
  sc_digest_free(d);
  return NULL;
}

void sc_digest_free(struct sc_digest *d) {
  if (d == NULL) return;
  EVP_MD_CTX_free(d->context);
  EVP_MD_free(d->algorithm);
  free(d);
}

bool sc_digest_begin(struct sc_digest *d) { return EVP_DigestInit_ex2(d->context, d->algorithm, NULL) == 1; }

bool sc_digest_add(struct sc_digest *d, struct sc_slice bytes) {
  return EVP_DigestUpdate(d->context, bytes.ptr, bytes.len) == 1;
}

bool sc_digest_end(struct sc_digest *d, unsigned char *out, size_t bytes) {
  if (d->extendable) return EVP_DigestFinalXOF(d->context, out, bytes) == 1;
  return (size_t)EVP_MD_get_size(d->algorithm) == bytes && EVP_DigestFinal_ex(d->context, out, NULL) == 1;
}

struct sc_hmac {
  EVP_MAC_CTX *context;
};

struct sc_hmac *sc_hmac_new(void) {
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
                         OSSL_PARAM_construct_end()};
  struct sc_hmac *h = sc_alloc_zero(1, sizeof(*h));
  EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
  h->context = algorithm != NULL ? EVP_MAC_CTX_new(algorithm) : NULL;
  EVP_MAC_free(algorithm);
  if (h->context != NULL && EVP_MAC_CTX_set_params(h->context, params) == 1) return h;
  sc_hmac_free(h);
  return NULL;
}

void sc_hmac_free(struct sc_hmac *h) {
  if (h == NULL) return;
  EVP_MAC_CTX_free(h->context);
  free(h);
}

bool sc_hmac_key(struct sc_hmac *h, const void *key, size_t len) {
  return EVP_MAC_init(h->context, key, len, NULL) == 1;
}

bool sc_hmac_make(struct sc_hmac *h, struct sc_slice text, unsigned char out[SC_SHA256_BYTES]) {
  size_t len = 0;
  return EVP_MAC_init(h->context, NULL, 0, NULL) == 1 &&
         EVP_MAC_update(h->context, (const unsigned char *)text.ptr, text.len) == 1 &&
         EVP_MAC_final(h->context, out, &len, SC_SHA256_BYTES) == 1 && len == SC_SHA256_BYTES;
}
