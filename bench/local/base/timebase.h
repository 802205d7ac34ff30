/* The service's own time: the wall clock, moved by as much as a test asked for.
 *
 * All that the service says and decides about time (arrivals, retention, expiry of iterators, limits, subscriptions) follows it;
 * sockets and their timers follow the real clock. It only moves forward. Any thread.
 */
#ifndef SC_LOCAL_TIMEBASE_H
#define SC_LOCAL_TIMEBASE_H

#include <stdint.h>

#include "bench/local/base/bell.h"

struct sc_timebase {
  _Atomic int64_t ahead_ms; /* of the wall clock */
  struct sc_bell moved;     /* rung when it was moved: what waits for a time is to look again */
};

void sc_timebase_init(struct sc_timebase *timebase);
void sc_timebase_fini(struct sc_timebase *timebase);

int64_t sc_timebase_now_ms(const struct sc_timebase *timebase); /* since the epoch */
/* ms is 0 or more. */
void sc_timebase_advance(struct sc_timebase *timebase, int64_t ms);

#endif
