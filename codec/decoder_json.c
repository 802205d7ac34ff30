#include "codec/decoder_json.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/json/cells.h"
#include "codec/json/document_cells.h"
#include "codec/json/sample.h"
#include "codec/kinesis/metadata_cells.h"
#include "codec/kinesis/sniff.h"
#include "engine/base/buf.h"
#include "engine/batch.h"
#include "engine/program.h"

struct sc_decoder {
  bool one_document; /* --columns=json: a record is one cell */
  bool split;        /* --concatenated=split */
  struct sc_metadata_cells *metadata;
  struct sc_json_arena *arena;
  struct sc_json_cells *cells;
};

static struct sc_decoder *decoder_new(const struct sc_decoder_config *config) {
  struct sc_decoder *decoder = sc_alloc_zero(1, sizeof(*decoder));
  const struct sc_options *o = config->options;
  decoder->one_document = o != NULL && sc_columns_settings(o).mode == SC_COLUMNS_JSON;
  decoder->split = o != NULL && strcmp(sc_options_text(o, SC_OPT_CONCATENATED), "split") == 0;
  decoder->arena = sc_json_arena_new(config->largest_record_bytes);
  decoder->cells = sc_json_cells_new(decoder->arena);
  sc_json_cells_split(decoder->cells, decoder->split);
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

/* A record that is no JSON may be of a format that has a name. */
static void name_formats(const struct sc_record *records, struct sc_rejects *rejects) {
  for (uint32_t i = 0; i < rejects->n; i++) {
    struct sc_reject *reject = &rejects->items[i];
    const char *format = sc_sniff_payload(records[reject->record].data);
    if (format == NULL) continue;
    reject->reason = SC_REASON_FORMAT;
    snprintf(reject->text, sizeof(reject->text), "the record looks like %s, not like JSON", format);
  }
}

static uint32_t decode(struct sc_decoder *decoder, const struct sc_plan *plan, const struct sc_record *records,
                       uint32_t n, struct sc_cells *out, struct sc_rejects *rejects, uint64_t *unknown) {
  if (decoder->one_document) n = sc_document_cells_json(decoder->arena, plan, records, n, decoder->split, out, rejects);
  else n = sc_json_cells_decode(decoder->cells, plan, records, n, out, rejects, unknown);
  name_formats(records, rejects);
  return n;
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
    .sample = sample,
    .decode = decode,
    .metadata = metadata,
};
