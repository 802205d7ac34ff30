/* Park and wake: how a thread that found nothing to do sleeps without losing a wake-up.
 *
 * One park a thread, on an eventfd that its owner polls beside its sockets. A waker pays one fence and one relaxed
 * load while the owner is awake, a write to the eventfd only when it sleeps.
 *
 * Owner:   sc_park_prepare(p);          // from here on a wake is not lost
 *          if (there is work) sc_park_cancel(p);
 *          else { poll(fd of p and own sockets); sc_park_finish(p); }
 *          or, without sockets: sc_park_wait(p, timeout_ms) in place of poll and finish.
 * Waker:   publish the work, then sc_park_wake(p).
 */
#ifndef SC_BASE_PARK_H
#define SC_BASE_PARK_H

#include <stdbool.h>

#include "engine/base/error.h"

struct sc_park;

struct sc_park *sc_park_new(struct sc_error *err); /* NULL on failure */
void sc_park_free(struct sc_park *park);

int sc_park_fd(const struct sc_park *park); /* readable when woken */
void sc_park_prepare(struct sc_park *park);
void sc_park_cancel(struct sc_park *park);
void sc_park_finish(struct sc_park *park); /* drains the eventfd */
/* poll on the eventfd alone, then finish. timeout_ms < 0 waits for ever. True when woken; now and then also without
 * cause, after a wake that came as an earlier sleep was cancelled. */
bool sc_park_wait(struct sc_park *park, int timeout_ms);

/* Any thread, and a signal handler. Never blocks. */
void sc_park_wake(struct sc_park *park);

#endif
