/* A target table as control works on it: the connection and what the user wants of the table. Plain views; control's.
 */
#ifndef SC_SINK_POSTGRES_TARGET_H
#define SC_SINK_POSTGRES_TARGET_H

#include "sink/postgres/layout.h"
#include "sink/postgres/names.h"
#include "sink/postgres/schema.h"

/* --like=exasol: which key goes into which column, decided with the first plan and kept for later plans of the run. */
struct sc_pg_key {
  char column[64];
  char *key;
  size_t key_len;
};
struct sc_pg_by_position {
  bool decided;
  struct sc_pg_key *keys;
  size_t n_keys;
};

struct sc_pg_target {
  struct sc_pg *pg; /* no COPY open */
  const struct sc_pg_names *names;
  const struct sc_pg_layout *layout;
  struct sc_pg_schema *schema;
  struct sc_pg_by_position *by_position;
  bool allow_unlogged;
  bool fills_identity; /* --identity=from-record */
};

#endif
