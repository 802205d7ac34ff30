/* Control: one load from its first question to its summary. The main thread of "shardcopy load".
 *
 * It owns lineage, takes, column plan, discovery, supervision and shutdown; the other threads tell it by messages and
 * it tells them (run.h). It is the only one to start threads, to hold the advisory lock and to make plans. Any thread's
 * first fatal error, the first signal, the end of a bounded load all lead to the same orderly stop: fetch, parse,
 * write, commit, release, join, each with a deadline (--stop-timeout); a second signal abandons what is open, which the
 * target rolls back.
 */
#ifndef SC_LOAD_CONTROL_CONTROL_H
#define SC_LOAD_CONTROL_CONTROL_H

#include "engine/load/run.h"

struct sc_load_options {
  struct sc_position start; /* as asked by the user */
  bool start_given;
  bool restart, take_over;
  bool dry_run; /* --restart is then only thought of */
  uint64_t memory_bytes;
  size_t flush_bytes;                         /* 0: by memory */
  bool fetch_given, parse_given, write_given; /* the number of threads: others are lowered to fit into memory_bytes */
  bool quiet, timings;
};

/* run has its modules and settings; source and sink are open. SC_OK: everything up to the tip (or to --max-records) is
 * committed, or --follow was ended by a signal. SC_E_STOPPED: a bounded load was interrupted. */
int sc_control_load(struct sc_run *run, const struct sc_load_options *options, struct sc_error *err);

#endif
