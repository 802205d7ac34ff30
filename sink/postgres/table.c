#include "sink/postgres/table.h"

#include <stdlib.h>

enum { NAME, TYPE, MODIFIER, NOT_NULL, COMPUTED, DEFAULT, COMMENT, SQL_TYPE, IS_ARRAY, OF_JSON };

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

int sc_pg_table_read_columns(const struct sc_pg_target *t, struct sc_pg_table *out, struct sc_error *err) {
  struct sc_pg_answer answer;
  /* Through jsonb, since servers before 10 and 12 lack attidentity and attgenerated. */
  int rc = sc_pg_query(
      t->pg, &answer, err,
      "SELECT a.attname, a.atttypid::bigint, a.atttypmod, a.attnotnull, to_jsonb(a) ->> 'attgenerated' <> '' OR"
      " to_jsonb(a) ->> 'attidentity' <> '', a.atthasdef, col_description(a.attrelid, a.attnum),"
      " format_type(a.atttypid, a.atttypmod), t.typcategory = 'A',"
      " coalesce(nullif(b.typelem, 0), t.typelem) IN ('json'::regtype, 'jsonb'::regtype)"
      " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype WHERE "
      "a.attrelid = to_regclass(%L) AND a.attnum > 0 AND NOT a.attisdropped"
      " ORDER BY a.attnum",
      t->names->target);
  if (rc != SC_OK) return rc;
  struct pg_result *rows = out->rows = answer.rows;
  out->n_columns = sc_pg_rows(rows);
  out->columns = sc_alloc_zero((size_t)out->n_columns + 1, sizeof(*out->columns));
  for (int i = 0; i < out->n_columns; i++) {
    const char *name = sc_pg_value(rows, i, NAME);
    out->columns[i] = (struct sc_pg_table_column){.name = name,
                                                  .sql_type = sc_pg_value(rows, i, SQL_TYPE),
                                                  .key = key_of(name, sc_pg_value(rows, i, COMMENT)),
                                                  .role = sc_pg_layout_role(t->layout, name),
                                                  .type = (uint32_t)sc_pg_int(rows, i, TYPE, 0),
                                                  .modifier = (int32_t)sc_pg_int(rows, i, MODIFIER, -1),
                                                  .not_null = sc_pg_bool(rows, i, NOT_NULL),
                                                  .has_default = sc_pg_bool(rows, i, DEFAULT),
                                                  .is_array = sc_pg_bool(rows, i, IS_ARRAY),
                                                  .of_json = sc_pg_bool(rows, i, OF_JSON),
                                                  .computed = sc_pg_bool(rows, i, COMPUTED)};
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

void sc_pg_table_fini(struct sc_pg_table *table) {
  sc_pg_result_free(table->rows);
  free(table->columns);
  free(table->fingerprint);
  *table = (struct sc_pg_table){.rows = NULL};
}
