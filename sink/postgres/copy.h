/* The encoder of the hot path: rows of cells to tuples of COPY ... FROM STDIN (FORMAT binary), in block->data.
 *
 * A tuple is int16 number of columns, then for each int32 length (-1: NULL) and the bytes of the type's receive
 * function, all big-endian (PostgreSQL manual, COPY, Binary Format). Header and trailer are the session's: blocks hold
 * bare tuples, so that they can be replayed from any row. For tables with a column of a type unknown here the same rows
 * become COPY text (copy_text.h).
 *
 * Parse threads; pure: no I/O, no allocation. No block is overrun: each row's bound is computed before a byte of the
 * row is written.
 *
 * What a value becomes:
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
 * NULL into NOT NULL is 23502.
 */
#ifndef SC_SINK_POSTGRES_COPY_H
#define SC_SINK_POSTGRES_COPY_H

#include "engine/sink.h"
#include "sink/postgres/copy_column.h"

/* plan->sink of PostgreSQL plans. */
struct sc_pgcopy {
  char *begin_sql;   /* locks the table, shows its columns, opens the COPY: one message */
  char *fingerprint; /* of the columns the plan was made for */
  bool text;         /* COPY text instead of binary */
  size_t growth;     /* text bytes may take so many times their length: 1 in binary, 2 in text, 4 with array columns */
  uint32_t n_columns;
  struct sc_pgcopy_column columns[];
};

extern const char sc_pgcopy_header[19];
extern const char sc_pgcopy_trailer[2];

/* Columns as in the plan; the strings stay NULL for the catalog to fill. */
struct sc_pgcopy *sc_pgcopy_new(const struct sc_plan *plan, bool text);
/* The column is an array of the text format: it takes JSON arrays too. of_json: its elements are json or jsonb. */
void sc_pgcopy_set_array(struct sc_pgcopy *copy, uint32_t column, bool of_json);
void sc_pgcopy_free(void *pgcopy); /* plan->free_sink */

/* sc_rows_ops.encode of the PostgreSQL sink. */
uint32_t sc_pgcopy_encode(const struct sc_plan *plan, const struct sc_cells *cells, uint32_t first_row,
                          const struct sc_record *records, uint32_t span, struct sc_block *block,
                          struct sc_rejects *rejects, size_t *needed_bytes);

/* Single values for others who write tuples (dead letters). Each returns the new end. */
char *sc_pgcopy_put_bytes(char *out, const void *bytes, size_t len);
char *sc_pgcopy_put_null(char *out);
char *sc_pgcopy_put_count(char *out, uint16_t columns);
char *sc_pgcopy_put_time(char *out, int64_t epoch_us); /* timestamptz */

#endif
