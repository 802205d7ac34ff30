/* Checks of AWS Signature Version 4 as the service does them (protocol.md 4.1), independent of what signs in net/.
 *
 * The Authorization header is taken apart strictly, the canonical request is made anew from the request as it arrived,
 * and the signature over it is compared. Refusals are the service's, in its words and its order: what is incomplete;
 * the scope (region, service, date, terminator) and the headers that must be signed; the clock (5 minutes either way);
 * the key and its token; the signature. Signing by query string (presigned URLs) is not accepted.
 *
 * Any thread; a check allocates, and waits for no one. The key ring must outlive the checker.
 */
#ifndef SCL_AUTH_SIGNATURE_H
#define SCL_AUTH_SIGNATURE_H

#include "bench/local/auth/canonical.h"
#include "bench/local/auth/keyring.h"

#define SCL_SIGNATURE_SKEW_MS 300000

struct scl_signatures;

/* region is the one that credentials must be scoped to; it must outlive the checker. NULL when OpenSSL offers no
 * SHA-256. */
struct scl_signatures *scl_signatures_new(const char *region, struct scl_keyring *ring);
void scl_signatures_free(struct scl_signatures *signatures);

/* Whether the request is signed for the service ("kinesis") with a key of the ring; else the refusal has the error's
 * type and text. key, when not NULL, gets a copy of the key, the caller's to wipe. */
bool scl_signatures_check(struct scl_signatures *signatures, const char *service, const struct scl_request *request,
                          int64_t now_ms, struct scl_key *key, struct scl_refusal *refusal);

/* The access key id that the request says it is signed with, unchecked; empty when it says none. */
struct sc_slice scl_signature_key_id(const struct scl_request *request);

#endif
