/* The interface of decoders: records to cells. codec/ implements it.
 *
 * One decoder a parse thread, made at start, used by that thread alone; it owns scratch memory (JSON: six times the
 * largest record, for its text, the places of its tokens and unescaped strings) bounded by the sizes given to new. No
 * call blocks; none allocates in steady state (growth is counted in SC_M_DATA_PATH_ALLOCS). Coarse: one call a batch or
 * chunk, never one a record or field.
 */
#ifndef SC_DECODER_H
#define SC_DECODER_H

#include "engine/plan.h"

struct sc_batch;
struct sc_cells;
struct sc_decoder;
struct sc_options;
struct sc_record;
struct sc_reject;
struct sc_sample;

/* Growable list of rejects of one chunk; owned by the parse thread. */
struct sc_rejects {
  struct sc_reject *items; /* SC_CHUNK_ROWS of them: one record, at most one reject */
  uint32_t n;
};

/* What a decoder is made of; all lives as long as it does. */
struct sc_decoder_config {
  const struct sc_options *options; /* each decoder reads its own; NULL: their defaults */
  size_t largest_record_bytes;
  const char *stream; /* its name, for metadata */
};

struct sc_decoder_ops {
  const char *name; /* --format=NAME */

  struct sc_decoder *(*new)(const struct sc_decoder_config *config);
  void (*free)(struct sc_decoder *decoder);
  /* Scratch a decoder of that size may use, in bytes: deducted from --memory at start. */
  size_t (*scratch_bytes)(size_t largest_record_bytes);

  /* Adds the keys and kinds of records to the sample. A record that does not parse or is no object is passed over
   * (decode tells). */
  void (*sample)(struct sc_decoder *decoder, const struct sc_record *records, uint32_t n, struct sc_sample *into);

  /* Decodes up to out->cap_rows records, from records[0]; returns how many were consumed (>= 1 when n >= 1). A record
   * becomes a row of out (payload columns filled; metadata columns left SC_CELL_ABSENT for metadata) or a reject
   * (reject.h). Cells point into the payloads or the decoder's scratch and live
   * until the next call. unknown: keys without a column, added up. When plan has no payload columns the record is only
   * validated. A record that requests a column ends the chunk: it is the last consumed. With split each JSON document
   * of a record is a row (without payload columns they are one), all of them or, as a reject, none; for one record of
   * many out may grow (sc_cells_grow). */
  uint32_t (*decode)(struct sc_decoder *decoder, const struct sc_plan *plan, const struct sc_record *records,
                     uint32_t n, struct sc_cells *out, struct sc_rejects *rejects, uint64_t *unknown);

  /* Fills the metadata columns of the rows that decode has just made of these records. The cells live as long as those
   * of decode. NULL: the decoder's plans have none. */
  void (*metadata)(struct sc_decoder *decoder, const struct sc_plan *plan, const char *shard_id,
                   const struct sc_record *records, struct sc_cells *cells);
};

#endif
