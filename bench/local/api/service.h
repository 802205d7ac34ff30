/* The Kinesis service: whole requests in, whole replies out (protocol.md 1.1 to 1.4, 2.1, 2.2). It knows no sockets.
 *
 * Operations are chosen by X-Amz-Target and described by tables (operation.h); bodies are JSON 1.1 or CBOR 1.1, by the
 * request's Content-Type; the reply is in the same. Besides them requests for tests, from loopback only (admin.h), and
 * what tests ask for: faults (faults.h). scl_service_handle is thread-safe; it takes the store's lock for the time of
 * the call and never blocks otherwise.
 */
#ifndef SCL_API_SERVICE_H
#define SCL_API_SERVICE_H

#include "bench/local/api/settings.h"
#include "bench/local/base/timebase.h"
#include "bench/local/faults/faults.h"
#include "bench/local/http/exchange.h"
#include "bench/local/store/store.h"

struct scl_service;

/* The store and the timebase must outlive the service, the service the feeds of its replies. */
struct scl_service *scl_service_new(const struct scl_service_settings *settings, struct scl_store *store,
                                    struct scl_timebase *timebase);
void scl_service_free(struct scl_service *service);

/* The faults that its calls meet; those of the start are added here. */
struct scl_faults *scl_service_faults(struct scl_service *service);

/* A struct scl_handler's handle, with the service as its context. */
void scl_service_handle(void *service, const struct scl_request *request, struct scl_reply *reply);

#endif
