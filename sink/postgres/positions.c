#include "sink/postgres/positions.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/source.h"

#define TAKE_GRACE_MS 3000
#define TAKE_LIMIT_MS 30000

/* SQL fragments: a time as epoch ms, and back. */
#define AS_MS(column) "(extract(epoch FROM " column ") * 1000)::bigint"
#define FROM_MS(value) "timestamptz 'epoch' + nullif(" value ", 0) * interval '1 millisecond'"

/* ---- Arrays ---- */

static void next_element(struct sc_buf *array) { sc_buf_add_char(array, array->len ? ',' : '{'); }

void sc_pg_array_add(struct sc_buf *array, struct sc_slice element) {
  next_element(array);
  sc_buf_add_char(array, '"');
  for (size_t i = 0; i < element.len; i++) {
    if (element.ptr[i] == '"' || element.ptr[i] == '\\') sc_buf_add_char(array, '\\');
    sc_buf_add_char(array, element.ptr[i]);
  }
  sc_buf_add_char(array, '"');
}

void sc_pg_array_add_null(struct sc_buf *array) {
  next_element(array);
  sc_buf_add_str(array, "NULL");
}

void sc_pg_array_add_int(struct sc_buf *array, int64_t value) {
  next_element(array);
  sc_buf_printf(array, "%lld", (long long)value);
}

void sc_pg_array_end(struct sc_buf *array) { sc_buf_add_str(array, array->len ? "}" : "{}"); }

static void add_sequence(struct sc_buf *array, const struct sc_sequence *sequence) {
  if (sequence->len) sc_pg_array_add(array, sc_sequence_view(sequence));
  else sc_pg_array_add_null(array);
}

/* The column counts parts from 0; NULL is the whole record. */
static void add_part(struct sc_buf *array, const struct sc_sequence *sequence) {
  if (sequence->part != 0) sc_pg_array_add_int(array, (int64_t)sequence->part - 1);
  else sc_pg_array_add_null(array);
}

/* ---- Tables ---- */

static const char checkpoints_ddl[] =
    "CREATE TABLE IF NOT EXISTS %S ("
    "namespace text NOT NULL, shard_id text NOT NULL, sequence text, sub_sequence bigint,"
    " active boolean DEFAULT true, ended boolean NOT NULL DEFAULT false, epoch bigint NOT NULL DEFAULT 0, owner text,"
    " lease_until timestamptz, start_at text NOT NULL DEFAULT 'trim-horizon', read_until timestamptz, stream_arn text,"
    " stream_created timestamptz, parents text[], table_name text, updated_at timestamptz DEFAULT CURRENT_TIMESTAMP,"
    " PRIMARY KEY (namespace, shard_id))"
    " WITH (fillfactor = 40, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1,"
    " autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_threshold = 1000);";

static const char dead_letters_ddl[] =
    "CREATE TABLE IF NOT EXISTS %S ("
    "namespace text NOT NULL, table_name text NOT NULL, shard_id text NOT NULL, sequence text NOT NULL, sub_sequence "
    "bigint,"
    " partition_key text, arrival_time timestamptz, failed_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,"
    " sqlstate text, reason text, data bytea);";

/* tables: both are there, with the column that older versions did not make. */
static int exists_already(struct sc_pg *pg, const struct sc_pg_names *names, bool *schema, bool *tables,
                          struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_query(pg, &answer, err,
                       "SELECT to_regnamespace(quote_ident(%L)) IS NOT NULL, to_regclass(%L) IS NOT NULL AND "
                       "EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(%L) AND attname = 'table_name')",
                       names->checkpoint_schema, names->dead_letters, names->checkpoints);
  if (rc != SC_OK) return rc;
  *schema = sc_pg_bool(answer.rows, 0, 0);
  *tables = sc_pg_bool(answer.rows, 0, 1);
  sc_pg_result_free(answer.rows);
  return SC_OK;
}

static int make_tables(struct sc_pg *pg, const struct sc_pg_names *names, bool with_schema, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  int rc = sc_pg_sql(pg, &sql, err, "BEGIN; SELECT pg_advisory_xact_lock(%D);", sc_pg_names_lock_key("", "ddl"));
  if (rc == SC_OK && with_schema)
    rc = sc_pg_sql(pg, &sql, err, "CREATE SCHEMA IF NOT EXISTS %I;", names->checkpoint_schema);
  if (rc == SC_OK) rc = sc_pg_sql(pg, &sql, err, checkpoints_ddl, names->checkpoints);
  if (rc == SC_OK)
    rc = sc_pg_sql(pg, &sql, err, "ALTER TABLE %S ADD COLUMN IF NOT EXISTS table_name text;", names->checkpoints);
  if (rc == SC_OK) rc = sc_pg_sql(pg, &sql, err, dead_letters_ddl, names->dead_letters);
  if (rc == SC_OK) rc = sc_pg_query(pg, NULL, err, "%S COMMIT", sc_buf_str(&sql));
  if (rc != SC_OK) sc_pg_abandon(pg);
  sc_buf_fini(&sql);
  return rc;
}

int sc_pg_positions_prepare(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err) {
  bool schema = false, tables = false;
  int rc = exists_already(pg, names, &schema, &tables, err);
  if (rc == SC_OK && !tables) rc = make_tables(pg, names, !schema, err);
  /* Another program's DDL at the same moment: what it made is there now, and IF NOT EXISTS takes it. */
  if (rc != SC_OK && sc_pg_is_duplicate(err)) rc = make_tables(pg, names, true, err);
  return rc;
}

/* ---- Survey, forget, add, release ---- */

static void copy_id(char *out, const char *text) { snprintf(out, 129, "%s", text != NULL ? text : ""); }

static void read_survey(const struct pg_result *rows, const char *target, struct sc_survey *out) {
  int n = sc_pg_rows(rows);
  out->shards = sc_alloc_zero((size_t)n + 1, sizeof(*out->shards));
  for (int i = 0; i < n; i++) {
    struct sc_stored *s = &out->shards[out->n++];
    copy_id(s->id, sc_pg_value(rows, i, 0));
    copy_id(s->parents[0], sc_pg_value(rows, i, 1));
    copy_id(s->parents[1], sc_pg_value(rows, i, 2));
    s->ended = sc_pg_bool(rows, i, 3);
    const char *arn = sc_pg_value(rows, i, 4);
    if (arn != NULL) snprintf(out->stream_arn, sizeof(out->stream_arn), "%s", arn);
    int64_t created = sc_pg_int(rows, i, 5, 0), updated = sc_pg_int(rows, i, 7, 0);
    if (created) out->stream_created_ms = created;
    const char *table = sc_pg_value(rows, i, 8);
    if (table != NULL && strcmp(table, target) != 0) snprintf(out->other_table, sizeof(out->other_table), "%s", table);
    out->has_records = out->has_records || sc_pg_bool(rows, i, 6);
    if (updated > out->newest_updated_ms) out->newest_updated_ms = updated;
  }
}

static int rename_table(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err) {
  return sc_pg_query(pg, NULL, err, "UPDATE %S SET table_name = %L WHERE namespace = %L", names->checkpoints,
                     names->target, names->name_space);
}

/* A load that writes nothing may find the table without the column that its own version makes. */
static int query_survey(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_pg_answer *answer,
                        struct sc_error *err) {
  return sc_pg_query(pg, answer, err,
                     "SELECT shard_id, parents[1], parents[2], ended, stream_arn, " AS_MS(
                         "stream_created") ", sequence IS NOT NULL, " AS_MS("updated_at")
                     ", to_jsonb(c) ->> 'table_name' FROM %S c WHERE namespace = %L ORDER BY shard_id",
                     names->checkpoints, names->name_space);
}

int sc_pg_positions_survey(struct sc_pg *pg, const struct sc_pg_names *names, bool renamed, struct sc_survey *out,
                           struct sc_error *err) {
  struct sc_pg_answer answer;
  *out = (struct sc_survey){.n = 0};
  int rc = sc_pg_query(pg, &answer, err, "SELECT to_regclass(%L) IS NOT NULL, to_regclass(%L) IS NOT NULL",
                       names->target, names->checkpoints);
  if (rc != SC_OK) return rc;
  bool stores = sc_pg_bool(answer.rows, 0, 1);
  out->table_exists = sc_pg_bool(answer.rows, 0, 0);
  sc_pg_result_free(answer.rows);
  if (!stores) return SC_OK;
  if (renamed) rc = rename_table(pg, names, err);
  if (rc != SC_OK) return rc;
  rc = query_survey(pg, names, &answer, err);
  if (rc == SC_OK) read_survey(answer.rows, names->target, out);
  sc_pg_result_free(answer.rows);
  return rc;
}

int sc_pg_positions_forget(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err) {
  return sc_pg_query(pg, NULL, err, "DELETE FROM %S WHERE namespace = %L", names->checkpoints, names->name_space);
}

static void end_arrays(struct sc_buf *arrays, size_t n) {
  for (size_t i = 0; i < n; i++) sc_pg_array_end(&arrays[i]);
}

static void free_arrays(struct sc_buf *arrays, size_t n) {
  for (size_t i = 0; i < n; i++) sc_buf_fini(&arrays[i]);
}

int sc_pg_positions_add(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_stream_identity *identity,
                        const struct sc_position_row *rows, size_t n, struct sc_error *err) {
  enum { IDS, FIRST, SECOND, STARTS, N };
  struct sc_buf a[N] = {SC_BUF_INIT};
  for (size_t i = 0; i < n; i++) {
    char start[160];
    sc_position_format(&rows[i].start, start);
    sc_pg_array_add(&a[IDS], sc_slice_str(rows[i].shard_id));
    sc_pg_array_add(&a[FIRST], sc_slice_str(rows[i].parents[0]));
    sc_pg_array_add(&a[SECOND], sc_slice_str(rows[i].parents[1]));
    sc_pg_array_add(&a[STARTS], sc_slice_str(start));
  }
  end_arrays(a, N);
  int rc = sc_pg_query(pg, NULL, err,
                       "INSERT INTO %S (namespace, table_name, shard_id, start_at, stream_arn, stream_created, parents)"
                       " SELECT %L, %L, w.shard_id, w.start_at, nullif(%L, ''), " FROM_MS("%D::bigint")
                       ", array_remove(ARRAY[w.first, w.second], '')"
                       " FROM unnest(%L::text[], %L::text[], %L::text[], %L::text[])"
                       " AS w(shard_id, first, second, start_at) ON CONFLICT (namespace, shard_id) DO NOTHING",
                       names->checkpoints, names->name_space, names->target, identity->arn, identity->created_ms,
                       a[IDS].ptr,
                       a[FIRST].ptr, a[SECOND].ptr, a[STARTS].ptr);
  free_arrays(a, N);
  return rc;
}

int sc_pg_positions_release(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_commit_row *rows,
                            size_t n, struct sc_error *err) {
  struct sc_buf ids = SC_BUF_INIT, epochs = SC_BUF_INIT;
  for (size_t i = 0; i < n; i++) {
    sc_pg_array_add(&ids, sc_slice_str(rows[i].shard_id));
    sc_pg_array_add_int(&epochs, rows[i].epoch);
  }
  sc_pg_array_end(&ids);
  sc_pg_array_end(&epochs);
  int rc = sc_pg_query(
      pg, NULL, err,
      "WITH held AS MATERIALIZED (SELECT shard_id FROM %S WHERE namespace = %L AND shard_id = ANY(%L::text[])"
      " ORDER BY shard_id FOR UPDATE)"
      " UPDATE %S c SET active = false, owner = NULL, lease_until = NULL, updated_at = clock_timestamp()"
      " FROM unnest(%L::text[], %L::bigint[]) AS w(shard_id, epoch), held"
      " WHERE c.namespace = %L AND c.shard_id = w.shard_id AND held.shard_id = w.shard_id AND c.epoch = w.epoch",
      names->checkpoints, names->name_space, ids.ptr, names->checkpoints, ids.ptr, epochs.ptr, names->name_space);
  sc_buf_fini(&ids);
  sc_buf_fini(&epochs);
  return rc;
}

/* ---- Take ---- */

static int read_sequence(const char *text, struct sc_taken *out, struct sc_error *err) {
  out->sequence.len = 0;
  if (text == NULL) return SC_OK;
  if (sc_sequence_parse(sc_slice_str(text), &out->sequence) && sc_slice_is(sc_sequence_view(&out->sequence), text))
    return SC_OK;
  return sc_error_fail(err, SC_E_POSITIONS, "--restart forgets the positions of this load",
                       "the stored position of shard %s is no sequence number: \"%.140s\"", out->shard_id, text);
}

static int read_taken(const struct pg_result *rows, int row, struct sc_taken *out, struct sc_error *err) {
  *out = (struct sc_taken){.epoch = sc_pg_int(rows, row, 1, 0)};
  copy_id(out->shard_id, sc_pg_value(rows, row, 0));
  int rc = read_sequence(sc_pg_value(rows, row, 2), out, err);
  if (rc != SC_OK) return rc;
  const char *start = sc_pg_value(rows, row, 3);
  out->sequence.part = (uint32_t)(sc_pg_int(rows, row, 6, -1) + 1);
  if (out->sequence.len) {
    out->start = (struct sc_position){.start = SC_START_AFTER, .sequence = out->sequence};
  } else if (start == NULL || !sc_position_parse(start, &out->start)) {
    return sc_error_fail(err, SC_E_POSITIONS, "--restart forgets the positions of this load",
                         "the stored start of shard %s is not understood: \"%.140s\"", out->shard_id,
                         start != NULL ? start : "");
  }
  out->read_until_ms = sc_pg_int(rows, row, 4, 0);
  out->ended = sc_pg_bool(rows, row, 5);
  return SC_OK;
}

/* Rows come in the order of ordinality, which is that of shard_ids. */
static int read_all_taken(const struct pg_result *rows, const char *const *shard_ids, size_t n, struct sc_taken *out,
                          struct sc_error *err) {
  for (size_t i = 0; i < n; i++) {
    const char *id = (int)i < sc_pg_rows(rows) ? sc_pg_value(rows, (int)i, 0) : NULL;
    if (id == NULL || strcmp(id, shard_ids[i]) != 0)
      return sc_error_fail(err, SC_E_POSITIONS, "did somebody delete it? --restart begins anew",
                           "the row of shard %s is gone from kinesis_checkpoints", shard_ids[i]);
    int rc = read_taken(rows, (int)i, &out[i], err);
    if (rc != SC_OK) return rc;
  }
  return SC_OK;
}

static void add_ids(struct sc_buf *array, const char *const *shard_ids, size_t n) {
  for (size_t i = 0; i < n; i++) sc_pg_array_add(array, sc_slice_str(shard_ids[i]));
  sc_pg_array_end(array);
}

int sc_pg_positions_peek(struct sc_pg *pg, const struct sc_pg_names *names, const char *const *shard_ids, size_t n,
                         struct sc_taken *out, struct sc_error *err) {
  struct sc_buf ids = SC_BUF_INIT;
  struct sc_pg_answer answer;
  add_ids(&ids, shard_ids, n);
  int rc = sc_pg_query(
      pg, &answer, err,
      "SELECT c.shard_id, c.epoch, c.sequence, c.start_at, " AS_MS("c.read_until") ", c.ended, c.sub_sequence"
      " FROM unnest(%L::text[]) WITH ORDINALITY AS w(shard_id, place) JOIN %S c ON c.shard_id = w.shard_id"
      " WHERE c.namespace = %L ORDER BY w.place",
      ids.ptr, names->checkpoints, names->name_space);
  if (rc == SC_OK) rc = read_all_taken(answer.rows, shard_ids, n, out, err);
  sc_pg_result_free(answer.rows);
  sc_buf_fini(&ids);
  return rc;
}

static int take_statement(struct sc_pg *pg, const struct sc_pg_names *names, const char *ids, struct sc_buf *sql,
                          struct sc_error *err) {
  char worker[64], owner[96];
  sc_pg_names_worker(worker);
  snprintf(owner, sizeof(owner), "%s/%d", worker, sc_pg_backend_pid(pg));
  return sc_pg_sql(pg, sql, err,
                   "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '500ms';"
                   " WITH held AS MATERIALIZED (SELECT shard_id FROM %S WHERE namespace = %L"
                   " AND shard_id = ANY(%L::text[]) ORDER BY shard_id FOR UPDATE),"
                   " taken AS (UPDATE %S c SET epoch = c.epoch + 1, table_name = %L, owner = %L, active = NOT c.ended,"
                   " updated_at = clock_timestamp()"
                   " FROM held WHERE c.namespace = %L AND c.shard_id = held.shard_id RETURNING c.*)"
                   " SELECT t.shard_id, t.epoch, t.sequence, t.start_at, " AS_MS("t.read_until")
                   ", t.ended, t.sub_sequence"
                   " FROM unnest(%L::text[]) WITH ORDINALITY AS w(shard_id, place)"
                   " JOIN taken t ON t.shard_id = w.shard_id ORDER BY w.place; COMMIT",
                   names->checkpoints, names->name_space, ids, names->checkpoints, names->target, owner,
                   names->name_space, ids);
}

/* Ends the backends that the rows name as owner and that hold locks on the table: sessions of this load that were cut
 * off in the middle of a commit. */
static int end_owners(struct sc_pg *pg, const struct sc_pg_names *names, const char *ids, struct sc_error *err) {
  return sc_pg_query(
      pg, NULL, err,
      "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a"
      " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.application_name LIKE 'shardcopy %%'"
      " AND a.pid IN (SELECT substring(c.owner FROM '/([0-9]+)$')::int FROM %S c"
      " WHERE c.namespace = %L AND c.shard_id = ANY(%L::text[]))"
      " AND EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.granted AND l.relation = to_regclass(%L)"
      " AND l.mode IN ('RowShareLock', 'RowExclusiveLock'))",
      names->checkpoints, names->name_space, ids, names->checkpoints);
}

/* Tries again while the rows are locked. A transaction in doubt gets TAKE_GRACE_MS to end by itself, since its commit
 * may be on its way to the disk; after that its backend is ended. lock_timeout bounds each try, so that a stop is
 * noticed. */
static int take_rows(struct sc_pg *pg, const struct sc_pg_names *names, const char *ids, const char *statement,
                     struct sc_pg_answer *answer, struct sc_error *err) {
  int64_t begun = sc_clock_mono_ms();
  for (;;) {
    int rc = sc_pg_run(pg, statement, SC_PG_QUERY, answer, err);
    if (rc == SC_OK) return SC_OK;
    sc_pg_abandon(pg);
    int64_t waited = sc_clock_mono_ms() - begun;
    if (strcmp(err->sqlstate, "55P03") != 0 || waited > TAKE_LIMIT_MS) return rc;
    rc = waited > TAKE_GRACE_MS ? end_owners(pg, names, ids, err) : SC_OK;
    if (rc == SC_OK) rc = sc_pg_sleep(pg, 20, err);
    if (rc != SC_OK) return rc;
  }
}

int sc_pg_positions_take(struct sc_pg *pg, const struct sc_pg_names *names, const char *const *shard_ids, size_t n,
                         struct sc_taken *out, struct sc_error *err) {
  struct sc_buf ids = SC_BUF_INIT, sql = SC_BUF_INIT;
  struct sc_pg_answer answer = {NULL, 0, ""};
  add_ids(&ids, shard_ids, n);
  int rc = take_statement(pg, names, ids.ptr, &sql, err);
  if (rc == SC_OK) rc = take_rows(pg, names, ids.ptr, sc_buf_str(&sql), &answer, err);
  if (rc == SC_OK) rc = read_all_taken(answer.rows, shard_ids, n, out, err);
  sc_pg_result_free(answer.rows);
  sc_buf_fini(&ids);
  sc_buf_fini(&sql);
  return rc;
}

/* ---- Commit ---- */

enum { IDS, EPOCHS, PREVIOUS, PREVIOUS_SUB, SEQUENCES, SUB, ENDED, READ_UNTIL, N_ARRAYS };

static void collect_rows(const struct sc_commit_row *rows, size_t n, struct sc_buf *a) {
  for (size_t i = 0; i < n; i++) {
    SC_ASSERT(i == 0 || strcmp(rows[i - 1].shard_id, rows[i].shard_id) != 0);
    SC_ASSERT(rows[i].epoch > 0 && rows[i].previous != NULL && rows[i].sequence != NULL);
    sc_pg_array_add(&a[IDS], sc_slice_str(rows[i].shard_id));
    sc_pg_array_add_int(&a[EPOCHS], rows[i].epoch);
    add_sequence(&a[PREVIOUS], rows[i].previous);
    add_part(&a[PREVIOUS_SUB], rows[i].previous);
    add_sequence(&a[SEQUENCES], rows[i].sequence);
    add_part(&a[SUB], rows[i].sequence);
    sc_pg_array_add(&a[ENDED], sc_slice_str(rows[i].ended ? "t" : "f"));
    sc_pg_array_add_int(&a[READ_UNTIL], rows[i].read_until_ms);
  }
  end_arrays(a, N_ARRAYS);
}

/* The rows are locked in shard order first, so that two loads that commit the same shards do not deadlock. The division
 * by zero fails the transaction unless all rows matched. */
static int commit_statement(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_buf *a, size_t n,
                            const char *synchronous, struct sc_buf *sql, struct sc_error *err) {
  return sc_pg_sql(
      pg, sql, err,
      "SET LOCAL lock_timeout = '10s';"
      " SELECT set_config('synchronous_commit', coalesce(%L, current_setting('synchronous_commit')), true);"
      " SELECT count(*) FROM (SELECT 1 FROM %S WHERE namespace = %L AND shard_id = ANY(%L::text[])"
      " ORDER BY shard_id FOR UPDATE) l;"
      " WITH changed AS (UPDATE %S c SET sequence = w.sequence, sub_sequence = w.sub,"
      " ended = w.ended, active = NOT w.ended, updated_at = clock_timestamp(),"
      " read_until = coalesce(" FROM_MS("w.read_until")
      ", c.read_until)"
      " FROM unnest(%L::text[], %L::bigint[], %L::text[], %L::bigint[], %L::text[], %L::bigint[], %L::bool[],"
      " %L::bigint[]) AS w(shard_id, epoch, previous, previous_sub, sequence, sub, ended, read_until)"
      " WHERE c.namespace = %L AND c.shard_id = w.shard_id AND c.epoch = w.epoch"
      " AND c.sequence IS NOT DISTINCT FROM w.previous AND c.sub_sequence IS NOT DISTINCT FROM w.previous_sub"
      " RETURNING 1)"
      " SELECT 1 / (count(*) = %D)::int FROM changed; COMMIT",
      synchronous, names->checkpoints, names->name_space, a[IDS].ptr, names->checkpoints, a[IDS].ptr, a[EPOCHS].ptr,
      a[PREVIOUS].ptr, a[PREVIOUS_SUB].ptr, a[SEQUENCES].ptr, a[SUB].ptr, a[ENDED].ptr, a[READ_UNTIL].ptr,
      names->name_space, (int64_t)n);
}
#define STATEMENTS_BEFORE_COMMIT 4

/* An error of a statement before the COMMIT means that nothing was committed. One of the COMMIT itself leaves that open
 * unless it refused a row, and the take has to find out. */
static int explain_failure(struct sc_pg *pg, int succeeded, int rc, struct sc_error *err) {
  if (rc == SC_E_STOPPED || rc == SC_E_DEADLINE || sc_pg_is_lost(pg) || rc == SC_E_DB_LOST) return rc;
  if (succeeded >= STATEMENTS_BEFORE_COMMIT) {
    if (err->class != SC_CLASS_ROW)
      sc_error_set(err, SC_E_DB_LOST, "%s: the commit failed: %s", sc_pg_where(pg), sc_pg_diagnosis(pg)->message);
    return err->code;
  }
  char message[300];
  snprintf(message, sizeof(message), "%s", sc_pg_diagnosis(pg)->message);
  bool mismatch = !strcmp(sc_pg_diagnosis(pg)->sqlstate, "22012");
  sc_error_set(err, SC_E_FENCED, "%s: %s", sc_pg_where(pg),
               mismatch ? "the positions are no longer as this load left them: another load took the shards" : message);
  snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", sc_pg_diagnosis(pg)->sqlstate);
  return err->code;
}

int sc_pg_positions_commit(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_commit_row *rows,
                           size_t n, const char *synchronous, struct sc_error *err) {
  struct sc_buf a[N_ARRAYS] = {SC_BUF_INIT};
  struct sc_buf sql = SC_BUF_INIT;
  struct sc_pg_answer answer = {NULL, 0, ""};
  SC_ASSERT(sc_pg_is_lost(pg) || sc_pg_in_transaction(pg));
  collect_rows(rows, n, a);
  int rc = commit_statement(pg, names, a, n, synchronous, &sql, err);
  if (rc == SC_OK) {
    rc = sc_pg_run(pg, sc_buf_str(&sql), SC_PG_COMMIT, &answer, err);
    if (rc != SC_OK) rc = explain_failure(pg, answer.succeeded, rc, err);
    else if (strcmp(answer.tag, "COMMIT") != 0)
      rc = sc_error_set(err, SC_E_DB_LOST, "%s: COMMIT answered %s", sc_pg_where(pg), answer.tag);
  }
  sc_pg_result_free(answer.rows);
  free_arrays(a, N_ARRAYS);
  sc_buf_fini(&sql);
  return rc;
}
