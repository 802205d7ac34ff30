/* What a signature covers: the Authorization header taken apart, and the canonical request made of a request as it
 * arrived (protocol.md 4.1). Pure; any thread.
 */
#ifndef SCL_AUTH_CANONICAL_H
#define SCL_AUTH_CANONICAL_H

#include "bench/local/base/apierror.h"
#include "bench/local/http/exchange.h"

/* The parts of an Authorization header; views of it. */
struct scl_authorization {
  struct sc_slice key_id, date, region, service, terminator; /* of Credential */
  struct sc_slice signed_headers;                            /* "content-type;host;x-amz-date" */
  struct sc_slice signature;
};

/* "AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/TERMINATOR, SignedHeaders=A;B, Signature=HEX": parts in any
 * order, commas or blanks between them, none twice, none empty. has_date: whether a date header came with it. False
 * with the service's IncompleteSignatureException. */
bool scl_authorization_read(struct sc_slice header, bool has_date, struct scl_authorization *authorization,
                            struct scl_refusal *refusal);

/* Takes the next name off a list of signed headers; false when none is left. */
bool scl_signed_headers_next(struct sc_slice *rest, struct sc_slice *name);

/* Whether the path's query has a parameter of that name. */
bool scl_query_has(struct sc_slice path, const char *name);

/* Appends the canonical request: method; path without dot segments and doubled slashes, its bytes escaped (those that
 * were, once more); query, as it was escaped, sorted; signed headers, blanks in them run together, of one name joined
 * by commas; their list; the hash. */
void scl_canonical_add(struct sc_buf *out, const struct scl_request *request, struct sc_slice signed_headers,
                       const char *body_hash);

#endif
