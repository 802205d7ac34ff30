#include "sink/postgres/lock.h"

#include <stdio.h>

#include "engine/base/clock.h"

#define TAKE_OVER_MS 10000

/* pg_locks shows a bigint key as two oids. */
#define LOCK_IS                                                                        \
  "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"                           \
  " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())" \
  " AND (l.classid::bigint << 32 | l.objid::bigint) = %D"

struct holder {
  int pid;
  char name[64]; /* PID@HOST, else the backend's user */
};

static void remember(struct sc_pg_lock *own, const struct pg_result *rows) {
  const char *begun = sc_pg_value(rows, 0, 2);
  own->pid = begun != NULL ? sc_pg_int(rows, 0, 1, 0) : 0;
  snprintf(own->begun, sizeof(own->begun), "%s", begun != NULL ? begun : "");
}

static int try_lock(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_pg_lock *own, bool *got,
                    struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_query(pg, &answer, err,
                       "SELECT pg_try_advisory_lock(%D), pg_backend_pid(),"
                       " (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())",
                       names->lock_key);
  if (rc == SC_OK) *got = sc_pg_bool(answer.rows, 0, 0);
  if (rc == SC_OK && *got) remember(own, answer.rows);
  sc_pg_result_free(answer.rows);
  return rc;
}

static int find_holder(struct sc_pg *pg, const struct sc_pg_names *names, struct holder *out, struct sc_error *err) {
  struct sc_pg_answer answer;
  *out = (struct holder){0, ""};
  int rc = sc_pg_query(
      pg, &answer, err,
      "SELECT l.pid, coalesce(substring(a.application_name FROM '^shardcopy .* ([0-9]+@[^ ]*)$'), a.usename, '')"
      " FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE " LOCK_IS,
      names->lock_key);
  if (rc == SC_OK && sc_pg_rows(answer.rows)) {
    out->pid = (int)sc_pg_int(answer.rows, 0, 0, 0);
    snprintf(out->name, sizeof(out->name), "%s", sc_pg_value(answer.rows, 0, 1));
  }
  sc_pg_result_free(answer.rows);
  return rc;
}

/* The holder's backend, and those whose application_name is its own but for the role. */
static int end_holder(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err) {
  return sc_pg_query(
      pg, NULL, err,
      "WITH holder AS (SELECT a.pid, a.application_name AS name FROM pg_locks l"
      " LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE " LOCK_IS
      ")"
      " SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a, holder h WHERE a.pid <> pg_backend_pid()"
      " AND (a.pid = h.pid OR a.datname = current_database() AND h.name LIKE 'shardcopy %%@%%'"
      " AND regexp_replace(a.application_name, ' [^ ]+ ([^ ]+)$', ' \\1')"
      " = regexp_replace(h.name, ' [^ ]+ ([^ ]+)$', ' \\1'))",
      names->lock_key);
}

/* Ends an earlier session of this load that still holds the lock. *others: the lock is held by another load. */
static int end_own(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_lock *own, bool *others,
                   struct sc_error *err) {
  struct sc_pg_answer answer;
  *others = true;
  if (own->pid == 0) return SC_OK;
  int rc = sc_pg_query(pg, &answer, err,
                       "SELECT CASE WHEN a.pid = %D AND a.backend_start = %L THEN pg_terminate_backend(a.pid) IS NULL"
                       " ELSE true END FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE " LOCK_IS,
                       own->pid, own->begun, names->lock_key);
  if (rc == SC_OK) *others = sc_pg_rows(answer.rows) > 0 && sc_pg_bool(answer.rows, 0, 0);
  sc_pg_result_free(answer.rows);
  return rc;
}

static int say_busy(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err) {
  struct holder holder;
  int rc = find_holder(pg, names, &holder, err);
  if (rc != SC_OK) return rc;
  return sc_error_fail(err, SC_E_BUSY,
                       "stop it first, or --take-over ends it; --namespace=OTHER loads the stream independently",
                       "\"%s\" is being loaded by %s (backend %d of %s)", names->name_space,
                       holder.name[0] ? holder.name : "another session", holder.pid, sc_pg_where(pg));
}

int sc_pg_lock_take(struct sc_pg *pg, const struct sc_pg_names *names, bool take_over, struct sc_pg_lock *own,
                    struct sc_error *err) {
  int64_t deadline = sc_clock_mono_ms() + TAKE_OVER_MS;
  bool got = false, others = false;
  int rc = try_lock(pg, names, own, &got, err);
  while (rc == SC_OK && !got) {
    rc = take_over ? end_holder(pg, names, err) : end_own(pg, names, own, &others, err);
    if (rc != SC_OK) return rc;
    if (others || sc_clock_mono_ms() > deadline) return say_busy(pg, names, err);
    rc = sc_pg_sleep(pg, 50, err);
    if (rc == SC_OK) rc = try_lock(pg, names, own, &got, err);
  }
  return rc;
}

int sc_pg_lock_check(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_query(pg, &answer, err,
                       "SELECT EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = pg_backend_pid() AND " LOCK_IS ")",
                       names->lock_key);
  if (rc == SC_OK && !sc_pg_bool(answer.rows, 0, 0)) {
    rc = sc_error_set(err, SC_E_DB_LOST, "%s: the lock of \"%s\" is gone", sc_pg_where(pg), names->name_space);
  }
  sc_pg_result_free(answer.rows);
  return rc;
}
