#include "sink/postgres/copy_values.h"

#include <stdio.h>

#include "codec/text/rfc3339.h"
#include "engine/base/text.h"
#include "sink/postgres/number.h"
#include "sink/postgres/time.h"
#include "sink/postgres/types.h"

static inline char *put_bytes(char *out, const void *bytes, size_t len) {
  out = sc_be_put32(out, (uint32_t)len);
  if (len) memcpy(out, bytes, len);
  return out + len;
}

/* ---- Refusing ---- */

const char *sc_pgcopy_show(const struct sc_cell *cell, char out[64]) {
  static const char *const kinds[] = {[SC_CELL_ABSENT] = "nothing", [SC_CELL_NULL] = "null", [SC_CELL_TIME] = "a time"};
  if (cell->type == SC_CELL_BOOL) return cell->i ? "true" : "false";
  if (cell->type <= SC_CELL_NULL || cell->type == SC_CELL_TIME) return kinds[cell->type];
  if (cell->type == SC_CELL_INT || cell->type == SC_CELL_DOUBLE) {
    char *end = cell->type == SC_CELL_INT ? sc_pg_put_int(out, cell->i) : sc_pg_put_double(out, cell->d);
    *end = 0;
    return out;
  }
  size_t n = sc_text_utf8_cut(sc_slice_of(cell->ptr, cell->len), 48);
  snprintf(out, 64, "\"%.*s%s\"", (int)n, cell->ptr, n < cell->len ? "..." : "");
  for (char *p = out; *p; p++) {
    if ((unsigned char)*p < 32 || *p == 127) *p = ' ';
  }
  return out;
}

static char *refuse_value(const struct sc_pgcopy_column *c, const struct sc_cell *cell, struct sc_reject *why,
                          enum sc_reason reason) {
  char text[64];
  const char *type = sc_pg_type_name(c->type);
  if (reason == SC_REASON_RANGE)
    return sc_pgcopy_reject(c, why, reason, "%s is out of range for %s", sc_pgcopy_show(cell, text), type);
  return sc_pgcopy_reject(c, why, reason, "%s is not a value of %s", sc_pgcopy_show(cell, text), type);
}

static char *refuse_number(const struct sc_pgcopy_column *c, const struct sc_cell *cell, struct sc_reject *why,
                           enum sc_pg_number_status status) {
  char text[64];
  if (status == SC_PG_NUMBER_FRACTION)
    return sc_pgcopy_reject(c, why, SC_REASON_TYPE, "%s is not a whole number", sc_pgcopy_show(cell, text));
  return refuse_value(c, cell, why, status == SC_PG_NUMBER_RANGE ? SC_REASON_RANGE : SC_REASON_TYPE);
}

static inline struct sc_slice slice_of(const struct sc_cell *cell) { return sc_slice_of(cell->ptr, cell->len); }
/* NUMBER or STRING: what may spell a number or a time. */
static inline bool is_word(const struct sc_cell *cell) {
  return cell->type == SC_CELL_NUMBER || cell->type == SC_CELL_STRING;
}

/* ---- Numbers ---- */

static bool int_of(const struct sc_pgcopy_column *c, const struct sc_cell *cell, int64_t *out, struct sc_reject *why) {
  *out = 0;
  if (cell->type == SC_CELL_INT) {
    *out = cell->i;
    return true;
  }
  if (cell->type == SC_CELL_TIME) {
    *out = cell->i / 1000;
    return true;
  }
  char text[24];
  struct sc_slice number = slice_of(cell);
  if (cell->type == SC_CELL_DOUBLE) number = sc_slice_of(text, (size_t)(sc_pg_put_double(text, cell->d) - text));
  enum sc_pg_number_status status = SC_PG_NUMBER_SYNTAX;
  if (is_word(cell) || cell->type == SC_CELL_DOUBLE) status = sc_pg_number_to_int64(number, out);
  if (status) refuse_number(c, cell, why, status);
  return !status;
}

static char *put_int8(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  int64_t v;
  if (!int_of(c, cell, &v, why)) return NULL;
  return sc_be_put64(sc_be_put32(out, 8), (uint64_t)v);
}
static char *put_int4(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  int64_t v;
  if (!int_of(c, cell, &v, why)) return NULL;
  if (v != (int32_t)v) return refuse_value(c, cell, why, SC_REASON_RANGE);
  return sc_be_put32(sc_be_put32(out, 4), (uint32_t)v);
}
static char *put_int2(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  int64_t v;
  if (!int_of(c, cell, &v, why)) return NULL;
  if (v != (int16_t)v) return refuse_value(c, cell, why, SC_REASON_RANGE);
  return sc_be_put16(sc_be_put32(out, 2), (uint16_t)v);
}

static bool double_of(const struct sc_pgcopy_column *c, const struct sc_cell *cell, double *out,
                      struct sc_reject *why) {
  enum sc_pg_number_status status = SC_PG_NUMBER_OK;
  *out = cell->type == SC_CELL_DOUBLE ? cell->d : cell->type == SC_CELL_INT ? (double)cell->i : 0;
  if (is_word(cell)) status = sc_pg_number_to_double(slice_of(cell), out);
  else if (cell->type != SC_CELL_DOUBLE && cell->type != SC_CELL_INT) status = SC_PG_NUMBER_SYNTAX;
  if (status) refuse_number(c, cell, why, status);
  return !status;
}

static char *put_float8(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                        struct sc_reject *why) {
  double v;
  uint64_t bits;
  if (!double_of(c, cell, &v, why)) return NULL;
  memcpy(&bits, &v, 8);
  return sc_be_put64(sc_be_put32(out, 8), bits);
}

static char *put_float4(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                        struct sc_reject *why) {
  double v;
  uint32_t bits;
  if (!double_of(c, cell, &v, why)) return NULL;
  float narrow = (float)v;
  bool overflows = __builtin_isinf(narrow) && !__builtin_isinf(v), vanishes = narrow == 0 && v != 0;
  if (overflows || vanishes) return refuse_value(c, cell, why, SC_REASON_RANGE);
  memcpy(&bits, &narrow, 4);
  return sc_be_put32(sc_be_put32(out, 4), bits);
}

static char *put_numeric(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                         struct sc_reject *why) {
  enum sc_pg_number_status status = SC_PG_NUMBER_SYNTAX;
  char text[24];
  size_t len = 0;
  if (is_word(cell)) status = sc_pg_number_to_numeric(slice_of(cell), c->modifier, out + 4, &len);
  else if (cell->type == SC_CELL_INT) status = sc_pg_int_to_numeric(cell->i, c->modifier, out + 4, &len);
  else if (cell->type == SC_CELL_TIME) status = sc_pg_int_to_numeric(cell->i / 1000, c->modifier, out + 4, &len);
  else if (cell->type == SC_CELL_DOUBLE) {
    char *end = sc_pg_put_double(text, cell->d);
    status = sc_pg_number_to_numeric(sc_slice_of(text, (size_t)(end - text)), c->modifier, out + 4, &len);
  }
  if (status) return refuse_number(c, cell, why, status);
  sc_be_put32(out, (uint32_t)len);
  return out + 4 + len;
}

static int bool_word(struct sc_slice s) {
  static const char *const words[] = {"true", "t", "yes", "y", "on", "1", "false", "f", "no", "n", "off", "0"};
  for (int i = 0; i < 12; i++)
    if (sc_text_equals_nocase(s, sc_slice_str(words[i]))) return i < 6;
  return -1;
}

static char *put_bool(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  int v = -1;
  bool bit = cell->type == SC_CELL_INT && (cell->i == 0 || cell->i == 1);
  if (cell->type == SC_CELL_BOOL || bit) v = (int)cell->i;
  else if (is_word(cell)) v = bool_word(slice_of(cell));
  if (v < 0) return refuse_value(c, cell, why, SC_REASON_TYPE);
  out = sc_be_put32(out, 1);
  *out = (char)v;
  return out + 1;
}

/* ---- Text ---- */

/* A value that is not a string of its own, as text behind its length. */
static char *put_as_text(const struct sc_cell *cell, char *out) {
  char *end = out + 4;
  if (cell->type == SC_CELL_INT) end = sc_pg_put_int(end, cell->i);
  else if (cell->type == SC_CELL_DOUBLE) end = sc_pg_put_double(end, cell->d);
  else if (cell->type == SC_CELL_TIME) end = sc_pg_put_time(end, cell->i);
  else {
    size_t n = cell->i ? 4 : 5;
    memcpy(end, cell->i ? "true" : "false", n);
    end += n;
  }
  sc_be_put32(out, (uint32_t)(end - out - 4));
  return end;
}

static char *put_text(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  if (!sc_pgcopy_has_text(cell)) return put_as_text(cell, out);
  if (cell->type == SC_CELL_STRING) return sc_pgcopy_put_string(c, cell, out, why);
  return put_bytes(out, cell->ptr, cell->len);
}

/* Characters, by the bytes that begin one. */
static size_t count_characters(const char *text, size_t len) {
  size_t n = 0;
  for (size_t i = 0; i < len; i++) n += ((unsigned char)text[i] & 0xC0) != 0x80;
  return n;
}

static bool ends_in_spaces(const char *text, size_t len, size_t keep_characters) {
  size_t n = 0, i = 0;
  while (i < len && (n += ((unsigned char)text[i] & 0xC0) != 0x80) <= keep_characters) i++;
  while (i < len && text[i] == ' ') i++;
  return i == len;
}

/* varchar(n), char(n): as the server does, spaces beyond the length do not count. */
static char *put_varchar(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                         struct sc_reject *why) {
  char *end = put_text(c, cell, out, why);
  if (end == NULL || c->modifier < 4) return end;
  size_t most = (size_t)(c->modifier - 4), len = (size_t)(end - out - 4);
  if (len <= most) return end;
  size_t characters = count_characters(out + 4, len);
  if (characters <= most || ends_in_spaces(out + 4, len, most)) return end;
  return sc_pgcopy_reject(c, why, SC_REASON_TOO_LONG, "%zu characters are too long for %s(%zu)", characters,
                          sc_pg_type_name(c->type), most);
}

static char *put_bytea(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  if (!sc_pgcopy_has_text(cell)) return put_as_text(cell, out);
  bool hex = cell->type == SC_CELL_STRING && cell->len >= 2 && cell->ptr[0] == '\\' && cell->ptr[1] == 'x';
  if (!hex) return put_bytes(out, cell->ptr, cell->len);
  char *end = out + 4;
  for (uint32_t i = 2; i < cell->len; i += 2) {
    int high = sc_text_hex_digit(cell->ptr[i]), low = i + 1 < cell->len ? sc_text_hex_digit(cell->ptr[i + 1]) : -1;
    if (high < 0 || low < 0) return refuse_value(c, cell, why, SC_REASON_TYPE);
    *end++ = (char)(high << 4 | low);
  }
  sc_be_put32(out, (uint32_t)(end - out - 4));
  return end;
}

static char *put_uuid(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  struct sc_slice s = slice_of(cell);
  if (cell->type != SC_CELL_STRING) return refuse_value(c, cell, why, SC_REASON_TYPE);
  if (s.len >= 2 && s.ptr[0] == '{' && s.ptr[s.len - 1] == '}') s.ptr++, s.len -= 2;
  char *p = sc_be_put32(out, 16);
  size_t at = 0;
  for (int i = 0; i < 16; i++) {
    if (i && i % 2 == 0 && at < s.len && s.ptr[at] == '-') at++; /* a hyphen after each group of four digits */
    int high = at < s.len ? sc_text_hex_digit(s.ptr[at]) : -1,
        low = at + 1 < s.len ? sc_text_hex_digit(s.ptr[at + 1]) : -1;
    if (high < 0 || low < 0) return refuse_value(c, cell, why, SC_REASON_TYPE);
    *p++ = (char)(high << 4 | low);
    at += 2;
  }
  return at == s.len ? p : refuse_value(c, cell, why, SC_REASON_TYPE);
}

/* ---- Times ---- */

static char *refuse_time(const struct sc_pgcopy_column *c, const struct sc_cell *cell, struct sc_reject *why,
                         bool range) {
  char text[64];
  if (range)
    return sc_pgcopy_reject(c, why, SC_REASON_TIME_RANGE, "%s: no such day or time", sc_pgcopy_show(cell, text));
  return sc_pgcopy_reject(c, why, SC_REASON_TIME,
                          "%s is not a value of %s (want YYYY-MM-DD[ HH:MM[:SS[.ffffff]]][+HH:MM])",
                          sc_pgcopy_show(cell, text), sc_pg_type_name(c->type));
}

static char *put_timestamp(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                           struct sc_reject *why) {
  int64_t us;
  if (cell->type == SC_CELL_TIME) return sc_be_put64(sc_be_put32(out, 8), (uint64_t)(cell->i - SC_PG_EPOCH_US));
  if (cell->type != SC_CELL_STRING) return refuse_time(c, cell, why, false);
  if (c->exact && c->type == SC_PG_TIMESTAMPTZ && !sc_rfc3339_is(slice_of(cell)))
    return refuse_time(c, cell, why, false); /* kept as it is, by text */
  enum sc_pg_time_status status = sc_pg_time_parse(slice_of(cell), c->type == SC_PG_TIMESTAMPTZ, &us);
  if (status) return refuse_time(c, cell, why, status == SC_PG_TIME_RANGE);
  return sc_be_put64(sc_be_put32(out, 8), (uint64_t)us);
}

static char *put_date(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  int32_t days;
  if (cell->type == SC_CELL_TIME) {
    int64_t us = cell->i - SC_PG_EPOCH_US, day = INT64_C(86400000000);
    return sc_be_put32(sc_be_put32(out, 4), (uint32_t)(us >= 0 ? us / day : -((day - 1 - us) / day)));
  }
  if (cell->type != SC_CELL_STRING) return refuse_time(c, cell, why, false);
  enum sc_pg_time_status status = sc_pg_date_parse(slice_of(cell), &days);
  if (status) return refuse_time(c, cell, why, status == SC_PG_TIME_RANGE);
  return sc_be_put32(sc_be_put32(out, 4), (uint32_t)days);
}

/* ---- JSON ---- */

static char *put_json(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  if (cell->type == SC_CELL_STRING)
    return refuse_value(c, cell, why, SC_REASON_TYPE); /* a decoder gives strings as JSON here */
  return sc_pgcopy_has_text(cell) ? put_bytes(out, cell->ptr, cell->len) : put_as_text(cell, out);
}

static char *put_jsonb(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  char *end = put_json(c, cell, out + 1, why);
  if (end == NULL) return NULL;
  sc_be_put32(out, (uint32_t)(end - out - 4));
  out[4] = 1; /* the version of jsonb's format */
  return end;
}

/* ---- Sequences ---- */

void sc_pgcopy_note(const struct sc_pgcopy_column *c, const struct sc_cell *cell) {
  int64_t value, given = atomic_load_explicit(&c->sequence->given, memory_order_relaxed);
  struct sc_reject none;
  SC_ASSERT(int_of(c, cell, &value, &none));
  while (value > given && !atomic_compare_exchange_weak(&c->sequence->given, &given, value)) {
  }
}

/* ---- The table ---- */

sc_pgcopy_fn *sc_pgcopy_encoder(uint32_t type) {
  switch (type) {
    case SC_PG_BOOL:
      return put_bool;
    case SC_PG_BYTEA:
      return put_bytea;
    case SC_PG_INT8:
      return put_int8;
    case SC_PG_INT2:
      return put_int2;
    case SC_PG_INT4:
      return put_int4;
    case SC_PG_JSON:
      return put_json;
    case SC_PG_FLOAT4:
      return put_float4;
    case SC_PG_FLOAT8:
      return put_float8;
    case SC_PG_BPCHAR:
    case SC_PG_VARCHAR:
      return put_varchar;
    case SC_PG_DATE:
      return put_date;
    case SC_PG_TIMESTAMP:
    case SC_PG_TIMESTAMPTZ:
      return put_timestamp;
    case SC_PG_NUMERIC:
      return put_numeric;
    case SC_PG_UUID:
      return put_uuid;
    case SC_PG_JSONB:
      return put_jsonb;
    default:
      return put_text;
  }
}

/* A double's bits are those of its cell. */
void sc_pgcopy_set_usual(struct sc_pgcopy_column *c) {
  c->usual = UINT32_MAX;
  if (c->encode == put_int8) c->usual = SC_CELL_INT, c->width = 8;
  if (c->encode == put_float8) c->usual = SC_CELL_DOUBLE, c->width = 8;
  if (c->encode == put_bool) c->usual = SC_CELL_BOOL, c->width = 1;
  if (c->encode == put_text) c->usual = SC_CELL_STRING;
  if (c->encode == put_timestamp && c->type == SC_PG_TIMESTAMPTZ)
    c->usual = SC_CELL_TIME, c->width = 8, c->zero = SC_PG_EPOCH_US;
}
