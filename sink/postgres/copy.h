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
 * What a value becomes: copy_values.h. A missing key is the column's DEFAULT: an immutable one is written as any value;
 * columns with any other are left out of the row and of its COPY, so that rows with the same columns left out go in one
 * COPY, and the server evaluates the DEFAULT (now() once a transaction, nextval() for each row). Without a DEFAULT it
 * is NULL, as null is. NULL into NOT NULL is 23502.
 */
#ifndef SC_SINK_POSTGRES_COPY_H
#define SC_SINK_POSTGRES_COPY_H

#include "engine/base/buf.h"
#include "engine/sink.h"
#include "sink/postgres/copy_column.h"

/* plan->sink of PostgreSQL plans. */
struct sc_pgcopy {
  char *begin_sql;   /* locks the table, shows its columns, opens the COPY: one message, up to the list of columns */
  char *end_sql;     /* behind that list */
  char **names;      /* of the columns, quoted */
  char *fingerprint; /* of the columns the plan was made for */
  uint16_t left_out; /* the bits that rows may have in sc_row_ref.left_out */
  bool moves;        /* a column has a sequence */
  bool text;         /* COPY text instead of binary */
  size_t growth;     /* text bytes may take so many times their length: 1 in binary, 2 in text, 4 with array columns */
  size_t absent_bytes; /* all immutable defaults together */
  uint32_t n_columns;
  struct sc_pgcopy_column columns[];
};

extern const char sc_pgcopy_header[19];
extern const char sc_pgcopy_trailer[2];

/* Columns as in the plan; the strings stay NULL for the catalog to fill. */
struct sc_pgcopy *sc_pgcopy_new(const struct sc_plan *plan, bool text);
/* The column is an array of the text format: it takes JSON arrays too. of_json: its elements are json or jsonb. */
void sc_pgcopy_set_array(struct sc_pgcopy *copy, uint32_t column, bool of_json);
/* A missing key becomes the value given, as the format writes it: in binary its length first. Copied. */
void sc_pgcopy_set_default(struct sc_pgcopy *copy, uint32_t column, struct sc_slice value);
/* A missing key is left to the server. False: as many columns are as can be. */
bool sc_pgcopy_leave_default(struct sc_pgcopy *copy, uint32_t column);
#define SC_PGCOPY_LEFT_OUT_MAX 16
/* Values given to the column, of an integer type, move that sequence. */
void sc_pgcopy_set_sequence(struct sc_pgcopy *copy, uint32_t column, uint32_t oid, bool may_move);
/* Adds the statements that open the COPY of rows with that left_out. */
void sc_pgcopy_begin_sql(const struct sc_pgcopy *copy, uint16_t left_out, struct sc_buf *sql);
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
