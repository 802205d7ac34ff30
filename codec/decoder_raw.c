#include "codec/decoder_raw.h"

#include <stdlib.h>

#include "codec/kinesis/metadata_cells.h"
#include "engine/base/assert.h"
#include "engine/base/buf.h"
#include "engine/batch.h"
#include "engine/sample.h"

struct sc_decoder {
  struct sc_metadata_cells *metadata;
};

static struct sc_decoder *decoder_new(const struct sc_decoder_config *config) {
  struct sc_decoder *decoder = sc_alloc_zero(1, sizeof(*decoder));
  decoder->metadata = sc_metadata_cells_new(config->stream);
  return decoder;
}

static void decoder_free(struct sc_decoder *decoder) {
  if (decoder == NULL) return;
  sc_metadata_cells_free(decoder->metadata);
  free(decoder);
}

static size_t scratch_bytes(size_t largest_record_bytes) {
  (void)largest_record_bytes;
  return sizeof(struct sc_decoder);
}

static void sample(struct sc_decoder *decoder, const struct sc_record *records, uint32_t n, struct sc_sample *into) {
  (void)decoder, (void)records;
  for (uint32_t i = 0; i < n; i++) sc_sample_add_record(into);
}

static uint32_t decode(struct sc_decoder *decoder, const struct sc_plan *plan, const struct sc_record *records,
                       uint32_t n, struct sc_cells *out, struct sc_rejects *rejects, uint64_t *unknown) {
  (void)decoder, (void)unknown;
  rejects->n = 0;
  if (n > out->cap_rows) n = out->cap_rows;
  if (out->n_columns > 0) memset(out->cells, 0, (size_t)n * out->n_columns * sizeof(*out->cells));
  for (uint32_t i = 0; i < n; i++) {
    SC_ASSERT(records[i].data.len <= UINT32_MAX);
    out->record[i] = i;
    if (plan->n_payload == 0) continue;
    out->cells[(size_t)i * out->n_columns] =
        (struct sc_cell){.type = SC_CELL_BYTES, .len = (uint32_t)records[i].data.len, .ptr = records[i].data.ptr};
  }
  out->n_rows = n;
  return n;
}

static void metadata(struct sc_decoder *decoder, const struct sc_plan *plan, const char *shard_id,
                     const struct sc_record *records, struct sc_cells *cells) {
  sc_metadata_cells_fill(decoder->metadata, plan, shard_id, records, cells);
}

const struct sc_decoder_ops sc_decoder_raw = {
    .name = "raw",
    .new = decoder_new,
    .free = decoder_free,
    .scratch_bytes = scratch_bytes,
    .sample = sample,
    .decode = decode,
    .metadata = metadata,
};
