/* The target table altered while a load runs: new columns for new keys, wider types for values that do not fit.
 *
 * One transaction, one ALTER TABLE for all requests, with a lock_timeout of two seconds (55P03: the caller tries again)
 * and no statement_timeout, since a change of type rewrites the table. Two loads that alter one table wait for each
 * other, and each looks at the table as the other left it. When the server refuses the statement, each change is tried
 * alone; what is refused then is logged and remembered in the schema (schema.h).
 *
 * Control's session; nobody of this load has a transaction open.
 */
#ifndef SC_SINK_POSTGRES_ALTER_H
#define SC_SINK_POSTGRES_ALTER_H

#include "engine/plan.h"
#include "sink/postgres/target.h"

int sc_pg_alter(const struct sc_pg_target *t, const struct sc_sample *requests, struct sc_error *err);

#endif
