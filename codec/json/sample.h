/* Keys and kinds of JSON records, for the inference of a table (sample.h). Parse thread, for the first records only. A
 * record that is no valid JSON object is passed over, and so is a key with U+0000, which no column can be named after.
 * Behind each record's data SC_BODY_PADDING bytes must be readable. */
#ifndef SC_CODEC_JSON_SAMPLE_H
#define SC_CODEC_JSON_SAMPLE_H

#include "codec/json/arena.h"
#include "engine/plan.h"

struct sc_sample;

void sc_json_sample(struct sc_json_arena *arena, const struct sc_record *records, uint32_t n, bool split,
                    struct sc_sample *into);

/* The enum sc_kind of a number. text: its own, len bytes. */
unsigned sc_json_kind_of_number(const struct sc_json_number *number, const char *text, size_t len);

#endif
