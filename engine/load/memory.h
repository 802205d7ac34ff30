/* How --memory is dealt out: scratch and connections are deducted, the rest becomes the two pools of budget.h. Pure.
 *
 * Every thread costs memory (at the defaults a fetch thread 9 MiB, a parse thread 7 MiB, a write thread 4 MiB, and each
 * pair of the latter a block), so a machine with many processors wants more of it. Thread counts that nobody asked for
 * give way to --memory.
 */
#ifndef SC_LOAD_MEMORY_H
#define SC_LOAD_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_error;

#define SC_MEMORY_BASE_BYTES (16u << 20)        /* program, libraries, control plane */
#define SC_MEMORY_CONNECTION_BYTES (139u << 10) /* with TLS, measured; 64 KiB of it are what TLS reads ahead */

struct sc_memory_request {
  uint64_t total_bytes;
  uint32_t fetch_threads, parse_threads, write_threads;
  bool fetch_given, parse_given, write_given; /* asked for by the user: not to be lowered */
  uint32_t connections;                       /* of a fetch thread: calls in flight at most */
  size_t scratch_bytes;                       /* of one decoder */
  size_t largest_reply_cost;                  /* one is set aside */
  size_t block_bytes, block_cost;             /* of a block: data, and all of it */
  size_t spare_bytes;                         /* beside the blocks: a row larger than one, dead letters */
  size_t replay_dead_cost;                    /* of a write thread's own room for dead letters of a replay */
  size_t flush_bytes;                         /* as requested; 0: fit it to the memory, 32 MiB at most */
};

struct sc_memory {
  uint32_t fetch_threads, parse_threads, write_threads;
  size_t bodies_bytes, blocks_bytes; /* the pools */
  size_t flush_bytes;
  uint32_t blocks_a_parser; /* a parse thread may own so many: at least one for each write thread and one more */
  uint32_t blocks_ahead;    /* of them so many may wait for one write thread: a quarter of a transaction, at least 1 */
};

/* Where total_bytes is too small for the threads requested, those not given are lowered one by one, the most numerous
 * pool first, at least one of each stays. SC_E_MEMORY with the least value that works when even they are too many. */
int sc_memory_deal(const struct sc_memory_request *request, struct sc_memory *out, struct sc_error *err);

/* A quarter of the machine's RAM, at most 1 GiB. */
uint64_t sc_memory_default(void);

#endif
