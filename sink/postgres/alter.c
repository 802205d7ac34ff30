#include "sink/postgres/alter.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/log.h"
#include "sink/postgres/catalog.h"
#include "sink/postgres/types.h"
#include "sink/postgres/widen.h"

enum { NAME, TYPE, MODIFIER, COMPUTED, COMMENT };

/* One request that comes to something. */
struct change {
  char column[64];
  struct sc_slice key;
  unsigned kinds;
  bool adds;
  struct sc_pg_column_type from, to; /* of a change of type */
};

/* The table as it is, and what is to become of it. */
struct alteration {
  struct sc_pg *pg;
  const struct sc_pg_names *names;
  const struct sc_pg_layout *layout;
  struct sc_pg_schema *schema;
  const struct sc_sample *requests;
  struct pg_result *columns;
  char (*used)[64];
  size_t n_used;
  uint32_t n_payload;
  struct change *changes;
  size_t n;
};

static int begin(struct alteration *a, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  int rc =
      sc_pg_sql(a->pg, &sql, err,
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = 0;"
                " SELECT pg_advisory_xact_lock(%D)",
                sc_pg_names_lock_key("", "ddl"));
  if (rc == SC_OK) rc = sc_pg_run(a->pg, sc_buf_str(&sql), SC_PG_QUERY, NULL, err);
  sc_buf_fini(&sql);
  return rc;
}

/* ---- What there is ---- */

static int describe(struct alteration *a, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  struct sc_pg_answer answer = {NULL, 0, ""};
  int rc = sc_pg_sql(a->pg, &sql, err,
                     "SELECT a.attname, a.atttypid::bigint, a.atttypmod, to_jsonb(a) ->> 'attgenerated' <> '' OR"
                     " to_jsonb(a) ->> 'attidentity' <> '', col_description(a.attrelid, a.attnum)"
                     " FROM pg_attribute a WHERE a.attrelid = to_regclass(%L) AND a.attnum > 0 AND NOT "
                     "a.attisdropped ORDER BY a.attnum",
                     a->names->target);
  if (rc == SC_OK) rc = sc_pg_run(a->pg, sc_buf_str(&sql), SC_PG_QUERY, &answer, err);
  a->columns = answer.rows;
  sc_buf_fini(&sql);
  return rc;
}

static bool is_payload(const struct alteration *a, int i) {
  return sc_pg_layout_role(a->layout, sc_pg_value(a->columns, i, NAME)) == SC_ROLE_PAYLOAD;
}

/* The column of the key; -1 without. */
static int column_of(const struct alteration *a, struct sc_slice key) {
  for (int i = 0; i < sc_pg_rows(a->columns); i++) {
    struct sc_slice its = sc_pg_catalog_key(sc_pg_value(a->columns, i, NAME), sc_pg_value(a->columns, i, COMMENT));
    if (is_payload(a, i) && sc_slice_equals(its, key)) return i;
  }
  return -1;
}

static void collect_names(struct alteration *a) {
  a->used = sc_alloc_zero((size_t)sc_pg_rows(a->columns) + sc_sample_keys(a->requests) + SC_PG_LAYOUT_NAMES, 64);
  a->n_used = sc_pg_layout_names(a->layout, a->used);
  for (int i = 0; i < sc_pg_rows(a->columns); i++) {
    snprintf(a->used[a->n_used++], 64, "%s", sc_pg_value(a->columns, i, NAME));
    if (is_payload(a, i)) a->n_payload++;
  }
}

/* ---- What is to change ---- */

static void add_column(struct alteration *a, struct sc_slice key, unsigned kinds) {
  struct change *c = &a->changes[a->n];
  if (a->n_payload >= a->schema->max_columns) return;
  if (!sc_pg_catalog_name(key, (const char(*)[64])a->used, a->n_used, c->column)) return;
  snprintf(a->used[a->n_used++], 64, "%s", c->column);
  c->key = key;
  c->kinds = kinds;
  c->adds = true;
  a->n_payload++;
  a->n++;
}

/* Integers that double precision does not hold make it numeric. */
static int ask_for_long(struct alteration *a, struct change *c, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  struct sc_pg_answer answer = {NULL, 0, ""};
  int rc = sc_pg_sql(a->pg, &sql, err,
                     "SELECT EXISTS (SELECT 1 FROM %S WHERE %I NOT BETWEEN -9007199254740992 AND 9007199254740992)",
                     a->names->target, c->column);
  if (rc == SC_OK) rc = sc_pg_run(a->pg, sc_buf_str(&sql), SC_PG_QUERY, &answer, err);
  if (rc == SC_OK && sc_pg_bool(answer.rows, 0, 0)) c->to = sc_pg_widen(c->from, c->kinds | SC_KIND_LONG);
  sc_pg_result_free(answer.rows);
  sc_buf_fini(&sql);
  return rc;
}

static int widen_column(struct alteration *a, int i, struct sc_slice key, unsigned kinds, struct sc_error *err) {
  struct change *c = &a->changes[a->n];
  if (sc_pg_bool(a->columns, i, COMPUTED)) return SC_OK;
  *c = (struct change){.key = key, .kinds = kinds};
  c->from = (struct sc_pg_column_type){(uint32_t)sc_pg_int(a->columns, i, TYPE, 0),
                                       (int32_t)sc_pg_int(a->columns, i, MODIFIER, -1)};
  c->to = sc_pg_widen(c->from, kinds);
  snprintf(c->column, 64, "%s", sc_pg_value(a->columns, i, NAME));
  if (!sc_pg_widen_changes(c->from, c->to)) return SC_OK;
  a->n++;
  return sc_pg_widen_asks(c->from, kinds) ? ask_for_long(a, c, err) : SC_OK;
}

static int collect_changes(struct alteration *a, struct sc_error *err) {
  int rc = SC_OK;
  uint32_t n = sc_sample_keys(a->requests);
  a->changes = sc_alloc_zero((size_t)n + 1, sizeof(a->changes[0]));
  for (uint32_t k = 0; k < n && rc == SC_OK; k++) {
    struct sc_slice key = sc_sample_key(a->requests, k);
    unsigned kinds = sc_sample_kinds(a->requests, k);
    int i = column_of(a, key);
    if (i >= 0) rc = widen_column(a, i, key, kinds, err);
    else add_column(a, key, kinds);
  }
  return rc;
}

/* ---- The statement ---- */

static int write_change(struct alteration *a, const struct change *c, struct sc_buf *sql, struct sc_error *err) {
  if (c->adds)
    return sc_pg_sql(a->pg, sql, err, "ADD COLUMN IF NOT EXISTS %I %S", c->column,
                     sc_pg_schema_type(a->schema, sc_infer(c->kinds)));
  int rc = sc_pg_sql(a->pg, sql, err, "ALTER COLUMN %I TYPE %S USING ", c->column, sc_pg_type_name(c->to.type));
  return rc != SC_OK ? rc : sc_pg_sql(a->pg, sql, err, sc_pg_widen_using(c->from.type, c->to.type), c->column);
}

static int write_comment(struct alteration *a, const struct change *c, struct sc_buf *sql, struct sc_error *err) {
  if (!c->adds || sc_slice_is(c->key, c->column)) return SC_OK;
  return sc_pg_catalog_comment(a->pg, a->names, c->column, c->key, sql, err);
}

/* In the transaction that is open, and its end. */
static int run_changes(struct alteration *a, const struct change *changes, size_t n, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  int rc = sc_pg_sql(a->pg, &sql, err, "ALTER TABLE %S ", a->names->target);
  for (size_t i = 0; i < n && rc == SC_OK; i++) {
    if (i > 0) sc_buf_add_str(&sql, ", ");
    rc = write_change(a, &changes[i], &sql, err);
  }
  sc_buf_add_str(&sql, "; ");
  for (size_t i = 0; i < n && rc == SC_OK; i++) rc = write_comment(a, &changes[i], &sql, err);
  sc_buf_add_str(&sql, "COMMIT");
  if (rc == SC_OK) rc = sc_pg_run(a->pg, sc_buf_str(&sql), SC_PG_QUERY, NULL, err);
  if (rc != SC_OK) sc_pg_abandon(a->pg);
  sc_buf_fini(&sql);
  return rc;
}

static void remember_refused(struct alteration *a, const struct change *c, const struct sc_error *err) {
  sc_log_error(SC_WARN,
               c->adds ? "the table cannot be given a column; new keys are counted only"
                       : "a column's type cannot be changed; what it cannot hold becomes a dead letter",
               err);
  if (c->adds) a->schema->no_columns = true;
  else sc_pg_schema_freeze(a->schema, c->column);
}

static int run_one_by_one(struct alteration *a, struct sc_error *err) {
  for (size_t i = 0; i < a->n; i++) {
    const struct change *c = &a->changes[i];
    if (c->adds && a->schema->no_columns) continue;
    int rc = begin(a, err);
    if (rc == SC_OK) rc = run_changes(a, c, 1, err);
    if (rc != SC_OK && err->code != SC_E_DB_REFUSED) return rc;
    if (rc != SC_OK) remember_refused(a, c, err);
  }
  return SC_OK;
}

static void say(const struct alteration *a) {
  for (size_t i = 0; i < a->n; i++) {
    const struct change *c = &a->changes[i];
    sc_log(SC_INFO, c->adds ? "column added" : "column widened", "table=%s column=\"%s\" type=\"%s\"", a->names->target,
           c->column, c->adds ? sc_pg_schema_type(a->schema, sc_infer(c->kinds)) : sc_pg_type_name(c->to.type));
  }
}

int sc_pg_alter(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_layout *layout,
                struct sc_pg_schema *schema, const struct sc_sample *requests, struct sc_error *err) {
  struct alteration a = {.pg = pg, .names = names, .layout = layout, .schema = schema, .requests = requests};
  int rc = begin(&a, err);
  if (rc == SC_OK) rc = describe(&a, err);
  if (rc == SC_OK) {
    collect_names(&a);
    rc = collect_changes(&a, err);
  }
  if (rc == SC_OK && a.n > 0) {
    rc = run_changes(&a, a.changes, a.n, err);
    if (rc == SC_OK) say(&a);
    else if (err->code == SC_E_DB_REFUSED) rc = run_one_by_one(&a, err);
  }
  sc_pg_abandon(pg);
  sc_pg_result_free(a.columns);
  free(a.used);
  free(a.changes);
  return rc;
}
