/* The Kinesis service: whole requests in, whole replies out (protocol.md 1.1 to 1.4, 2.1, 2.2). It knows no sockets.
 *
 * Operations are chosen by X-Amz-Target and described by tables (operation.h); bodies are JSON 1.1 or CBOR 1.1, by the
 * request's Content-Type; the reply is in the same. Besides them requests for tests, from loopback only (admin.h), and
 * what tests ask for: faults (faults.h). scl_service_handle is thread-safe; it takes the store's lock for the time of
 * the call and never blocks otherwise.
 */
#ifndef SCL_API_SERVICE_H
#define SCL_API_SERVICE_H

#include "bench/local/auth/stub_credentials.h"
#include "bench/local/base/timebase.h"
#include "bench/local/faults/faults.h"
#include "bench/local/http/exchange.h"
#include "bench/local/store/store.h"

#define SCL_SERVICE_ACCOUNT "000000000000"
#define SCL_SERVICE_JSON "application/x-amz-json-1.1"
#define SCL_SERVICE_CBOR "application/x-amz-cbor-1.1"
#define SCL_SERVICE_ITERATOR_MS 300000
#define SCL_SERVICE_TOKEN_MS 300000
#define SCL_SERVICE_PAGE_RECORDS 10000
#define SCL_SERVICE_PAGE_BYTES (10u << 20)

struct scl_service_settings {
  uint64_t faults_seed;
  const char *region;                 /* in ARNs; must outlive the service */
  int64_t page_span_ms;               /* a GetRecords call looks at this much of time for records; 0: at all of it */
  uint64_t page_bytes;                /* of data and keys in a GetRecords reply; at most SCL_SERVICE_PAGE_BYTES */
  struct scl_signatures *signatures;  /* what requests must be signed by; NULL: nothing is checked */
  struct scl_stub_credentials *stubs; /* NULL: there are none */
  bool is_limited;                    /* the rates of quota.h hold */
  bool iterator_is_last;              /* GetRecords replies end with NextShardIterator instead of beginning with it */
  int64_t subscription_ms;            /* a subscription lasts at most; 0: SCL_SUBSCRIPTION_LIFE_MS */
};

struct scl_service;

/* The store and the timebase must outlive the service, the service the feeds of its replies. */
struct scl_service *scl_service_new(const struct scl_service_settings *settings, struct scl_store *store,
                                    struct scl_timebase *timebase);
void scl_service_free(struct scl_service *service);

/* The faults that its calls meet; those of the start are added here. */
struct scl_faults *scl_service_faults(struct scl_service *service);

/* A struct scl_site's handle, with the service as its context. */
void scl_service_handle(void *service, const struct scl_request *request, struct scl_reply *reply);

#endif
