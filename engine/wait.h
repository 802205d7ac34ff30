/* How a session of a sink waits: poll on one descriptor in slices, so that a thread inside a database call still
 * notices that nothing is to be waited for any more (stop.h, sc_stop_now). In a thread whose time is measured, the wait
 * counts as SC_TIME_BLOCKED (timings.h).
 */
#ifndef SC_WAIT_H
#define SC_WAIT_H

#include <stdint.h>

struct sc_timings;

/* events: POLLIN | POLLOUT of poll(2); fd -1: only the time. SC_OK when something is ready, SC_E_STOPPED (second
 * signal), SC_E_DEADLINE after timeout_ms. Called by the session on its own thread, and only when the session has
 * nothing else to do. Sessions copy the struct. */
struct sc_wait {
  int (*wait)(void *arg, int fd, short events, int timeout_ms);
  void *arg;
};

extern const struct sc_wait sc_wait;
/* The same for the thread that supervises: a stop that was requested longer ago than *timeout_ms ends its waits, too.
 * Otherwise a target that answers nothing would keep it from ending the others. */
struct sc_wait sc_wait_until_stop(const int64_t *timeout_ms);
/* The same, counted in the calling thread's timings. */
struct sc_wait sc_wait_timed(struct sc_timings *timings);

#endif
