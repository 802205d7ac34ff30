/* The Kinesis service: whole requests in, whole replies out. It knows no sockets (Amazon Kinesis Data Streams API
 * Reference).
 *
 * X-Amz-Target names the operation; operations are described by tables (operation.h). Bodies are JSON 1.1 or CBOR 1.1,
 * by the request's Content-Type, and the reply is in the same format. Besides Kinesis it answers the control endpoint
 * of tests, from loopback only (admin.h), and applies the faults that tests ask for (faults.h).
 *
 * scl_service_handle may be called by any thread. It takes the store's lock during the call, and does not block
 * otherwise.
 */
#ifndef SCL_API_SERVICE_H
#define SCL_API_SERVICE_H

#include "bench/local/api/settings.h"
#include "bench/local/base/timebase.h"
#include "bench/local/faults/faults.h"
#include "bench/local/http/exchange.h"
#include "bench/local/store/store.h"

struct scl_service;

/* The store and the timebase outlive the service, and the service the feeds of its replies. */
struct scl_service *scl_service_new(const struct scl_service_settings *settings, struct scl_store *store,
                                    struct scl_timebase *timebase);
void scl_service_free(struct scl_service *service);

/* The faults that are applied to calls. */
struct scl_faults *scl_service_faults(struct scl_service *service);

/* The function of a struct scl_handler, with the service as its context. */
void scl_service_handle(void *service, const struct scl_request *request, struct scl_reply *reply);

#endif
