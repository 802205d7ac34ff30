/* One load per name: the session advisory lock of a namespace, who holds it, and taking it over.
 *
 * The holder is found through pg_locks and pg_stat_activity: its application_name ends with PID@HOST (names.h).
 * Sessions of one load share that tail and the namespace; a take-over ends them all and waits (10 s) until the lock is
 * free.
 *
 * A server may not notice for a while that a connection is gone: then an earlier session of this very load still has
 * the lock. Its backend is known by process id and start, which no other one shares, and is ended like one that is
 * taken over.
 */
#ifndef SC_SINK_POSTGRES_LOCK_H
#define SC_SINK_POSTGRES_LOCK_H

#include "sink/postgres/names.h"

/* The backend that this load last held the lock with. All zero: none yet. Control's. */
struct sc_pg_lock {
  int64_t pid;
  char begun[40]; /* its backend_start */
};

/* SC_E_BUSY "NAMESPACE is being loaded by PID@HOST" when another session has it, is not *own's, and take_over is false.
 * *own becomes this session's. */
int sc_pg_lock_take(struct sc_pg *pg, const struct sc_pg_names *names, bool take_over, struct sc_pg_lock *own,
                    struct sc_error *err);
/* A round trip: SC_E_DB_LOST when the connection is dead or the lock is not ours. */
int sc_pg_lock_check(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err);

#endif
