/* --format=json: cells.h, or document_cells.h with --columns=json, sample.h and metadata_cells.h behind decoder.h.
 * A record in another format, recognised by its first bytes (sniff.h), is rejected with SC_REASON_FORMAT. */
#ifndef SC_CODEC_DECODER_JSON_H
#define SC_CODEC_DECODER_JSON_H

#include "engine/decoder.h"

extern const struct sc_decoder_ops sc_decoder_json;

#endif
