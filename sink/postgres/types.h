/* PostgreSQL's built-in types as far as binary COPY knows them: oids of pg_type.dat, fixed for ever. Pure. */
#ifndef SC_SINK_POSTGRES_TYPES_H
#define SC_SINK_POSTGRES_TYPES_H

#include "engine/plan.h"

enum sc_pg_type {
  SC_PG_BOOL = 16,
  SC_PG_BYTEA = 17,
  SC_PG_INT8 = 20,
  SC_PG_INT2 = 21,
  SC_PG_INT4 = 23,
  SC_PG_TEXT = 25,
  SC_PG_JSON = 114,
  SC_PG_FLOAT4 = 700,
  SC_PG_FLOAT8 = 701,
  SC_PG_BPCHAR = 1042,
  SC_PG_VARCHAR = 1043,
  SC_PG_DATE = 1082,
  SC_PG_TIMESTAMP = 1114,
  SC_PG_TIMESTAMPTZ = 1184,
  SC_PG_NUMERIC = 1700,
  SC_PG_UUID = 2950,
  SC_PG_JSONB = 3802
};

/* Is there a binary encoder for it? A table with a column of another type goes by COPY text. */
bool sc_pg_type_is_binary(uint32_t type);
/* What the decoder should make of a value for a column of that type; TEXT for types unknown. */
enum sc_shape sc_pg_type_shape(uint32_t type);
/* Can metadata of that role be stored in it? Unknown types are left to the server when they may take text. */
bool sc_pg_type_fits(uint32_t type, enum sc_role role);
/* As a message calls it: "integer". */
const char *sc_pg_type_name(uint32_t type);

#endif
