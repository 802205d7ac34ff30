#include "codec/decoder_json.h"

#include <stdlib.h>

#include "codec/json/cells.h"
#include "codec/json/document_cells.h"
#include "codec/json/sample.h"
#include "codec/kinesis/metadata_cells.h"
#include "codec/kinesis/sniff.h"
#include "engine/base/buf.h"

struct sc_decoder {
  enum sc_columns_mode columns;
  bool split;
  struct sc_metadata_cells *metadata;
  struct sc_json_arena *arena;
  struct sc_json_cells *cells;
};

static struct sc_decoder *decoder_new(const struct sc_decoder_config *config) {
  struct sc_decoder *decoder = sc_alloc_zero(1, sizeof(*decoder));
  decoder->columns = config->columns;
  decoder->arena = sc_json_arena_new(config->largest_record_bytes);
  decoder->cells = sc_json_cells_new(decoder->arena);
  decoder->split = config->split;
  sc_json_cells_split(decoder->cells, config->split);
  decoder->metadata = sc_metadata_cells_new(config->stream);
  return decoder;
}

static void decoder_free(struct sc_decoder *decoder) {
  if (decoder == NULL) return;
  sc_json_cells_free(decoder->cells);
  sc_json_arena_free(decoder->arena);
  sc_metadata_cells_free(decoder->metadata);
  free(decoder);
}

static size_t scratch_bytes(size_t largest_record_bytes) {
  return sizeof(struct sc_decoder) + sc_json_cells_bytes() + sc_json_arena_bytes(largest_record_bytes);
}

static void sample(struct sc_decoder *decoder, const struct sc_record *records, uint32_t n, struct sc_sample *into) {
  sc_json_sample(decoder->arena, records, n, decoder->split, into);
}

static uint32_t decode(struct sc_decoder *decoder, const struct sc_plan *plan, const struct sc_record *records,
                       uint32_t n, struct sc_cells *out, struct sc_rejects *rejects, uint64_t *unknown) {
  if (decoder->columns == SC_COLUMNS_JSON)
    return sc_document_cells_json(decoder->arena, plan, records, n, decoder->split, out, rejects);
  if (decoder->columns == SC_COLUMNS_RAW) return sc_document_cells_raw(plan, records, n, out, rejects);
  return sc_json_cells_decode(decoder->cells, plan, records, n, out, rejects, unknown);
}

static void metadata(struct sc_decoder *decoder, const struct sc_plan *plan, const char *shard_id,
                     const struct sc_record *records, struct sc_cells *cells) {
  sc_metadata_cells_fill(decoder->metadata, plan, shard_id, records, cells);
}

const struct sc_decoder_ops sc_decoder_json = {
    .name = "json",
    .new = decoder_new,
    .free = decoder_free,
    .scratch_bytes = scratch_bytes,
    .sniff = sc_sniff_records,
    .sample = sample,
    .decode = decode,
    .metadata = metadata,
};
