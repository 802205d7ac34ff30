/* What a test may ask of the service besides Kinesis: faults to come, iterators to expire. Loopback only.
 *
 * POST /_local/faults, one fault or a list of them, appended to the script (faults.h); DELETE empties it:
 *   {"operation": "GetRecords",   default "*"
 *    "kind": "error",             error | throttle | slow | reset | truncate | half-open | entries
 *    "count": 3, "after": 0,      hits, and calls to let pass before the first; defaults 1 and 0
 *    "status": 500, "code": "InternalFailure", "message": "...",   kind error; code and message of kind entries too
 *    "delay_ms": 200,             kind slow, and with any other kind
 *    "bytes": 1000,               of the body before a reset, truncate, half-open; -1: not even the header
 *    "every": 3}                  kind entries, which is for PutRecords alone: fails the 1st, 4th, 7th ... entry; default 1
 * POST /_local/expire-iterators: every iterator and NextToken issued so far has expired.
 * POST /_local/clock, {"advance_ms": 1000}: the service's clock moves forward (timebase.h).
 * All answer {"waiting": faults in the script}; 400 and {"message": ...} when they do not understand.
 */
#ifndef SC_LOCAL_ADMIN_H
#define SC_LOCAL_ADMIN_H

#include "bench/local/exchange.h"
#include "bench/local/faults.h"
#include "bench/local/timebase.h"
#include "codec/jsondoc.h"

#define SC_ADMIN_PATH "/_local/"

struct sc_admin;

struct sc_admin *sc_admin_new(struct sc_timebase *timebase);
void sc_admin_free(struct sc_admin *admin);

void sc_admin_handle(struct sc_admin *admin, struct sc_jsondoc *parser, const struct sc_request *request,
                     struct sc_reply *reply);

/* Raised by expire-iterators. */
uint32_t sc_admin_generation(const struct sc_admin *admin);
/* The fault of a call of that operation, if any. */
bool sc_admin_fault(struct sc_admin *admin, struct sc_slice operation, struct sc_fault *fault);
/* Writes the error that a fault of kind SC_FAULT_ERROR answers, in the reply's format. */
void sc_admin_answer_error(const struct sc_fault *fault, struct sc_reply *reply);
/* Says in reply->delivery how the fault changes its sending. */
void sc_admin_deliver(const struct sc_fault *fault, struct sc_reply *reply);

#endif
