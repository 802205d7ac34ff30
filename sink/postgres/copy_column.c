#include "sink/postgres/copy_column.h"

#include <stdarg.h>
#include <stdio.h>

char *sc_pgcopy_reject(const struct sc_pgcopy_column *column, struct sc_reject *why, const char *sqlstate,
                       const char *fmt, ...) {
  va_list args;
  memcpy(why->sqlstate, sqlstate, 6);
  int n = snprintf(why->reason, sizeof(why->reason), "column \"%s\": ", column->name);
  va_start(args, fmt);
  vsnprintf(why->reason + n, sizeof(why->reason) - (size_t)n, fmt, args);
  va_end(args);
  return NULL;
}

char *sc_pgcopy_reject_null(const struct sc_pgcopy_column *column, struct sc_reject *why) {
  return sc_pgcopy_reject(column, why, "23502", "null, and the column is NOT NULL");
}

char *sc_pgcopy_reject_nul(const struct sc_pgcopy_column *column, struct sc_reject *why) {
  return sc_pgcopy_reject(column, why, "22021", "text cannot hold U+0000");
}
