/* Dead letters: records that could not become rows, as tuples for COPY kinesis_dead_letters ... (FORMAT binary). Pure;
 * any thread. */
#ifndef SC_SINK_POSTGRES_DEAD_H
#define SC_SINK_POSTGRES_DEAD_H

#include "sink/postgres/names.h"

/* The columns, in the order of the tuples. */
#define SC_PG_DEAD_COLUMNS \
  "namespace, table_name, shard_id, sequence, partition_key, arrival_time, sqlstate, reason, data"

/* Appends to block->dead; false when the block pool has no credit. Texts are made acceptable: what is not UTF-8, and
 * U+0000, becomes ?; ascii_only (a server whose encoding is not UTF8): so does everything beyond ASCII. data goes as it
 * is. */
bool sc_pg_dead_encode(const struct sc_pg_names *names, bool ascii_only, const struct sc_dead_letter *letter,
                       struct sc_block *block);

#endif
