#include "sink/postgres/copy_text.h"

#include "codec/text/hex.h"
#include "engine/batch.h"
#include "sink/postgres/number.h"
#include "sink/postgres/time.h"
#include "sink/postgres/types.h"

/* The letter behind the backslash, 0 for bytes that stand for themselves. */
static const char escapes[256] = {
    ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\v'] = 'v', ['\\'] = '\\'};

char *sc_pgcopy_text_escape(char *out, const char *text, size_t len) {
  for (size_t i = 0; i < len; i++) {
    char letter = escapes[(unsigned char)text[i]];
    if (letter) *out++ = '\\';
    *out++ = letter ? letter : text[i];
  }
  return out;
}

static char *put_null(char *out) {
  memcpy(out, "\\N", 2);
  return out + 2;
}

static char *put_scalar(const struct sc_cell *cell, char *out) {
  switch (cell->type) {
    case SC_CELL_INT:
      return sc_pg_put_int(out, cell->i);
    case SC_CELL_DOUBLE:
      return sc_pg_put_double(out, cell->d);
    case SC_CELL_TIME:
      return sc_pg_put_time(out, cell->i);
    default:
      return sc_pgcopy_text_escape(out, cell->i ? "true" : "false", cell->i ? 4 : 5);
  }
}

char *sc_pgcopy_text_any(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                         struct sc_reject *why) {
  if (!sc_pgcopy_has_text(cell)) return put_scalar(cell, out);
  if (cell->type == SC_CELL_STRING && cell->len && memchr(cell->ptr, 0, cell->len) != NULL)
    return sc_pgcopy_reject_nul(c, why);
  return sc_pgcopy_text_escape(out, cell->ptr, cell->len);
}

/* 3.0 and 1e3 are integers, as they are in binary. */
static char *put_whole(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  int64_t value;
  if (cell->type == SC_CELL_TIME) return sc_pg_put_int(out, cell->i / 1000);
  bool number = cell->type == SC_CELL_NUMBER &&
                sc_pg_number_to_int64(sc_slice_of(cell->ptr, cell->len), &value) == SC_PG_NUMBER_OK;
  return number ? sc_pg_put_int(out, value) : sc_pgcopy_text_any(c, cell, out, why);
}

static char *put_numeric(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                         struct sc_reject *why) {
  return cell->type == SC_CELL_TIME ? sc_pg_put_int(out, cell->i / 1000) : sc_pgcopy_text_any(c, cell, out, why);
}

static char *put_bytea(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  if (!sc_pgcopy_has_text(cell)) return put_scalar(cell, out);
  bool hex = cell->type == SC_CELL_STRING && cell->len >= 2 && cell->ptr[0] == '\\' && cell->ptr[1] == 'x';
  if (hex) return sc_pgcopy_text_any(c, cell, out, why);
  return sc_hex_put(sc_pgcopy_text_escape(out, "\\x", 2), cell->ptr, cell->len);
}

sc_pgcopy_fn *sc_pgcopy_text_encoder(uint32_t type) {
  switch (type) {
    case SC_PG_INT2:
    case SC_PG_INT4:
    case SC_PG_INT8:
      return put_whole;
    case SC_PG_NUMERIC:
      return put_numeric;
    case SC_PG_BYTEA:
      return put_bytea;
    default:
      return sc_pgcopy_text_any;
  }
}

char *sc_pgcopy_text_put_row(const struct sc_pgcopy_column *columns, uint32_t n, const struct sc_cell *row, char *out,
                             struct sc_reject *why) {
  for (uint32_t i = 0; i < n; i++) {
    const struct sc_pgcopy_column *c = &columns[i];
    if (row[i].type > SC_CELL_NULL) out = c->encode(c, &row[i], out, why);
    else if (c->not_null) out = sc_pgcopy_reject_null(c, &row[i], why);
    else out = put_null(out);
    if (out == NULL) {
      why->column = i;
      return NULL;
    }
    *out++ = i + 1 < n ? '\t' : '\n';
  }
  return out;
}
