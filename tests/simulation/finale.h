/* The end of a world: what must hold once faults are off and the workers had time to finish. */
#ifndef SC_TESTS_SIMULATION_FINALE_H
#define SC_TESTS_SIMULATION_FINALE_H

#include "tests/simulation/worker.h"

/* Is everything done that there was to do? */
bool finale_is_reached(struct world *w);
/* Breaks when it is not as it must be: each record once, each shard ended or at its tip, the counters add up. */
void finale_check(struct world *w);
/* What is still missing: for a world that does not come to its end. */
void finale_tell_missing(struct world *w, char *out, size_t out_bytes);

#endif
