/* shardcopy doctor's look at the target: server, TLS, whether it takes writes, connections, and the rights on each
 * table that a load writes to or makes. Catalog queries only; control's session. */
#ifndef SC_SINK_POSTGRES_EXAMINE_H
#define SC_SINK_POSTGRES_EXAMINE_H

#include "engine/examine.h"
#include "sink/postgres/names.h"

/* An error: the connection broke. What is missing is told, and is no error here. */
int sc_pg_examine(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_examine *x, struct sc_error *err);

#endif
