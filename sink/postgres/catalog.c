#include "sink/postgres/catalog.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/log.h"
#include "engine/base/text.h"
#include "engine/sample.h"
#include "sink/postgres/copy.h"
#include "sink/postgres/create.h"
#include "sink/postgres/defaults.h"
#include "sink/postgres/table.h"
#include "sink/postgres/types.h"

/* An identity is the table's own unless it may be given: GENERATED ALWAYS only on request, and none where columns are
 * counted. */
static bool is_fillable(const struct sc_pg_target *t, const struct sc_pg_table_column *c) {
  if (c->is_generated) return false;
  return c->identity == 0 || t->fills_identity || (c->identity == 'd' && !t->layout->by_position);
}

static bool is_payload(const struct sc_pg_target *t, const struct sc_pg_table_column *c) {
  return c->role == SC_ROLE_PAYLOAD && is_fillable(t, c);
}

static struct sc_slice key_of(const struct sc_pg_by_position *decided, const struct sc_pg_table_column *c) {
  for (size_t k = 0; k < decided->n_keys; k++)
    if (!strcmp(decided->keys[k].column, c->name)) return sc_slice_of(decided->keys[k].key, decided->keys[k].key_len);
  return c->key;
}

/* ---- By position ---- */

static void give_key(const struct sc_pg_table_column *c, struct sc_slice key, struct sc_pg_by_position *decided) {
  struct sc_pg_key *k = &decided->keys[decided->n_keys++];
  snprintf(k->column, sizeof(k->column), "%s", c->name);
  k->key = sc_strndup(key);
  k->key_len = key.len;
}

/* The column of the key's name, upper case taken for lower case; NULL without. */
static const struct sc_pg_table_column *namesake_of(const struct sc_pg_target *t, const struct sc_pg_table *table,
                                                    struct sc_slice key) {
  for (int i = 0; i < table->n_columns; i++)
    if (is_payload(t, &table->columns[i]) && sc_text_equals_nocase(table->columns[i].key, key))
      return &table->columns[i];
  return NULL;
}

void sc_pg_by_position_fini(struct sc_pg_by_position *decided) {
  for (size_t i = 0; i < decided->n_keys; i++) free(decided->keys[i].key);
  free(decided->keys);
  *decided = (struct sc_pg_by_position){.keys = NULL};
}

/* By name when every key has its column, else one by one. */
static int decide_keys(const struct sc_pg_target *t, const struct sc_pg_table *table, const struct sc_sample *sample,
                       struct sc_error *err) {
  struct sc_pg_by_position *decided = t->by_position;
  uint32_t n_keys = sc_sample_keys(sample), n_columns = 0, named = 0;
  sc_pg_by_position_fini(decided);
  decided->keys = sc_alloc_zero((size_t)table->n_columns + 1, sizeof(decided->keys[0]));
  for (uint32_t k = 0; k < n_keys; k++) named += namesake_of(t, table, sc_sample_key(sample, k)) != NULL;
  for (int i = 0; i < table->n_columns; i++) {
    if (!is_payload(t, &table->columns[i])) continue;
    if (named < n_keys && n_columns < n_keys) give_key(&table->columns[i], sc_sample_key(sample, n_columns), decided);
    n_columns++;
  }
  for (uint32_t k = 0; k < n_keys && named == n_keys; k++) {
    struct sc_slice key = sc_sample_key(sample, k);
    if (decided->n_keys < (size_t)table->n_columns) give_key(namesake_of(t, table, key), key, decided);
  }
  decided->decided = named == n_keys || n_keys == n_columns;
  if (decided->decided) return SC_OK;
  return sc_error_fail(err, SC_E_NO_TARGET,
                       "give the columns the names of the keys, or the table one column for each key in their order",
                       "the table has %u columns for the payload, the records have %u keys: no filling by position",
                       n_columns, n_keys);
}

/* ---- The plan ---- */

static bool is_filled(const struct sc_pg_target *t, const struct sc_pg_table_column *c) {
  if (!is_fillable(t, c)) return false;
  if (c->role != SC_ROLE_PAYLOAD) return sc_pg_type_fits(c->type, c->role);
  return !sc_pg_layout_is_one_column(t->layout) || !strcmp(c->name, SC_COLUMNS_DATA);
}

static bool has_key(const struct sc_plan *plan, struct sc_slice key) {
  for (uint32_t i = 0; i < plan->n_payload; i++)
    if (sc_slice_equals(sc_slice_of(plan->columns[i].key, plan->columns[i].key_len), key)) return true;
  return false;
}

/* The columns of the payload, or those of metadata. False: one has a type without binary encoder. */
static bool add_columns(struct sc_plan *plan, const struct sc_pg_target *t, const struct sc_pg_table *table,
                        bool payload) {
  bool binary = true;
  for (int i = 0; i < table->n_columns; i++) {
    const struct sc_pg_table_column *from = &table->columns[i];
    if ((from->role == SC_ROLE_PAYLOAD) != payload || !is_filled(t, from)) continue;
    struct sc_slice key = key_of(t->by_position, from);
    if (payload && has_key(plan, key)) continue;
    struct sc_column *c = sc_plan_add(plan, sc_slice_str(from->name), from->role, key);
    c->type = from->type;
    c->modifier = from->modifier;
    c->not_null = from->not_null;
    c->shape = sc_pg_type_shape(c->type);
    if (from->is_domain) sc_pg_schema_freeze(t->schema, c->name);
    binary = binary && sc_pg_type_is_binary(c->type);
  }
  return binary;
}

/* Columns of the payload that are not filled: their keys are not new ones. */
static void leave_out(struct sc_plan *plan, const struct sc_pg_target *t, const struct sc_pg_table *table) {
  for (int i = 0; i < table->n_columns; i++) {
    struct sc_slice key = key_of(t->by_position, &table->columns[i]);
    if (table->columns[i].role == SC_ROLE_PAYLOAD && !has_key(plan, key)) sc_plan_leave_out(plan, key);
  }
  for (size_t i = 0; i < t->schema->n_unnamed; i++) sc_plan_leave_out(plan, t->schema->unnamed[i]);
}

static void set_arrays(struct sc_pgcopy *copy, const struct sc_plan *plan, const struct sc_pg_table *table) {
  for (uint32_t i = 0; i < plan->n_columns; i++) {
    const struct sc_pg_table_column *c = sc_pg_table_column_named(table, plan->columns[i].name);
    if (c->is_array) sc_pgcopy_set_array(copy, i, c->of_json);
  }
}

/* The lock comes first, so that the columns cannot change between the fingerprint and the COPY. */
static int write_statements(const struct sc_pg_target *t, const struct sc_plan *plan, char kind, struct sc_pgcopy *copy,
                            struct sc_error *err) {
  const char *target = t->names->target;
  struct sc_buf sql = SC_BUF_INIT;
  int rc = SC_OK;
  if (strchr("rp", kind) != NULL)
    rc = sc_pg_sql(t->pg, &sql, err, "LOCK TABLE ONLY %S IN ROW EXCLUSIVE MODE; ", target);
  if (rc == SC_OK) rc = sc_pg_sql(t->pg, &sql, err, SC_PG_FINGERPRINT "; COPY %S (", target, target);
  copy->begin_sql = sql.ptr;
  copy->end_sql = sc_strdup(copy->text ? ") FROM STDIN" : ") FROM STDIN (FORMAT binary)");
  copy->names = sc_alloc_zero((size_t)plan->n_columns + 1, sizeof(copy->names[0]));
  for (uint32_t i = 0; i < plan->n_columns && rc == SC_OK; i++) {
    struct sc_buf name = SC_BUF_INIT;
    rc = sc_pg_sql(t->pg, &name, err, "%I", plan->columns[i].name);
    copy->names[i] = name.ptr;
  }
  return rc;
}

static int build_copy(const struct sc_pg_target *t, struct sc_pg_table *table, struct sc_plan *plan, bool text,
                      struct sc_error *err) {
  struct sc_pgcopy *copy = sc_pgcopy_new(plan, text);
  plan->sink = copy;
  plan->free_sink = sc_pgcopy_free;
  if (text) set_arrays(copy, plan, table);
  copy->fingerprint = table->fingerprint;
  table->fingerprint = NULL;
  int rc = write_statements(t, plan, table->kind, copy, err);
  return rc == SC_OK ? sc_pg_defaults_apply(t, table, plan, copy, err) : rc;
}

static int build_plan(const struct sc_pg_target *t, struct sc_pg_table *table, uint32_t generation,
                      struct sc_plan **out, struct sc_error *err) {
  struct sc_plan *plan = sc_plan_new(generation, (uint32_t)table->n_columns);
  bool payload_is_binary = add_columns(plan, t, table, true);
  bool text = !add_columns(plan, t, table, false) || !payload_is_binary;
  int rc = SC_OK;
  leave_out(plan, t, table);
  sc_pg_schema_apply(t->schema, t->layout, table->ours, table->kind, plan);
  if (plan->n_columns == 0)
    rc = sc_error_set(err, SC_E_NO_TARGET, "%s: table %s has no column that can be filled", sc_pg_where(t->pg),
                      t->names->target);
  if (rc == SC_OK) rc = build_copy(t, table, plan, text, err);
  if (rc != SC_OK) {
    sc_plan_free(plan);
    return rc;
  }
  sc_plan_seal(plan);
  *out = plan;
  return SC_OK;
}

/* ---- Whether the table is a target ---- */

/* JSON and RAW want a column "data" that takes the payload. */
static int check_one_column(const struct sc_pg_target *t, const struct sc_pg_table *table, struct sc_error *err) {
  static const uint32_t of_json[] = {SC_PG_JSONB, SC_PG_JSON, SC_PG_TEXT, SC_PG_VARCHAR, SC_PG_BYTEA};
  bool raw = t->layout->columns == SC_COLUMNS_RAW;
  if (!sc_pg_layout_is_one_column(t->layout)) return SC_OK;
  for (int i = 0; i < table->n_columns; i++) {
    const struct sc_pg_table_column *c = &table->columns[i];
    if (!is_payload(t, c) || strcmp(c->name, SC_COLUMNS_DATA) != 0) continue;
    if (raw && c->type == SC_PG_BYTEA) return SC_OK;
    for (size_t k = 0; !raw && k < sizeof(of_json) / sizeof(of_json[0]); k++)
      if (c->type == of_json[k]) return SC_OK;
  }
  sc_error_set(err, SC_E_NO_TARGET, "%s: table %s has no column \"" SC_COLUMNS_DATA "\" of type %s", sc_pg_where(t->pg),
               t->names->target, raw ? "bytea" : "jsonb, json, text, varchar or bytea");
  sc_error_hint(err, "--columns=%s fills one column of that name; --columns=auto one for each key",
                raw ? "raw" : "json");
  return err->code;
}

static int check_unlogged(const struct sc_pg_target *t, const struct sc_pg_table *table, struct sc_error *err) {
  static const char hint[] = "ALTER TABLE ... SET LOGGED, or --allow-unlogged when that is acceptable";
  if (t->allow_unlogged || !(table->unlogged || table->positions_unlogged)) return SC_OK;
  if (table->unlogged)
    return sc_error_fail(
        err, SC_E_NO_TARGET, hint,
        "%s: table %s is UNLOGGED: a crash of the server empties it, and its records are not read again",
        sc_pg_where(t->pg), t->names->target);
  return sc_error_fail(err, SC_E_NO_TARGET, hint,
                       "%s: table %s is UNLOGGED: a crash of the server empties it, and all records are loaded again",
                       sc_pg_where(t->pg), t->names->checkpoints);
}

static void warn_of_kind(const struct sc_pg_target *t, const struct sc_pg_table *table) {
  if (table->kind == 'v')
    sc_log(SC_WARN,
           "the target is a view: rows count as written when its INSTEAD OF triggers have run, whatever these did",
           "view=%s", t->names->target);
  if (table->foreign)
    sc_log(SC_WARN,
           "the target is a foreign table, or has a foreign partition: that server commits on its own, so a crash "
           "between its commit and ours loads rows twice",
           "table=%s", t->names->target);
}

static int no_table(const struct sc_pg_target *t, struct sc_error *err) {
  return sc_error_fail(err, SC_E_NO_TARGET, "--columns=table makes no table; --columns=auto does",
                       "%s: table %s does not exist", sc_pg_where(t->pg), t->names->target);
}

static int make_and_read(const struct sc_pg_target *t, const struct sc_sample *sample, struct sc_pg_table *table,
                         struct sc_error *err) {
  if (t->layout->columns == SC_COLUMNS_TABLE) return no_table(t, err);
  int rc = sc_pg_create(t, sample, !table->schema_exists, NULL, err);
  sc_pg_table_fini(table);
  return rc != SC_OK ? rc : sc_pg_table_read(t, table, err);
}

/* What stands between the description and a plan: nothing, the request for a sample (*ready false), or an error. */
static int decide(const struct sc_pg_target *t, const struct sc_pg_table *table, const struct sc_sample *sample,
                  bool *ready, struct sc_error *err) {
  *ready = false;
  int rc = check_unlogged(t, table, err);
  if (rc != SC_OK || !table->exists) return rc;
  if (strchr("rpfv", table->kind) == NULL)
    return sc_error_set(err, SC_E_NO_TARGET, "%s: %s is not a table", sc_pg_where(t->pg), t->names->target);
  rc = check_one_column(t, table, err);
  bool undecided = t->layout->by_position && !t->by_position->decided;
  if (rc != SC_OK || (undecided && sample == NULL)) return rc;
  if (undecided) rc = decide_keys(t, table, sample, err);
  *ready = rc == SC_OK;
  return rc;
}

int sc_pg_catalog_plan(const struct sc_pg_target *t, const struct sc_sample *sample, uint32_t generation,
                       struct sc_plan **out, struct sc_error *err) {
  struct sc_pg_table table;
  bool ready = false, needs_no_sample = generation == 1 && t->layout->columns != SC_COLUMNS_AUTO;
  *out = NULL;
  int rc = sc_pg_table_read(t, &table, err);
  if (rc == SC_OK && !table.exists && (sample != NULL || needs_no_sample)) rc = make_and_read(t, sample, &table, err);
  if (rc == SC_OK) rc = decide(t, &table, sample, &ready, err);
  if (rc == SC_OK && ready) rc = build_plan(t, &table, generation, out, err);
  if (rc == SC_OK && ready && generation == 1) warn_of_kind(t, &table);
  sc_pg_table_fini(&table);
  return rc;
}

/* ---- --dry-run ---- */

static int propose_new(const struct sc_pg_target *t, const struct sc_sample *sample, bool with_schema,
                       struct sc_proposal *out, struct sc_error *err) {
  if (t->layout->columns == SC_COLUMNS_TABLE) return no_table(t, err);
  if (!sc_pg_layout_is_one_column(t->layout) && sc_sample_records(sample) == 0) return SC_OK;
  return sc_pg_create(t, sample, with_schema, out, err);
}

static void propose_plan(const struct sc_pg_target *t, const struct sc_pg_table *table, const struct sc_plan *plan,
                         struct sc_proposal *out) {
  for (uint32_t c = 0; c < plan->n_columns; c++) {
    const struct sc_column *column = &plan->columns[c];
    const char *metadata = sc_pg_layout_word(column->role);
    if (sc_pg_layout_is_one_column(t->layout) && column->role == SC_ROLE_PAYLOAD) metadata = "record";
    sc_proposal_add(out, metadata, sc_slice_of(column->key, column->key_len), column->name,
                    sc_pg_table_column_named(table, column->name)->sql_type);
  }
}

int sc_pg_catalog_propose(const struct sc_pg_target *t, const struct sc_sample *sample, struct sc_proposal *out,
                          struct sc_error *err) {
  struct sc_pg_by_position decided = {.decided = false};
  struct sc_pg_target own = *t; /* nothing is decided for the load */
  struct sc_pg_table table;
  struct sc_plan *plan = NULL;
  own.by_position = &decided;
  bool ready = false;
  int rc = sc_pg_table_read(&own, &table, err);
  out->exists = table.exists;
  if (rc == SC_OK && !table.exists) rc = propose_new(&own, sample, !table.schema_exists, out, err);
  else if (rc == SC_OK) rc = decide(&own, &table, sc_sample_records(sample) > 0 ? sample : NULL, &ready, err);
  if (rc == SC_OK && ready) rc = build_plan(&own, &table, 1, &plan, err);
  if (rc == SC_OK && ready) propose_plan(&own, &table, plan, out);
  sc_plan_free(plan);
  sc_pg_by_position_fini(&decided);
  sc_pg_table_fini(&table);
  return rc;
}
