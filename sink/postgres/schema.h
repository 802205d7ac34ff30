/* Which changes of the target table are allowed: --unknown-keys, --on-type-change, --max-columns, --infer-timestamps,
 * and whose table it is.
 *
 * A table we made says so in its comment ("made by shardcopy ..."): it gets a column for each new key and wider types
 * where they are needed. A table of somebody else stays as it is, unless the options say otherwise; --columns=table,
 * json and raw, filling by position and tables that are no tables (views, foreign tables) never change. What the server
 * refuses is remembered for the rest of the run.
 *
 * Control's; plans carry the outcome to the other threads.
 */
#ifndef SC_SINK_POSTGRES_SCHEMA_H
#define SC_SINK_POSTGRES_SCHEMA_H

#include "engine/sample.h"
#include "sink/postgres/layout.h"

#define SC_PG_MADE_BY "made by shardcopy"

enum sc_pg_unknown { SC_PG_UNKNOWN_BY_OWNER, SC_PG_UNKNOWN_ADD, SC_PG_UNKNOWN_IGNORE, SC_PG_UNKNOWN_DEAD_LETTER };
enum sc_pg_type_change { SC_PG_TYPE_BY_OWNER, SC_PG_TYPE_WIDEN, SC_PG_TYPE_DEAD_LETTER, SC_PG_TYPE_FAIL };

struct sc_pg_schema {
  enum sc_pg_unknown unknown;
  enum sc_pg_type_change type_change;
  bool infer_timestamps;
  uint32_t max_columns; /* of the payload */

  bool no_columns;    /* the server refused to add one */
  bool said_full;     /* --max-columns is reached, and the log says so */
  char (*frozen)[64]; /* columns whose type the server refused to change */
  size_t n_frozen, cap_frozen;
  struct sc_slice *unnamed; /* keys that cannot be names in the database's encoding; owned */
  size_t n_unnamed, cap_unnamed;
};

/* NULL: not given. Asserts that a word is one of the option's choices. */
void sc_pg_schema_init(struct sc_pg_schema *schema, const char *unknown_keys, const char *on_type_change,
                       bool infer_timestamps, uint32_t max_columns);
void sc_pg_schema_fini(struct sc_pg_schema *schema);
void sc_pg_schema_freeze(struct sc_pg_schema *schema, const char *column);
/* A key that cannot be a column's name: it is left out of every plan, and counted. */
void sc_pg_schema_leave_unnamed(struct sc_pg_schema *schema, struct sc_slice key);
bool sc_pg_schema_is_unnamed(const struct sc_pg_schema *schema, struct sc_slice key);

/* Fills in unknown, fail_on_type and the columns' widens and exact. ours: the table's comment says that we made it.
 * kind: pg_class.relkind. */
void sc_pg_schema_apply(struct sc_pg_schema *schema, const struct sc_pg_layout *layout, bool ours, char kind,
                        struct sc_plan *plan);
/* The SQL type of a new column. */
const char *sc_pg_schema_type(const struct sc_pg_schema *schema, enum sc_inferred inferred);

#endif
