#include "bench/local/api/reshard.h"

#include "engine/base/error.h"

static scl_hashkey_int open_start(const struct scl_store_stream *stream, uint32_t place) {
  return stream->shards[stream->open[place]].hash_start;
}

/* Where shard i of n is to begin: at the even boundary, or at the boundary beside it when one is there already. The
 * split would leave a shard with a single hash key between the two. */
static scl_hashkey_int wanted_start(struct scl_store_stream *stream, uint32_t i, uint32_t n) {
  scl_hashkey_int even = scl_hashkey_even_start(i, n);
  const struct scl_store_shard *shard = scl_stream_route(stream, even);
  if (shard->hash_start == even || scl_shard_can_split(shard, even)) return even;
  return even - shard->hash_start <= 1 ? shard->hash_start : shard->hash_end + 1;
}

uint32_t scl_reshard_cost(struct scl_store_stream *stream, uint32_t n) {
  uint32_t shared = 0;
  for (uint32_t i = 0; i < n; i++) {
    scl_hashkey_int start = wanted_start(stream, i, n);
    shared += scl_stream_route(stream, start)->hash_start == start;
  }
  return 2 * (n - shared) + (stream->n_open - shared);
}

void scl_reshard(struct scl_store *store, struct scl_store_stream *stream, uint32_t n, int64_t now_ms) {
  uint32_t expected = stream->n_shards + scl_reshard_cost(stream, n);
  SC_ASSERT(n > 0 && expected <= SCL_STORE_MAX_SHARDS);
  for (uint32_t i = 1; i < n; i++) {
    scl_hashkey_int start = wanted_start(stream, i, n);
    const struct scl_store_shard *shard = scl_stream_route(stream, start);
    if (shard->hash_start != start) scl_store_split(store, stream, shard->index, start, now_ms);
  }
  for (uint32_t place = 0; place + 1 < stream->n_open;) {
    bool is_wanted = place + 1 < n && open_start(stream, place + 1) == wanted_start(stream, place + 1, n);
    if (is_wanted) place++;
    else scl_store_merge(store, stream, stream->open[place], stream->open[place + 1], now_ms);
  }
  SC_ASSERT(stream->n_open == n && stream->n_shards == expected);
}
