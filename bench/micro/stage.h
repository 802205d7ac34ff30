/* A stage of the engine, measured beside a reference that does what is least possible with the same bytes.
 *
 * open prepares both from the data; each pass then does the same work once and returns the nanoseconds of it that
 * count, CPU time of its thread; of stages with several threads the time that passed. */
#ifndef SC_BENCH_MICRO_STAGE_H
#define SC_BENCH_MICRO_STAGE_H

#include <time.h>

#include "bench/micro/data.h"

struct sc_micro_size {
  uint64_t items; /* a pass */
  uint64_t bytes; /* a pass; 0: the stage has none */
};

struct sc_micro_stage {
  const char *name, *reference;
  const char *item, *bytes_of; /* "record", "body" */
  bool is_dataless;            /* the same for all data: data is NULL */
  /* NULL: the stage cannot do with that data. */
  void *(*open)(const struct sc_micro_data *data, struct sc_micro_size *size);
  void (*close)(void *state);
  int64_t (*pass)(void *state);
  int64_t (*reference_pass)(void *state);
};

/* CPU time of the calling thread: what others take of the core is not counted (what they take of its caches is). */
static inline int64_t sc_micro_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t sc_micro_wall_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What a compiler must not do away with. */
static inline void sc_micro_use(const void *ptr) { __asm__ volatile("" : : "r"(ptr) : "memory"); }

extern const struct sc_micro_stage sc_stage_envelope_json, sc_stage_envelope_cbor, sc_stage_base64, sc_stage_cells,
    sc_stage_copy, sc_stage_sign, sc_stage_ring_one, sc_stage_ring_two, sc_stage_fetch, sc_stage_event;

#endif
