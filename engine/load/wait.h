/* The wait hook sessions use: poll on one descriptor in slices, so that a thread inside a database call still notices
 * that nothing is to be waited for any more (stop.h, sc_stop_now). For a thread that is timed the wait is the target's
 * (timings.h): SC_TIME_BLOCKED.
 */
#ifndef SC_LOAD_WAIT_H
#define SC_LOAD_WAIT_H

#include "engine/sink.h"
#include "engine/timings.h"

extern const struct sc_wait sc_wait;
/* The same, told to the calling thread's timings. */
struct sc_wait sc_wait_timed(struct sc_timings *timings);

#endif
