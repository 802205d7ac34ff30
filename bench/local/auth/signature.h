/* Checks of AWS Signature Version 4 as the service does them (protocol.md 4.1), independent of what signs in net/.
 *
 * The Authorization header is taken apart strictly, the canonical request is made anew from the request as it arrived, and the
 * signature over it is compared. Refusals are the service's, in its words and its order: what is incomplete; the scope (region,
 * service, date, terminator) and the headers that must be signed; the clock (5 minutes either way); the key and its token; the
 * signature. Signing by query string (presigned URLs) is not accepted.
 *
 * Any thread; a check allocates, and waits for no one. The key ring must outlive the checker.
 */
#ifndef SC_LOCAL_SIGNATURE_H
#define SC_LOCAL_SIGNATURE_H

#include "bench/local/auth/canonical.h"
#include "bench/local/auth/keyring.h"

#define SC_SIGNATURE_SKEW_MS 300000

struct sc_signatures;

/* region is the one that credentials must be scoped to; it must outlive the checker. NULL when OpenSSL offers no SHA-256. */
struct sc_signatures *sc_signatures_new(const char *region, struct sc_keyring *ring);
void sc_signatures_free(struct sc_signatures *signatures);

/* Whether the request is signed for the service ("kinesis") with a key of the ring; else the refusal has the error's type and text.
 * key, when not NULL, gets a copy of the key, the caller's to wipe. */
bool sc_signatures_check(struct sc_signatures *signatures, const char *service, const struct sc_request *request,
                         int64_t now_ms, struct sc_key *key, struct sc_refusal *refusal);

/* The access key id that the request says it is signed with, unchecked; empty when it says none. */
struct sc_slice sc_signature_key_id(const struct sc_request *request);

#endif
