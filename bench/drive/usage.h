/* What a process has used so far: CPU time and resident memory, of ourselves and of another process on this machine.
 *
 * Another process is read from /proc/PID/stat and statm (proc(5)): its CPU time in clock ticks of 10 ms, all threads,
 * kernel and user; of memory what is resident and not shared with a file. Any thread.
 */
#ifndef SC_BENCH_DRIVE_USAGE_H
#define SC_BENCH_DRIVE_USAGE_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

struct sc_usage {
  double cpu_s;
  int64_t rss_bytes; /* 0 of ourselves */
};

struct sc_usage sc_usage_own(void);
/* SC_E_IO when there is no such process. */
int sc_usage_of(int64_t pid, struct sc_usage *out, struct sc_error *err);

/* CPU seconds that the whole machine was busy since it started, and what its hypervisor gave to others (/proc/stat).
 * False without it. */
bool sc_usage_machine(double *busy_s);

/* The texts of the files; false when they are none. Pure. */
bool sc_usage_parse_stat(struct sc_slice text, uint64_t *ticks);
bool sc_usage_parse_statm(struct sc_slice text, uint64_t *pages);
bool sc_usage_parse_machine(struct sc_slice text, uint64_t *ticks);

#endif
