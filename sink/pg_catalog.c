#include "sink/pg_catalog.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/log.h"
#include "sink/pg_types.h"
#include "sink/pgcopy.h"

#define KEY_COMMENT "shardcopy key: "

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
  DESCRIBED_KIND
};

static const struct {
  const char *name, *option;
  enum sc_role role;
  const char *type;
} metadata_columns[] = {
    {"kinesis_shard_id", "shard", SC_ROLE_SHARD, "text"},
    {"kinesis_sequence_number", "sequence", SC_ROLE_SEQUENCE, "text"},
    {"kinesis_arrival_time", "arrival", SC_ROLE_ARRIVAL, "timestamptz"},
    {"kinesis_partition_key", "partition-key", SC_ROLE_PARTITION_KEY, "text"},
};
#define N_METADATA (sizeof(metadata_columns) / sizeof(metadata_columns[0]))

/* ---- --metadata ---- */

static bool add_metadata(struct sc_pg_metadata *m, struct sc_slice word) {
  bool *const fields[] = {&m->shard, &m->sequence, &m->arrival, &m->partition_key};
  if (sc_slice_is(word, "sequence:numeric")) return m->sequence = m->sequence_is_numeric = true;
  for (size_t i = 0; i < N_METADATA; i++) {
    if (sc_slice_is(word, metadata_columns[i].option)) return *fields[i] = true;
  }
  return false;
}

int sc_pg_metadata_parse(const char *text, struct sc_pg_metadata *out, struct sc_error *err) {
  *out = (struct sc_pg_metadata){.shard = false};
  if (!strcmp(text, "none")) return SC_OK;
  for (const char *p = text;; p++) {
    size_t len = strcspn(p, ",");
    if (!add_metadata(out, sc_slice_of(p, len))) {
      sc_error_set(err, SC_E_USAGE, "--metadata: \"%.*s\" is no metadata column", (int)len, p);
      sc_error_hint(err, "shard, sequence (or sequence:numeric), arrival, partition-key, separated by commas, or none");
      return err->code;
    }
    p += len;
    if (!*p) return SC_OK;
  }
}

static bool wants(const struct sc_pg_metadata *m, enum sc_role role) {
  switch (role) {
    case SC_ROLE_SHARD:
      return m->shard;
    case SC_ROLE_SEQUENCE:
      return m->sequence;
    case SC_ROLE_ARRIVAL:
      return m->arrival;
    case SC_ROLE_PARTITION_KEY:
      return m->partition_key;
    default:
      return false;
  }
}

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

bool sc_pg_catalog_name(struct sc_slice key, const char (*used)[64], size_t n, char out[64]) {
  if (key.len && memchr(key.ptr, 0, key.len)) return false;
  struct sc_slice base = key.len ? key : SC_SLICE_LITERAL("_");
  snprintf(out, 64, "%.*s", (int)cut_utf8(base, 63), base.ptr);
  for (unsigned suffix = 2; is_taken(out, used, n); suffix++) {
    int room = 63 - snprintf(NULL, 0, "_%u", suffix);
    snprintf(out, 64, "%.*s_%u", (int)cut_utf8(base, (size_t)room), base.ptr, suffix);
  }
  return true;
}

/* ---- Making a table ---- */

static const char *sql_type(enum sc_inferred inferred) {
  static const char *const names[] = {[SC_INFER_BIGINT] = "bigint",   [SC_INFER_DOUBLE] = "double precision",
                                      [SC_INFER_NUMERIC] = "numeric", [SC_INFER_BOOL] = "boolean",
                                      [SC_INFER_TEXT] = "text",       [SC_INFER_JSON] = "jsonb"};
  return names[inferred];
}

struct table_sql {
  struct sc_buf columns, comments;
  char (*used)[64];
  size_t n_used, n_columns;
};

static int add_column(struct sc_pg *pg, struct table_sql *t, const char *name, const char *type, struct sc_error *err) {
  return sc_pg_sql(pg, &t->columns, err, "%S%I %S", t->n_columns++ ? ", " : "", name, type);
}

static int add_payload(struct sc_pg *pg, const struct sc_pg_names *names, struct table_sql *t,
                       const struct sc_sample *sample, uint32_t i, struct sc_error *err) {
  struct sc_slice key = sc_sample_key(sample, i);
  char *name = t->used[t->n_used];
  if (!sc_pg_catalog_name(key, (const char(*)[64])t->used, t->n_used, name)) return SC_OK;
  t->n_used++;
  int code = add_column(pg, t, name, sql_type(sc_infer(sc_sample_kinds(sample, i))), err);
  if (code || sc_slice_is(key, name)) return code;
  struct sc_buf comment = SC_BUF_INIT;
  sc_buf_add_str(&comment, KEY_COMMENT);
  sc_buf_add_slice(&comment, key);
  code = sc_pg_sql(pg, &t->comments, err, "COMMENT ON COLUMN %S.%I IS %L; ", names->target, name, sc_buf_str(&comment));
  sc_buf_fini(&comment);
  return code;
}

static int collect_columns(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_metadata *metadata,
                           const struct sc_sample *sample, struct table_sql *t, struct sc_error *err) {
  int code = SC_OK;
  uint32_t keys = sc_sample_keys(sample);
  for (size_t i = 0; i < N_METADATA; i++) snprintf(t->used[t->n_used++], 64, "%s", metadata_columns[i].name);
  if (keys > SC_COLUMNS_MAX - N_METADATA) keys = SC_COLUMNS_MAX - N_METADATA;
  for (uint32_t i = 0; i < keys && !code; i++) code = add_payload(pg, names, t, sample, i, err);
  for (size_t i = 0; i < N_METADATA && !code; i++) {
    enum sc_role role = metadata_columns[i].role;
    bool numeric = role == SC_ROLE_SEQUENCE && metadata->sequence_is_numeric;
    if (wants(metadata, role))
      code = add_column(pg, t, metadata_columns[i].name, numeric ? "numeric" : metadata_columns[i].type, err);
  }
  if (code || t->n_columns) return code;
  sc_error_set(err, SC_E_NO_TARGET, "there is nothing to make columns of: the records sampled have no keys");
  sc_error_hint(err, "--metadata=shard,sequence,arrival gives the table columns; or make it yourself");
  return err->code;
}

static int run_make_table(struct sc_pg *pg, const struct sc_pg_names *names, const struct table_sql *t,
                          bool with_schema, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  int code = sc_pg_sql(pg, &sql, err, "BEGIN; SELECT pg_advisory_xact_lock(%D); ", sc_pg_names_lock_key("", "ddl"));
  if (!code && with_schema) code = sc_pg_sql(pg, &sql, err, "CREATE SCHEMA IF NOT EXISTS %I; ", names->schema);
  if (!code)
    code = sc_pg_sql(pg, &sql, err, "CREATE TABLE %S (%S); %S COMMIT", names->target, sc_buf_str(&t->columns),
                     sc_buf_str(&t->comments));
  if (!code) code = sc_pg_run(pg, sc_buf_str(&sql), SC_PG_QUERY, NULL, err);
  if (code) sc_pg_abandon(pg);
  sc_buf_fini(&sql);
  return code;
}

/* SC_OK also when somebody else made it in the meantime. */
static int make_table(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_metadata *metadata,
                      const struct sc_sample *sample, bool with_schema, struct sc_error *err) {
  struct table_sql t = {SC_BUF_INIT, SC_BUF_INIT, sc_alloc_zero(SC_COLUMNS_MAX + N_METADATA, 64), 0, 0};
  int code = collect_columns(pg, names, metadata, sample, &t, err);
  if (!code) code = run_make_table(pg, names, &t, with_schema, err);
  if (code && (!strcmp(err->sqlstate, "42P07") || !strncmp(err->sqlstate, "23", 2))) code = SC_OK;
  if (!code) sc_log(SC_INFO, "target table made", "table=%s columns=%zu", names->target, t.n_columns);
  sc_buf_fini(&t.columns);
  sc_buf_fini(&t.comments);
  free(t.used);
  return code;
}

/* ---- Describing it ---- */

struct description {
  struct pg_result *rows; /* a row a column; 0 when there is no table */
  bool schema_exists, table_exists;
  char kind;
  char *fingerprint;
};

static void forget_description(struct description *d) {
  sc_pg_result_free(d->rows);
  free(d->fingerprint);
  *d = (struct description){.rows = NULL};
}

static int describe_table(struct sc_pg *pg, const struct sc_pg_names *names, struct description *out,
                          struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  struct sc_pg_answer answer = {NULL, 0, ""};
  int code = sc_pg_sql(pg, &sql, err,
                       "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = %L), c.relkind, (" FINGERPRINT
                       ")"
                       " FROM (SELECT 1) one LEFT JOIN pg_class c ON c.oid = to_regclass(%L)",
                       names->schema, names->target, names->target);
  if (!code) code = sc_pg_run(pg, sc_buf_str(&sql), SC_PG_QUERY, &answer, err);
  if (!code) {
    const char *kind = sc_pg_value(answer.rows, 0, 1), *fingerprint = sc_pg_value(answer.rows, 0, 2);
    out->schema_exists = sc_pg_bool(answer.rows, 0, 0);
    out->table_exists = kind != NULL;
    out->kind = kind ? kind[0] : 0;
    out->fingerprint = sc_strdup(fingerprint ? fingerprint : "");
  }
  sc_pg_result_free(answer.rows);
  sc_buf_fini(&sql);
  return code;
}

static int describe_columns(struct sc_pg *pg, const struct sc_pg_names *names, struct description *out,
                            struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  struct sc_pg_answer answer = {NULL, 0, ""};
  int code = sc_pg_sql(
      pg, &sql, err,
      "SELECT a.attname, a.atttypid::bigint, a.atttypmod, a.attnotnull, to_jsonb(a) ->> 'attgenerated' <> '' OR"
      " to_jsonb(a) ->> 'attidentity' <> '', a.atthasdef, col_description(a.attrelid, a.attnum)"
      " FROM pg_attribute a WHERE a.attrelid = to_regclass(%L) AND a.attnum > 0 AND NOT a.attisdropped"
      " ORDER BY a.attnum",
      names->target);
  if (!code) code = sc_pg_run(pg, sc_buf_str(&sql), SC_PG_QUERY, &answer, err);
  out->rows = answer.rows;
  sc_buf_fini(&sql);
  return code;
}

/* Both in one snapshot, so that the fingerprint belongs to the columns. */
static int describe(struct sc_pg *pg, const struct sc_pg_names *names, struct description *out, struct sc_error *err) {
  *out = (struct description){.rows = NULL};
  int code = sc_pg_run(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", SC_PG_QUERY, NULL, err);
  if (!code) code = describe_table(pg, names, out, err);
  if (!code && out->table_exists) code = describe_columns(pg, names, out, err);
  if (!code) code = sc_pg_run(pg, "COMMIT", SC_PG_QUERY, NULL, err);
  if (!code) return SC_OK;
  sc_pg_abandon(pg);
  forget_description(out);
  return code;
}

static int check_kind(struct sc_pg *pg, const struct sc_pg_names *names, char kind, struct sc_error *err) {
  if (strchr("rpfv", kind)) return SC_OK;
  return sc_error_set(err, SC_E_NO_TARGET, "%s: %s is not a table", sc_pg_where(pg), names->target);
}

/* ---- The plan ---- */

static struct sc_slice key_of(const struct pg_result *rows, int i) {
  const char *comment = sc_pg_value(rows, i, DESCRIBED_COMMENT);
  if (comment && sc_slice_starts(sc_slice_str(comment), KEY_COMMENT))
    return sc_slice_str(comment + strlen(KEY_COMMENT));
  return sc_slice_str(sc_pg_value(rows, i, DESCRIBED_NAME));
}

static enum sc_role role_of(const char *name) {
  for (size_t i = 0; i < N_METADATA; i++) {
    if (!strcmp(name, metadata_columns[i].name)) return metadata_columns[i].role;
  }
  return SC_ROLE_PAYLOAD;
}

static bool sample_has(const struct sc_sample *sample, struct sc_slice key) {
  for (uint32_t i = 0; i < sc_sample_keys(sample); i++) {
    if (sc_slice_equals(sc_sample_key(sample, i), key)) return true;
  }
  return false;
}

static bool is_ambiguous(const struct pg_result *rows, int i) {
  bool metadata = role_of(sc_pg_value(rows, i, DESCRIBED_NAME)) != SC_ROLE_PAYLOAD;
  return sc_pg_bool(rows, i, DESCRIBED_DEFAULT) && !sc_pg_bool(rows, i, DESCRIBED_COMPUTED) && !metadata;
}

static void decide_defaults(const struct pg_result *rows, const struct sc_sample *sample,
                            struct sc_pg_defaults *defaults) {
  sc_pg_defaults_fini(defaults);
  defaults->filled = sc_alloc_zero((size_t)sc_pg_rows(rows) + 1, 64);
  defaults->decided = true;
  for (int i = 0; i < sc_pg_rows(rows); i++) {
    if (!is_ambiguous(rows, i) || !sample_has(sample, key_of(rows, i))) continue;
    snprintf(defaults->filled[defaults->n++], 64, "%s", sc_pg_value(rows, i, DESCRIBED_NAME));
  }
}

void sc_pg_defaults_fini(struct sc_pg_defaults *defaults) {
  free(defaults->filled);
  *defaults = (struct sc_pg_defaults){.filled = NULL};
}

static bool is_filled(const struct pg_result *rows, int i, const struct sc_pg_defaults *defaults) {
  const char *name = sc_pg_value(rows, i, DESCRIBED_NAME);
  uint32_t type = (uint32_t)sc_pg_int(rows, i, DESCRIBED_TYPE, 0);
  if (sc_pg_bool(rows, i, DESCRIBED_COMPUTED)) return false;
  if (role_of(name) != SC_ROLE_PAYLOAD) return sc_pg_type_fits(type, role_of(name));
  if (!is_ambiguous(rows, i)) return true;
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
static bool add_columns(struct sc_plan *plan, const struct pg_result *rows, const struct sc_pg_defaults *defaults,
                        bool payload) {
  bool binary = true;
  for (int i = 0; i < sc_pg_rows(rows); i++) {
    const char *name = sc_pg_value(rows, i, DESCRIBED_NAME);
    enum sc_role role = role_of(name);
    if ((role == SC_ROLE_PAYLOAD) != payload || !is_filled(rows, i, defaults)) continue;
    if (payload && has_key(plan, key_of(rows, i))) continue;
    struct sc_column *c = sc_plan_add(plan, sc_slice_str(name), role, key_of(rows, i));
    c->type = (uint32_t)sc_pg_int(rows, i, DESCRIBED_TYPE, 0);
    c->modifier = (int32_t)sc_pg_int(rows, i, DESCRIBED_MODIFIER, -1);
    c->not_null = sc_pg_bool(rows, i, DESCRIBED_NOT_NULL);
    c->shape = sc_pg_type_shape(c->type);
    binary = binary && sc_pg_type_is_binary(c->type);
  }
  return binary;
}

static int begin_statement(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_plan *plan, char kind,
                           bool text, struct sc_buf *sql, struct sc_error *err) {
  int code = SC_OK;
  if (strchr("rp", kind)) code = sc_pg_sql(pg, sql, err, "LOCK TABLE ONLY %S IN ROW EXCLUSIVE MODE; ", names->target);
  if (!code) code = sc_pg_sql(pg, sql, err, FINGERPRINT "; COPY %S (", names->target, names->target);
  for (uint32_t i = 0; i < plan->n_columns && !code; i++) {
    code = sc_pg_sql(pg, sql, err, "%S%I", i ? ", " : "", plan->columns[i].name);
  }
  if (!code) code = sc_pg_sql(pg, sql, err, ") FROM STDIN%S", text ? "" : " (FORMAT binary)");
  return code;
}

static int build_plan(struct sc_pg *pg, const struct sc_pg_names *names, struct description *d,
                      const struct sc_pg_defaults *defaults, uint32_t generation, struct sc_plan **out,
                      struct sc_error *err) {
  struct sc_plan *plan = sc_plan_new(generation, (uint32_t)sc_pg_rows(d->rows) + 1);
  struct sc_buf sql = SC_BUF_INIT;
  bool payload_is_binary = add_columns(plan, d->rows, defaults, true);
  bool text = !add_columns(plan, d->rows, defaults, false) || !payload_is_binary;
  int code = SC_OK;
  if (!plan->n_columns) {
    code = sc_error_set(err, SC_E_NO_TARGET, "%s: table %s has no column that can be filled", sc_pg_where(pg),
                        names->target);
  }
  if (!code) code = begin_statement(pg, names, plan, d->kind, text, &sql, err);
  if (!code) {
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
  return code;
}

int sc_pg_catalog_plan(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_metadata *metadata,
                       struct sc_pg_defaults *defaults, const struct sc_sample *sample, uint32_t generation,
                       struct sc_plan **out, struct sc_error *err) {
  struct description d;
  *out = NULL;
  int code = describe(pg, names, &d, err);
  if (!code && !d.table_exists && sample) {
    bool with_schema = !d.schema_exists;
    forget_description(&d);
    code = make_table(pg, names, metadata, sample, with_schema, err);
    if (!code) code = describe(pg, names, &d, err);
  }
  if (code) return code;
  if (d.table_exists) code = check_kind(pg, names, d.kind, err);
  bool ambiguous = false;
  for (int i = 0; i < sc_pg_rows(d.rows); i++) ambiguous = ambiguous || is_ambiguous(d.rows, i);
  if (sample && !defaults->decided) decide_defaults(d.rows, sample, defaults);
  bool ready = d.table_exists && (!ambiguous || defaults->decided);
  if (!code && ready) code = build_plan(pg, names, &d, defaults, generation, out, err);
  if (!code && ready) defaults->decided = true;
  forget_description(&d);
  return code;
}
