/* Where the reading of a shard begins: the starting position of GetShardIterator and SubscribeToShard, checked as the
 * service checks it (API Reference, StartingPosition). */
#ifndef SCL_API_START_H
#define SCL_API_START_H

#include "bench/local/api/operation.h"

#define SCL_START_TYPES "AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON"

struct scl_start {
  const char *operation; /* named in errors */
  struct sc_slice type;  /* one of SCL_START_TYPES */
  const struct scl_value *sequence, *time;
};

/* The number of the first record to read; the end of the log when there is none. Records before the trim horizon are
 * dropped first. False after failing the call. */
bool scl_call_start(struct scl_call *call, const struct scl_start *start, const struct scl_store_stream *stream,
                    const struct scl_store_shard *shard, uint64_t *position);

#endif
