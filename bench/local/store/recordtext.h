/* A record as GetRecords sends it: in JSON a comma and a Record object, in CBOR a map of indefinite length. Pure, any
 * thread. */
#ifndef SCL_STORE_RECORDTEXT_H
#define SCL_STORE_RECORDTEXT_H

#include "engine/base/slice.h"

struct scl_logrecord {
  const char *sequence;     /* 56 digits, not checked */
  int64_t arrived_ms;       /* not before the epoch */
  struct sc_slice key_json; /* the partition key as a JSON string with its quotes */
  struct sc_slice data;
  bool is_base64; /* data is; else it is the payload itself */
  uint64_t bytes; /* what it counts for against a page's limit: bytes of data and key */
};

/* Bytes to make room for; what is written ends at the pointer that comes back. */
size_t scl_recordtext_json_most(const struct scl_logrecord *record);
char *scl_recordtext_put_json(char *at, const struct scl_logrecord *record);

/* From what put_json wrote: views, but for the time and the bytes. */
struct scl_logrecord scl_recordtext_parts(struct sc_slice json);
size_t scl_recordtext_cbor_most(struct sc_slice json);
char *scl_recordtext_put_cbor(char *at, struct sc_slice json, int64_t arrived_ms);

#endif
