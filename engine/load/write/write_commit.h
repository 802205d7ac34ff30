/* The commit of a write thread's open transaction, and what became of one whose answer was lost. */
#ifndef SC_LOAD_WRITE_WRITE_COMMIT_H
#define SC_LOAD_WRITE_WRITE_COMMIT_H

#include "engine/load/write/writer.h"

/* When the open transaction is to be committed: 0 now, else in so many ms; INT64_MAX when there is nothing to commit,
 * or while a shard is inside a record. */
int64_t sc_writer_commit_in_ms(const struct sc_writer *w, int64_t now_ms);
/* Finishes the rows, writes dead letters and positions, commits, tells control and gives the blocks back. After an
 * error the transaction's blocks are still there. */
int sc_writer_commit(struct sc_writer *w, struct sc_error *err);
/* The take tells whether the commit in doubt has happened. taken: one for each of the writer's shards, in order. */
void sc_writer_end_doubt(struct sc_writer *w, const struct sc_taken *taken);

#endif
