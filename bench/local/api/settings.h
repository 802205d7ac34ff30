/* What every part of the Kinesis service is set up with, and the service's constants. */
#ifndef SCL_API_SETTINGS_H
#define SCL_API_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct scl_signatures;
struct scl_stub_credentials;

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

#endif
