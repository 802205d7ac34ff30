/* What a load has to know again beside its positions: the table kinesis_state, made when the first state is written.
 * Calls wait as those of positions.h do. */
#ifndef SC_SINK_POSTGRES_STATE_H
#define SC_SINK_POSTGRES_STATE_H

#include "sink/postgres/names.h"

struct sc_state;

/* In the open transaction, behind its COPYs. is_there: an earlier transaction of this session has made the table. */
int sc_pg_state_write(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_state *states, size_t n,
                      bool is_there, struct sc_error *err);
/* Deletes those of the namespace, if there is a table. */
int sc_pg_state_forget(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err);

#endif
