/* Records to rows as the engine does it for a table that it makes itself: the plan inferred from the records, with the
 * metadata columns of the default, and the chunks of cells. What the stages "JSON to cells" and "binary COPY" share. */
#ifndef SC_BENCH_MICRO_ROWS_H
#define SC_BENCH_MICRO_ROWS_H

#include "bench/micro/data.h"
#include "engine/decoder.h"

struct sc_micro_rows {
  const struct sc_micro_data *data;
  struct sc_plan *plan;
  struct sc_decoder *decoder;
  struct sc_cells cells;
  struct sc_rejects rejects;
};

/* False when a record is no JSON object. To be ended in any case. */
bool sc_micro_rows_init(struct sc_micro_rows *rows, const struct sc_micro_data *data, bool has_metadata);
void sc_micro_rows_fini(struct sc_micro_rows *rows);
/* Cells of the next records from `first` on; returns how many were taken. Nothing is rejected (asserted). */
uint32_t sc_micro_rows_decode(struct sc_micro_rows *rows, uint32_t first);
/* The metadata of what was decoded last. */
void sc_micro_rows_metadata(struct sc_micro_rows *rows, uint32_t first);

#endif
