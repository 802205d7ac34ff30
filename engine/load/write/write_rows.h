/* The rows of a transaction on their way to the sink: when they are pushed, in which order, and until when they are
 * kept.
 *
 * A block's rows are pushed when it comes. Blocks of several relations wait for the commit and are pushed relation by
 * relation then, unless the sink releases blocks early. */
#ifndef SC_LOAD_WRITE_WRITE_ROWS_H
#define SC_LOAD_WRITE_WRITE_ROWS_H

#include "engine/load/write/writer.h"
#include "engine/sink.h"

/* Of the same relation and plan. */
bool sc_row_range_follows(const struct sc_row_range *r, const struct sc_row_range *before);
/* The one row with this number, counted through the ranges (asserted that there is one). */
struct sc_row_range sc_row_range_of(const struct sc_row_range *ranges, size_t n, uint64_t row);

/* The block has joined the transaction; opens one for its rows and dead letters. */
int sc_writer_write(struct sc_writer *w, struct sc_block *block, struct sc_error *err);
/* Pushes what waits, and the dead letters: the target has accepted all there is in the blocks. */
int sc_writer_flush(struct sc_writer *w, struct sc_error *err);
/* Rows of the open transaction from this block on, in w->sorted, relation by relation. */
void sc_writer_sort(struct sc_writer *w, const struct sc_block *from);
/* One push, however often the sink says SC_AGAIN. */
int sc_writer_push(struct sc_writer *w, const struct sc_row_range *rows, struct sc_error *err);
/* A block of the open transaction goes back before the commit is known: the transaction cannot be replayed any more. */
void sc_writer_release(struct sc_writer *w, struct sc_block *block);

#endif
