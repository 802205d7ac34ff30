#include "sink/postgres/pooler.h"

/* Others may take the backend that the first session has just left, and leave it again, so one round proves nothing. */
enum { ROUNDS = 5 };

static int refuse(const struct sc_pg *pg, const char *why, struct sc_error *err) {
  return sc_error_fail(err, SC_E_NO_TARGET,
                       "connect to the server's own port, or to a pool of pool_mode=session (docs/operations.md)",
                       "%s: %s, and a load needs sessions with one of their own", sc_pg_where(pg), why);
}

static int read_pid(struct sc_pg *pg, const char *sql, int64_t *pid, struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_run(pg, sql, SC_PG_QUERY, &answer, err);
  if (rc == SC_OK) *pid = sc_pg_int(answer.rows, 0, 0, 0);
  sc_pg_result_free(answer.rows);
  return rc;
}

static int try_round(struct sc_pg *pg, struct sc_pg *second, int64_t pid, struct sc_error *err) {
  int64_t again = pid, other = 0;
  int rc = read_pid(second, "BEGIN; SELECT pg_backend_pid()", &other, err);
  if (rc == SC_OK) rc = read_pid(pg, "SELECT pg_backend_pid()", &again, err);
  if (rc == SC_OK) rc = sc_pg_run(second, "COMMIT", SC_PG_QUERY, NULL, err);
  if (rc != SC_OK || (other != pid && again == pid)) return rc;
  return refuse(pg, "a pooler gives each transaction another backend", err);
}

int sc_pg_pooler_check(struct sc_pg *pg, const struct sc_pg_settings *settings, const char *application_name,
                       const struct sc_wait *wait, struct sc_error *err) {
  int64_t pid = 0;
  struct sc_pg *second = NULL;
  int rc = read_pid(pg, "SELECT pg_backend_pid()", &pid, err);
  if (rc != SC_OK || pid == sc_pg_backend_pid(pg)) return rc;
  rc = sc_pg_connect(settings, application_name, wait, &second, err);
  for (int i = 0; i < ROUNDS && rc == SC_OK; i++) {
    rc = try_round(pg, second, pid, err);
    if (rc == SC_OK) rc = read_pid(pg, "SELECT pg_backend_pid()", &pid, err);
  }
  if (rc != SC_OK && rc != SC_E_NO_TARGET && second != NULL) sc_error_prefix(err, "through a pooler");
  sc_pg_close(second);
  return rc;
}
