/* The decoder of JSON records in GetRecords replies: envelope_json.h, sniff.h, json_sample.h and json_cells.h behind
 * decoder.h. */
#ifndef SC_CODEC_DECODER_JSON_H
#define SC_CODEC_DECODER_JSON_H

#include "engine/decoder.h"

extern const struct sc_decoder_ops sc_decoder_json;

#endif
