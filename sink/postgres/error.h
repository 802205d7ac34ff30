/* What an error of PostgreSQL means for us: SQLSTATE and the moment it came -> code of errors.def. Pure.
 *
 * The rule (docs/architecture.md, "Rows that do not fit"): classes 22, 23, 54, P0 (and 44000, a view's check) of a
 * COPY's rows or a COMMIT are the row's fault. Everything that may pass by itself is retried; what the operator must
 * change stops the load. Any other error that comes while rows are taken (a trigger's own code, a name that a function
 * does not find, an internal error) may be the row's or not, which a replay finds out. Texts are never looked at: the
 * server speaks any language. Source: PostgreSQL manual, appendix A (error codes).
 */
#ifndef SC_SINK_POSTGRES_ERROR_H
#define SC_SINK_POSTGRES_ERROR_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/reject.h"

enum sc_pg_phase {
  SC_PG_CONNECT, /* start-up and authentication */
  SC_PG_QUERY,   /* any statement of ours but those below */
  SC_PG_OPEN,    /* the statements that open a COPY: no row is in it */
  SC_PG_COPY,    /* COPY of rows, and what it fires; also SET CONSTRAINTS ALL IMMEDIATE */
  SC_PG_COMMIT   /* COMMIT itself: deferred constraints */
};

/* sqlstate: 5 characters, or "" when the server gave none (connection lost). */
/* What PostgreSQL would say of a value that was refused for that reason (Appendix A, Error Codes). */
const char *sc_pg_sqlstate_of(enum sc_reason reason);
int sc_pg_classify(const char *sqlstate, enum sc_pg_phase phase);
/* Whether DDL failed because another session had made the same object at the same moment: duplicate table (42P07),
 * duplicate schema (42P06), or a unique index of the system catalogs (class 23). */
bool sc_pg_is_duplicate(const struct sc_error *err);
/* Sets err->hint where there is something to do about it. */
void sc_pg_hint(struct sc_error *err, const char *sqlstate, enum sc_pg_phase phase);
/* The row a COPY error's CONTEXT names ("COPY t, line 3, column a: ..."), counted from 1; 0 when it names none. Server
 * messages may be translated: the first number behind the table's name, in a line that speaks of COPY, is taken. column
 * gets the name behind it, "" when there is none. */
unsigned long long sc_pg_context_line(const char *context, const char *table, char column[64]);

#endif
