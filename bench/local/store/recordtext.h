/* A record as GetRecords sends it: in JSON a comma and a Record object, in CBOR (RFC 8949) a map of indefinite length.
 * Pure; any thread. */
#ifndef SCL_STORE_RECORDTEXT_H
#define SCL_STORE_RECORDTEXT_H

#include "engine/base/slice.h"

struct scl_logrecord {
  const char *sequence;     /* 56 digits, not checked */
  int64_t arrived_ms;       /* not before the epoch */
  struct sc_slice key_json; /* the partition key as a JSON string with its quotes */
  struct sc_slice data;
  bool is_base64; /* data is base64; else it is the payload itself */
  uint64_t bytes; /* of payload and key: what counts against the limits of a page */
};

/* The most bytes that put_json writes. put_json returns the end of what it wrote. */
size_t scl_recordtext_json_most(const struct scl_logrecord *record);
char *scl_recordtext_put_json(char *at, const struct scl_logrecord *record);

/* The record that put_json wrote, as views of its text; arrived_ms and bytes are left 0. */
struct scl_logrecord scl_recordtext_parts(struct sc_slice json);
size_t scl_recordtext_cbor_most(struct sc_slice json);
char *scl_recordtext_put_cbor(char *at, struct sc_slice json, int64_t arrived_ms);

#endif
