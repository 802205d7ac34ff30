#include "engine/load/memory.h"

#include <inttypes.h>
#include <unistd.h>

#include "engine/base/error.h"

enum { MIB = 1 << 20 };
static const size_t FLUSH_LEAST = 1 * MIB, FLUSH_MOST = 32 * MIB, BODIES_LEAST = 2 * MIB;

/* Blocks a parse thread may own. All of them together: a transaction of flush_bytes and two blocks for each write
 * thread, and one being filled for each pair. Each parse thread gets an even share, at least one for every write thread
 * and one more. */
static uint64_t blocks_a_parser(const struct sc_memory_request *w, size_t flush_bytes) {
  uint64_t open = (flush_bytes + w->block_bytes - 1) / w->block_bytes;
  uint64_t all = w->write_threads * (open + 2 + w->parse_threads);
  uint64_t each = (all + w->parse_threads - 1) / w->parse_threads;
  return each > w->write_threads ? each : w->write_threads + 1;
}

static uint64_t blocks_bytes(const struct sc_memory_request *w, uint64_t each) {
  return w->parse_threads * each * w->block_cost + w->spare_bytes + (uint64_t)w->write_threads * w->replay_dead_cost;
}

static uint64_t fixed_bytes(const struct sc_memory_request *w) {
  return SC_MEMORY_BASE_BYTES + (uint64_t)w->parse_threads * w->scratch_bytes +
         (uint64_t)w->fetch_threads * w->connections * SC_MEMORY_CONNECTION_BYTES + w->largest_reply_cost +
         BODIES_LEAST;
}

static int too_small(const struct sc_memory_request *w, uint64_t least, struct sc_error *err) {
  uint64_t mib = (least + MIB - 1) / MIB;
  sc_error_set(err, SC_E_MEMORY,
               "--memory is too small: %u fetch, %u parse and %u write threads need at least %" PRIu64 "MiB",
               w->fetch_threads, w->parse_threads, w->write_threads, mib);
  sc_error_hint(err, "--memory %" PRIu64 "MiB, or fewer threads, or a smaller --flush-bytes", mib);
  return err->code;
}

/* Transactions of a quarter of what is left, so that as much again can be filled while they are committed. */
static size_t fit_flush_bytes(const struct sc_memory_request *w, uint64_t rest) {
  if (w->flush_bytes != 0) return w->flush_bytes;
  uint64_t blocks = rest / 4 / w->write_threads / w->block_cost, fit = blocks * w->block_bytes;
  if (fit < FLUSH_LEAST || blocks_bytes(w, blocks_a_parser(w, fit)) > rest) return FLUSH_LEAST;
  return fit > FLUSH_MOST ? FLUSH_MOST : (size_t)fit;
}

static uint64_t least_bytes(const struct sc_memory_request *w) {
  size_t flush_least = w->flush_bytes == 0 ? FLUSH_LEAST : w->flush_bytes;
  return fixed_bytes(w) + blocks_bytes(w, blocks_a_parser(w, flush_least));
}

/* The larger of two pools of threads; a pool whose number was given, or is 1, does not count. */
static uint32_t *larger(uint32_t *most, uint32_t *n, bool given) {
  if (given || *n == 1) return most;
  return most == NULL || *n > *most ? n : most;
}

static bool lower_threads(struct sc_memory_request *w) {
  uint32_t *most = larger(NULL, &w->fetch_threads, w->fetch_given); /* among equals, the pool whose threads cost most */
  most = larger(most, &w->write_threads, w->write_given);
  most = larger(most, &w->parse_threads, w->parse_given);
  if (most != NULL) --*most;
  return most != NULL;
}

int sc_memory_deal(const struct sc_memory_request *request, struct sc_memory *out, struct sc_error *err) {
  struct sc_memory_request lowered = *request, *w = &lowered;
  while (w->total_bytes < least_bytes(w))
    if (!lower_threads(w)) return too_small(w, least_bytes(w), err);
  uint64_t rest = w->total_bytes - fixed_bytes(w);
  out->fetch_threads = w->fetch_threads;
  out->parse_threads = w->parse_threads;
  out->write_threads = w->write_threads;
  out->flush_bytes = fit_flush_bytes(w, rest);
  uint64_t each = blocks_a_parser(w, out->flush_bytes), more = each + each / 4;
  if (blocks_bytes(w, more) <= rest / 2) each = more;
  uint64_t ahead = out->flush_bytes / 4 / w->block_bytes / w->parse_threads;
  out->blocks_ahead = ahead > 1 ? (uint32_t)ahead : 1;
  out->blocks_a_parser = (uint32_t)each;
  out->blocks_bytes = (size_t)blocks_bytes(w, each);
  out->bodies_bytes = (size_t)(rest - out->blocks_bytes) + BODIES_LEAST + w->largest_reply_cost;
  return SC_OK;
}

uint64_t sc_memory_default(void) {
  uint64_t ram = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGE_SIZE);
  uint64_t quarter = ram / 4, most = (uint64_t)1024 * MIB;
  return quarter < most ? quarter : most;
}
