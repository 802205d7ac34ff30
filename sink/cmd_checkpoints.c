/* shardcopy checkpoints list TARGET: the positions stored in a PostgreSQL target, read-only. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/list.h"
#include "engine/program.h"
#include "engine/wait.h"
#include "sink/postgres/url.h"

int sc_cmd_checkpoints_list(struct sc_options *options, struct sc_error *err);

#define UTC(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

static const char *const headings[] = {"SCHEMA", "NAMESPACE",  "SHARD",      "SEQUENCE", "STATE",
                                       "EPOCH",  "READ UNTIL", "UPDATED AT", "OWNER",    "START"};
static const char *const keys[] = {"schema", "namespace",  "shard_id",   "sequence", "state",
                                   "epoch",  "read_until", "updated_at", "owner",    "start_at"};
#define N_COLUMNS (sizeof(keys) / sizeof(keys[0]))

/* Adds the rows of one schema's table. */
static int list_schema(struct sc_pg *pg, const char *schema, const char *name_space, struct sc_list *list,
                       struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_query(pg, &answer, err,
                       "SELECT %L, namespace, shard_id, sequence, CASE WHEN ended THEN 'ended' WHEN active AND owner"
                       " IS NOT NULL THEN 'active' ELSE 'idle' END, epoch, " UTC("read_until") ", " UTC(
                           "updated_at") ", owner, start_at FROM %I.kinesis_checkpoints"
                                         " WHERE namespace = coalesce(%L, namespace) ORDER BY namespace, shard_id",
                       schema, schema, name_space);
  for (int row = 0; row < sc_pg_rows(answer.rows); row++) {
    const char *cells[N_COLUMNS];
    for (size_t i = 0; i < N_COLUMNS; i++) cells[i] = sc_pg_value(answer.rows, row, (int)i);
    sc_list_add(list, cells);
  }
  sc_pg_result_free(answer.rows);
  return rc;
}

static int no_table(struct sc_pg *pg, const char *schema, struct sc_error *err) {
  return sc_error_fail(err, SC_E_NO_TARGET, "no load has written there yet; --checkpoint-schema names another schema",
                       "%s: no table %s%skinesis_checkpoints", sc_pg_where(pg), schema != NULL ? schema : "",
                       schema != NULL ? "." : "");
}

/* All schemas with a table of positions; only one when the user named it. */
static int list_all(struct sc_pg *pg, const char *schema, const char *name_space, struct sc_list *list,
                    struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_query(pg, &answer, err,
                       "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname"
                       " = 'kinesis_checkpoints' AND c.relkind IN ('r', 'p', 'v') AND n.nspname = coalesce(%L,"
                       " n.nspname) ORDER BY 1",
                       schema);
  if (rc == SC_OK && !sc_pg_rows(answer.rows)) rc = no_table(pg, schema, err);
  for (int row = 0; row < sc_pg_rows(answer.rows) && rc == SC_OK; row++) {
    rc = list_schema(pg, sc_pg_value(answer.rows, row, 0), name_space, list, err);
  }
  sc_pg_result_free(answer.rows);
  return rc;
}

/* The schema the user named, by option or in front of the URL's table; "" without. */
static int find_schema(const struct sc_options *options, const char *table, char schema[64], struct sc_error *err) {
  const char *given = sc_options_text(options, SC_OPT_CHECKPOINT_SCHEMA);
  char name[64];
  schema[0] = 0;
  if (given != NULL) {
    snprintf(schema, 64, "%s", given);
    return SC_OK;
  }
  return table != NULL ? sc_pg_url_table(table, schema, name, err) : SC_OK;
}

static int connect_and_list(const struct sc_options *options, const struct sc_pg_settings *settings, const char *schema,
                            struct sc_error *err) {
  struct sc_pg *pg = NULL;
  struct sc_list list;
  bool json = !strcmp(sc_options_text(options, SC_OPT_LIST_FORMAT), "json");
  sc_list_init(&list, headings, keys, N_COLUMNS, json);
  int rc = sc_pg_connect(settings, "shardcopy checkpoints", &sc_wait, &pg, err);
  if (rc == SC_OK) rc = list_all(pg, schema[0] ? schema : NULL, sc_options_text(options, SC_OPT_NAMESPACE), &list, err);
  if (rc == SC_OK) rc = sc_list_write(&list, err);
  sc_list_fini(&list);
  sc_pg_close(pg);
  return rc;
}

int sc_cmd_checkpoints_list(struct sc_options *options, struct sc_error *err) {
  const char *url = sc_options_argument(options, 0);
  struct sc_pg_settings settings;
  char schema[64];
  char *table = NULL;
  if (!sc_pg_url_claims(url))
    return sc_error_fail(err, SC_E_USAGE, "shardcopy checkpoints list postgresql://user@host/db",
                         "only a PostgreSQL target keeps positions");
  int rc = sc_pg_url_parse(url, options, &settings, &table, err);
  if (rc != SC_OK) return rc;
  rc = find_schema(options, table, schema, err);
  if (rc == SC_OK) rc = connect_and_list(options, &settings, schema, err);
  free(table);
  sc_pg_settings_fini(&settings);
  return rc;
}
