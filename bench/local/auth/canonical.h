/* Reads the Authorization header, and makes the canonical request of a request as it arrived (IAM User Guide, "Create a
 * signed AWS API request"). Pure; any thread.
 */
#ifndef SCL_AUTH_CANONICAL_H
#define SCL_AUTH_CANONICAL_H

#include "bench/local/base/apierror.h"
#include "bench/local/http/exchange.h"

/* The parts of an Authorization header, as views. */
struct scl_authorization {
  struct sc_slice key_id, date, region, service, terminator; /* of Credential */
  struct sc_slice signed_headers;                            /* "content-type;host;x-amz-date" */
  struct sc_slice signature;
};

/* Reads "AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/TERMINATOR, SignedHeaders=A;B, Signature=HEX". The parts
 * come in any order, with commas or blanks between them; no part is repeated or empty. has_date: whether the request
 * has a date header. False with the service's IncompleteSignatureException. */
bool scl_authorization_read(struct sc_slice header, bool has_date, struct scl_authorization *authorization,
                            struct scl_refusal *refusal);

/* Whether the path's query has a parameter of that name. */
bool scl_query_has(struct sc_slice path, const char *name);

/* Appends the canonical request, line by line: the method; the path without dot segments and empty segments, escaped
 * (escapes are escaped again); the query sorted, its escapes as they came; the signed headers, with runs of blanks as
 * one blank, and values of the same name joined by commas; the list of signed headers; the hash of the body. */
void scl_canonical_add(struct sc_buf *out, const struct scl_request *request, struct sc_slice signed_headers,
                       const char *body_hash);

#endif
