/* JSON payloads to typed cells by a column plan: the decode of decoder.h. Parse thread; no allocation in steady state.
 *
 * A record is one JSON object (RFC 8259), in UTF-8, blanks around it allowed. All of it is checked before it becomes a
 * row, members without a column too: a broken record is a reject, never a row. What is in a record but not to
 * PostgreSQL's taste (\u0000 inside a nested value that has a column, a number beyond numeric inside of one) is a
 * reject too.
 * Keys are expected in the order of the columns; others are looked up. A key that comes twice: the last one counts. A
 * key that is missing: SC_CELL_ABSENT.
 *
 * Numbers: INT when the column is an INTEGER and the value is integral and fits (1.0 and 1e2 too); DOUBLE, correctly
 * rounded, when it is a DOUBLE and the value stays finite and does not become 0; NUMBER (the text) for NUMERIC, TEXT
 * and whatever does not fit. In a BOOL column a number comes as what it is by nature.
 * Strings and nested values are views of the arena the records lie in, or of its scratch when they had escapes; blanks
 * and order of nested values are kept. simdjson finds the tokens and the ends of strings, checks UTF-8 and control
 * characters and unescapes (arena.h); the plan, the grammar and the numbers are read here.
 */
#ifndef SC_CODEC_JSON_CELLS_H
#define SC_CODEC_JSON_CELLS_H

#include "codec/json/arena.h"
#include "engine/decoder.h"

struct sc_json_cells;

/* The arena is borrowed, and may serve others between two calls of decode. */
struct sc_json_cells *sc_json_cells_new(struct sc_json_arena *arena);
void sc_json_cells_free(struct sc_json_cells *cells);
/* What one takes, in bytes, without the arena. */
size_t sc_json_cells_bytes(void);

/* --concatenated=split: each JSON document of a record is a row. */
void sc_json_cells_split(struct sc_json_cells *cells, bool split);

/* Sets n_rows of out and n of rejects; see decoder.h. Plans are told apart by address and generation. Behind each
 * record's data SC_BODY_PADDING bytes must be readable. */
uint32_t sc_json_cells_decode(struct sc_json_cells *cells, const struct sc_plan *plan, const struct sc_record *records,
                              uint32_t n, struct sc_cells *out, struct sc_rejects *rejects, uint64_t *unknown);

#endif
