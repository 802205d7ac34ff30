/* The wish to stop: one flag for the process, raised by the first SIGINT or SIGTERM or by the first fatal error. Any thread reads it.
 *
 * Signals are taken by one thread with sigwait, so no code of ours runs in a signal handler.
 */
#ifndef SC_STOP_H
#define SC_STOP_H

#include <stdbool.h>

#include "engine/base/park.h"

bool sc_stop_requested(void);
void sc_stop_request(void);
/* The second signal: nothing is waited for any more; open transactions are rolled back by closing their connections. */
bool sc_stop_now(void);
void sc_stop_request_now(void);

/* The park woken by each of them; control's. NULL: none. */
void sc_stop_wakes(struct sc_park *park);
/* Before any other thread is started: blocks the signals everywhere and starts the thread that takes them. SIGPIPE is ignored. */
int sc_stop_listen(struct sc_error *err);

#endif
