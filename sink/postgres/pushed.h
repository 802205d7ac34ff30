/* What was pushed since the last finish, when rows leave different columns to the server (sc_row_ref.left_out): the
 * rows of one kind go with the COPY that is open, those of the others wait in their blocks for the finish, which opens
 * a COPY for each kind. So a transaction has as many COPYs as there are kinds of rows, however they are mixed. The
 * blocks are the write thread's, which keeps them until the commit is known.
 *
 * A session's; one thread at a time. A kind takes one pass over the rows; there are at most 2^SC_PGCOPY_LEFT_OUT_MAX.
 */
#ifndef SC_SINK_POSTGRES_PUSHED_H
#define SC_SINK_POSTGRES_PUSHED_H

#include "engine/batch.h"
#include "engine/sink.h"

struct sc_pg_pushed {
  struct sc_row_range *ranges;
  size_t n, cap;
};

void sc_pg_pushed_add(struct sc_pg_pushed *pushed, const struct sc_row_range *range);
/* The least left_out above that of a row pushed; UINT32_MAX when there is none. above -1: the least of all. */
uint32_t sc_pg_pushed_next(const struct sc_pg_pushed *pushed, int32_t above);
/* The next run of rows with that left_out in the block from *first on, whose end is returned; first == end: no more. */
uint32_t sc_pg_pushed_run(const struct sc_block *block, uint16_t left_out, uint32_t *first, uint32_t end);
/* Which of all rows pushed, counted from 0, is the row_of_kind-th of those with that left_out. False: there are fewer.
 */
bool sc_pg_pushed_row(const struct sc_pg_pushed *pushed, uint16_t left_out, uint64_t row_of_kind, uint64_t *row);
void sc_pg_pushed_fini(struct sc_pg_pushed *pushed);

#endif
