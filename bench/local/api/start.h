/* Where the reading of a shard begins: what GetShardIterator and SubscribeToShard are told (protocol.md 1.3), checked as the
 * service checks it. */
#ifndef SC_LOCAL_START_H
#define SC_LOCAL_START_H

#include "bench/local/api/operation.h"

#define SC_START_TYPES "AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON"

struct sc_start {
  const char *operation; /* whose arguments these are, for errors */
  struct sc_slice type;  /* one of SC_START_TYPES */
  const struct sc_value *sequence, *time;
};

/* The number of the first record to read, as far as there are records; the end of the shard when there are none. What is too old to
 * be read is dropped first. False after failing the call. */
bool sc_call_start(struct sc_call *call, const struct sc_start *start, const struct sc_store_stream *stream,
                   const struct sc_store_shard *shard, uint64_t *position);

#endif
