/* The target table as the server's catalog describes it. Control's session. */
#ifndef SC_SINK_POSTGRES_TABLE_H
#define SC_SINK_POSTGRES_TABLE_H

#include "sink/postgres/target.h"

/* SQL that gives a text which differs when the columns of the table %L do: by number, name, type, modifier, NOT NULL.
 */
#define SC_PG_FINGERPRINT                                                                                       \
  "SELECT string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull), ',' ORDER BY " \
  "a.attnum)"                                                                                                   \
  " FROM pg_attribute a WHERE a.attrelid = to_regclass(%L) AND a.attnum > 0 AND NOT a.attisdropped"

/* What stands in the comment of a column in front of the key that gave the column its name. */
#define SC_PG_KEY_COMMENT "shardcopy key: "

struct sc_pg_table_column {
  const char *name, *sql_type; /* views of table->rows */
  struct sc_slice key;         /* the JSON key that the column stands for: its comment's, else its name */
  enum sc_role role;
  uint32_t type; /* oid */
  int32_t modifier;
  bool not_null, has_default;
  bool is_array, of_json; /* an array, or a domain over one; of json or jsonb */
  bool computed;          /* generated, or an identity: not ours to fill */
};

struct sc_pg_table {
  struct pg_result *rows;
  struct sc_pg_table_column *columns;
  int n_columns;
  bool schema_exists, exists;
  bool ours;     /* its comment says that shardcopy made it */
  char kind;     /* pg_class.relkind */
  bool unlogged; /* the table or a partition of it: a crash of the server empties that */
  bool foreign;  /* the same: rows go to another server */
  bool positions_unlogged;
  char *fingerprint; /* malloc'ed */
};

/* Table and columns in one snapshot, so that the fingerprint belongs to the columns. No transaction is open. On an
 * error too, *out may be given to fini. */
int sc_pg_table_read(const struct sc_pg_target *t, struct sc_pg_table *out, struct sc_error *err);
/* The columns alone, in the transaction that is open. */
int sc_pg_table_read_columns(const struct sc_pg_target *t, struct sc_pg_table *out, struct sc_error *err);
void sc_pg_table_fini(struct sc_pg_table *table);

#endif
