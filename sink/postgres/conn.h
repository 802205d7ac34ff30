/* A connection to PostgreSQL that never blocks its thread: libpq in non-blocking mode behind the wait hook of sink.h.
 * The one module that includes libpq-fe.h; the rest of this folder speaks through it.
 *
 * Rules kept here (PostgreSQL manual, libpq: Asynchronous Command Processing, Functions Associated with the COPY
 * Command): a chunk of COPY goes out only after PQflush returned 0; no statement is sent while a COPY is open; results
 * are drained to NULL; input during a COPY is read, since it may be the server's error.
 *
 * One thread owns a connection. Calls wait through the hook as long as it lets them: SC_E_STOPPED and SC_E_DEADLINE
 * come from there. A connection that failed (SC_E_DB_LOST) is only good for close. Messages name host, database and
 * user, never the password.
 */
#ifndef SC_SINK_POSTGRES_CONN_H
#define SC_SINK_POSTGRES_CONN_H

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/sink.h"
#include "sink/postgres/error.h"

struct sc_pg;
struct pg_result; /* libpq's, opaque here */

/* Settings of libpq: as a URL gives them, without what libpq fills in itself. */
struct sc_pg_setting {
  char *keyword;
  char *value;
};
struct sc_pg_settings {
  struct sc_pg_setting *items;
  size_t n;
};

/* Parses a postgresql:// URL that holds libpq's own parameters only. The URL is never part of a message: it may hold a
 * password. */
int sc_pg_settings_parse(const char *url, struct sc_pg_settings *out, struct sc_error *err);
void sc_pg_settings_fini(struct sc_pg_settings *settings);
const char *sc_pg_settings_get(const struct sc_pg_settings *settings, const char *keyword); /* NULL when not set */
/* The value libpq would take for a keyword that is not set (environment, compiled-in), malloc'ed; NULL without. */
char *sc_pg_settings_fallback(const char *keyword);
bool sc_pg_settings_knows(const char *keyword);

/* Connects within connect_timeout (settings; default 10 s a host). Keep-alives and tcp_user_timeout are ours unless the
 * settings have them. */
int sc_pg_connect(const struct sc_pg_settings *settings, const char *application_name, const struct sc_wait *wait,
                  struct sc_pg **out, struct sc_error *err);
void sc_pg_close(struct sc_pg *pg); /* NULL is fine; an open transaction is rolled back by the server */

const char *sc_pg_where(const struct sc_pg *pg); /* "database d on host h as user u" */
int sc_pg_socket(const struct sc_pg *pg);
int sc_pg_backend_pid(const struct sc_pg *pg);
int sc_pg_server_version(const struct sc_pg *pg); /* 150004 */
bool sc_pg_is_lost(const struct sc_pg *pg);
bool sc_pg_in_transaction(const struct sc_pg *pg); /* open or failed */
/* A setting the server reports by itself (server_encoding ...); NULL for others. */
const char *sc_pg_parameter(const struct sc_pg *pg, const char *name);
/* Waits without a socket: SC_OK after ms, or what the hook says. */
int sc_pg_sleep(struct sc_pg *pg, int ms, struct sc_error *err);

/* ---- Statements ---- */

/* Adds SQL: %I an identifier, %L a literal (both const char *; NULL as %L is NULL), %S SQL as it stands, %D an int64_t,
 * %% a percent sign. */
int sc_pg_sql(struct sc_pg *pg, struct sc_buf *out, struct sc_error *err, const char *fmt, ...);

/* What a message of one or more statements brought. */
struct sc_pg_answer {
  struct pg_result *rows; /* the last result with rows, which the caller frees; NULL without one, and after an error */
  int succeeded;          /* statements */
  char tag[32];           /* command tag of the last statement that succeeded */
};
/* Runs one message to its end. An error is classified for phase. answer may be NULL; else it is always filled. */
int sc_pg_run(struct sc_pg *pg, const char *sql, enum sc_pg_phase phase, struct sc_pg_answer *answer,
              struct sc_error *err);
/* sc_pg_sql and sc_pg_run in one, for statements that are neither a COPY nor a COMMIT with rows (SC_PG_QUERY). */
int sc_pg_query(struct sc_pg *pg, struct sc_pg_answer *answer, struct sc_error *err, const char *fmt, ...);
/* ROLLBACK when a transaction is open; for cleaning up after an error. Keeps quiet when the connection is lost. */
void sc_pg_abandon(struct sc_pg *pg);

int sc_pg_rows(const struct pg_result *result);                               /* 0 for NULL */
const char *sc_pg_value(const struct pg_result *result, int row, int column); /* NULL for SQL NULL */
int64_t sc_pg_int(const struct pg_result *result, int row, int column, int64_t fallback);
bool sc_pg_bool(const struct pg_result *result, int row, int column);
void sc_pg_result_free(struct pg_result *result);

/* ---- COPY ---- */

/* Runs a message whose last statement is COPY ... FROM STDIN; leaves the connection in COPY. answer->rows: as above. */
int sc_pg_copy_begin(struct sc_pg *pg, const char *sql, struct sc_pg_answer *answer, struct sc_error *err);
/* Sends len bytes in chunks, all of them. Returns SC_OK, or an error of the connection. The server's refusal shows as
 * sc_pg_copy_suspect. */
int sc_pg_copy_put(struct sc_pg *pg, const char *data, size_t len, struct sc_error *err);
/* Reads what is there without waiting; outside a COPY too, where it finds out that the server is gone. */
int sc_pg_copy_poll(struct sc_pg *pg, struct sc_error *err);
/* The server sent something during the COPY that is no notice: most likely an error, which only the end of the COPY
 * shows. */
bool sc_pg_copy_suspect(const struct sc_pg *pg);
/* Ends the COPY and drains its results: SC_OK when the server took all of it. give_up: ends it as failed, SC_OK when
 * that worked. */
int sc_pg_copy_end(struct sc_pg *pg, bool give_up, struct sc_error *err);
/* Facts of the last error a statement or COPY of this connection had: sqlstate, message, DETAIL, CONTEXT and column; ""
 * when unknown. */
struct sc_pg_diagnosis {
  char sqlstate[6];
  char message[300];
  char detail[300];
  char context[1000];
  char column[64];
};
const struct sc_pg_diagnosis *sc_pg_diagnosis(const struct sc_pg *pg);

#endif
