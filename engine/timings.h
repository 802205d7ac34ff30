/* Where a thread's time goes, for --timings: it is busy, starved (nothing to do comes in) or blocked (it cannot get rid
 * of what it has).
 *
 * One struct a thread, written by that thread alone and read after its join. The clock is read when a thread goes to
 * sleep and when it wakes, never per batch: what is not sleep is busy, waiting for a processor included. By
 * construction busy + starved + blocked is exactly the time from begin to end. Everything is pure but for that clock.
 *
 *          starved                                 blocked
 *   fetch  waits for the service, or for its pace  parse threads have enough to do, no memory for replies, all is read
 *   parse  no reply to work on                     write threads have enough to do or hold all blocks; no plan yet
 *   write  no block to write                       waits for the target's answer, or to connect to it again
 */
#ifndef SC_TIMINGS_H
#define SC_TIMINGS_H

#include <stdint.h>

struct sc_buf;

enum sc_time { SC_TIME_BUSY, SC_TIME_STARVED, SC_TIME_BLOCKED, SC_TIMES };

struct sc_timings {
  int64_t begun_us, since_us; /* monotonic; what came before since_us is in us */
  int64_t us[SC_TIMES];
  enum sc_time in_poll; /* set by a fetch thread: what it is if its reader finds nothing to do; STARVED or BLOCKED */
};

void sc_timings_begin(struct sc_timings *t);                  /* busy from now on */
void sc_timings_sleep(struct sc_timings *t);                  /* the thread has nothing it can do */
void sc_timings_wake(struct sc_timings *t, enum sc_time why); /* what the sleep was: STARVED or BLOCKED */
void sc_timings_end(struct sc_timings *t);

/* The threads of a pool, after their end. */
struct sc_timings_pool {
  const char *name; /* "fetch" */
  const struct sc_timings *threads;
  uint32_t n;
};

enum { SC_POOL_FETCH, SC_POOL_PARSE, SC_POOL_WRITE, SC_THREAD_POOLS };

/* Adds one line per thread, in seconds and percent, and the line that names the likely bottleneck. */
void sc_timings_report(const struct sc_timings_pool pools[SC_THREAD_POOLS], struct sc_buf *out);
/* That line. What holds a load up is the pool that hardly ever waits for another one: the fetch threads when they are
 * not blocked, the parse threads when they are busy, the write threads when they are not starved. At both ends it is
 * then either the threads themselves or what they wait for, source or target. */
void sc_timings_bottleneck(const struct sc_timings_pool pools[SC_THREAD_POOLS], struct sc_buf *out);

#endif
