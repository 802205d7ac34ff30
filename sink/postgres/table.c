#include "sink/postgres/table.h"

#include <stdlib.h>

enum {
  NAME,
  TYPE,
  MODIFIER,
  NOT_NULL,
  GENERATED,
  IDENTITY,
  COMMENT,
  SQL_TYPE,
  IS_ARRAY,
  OF_JSON,
  IS_DOMAIN,
  DEFAULT,
  IMMUTABLE,
  SEQUENCE,
  MAY_MOVE
};

/* What the table and, below a partitioned one, its partitions are: COPY writes to the leaves. Partitioned tables have
 * no storage of their own. */
#define PARTS                                                                                            \
  "(WITH RECURSIVE part(oid, kind, persistence) AS (SELECT c.oid, c.relkind, c.relpersistence UNION ALL" \
  " SELECT k.oid, k.relkind, k.relpersistence FROM part JOIN pg_inherits i ON i.inhparent = part.oid"    \
  " JOIN pg_class k ON k.oid = i.inhrelid WHERE part.kind = 'p')"                                        \
  " SELECT bool_or(kind <> 'p' AND persistence = 'u') AS unlogged, bool_or(kind = 'f') AS is_foreign FROM part)"

static int read_table(const struct sc_pg_target *t, struct sc_pg_table *out, struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_query(t->pg, &answer, err,
                       "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = %L), c.relkind, (" SC_PG_FINGERPRINT
                       "), obj_description(c.oid, 'pg_class'), parts.unlogged, parts.is_foreign,"
                       " EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass(%L) AND relpersistence = 'u')"
                       " FROM (SELECT 1) one LEFT JOIN pg_class c ON c.oid = to_regclass(%L)"
                       " LEFT JOIN LATERAL " PARTS " parts ON true",
                       t->names->schema, t->names->target, t->names->checkpoints, t->names->target);
  if (rc != SC_OK) return rc;
  const char *kind = sc_pg_value(answer.rows, 0, 1), *fingerprint = sc_pg_value(answer.rows, 0, 2),
             *comment = sc_pg_value(answer.rows, 0, 3);
  out->schema_exists = sc_pg_bool(answer.rows, 0, 0);
  out->exists = kind != NULL;
  out->kind = kind != NULL ? kind[0] : 0;
  out->unlogged = sc_pg_bool(answer.rows, 0, 4);
  out->foreign = sc_pg_bool(answer.rows, 0, 5);
  out->positions_unlogged = sc_pg_bool(answer.rows, 0, 6);
  out->ours = comment != NULL && sc_slice_starts(sc_slice_str(comment), SC_PG_MADE_BY);
  out->fingerprint = sc_strdup(fingerprint != NULL ? fingerprint : "");
  sc_pg_result_free(answer.rows);
  return SC_OK;
}

static struct sc_slice key_of(const char *name, const char *comment) {
  if (comment == NULL || !sc_slice_starts(sc_slice_str(comment), SC_PG_KEY_COMMENT)) return sc_slice_str(name);
  return sc_slice_str(comment + strlen(SC_PG_KEY_COMMENT));
}

/* The type below the domains, if any; COPY in binary takes a domain as that type (domain_recv). */
#define BASE                                                                                               \
  "(WITH RECURSIVE b(type, modifier, not_null) AS (SELECT a.atttypid, a.atttypmod, a.attnotnull UNION ALL" \
  " SELECT t.typbasetype, t.typtypmod, b.not_null OR t.typnotnull FROM b JOIN pg_type t ON t.oid = b.type" \
  " WHERE t.typtype = 'd') SELECT b.*, t.typcategory, t.typelem FROM b JOIN pg_type t ON t.oid = b.type"   \
  " WHERE t.typtype <> 'd')"

/* A DEFAULT as a tree of nodes. It is immutable when it consists of constants, casts and functions that are; for nodes
 * that this list does not have, the server is asked row by row. */
#define IS_IMMUTABLE                                                                                           \
  "NOT EXISTS (SELECT 1 FROM regexp_matches(tree.text, '[{]([A-Z_]+)', 'g') AS m(node) WHERE m.node[1] NOT IN" \
  " ('CONST', 'FUNCEXPR', 'OPEXPR', 'RELABELTYPE', 'ARRAY', 'ARRAYEXPR', 'BOOLEXPR')) AND"                     \
  " NOT EXISTS (SELECT 1 FROM regexp_matches(tree.text, ':(?:opfuncid|funcid) (\\d+)', 'g') AS m(oid)"         \
  " LEFT JOIN pg_proc p ON p.oid = m.oid[1]::oid WHERE p.provolatile IS DISTINCT FROM 'i')"

/* Of an identity, or of a DEFAULT that is nextval() and nothing more. */
#define SEQUENCE_OF                                                                                                  \
  "SELECT s.oid FROM pg_depend o JOIN pg_class s ON s.relkind = 'S' AND (CASE WHEN o.classid = 'pg_class'::regclass" \
  " THEN o.objid ELSE o.refobjid END) = s.oid WHERE (o.classid = 'pg_attrdef'::regclass AND o.objid = d.oid AND"     \
  " tree.sql LIKE 'nextval(''%%''::regclass)') OR (o.classid = 'pg_class'::regclass AND o.deptype = 'i' AND"         \
  " o.refclassid = 'pg_class'::regclass AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum) LIMIT 1"

int sc_pg_table_read_columns(const struct sc_pg_target *t, struct sc_pg_table *out, struct sc_error *err) {
  struct sc_pg_answer answer;
  /* Through jsonb, since servers before 10 and 12 lack attidentity and attgenerated. */
  int rc = sc_pg_query(
      t->pg, &answer, err,
      "SELECT a.attname, base.type::bigint, base.modifier, base.not_null, to_jsonb(a) ->> 'attgenerated' <> '',"
      " nullif(to_jsonb(a) ->> 'attidentity', ''), col_description(a.attrelid, a.attnum),"
      " format_type(a.atttypid, a.atttypmod), base.typcategory = 'A',"
      " base.typelem IN ('json'::regtype, 'jsonb'::regtype), base.type <> a.atttypid, tree.sql, " IS_IMMUTABLE
      ", s.oid::bigint,"
      " has_sequence_privilege(s.oid, 'UPDATE') AND has_sequence_privilege(s.oid, 'SELECT, USAGE')"
      " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid CROSS JOIN LATERAL " BASE
      " base"
      " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
      " CROSS JOIN LATERAL (SELECT coalesce(d.adbin, t.typdefaultbin)::text, coalesce(pg_get_expr(d.adbin, d.adrelid),"
      " pg_get_expr(t.typdefaultbin, 0))) tree(text, sql)"
      " LEFT JOIN LATERAL (" SEQUENCE_OF
      ") s ON true"
      " WHERE a.attrelid = to_regclass(%L) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
      t->names->target);
  if (rc != SC_OK) return rc;
  struct pg_result *rows = out->rows = answer.rows;
  out->n_columns = sc_pg_rows(rows);
  out->columns = sc_alloc_zero((size_t)out->n_columns + 1, sizeof(*out->columns));
  for (int i = 0; i < out->n_columns; i++) {
    const char *name = sc_pg_value(rows, i, NAME), *identity = sc_pg_value(rows, i, IDENTITY);
    out->columns[i] = (struct sc_pg_table_column){.name = name,
                                                  .sql_type = sc_pg_value(rows, i, SQL_TYPE),
                                                  .key = key_of(name, sc_pg_value(rows, i, COMMENT)),
                                                  .role = sc_pg_layout_role(t->layout, name),
                                                  .type = (uint32_t)sc_pg_int(rows, i, TYPE, 0),
                                                  .modifier = (int32_t)sc_pg_int(rows, i, MODIFIER, -1),
                                                  .not_null = sc_pg_bool(rows, i, NOT_NULL),
                                                  .is_array = sc_pg_bool(rows, i, IS_ARRAY),
                                                  .of_json = sc_pg_bool(rows, i, OF_JSON),
                                                  .is_domain = sc_pg_bool(rows, i, IS_DOMAIN),
                                                  .is_generated = sc_pg_bool(rows, i, GENERATED),
                                                  .identity = identity != NULL ? identity[0] : 0,
                                                  .default_sql = sc_pg_value(rows, i, DEFAULT),
                                                  .is_immutable = sc_pg_bool(rows, i, IMMUTABLE),
                                                  .sequence = (uint32_t)sc_pg_int(rows, i, SEQUENCE, 0),
                                                  .may_move = sc_pg_bool(rows, i, MAY_MOVE)};
  }
  return SC_OK;
}

int sc_pg_table_read(const struct sc_pg_target *t, struct sc_pg_table *out, struct sc_error *err) {
  *out = (struct sc_pg_table){.rows = NULL};
  int rc = sc_pg_run(t->pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", SC_PG_QUERY, NULL, err);
  if (rc == SC_OK) rc = read_table(t, out, err);
  if (rc == SC_OK && out->exists) rc = sc_pg_table_read_columns(t, out, err);
  if (rc == SC_OK) rc = sc_pg_run(t->pg, "COMMIT", SC_PG_QUERY, NULL, err);
  if (rc != SC_OK) sc_pg_abandon(t->pg);
  return rc;
}

const struct sc_pg_table_column *sc_pg_table_column_named(const struct sc_pg_table *table, const char *name) {
  int i = 0;
  while (i < table->n_columns && strcmp(table->columns[i].name, name) != 0) i++;
  SC_ASSERT(i < table->n_columns);
  return &table->columns[i];
}

void sc_pg_table_fini(struct sc_pg_table *table) {
  sc_pg_result_free(table->rows);
  free(table->columns);
  free(table->fingerprint);
  *table = (struct sc_pg_table){.rows = NULL};
}
