/* One load per name: the session advisory lock of a namespace, who holds it, and taking it over.
 *
 * The holder is found through pg_locks and pg_stat_activity: its application_name ends with PID@HOST (pg_names.h). Sessions of one load
 * share that tail and the namespace; a take-over ends them all and waits (10 s) until the lock is free.
 */
#ifndef SC_SINK_PG_LOCK_H
#define SC_SINK_PG_LOCK_H

#include "sink/pg_names.h"

/* SC_E_BUSY "NAMESPACE is being loaded by PID@HOST" when another session has it and take_over is false. */
int sc_pg_lock_take(struct sc_pg *pg, const struct sc_pg_names *names, bool take_over, struct sc_error *err);
/* A round trip: SC_E_DB_LOST when the connection is dead or the lock is not ours. */
int sc_pg_lock_check(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err);

#endif
