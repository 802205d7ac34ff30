/* JSON arrays as PostgreSQL array literals in COPY text: ["a",null,1] becomes {"a",NULL,1} (PostgreSQL manual, Arrays,
 * Array Value Input Syntax). Strings are unescaped; nested arrays are further dimensions; an object is an element with
 * its JSON text. In arrays of json and jsonb only the outermost brackets are the array, and each element is JSON text.
 * Any other value goes as its text, {a,b} in a string too. What the elements may be is the server's to judge.
 *
 * Parse threads; pure. No recursion; bounded by SC_PGCOPY_ARRAY_GROWTH bytes for each byte of the cell.
 */
#ifndef SC_SINK_POSTGRES_COPY_ARRAY_H
#define SC_SINK_POSTGRES_COPY_ARRAY_H

#include "sink/postgres/copy_column.h"

#define SC_PGCOPY_ARRAY_GROWTH 4 /* a backslash is escaped for the literal, and each of the two for COPY */

char *sc_pgcopy_array(const struct sc_pgcopy_column *column, const struct sc_cell *cell, char *out,
                      struct sc_reject *why);
char *sc_pgcopy_json_array(const struct sc_pgcopy_column *column, const struct sc_cell *cell, char *out,
                           struct sc_reject *why);

#endif
