#include "sink/postgres/conn.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/wait.h"

#define CHUNK_BYTES ((size_t)128 << 10)
#define CONNECT_MS 10000
#define WAIT_MS 60000
#define SETTINGS_MAX 64

struct sc_pg {
  PGconn *conn;
  struct sc_wait wait;
  char where[256];
  uint64_t notices;
  bool suspect; /* input came during a COPY that is no notice */
  struct sc_pg_diagnosis diagnosis;
};

/* ---- Settings ---- */

int sc_pg_settings_parse(const char *url, struct sc_pg_settings *out, struct sc_error *err) {
  *out = (struct sc_pg_settings){NULL, 0};
  PQconninfoOption *all = PQconninfoParse(url, NULL);
  if (all == NULL)
    return sc_error_fail(err, SC_E_USAGE,
                         "postgresql://USER@HOST:PORT/DATABASE; in user and password write %40 for @, %3A for :, %2F "
                         "for /, %25 for %",
                         "the database URL is malformed");
  out->items = sc_alloc_zero(SETTINGS_MAX, sizeof(*out->items));
  for (PQconninfoOption *o = all; o->keyword != NULL && out->n < SETTINGS_MAX; o++) {
    if (o->val == NULL) continue;
    out->items[out->n++] = (struct sc_pg_setting){sc_strdup(o->keyword), sc_strdup(o->val)};
  }
  PQconninfoFree(all);
  return SC_OK;
}

void sc_pg_settings_fini(struct sc_pg_settings *settings) {
  for (size_t i = 0; i < settings->n; i++) {
    explicit_bzero(settings->items[i].value, strlen(settings->items[i].value));
    free(settings->items[i].keyword);
    free(settings->items[i].value);
  }
  free(settings->items);
  *settings = (struct sc_pg_settings){NULL, 0};
}

const char *sc_pg_settings_get(const struct sc_pg_settings *settings, const char *keyword) {
  for (size_t i = 0; i < settings->n; i++) {
    if (!strcmp(settings->items[i].keyword, keyword)) return settings->items[i].value;
  }
  return NULL;
}

char *sc_pg_settings_fallback(const char *keyword) {
  PQconninfoOption *all = PQconndefaults();
  char *value = NULL;
  for (PQconninfoOption *o = all; o != NULL && o->keyword != NULL && value == NULL; o++) {
    if (!strcmp(o->keyword, keyword) && o->val != NULL) value = sc_strdup(o->val);
  }
  PQconninfoFree(all);
  return value;
}

bool sc_pg_settings_knows(const char *keyword) {
  if (!strcmp(keyword, "ssl")) return true; /* JDBC's, which libpq's URLs take too */
  PQconninfoOption *all = PQconndefaults();
  bool known = false;
  for (PQconninfoOption *o = all; o != NULL && o->keyword != NULL && !known; o++) known = !strcmp(o->keyword, keyword);
  PQconninfoFree(all);
  return known;
}

/* ---- Errors ---- */

static void copy_text(char *out, size_t cap, const char *text) { snprintf(out, cap, "%s", text != NULL ? text : ""); }

/* libpq's message in one line, without LOCATION and trailing white space. */
static void flatten(const char *message, char *out, size_t cap) {
  size_t n = 0;
  for (const char *p = message != NULL ? message : ""; *p && n + 3 < cap;) {
    const char *end = strchrnul(p, '\n');
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    if (end > p && strncmp(p, "LOCATION:", 9) != 0) {
      int wrote = snprintf(out + n, cap - n, "%s%.*s", n ? "; " : "", (int)(end - p), p);
      n = wrote < (int)(cap - n) ? n + (size_t)wrote : cap - 1;
    }
    p = *end ? end + 1 : end;
  }
  while (n && (out[n - 1] == ' ' || out[n - 1] == '\n')) n--;
  out[n] = 0;
}

static int lost(struct sc_pg *pg, struct sc_error *err) {
  char message[400];
  flatten(PQerrorMessage(pg->conn), message, sizeof(message));
  message[strcspn(message, ";")] = 0; /* what it "probably means" says nothing more */
  pg->diagnosis.sqlstate[0] = 0;
  return sc_error_set(err, SC_E_DB_LOST, "%s: %s", pg->where, message[0] ? message : "connection lost");
}

static int fail(struct sc_pg *pg, const PGresult *res, enum sc_pg_phase phase, struct sc_error *err) {
  struct sc_pg_diagnosis *d = &pg->diagnosis;
  copy_text(d->sqlstate, sizeof(d->sqlstate), PQresultErrorField(res, PG_DIAG_SQLSTATE));
  if (!d->sqlstate[0] && PQstatus(pg->conn) == CONNECTION_BAD) return lost(pg, err);
  copy_text(d->message, sizeof(d->message), PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
  copy_text(d->detail, sizeof(d->detail), PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL));
  copy_text(d->context, sizeof(d->context), PQresultErrorField(res, PG_DIAG_CONTEXT));
  copy_text(d->column, sizeof(d->column), PQresultErrorField(res, PG_DIAG_COLUMN_NAME));
  if (!d->message[0]) flatten(PQresultErrorMessage(res), d->message, sizeof(d->message));
  int rc = PQstatus(pg->conn) == CONNECTION_BAD ? SC_E_DB_LOST : sc_pg_classify(d->sqlstate, phase);
  sc_error_set(err, rc, "%s: %s (SQLSTATE %s)", pg->where, d->message, d->sqlstate[0] ? d->sqlstate : "unknown");
  copy_text(err->sqlstate, sizeof(err->sqlstate), d->sqlstate);
  sc_pg_hint(err, d->sqlstate, phase);
  return rc;
}

const struct sc_pg_diagnosis *sc_pg_diagnosis(const struct sc_pg *pg) { return &pg->diagnosis; }

/* ---- Waiting ---- */

/* Waits however long the server takes: keep-alives and the server's own timeouts tell the dead from the slow. */
static int wait_for(struct sc_pg *pg, short events, struct sc_error *err) {
  int rc;
  do {
    rc = pg->wait.wait(pg->wait.arg, PQsocket(pg->conn), events, WAIT_MS);
  } while (rc == SC_E_DEADLINE);
  if (rc != SC_OK) sc_error_set(err, rc, "interrupted while waiting for %s", pg->where);
  return rc;
}

int sc_pg_sleep(struct sc_pg *pg, int ms, struct sc_error *err) {
  int rc = pg->wait.wait(pg->wait.arg, -1, 0, ms);
  if (rc == SC_OK || rc == SC_E_DEADLINE) return SC_OK;
  return sc_error_set(err, rc, "interrupted while waiting for %s", pg->where);
}

static bool is_readable(const struct sc_pg *pg) {
  struct pollfd p = {.fd = PQsocket(pg->conn), .events = POLLIN};
  return poll(&p, 1, 0) > 0;
}

/* Reads what the server sent during a COPY. Notices are counted by their receiver; anything else is most likely an
 * error. */
static int read_during_copy(struct sc_pg *pg, struct sc_error *err) {
  if (!is_readable(pg)) return SC_OK;
  uint64_t notices = pg->notices;
  if (!PQconsumeInput(pg->conn)) return lost(pg, err);
  PQisBusy(pg->conn); /* parses, so that notices reach the receiver */
  if (pg->notices == notices) pg->suspect = true;
  return SC_OK;
}

static int flush(struct sc_pg *pg, struct sc_error *err) {
  for (;;) {
    int left = PQflush(pg->conn);
    if (left < 0) return lost(pg, err);
    if (!left) return SC_OK;
    int rc = wait_for(pg, POLLIN | POLLOUT, err);
    if (rc == SC_OK) rc = read_during_copy(pg, err);
    if (rc != SC_OK) return rc;
  }
}

/* The next result, NULL when the message is done. */
static int next_result(struct sc_pg *pg, PGresult **out, struct sc_error *err) {
  *out = NULL;
  int rc = flush(pg, err);
  while (rc == SC_OK && PQisBusy(pg->conn)) {
    rc = wait_for(pg, POLLIN, err);
    if (rc == SC_OK && !PQconsumeInput(pg->conn)) break; /* PQgetResult says what the server's last words were */
  }
  if (rc == SC_OK) *out = PQgetResult(pg->conn);
  return rc;
}

/* ---- Connecting ---- */

static void count_notice(void *arg, const PGresult *res) {
  (void)res;
  ((struct sc_pg *)arg)->notices++;
}

struct pairs {
  const char *keywords[SETTINGS_MAX + 16];
  const char *values[SETTINGS_MAX + 16];
  size_t n;
};

static void add_pair(struct pairs *p, const char *keyword, const char *value) {
  p->keywords[p->n] = keyword;
  p->values[p->n++] = value;
}

static void collect(const struct sc_pg_settings *settings, const char *application_name, struct pairs *p) {
  static const char *const defaults[][2] = {{"keepalives", "1"},
                                            {"keepalives_idle", "10"},
                                            {"keepalives_interval", "5"},
                                            {"keepalives_count", "3"},
                                            {"tcp_user_timeout", "30000"}};
  *p = (struct pairs){.n = 0};
  SC_ASSERT(settings->n <= SETTINGS_MAX);
  for (size_t i = 0; i < settings->n; i++) {
    const char *keyword = settings->items[i].keyword;
    if (!strcmp(keyword, "application_name") || !strcmp(keyword, "client_encoding")) continue;
    add_pair(p, keyword, settings->items[i].value);
  }
  for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
    if (sc_pg_settings_get(settings, defaults[i][0]) == NULL) add_pair(p, defaults[i][0], defaults[i][1]);
  }
  add_pair(p, "application_name", application_name);
  add_pair(p, "client_encoding", "UTF8");
}

/* The SQLSTATE in a message of verbosity VERBOSE, "FATAL:  28P01: password ...": libpq keeps no result of a start-up
 * that could be asked for the field. Returns the words behind it, NULL without. */
static const char *state_in(const char *message, char out[6]) {
  static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const char *p = strstr(message, ":  "); p != NULL; p = strstr(p + 1, ":  ")) {
    if (strspn(p + 3, allowed) != 5 || p[8] != ':') continue;
    memcpy(out, p + 3, 5);
    out[5] = 0;
    return p + 9;
  }
  out[0] = 0;
  return NULL;
}

static int connect_failed(struct sc_pg *pg, struct sc_error *err) {
  const char *message = PQerrorMessage(pg->conn);
  char state[6], text[400];
  const char *words = state_in(message, state);
  flatten(words != NULL ? words : message, text, sizeof(text));
  bool no_password = PQconnectionNeedsPassword(pg->conn);
  int rc = no_password ? SC_E_AUTH : sc_pg_classify(state, SC_PG_CONNECT);
  sc_error_set(err, rc, "cannot connect to %s: %s", pg->where, text);
  copy_text(err->sqlstate, sizeof(err->sqlstate), state);
  if (no_password) sc_error_hint(err, "give the password in PGPASSWORD, ~/.pgpass or the URL");
  else sc_pg_hint(err, state, SC_PG_CONNECT);
  return rc;
}

static void name_place(struct sc_pg *pg, const struct sc_pg_settings *settings) {
  const char *host = PQhost(pg->conn), *user = PQuser(pg->conn), *database = PQdb(pg->conn), *port = PQport(pg->conn);
  if (host == NULL || !host[0]) host = sc_pg_settings_get(settings, "host");
  snprintf(pg->where, sizeof(pg->where), "database %s on host %s:%s as user %s",
           database != NULL && database[0] ? database : "(default)", host != NULL && host[0] ? host : "(local socket)",
           port != NULL ? port : "", user != NULL && user[0] ? user : "(default)");
}

static int poll_connection(struct sc_pg *pg, int64_t deadline_ms, struct sc_error *err) {
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    int64_t left = deadline_ms - sc_clock_mono_ms();
    short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    int rc = left > 0 ? pg->wait.wait(pg->wait.arg, PQsocket(pg->conn), events, (int)left) : SC_E_DEADLINE;
    if (rc == SC_E_DEADLINE) {
      sc_error_set(err, SC_E_DB_LOST, "cannot connect to %s: no answer in time", pg->where);
      sc_pg_hint(err, "", SC_PG_CONNECT);
      return err->code;
    }
    if (rc != SC_OK) return sc_error_set(err, rc, "interrupted while connecting to %s", pg->where);
    state = PQconnectPoll(pg->conn);
  }
  return state == PGRES_POLLING_OK ? SC_OK : connect_failed(pg, err);
}

static int64_t connect_timeout_ms(const struct sc_pg_settings *settings) {
  const char *seconds = sc_pg_settings_get(settings, "connect_timeout");
  long long value = seconds != NULL ? strtoll(seconds, NULL, 10) : 0;
  int64_t each = value > 0 && value < 3600 ? value * 1000 : CONNECT_MS, hosts = 1;
  for (const char *p = sc_pg_settings_get(settings, "host"); p != NULL && *p; p++) hosts += *p == ',';
  return each * hosts;
}

int sc_pg_connect(const struct sc_pg_settings *settings, const char *application_name, const struct sc_wait *wait,
                  struct sc_pg **out, struct sc_error *err) {
  struct sc_pg *pg = sc_alloc_zero(1, sizeof(*pg));
  struct pairs pairs;
  *out = NULL;
  pg->wait = *wait;
  collect(settings, application_name, &pairs);
  pg->conn = PQconnectStartParams(pairs.keywords, pairs.values, 0);
  if (pg->conn == NULL) abort();
  name_place(pg, settings);
  PQsetNoticeReceiver(pg->conn, count_notice, pg);
  PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
  int rc = PQstatus(pg->conn) == CONNECTION_BAD
               ? connect_failed(pg, err)
               : poll_connection(pg, sc_clock_mono_ms() + connect_timeout_ms(settings), err);
  if (rc == SC_OK) {
    name_place(pg, settings);
    PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
    if (PQsetnonblocking(pg->conn, 1)) rc = lost(pg, err);
  }
  if (rc != SC_OK) sc_pg_close(pg);
  else *out = pg;
  return rc;
}

void sc_pg_close(struct sc_pg *pg) {
  if (pg == NULL) return;
  PQfinish(pg->conn);
  free(pg);
}

const char *sc_pg_where(const struct sc_pg *pg) { return pg->where; }
int sc_pg_socket(const struct sc_pg *pg) { return PQsocket(pg->conn); }
int sc_pg_backend_pid(const struct sc_pg *pg) { return PQbackendPID(pg->conn); }
int sc_pg_server_version(const struct sc_pg *pg) { return PQserverVersion(pg->conn); }
bool sc_pg_is_lost(const struct sc_pg *pg) { return PQstatus(pg->conn) == CONNECTION_BAD; }
bool sc_pg_in_transaction(const struct sc_pg *pg) {
  PGTransactionStatusType t = PQtransactionStatus(pg->conn);
  return t == PQTRANS_INTRANS || t == PQTRANS_INERROR;
}
const char *sc_pg_parameter(const struct sc_pg *pg, const char *name) { return PQparameterStatus(pg->conn, name); }

/* ---- Statements ---- */

static int add_quoted(struct sc_pg *pg, struct sc_buf *out, char kind, const char *text, struct sc_error *err) {
  if (text == NULL) {
    sc_buf_add_str(out, "NULL");
    return SC_OK;
  }
  size_t len = strlen(text);
  char *quoted = kind == 'I' ? PQescapeIdentifier(pg->conn, text, len) : PQescapeLiteral(pg->conn, text, len);
  if (quoted == NULL) return sc_error_set(err, SC_E_CONFIG, "%s: a name is not valid UTF-8", pg->where);
  sc_buf_add_str(out, quoted);
  PQfreemem(quoted);
  return SC_OK;
}

static int add_sql(struct sc_pg *pg, struct sc_buf *out, struct sc_error *err, const char *fmt, va_list args) {
  int rc = SC_OK;
  for (const char *p = fmt; *p && rc == SC_OK; p++) {
    const char *percent = strchrnul(p, '%');
    sc_buf_add(out, p, (size_t)(percent - p));
    if (!*percent) break;
    p = percent + 1;
    if (*p == 'I' || *p == 'L') rc = add_quoted(pg, out, *p, va_arg(args, const char *), err);
    else if (*p == 'S') sc_buf_add_str(out, va_arg(args, const char *));
    else if (*p == 'D') sc_buf_printf(out, "%lld", (long long)va_arg(args, int64_t));
    else if (*p == '%') sc_buf_add_char(out, '%');
    else SC_ASSERT(!"a conversion sc_pg_sql knows");
  }
  return rc;
}

int sc_pg_sql(struct sc_pg *pg, struct sc_buf *out, struct sc_error *err, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  int rc = add_sql(pg, out, err, fmt, args);
  va_end(args);
  return rc;
}

/* Puts one result into the answer. rc is that of the results before it: the first error of a message counts, since
 * those behind it follow from it. */
static int take_result(struct sc_pg *pg, PGresult *res, enum sc_pg_phase phase, struct sc_pg_answer *answer, int rc,
                       struct sc_error *err) {
  ExecStatusType status = PQresultStatus(res);
  bool bad = status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
  if (bad && rc == SC_OK) rc = fail(pg, res, phase, err);
  if (!bad && rc == SC_OK) {
    answer->succeeded++;
    copy_text(answer->tag, sizeof(answer->tag), PQcmdStatus(res));
  }
  if (status == PGRES_TUPLES_OK) {
    PGresult *older = answer->rows;
    answer->rows = res;
    res = older;
  }
  PQclear(res);
  return rc;
}

/* The caller's answer is filled whatever happened; rows only after a success, and only for a caller that asked. */
static int give_answer(struct sc_pg_answer *own, struct sc_pg_answer *answer, int rc) {
  if (rc != SC_OK || answer == NULL) {
    PQclear(own->rows);
    own->rows = NULL;
  }
  if (answer != NULL) *answer = *own;
  return rc;
}

static int send_query(struct sc_pg *pg, const char *sql, struct sc_error *err) {
  SC_ASSERT(sql[0] != 0);
  pg->diagnosis = (struct sc_pg_diagnosis){.sqlstate = ""};
  return PQsendQuery(pg->conn, sql) ? SC_OK : lost(pg, err);
}

/* Reads results until the message is done, or, when in_copy is given, until the COPY is open. Results behind an error
 * are read too, since libpq sends no other statement before PQgetResult has returned NULL; only a connection that is
 * gone has none. */
static int drain(struct sc_pg *pg, enum sc_pg_phase phase, struct sc_pg_answer *answer, bool *in_copy,
                 struct sc_error *err) {
  int rc = SC_OK;
  for (;;) {
    PGresult *res;
    struct sc_error wait_error;
    int waited = next_result(pg, &res, &wait_error);
    if (waited != SC_OK) {
      if (rc == SC_OK) *err = wait_error;
      return rc != SC_OK ? rc : waited;
    }
    if (res == NULL) return rc;
    if (in_copy != NULL && PQresultStatus(res) == PGRES_COPY_IN) {
      PQclear(res);
      *in_copy = true;
      return rc;
    }
    rc = take_result(pg, res, phase, answer, rc, err);
    if (PQstatus(pg->conn) == CONNECTION_BAD && rc != SC_OK) return rc;
  }
}

int sc_pg_run(struct sc_pg *pg, const char *sql, enum sc_pg_phase phase, struct sc_pg_answer *answer,
              struct sc_error *err) {
  struct sc_pg_answer own = {NULL, 0, ""};
  int rc = send_query(pg, sql, err);
  if (rc == SC_OK) rc = drain(pg, phase, &own, NULL, err);
  return give_answer(&own, answer, rc);
}

int sc_pg_query(struct sc_pg *pg, struct sc_pg_answer *answer, struct sc_error *err, const char *fmt, ...) {
  struct sc_buf sql = SC_BUF_INIT;
  va_list args;
  if (answer != NULL) *answer = (struct sc_pg_answer){NULL, 0, ""};
  va_start(args, fmt);
  int rc = add_sql(pg, &sql, err, fmt, args);
  va_end(args);
  if (rc == SC_OK) rc = sc_pg_run(pg, sc_buf_str(&sql), SC_PG_QUERY, answer, err);
  sc_buf_fini(&sql);
  return rc;
}

void sc_pg_abandon(struct sc_pg *pg) {
  struct sc_error ignored;
  if (!sc_pg_is_lost(pg) && sc_pg_in_transaction(pg)) sc_pg_run(pg, "ROLLBACK", SC_PG_QUERY, NULL, &ignored);
}

int sc_pg_rows(const struct pg_result *result) { return result != NULL ? PQntuples(result) : 0; }
const char *sc_pg_value(const struct pg_result *result, int row, int column) {
  return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}
int64_t sc_pg_int(const struct pg_result *result, int row, int column, int64_t fallback) {
  const char *text = sc_pg_value(result, row, column);
  int64_t value;
  return text != NULL && sc_slice_to_i64(sc_slice_str(text), &value) ? value : fallback;
}
bool sc_pg_bool(const struct pg_result *result, int row, int column) {
  const char *text = sc_pg_value(result, row, column);
  return text != NULL && text[0] == 't';
}
void sc_pg_result_free(struct pg_result *result) { PQclear(result); }

/* ---- COPY ---- */

int sc_pg_copy_begin(struct sc_pg *pg, const char *sql, struct sc_pg_answer *answer, struct sc_error *err) {
  struct sc_pg_answer own = {NULL, 0, ""};
  bool in_copy = false;
  int rc = send_query(pg, sql, err);
  if (rc == SC_OK) rc = drain(pg, SC_PG_OPEN, &own, &in_copy, err);
  if (rc == SC_OK && !in_copy) rc = sc_error_set(err, SC_E_INTERNAL, "%s: no COPY was begun", pg->where);
  pg->suspect = false;
  return give_answer(&own, answer, rc);
}

static int put_chunk(struct sc_pg *pg, const char *data, size_t len, struct sc_error *err) {
  for (;;) {
    int put = PQputCopyData(pg->conn, data, (int)len);
    if (put < 0) return lost(pg, err);
    int rc = flush(pg, err);
    if (rc != SC_OK || put > 0) return rc;
  }
}

int sc_pg_copy_put(struct sc_pg *pg, const char *data, size_t len, struct sc_error *err) {
  int rc = sc_pg_copy_poll(pg, err);
  SC_ASSERT(len == 0 || data != NULL);
  while (rc == SC_OK && len) {
    size_t n = len < CHUNK_BYTES ? len : CHUNK_BYTES;
    rc = put_chunk(pg, data, n, err);
    data += n;
    len -= n;
  }
  return rc;
}

int sc_pg_copy_poll(struct sc_pg *pg, struct sc_error *err) { return read_during_copy(pg, err); }

bool sc_pg_copy_suspect(const struct sc_pg *pg) { return pg->suspect; }

int sc_pg_copy_end(struct sc_pg *pg, bool give_up, struct sc_error *err) {
  struct sc_pg_answer answer = {NULL, 0, ""};
  int put;
  do {
    put = PQputCopyEnd(pg->conn, give_up ? "given up by the client" : NULL);
    if (put < 0) return lost(pg, err);
    int rc = flush(pg, err);
    if (rc != SC_OK) return rc;
  } while (!put);
  int rc = drain(pg, SC_PG_COPY, &answer, NULL, err);
  PQclear(answer.rows);
  pg->suspect = false;
  if (give_up && rc != SC_OK && !sc_pg_is_lost(pg) && rc != SC_E_STOPPED && rc != SC_E_DEADLINE) return SC_OK;
  return rc;
}
