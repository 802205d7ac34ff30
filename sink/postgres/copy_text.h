/* The same rows as COPY text, for tables with a column of a type that has no binary encoder here (arrays, inet, enums,
 * domains ...).
 *
 * Values go as their text, tab-separated, a line a row, with COPY's backslash escapes (PostgreSQL manual, COPY, Text
 * Format); NULL is \N. A value of a type that has a binary encoder is judged by it, and what it has made is written as
 * text: one set of rules for both formats. What a value of any other type may be is the server's to judge: refused rows
 * come back through the replay. Array columns take JSON arrays (copy_array.h). bytea goes as hex. Parse threads; pure.
 */
#ifndef SC_SINK_POSTGRES_COPY_TEXT_H
#define SC_SINK_POSTGRES_COPY_TEXT_H

#include "sink/postgres/copy_column.h"

#define SC_PGCOPY_TEXT_GROWTH 2 /* a byte becomes an escape, or two hex digits */

/* Bytes with COPY's escapes, at most SC_PGCOPY_TEXT_GROWTH for each; returns the end. */
char *sc_pgcopy_text_escape(char *out, const char *text, size_t len);
/* The encoder of most types: a value as its text. */
char *sc_pgcopy_text_any(const struct sc_pgcopy_column *column, const struct sc_cell *cell, char *out,
                         struct sc_reject *why);

sc_pgcopy_fn *sc_pgcopy_text_encoder(uint32_t type);
/* A line of n cells; left_out gets the bits of the columns left out. Returns the end, or NULL with why filled, its
 * column too. */
char *sc_pgcopy_text_put_row(const struct sc_pgcopy_column *columns, uint32_t n, const struct sc_cell *row, char *out,
                             uint16_t *left_out, struct sc_reject *why);

#endif
