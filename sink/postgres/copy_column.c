#include "sink/postgres/copy_column.h"

#include <stdarg.h>
#include <stdio.h>

char *sc_pgcopy_reject(const struct sc_pgcopy_column *column, struct sc_reject *why, enum sc_reason reason,
                       const char *fmt, ...) {
  va_list args;
  why->reason = reason;
  why->value[0] = '\0';
  int n = snprintf(why->text, sizeof(why->text), "column \"%s\": ", column->name);
  va_start(args, fmt);
  vsnprintf(why->text + n, sizeof(why->text) - (size_t)n, fmt, args);
  va_end(args);
  return NULL;
}

char *sc_pgcopy_reject_null(const struct sc_pgcopy_column *column, const struct sc_cell *cell, struct sc_reject *why) {
  bool absent = cell->type == SC_CELL_ABSENT;
  return sc_pgcopy_reject(column, why, SC_REASON_NOT_NULL, "%s, and the column is NOT NULL",
                          absent ? "the key is missing" : "null");
}

char *sc_pgcopy_reject_nul(const struct sc_pgcopy_column *column, struct sc_reject *why) {
  return sc_pgcopy_reject(column, why, SC_REASON_ENCODING, "text cannot hold U+0000");
}
