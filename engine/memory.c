#include "engine/memory.h"

#include <inttypes.h>
#include <unistd.h>

enum { MIB = 1 << 20 };
static const size_t FLUSH_LEAST = 1 * MIB, FLUSH_MOST = 32 * MIB, BODIES_LEAST = 2 * MIB;

/* At least flush-bytes and two blocks a write thread, and one block a pair being filled. */
static uint64_t blocks_least(const struct sc_memory_wish *w, size_t flush_bytes) {
  return (uint64_t)w->write_threads * (flush_bytes + 2 * w->block_cost) +
         (uint64_t)w->parse_threads * w->write_threads * w->block_cost;
}

static uint64_t fixed_bytes(const struct sc_memory_wish *w) {
  return SC_MEMORY_BASE_BYTES + (uint64_t)w->parse_threads * w->scratch_bytes +
         (uint64_t)w->connections * SC_MEMORY_CONNECTION_BYTES + w->largest_reply_cost + BODIES_LEAST;
}

int sc_memory_deal(const struct sc_memory_wish *w, struct sc_memory *out, struct sc_error *err) {
  size_t flush_least = w->flush_bytes == 0 ? FLUSH_LEAST : w->flush_bytes;
  uint64_t least = fixed_bytes(w) + blocks_least(w, flush_least);
  if (w->total_bytes < least) {
    uint64_t mib = (least + MIB - 1) / MIB;
    sc_error_set(err, SC_E_MEMORY, "--memory is too small: %u parse and %u write threads need at least %" PRIu64 "MiB",
                 w->parse_threads, w->write_threads, mib);
    sc_error_hint(err, "--memory %" PRIu64 "MiB, or fewer threads, or a smaller --flush-bytes", mib);
    return err->code;
  }
  uint64_t rest = w->total_bytes - fixed_bytes(w);
  out->flush_bytes = w->flush_bytes;
  if (out->flush_bytes == 0) {
    uint64_t share = rest / 2 / w->write_threads;
    out->flush_bytes = share < FLUSH_LEAST ? FLUSH_LEAST : share > FLUSH_MOST ? FLUSH_MOST : (size_t)share;
  }
  uint64_t blocks = blocks_least(w, out->flush_bytes);
  if (blocks > rest) {
    out->flush_bytes = FLUSH_LEAST;
    blocks = blocks_least(w, FLUSH_LEAST);
  }
  uint64_t generous = 2 * blocks; /* room to fill while a commit is under way */
  if (generous > rest / 2) generous = rest / 2;
  if (blocks < generous) blocks = generous;
  out->blocks_bytes = (size_t)blocks;
  out->bodies_bytes = (size_t)(rest - blocks) + BODIES_LEAST + w->largest_reply_cost;
  return SC_OK;
}

uint64_t sc_memory_default(void) {
  uint64_t ram = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGE_SIZE);
  uint64_t quarter = ram / 4, most = (uint64_t)1024 * MIB;
  return quarter < most ? quarter : most;
}
