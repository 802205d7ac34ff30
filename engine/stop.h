/* The stop request: one flag for the process, raised by the first SIGINT or SIGTERM or by the first fatal error. Any
 * thread reads it.
 *
 * Signals are taken by one thread with sigwait, so no code of ours runs in a signal handler.
 */
#ifndef SC_STOP_H
#define SC_STOP_H

#include <stdbool.h>
#include <stdint.h>

struct sc_error;
struct sc_park;

bool sc_stop_requested(void);
void sc_stop_request(void);
/* It was requested longer ago than that: who is still inside a call of his own gives it up. */
bool sc_stop_is_overdue(int64_t timeout_ms);
/* Nothing is to be waited for any more: the second signal came, or the first one while there is nothing to end in order
 * (a command that only lists, a load that starts up). Blocking calls return SC_E_STOPPED; open transactions end with
 * their connections. */
bool sc_stop_now(void);
void sc_stop_request_now(void);
/* The reader of standard output went away (EPIPE): nobody wants the rest, so the run ends in order as if asked to stop,
 * and its outcome is success. */
void sc_stop_unread(void);
bool sc_stop_is_unread(void);
/* From here on the first signal means an orderly stop: control calls it when its threads run. */
void sc_stop_in_order(bool on);

/* The park woken by each of them; control's, which stays its owner. NULL: none. Once it returns, no thread touches the
 * park that was set before: it may be freed. */
void sc_stop_wakes(struct sc_park *park);
/* Before any other thread is started: blocks the signals everywhere and starts the thread that takes them. */
int sc_stop_listen(struct sc_error *err);

#endif
