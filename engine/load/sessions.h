/* The sessions of one thread with the target: with the sink of the rows and with the store of the positions. They are
 * one session where the sink keeps the positions itself. */
#ifndef SC_LOAD_SESSIONS_H
#define SC_LOAD_SESSIONS_H

#include "engine/load/run.h"

struct sc_wait;

struct sc_sessions {
  struct sc_session *rows;
  struct sc_session *positions; /* NULL without a store */
  pthread_mutex_t lock;         /* held while they change, and while they are interrupted */
};

void sc_sessions_init(struct sc_sessions *s);
/* role: "control", "write 0" ... After an error none is open. */
int sc_sessions_open(struct sc_sessions *s, const struct sc_run *run, const char *role, const struct sc_wait *wait,
                     struct sc_error *err);
void sc_sessions_close(struct sc_sessions *s, const struct sc_run *run); /* those that are open */
/* Any thread: calls under way, and later ones, end with SC_E_STOPPED. */
void sc_sessions_interrupt(struct sc_sessions *s, const struct sc_run *run);
void sc_sessions_fini(struct sc_sessions *s, const struct sc_run *run); /* closes them */

#endif
