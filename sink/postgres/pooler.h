/* Whether a pooler stands before the server that gives a client another backend for each transaction (pgbouncer with
 * pool_mode=transaction). Session locks and settings are lost there: two loads of one name would run at once, or a lock
 * would stay with nobody loading. Poolers that keep a session on its backend are fine.
 *
 * A pooler makes up the backend's number of the start-up (BackendKeyData), so that the number differs from
 * pg_backend_pid(). Then a second session opens transactions: in turn with it, the first session keeps its backend, and
 * the second never gets that backend, unless backends are shared. Blocks as all calls of a session do.
 */
#ifndef SC_SINK_POSTGRES_POOLER_H
#define SC_SINK_POSTGRES_POOLER_H

#include "sink/postgres/conn.h"

/* pg: no transaction is open, nothing was set. SC_E_NO_TARGET: backends are shared. */
int sc_pg_pooler_check(struct sc_pg *pg, const struct sc_pg_settings *settings, const char *application_name,
                       const struct sc_wait *wait, struct sc_error *err);

#endif
