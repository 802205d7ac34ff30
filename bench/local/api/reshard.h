/* UpdateShardCount: splits and merges that leave a stream with n open shards of equal size (scl_hashkey_even_start),
 * but for one hash key where a boundary was that near already. No shard is made that SplitShard would refuse to make.
 *
 * First every shard that contains a new boundary is split there. Then neighbours without a new boundary between them
 * are merged. Shards that are split and then merged live for a moment only, as those of the service do, and every child
 * has its parents. With the lock for writing.
 */
#ifndef SCL_API_RESHARD_H
#define SCL_API_RESHARD_H

#include "bench/local/store/store.h"

/* How many shards scl_reshard makes; the stream must have room for them (SCL_STORE_MAX_SHARDS). n >= 1. */
uint32_t scl_reshard_cost(struct scl_store_stream *stream, uint32_t n);
/* Shard pointers are stale afterwards. */
void scl_reshard(struct scl_store *store, struct scl_store_stream *stream, uint32_t n, int64_t now_ms);

#endif
