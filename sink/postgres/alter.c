#include "sink/postgres/alter.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/log.h"
#include "engine/sample.h"
#include "sink/postgres/catalog.h"
#include "sink/postgres/create.h"
#include "sink/postgres/table.h"
#include "sink/postgres/types.h"
#include "sink/postgres/widen.h"

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
  const struct sc_pg_target *target;
  const struct sc_sample *requests;
  struct sc_pg_table table;
  char (*used)[64];
  size_t n_used;
  uint32_t n_payload;
  struct change *changes;
  size_t n;
};

static int begin(const struct sc_pg_target *t, struct sc_error *err) {
  return sc_pg_query(t->pg, NULL, err,
                     "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '2s';"
                     " SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(%D)",
                     sc_pg_names_lock_key("", "ddl"));
}

/* ---- What there is ---- */

/* The payload column of the key; NULL without. */
static const struct sc_pg_table_column *column_of(const struct alteration *a, struct sc_slice key) {
  for (int i = 0; i < a->table.n_columns; i++) {
    const struct sc_pg_table_column *c = &a->table.columns[i];
    if (c->role == SC_ROLE_PAYLOAD && sc_slice_equals(c->key, key)) return c;
  }
  return NULL;
}

static void collect_names(struct alteration *a) {
  a->used = sc_alloc_zero((size_t)a->table.n_columns + sc_sample_keys(a->requests) + SC_PG_LAYOUT_NAMES, 64);
  a->n_used = sc_pg_layout_names(a->target->layout, a->used);
  for (int i = 0; i < a->table.n_columns; i++) {
    snprintf(a->used[a->n_used++], 64, "%s", a->table.columns[i].name);
    if (a->table.columns[i].role == SC_ROLE_PAYLOAD) a->n_payload++;
  }
}

/* ---- What is to change ---- */

static void add_column(struct alteration *a, struct sc_slice key, unsigned kinds) {
  struct change *c = &a->changes[a->n];
  if (a->n_payload >= a->target->schema->max_columns || sc_pg_schema_is_unnamed(a->target->schema, key)) return;
  if (!sc_pg_create_name(key, (const char(*)[64])a->used, a->n_used, c->column)) return;
  snprintf(a->used[a->n_used++], 64, "%s", c->column);
  c->key = key;
  c->kinds = kinds;
  c->adds = true;
  a->n_payload++;
  a->n++;
}

/* A column with integers that double precision does not hold becomes numeric. */
static int ask_for_long(const struct sc_pg_target *t, struct change *c, struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_query(t->pg, &answer, err,
                       "SELECT EXISTS (SELECT 1 FROM %S WHERE %I NOT BETWEEN -9007199254740992 AND 9007199254740992)",
                       t->names->target, c->column);
  if (rc == SC_OK && sc_pg_bool(answer.rows, 0, 0)) c->to = sc_pg_widen(c->from, c->kinds | SC_KIND_LONG);
  sc_pg_result_free(answer.rows);
  return rc;
}

static int widen_column(struct alteration *a, const struct sc_pg_table_column *column, unsigned kinds,
                        struct sc_error *err) {
  struct change *c = &a->changes[a->n];
  if (column->is_generated || column->identity != 0 || column->is_domain) return SC_OK;
  *c = (struct change){.key = column->key, .kinds = kinds, .from = {column->type, column->modifier}};
  c->to = sc_pg_widen(c->from, kinds);
  snprintf(c->column, 64, "%s", column->name);
  if (!sc_pg_widen_changes(c->from, c->to)) return SC_OK;
  a->n++;
  return sc_pg_widen_asks(c->from, kinds) ? ask_for_long(a->target, c, err) : SC_OK;
}

static int collect_changes(struct alteration *a, struct sc_error *err) {
  int rc = SC_OK;
  uint32_t n = sc_sample_keys(a->requests);
  a->changes = sc_alloc_zero((size_t)n + 1, sizeof(a->changes[0]));
  for (uint32_t k = 0; k < n && rc == SC_OK; k++) {
    struct sc_slice key = sc_sample_key(a->requests, k);
    unsigned kinds = sc_sample_kinds(a->requests, k);
    const struct sc_pg_table_column *column = column_of(a, key);
    if (column != NULL) rc = widen_column(a, column, kinds, err);
    else add_column(a, key, kinds);
  }
  return rc;
}

/* ---- The statement ---- */

static const char *new_type(const struct sc_pg_target *t, const struct change *c) {
  return c->adds ? sc_pg_schema_type(t->schema, sc_infer(c->kinds)) : sc_pg_type_name(c->to.type);
}

static int write_change(const struct sc_pg_target *t, const struct change *c, struct sc_buf *sql,
                        struct sc_error *err) {
  if (c->adds) return sc_pg_sql(t->pg, sql, err, "ADD COLUMN IF NOT EXISTS %I %S", c->column, new_type(t, c));
  int rc = sc_pg_sql(t->pg, sql, err, "ALTER COLUMN %I TYPE %S USING ", c->column, new_type(t, c));
  return rc != SC_OK ? rc : sc_pg_sql(t->pg, sql, err, sc_pg_widen_using(c->from.type, c->to.type), c->column);
}

/* In the transaction that is open, and its end. */
static int run_changes(const struct sc_pg_target *t, const struct change *changes, size_t n, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  int rc = sc_pg_sql(t->pg, &sql, err, "ALTER TABLE %S ", t->names->target);
  for (size_t i = 0; i < n && rc == SC_OK; i++) {
    if (i > 0) sc_buf_add_str(&sql, ", ");
    rc = write_change(t, &changes[i], &sql, err);
  }
  sc_buf_add_str(&sql, "; ");
  for (size_t i = 0; i < n && rc == SC_OK; i++)
    if (changes[i].adds) rc = sc_pg_create_comment(t, changes[i].column, changes[i].key, &sql, err);
  if (rc == SC_OK) rc = sc_pg_query(t->pg, NULL, err, "%SCOMMIT", sc_buf_str(&sql));
  if (rc != SC_OK) sc_pg_abandon(t->pg);
  sc_buf_fini(&sql);
  return rc;
}

static void remember_refused(struct alteration *a, const struct change *c, const struct sc_error *err) {
  sc_log_error(SC_WARN,
               c->adds ? "the table cannot be given a column; new keys are counted only"
                       : "a column's type cannot be changed; what it cannot hold becomes a dead letter",
               err);
  if (c->adds) a->target->schema->no_columns = true;
  else sc_pg_schema_freeze(a->target->schema, c->column);
}

static int run_one_by_one(struct alteration *a, struct sc_error *err) {
  for (size_t i = 0; i < a->n; i++) {
    const struct change *c = &a->changes[i];
    if (c->adds && a->target->schema->no_columns) continue;
    int rc = begin(a->target, err);
    if (rc == SC_OK) rc = run_changes(a->target, c, 1, err);
    if (rc != SC_OK && err->code != SC_E_DB_REFUSED) return rc;
    if (rc != SC_OK) remember_refused(a, c, err);
  }
  return SC_OK;
}

static void say(const struct alteration *a) {
  for (size_t i = 0; i < a->n; i++) {
    const struct change *c = &a->changes[i];
    sc_log(SC_INFO, c->adds ? "column added" : "column widened", "table=%s column=\"%s\" type=\"%s\"",
           a->target->names->target, c->column, new_type(a->target, c));
  }
}

int sc_pg_alter(const struct sc_pg_target *t, const struct sc_sample *requests, struct sc_error *err) {
  struct alteration a = {.target = t, .requests = requests};
  int rc = sc_pg_create_check_keys(t, requests, err);
  if (rc == SC_OK) rc = begin(t, err);
  if (rc == SC_OK) rc = sc_pg_table_read_columns(t, &a.table, err);
  if (rc == SC_OK) {
    collect_names(&a);
    rc = collect_changes(&a, err);
  }
  if (rc == SC_OK && a.n > 0) {
    rc = run_changes(t, a.changes, a.n, err);
    if (rc == SC_OK) say(&a);
    else if (err->code == SC_E_DB_REFUSED) rc = run_one_by_one(&a, err);
  }
  sc_pg_abandon(t->pg);
  sc_pg_table_fini(&a.table);
  free(a.used);
  free(a.changes);
  return rc;
}
