/* What a JSON value becomes in a column: judged, and written in the binary format of the column's type, its length
 * first. COPY text writes what these encoders have made (copy_text.h), so that there is one set of rules. Parse
 * threads; pure.
 *
 *   smallint integer bigint   integers, also 3.0 and 1e3, and strings of digits; out of range 22003, else 22P02
 *   real, double precision    numbers, also in strings, with NaN and Infinity; overflow and underflow 22003
 *   numeric                   any number, exact, also in strings; NaN; precision checked 22003
 *   boolean                   true, false; 0 and 1; strings true false t f yes no y n on off 1 0
 *   text, varchar, char       strings; numbers, booleans, objects and arrays as their JSON text; U+0000 is 22021, too
 *                             long 22001
 *   bytea                     raw bytes as they are; a string "\x" + hex digits is what they say (bad ones 22P02), any
 *                             other value its UTF-8 bytes
 *   uuid                      hex digits with or without hyphens and braces, else 22P02
 *   date, timestamp(tz)       strings as time.h reads them, else 22007; out of range 22008
 *   json, jsonb               any value
 */
#ifndef SC_SINK_POSTGRES_COPY_VALUES_H
#define SC_SINK_POSTGRES_COPY_VALUES_H

#include "engine/base/big_endian.h"
#include "sink/postgres/copy_column.h"
#include "sink/postgres/text_copy.h"

/* Asserts sc_pg_type_is_binary. */
sc_pgcopy_fn *sc_pgcopy_encoder(uint32_t type);
/* Sets usual, width and zero by the column's encoder; for columns whose values all need it, that there are no usual
 * ones. */
void sc_pgcopy_set_usual(struct sc_pgcopy_column *column);
/* A cell as a message shows it: its first bytes, whole characters, control characters blanked. */
const char *sc_pgcopy_show(const struct sc_cell *cell, char out[64]);
/* A whole number that the column's encoder has taken, for the column's sequence. */
void sc_pgcopy_note(const struct sc_pgcopy_column *column, const struct sc_cell *cell);

/* A string as it is. */
static inline char *sc_pgcopy_put_string(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                                         struct sc_reject *why) {
  if (!sc_text_copy(sc_be_put32(out, cell->len), cell->ptr, cell->len)) return sc_pgcopy_reject_nul(c, why);
  return out + 4 + cell->len;
}

/* A value that is none of the usual ones. */
static inline char *sc_pgcopy_put_value(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                                        struct sc_reject *why) {
  char *end = c->encode(c, cell, out, why);
  if (c->sequence != NULL && end != NULL) sc_pgcopy_note(c, cell);
  return end;
}

/* Whether the server evaluates the column's DEFAULT for this row. */
static inline bool sc_pgcopy_is_left_out(const struct sc_pgcopy_column *c, const struct sc_cell *cell) {
  return cell->type == SC_CELL_ABSENT && c->left_out != 0;
}

/* null, or a missing key: NULL as the format writes it, or the DEFAULT. */
static inline char *sc_pgcopy_put_nothing(const struct sc_pgcopy_column *c, const struct sc_cell *cell,
                                          const char *null, size_t null_len, char *out, struct sc_reject *why) {
  bool is_default = cell->type == SC_CELL_ABSENT && c->absent != NULL;
  if (!is_default && c->not_null) return sc_pgcopy_reject_null(c, cell, why);
  size_t len = is_default ? c->absent_len : null_len;
  memcpy(out, is_default ? c->absent : null, len);
  return out + len;
}

#endif
