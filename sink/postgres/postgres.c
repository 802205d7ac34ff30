/* The PostgreSQL sink: the functions of sink.h over the modules of this folder. */
#include "sink/postgres/postgres.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/batch.h"
#include "engine/program.h"
#include "engine/source.h"
#include "engine/wait.h"
#include "sink/postgres/alter.h"
#include "sink/postgres/catalog.h"
#include "sink/postgres/copy.h"
#include "sink/postgres/dead.h"
#include "sink/postgres/defaults.h"
#include "sink/postgres/examine.h"
#include "sink/postgres/lock.h"
#include "sink/postgres/pooler.h"
#include "sink/postgres/positions.h"
#include "sink/postgres/pushed.h"
#include "sink/postgres/state.h"
#include "sink/postgres/url.h"

struct sc_sink {
  struct sc_pg_settings settings;
  char schema[64], table[64], checkpoint_schema[64];
  char *name_space;
  char *description;
  struct sc_pg_layout layout;
  bool async, allow_unlogged, fills_identity, renamed;
  pthread_mutex_t mutex; /* of the three below, which the first session sets once */
  bool named;
  bool ascii_only;
  struct sc_pg_names names;
  struct sc_pg_by_position by_position; /* control's */
  struct sc_pg_schema changes;          /* control's */
  struct sc_pg_lock lock;               /* control's */
  _Atomic(const char *) newest;         /* fingerprint of the newest plan; plans live longer than sessions */
};

struct sc_session {
  struct sc_sink *sink;
  struct sc_pg *pg;
  const struct sc_plan *plan;        /* of the COPY that is open; NULL without one */
  uint16_t left_out;                 /* of its rows; kept from the first push to the finish */
  uint64_t rows;                     /* pushed into it */
  uint64_t rows_before;              /* pushed into COPYs that ended by themselves since the caller's began */
  const struct sc_plan *pushed_plan; /* of the rows pushed since the last finish; NULL: none */
  struct sc_pg_pushed pushed;        /* those rows, when the plan leaves columns to the server */
  bool savepoint;
  bool has_state;   /* a transaction that made sure of its table is committed */
  char durable[16]; /* synchronous_commit of the last commit; "" when the session's own does */
};

static struct sc_pg_target target_of(struct sc_session *s) {
  struct sc_sink *p = s->sink;
  return (struct sc_pg_target){.pg = s->pg,
                               .names = &p->names,
                               .layout = &p->layout,
                               .schema = &p->changes,
                               .by_position = &p->by_position,
                               .allow_unlogged = p->allow_unlogged,
                               .fills_identity = p->fills_identity};
}

/* ---- The sink ---- */

static void sink_close(struct sc_sink *p) {
  if (p == NULL) return;
  sc_pg_settings_fini(&p->settings);
  sc_pg_names_fini(&p->names);
  sc_pg_by_position_fini(&p->by_position);
  sc_pg_schema_fini(&p->changes);
  pthread_mutex_destroy(&p->mutex);
  free(p->name_space);
  free(p->description);
  free(p);
}

static const char *setting_or(const struct sc_pg_settings *settings, const char *keyword, const char *fallback,
                              char **owned) {
  const char *value = sc_pg_settings_get(settings, keyword);
  *owned = value != NULL ? NULL : sc_pg_settings_fallback(keyword);
  return value != NULL ? value : *owned ? *owned : fallback;
}

static char *make_description(const struct sc_sink *p) {
  char *free_host, *free_database, *free_user;
  struct sc_buf out = SC_BUF_INIT;
  const char *host = setting_or(&p->settings, "host", "(local socket)", &free_host);
  const char *user = setting_or(&p->settings, "user", "(default)", &free_user);
  const char *database = setting_or(&p->settings, "dbname", user, &free_database);
  sc_buf_printf(&out, "table %s%s%s on host %s, database %s, user %s", p->schema, p->schema[0] ? "." : "", p->table,
                host, database, user);
  free(free_host);
  free(free_database);
  free(free_user);
  return out.ptr;
}

static int read_table(struct sc_sink *p, const char *text, const char *stream_name, struct sc_error *err) {
  if (text == NULL && strlen(stream_name) >= sizeof(p->table))
    return sc_error_fail(err, SC_E_CONFIG, "name the table with --table=NAME",
                         "the stream's name is too long for a table's (63 bytes): %.128s", stream_name);
  if (text == NULL) snprintf(p->table, sizeof(p->table), "%s", stream_name);
  int rc = text != NULL ? sc_pg_url_table(text, p->schema, p->table, err) : SC_OK;
  if (rc != SC_OK || !sc_pg_names_is_own(p->table)) return rc;
  return sc_error_fail(err, SC_E_CONFIG, "name another table with --table=NAME",
                       "%s is a table of shardcopy itself: it cannot be the target", p->table);
}

static int read_options(struct sc_sink *p, const struct sc_options *o, const char *stream_name, struct sc_error *err) {
  const char *checkpoint_schema = sc_options_text(o, SC_OPT_CHECKPOINT_SCHEMA),
             *name_space = sc_options_text(o, SC_OPT_NAMESPACE);
  struct sc_columns_settings columns = sc_columns_settings(o);
  p->allow_unlogged = sc_options_flag(o, SC_OPT_ALLOW_UNLOGGED);
  p->fills_identity = !strcmp(sc_options_text(o, SC_OPT_IDENTITY), "from-record");
  p->renamed = sc_options_flag(o, SC_OPT_RENAME_TABLE) && !sc_options_flag(o, SC_OPT_DRY_RUN);
  p->async = !strcmp(sc_options_text(o, SC_OPT_COMMIT), "async");
  p->name_space = sc_strdup(name_space != NULL ? name_space : stream_name);
  if (checkpoint_schema != NULL && strlen(checkpoint_schema) >= sizeof(p->checkpoint_schema)) {
    return sc_error_set(err, SC_E_USAGE, "--checkpoint-schema is longer than 63 bytes");
  }
  snprintf(p->checkpoint_schema, sizeof(p->checkpoint_schema), "%s",
           checkpoint_schema != NULL ? checkpoint_schema : "");
  sc_pg_schema_init(&p->changes, sc_options_text(o, SC_OPT_UNKNOWN_KEYS), sc_options_text(o, SC_OPT_ON_TYPE_CHANGE),
                    sc_options_flag(o, SC_OPT_INFER_TIMESTAMPS), columns.max);
  int rc = read_table(p, sc_options_text(o, SC_OPT_TABLE), stream_name, err);
  if (rc != SC_OK) return rc;
  return sc_pg_layout_parse(columns.mode, sc_options_text(o, SC_OPT_METADATA), sc_options_is_set(o, SC_OPT_METADATA),
                            sc_options_text(o, SC_OPT_LIKE), &p->layout, err);
}

static int sink_open(const char *url, struct sc_options *options, const char *stream_name, struct sc_sink **out,
                     struct sc_error *err) {
  struct sc_sink *p = sc_alloc_zero(1, sizeof(*p));
  *out = NULL;
  pthread_mutex_init(&p->mutex, NULL);
  int rc = sc_pg_url_parse(url, options, &p->settings, NULL, err);
  if (rc == SC_OK) rc = read_options(p, options, stream_name, err);
  if (rc != SC_OK) {
    sink_close(p);
    return rc;
  }
  p->description = make_description(p);
  *out = p;
  return SC_OK;
}

static const char *sink_describe(const struct sc_sink *p) { return p->description; }

/* ---- Sessions ---- */

/* Settings that a role or a database may have changed in a way that breaks a load. TimeZone is UTC, so that binary and
 * text COPY read a time without an offset alike. array_nulls: a shard without a position is a NULL in an array.
 * exit_on_error: a row that is refused would end the session. The keep-alives of the server's side end the session of a
 * client that vanished; its locks would stay otherwise. */
static void add_settings(struct sc_buf *sql, int version, bool writes) {
  static const struct {
    int since;
    const char *sql;
  } newer[] = {{120000, "; SET tcp_user_timeout = '60s'"},
               {140000, "; SET idle_session_timeout = 0; SET client_connection_check_interval = '5s'"},
               {170000, "; SET transaction_timeout = 0"}};
  sc_buf_printf(
      sql,
      "SELECT current_setting('synchronous_commit'); SET client_min_messages = warning; SET "
      "standard_conforming_strings = on;"
      " SET lock_timeout = '30s'; SET statement_timeout = '%s'; SET idle_in_transaction_session_timeout = '15min';"
      " SET default_transaction_isolation = 'read committed'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD';"
      " SET IntervalStyle = 'postgres'; SET array_nulls = on; SET exit_on_error = off;"
      " SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3",
      writes ? "0" : "60s");
  for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++) {
    if (version >= newer[i].since) sc_buf_add_str(sql, newer[i].sql);
  }
}

static int settle(struct sc_session *s, bool writes, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  struct sc_pg_answer answer = {NULL, 0, ""};
  add_settings(&sql, sc_pg_server_version(s->pg), writes);
  if (writes && s->sink->async) sc_buf_add_str(&sql, "; SET synchronous_commit = off");
  int rc = sc_pg_run(s->pg, sc_buf_str(&sql), SC_PG_QUERY, &answer, err);
  const char *synchronous = rc != SC_OK ? "" : sc_pg_value(answer.rows, 0, 0);
  bool is_off = rc == SC_OK && !strcmp(synchronous, "off");
  if (rc == SC_OK && writes && s->sink->async)
    snprintf(s->durable, sizeof(s->durable), "%s", is_off ? "on" : synchronous);
  else if (is_off) rc = sc_pg_run(s->pg, "SET synchronous_commit = on", SC_PG_QUERY, NULL, err);
  sc_pg_result_free(answer.rows);
  sc_buf_fini(&sql);
  return rc;
}

static int name_once(struct sc_sink *p, struct sc_pg *pg, struct sc_error *err) {
  int rc = SC_OK;
  pthread_mutex_lock(&p->mutex);
  if (!p->named) {
    const char *encoding = sc_pg_parameter(pg, "server_encoding");
    p->ascii_only = encoding != NULL && strcmp(encoding, "UTF8") != 0;
    rc = sc_pg_names_make(pg, p->schema, p->table, p->checkpoint_schema, p->name_space, &p->names, err);
    p->named = rc == SC_OK;
  }
  pthread_mutex_unlock(&p->mutex);
  return rc;
}

static void session_close(struct sc_session *s) {
  if (s == NULL) return;
  sc_pg_close(s->pg);
  sc_pg_pushed_fini(&s->pushed);
  free(s);
}

/* The first session finds out for all. */
static int check_pooler_once(struct sc_session *s, const char *application, const struct sc_wait *wait,
                             struct sc_error *err) {
  struct sc_sink *p = s->sink;
  int rc = SC_OK;
  pthread_mutex_lock(&p->mutex);
  if (!p->named) rc = sc_pg_pooler_check(s->pg, &p->settings, application, wait, err);
  pthread_mutex_unlock(&p->mutex);
  return rc;
}

static int session_open(struct sc_sink *sink, const char *role, const struct sc_wait *wait, struct sc_session **out,
                        struct sc_error *err) {
  struct sc_session *s = sc_alloc_zero(1, sizeof(*s));
  char application[64], *owned;
  *out = NULL;
  s->sink = sink;
  sc_pg_names_application(setting_or(&sink->settings, "application_name", sink->name_space, &owned), role, application);
  free(owned);
  int rc = sc_pg_connect(&s->sink->settings, application, wait, &s->pg, err);
  if (rc == SC_OK) rc = check_pooler_once(s, application, wait, err);
  if (rc == SC_OK) rc = settle(s, sc_slice_starts(sc_slice_str(role), "write"), err);
  if (rc == SC_OK) rc = name_once(s->sink, s->pg, err);
  if (rc != SC_OK) session_close(s);
  else *out = s;
  return rc;
}

/* ---- Positions and table: handed on ---- */

static int examine(struct sc_session *s, struct sc_examine *x, struct sc_error *err) {
  return sc_pg_examine(s->pg, &s->sink->names, x, err);
}
static int prepare(struct sc_session *s, struct sc_error *err) {
  return sc_pg_positions_prepare(s->pg, &s->sink->names, err);
}
static int lock(struct sc_session *s, bool take_over, struct sc_error *err) {
  return sc_pg_lock_take(s->pg, &s->sink->names, take_over, &s->sink->lock, err);
}
static int check_lock(struct sc_session *s, struct sc_error *err) {
  return sc_pg_lock_check(s->pg, &s->sink->names, err);
}
static int survey(struct sc_session *s, struct sc_survey *out, struct sc_error *err) {
  return sc_pg_positions_survey(s->pg, &s->sink->names, s->sink->renamed, out, err);
}
static int forget(struct sc_session *s, struct sc_error *err) {
  int rc = sc_pg_positions_forget(s->pg, &s->sink->names, err);
  return rc == SC_OK ? sc_pg_state_forget(s->pg, &s->sink->names, err) : rc;
}
static int add_shards(struct sc_session *s, const struct sc_stream_identity *identity,
                      const struct sc_position_row *rows, size_t n, struct sc_error *err) {
  return n ? sc_pg_positions_add(s->pg, &s->sink->names, identity, rows, n, err) : SC_OK;
}
static int release(struct sc_session *s, const struct sc_commit_row *rows, size_t n, struct sc_error *err) {
  return n ? sc_pg_positions_release(s->pg, &s->sink->names, rows, n, err) : SC_OK;
}
static int take(struct sc_session *s, const char *const *shard_ids, size_t n, struct sc_taken *out,
                struct sc_error *err) {
  return n ? sc_pg_positions_take(s->pg, &s->sink->names, shard_ids, n, out, err) : SC_OK;
}
static int peek(struct sc_session *s, const char *const *shard_ids, size_t n, struct sc_taken *out,
                struct sc_error *err) {
  return n ? sc_pg_positions_peek(s->pg, &s->sink->names, shard_ids, n, out, err) : SC_OK;
}
static int propose(struct sc_session *s, const struct sc_sample *sample, struct sc_proposal *out,
                   struct sc_error *err) {
  struct sc_pg_target t = target_of(s);
  return sc_pg_catalog_propose(&t, sample, out, err);
}
static int make_plan(struct sc_session *s, const struct sc_sample *sample, uint32_t generation, struct sc_plan **out,
                     struct sc_error *err) {
  struct sc_pg_target t = target_of(s);
  int rc = sc_pg_catalog_plan(&t, sample, generation, out, err);
  if (rc == SC_OK && *out != NULL)
    atomic_store(&s->sink->newest, ((const struct sc_pgcopy *)(*out)->sink)->fingerprint);
  return rc;
}
static int alter(struct sc_session *s, const struct sc_sample *requests, struct sc_error *err) {
  struct sc_pg_target t = target_of(s);
  return sc_pg_alter(&t, requests, err);
}

static bool encode_dead(const struct sc_sink *p, const struct sc_dead_letter *letter, struct sc_block *block) {
  return sc_pg_dead_encode(&p->names, p->ascii_only, letter, block);
}

/* ---- Writing ---- */

static const struct sc_pgcopy *copy_of(const struct sc_plan *plan) { return plan->sink; }

static void forget_pushed(struct sc_session *s) {
  s->rows_before = s->rows = 0;
  s->pushed_plan = NULL;
  s->pushed.n = 0;
}

static int begin(struct sc_session *s, struct sc_error *err) {
  SC_ASSERT(s->plan == NULL);
  s->savepoint = false;
  forget_pushed(s);
  return sc_pg_run(s->pg, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", SC_PG_QUERY, NULL, err);
}

/* Ends the COPY that is open. The plan is forgotten first: whatever the outcome, no COPY is open afterwards. */
static int close_copy(struct sc_session *s, struct sc_error *err) {
  bool text = copy_of(s->plan)->text;
  s->plan = NULL;
  int rc = text ? SC_OK : sc_pg_copy_put(s->pg, sc_pgcopy_trailer, sizeof(sc_pgcopy_trailer), err);
  return rc != SC_OK ? rc : sc_pg_copy_end(s->pg, false, err);
}

static int table_changed(struct sc_session *s, struct sc_error *err) {
  int rc = sc_pg_copy_end(s->pg, true, err);
  if (rc != SC_OK) return rc;
  return sc_error_set(err, SC_E_PLAN, "%s: the columns of table %s are no longer what they were", sc_pg_where(s->pg),
                      s->sink->names.target);
}

/* Whether these are the columns that the plan was made for. Columns that this load has added behind them do not matter,
 * since the COPY names its own. */
static bool is_as_planned(struct sc_session *s, const struct sc_pgcopy *copy, const char *fingerprint) {
  const char *newest = atomic_load(&s->sink->newest);
  size_t len = strlen(copy->fingerprint);
  if (fingerprint == NULL) return false;
  if (!strcmp(fingerprint, copy->fingerprint)) return true;
  return newest != NULL && !strcmp(fingerprint, newest) && !strncmp(fingerprint, copy->fingerprint, len) &&
         fingerprint[len] == ',';
}

static int open_copy(struct sc_session *s, const struct sc_plan *plan, struct sc_error *err) {
  const struct sc_pgcopy *copy = copy_of(plan);
  struct sc_pg_answer answer;
  struct sc_buf sql = SC_BUF_INIT;
  sc_pgcopy_begin_sql(copy, s->left_out, &sql);
  int rc = sc_pg_copy_begin(s->pg, sc_buf_str(&sql), &answer, err);
  sc_buf_fini(&sql);
  if (rc != SC_OK) return rc;
  const char *fingerprint = sc_pg_rows(answer.rows) ? sc_pg_value(answer.rows, 0, 0) : NULL;
  bool same = is_as_planned(s, copy, fingerprint);
  sc_pg_result_free(answer.rows);
  if (!same) return table_changed(s, err);
  s->plan = plan;
  s->rows = 0;
  return copy->text ? SC_OK : sc_pg_copy_put(s->pg, sc_pgcopy_header, sizeof(sc_pgcopy_header), err);
}

/* The server sent something during the COPY. Only the end of the COPY shows what it was. When it was no error, the next
 * push opens another COPY; rows_before lets refusal count on from the rows of this one. */
static int listen_to_server(struct sc_session *s, struct sc_error *err) {
  int rc = close_copy(s, err);
  if (rc == SC_OK) s->rows_before += s->rows;
  return rc;
}

static int put_rows(struct sc_session *s, const struct sc_block *block, uint32_t first, uint32_t end,
                    struct sc_error *err) {
  int rc = s->plan == NULL ? open_copy(s, block->plan, err) : SC_OK;
  if (rc != SC_OK) return rc;
  struct sc_slice tuples = sc_block_slice(block, first, end);
  s->rows += end - first;
  rc = sc_pg_copy_put(s->pg, tuples.ptr, tuples.len, err);
  if (rc == SC_OK && sc_pg_copy_suspect(s->pg)) rc = listen_to_server(s, err);
  return rc;
}

/* The rows of the range that leave out what the COPY does. */
static int put_kind(struct sc_session *s, const struct sc_row_range *r, struct sc_error *err) {
  int rc = SC_OK;
  for (uint32_t first = r->first, end; rc == SC_OK; first = end) {
    end = sc_pg_pushed_run(r->block, s->left_out, &first, r->end);
    if (first == end) break;
    rc = put_rows(s, r->block, first, end, err);
  }
  return rc;
}

/* A COPY for each kind of rows but the one that has gone. */
static int put_other_kinds(struct sc_session *s, struct sc_error *err) {
  uint16_t gone = s->left_out;
  int rc = SC_OK;
  for (uint32_t kind = sc_pg_pushed_next(&s->pushed, -1); kind != UINT32_MAX && rc == SC_OK;
       kind = sc_pg_pushed_next(&s->pushed, (int32_t)kind)) {
    if (kind == gone) continue;
    s->left_out = (uint16_t)kind;
    s->rows_before = 0;
    for (size_t i = 0; i < s->pushed.n && rc == SC_OK; i++) rc = put_kind(s, &s->pushed.ranges[i], err);
    if (rc == SC_OK && s->plan != NULL) rc = close_copy(s, err);
  }
  return rc;
}

static int finish(struct sc_session *s, struct sc_error *err) {
  int rc = s->plan != NULL ? close_copy(s, err) : SC_OK;
  if (rc == SC_OK) rc = put_other_kinds(s, err);
  if (rc == SC_OK && s->pushed_plan != NULL) rc = sc_pg_defaults_move(s->pg, copy_of(s->pushed_plan), err);
  if (rc == SC_OK) forget_pushed(s);
  return rc;
}

static int push(struct sc_session *s, const struct sc_row_range *range, struct sc_error *err) {
  const struct sc_plan *plan = range->block->plan;
  SC_ASSERT(plan != NULL && range->first < range->end && (s->pushed_plan == NULL || s->pushed_plan == plan));
  if (s->pushed_plan == NULL) s->left_out = range->block->rows[range->first].left_out;
  s->pushed_plan = plan;
  if (copy_of(plan)->left_out == 0) return put_rows(s, range->block, range->first, range->end, err);
  sc_pg_pushed_add(&s->pushed, range);
  return put_kind(s, range, err);
}

static int put_dead(struct sc_session *s, const char *dead, size_t len, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  int rc = sc_pg_sql(s->pg, &sql, err, "COPY %S (" SC_PG_DEAD_COLUMNS ") FROM STDIN (FORMAT binary)",
                     s->sink->names.dead_letters);
  if (rc == SC_OK) rc = sc_pg_copy_begin(s->pg, sc_buf_str(&sql), NULL, err);
  if (rc == SC_OK) rc = sc_pg_copy_put(s->pg, sc_pgcopy_header, sizeof(sc_pgcopy_header), err);
  if (rc == SC_OK) rc = sc_pg_copy_put(s->pg, dead, len, err);
  if (rc == SC_OK) rc = sc_pg_copy_put(s->pg, sc_pgcopy_trailer, sizeof(sc_pgcopy_trailer), err);
  if (rc == SC_OK) rc = sc_pg_copy_end(s->pg, false, err);
  sc_buf_fini(&sql);
  return rc;
}

static int push_dead(struct sc_session *s, const char *dead, size_t len, struct sc_error *err) {
  int rc = finish(s, err);
  if (rc != SC_OK || !len) return rc;
  rc = put_dead(s, dead, len, err);
  if (rc == SC_OK || (err->class != SC_CLASS_ROW && rc != SC_E_PLAN)) return rc;
  err->code = SC_E_DB_REFUSED; /* a dead letter that is refused cannot become a dead letter */
  sc_error_as(err, sc_error_class_of(SC_E_DB_REFUSED));
  sc_error_prefix(err, "table %s", s->sink->names.dead_letters);
  return err->code;
}

static int commit(struct sc_session *s, const struct sc_commit *c, struct sc_error *err) {
  SC_ASSERT(s->plan == NULL);
  const char *synchronous = c->is_last && s->durable[0] ? s->durable : NULL;
  int rc =
      c->n_states == 0 ? SC_OK : sc_pg_state_write(s->pg, &s->sink->names, c->states, c->n_states, s->has_state, err);
  if (rc == SC_OK) rc = sc_pg_positions_commit(s->pg, &s->sink->names, c->rows, c->n, synchronous, err);
  if (rc == SC_OK && c->n_states > 0) s->has_state = true;
  return rc;
}

static int rollback(struct sc_session *s, struct sc_error *err) {
  int rc = s->plan != NULL ? sc_pg_copy_end(s->pg, true, err) : SC_OK;
  s->plan = NULL;
  s->savepoint = false;
  forget_pushed(s);
  if (rc != SC_OK || !sc_pg_in_transaction(s->pg)) return rc;
  return sc_pg_run(s->pg, "ROLLBACK", SC_PG_QUERY, NULL, err);
}

static int savepoint(struct sc_session *s, struct sc_error *err) {
  SC_ASSERT(s->plan == NULL);
  const char *sql = s->savepoint ? "RELEASE SAVEPOINT shardcopy; SAVEPOINT shardcopy"
                                 : "SET CONSTRAINTS ALL IMMEDIATE; SAVEPOINT shardcopy";
  int rc = sc_pg_run(s->pg, sql, SC_PG_COPY, NULL, err);
  s->savepoint = s->savepoint || rc == SC_OK;
  return rc;
}

static int back_to_savepoint(struct sc_session *s, struct sc_error *err) {
  int rc = s->plan != NULL ? sc_pg_copy_end(s->pg, true, err) : SC_OK;
  s->plan = NULL;
  forget_pushed(s);
  SC_ASSERT(s->savepoint);
  return rc != SC_OK ? rc : sc_pg_run(s->pg, "ROLLBACK TO SAVEPOINT shardcopy", SC_PG_QUERY, NULL, err);
}

static bool refusal(const struct sc_session *s, uint32_t nth, struct sc_refusal *out) {
  const struct sc_pg_diagnosis *d = sc_pg_diagnosis(s->pg);
  char column[64], text[700];
  unsigned long long line = sc_pg_context_line(d->context, s->sink->names.table, column);
  bool name_it = column[0] && strstr(d->message, column) == NULL;
  *out = (struct sc_refusal){.row_known = line >= 1 && line <= s->rows};
  if (out->row_known) out->row = s->rows_before + line - 1;
  if (out->row_known && s->pushed.n > 0)
    out->row_known = sc_pg_pushed_row(&s->pushed, s->left_out, out->row, &out->row);
  snprintf(out->code, sizeof(out->code), "%s", d->sqlstate);
  /* "Key (id)=(5) already exists." says what the message doesn't; that of other constraints repeats the row. */
  bool key = !strcmp(d->sqlstate, "23505") || !strcmp(d->sqlstate, "23503") || !strcmp(d->sqlstate, "23P01");
  snprintf(text, sizeof(text), "%s%s%s%s%s%s", name_it ? "column \"" : "", name_it ? column : "", name_it ? "\": " : "",
           d->message, key && d->detail[0] ? ": " : "", key ? d->detail : "");
  snprintf(out->text, sizeof(out->text), "%.249s", text);
  return nth == 0;
}

static int ready(const struct sc_session *s, short *events) {
  *events = POLLIN;
  return sc_pg_socket(s->pg);
}

static int check(struct sc_session *s, struct sc_error *err) {
  int rc = sc_pg_copy_poll(s->pg, err);
  return rc == SC_OK && s->plan != NULL && sc_pg_copy_suspect(s->pg) ? listen_to_server(s, err) : rc;
}

static const struct sc_rows_ops rows_ops = {.encode = sc_pgcopy_encode,
                                            .encode_dead = encode_dead,
                                            .begin = begin,
                                            .push = push,
                                            .finish = finish,
                                            .push_dead = push_dead,
                                            .commit = commit,
                                            .rollback = rollback,
                                            .savepoint = savepoint,
                                            .back_to_savepoint = back_to_savepoint,
                                            .refusal = refusal,
                                            .ready = ready,
                                            .check = check};
static const struct sc_positions_ops positions_ops = {.prepare = prepare,
                                                      .lock = lock,
                                                      .check_lock = check_lock,
                                                      .survey = survey,
                                                      .forget = forget,
                                                      .add_shards = add_shards,
                                                      .release = release,
                                                      .take = take,
                                                      .peek = peek};
static const struct sc_schema_ops schema_ops = {.make_plan = make_plan, .alter = alter, .propose = propose};

const struct sc_sink_ops sc_sink_postgres = {.name = "postgresql",
                                             .caps = {.positions = SC_POSITIONS_WITH_ROWS, .replays = true},
                                             .rows = &rows_ops,
                                             .positions = &positions_ops,
                                             .schema = &schema_ops,
                                             .claims = sc_pg_url_claims,
                                             .open = sink_open,
                                             .close = sink_close,
                                             .describe = sink_describe,
                                             .session_open = session_open,
                                             .session_close = session_close,
                                             .examine = examine};
