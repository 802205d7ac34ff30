/* Settings of the Kinesis service, and its constants. */
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
  const char *region;                 /* in ARNs; outlives the service */
  int64_t page_span_ms;               /* how much of a shard's time a GetRecords call looks at; 0: all of it */
  uint64_t page_bytes;                /* most data and keys in a GetRecords reply; at most SCL_SERVICE_PAGE_BYTES */
  struct scl_signatures *signatures;  /* checks requests; NULL: requests are not checked */
  struct scl_stub_credentials *stubs; /* NULL: none */
  bool is_limited;                    /* by the rates of quota.h */
  bool iterator_is_last;              /* NextShardIterator ends GetRecords replies instead of beginning them */
  int64_t subscription_ms;            /* how long a subscription lasts; 0: SCL_SUBSCRIPTION_LIFE_MS */
};

#endif
