#include "sink/postgres/types.h"

static const struct {
  uint32_t type;
  enum sc_shape shape;
  const char *name;
} types[] = {
    {SC_PG_BOOL, SC_SHAPE_BOOL, "boolean"},
    {SC_PG_BYTEA, SC_SHAPE_TEXT, "bytea"},
    {SC_PG_INT8, SC_SHAPE_INTEGER, "bigint"},
    {SC_PG_INT2, SC_SHAPE_INTEGER, "smallint"},
    {SC_PG_INT4, SC_SHAPE_INTEGER, "integer"},
    {SC_PG_TEXT, SC_SHAPE_TEXT, "text"},
    {SC_PG_JSON, SC_SHAPE_JSON, "json"},
    {SC_PG_FLOAT4, SC_SHAPE_DOUBLE, "real"},
    {SC_PG_FLOAT8, SC_SHAPE_DOUBLE, "double precision"},
    {SC_PG_BPCHAR, SC_SHAPE_TEXT, "character"},
    {SC_PG_VARCHAR, SC_SHAPE_TEXT, "character varying"},
    {SC_PG_DATE, SC_SHAPE_TEXT, "date"},
    {SC_PG_TIMESTAMP, SC_SHAPE_TEXT, "timestamp"},
    {SC_PG_TIMESTAMPTZ, SC_SHAPE_TEXT, "timestamp with time zone"},
    {SC_PG_NUMERIC, SC_SHAPE_NUMERIC, "numeric"},
    {SC_PG_UUID, SC_SHAPE_TEXT, "uuid"},
    {SC_PG_JSONB, SC_SHAPE_JSON, "jsonb"},
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static size_t find(uint32_t type) {
  size_t i = 0;
  while (i < N_TYPES && types[i].type != type) i++;
  return i;
}

bool sc_pg_type_is_binary(uint32_t type) { return find(type) < N_TYPES; }

enum sc_shape sc_pg_type_shape(uint32_t type) {
  size_t i = find(type);
  return i < N_TYPES ? types[i].shape : SC_SHAPE_TEXT;
}

const char *sc_pg_type_name(uint32_t type) {
  size_t i = find(type);
  return i < N_TYPES ? types[i].name : "its type";
}

bool sc_pg_type_fits(uint32_t type, enum sc_role role) {
  switch (type) {
    case SC_PG_TEXT:
    case SC_PG_VARCHAR:
    case SC_PG_BPCHAR:
    case SC_PG_BYTEA:
      return true;
    case SC_PG_NUMERIC:
      return role == SC_ROLE_SEQUENCE || role == SC_ROLE_ARRIVAL || role == SC_ROLE_SUB_SEQUENCE;
    case SC_PG_INT2:
    case SC_PG_INT4:
      return role == SC_ROLE_SUB_SEQUENCE;
    case SC_PG_INT8:
      return role == SC_ROLE_ARRIVAL || role == SC_ROLE_SUB_SEQUENCE;
    case SC_PG_DATE:
    case SC_PG_TIMESTAMP:
    case SC_PG_TIMESTAMPTZ:
      return role == SC_ROLE_ARRIVAL;
    case SC_PG_JSON:
    case SC_PG_JSONB:
      return role == SC_ROLE_ENVELOPE;
    default:
      return !sc_pg_type_is_binary(type);
  }
}
