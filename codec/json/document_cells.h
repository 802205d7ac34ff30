/* Records that are one cell: the whole JSON document (SC_COLUMNS_JSON). The decode of decoder.h; pure, nothing is
 * allocated. Cells are views of the arena.
 *
 * A record is one document (with split: one or more, each a row) of any kind (RFC 8259), in UTF-8, blanks around it
 * allowed; all of it is checked. null is a document too. Behind a number or a literal the next document begins with a
 * blank or a bracket. With a payload column, what the target cannot hold (\u0000, a number out of its range) is a
 * reject as well. */
#ifndef SC_CODEC_JSON_DOCUMENT_CELLS_H
#define SC_CODEC_JSON_DOCUMENT_CELLS_H

#include "codec/json/arena.h"
#include "engine/decoder.h"

uint32_t sc_document_cells_json(struct sc_json_arena *arena, const struct sc_plan *plan,
                                const struct sc_record *records, uint32_t n, bool split, struct sc_cells *out,
                                struct sc_rejects *rejects);

#endif
