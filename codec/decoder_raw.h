/* --format=raw: a record is one cell of bytes, as they are. Nothing is looked at, nothing rejected. */
#ifndef SC_CODEC_DECODER_RAW_H
#define SC_CODEC_DECODER_RAW_H

#include "engine/decoder.h"

extern const struct sc_decoder_ops sc_decoder_raw;

#endif
