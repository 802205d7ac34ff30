/* Checks requests signed by AWS Signature Version 4 as the service does (IAM User Guide, "Create a signed AWS API
 * request"). It shares no code with net/, which signs.
 *
 * The Authorization header is read strictly, the canonical request is made from the request as it arrived, and the
 * signatures are compared. Refusals have the texts and the order of the service: an incomplete header; the scope
 * (region, service, date, terminator) and the headers that must be signed; the clock (5 minutes either way); the key
 * and its token; the signature. Signatures in the query string (presigned URLs) are not accepted.
 *
 * Any thread. A check allocates, and does not block. The key ring outlives the checker.
 */
#ifndef SCL_AUTH_SIGNATURE_H
#define SCL_AUTH_SIGNATURE_H

#include "bench/local/auth/canonical.h"
#include "bench/local/auth/keyring.h"

#define SCL_SIGNATURE_SKEW_MS 300000

struct scl_signatures;

/* region: the region that credentials must be scoped to; the text outlives the checker. NULL when OpenSSL has no
 * SHA-256. */
struct scl_signatures *scl_signatures_new(const char *region, struct scl_keyring *ring);
void scl_signatures_free(struct scl_signatures *signatures);

/* Whether the request is signed for the service ("kinesis") with a key of the ring. If not, the refusal has type and
 * text of the error. key, when not NULL, gets a copy of the key, which the caller wipes. */
bool scl_signatures_check(struct scl_signatures *signatures, const char *service, const struct scl_request *request,
                          int64_t now_ms, struct scl_key *key, struct scl_refusal *refusal);

/* The access key id in the Authorization header, not checked; empty when there is none. */
struct sc_slice scl_signature_key_id(const struct scl_request *request);

#endif
