/* The target table made from a sample of records.
 *
 * The table has one column per key, named like it. Where that cannot be (longer than 63 bytes, empty, a system column's
 * or metadata column's name, the same as another's) the name is cut between two characters and a hash of the key put
 * behind it, _ for the empty one, or gets a suffix _2, _3 ..., and the key is kept as the column's comment,
 * "shardcopy key: KEY", which later runs read. A key with U+0000, or one that
 * the database's encoding does not hold, gets no column. Two loads may make the table at once.
 *
 * Control's session; no transaction open.
 */
#ifndef SC_SINK_POSTGRES_CREATE_H
#define SC_SINK_POSTGRES_CREATE_H

#include "engine/sink.h"
#include "sink/postgres/target.h"

/* Makes the table, and its schema where with_schema. sample may be NULL with --columns=json and raw. SC_OK also when
 * another session made it in the meantime. proposal not NULL: nothing is run, it gets the columns and the statement. */
int sc_pg_create(const struct sc_pg_target *t, const struct sc_sample *sample, bool with_schema,
                 struct sc_proposal *proposal, struct sc_error *err);

/* Asks the server which keys of the sample its encoding does not hold: those are left unnamed (schema.h). Nothing is
 * asked in a database of UTF-8. No transaction is open. */
int sc_pg_create_check_keys(const struct sc_pg_target *t, const struct sc_sample *sample, struct sc_error *err);
/* The column name for a key, unlike any of used (n names) and the system columns. False: the key can have none. */
bool sc_pg_create_name(struct sc_slice key, const char (*used)[64], size_t n, char out[64]);
/* Adds the statement that keeps the key as the column's comment, when the column is not named like it. */
int sc_pg_create_comment(const struct sc_pg_target *t, const char *column, struct sc_slice key, struct sc_buf *sql,
                         struct sc_error *err);

#endif
