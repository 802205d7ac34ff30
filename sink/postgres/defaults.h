/* What a column gets when a record has no key for it: its DEFAULT, or the next number of its identity.
 *
 * An immutable DEFAULT is evaluated once, here, and written like any value. Any other is left to the server
 * (copy.h: rows with the same columns left out go in one COPY), which evaluates stable functions such as now()
 * once a transaction, and volatile ones such as nextval() for each row. A value that a record gives to a column with a
 * sequence moves the sequence past itself (sc_pg_defaults_move), so that the server's own numbers do not meet it later.
 *
 * Control's session, but for move, which is the write threads'.
 */
#ifndef SC_SINK_POSTGRES_DEFAULTS_H
#define SC_SINK_POSTGRES_DEFAULTS_H

#include "sink/postgres/copy.h"
#include "sink/postgres/table.h"

/* The table's columns by the plan's. No transaction is open. */
int sc_pg_defaults_apply(const struct sc_pg_target *t, const struct sc_pg_table *table, const struct sc_plan *plan,
                         struct sc_pgcopy *copy, struct sc_error *err);
/* After rows of the COPY were accepted. A sequence is moved at once and for good, whatever becomes of the transaction;
 * one that we may not set is warned of once. */
int sc_pg_defaults_move(struct sc_pg *pg, const struct sc_pgcopy *copy, struct sc_error *err);

#endif
