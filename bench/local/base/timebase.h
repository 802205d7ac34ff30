/* The service's own time: the wall clock, and what a test has added to it.
 *
 * Everything that the service says and decides about time follows this clock: arrivals, retention, expiry of iterators,
 * limits, subscriptions. Sockets and their timers follow the real clock. The clock only moves forward. Any thread.
 */
#ifndef SCL_BASE_TIMEBASE_H
#define SCL_BASE_TIMEBASE_H

#include <stdint.h>

#include "bench/local/base/notifier.h"

struct scl_timebase {
  _Atomic int64_t ahead_ms;  /* of the wall clock */
  struct scl_notifier moved; /* notifies after every move, so that waits for a time are checked again */
};

void scl_timebase_init(struct scl_timebase *timebase);
void scl_timebase_fini(struct scl_timebase *timebase);

int64_t scl_timebase_now_ms(const struct scl_timebase *timebase); /* since the epoch */
/* ms is 0 or more. */
void scl_timebase_advance(struct scl_timebase *timebase, int64_t ms);

#endif
