/* A column of a COPY, and how one cell of it is written: what the binary and the text format share. Parse threads;
 * pure. */
#ifndef SC_SINK_POSTGRES_COPY_COLUMN_H
#define SC_SINK_POSTGRES_COPY_COLUMN_H

#include <stdatomic.h>

#include "engine/batch.h"

struct sc_pgcopy_column;

/* Encodes a cell that is not NULL at out, in binary its length first; returns the end, or NULL with the reject's
 * reason, value and text filled. At most SC_PGCOPY_SLACK bytes, plus the cell's len times the format's growth when it
 * has text. */
typedef char *sc_pgcopy_fn(const struct sc_pgcopy_column *column, const struct sc_cell *cell, char *out,
                           struct sc_reject *why);
#define SC_PGCOPY_SLACK 64

/* A sequence behind a column. It is moved past the values that records give the column. */
struct sc_pgcopy_sequence {
  uint32_t oid;
  bool may_move;                 /* we have the right */
  _Atomic int64_t given, passed; /* the greatest value that came, and the greatest that the sequence is past */
};

struct sc_pgcopy_column {
  sc_pgcopy_fn *encode;
  sc_pgcopy_fn *judge; /* of text columns whose type has a binary encoder: that one */
  const char *name;    /* the plan's */
  uint32_t usual;      /* enum sc_cell_type of most cells, which need no encoder; UINT32_MAX: none */
  uint32_t width;      /* of their values in bytes; 0: it varies */
  int64_t zero;        /* what a value of 0 is in the cell */
  uint32_t type;
  int32_t modifier;
  bool not_null, exact; /* as in the plan */

  /* A missing key is the column's DEFAULT. An immutable one is kept here as the format writes it; any other is left to
   * the server: the COPY of such rows does not name the column. */
  char *absent;                        /* owned; NULL: NULL, or the server's */
  uint32_t absent_len;                 /* bytes */
  uint16_t left_out;                   /* the column's bit in sc_row_ref.left_out; 0: the server is never asked */
  struct sc_pgcopy_sequence *sequence; /* owned; NULL: none */
};

_Static_assert(SC_CELL_STRING == SC_CELL_NUMBER + 1 && SC_CELL_JSON == SC_CELL_NUMBER + 2 &&
                   SC_CELL_BYTES == SC_CELL_NUMBER + 3,
               "cells with text stand side by side");
/* Whether ptr and len of the cell are set. */
static inline bool sc_pgcopy_has_text(const struct sc_cell *cell) {
  return cell->type - SC_CELL_NUMBER <= SC_CELL_BYTES - SC_CELL_NUMBER;
}

/* Fill a reject; return NULL. The text becomes: column "NAME": TEXT. */
char *sc_pgcopy_reject(const struct sc_pgcopy_column *column, struct sc_reject *why, enum sc_reason reason,
                       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* null, or nothing, in a NOT NULL column */
char *sc_pgcopy_reject_null(const struct sc_pgcopy_column *column, const struct sc_cell *cell, struct sc_reject *why);
char *sc_pgcopy_reject_nul(const struct sc_pgcopy_column *column, struct sc_reject *why); /* U+0000 in a text */

#endif
