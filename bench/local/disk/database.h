/* A SQLite database, as much of it as the data folder needs: one connection, statements, and rows whose values are
 * checked as they are read. The one module that includes SQLite's header.
 *
 * The file is locked against every other process for as long as it is open. It is written through a write-ahead log
 * that is synced at each commit (https://www.sqlite.org/wal.html, PRAGMA synchronous=FULL): what was committed outlives
 * the process and a loss of power. One thread at a time. Every call but bind may block on the disk.
 */
#ifndef SCL_DISK_DATABASE_H
#define SCL_DISK_DATABASE_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

struct scl_database;
struct scl_query; /* a prepared statement */

/* Opens the file, or makes it with mode 0600. path NULL: a database in memory. SC_E_BUSY when another process has the
 * file, else SC_E_IO. */
int scl_database_open(const char *path, struct scl_database **out, struct sc_error *err);
void scl_database_close(struct scl_database *db); /* NULL is fine; no query is left */

/* Runs statements that give no rows, separated by semicolons. SC_E_IO. */
int scl_database_run(struct scl_database *db, const char *sql, struct sc_error *err);
/* Reads the one number that the statement gives. SC_E_IO. */
int scl_database_number(struct scl_database *db, const char *sql, int64_t *out, struct sc_error *err);

/* Parameters ?1, ?2 ... are bound before each run of the query. SC_E_IO when the file's tables do not fit it. */
int scl_query_new(struct scl_database *db, const char *sql, struct scl_query **out, struct sc_error *err);
void scl_query_free(struct scl_query *query); /* NULL is fine */
void scl_query_bind_int(struct scl_query *query, int place, int64_t value);
void scl_query_bind_text(struct scl_query *query, int place, struct sc_slice text);   /* a view, until the next run */
void scl_query_bind_bytes(struct scl_query *query, int place, struct sc_slice bytes); /* a view, until the next run */
/* Runs the query to its end; it gives no rows. */
int scl_query_run(struct scl_query *query, struct sc_error *err);

/* A row being read, column by column. Values are checked: of the wrong type, or beyond the bounds, they set the fault.
 */
struct scl_row {
  struct scl_query *query;
  int column;        /* the next one */
  const char *fault; /* the first thing that was wrong; NULL: nothing */
};

/* Steps to the next row; *has_row is false at the end, and the query can be bound and run again. */
int scl_row_next(struct scl_row *row, bool *has_row, struct sc_error *err);
/* Sets the fault unless there is one; false. */
bool scl_row_fail(struct scl_row *row, const char *fault);
/* Each takes the next column; false with the fault set. Slices are views until the next step. */
bool scl_row_int(struct scl_row *row, int64_t least, int64_t most, int64_t *out);
bool scl_row_text(struct scl_row *row, size_t most_bytes, struct sc_slice *out); /* UTF-8 without a NUL */
bool scl_row_bytes(struct scl_row *row, size_t most_bytes, struct sc_slice *out);
bool scl_row_is_null(struct scl_row *row); /* of the next column; passes over it when it is */

#endif
