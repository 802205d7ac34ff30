/* A target table as control works on it: the connection and what the user wants of the table. Plain views; control's.
 */
#ifndef SC_SINK_POSTGRES_TARGET_H
#define SC_SINK_POSTGRES_TARGET_H

#include "sink/postgres/layout.h"
#include "sink/postgres/names.h"
#include "sink/postgres/schema.h"

/* What was decided with the first plan and is kept for later plans of the run. */
struct sc_pg_key {
  char column[64];
  char *key;
  size_t key_len;
};
struct sc_pg_defaults {
  bool decided;
  struct sc_pg_key *keys; /* by position: which key goes into which column */
  size_t n_keys;
  char (*filled)[64]; /* columns with a DEFAULT that are filled; others are left to their DEFAULT until the next run */
  size_t n;
};

struct sc_pg_target {
  struct sc_pg *pg; /* no COPY open */
  const struct sc_pg_names *names;
  const struct sc_pg_layout *layout;
  struct sc_pg_schema *schema;
  struct sc_pg_defaults *defaults;
  bool allow_unlogged;
};

#endif
