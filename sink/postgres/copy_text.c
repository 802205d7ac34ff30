#include "sink/postgres/copy_text.h"

#include <math.h>

#include "codec/text/hex.h"
#include "engine/base/assert.h"
#include "engine/base/text.h"
#include "sink/postgres/copy_values.h"
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

/* ---- What the binary encoders have made, as text ---- */

/* The value in binary, without its length. One with text stands far enough behind out that writing two bytes for each
 * one read never overtakes the reading; any other is in scratch. NULL: refused. */
static const char *judged(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, char scratch[64],
                          size_t *len, struct sc_reject *why) {
  char *at = sc_pgcopy_has_text(cell) ? out + cell->len : scratch, *end = c->judge(c, cell, at, why);
  if (end == NULL) return NULL;
  *len = (size_t)(end - at - 4);
  return at + 4;
}

static int64_t integer_at(const char *value, size_t len) {
  uint64_t bits = 0;
  SC_ASSERT(len >= 1 && len <= sizeof(bits));
  for (size_t i = 0; i < len; i++) bits = bits << 8 | (unsigned char)value[i];
  unsigned unused = (unsigned)(64 - 8 * len);
  return (int64_t)(bits << unused) >> unused;
}

static char *put_double(char *out, double value) {
  const char *word = isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  if (isfinite(value)) return sc_pg_put_double(out, value);
  return sc_pgcopy_text_escape(out, word, strlen(word));
}

static char *put_float(char *out, const char *value, size_t len) {
  double wide;
  float narrow;
  uint32_t half = (uint32_t)integer_at(value, len);
  uint64_t bits = (uint64_t)integer_at(value, len);
  memcpy(&narrow, &half, sizeof(narrow));
  memcpy(&wide, &bits, sizeof(wide));
  return put_double(out, len == sizeof(narrow) ? narrow : wide);
}

static char *put_uuid(char *out, const char *value) {
  char bytes[16];
  memcpy(bytes, value, sizeof(bytes));
  for (size_t i = 0; i < sizeof(bytes); i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    out = sc_hex_put(out, &bytes[i], 1);
  }
  return out;
}

static char *put_judged(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                        struct sc_reject *why) {
  char scratch[64];
  size_t len;
  const char *value = judged(c, cell, out, scratch, &len, why);
  if (value == NULL) return NULL;
  switch (c->type) {
    case SC_PG_INT2:
    case SC_PG_INT4:
    case SC_PG_INT8:
      return sc_pg_put_int(out, integer_at(value, len));
    case SC_PG_FLOAT4:
    case SC_PG_FLOAT8:
      return put_float(out, value, len);
    case SC_PG_BOOL:
      return sc_pgcopy_text_escape(out, *value ? "true" : "false", *value ? 4 : 5);
    case SC_PG_UUID:
      return put_uuid(out, value);
    case SC_PG_DATE:
      return sc_pg_put_date(out, (int32_t)integer_at(value, len));
    case SC_PG_TIMESTAMP:
    case SC_PG_TIMESTAMPTZ:
      return sc_pg_put_timestamp(out, integer_at(value, len), c->type == SC_PG_TIMESTAMPTZ);
    case SC_PG_BYTEA:
      return sc_hex_put(sc_pgcopy_text_escape(out, "\\x", 2), value, len);
    case SC_PG_JSONB: /* behind the version */
      return sc_pgcopy_text_escape(out, value + 1, len - 1);
    default:
      return sc_pgcopy_text_escape(out, value, len);
  }
}

/* A numeric that was accepted goes as it was written. */
static char *put_numeric(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                         struct sc_reject *why) {
  char scratch[64];
  size_t len;
  if (judged(c, cell, out, scratch, &len, why) == NULL) return NULL;
  if (cell->type == SC_CELL_TIME) return sc_pg_put_int(out, cell->i / 1000);
  if (!sc_pgcopy_has_text(cell)) return put_scalar(cell, out);
  struct sc_slice number = sc_text_trim(sc_slice_of(cell->ptr, cell->len));
  return sc_pgcopy_text_escape(out, number.ptr, number.len);
}

sc_pgcopy_fn *sc_pgcopy_text_encoder(uint32_t type) {
  if (!sc_pg_type_is_binary(type)) return sc_pgcopy_text_any;
  return type == SC_PG_NUMERIC ? put_numeric : put_judged;
}

/* ---- Rows ---- */

char *sc_pgcopy_text_put_row(const struct sc_pgcopy_column *columns, uint32_t n, const struct sc_cell *row, char *out,
                             uint16_t *left_out, struct sc_reject *why) {
  char *begin = out;
  for (uint32_t i = 0; i < n; i++) {
    const struct sc_pgcopy_column *c = &columns[i];
    if (sc_pgcopy_is_left_out(c, &row[i])) {
      *left_out |= c->left_out;
      continue;
    }
    out = row[i].type > SC_CELL_NULL ? sc_pgcopy_put_value(c, &row[i], out, why)
                                     : sc_pgcopy_put_nothing(c, &row[i], "\\N", 2, out, why);
    if (out == NULL) {
      why->column = i;
      return NULL;
    }
    *out++ = '\t';
  }
  if (out > begin) out[-1] = '\n';
  return out;
}
