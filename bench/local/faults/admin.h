/* The control endpoint of tests: faults, expired iterators, the clock. From loopback only.
 *
 *   POST /_local/faults            appends a fault, or a list of faults, to the waiting ones (faults.h): all or none.
 *                                  {"operation": "GetRecords", "kind": "throttle", "count": 3} (fault.h)
 *   GET /_local/faults             {"waiting": N, "faults": [waiting ones], "over": [those that are used up]}, each
 * with its hits, and the calls that it fitted DELETE /_local/faults          removes them all POST
 * /_local/expire-iterators  makes every iterator and NextToken handed out so far expire POST /_local/clock
 * {"advance_ms": 1000} moves the service's clock forward (timebase.h)
 *
 * The answer is {"waiting": N}, except where faults are listed. An invalid request is answered with 400 and
 * {"message": ...}.
 */
#ifndef SCL_FAULTS_ADMIN_H
#define SCL_FAULTS_ADMIN_H

#include "bench/local/base/timebase.h"
#include "bench/local/faults/faults.h"
#include "bench/local/http/exchange.h"
#include "codec/json/doc.h"

#define SCL_ADMIN_PATH "/_local/"

struct scl_admin;

/* Both outlive it. */
struct scl_admin *scl_admin_new(struct scl_timebase *timebase, struct scl_faults *faults);
void scl_admin_free(struct scl_admin *admin);

void scl_admin_handle(struct scl_admin *admin, struct sc_jsondoc *parser, const struct scl_request *request,
                      struct scl_reply *reply);

/* Raised by expire-iterators. */
uint32_t scl_admin_generation(const struct scl_admin *admin);

#endif
