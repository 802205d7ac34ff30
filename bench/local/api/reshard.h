/* UpdateShardCount's work: splits and merges that leave a stream with n open shards of equal size
 * (scl_hashkey_even_start).
 *
 * First every shard that a new boundary runs through is split there, then neighbours that no new boundary parts are
 * merged; so short-lived shards come and go in between, as the service's do, and every child has its parents. With the
 * lock for writing.
 */
#ifndef SCL_API_RESHARD_H
#define SCL_API_RESHARD_H

#include "bench/local/store/store.h"

/* How many shards scl_reshard would make; the stream must have room for them (SCL_STORE_MAX_SHARDS). n >= 1. */
uint32_t scl_reshard_cost(const struct scl_store_stream *stream, uint32_t n);
/* Shard pointers are stale afterwards. */
void scl_reshard(struct scl_store *store, struct scl_store_stream *stream, uint32_t n, int64_t now_ms);

#endif
