#include "sink/postgres/state.h"

#include "codec/text/hex.h"
#include "engine/batch.h"
#include "sink/postgres/positions.h"

static const char ddl[] =
    "SELECT pg_advisory_xact_lock(%D); CREATE TABLE IF NOT EXISTS %S (namespace text NOT NULL, key text NOT NULL,"
    " value bytea NOT NULL, updated_at timestamptz DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (namespace, key))";

static void add_bytes(struct sc_buf *array, struct sc_slice bytes) {
  struct sc_buf hex = SC_BUF_INIT;
  sc_buf_add_str(&hex, "\\x");
  sc_buf_reserve(&hex, 2 * bytes.len);
  hex.len = (size_t)(sc_hex_put(hex.ptr + hex.len, bytes.ptr, bytes.len) - hex.ptr);
  sc_pg_array_add(array, sc_buf_view(&hex));
  sc_buf_fini(&hex);
}

/* In the order of the keys, so that two write threads do not wait for each other. */
int sc_pg_state_write(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_state *states, size_t n,
                      bool is_there, struct sc_error *err) {
  struct sc_buf keys = SC_BUF_INIT, values = SC_BUF_INIT;
  for (size_t i = 0; i < n; i++) {
    sc_pg_array_add(&keys, states[i].key);
    add_bytes(&values, states[i].value);
  }
  sc_pg_array_end(&keys);
  sc_pg_array_end(&values);
  int rc = is_there ? SC_OK : sc_pg_query(pg, NULL, err, ddl, sc_pg_names_lock_key("", "ddl"), names->state);
  if (rc == SC_OK)
    rc = sc_pg_query(pg, NULL, err,
                     "INSERT INTO %S (namespace, key, value) SELECT %L, w.key, w.value FROM unnest(%L::text[],"
                     " %L::bytea[]) AS w(key, value) ORDER BY w.key ON CONFLICT (namespace, key)"
                     " DO UPDATE SET value = excluded.value, updated_at = clock_timestamp()",
                     names->state, names->name_space, keys.ptr, values.ptr);
  sc_buf_fini(&keys);
  sc_buf_fini(&values);
  return rc;
}

int sc_pg_state_forget(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_query(pg, &answer, err, "SELECT to_regclass(%L) IS NOT NULL", names->state);
  bool is_there = rc == SC_OK && sc_pg_bool(answer.rows, 0, 0);
  sc_pg_result_free(answer.rows);
  if (!is_there) return rc;
  return sc_pg_query(pg, NULL, err, "DELETE FROM %S WHERE namespace = %L", names->state, names->name_space);
}
