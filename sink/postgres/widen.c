#include "sink/postgres/widen.h"

#include <stdlib.h>

#include "codec/json/sample.h"
#include "codec/text/rfc3339.h"
#include "engine/base/buf.h"
#include "engine/batch.h"
#include "engine/sample.h"
#include "sink/postgres/types.h"

/* What a column of the type stands for; 0: it holds everything, or is none that we would change. */
static unsigned kinds_of_type(uint32_t type) {
  switch (type) {
    case SC_PG_BOOL:
      return SC_KIND_BOOL;
    case SC_PG_INT2:
    case SC_PG_INT4:
    case SC_PG_INT8:
      return SC_KIND_INTEGER;
    case SC_PG_FLOAT4:
    case SC_PG_FLOAT8:
      return SC_KIND_FRACTION;
    case SC_PG_NUMERIC:
      return SC_KIND_BIG;
    case SC_PG_TIMESTAMPTZ:
      return SC_KIND_TIME;
    case SC_PG_BPCHAR:
    case SC_PG_VARCHAR:
    case SC_PG_DATE:
    case SC_PG_TIMESTAMP:
    case SC_PG_UUID:
      return SC_KIND_STRING;
    default:
      return 0;
  }
}

static uint32_t type_of(enum sc_inferred inferred) {
  static const uint32_t types[] = {
      [SC_INFER_BIGINT] = SC_PG_INT8,     [SC_INFER_DOUBLE] = SC_PG_FLOAT8, [SC_INFER_NUMERIC] = SC_PG_NUMERIC,
      [SC_INFER_BOOL] = SC_PG_BOOL,       [SC_INFER_TEXT] = SC_PG_TEXT,     [SC_INFER_JSON] = SC_PG_JSONB,
      [SC_INFER_TIME] = SC_PG_TIMESTAMPTZ};
  return types[inferred];
}

struct sc_pg_column_type sc_pg_widen(struct sc_pg_column_type from, unsigned kinds) {
  unsigned held = kinds_of_type(from.type);
  kinds &= ~(unsigned)SC_KIND_NULL;
  if (held == 0 || kinds == 0) return from;
  return (struct sc_pg_column_type){type_of(sc_infer(held | kinds)), -1};
}

bool sc_pg_widen_changes(struct sc_pg_column_type from, struct sc_pg_column_type to) {
  return from.type != to.type || from.modifier != to.modifier;
}

bool sc_pg_widen_asks(struct sc_pg_column_type from, unsigned kinds) {
  return kinds_of_type(from.type) == SC_KIND_INTEGER && from.type == SC_PG_INT8 &&
         sc_pg_widen(from, kinds).type == SC_PG_FLOAT8;
}

const char *sc_pg_widen_using(uint32_t from, uint32_t to) {
  bool is_float = from == SC_PG_FLOAT4 || from == SC_PG_FLOAT8, is_time = from == SC_PG_TIMESTAMPTZ;
  switch (to) {
    case SC_PG_INT8:
      return "%I::bigint";
    case SC_PG_FLOAT8:
      return "%I::double precision";
    case SC_PG_NUMERIC:
      return is_float ? "%I::text::numeric" : "%I::numeric"; /* the cast alone keeps 15 digits */
    case SC_PG_JSONB:
      return is_time ? "to_jsonb(to_char(%I AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'))" : "to_jsonb(%I)";
    default:
      return is_time ? "to_char(%I AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')" : "%I::text";
  }
}

/* A copy, with the room behind it that the scanner wants: not all cells point into a reply's body. */
static unsigned kind_of_number(struct sc_slice text) {
  struct sc_json_number number;
  char *copy = sc_alloc(text.len + SC_BODY_PADDING), *end = copy + text.len;
  memcpy(copy, text.ptr, text.len);
  memset(end, 0, SC_BODY_PADDING);
  bool is_number = sc_json_number_scan(copy, end, &number) == end;
  unsigned kind = is_number ? sc_json_kind_of_number(&number, copy, text.len) : SC_KIND_BIG;
  free(copy);
  return kind;
}

unsigned sc_pg_widen_kind(const struct sc_cell *cell) {
  const int64_t exact = INT64_C(1) << 53;
  switch ((enum sc_cell_type)cell->type) {
    case SC_CELL_ABSENT:
    case SC_CELL_NULL:
      return SC_KIND_NULL;
    case SC_CELL_BOOL:
      return SC_KIND_BOOL;
    case SC_CELL_INT:
      return cell->i >= -exact && cell->i <= exact ? SC_KIND_INTEGER : SC_KIND_LONG;
    case SC_CELL_DOUBLE:
      return SC_KIND_FRACTION;
    case SC_CELL_NUMBER:
      return kind_of_number(sc_slice_of(cell->ptr, cell->len));
    case SC_CELL_STRING:
      return sc_rfc3339_is(sc_slice_of(cell->ptr, cell->len)) ? SC_KIND_TIME : SC_KIND_STRING;
    case SC_CELL_BYTES:
      return SC_KIND_STRING;
    case SC_CELL_JSON:
      return SC_KIND_NESTED;
    case SC_CELL_TIME:
      break;
  }
  return SC_KIND_TIME;
}

/* Is it the value's type that was refused, rather than a null, or a character no text can hold? */
static bool is_about_type(const struct sc_reject *why, const struct sc_cell *cell) {
  bool nul = cell->type == SC_CELL_STRING && cell->len > 0 && memchr(cell->ptr, 0, cell->len) != NULL;
  return !nul && why->reason != SC_REASON_NOT_NULL && why->reason != SC_REASON_ENCODING;
}

void sc_pg_widen_request(const struct sc_plan *plan, const struct sc_cell *cell, struct sc_reject *why) {
  const struct sc_column *column = &plan->columns[why->column];
  why->request = SC_REQUEST_NONE;
  if (column->role != SC_ROLE_PAYLOAD || !(plan->fail_on_type || column->widens) || !is_about_type(why, cell)) return;
  struct sc_pg_column_type from = {column->type, column->modifier};
  why->kinds = sc_pg_widen_kind(cell);
  if (plan->fail_on_type || sc_pg_widen_changes(from, sc_pg_widen(from, why->kinds))) why->request = SC_REQUEST_TYPE;
}
