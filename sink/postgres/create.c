#include "sink/postgres/create.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/text/hex.h"
#include "engine/base/log.h"
#include "engine/base/text.h"
#include "sink/postgres/table.h"

#define MADE_BY SC_PG_MADE_BY "; it gets a column for each new key, see --unknown-keys"

/* ---- Names ---- */

static bool is_taken(const char *name, const char (*used)[64], size_t n) {
  static const char *const system_columns[] = {"tableoid", "cmax", "xmax", "cmin", "xmin", "ctid"};
  for (size_t i = 0; i < sizeof(system_columns) / sizeof(system_columns[0]); i++)
    if (!strcmp(name, system_columns[i])) return true;
  for (size_t i = 0; i < n; i++)
    if (!strcmp(name, used[i])) return true;
  return false;
}

#define HASH_LEN 9 /* _ and eight digits */

bool sc_pg_create_name(struct sc_slice key, const char (*used)[64], size_t n, char out[64]) {
  if (key.len && memchr(key.ptr, 0, key.len) != NULL) return false;
  char shorter[64];
  struct sc_slice base = key.len ? key : SC_SLICE_LITERAL("_");
  if (base.len > 63) {
    int kept = (int)sc_text_utf8_cut(base, 63 - HASH_LEN);
    snprintf(shorter, sizeof(shorter), "%.*s_%08x", kept, base.ptr, sc_text_hash(key));
    base = sc_slice_str(shorter);
  }
  snprintf(out, 64, "%.*s", (int)base.len, base.ptr);
  for (unsigned suffix = 2; is_taken(out, used, n); suffix++) {
    int room = 63 - snprintf(NULL, 0, "_%u", suffix);
    snprintf(out, 64, "%.*s_%u", (int)sc_text_utf8_cut(base, (size_t)room), base.ptr, suffix);
  }
  return true;
}

static bool is_ascii(struct sc_slice text) {
  size_t i = 0;
  while (i < text.len && (unsigned char)text.ptr[i] < 0x80) i++;
  return i == text.len;
}

/* As bytes, since the server would refuse the text. */
static int check_key(const struct sc_pg_target *t, struct sc_slice key, struct sc_error *err) {
  if (is_ascii(key) || sc_pg_schema_is_unnamed(t->schema, key)) return SC_OK;
  char *hex = sc_alloc(2 * key.len + 1);
  *sc_hex_put(hex, key.ptr, key.len) = 0;
  int rc = sc_pg_query(t->pg, NULL, err, "SELECT convert(decode(%L, 'hex'), 'UTF8', getdatabaseencoding())", hex);
  free(hex);
  if (rc == SC_OK || strcmp(err->sqlstate, "22P05") != 0) return rc;
  sc_pg_schema_leave_unnamed(t->schema, key);
  return SC_OK;
}

int sc_pg_create_check_keys(const struct sc_pg_target *t, const struct sc_sample *sample, struct sc_error *err) {
  const char *encoding = sc_pg_parameter(t->pg, "server_encoding");
  if (sample == NULL || encoding == NULL || strcmp(encoding, "UTF8") == 0) return SC_OK;
  int rc = SC_OK;
  for (uint32_t i = 0; i < sc_sample_keys(sample) && rc == SC_OK; i++) rc = check_key(t, sc_sample_key(sample, i), err);
  return rc;
}

int sc_pg_create_comment(const struct sc_pg_target *t, const char *column, struct sc_slice key, struct sc_buf *sql,
                         struct sc_error *err) {
  if (sc_slice_is(key, column)) return SC_OK;
  struct sc_buf comment = SC_BUF_INIT;
  sc_buf_add_str(&comment, SC_PG_KEY_COMMENT);
  sc_buf_add_slice(&comment, key);
  int rc = sc_pg_sql(t->pg, sql, err, "COMMENT ON COLUMN %S.%I IS %L;\n", t->names->target, column, comment.ptr);
  sc_buf_fini(&comment);
  return rc;
}

/* ---- The statement ---- */

struct draft {
  const struct sc_pg_target *target;
  struct sc_buf columns, comments;
  char (*used)[64];
  size_t n_used, n_columns;
  struct sc_proposal *proposal;
};

static int add_column(struct draft *d, const char *metadata, struct sc_slice key, const char *name, const char *type,
                      struct sc_error *err) {
  if (d->proposal != NULL) sc_proposal_add(d->proposal, metadata, key, name, type);
  return sc_pg_sql(d->target->pg, &d->columns, err, "%S%I %S", d->n_columns++ ? ",\n  " : "", name, type);
}

static int add_payload(struct draft *d, const struct sc_sample *sample, uint32_t i, struct sc_error *err) {
  struct sc_slice key = sc_sample_key(sample, i);
  char *name = d->used[d->n_used];
  if (sc_pg_schema_is_unnamed(d->target->schema, key)) return SC_OK;
  if (!sc_pg_create_name(key, (const char(*)[64])d->used, d->n_used, name)) return SC_OK;
  d->n_used++;
  const char *type = sc_pg_schema_type(d->target->schema, sc_infer(sc_sample_kinds(sample, i)));
  int rc = add_column(d, NULL, key, name, type, err);
  return rc != SC_OK ? rc : sc_pg_create_comment(d->target, name, key, &d->comments, err);
}

static int add_columns(struct draft *d, const struct sc_sample *sample, struct sc_error *err) {
  const struct sc_pg_layout *layout = d->target->layout;
  bool one_column = sc_pg_layout_is_one_column(layout);
  int rc = SC_OK;
  uint32_t keys = one_column ? 0 : sc_sample_keys(sample), most = SC_COLUMNS_MAX - (uint32_t)layout->n;
  d->n_used = sc_pg_layout_names(layout, d->used);
  for (uint32_t i = 0; i < keys && i < most && rc == SC_OK; i++) rc = add_payload(d, sample, i, err);
  if (one_column)
    rc = add_column(d, "record", SC_SLICE_LITERAL(""), SC_COLUMNS_DATA,
                    layout->columns == SC_COLUMNS_JSON ? "jsonb" : "bytea", err);
  for (size_t i = 0; i < layout->n && rc == SC_OK; i++) {
    const struct sc_pg_metadata *m = &layout->metadata[i];
    rc = add_column(d, sc_pg_layout_word(m->role), SC_SLICE_LITERAL(""), m->name, m->type, err);
  }
  if (rc != SC_OK || d->n_columns) return rc;
  return sc_error_fail(err, SC_E_NO_TARGET,
                       "--metadata=shard,sequence,arrival gives the table columns; or make it yourself",
                       "there is nothing to make columns of: the records sampled have no keys");
}

static int write_statement(const struct draft *d, bool with_schema, struct sc_buf *sql, struct sc_error *err) {
  const struct sc_pg_names *names = d->target->names;
  int rc = with_schema ? sc_pg_sql(d->target->pg, sql, err, "CREATE SCHEMA IF NOT EXISTS %I;\n", names->schema) : SC_OK;
  if (rc != SC_OK) return rc;
  return sc_pg_sql(d->target->pg, sql, err, "CREATE TABLE %S (\n  %S\n);\nCOMMENT ON TABLE %S IS %L;\n%S",
                   names->target, sc_buf_str(&d->columns), names->target, MADE_BY, sc_buf_str(&d->comments));
}

/* The lock lets loads that make tables at the same moment wait for each other, so that they do not fail on each other's
 * half-made catalog rows. */
static int run_statement(const struct draft *d, const struct sc_buf *sql, struct sc_error *err) {
  struct sc_pg *pg = d->target->pg;
  int rc = sc_pg_query(pg, NULL, err, "BEGIN; SELECT pg_advisory_xact_lock(%D); %SCOMMIT",
                       sc_pg_names_lock_key("", "ddl"), sc_buf_str(sql));
  if (rc == SC_OK) sc_log(SC_INFO, "target table made", "table=%s columns=%zu", d->target->names->target, d->n_columns);
  else sc_pg_abandon(pg);
  return rc != SC_OK && sc_pg_is_duplicate(err) ? SC_OK : rc;
}

int sc_pg_create(const struct sc_pg_target *t, const struct sc_sample *sample, bool with_schema,
                 struct sc_proposal *proposal, struct sc_error *err) {
  struct draft d = {.target = t, .proposal = proposal};
  struct sc_buf sql = SC_BUF_INIT;
  d.used = sc_alloc_zero(SC_COLUMNS_MAX + SC_PG_LAYOUT_NAMES, 64);
  int rc = sc_pg_create_check_keys(t, sample, err);
  if (rc == SC_OK) rc = add_columns(&d, sample, err);
  if (rc == SC_OK) rc = write_statement(&d, with_schema, proposal != NULL ? &proposal->ddl : &sql, err);
  if (rc == SC_OK && proposal == NULL) rc = run_statement(&d, &sql, err);
  sc_buf_fini(&d.columns);
  sc_buf_fini(&d.comments);
  sc_buf_fini(&sql);
  free(d.used);
  return rc;
}
