/* What the user asked of a load, beside the settings that all threads share (run.h). Control reads it; immutable. */
#ifndef SC_LOAD_LOAD_OPTIONS_H
#define SC_LOAD_LOAD_OPTIONS_H

#include "engine/position.h"

struct sc_load_options {
  struct sc_position start; /* as asked by the user */
  bool start_given;
  bool restart, take_over;
  bool dry_run; /* --restart then deletes nothing */
  uint64_t memory_bytes;
  size_t flush_bytes; /* 0: by memory */
  bool fetch_given, parse_given,
      write_given; /* the number of threads; numbers not given may be lowered to fit memory_bytes */
  bool quiet, timings;
};

#endif
