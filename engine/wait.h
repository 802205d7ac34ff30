/* The wait hook sessions use: poll on one descriptor in slices, so that a thread inside a database call still notices the wish to stop. */
#ifndef SC_WAIT_H
#define SC_WAIT_H

#include "engine/sink.h"

/* Returns SC_E_STOPPED at the second signal only. */
extern const struct sc_wait sc_wait_patient;
/* Returns SC_E_STOPPED at the first wish to stop: for control while it starts up. */
extern const struct sc_wait sc_wait_eager;

#endif
