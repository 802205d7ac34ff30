/* What a test may ask of the service besides Kinesis: faults, iterators that expire, another time. Loopback only.
 *
 * POST /_local/faults: one fault or a list of them, by the names of fault.h, appended to those that wait (faults.h):
 * all of
 *   the list or none. {"operation": "GetRecords", "kind": "throttle", "count": 3}
 * GET /_local/faults: {"waiting": how many, "faults": [those that wait], "over": [those that have hit all they were to
 * hit]},
 *   each with its hits so far and how many calls fitted it. DELETE /_local/faults: forgets them all.
 * POST /_local/expire-iterators: every iterator and NextToken issued so far has expired. POST /_local/clock,
 * {"advance_ms": 1000}: the service's clock moves forward (timebase.h). What does not list answers {"waiting": faults
 * that wait}; 400 and {"message": ...} what is not understood.
 */
#ifndef SCL_FAULTS_ADMIN_H
#define SCL_FAULTS_ADMIN_H

#include "bench/local/base/timebase.h"
#include "bench/local/faults/faults.h"
#include "bench/local/http/exchange.h"
#include "codec/json/doc.h"

#define SCL_ADMIN_PATH "/_local/"

struct scl_admin;

/* Both must outlive it. */
struct scl_admin *scl_admin_new(struct scl_timebase *timebase, struct scl_faults *faults);
void scl_admin_free(struct scl_admin *admin);

void scl_admin_handle(struct scl_admin *admin, struct sc_jsondoc *parser, const struct scl_request *request,
                      struct scl_reply *reply);

/* Raised by expire-iterators. */
uint32_t scl_admin_generation(const struct scl_admin *admin);

#endif
