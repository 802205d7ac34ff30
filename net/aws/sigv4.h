/* AWS Signature Version 4 for the shape of request we send: POST / with a body and, for the JSON protocols, a target
 * header.
 *
 * Canonical request, string to sign and key derivation: "Signing AWS requests with Signature Version 4" (AWS IAM User
 * Guide). Signed headers: content-type, host, x-amz-date, x-amz-security-token and x-amz-target when there is one.
 *
 * A signer belongs to one thread. It fetches its algorithms once and keeps the signing key of the day, so that a
 * request costs two SHA-256 and one HMAC; signing neither blocks nor allocates but once a day and credential (OpenSSL's
 * own contexts aside). Secrets are wiped when they are replaced and in free.
 */
#ifndef SC_NET_AWS_SIGV4_H
#define SC_NET_AWS_SIGV4_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

#define SC_SIGV4_KEY_ID_MAX 128 /* bytes of an access key id; the service's own bound */
#define SC_SIGV4_SECRET_MAX 256

/* What a request is signed with; borrowed, immutable while in use. token is NULL for long-lived keys. */
struct sc_sigv4_key {
  const char *key_id; /* 1..SC_SIGV4_KEY_ID_MAX bytes */
  const char *secret; /* 1..SC_SIGV4_SECRET_MAX bytes */
  const char *token;
};

struct sc_sigv4_request {
  struct sc_slice host;         /* as in the Host header: with the port unless it is the scheme's own */
  struct sc_slice content_type; /* "application/x-amz-json-1.1" */
  struct sc_slice target;       /* "Kinesis_20131202.GetRecords"; empty: none is sent */
  struct sc_slice body;
};

struct sc_sigv4_signature {
  char amz_date[17];       /* X-Amz-Date */
  char authorization[512]; /* Authorization */
};

struct sc_signer;

/* region: at most 63 bytes; service: "kinesis", at most 31. SC_E_INTERNAL when OpenSSL lacks SHA-256 or HMAC. */
int sc_signer_new(const char *region, const char *service, struct sc_signer **out, struct sc_error *err);
void sc_signer_free(struct sc_signer *signer);

/* Signs at wall_ms (the service's time: local clock plus the endpoint's known skew). SC_E_CONFIG when the key is longer
 * than the bounds above, SC_E_INTERNAL when OpenSSL fails. */
int sc_sigv4_sign(struct sc_signer *signer, const struct sc_sigv4_key *key, const struct sc_sigv4_request *request,
                  int64_t wall_ms, struct sc_sigv4_signature *out, struct sc_error *err);

#endif
