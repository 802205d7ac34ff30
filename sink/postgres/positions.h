/* The positions of a load in PostgreSQL: table kinesis_checkpoints, kept in the rows' own transaction
 * (docs/architecture.md, "Exactly once").
 *
 * A position to read from is only ever the answer of a take, which raises the epoch in the same statement. The commit
 * is one message: lock the rows in shard order, compare epoch and previous position, update, fail unless all matched,
 * COMMIT.
 *
 * All functions run on the session's thread and wait through its hook. pg has no COPY open.
 */
#ifndef SC_SINK_POSTGRES_POSITIONS_H
#define SC_SINK_POSTGRES_POSITIONS_H

#include "sink/postgres/names.h"

/* Makes schema, kinesis_checkpoints and kinesis_dead_letters where they are missing; two loads may do it at once. */
int sc_pg_positions_prepare(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err);
/* renamed: rows of another table become rows of this one before they are read. */
int sc_pg_positions_survey(struct sc_pg *pg, const struct sc_pg_names *names, bool renamed, struct sc_survey *out,
                           struct sc_error *err);
int sc_pg_positions_forget(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err);
int sc_pg_positions_add(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_stream_identity *identity,
                        const struct sc_position_row *rows, size_t n, struct sc_error *err);
int sc_pg_positions_release(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_commit_row *rows,
                            size_t n, struct sc_error *err);

/* What take would give, by a bare SELECT: for display only. */
int sc_pg_positions_peek(struct sc_pg *pg, const struct sc_pg_names *names, const char *const *shard_ids, size_t n,
                         struct sc_taken *out, struct sc_error *err);
/* Waits for a transaction that holds one of the rows; ends the backend recorded in the rows' owner when it still does
 * after grace (3 s); SC_E_DB_RETRY when they are held after 30 s. */
int sc_pg_positions_take(struct sc_pg *pg, const struct sc_pg_names *names, const char *const *shard_ids, size_t n,
                         struct sc_taken *out, struct sc_error *err);

/* In the open transaction. synchronous: what synchronous_commit is set to for this one, NULL: the session's.
 * SC_E_FENCED: something failed before COMMIT; SC_CLASS_ROW: COMMIT refused a row (deferred constraint); SC_E_DB_LOST:
 * the outcome is not known. */
int sc_pg_positions_commit(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_commit_row *rows,
                           size_t n, const char *synchronous, struct sc_error *err);

/* Arrays of SQL as text: {"a","b",NULL}. Begin with sc_pg_array_add on an empty buffer; end with sc_pg_array_end. */
void sc_pg_array_add(struct sc_buf *array, struct sc_slice element);
void sc_pg_array_add_null(struct sc_buf *array);
void sc_pg_array_add_int(struct sc_buf *array, int64_t value);
void sc_pg_array_end(struct sc_buf *array);

#endif
