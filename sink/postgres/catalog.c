#include "sink/postgres/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "engine/base/log.h"
#include "sink/postgres/copy.h"
#include "sink/postgres/types.h"

#define KEY_COMMENT "shardcopy key: "
#define MADE_BY SC_PG_MADE_BY "; it gets a column for each new key, see --unknown-keys"

/* What tells one state of a table from another: number, name, type and modifier of its columns. */
#define FINGERPRINT                                                                                             \
  "SELECT string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull), ',' ORDER BY " \
  "a.attnum)"                                                                                                   \
  " FROM pg_attribute a WHERE a.attrelid = to_regclass(%L) AND a.attnum > 0 AND NOT a.attisdropped"

enum {
  DESCRIBED_NAME,
  DESCRIBED_TYPE,
  DESCRIBED_MODIFIER,
  DESCRIBED_NOT_NULL,
  DESCRIBED_COMPUTED,
  DESCRIBED_DEFAULT,
  DESCRIBED_COMMENT,
  DESCRIBED_SQL_TYPE
};

/* ---- Names ---- */

static bool is_taken(const char *name, const char (*used)[64], size_t n) {
  static const char *const system_columns[] = {"tableoid", "cmax", "xmax", "cmin", "xmin", "ctid"};
  for (size_t i = 0; i < sizeof(system_columns) / sizeof(system_columns[0]); i++) {
    if (!strcmp(name, system_columns[i])) return true;
  }
  for (size_t i = 0; i < n; i++) {
    if (!strcmp(name, used[i])) return true;
  }
  return false;
}

/* The longest part of s of at most cap bytes that does not end inside a character. */
static size_t cut_utf8(struct sc_slice s, size_t cap) {
  if (s.len <= cap) return s.len;
  while (cap > 0 && ((unsigned char)s.ptr[cap] & 0xC0) == 0x80) cap--;
  return cap;
}

#define HASH_LEN 9 /* _ and eight digits */

static uint32_t hash_of(struct sc_slice key) {
  uint32_t h = 0x811c9dc5u; /* FNV-1a */
  for (size_t i = 0; i < key.len; i++) h = (h ^ (unsigned char)key.ptr[i]) * 0x01000193u;
  return h;
}

bool sc_pg_catalog_name(struct sc_slice key, const char (*used)[64], size_t n, char out[64]) {
  if (key.len && memchr(key.ptr, 0, key.len) != NULL) return false;
  char shorter[64];
  struct sc_slice base = key.len ? key : SC_SLICE_LITERAL("_");
  if (base.len > 63) {
    snprintf(shorter, sizeof(shorter), "%.*s_%08x", (int)cut_utf8(base, 63 - HASH_LEN), base.ptr, hash_of(key));
    base = sc_slice_str(shorter);
  }
  snprintf(out, 64, "%.*s", (int)base.len, base.ptr);
  for (unsigned suffix = 2; is_taken(out, used, n); suffix++) {
    int room = 63 - snprintf(NULL, 0, "_%u", suffix);
    snprintf(out, 64, "%.*s_%u", (int)cut_utf8(base, (size_t)room), base.ptr, suffix);
  }
  return true;
}

/* ---- Making a table ---- */

struct sc_slice sc_pg_catalog_key(const char *name, const char *comment) {
  if (comment != NULL && sc_slice_starts(sc_slice_str(comment), KEY_COMMENT))
    return sc_slice_str(comment + strlen(KEY_COMMENT));
  return sc_slice_str(name);
}

int sc_pg_catalog_comment(struct sc_pg *pg, const struct sc_pg_names *names, const char *column, struct sc_slice key,
                          struct sc_buf *sql, struct sc_error *err) {
  struct sc_buf comment = SC_BUF_INIT;
  sc_buf_add_str(&comment, KEY_COMMENT);
  sc_buf_add_slice(&comment, key);
  int rc = sc_pg_sql(pg, sql, err, "COMMENT ON COLUMN %S.%I IS %L;\n", names->target, column, sc_buf_str(&comment));
  sc_buf_fini(&comment);
  return rc;
}

struct table_sql {
  const struct sc_pg_schema *schema;
  struct sc_buf columns, comments;
  char (*used)[64];
  size_t n_used, n_columns;
  struct sc_proposal *proposal; /* --dry-run: gets the columns too; else NULL */
};

static int add_column(struct sc_pg *pg, struct table_sql *t, const char *metadata, struct sc_slice key,
                      const char *name, const char *type, struct sc_error *err) {
  if (t->proposal != NULL) sc_proposal_add(t->proposal, metadata, key, name, type);
  return sc_pg_sql(pg, &t->columns, err, "%S%I %S", t->n_columns++ ? ",\n  " : "", name, type);
}

static int add_payload(struct sc_pg *pg, const struct sc_pg_names *names, struct table_sql *t,
                       const struct sc_sample *sample, uint32_t i, struct sc_error *err) {
  struct sc_slice key = sc_sample_key(sample, i);
  char *name = t->used[t->n_used];
  if (!sc_pg_catalog_name(key, (const char(*)[64])t->used, t->n_used, name)) return SC_OK;
  t->n_used++;
  int rc = add_column(pg, t, NULL, key, name, sc_pg_schema_type(t->schema, sc_infer(sc_sample_kinds(sample, i))), err);
  if (rc != SC_OK || sc_slice_is(key, name)) return rc;
  return sc_pg_catalog_comment(pg, names, name, key, &t->comments, err);
}

/* sample NULL: the one column of JSON and RAW. */
static int collect_columns(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_layout *layout,
                           const struct sc_sample *sample, struct table_sql *t, struct sc_error *err) {
  int rc = SC_OK;
  uint32_t keys = sc_pg_layout_is_one_column(layout) ? 0 : sc_sample_keys(sample);
  t->n_used = sc_pg_layout_names(layout, t->used);
  if (keys > SC_COLUMNS_MAX - layout->n) keys = SC_COLUMNS_MAX - (uint32_t)layout->n;
  for (uint32_t i = 0; i < keys && rc == SC_OK; i++) rc = add_payload(pg, names, t, sample, i, err);
  if (sc_pg_layout_is_one_column(layout))
    rc = add_column(pg, t, "record", SC_SLICE_LITERAL(""), SC_COLUMNS_DATA,
                    layout->columns == SC_COLUMNS_JSON ? "jsonb" : "bytea", err);
  for (size_t i = 0; i < layout->n && rc == SC_OK; i++) {
    const struct sc_pg_metadata *m = &layout->metadata[i];
    rc = add_column(pg, t, sc_pg_layout_word(m->role), SC_SLICE_LITERAL(""), m->name, m->type, err);
  }
  if (rc != SC_OK || t->n_columns) return rc;
  sc_error_set(err, SC_E_NO_TARGET, "there is nothing to make columns of: the records sampled have no keys");
  sc_error_hint(err, "--metadata=shard,sequence,arrival gives the table columns; or make it yourself");
  return err->code;
}

static int table_ddl(struct sc_pg *pg, const struct sc_pg_names *names, const struct table_sql *t, bool with_schema,
                     struct sc_buf *sql, struct sc_error *err) {
  int rc = SC_OK;
  if (with_schema) rc = sc_pg_sql(pg, sql, err, "CREATE SCHEMA IF NOT EXISTS %I;\n", names->schema);
  if (rc != SC_OK) return rc;
  return sc_pg_sql(pg, sql, err, "CREATE TABLE %S (\n  %S\n);\nCOMMENT ON TABLE %S IS %L;\n%S", names->target,
                   sc_buf_str(&t->columns), names->target, MADE_BY, sc_buf_str(&t->comments));
}

static int run_make_table(struct sc_pg *pg, const struct sc_pg_names *names, const struct table_sql *t,
                          bool with_schema, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  int rc = sc_pg_sql(pg, &sql, err, "BEGIN; SELECT pg_advisory_xact_lock(%D); ", sc_pg_names_lock_key("", "ddl"));
  if (rc == SC_OK) rc = table_ddl(pg, names, t, with_schema, &sql, err);
  if (rc == SC_OK) sc_buf_add_str(&sql, "COMMIT");
  if (rc == SC_OK) rc = sc_pg_run(pg, sc_buf_str(&sql), SC_PG_QUERY, NULL, err);
  if (rc != SC_OK) sc_pg_abandon(pg);
  sc_buf_fini(&sql);
  return rc;
}

/* SC_OK also when somebody else made it in the meantime. */
static int make_table(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_layout *layout,
                      const struct sc_pg_schema *schema, const struct sc_sample *sample, bool with_schema,
                      struct sc_error *err) {
  struct table_sql t = {schema, SC_BUF_INIT, SC_BUF_INIT, sc_alloc_zero(SC_COLUMNS_MAX + SC_PG_LAYOUT_NAMES, 64),
                        0,      0,           NULL};
  int rc = collect_columns(pg, names, layout, sample, &t, err);
  if (rc == SC_OK) rc = run_make_table(pg, names, &t, with_schema, err);
  if (rc != SC_OK && (!strcmp(err->sqlstate, "42P07") || !strncmp(err->sqlstate, "23", 2))) rc = SC_OK;
  if (rc == SC_OK) sc_log(SC_INFO, "target table made", "table=%s columns=%zu", names->target, t.n_columns);
  sc_buf_fini(&t.columns);
  sc_buf_fini(&t.comments);
  free(t.used);
  return rc;
}

/* ---- Describing it ---- */

struct description {
  const struct sc_pg_layout *layout;
  struct pg_result *rows; /* a row a column; 0 when there is no table */
  bool schema_exists, table_exists;
  bool ours; /* we made it */
  char kind;
  char *fingerprint;
};

static void forget_description(struct description *d) {
  sc_pg_result_free(d->rows);
  free(d->fingerprint);
  *d = (struct description){.layout = d->layout};
}

static int describe_table(struct sc_pg *pg, const struct sc_pg_names *names, struct description *out,
                          struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  struct sc_pg_answer answer = {NULL, 0, ""};
  int rc = sc_pg_sql(pg, &sql, err,
                     "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = %L), c.relkind, (" FINGERPRINT
                     "), obj_description(c.oid, 'pg_class')"
                     " FROM (SELECT 1) one LEFT JOIN pg_class c ON c.oid = to_regclass(%L)",
                     names->schema, names->target, names->target);
  if (rc == SC_OK) rc = sc_pg_run(pg, sc_buf_str(&sql), SC_PG_QUERY, &answer, err);
  if (rc == SC_OK) {
    const char *kind = sc_pg_value(answer.rows, 0, 1), *fingerprint = sc_pg_value(answer.rows, 0, 2),
               *comment = sc_pg_value(answer.rows, 0, 3);
    out->schema_exists = sc_pg_bool(answer.rows, 0, 0);
    out->table_exists = kind != NULL;
    out->kind = kind != NULL ? kind[0] : 0;
    out->ours = comment != NULL && sc_slice_starts(sc_slice_str(comment), SC_PG_MADE_BY);
    out->fingerprint = sc_strdup(fingerprint != NULL ? fingerprint : "");
  }
  sc_pg_result_free(answer.rows);
  sc_buf_fini(&sql);
  return rc;
}

static int describe_columns(struct sc_pg *pg, const struct sc_pg_names *names, struct description *out,
                            struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  struct sc_pg_answer answer = {NULL, 0, ""};
  int rc = sc_pg_sql(
      pg, &sql, err,
      "SELECT a.attname, a.atttypid::bigint, a.atttypmod, a.attnotnull, to_jsonb(a) ->> 'attgenerated' <> '' OR"
      " to_jsonb(a) ->> 'attidentity' <> '', a.atthasdef, col_description(a.attrelid, a.attnum),"
      " format_type(a.atttypid, a.atttypmod)"
      " FROM pg_attribute a WHERE a.attrelid = to_regclass(%L) AND a.attnum > 0 AND NOT a.attisdropped"
      " ORDER BY a.attnum",
      names->target);
  if (rc == SC_OK) rc = sc_pg_run(pg, sc_buf_str(&sql), SC_PG_QUERY, &answer, err);
  out->rows = answer.rows;
  sc_buf_fini(&sql);
  return rc;
}

/* Both in one snapshot, so that the fingerprint belongs to the columns. */
static int describe(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_layout *layout,
                    struct description *out, struct sc_error *err) {
  *out = (struct description){.layout = layout};
  int rc = sc_pg_run(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", SC_PG_QUERY, NULL, err);
  if (rc == SC_OK) rc = describe_table(pg, names, out, err);
  if (rc == SC_OK && out->table_exists) rc = describe_columns(pg, names, out, err);
  if (rc == SC_OK) rc = sc_pg_run(pg, "COMMIT", SC_PG_QUERY, NULL, err);
  if (rc == SC_OK) return SC_OK;
  sc_pg_abandon(pg);
  forget_description(out);
  return rc;
}

static int check_kind(struct sc_pg *pg, const struct sc_pg_names *names, char kind, struct sc_error *err) {
  if (strchr("rpfv", kind) != NULL) return SC_OK;
  return sc_error_set(err, SC_E_NO_TARGET, "%s: %s is not a table", sc_pg_where(pg), names->target);
}

/* ---- The plan ---- */

static enum sc_role role_of(const struct description *d, int i) {
  return sc_pg_layout_role(d->layout, sc_pg_value(d->rows, i, DESCRIBED_NAME));
}

/* Not generated, no identity, no metadata. */
static bool is_payload(const struct description *d, int i) {
  return role_of(d, i) == SC_ROLE_PAYLOAD && !sc_pg_bool(d->rows, i, DESCRIBED_COMPUTED);
}

static struct sc_slice named_key_of(const struct pg_result *rows, int i) {
  return sc_pg_catalog_key(sc_pg_value(rows, i, DESCRIBED_NAME), sc_pg_value(rows, i, DESCRIBED_COMMENT));
}

static struct sc_slice key_of(const struct description *d, const struct sc_pg_defaults *defaults, int i) {
  for (size_t k = 0; k < defaults->n_keys; k++) {
    if (!strcmp(defaults->keys[k].column, sc_pg_value(d->rows, i, DESCRIBED_NAME)))
      return sc_slice_of(defaults->keys[k].key, defaults->keys[k].key_len);
  }
  return named_key_of(d->rows, i);
}

static bool sample_has(const struct sc_sample *sample, struct sc_slice key) {
  for (uint32_t i = 0; i < sc_sample_keys(sample); i++) {
    if (sc_slice_equals(sc_sample_key(sample, i), key)) return true;
  }
  return false;
}

/* ---- By position ---- */

static void give_key(const struct description *d, int i, struct sc_slice key, struct sc_pg_defaults *defaults) {
  struct sc_pg_key *k = &defaults->keys[defaults->n_keys++];
  snprintf(k->column, sizeof(k->column), "%s", sc_pg_value(d->rows, i, DESCRIBED_NAME));
  k->key = sc_strndup(key);
  k->key_len = key.len;
}

/* The column of the key's name, upper case taken for lower case; -1 without. */
static int namesake_of(const struct description *d, struct sc_slice key) {
  for (int i = 0; i < sc_pg_rows(d->rows); i++) {
    struct sc_slice name = named_key_of(d->rows, i);
    if (is_payload(d, i) && name.len == key.len && (key.len == 0 || !strncasecmp(name.ptr, key.ptr, key.len))) return i;
  }
  return -1;
}

/* By name when every key has its column, else one by one. */
static int decide_keys(const struct description *d, const struct sc_sample *sample, struct sc_pg_defaults *defaults,
                       struct sc_error *err) {
  uint32_t n_keys = sc_sample_keys(sample), n_columns = 0, named = 0;
  defaults->keys = sc_alloc_zero((size_t)sc_pg_rows(d->rows) + 1, sizeof(defaults->keys[0]));
  for (uint32_t k = 0; k < n_keys; k++) named += namesake_of(d, sc_sample_key(sample, k)) >= 0;
  for (int i = 0; i < sc_pg_rows(d->rows); i++) {
    if (!is_payload(d, i)) continue;
    if (named < n_keys && n_columns < n_keys) give_key(d, i, sc_sample_key(sample, n_columns), defaults);
    n_columns++;
  }
  for (uint32_t k = 0; k < n_keys && named == n_keys; k++) {
    int i = namesake_of(d, sc_sample_key(sample, k));
    if (defaults->n_keys < (size_t)sc_pg_rows(d->rows)) give_key(d, i, sc_sample_key(sample, k), defaults);
  }
  if (named == n_keys || n_keys == n_columns) return SC_OK;
  sc_error_set(err, SC_E_NO_TARGET,
               "the table has %u columns for the payload, the records have %u keys: no filling by position", n_columns,
               n_keys);
  sc_error_hint(err, "give the columns the names of the keys, or the table one column for each key in their order");
  return err->code;
}

/* ---- Defaults ---- */

static bool is_ambiguous(const struct description *d, int i) {
  return is_payload(d, i) && sc_pg_bool(d->rows, i, DESCRIBED_DEFAULT) && !sc_pg_layout_is_one_column(d->layout);
}

static int decide_defaults(const struct description *d, const struct sc_sample *sample, struct sc_pg_defaults *defaults,
                           struct sc_error *err) {
  sc_pg_defaults_fini(defaults);
  int rc = d->layout->by_position ? decide_keys(d, sample, defaults, err) : SC_OK;
  defaults->filled = sc_alloc_zero((size_t)sc_pg_rows(d->rows) + 1, 64);
  defaults->decided = rc == SC_OK;
  for (int i = 0; i < sc_pg_rows(d->rows); i++) {
    if (!is_ambiguous(d, i) || !sample_has(sample, key_of(d, defaults, i))) continue;
    snprintf(defaults->filled[defaults->n++], 64, "%s", sc_pg_value(d->rows, i, DESCRIBED_NAME));
  }
  return rc;
}

void sc_pg_defaults_fini(struct sc_pg_defaults *defaults) {
  for (size_t i = 0; i < defaults->n_keys; i++) free(defaults->keys[i].key);
  free(defaults->keys);
  free(defaults->filled);
  *defaults = (struct sc_pg_defaults){.filled = NULL};
}

static bool is_filled(const struct description *d, int i, const struct sc_pg_defaults *defaults) {
  const char *name = sc_pg_value(d->rows, i, DESCRIBED_NAME);
  uint32_t type = (uint32_t)sc_pg_int(d->rows, i, DESCRIBED_TYPE, 0);
  if (sc_pg_bool(d->rows, i, DESCRIBED_COMPUTED)) return false;
  if (role_of(d, i) != SC_ROLE_PAYLOAD) return sc_pg_type_fits(type, role_of(d, i));
  if (sc_pg_layout_is_one_column(d->layout)) return !strcmp(name, SC_COLUMNS_DATA);
  if (!is_ambiguous(d, i)) return true;
  for (size_t k = 0; k < defaults->n; k++) {
    if (!strcmp(defaults->filled[k], name)) return true;
  }
  return false;
}

static bool has_key(const struct sc_plan *plan, struct sc_slice key) {
  for (uint32_t i = 0; i < plan->n_payload; i++) {
    if (sc_slice_equals(sc_slice_of(plan->columns[i].key, plan->columns[i].key_len), key)) return true;
  }
  return false;
}

/* Columns of one kind (payload first, then metadata) of the description. */
static bool add_columns(struct sc_plan *plan, const struct description *d, const struct sc_pg_defaults *defaults,
                        bool payload) {
  const struct pg_result *rows = d->rows;
  bool binary = true;
  for (int i = 0; i < sc_pg_rows(rows); i++) {
    const char *name = sc_pg_value(rows, i, DESCRIBED_NAME);
    enum sc_role role = role_of(d, i);
    if ((role == SC_ROLE_PAYLOAD) != payload || !is_filled(d, i, defaults)) continue;
    struct sc_slice key = key_of(d, defaults, i);
    if (payload && has_key(plan, key)) continue;
    struct sc_column *c = sc_plan_add(plan, sc_slice_str(name), role, key);
    c->type = (uint32_t)sc_pg_int(rows, i, DESCRIBED_TYPE, 0);
    c->modifier = (int32_t)sc_pg_int(rows, i, DESCRIBED_MODIFIER, -1);
    c->not_null = sc_pg_bool(rows, i, DESCRIBED_NOT_NULL);
    c->shape = sc_pg_type_shape(c->type);
    binary = binary && sc_pg_type_is_binary(c->type);
  }
  return binary;
}

/* Columns of the payload that are not filled: their keys are no new ones. */
static void leave_out(struct sc_plan *plan, const struct description *d, const struct sc_pg_defaults *defaults) {
  for (int i = 0; i < sc_pg_rows(d->rows); i++) {
    struct sc_slice key = key_of(d, defaults, i);
    if (role_of(d, i) == SC_ROLE_PAYLOAD && !has_key(plan, key)) sc_plan_leave_out(plan, key);
  }
}

static int begin_statement(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_plan *plan, char kind,
                           bool text, struct sc_buf *sql, struct sc_error *err) {
  int rc = SC_OK;
  if (strchr("rp", kind) != NULL)
    rc = sc_pg_sql(pg, sql, err, "LOCK TABLE ONLY %S IN ROW EXCLUSIVE MODE; ", names->target);
  if (rc == SC_OK) rc = sc_pg_sql(pg, sql, err, FINGERPRINT "; COPY %S (", names->target, names->target);
  for (uint32_t i = 0; i < plan->n_columns && rc == SC_OK; i++) {
    rc = sc_pg_sql(pg, sql, err, "%S%I", i ? ", " : "", plan->columns[i].name);
  }
  if (rc == SC_OK) rc = sc_pg_sql(pg, sql, err, ") FROM STDIN%S", text ? "" : " (FORMAT binary)");
  return rc;
}

static int build_plan(struct sc_pg *pg, const struct sc_pg_names *names, struct description *d,
                      const struct sc_pg_defaults *defaults, struct sc_pg_schema *schema, uint32_t generation,
                      struct sc_plan **out, struct sc_error *err) {
  struct sc_plan *plan = sc_plan_new(generation, (uint32_t)sc_pg_rows(d->rows) + 1);
  struct sc_buf sql = SC_BUF_INIT;
  bool payload_is_binary = add_columns(plan, d, defaults, true);
  bool text = !add_columns(plan, d, defaults, false) || !payload_is_binary;
  int rc = SC_OK;
  leave_out(plan, d, defaults);
  sc_pg_schema_apply(schema, d->layout, d->ours, d->kind, text, plan);
  if (!plan->n_columns) {
    rc = sc_error_set(err, SC_E_NO_TARGET, "%s: table %s has no column that can be filled", sc_pg_where(pg),
                      names->target);
  }
  if (rc == SC_OK) rc = begin_statement(pg, names, plan, d->kind, text, &sql, err);
  if (rc == SC_OK) {
    struct sc_pgcopy *copy = sc_pgcopy_new(plan, text);
    copy->begin_sql = sc_strdup(sc_buf_str(&sql));
    copy->fingerprint = d->fingerprint;
    d->fingerprint = NULL;
    plan->sink = copy;
    plan->free_sink = sc_pgcopy_free;
    sc_plan_seal(plan);
    *out = plan;
  } else {
    sc_plan_free(plan);
  }
  sc_buf_fini(&sql);
  return rc;
}

/* JSON and RAW want a column "data" that takes the payload. */
static int check_one_column(struct sc_pg *pg, const struct sc_pg_names *names, const struct description *d,
                            struct sc_error *err) {
  static const uint32_t of_json[] = {SC_PG_JSONB, SC_PG_JSON, SC_PG_TEXT, SC_PG_VARCHAR, SC_PG_BYTEA};
  bool raw = d->layout->columns == SC_COLUMNS_RAW;
  if (!sc_pg_layout_is_one_column(d->layout)) return SC_OK;
  for (int i = 0; i < sc_pg_rows(d->rows); i++) {
    if (!is_payload(d, i) || strcmp(sc_pg_value(d->rows, i, DESCRIBED_NAME), SC_COLUMNS_DATA) != 0) continue;
    uint32_t type = (uint32_t)sc_pg_int(d->rows, i, DESCRIBED_TYPE, 0);
    if (raw && type == SC_PG_BYTEA) return SC_OK;
    for (size_t k = 0; !raw && k < sizeof(of_json) / sizeof(of_json[0]); k++) {
      if (type == of_json[k]) return SC_OK;
    }
  }
  sc_error_set(err, SC_E_NO_TARGET, "%s: table %s has no column \"" SC_COLUMNS_DATA "\" of type %s", sc_pg_where(pg),
               names->target, raw ? "bytea" : "jsonb, json, text, varchar or bytea");
  sc_error_hint(err, "--columns=%s fills one column of that name; --columns=auto one for each key",
                raw ? "raw" : "json");
  return err->code;
}

static int no_table(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err) {
  sc_error_set(err, SC_E_NO_TARGET, "%s: table %s does not exist", sc_pg_where(pg), names->target);
  sc_error_hint(err, "--columns=table makes no table; --columns=auto does");
  return err->code;
}

static int make_and_describe(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_schema *schema,
                             const struct sc_sample *sample, struct description *d, struct sc_error *err) {
  const struct sc_pg_layout *layout = d->layout;
  bool with_schema = !d->schema_exists;
  if (layout->columns == SC_COLUMNS_TABLE) return no_table(pg, names, err);
  forget_description(d);
  int rc = make_table(pg, names, layout, schema, sample, with_schema, err);
  return rc != SC_OK ? rc : describe(pg, names, layout, d, err);
}

/* What stands between the description and a plan: nothing, the request for a sample (*ready false), or an error. */
static int decide(struct sc_pg *pg, const struct sc_pg_names *names, const struct description *d,
                  const struct sc_sample *sample, struct sc_pg_defaults *defaults, bool *ready, struct sc_error *err) {
  bool ambiguous = d->layout->by_position;
  *ready = false;
  if (!d->table_exists) return SC_OK;
  int rc = check_kind(pg, names, d->kind, err);
  if (rc == SC_OK) rc = check_one_column(pg, names, d, err);
  for (int i = 0; i < sc_pg_rows(d->rows); i++) ambiguous = ambiguous || is_ambiguous(d, i);
  if (rc == SC_OK && sample != NULL && !defaults->decided) rc = decide_defaults(d, sample, defaults, err);
  *ready = rc == SC_OK && (!ambiguous || defaults->decided);
  return rc;
}

int sc_pg_catalog_plan(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_layout *layout,
                       struct sc_pg_schema *schema, struct sc_pg_defaults *defaults, const struct sc_sample *sample,
                       uint32_t generation, struct sc_plan **out, struct sc_error *err) {
  struct description d;
  bool ready;
  *out = NULL;
  int rc = describe(pg, names, layout, &d, err);
  if (rc != SC_OK) return rc;
  bool at_once = generation == 1 && layout->columns != SC_COLUMNS_AUTO; /* needs no sample */
  if (!d.table_exists && (sample != NULL || at_once)) rc = make_and_describe(pg, names, schema, sample, &d, err);
  if (rc == SC_OK) rc = decide(pg, names, &d, sample, defaults, &ready, err);
  if (rc == SC_OK && ready) rc = build_plan(pg, names, &d, defaults, schema, generation, out, err);
  if (rc == SC_OK && ready) defaults->decided = true;
  forget_description(&d);
  return rc;
}

/* ---- --dry-run ---- */

static int propose_new(struct sc_pg *pg, const struct sc_pg_names *names, const struct description *d,
                       const struct sc_pg_schema *schema, const struct sc_sample *sample, struct sc_proposal *out,
                       struct sc_error *err) {
  struct table_sql t = {schema, SC_BUF_INIT, SC_BUF_INIT, sc_alloc_zero(SC_COLUMNS_MAX + SC_PG_LAYOUT_NAMES, 64),
                        0,      0,           out};
  int rc = d->layout->columns == SC_COLUMNS_TABLE ? no_table(pg, names, err) : SC_OK;
  bool known = sc_pg_layout_is_one_column(d->layout) || sc_sample_records(sample) > 0;
  if (rc == SC_OK && known) rc = collect_columns(pg, names, d->layout, sample, &t, err);
  if (rc == SC_OK && known) rc = table_ddl(pg, names, &t, !d->schema_exists, &out->ddl, err);
  sc_buf_fini(&t.columns);
  sc_buf_fini(&t.comments);
  free(t.used);
  return rc;
}

static void propose_plan(const struct description *d, const struct sc_plan *plan, struct sc_proposal *out) {
  for (uint32_t c = 0; c < plan->n_columns; c++) {
    const struct sc_column *column = &plan->columns[c];
    const char *type = "", *metadata = sc_pg_layout_word(column->role);
    for (int i = 0; i < sc_pg_rows(d->rows); i++) {
      if (!strcmp(sc_pg_value(d->rows, i, DESCRIBED_NAME), column->name))
        type = sc_pg_value(d->rows, i, DESCRIBED_SQL_TYPE);
    }
    if (sc_pg_layout_is_one_column(d->layout) && column->role == SC_ROLE_PAYLOAD) metadata = "record";
    sc_proposal_add(out, metadata, sc_slice_of(column->key, column->key_len), column->name, type);
  }
}

int sc_pg_catalog_propose(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_layout *layout,
                          struct sc_pg_schema *schema, const struct sc_sample *sample, struct sc_proposal *out,
                          struct sc_error *err) {
  struct description d;
  struct sc_pg_defaults defaults = {.decided = false};
  struct sc_plan *plan = NULL;
  bool ready = false;
  int rc = describe(pg, names, layout, &d, err);
  if (rc != SC_OK) return rc;
  out->exists = d.table_exists;
  const struct sc_sample *known = sc_sample_records(sample) > 0 ? sample : NULL;
  if (!d.table_exists) rc = propose_new(pg, names, &d, schema, sample, out, err);
  else rc = decide(pg, names, &d, known, &defaults, &ready, err);
  if (rc == SC_OK && ready) rc = build_plan(pg, names, &d, &defaults, schema, 1, &plan, err);
  if (rc == SC_OK && ready) propose_plan(&d, plan, out);
  sc_plan_free(plan);
  sc_pg_defaults_fini(&defaults);
  forget_description(&d);
  return rc;
}
