#include "bench/local/api/reshard.h"

#include "engine/base/error.h"

static scl_hashkey_int open_start(const struct scl_store_stream *stream, uint32_t place) {
  return stream->shards[stream->open[place]].hash_start;
}

uint32_t scl_reshard_cost(const struct scl_store_stream *stream, uint32_t n) {
  uint32_t shared = 0, place = 0;
  for (uint32_t i = 0; i < n; i++) {
    scl_hashkey_int start = scl_hashkey_even_start(i, n);
    while (place < stream->n_open && open_start(stream, place) < start) place++;
    shared += place < stream->n_open && open_start(stream, place) == start;
  }
  return 2 * (n - shared) + (stream->n_open - shared);
}

static void split_at(struct scl_store *store, struct scl_store_stream *stream, scl_hashkey_int start, int64_t now_ms) {
  const struct scl_store_shard *shard = scl_stream_route(stream, start);
  if (shard->hash_start != start) scl_store_split(store, stream, shard->index, start, now_ms);
}

void scl_reshard(struct scl_store *store, struct scl_store_stream *stream, uint32_t n, int64_t now_ms) {
  uint32_t expected = stream->n_shards + scl_reshard_cost(stream, n);
  SC_ASSERT(n > 0 && expected <= SCL_STORE_MAX_SHARDS);
  for (uint32_t i = 1; i < n; i++) split_at(store, stream, scl_hashkey_even_start(i, n), now_ms);
  for (uint32_t place = 0; place + 1 < stream->n_open;) {
    bool is_boundary = place + 1 < n && open_start(stream, place + 1) == scl_hashkey_even_start(place + 1, n);
    if (is_boundary) place++;
    else scl_store_merge(store, stream, stream->open[place], stream->open[place + 1], now_ms);
  }
  SC_ASSERT(stream->n_open == n && stream->n_shards == expected);
}
