#include "bench/local/disk/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/text/utf8.h"
#include "engine/base/buf.h"

/* Larger pages than SQLite's 4 KiB: a commit writes mostly whole ones. The log is copied into the file when it has
 * grown to this many pages, 64 MiB. */
#define SETUP                       \
  "PRAGMA trusted_schema=OFF;"      \
  "PRAGMA cell_size_check=ON;"      \
  "PRAGMA page_size=16384;"         \
  "PRAGMA locking_mode=EXCLUSIVE;"  \
  "PRAGMA journal_mode=WAL;"        \
  "PRAGMA synchronous=FULL;"        \
  "PRAGMA wal_autocheckpoint=4096;" \
  "PRAGMA temp_store=MEMORY;"       \
  "BEGIN EXCLUSIVE;COMMIT;"

struct scl_database {
  sqlite3 *sqlite;
  char *path;
};

/* SQLite's own object behind our name. */
static sqlite3_stmt *stmt_of(struct scl_query *query) { return (sqlite3_stmt *)query; }

static int failed(sqlite3 *sqlite, const char *path, struct sc_error *err) {
  if (sqlite3_errcode(sqlite) == SQLITE_BUSY)
    return sc_error_fail(err, SC_E_BUSY, "stop that one, or name another folder with --data-dir",
                         "%s belongs to another shardcopy-local that is running", path);
  return sc_error_set(err, SC_E_IO, "%s: %s", path, sqlite3_errmsg(sqlite));
}

/* With the mode of our own: SQLite gives its other files the same. */
static int make_file(const char *path, struct sc_error *err) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return sc_error_errno(err, SC_E_IO, errno, "opening %s", path);
  close(fd);
  return SC_OK;
}

int scl_database_open(const char *path, struct scl_database **out, struct sc_error *err) {
  *out = NULL;
  int rc = path == NULL ? SC_OK : make_file(path, err);
  if (rc != SC_OK) return rc;
  if (path == NULL) path = ":memory:";
  struct scl_database *db = sc_alloc_zero(1, sizeof(*db));
  db->path = sc_strdup(path);
  int opened = sqlite3_open_v2(path, &db->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  rc = opened == SQLITE_OK ? scl_database_run(db, SETUP, err) : failed(db->sqlite, path, err);
  if (rc == SC_OK) *out = db;
  else scl_database_close(db);
  return rc;
}

void scl_database_close(struct scl_database *db) {
  if (db == NULL) return;
  int rc = sqlite3_close(db->sqlite);
  SC_ASSERT(rc == SQLITE_OK);
  free(db->path);
  free(db);
}

int scl_database_run(struct scl_database *db, const char *sql, struct sc_error *err) {
  return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ? SC_OK : failed(db->sqlite, db->path, err);
}

int scl_database_number(struct scl_database *db, const char *sql, int64_t *out, struct sc_error *err) {
  struct scl_query *query;
  int rc = scl_query_new(db, sql, &query, err);
  if (rc != SC_OK) return rc;
  if (sqlite3_step(stmt_of(query)) == SQLITE_ROW) *out = sqlite3_column_int64(stmt_of(query), 0);
  else rc = failed(db->sqlite, db->path, err);
  scl_query_free(query);
  return rc;
}

/* ---- queries ---- */

int scl_query_new(struct scl_database *db, const char *sql, struct scl_query **out, struct sc_error *err) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
  *out = (struct scl_query *)stmt;
  return rc == SQLITE_OK ? SC_OK : failed(db->sqlite, db->path, err);
}

void scl_query_free(struct scl_query *query) { sqlite3_finalize(stmt_of(query)); }

void scl_query_bind_int(struct scl_query *query, int place, int64_t value) {
  int rc = sqlite3_bind_int64(stmt_of(query), place, value);
  SC_ASSERT(rc == SQLITE_OK);
}

void scl_query_bind_text(struct scl_query *query, int place, struct sc_slice text) {
  int rc = sqlite3_bind_text(stmt_of(query), place, text.ptr == NULL ? "" : text.ptr, (int)text.len, SQLITE_STATIC);
  SC_ASSERT(rc == SQLITE_OK);
}

void scl_query_bind_bytes(struct scl_query *query, int place, struct sc_slice bytes) {
  int rc = sqlite3_bind_blob(stmt_of(query), place, bytes.ptr == NULL ? "" : bytes.ptr, (int)bytes.len, SQLITE_STATIC);
  SC_ASSERT(rc == SQLITE_OK);
}

static int query_failed(struct scl_query *query, struct sc_error *err) {
  sqlite3 *sqlite = sqlite3_db_handle(stmt_of(query));
  return failed(sqlite, sqlite3_db_filename(sqlite, "main"), err);
}

int scl_query_run(struct scl_query *query, struct sc_error *err) {
  sqlite3_stmt *stmt = stmt_of(query);
  int rc = sqlite3_step(stmt) == SQLITE_DONE ? SC_OK : query_failed(query, err);
  sqlite3_reset(stmt);
  return rc;
}

/* ---- rows ---- */

int scl_row_next(struct scl_row *row, bool *has_row, struct sc_error *err) {
  sqlite3_stmt *stmt = stmt_of(row->query);
  int step = sqlite3_step(stmt);
  row->column = 0;
  *has_row = step == SQLITE_ROW;
  if (*has_row) return SC_OK;
  int rc = step == SQLITE_DONE ? SC_OK : query_failed(row->query, err);
  sqlite3_reset(stmt);
  return rc;
}

bool scl_row_fail(struct scl_row *row, const char *fault) {
  if (row->fault == NULL) row->fault = fault;
  return false;
}

static bool has_type(struct scl_row *row, int type) {
  return sqlite3_column_type(stmt_of(row->query), row->column) == type;
}

bool scl_row_int(struct scl_row *row, int64_t least, int64_t most, int64_t *out) {
  if (!has_type(row, SQLITE_INTEGER)) return scl_row_fail(row, "no integer where one belongs");
  *out = sqlite3_column_int64(stmt_of(row->query), row->column++);
  return (*out >= least && *out <= most) || scl_row_fail(row, "a number out of bounds");
}

static struct sc_slice take(struct scl_row *row) {
  const void *bytes = sqlite3_column_blob(stmt_of(row->query), row->column);
  return sc_slice_of(bytes, (size_t)sqlite3_column_bytes(stmt_of(row->query), row->column++));
}

bool scl_row_text(struct scl_row *row, size_t most_bytes, struct sc_slice *out) {
  if (!has_type(row, SQLITE_TEXT)) return scl_row_fail(row, "no text where one belongs");
  *out = take(row);
  if (out->len > most_bytes) return scl_row_fail(row, "a text that is too long");
  bool is_text = out->len == 0 || (memchr(out->ptr, '\0', out->len) == NULL && sc_utf8_valid(out->ptr, out->len));
  return is_text || scl_row_fail(row, "a text that is none");
}

bool scl_row_bytes(struct scl_row *row, size_t most_bytes, struct sc_slice *out) {
  if (!has_type(row, SQLITE_BLOB)) return scl_row_fail(row, "no bytes where they belong");
  *out = take(row);
  return out->len <= most_bytes || scl_row_fail(row, "bytes that are too many");
}

bool scl_row_is_null(struct scl_row *row) {
  bool is_null = has_type(row, SQLITE_NULL);
  row->column += is_null;
  return is_null;
}
