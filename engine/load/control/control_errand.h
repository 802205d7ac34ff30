/* Control's work on sessions with the target, where the target takes only one: the write thread has it, so the work is
 * done there, between two transactions, while control waits. With sessions of its own control does the work itself. */
#ifndef SC_LOAD_CONTROL_CONTROL_ERRAND_H
#define SC_LOAD_CONTROL_CONTROL_ERRAND_H

#include "engine/load/control/controller.h"

/* run(arg) may use c and c->sessions as its own; it may run another errand. A stop ends the work by its deadlines
 * (--stop-timeout): when it was asked for, sessions are interrupted after one, and after another one the process ends.
 */
void sc_controller_errand(struct sc_controller *c, void (*run)(void *arg), void *arg);
/* All threads go at once; calls of their sessions are interrupted. */
void sc_controller_abandon(struct sc_controller *c);

#endif
