/* Hashes and HMAC, by OpenSSL's EVP: algorithms fetched once, contexts used again. The one module that includes its
 * headers.
 *
 * One owner thread each. Nothing allocates after new but what OpenSSL does itself. Functions answer false when OpenSSL
 * fails, which it does for want of memory only.
 */
#ifndef SC_CODEC_WIRE_DIGEST_H
#define SC_CODEC_WIRE_DIGEST_H

#include "engine/base/slice.h"

#define SC_SHA256_BYTES 32

struct sc_digest;
/* "SHA256", "SHAKE128"; NULL when OpenSSL offers no such algorithm. */
struct sc_digest *sc_digest_new(const char *algorithm);
void sc_digest_free(struct sc_digest *d); /* NULL is allowed */
bool sc_digest_begin(struct sc_digest *d);
bool sc_digest_add(struct sc_digest *d, struct sc_slice bytes);
/* SHA256: bytes is SC_SHA256_BYTES. SHAKE128 (FIPS 202): as many as asked for. */
bool sc_digest_end(struct sc_digest *d, unsigned char *out, size_t bytes);

/* HMAC-SHA256 (RFC 2104). */
struct sc_hmac;
struct sc_hmac *sc_hmac_new(void); /* NULL when OpenSSL offers none */
void sc_hmac_free(struct sc_hmac *h);
/* The key of all that follows; it is OpenSSL's to keep and to wipe. */
bool sc_hmac_key(struct sc_hmac *h, const void *key, size_t len);
bool sc_hmac_make(struct sc_hmac *h, struct sc_slice text, unsigned char out[SC_SHA256_BYTES]);

#endif
