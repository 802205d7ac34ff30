/* The metadata columns of decoded rows: shard, sequence number, arrival time, partition key, stream, message id,
 * envelope. Parse thread; scratch for what is made here (message ids, envelopes) grows to the largest chunk and stays
 * (growth is counted in SC_M_DATA_PATH_ALLOCS). */
#ifndef SC_CODEC_KINESIS_METADATA_CELLS_H
#define SC_CODEC_KINESIS_METADATA_CELLS_H

#include "engine/decoder.h"

struct sc_metadata_cells;

struct sc_metadata_cells *sc_metadata_cells_new(const char *stream);
void sc_metadata_cells_free(struct sc_metadata_cells *m);
/* decoder.h, metadata. The cells point into records, shard_id and scratch, until the next call.
 * An envelope is {"shard_id", "seq_no", "ts", "partition", "stream_name"}, ts as Python prints a datetime
 * ("2025-06-21 12:06:46.091000+00:00", no fraction when it is zero), null when the service sent none. */
void sc_metadata_cells_fill(struct sc_metadata_cells *m, const struct sc_plan *plan, const char *shard_id,
                            const struct sc_record *records, struct sc_cells *cells);

#endif
