/* The target table as the server's catalog describes it. Control's session. */
#ifndef SC_SINK_POSTGRES_TABLE_H
#define SC_SINK_POSTGRES_TABLE_H

#include "sink/postgres/target.h"

/* SQL that gives a text which differs when the columns of the table %L do: by number, name, type, modifier, NOT NULL,
 * DEFAULT. */
#define SC_PG_FINGERPRINT                                                                                    \
  "SELECT string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull,"             \
  " (SELECT md5(d.adbin::text) FROM pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum)),"     \
  " ',' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = to_regclass(%L) AND a.attnum > 0 AND NOT " \
  "a.attisdropped"

/* What stands in the comment of a column in front of the key that gave the column its name. */
#define SC_PG_KEY_COMMENT "shardcopy key: "

struct sc_pg_table_column {
  const char *name, *sql_type; /* views of table->rows */
  struct sc_slice key;         /* the JSON key that the column stands for: its comment's, else its name */
  enum sc_role role;
  uint32_t type; /* oid; of a domain that of the type below it, like all that follows */
  int32_t modifier;
  bool not_null;
  bool is_array, of_json; /* of json or jsonb */
  bool is_domain;
  bool is_generated;
  char identity;           /* pg_attribute.attidentity: 'a', 'd' or 0 */
  const char *default_sql; /* the DEFAULT's expression, a domain's too; NULL without */
  bool is_immutable;       /* and no function in it gives another value another time */
  uint32_t sequence;       /* the one that an identity, or a DEFAULT of nextval(), takes from: its oid; 0 without */
  bool may_move;           /* we may read and set the sequence */
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
/* One that is there. */
const struct sc_pg_table_column *sc_pg_table_column_named(const struct sc_pg_table *table, const char *name);
void sc_pg_table_fini(struct sc_pg_table *table);

#endif
