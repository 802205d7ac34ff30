#include "sink/postgres/defaults.h"

#include <stdlib.h>

#include "engine/base/log.h"
#include "sink/postgres/types.h"

static bool is_constant(const struct sc_pg_table_column *c) { return c->default_sql != NULL && c->is_immutable; }
static bool is_servers(const struct sc_pg_table_column *c) {
  return c->identity != 0 || (c->default_sql != NULL && !c->is_immutable);
}

static int leave(const struct sc_pg_target *t, struct sc_pgcopy *copy, uint32_t column, struct sc_error *err) {
  if (sc_pgcopy_leave_default(copy, column)) return SC_OK;
  return sc_error_fail(err, SC_E_NO_TARGET, "give some of them a DEFAULT that is a constant, or load into a view",
                       "%s: more than %d columns of table %s have a DEFAULT that only the server can evaluate; "
                       "\"%s\" is one too many",
                       sc_pg_where(t->pg), SC_PGCOPY_LEFT_OUT_MAX, t->names->target, copy->columns[column].name);
}

/* The DEFAULT's text as the column's encoder writes it. False: the encoder does not know that text. */
static bool set_constant(struct sc_pgcopy *copy, uint32_t column, const char *text) {
  const struct sc_pgcopy_column *c = &copy->columns[column];
  bool json = sc_pg_type_shape(c->type) == SC_SHAPE_JSON;
  size_t len = strlen(text);
  struct sc_cell cell = {.type = json ? SC_CELL_JSON : SC_CELL_STRING, .len = (uint32_t)len, .ptr = text};
  struct sc_reject unused;
  char *bytes = sc_alloc(SC_PGCOPY_SLACK + len * copy->growth);
  char *end = c->encode(c, &cell, bytes, &unused);
  if (end != NULL) sc_pgcopy_set_default(copy, column, sc_slice_of(bytes, (size_t)(end - bytes)));
  free(bytes);
  return end != NULL;
}

/* All constants in one statement, a column of the answer for each column of the plan. */
static int evaluate(const struct sc_pg_target *t, const struct sc_pg_table *table, const struct sc_plan *plan,
                    struct sc_pg_answer *answer, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  sc_buf_add_str(&sql, "SELECT ");
  for (uint32_t i = 0; i < plan->n_columns; i++) {
    const struct sc_pg_table_column *c = sc_pg_table_column_named(table, plan->columns[i].name);
    if (i > 0) sc_buf_add_str(&sql, ", ");
    if (is_constant(c)) sc_buf_printf(&sql, "CAST(%s AS %s)::text", c->default_sql, c->sql_type);
    else sc_buf_add_str(&sql, "NULL");
  }
  int rc = sc_pg_run(t->pg, sc_buf_str(&sql), SC_PG_QUERY, answer, err);
  sc_buf_fini(&sql);
  return rc;
}

static void add_sequence(const struct sc_pg_target *t, const struct sc_pg_table_column *from, struct sc_pgcopy *copy,
                         uint32_t column) {
  bool whole = from->type == SC_PG_INT2 || from->type == SC_PG_INT4 || from->type == SC_PG_INT8;
  if (from->sequence == 0 || !whole) return;
  bool has_catalog = sc_pg_server_version(t->pg) >= 100000; /* pg_sequence */
  sc_pgcopy_set_sequence(copy, column, from->sequence, from->may_move && has_catalog);
}

int sc_pg_defaults_apply(const struct sc_pg_target *t, const struct sc_pg_table *table, const struct sc_plan *plan,
                         struct sc_pgcopy *copy, struct sc_error *err) {
  struct sc_pg_answer answer = {NULL, 0, ""};
  int rc = evaluate(t, table, plan, &answer, err);
  bool evaluated = rc == SC_OK;
  if (rc == SC_E_DB_REFUSED) rc = SC_OK; /* a DEFAULT that fails: rows without the key are refused one by one */
  for (uint32_t i = 0; i < plan->n_payload && rc == SC_OK; i++) {
    const struct sc_pg_table_column *c = sc_pg_table_column_named(table, plan->columns[i].name);
    const char *text = evaluated ? sc_pg_value(answer.rows, 0, (int)i) : NULL;
    bool is_null = evaluated && is_constant(c) && text == NULL, is_set = text != NULL && set_constant(copy, i, text);
    if (is_servers(c) || (is_constant(c) && !is_set && !is_null)) rc = leave(t, copy, i, err);
    if (rc == SC_OK) add_sequence(t, c, copy, i);
  }
  sc_pg_result_free(answer.rows);
  return rc;
}

/* ---- Sequences ---- */

/* A sequence that counts down is left alone. */
static int move(struct sc_pg *pg, uint32_t oid, int64_t given, struct sc_error *err) {
  return sc_pg_query(pg, NULL, err,
                     "SELECT setval(seqrelid::regclass, least(%D, seqmax)) FROM pg_sequence WHERE seqrelid = %D"
                     " AND seqincrement > 0 AND %D >= seqmin"
                     " AND coalesce(pg_sequence_last_value(seqrelid), seqmin - 1) < least(%D, seqmax)",
                     given, (int64_t)oid, given, given);
}

int sc_pg_defaults_move(struct sc_pg *pg, const struct sc_pgcopy *copy, struct sc_error *err) {
  int rc = SC_OK;
  for (uint32_t i = 0; copy->moves && i < copy->n_columns && rc == SC_OK; i++) {
    struct sc_pgcopy_sequence *s = copy->columns[i].sequence;
    if (s == NULL) continue;
    int64_t given = atomic_load(&s->given), passed = atomic_load(&s->passed);
    if (given <= passed) continue;
    if (s->may_move) {
      rc = move(pg, s->oid, given, err);
      if (rc == SC_OK) atomic_store(&s->passed, given);
    } else if (atomic_exchange(&s->passed, INT64_MAX) != INT64_MAX) {
      sc_log(SC_WARN,
             "records give values to a column with a sequence that may not be moved: its own numbers may meet them; "
             "GRANT UPDATE, USAGE ON SEQUENCE",
             "column=\"%s\"", copy->columns[i].name);
    }
  }
  return rc;
}
