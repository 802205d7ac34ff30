/* The wish to stop: one flag for the process, set by the first signal or the first fatal error. Any thread reads it. */
#ifndef SC_STOP_H
#define SC_STOP_H

#include <stdbool.h>

bool sc_stop_requested(void);
void sc_stop_request(void);
/* The second signal: nothing is waited for any more; transactions open are rolled back by closing their connections. */
bool sc_stop_now(void);
void sc_stop_request_now(void);

#endif
