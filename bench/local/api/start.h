/* Where the reading of a shard begins: what GetShardIterator and SubscribeToShard are told (protocol.md 1.3), checked
 * as the service checks it. */
#ifndef SCL_API_START_H
#define SCL_API_START_H

#include "bench/local/api/operation.h"

#define SCL_START_TYPES "AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON"

struct scl_start {
  const char *operation; /* whose arguments these are, for errors */
  struct sc_slice type;  /* one of SCL_START_TYPES */
  const struct scl_value *sequence, *time;
};

/* The number of the first record to read, as far as there are records; the end of the shard when there are none. What
 * is too old to be read is dropped first. False after failing the call. */
bool scl_call_start(struct scl_call *call, const struct scl_start *start, const struct scl_store_stream *stream,
                    const struct scl_store_shard *shard, uint64_t *position);

#endif
