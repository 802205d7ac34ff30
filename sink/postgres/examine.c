#include "sink/postgres/examine.h"

#include <stdio.h>

static int examine_server(struct sc_pg *pg, struct sc_examine *x, struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_query(pg, &answer, err,
                       "SELECT current_setting('server_version'),"
                       " pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean,"
                       " (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl),"
                       " current_setting('max_connections')::integer"
                       " - current_setting('superuser_reserved_connections')::integer"
                       " - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
                       " current_setting('server_encoding')");
  if (rc != SC_OK) return rc;
  const char *tls = sc_pg_value(answer.rows, 0, 2);
  sc_examine_ok("server", "PostgreSQL %s, %s, %s", sc_pg_value(answer.rows, 0, 0), sc_pg_value(answer.rows, 0, 4),
                tls != NULL ? tls : "no TLS");
  if (sc_pg_bool(answer.rows, 0, 1)) {
    struct sc_error why;
    sc_error_fail(&why, SC_E_NO_TARGET, "name the primary; target_session_attrs=read-write in the URL finds it",
                  "%s takes no writes: it is a standby, or default_transaction_read_only is on", sc_pg_where(pg));
    sc_examine_fail(x, "writing", &why);
  }
  if (sc_pg_int(answer.rows, 0, 3, 1) < 1)
    sc_examine_note("connections", "raise max_connections, or lower --write-threads", "none is free at this moment");
  sc_pg_result_free(answer.rows);
  return SC_OK;
}

/* One table: the rights on it, or to make it, or its schema too. rights: an array of the server's, '{INSERT}'. */
static int examine_table(struct sc_pg *pg, const char *schema, const char *table, const char *rights,
                         struct sc_examine *x, struct sc_error *err) {
  struct sc_pg_answer answer;
  char what[160], on[160];
  int rc = sc_pg_query(
      pg, &answer, err,
      "SELECT n.oid IS NOT NULL, c.oid IS NOT NULL, CASE WHEN c.oid IS NOT NULL THEN"
      " has_schema_privilege(n.oid, 'USAGE') AND (SELECT bool_and(has_table_privilege(c.oid, r)) FROM"
      " unnest(%L::text[]) r) WHEN n.oid IS NOT NULL THEN has_schema_privilege(n.oid, 'CREATE')"
      " ELSE has_database_privilege(current_database(), 'CREATE') END, current_user, array_to_string(%L::text[], ', '),"
      " current_database()"
      " FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = %L"
      " LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = %L",
      rights, rights, schema, table);
  if (rc != SC_OK) return rc;
  bool has_schema = sc_pg_bool(answer.rows, 0, 0), has_table = sc_pg_bool(answer.rows, 0, 1);
  const char *user = sc_pg_value(answer.rows, 0, 3), *needed = has_table ? sc_pg_value(answer.rows, 0, 4) : "CREATE";
  snprintf(what, sizeof(what), "table %s.%s", schema, table);
  if (has_table) snprintf(on, sizeof(on), "%s", what);
  else if (has_schema) snprintf(on, sizeof(on), "schema %s", schema);
  else snprintf(on, sizeof(on), "database %s", sc_pg_value(answer.rows, 0, 5));
  if (sc_pg_bool(answer.rows, 0, 2)) {
    sc_examine_ok(what, "%s; %s may %s on %s", has_table ? "is there" : "will be made", user, needed, on);
  } else {
    struct sc_error why;
    sc_error_set(&why, SC_E_NO_TARGET, "%s; %s may not %s on %s", has_table ? "is there" : "is not there", user, needed,
                 on);
    sc_error_hint(&why, "GRANT %s ON %s TO %s%s", needed, on, user, has_table ? ", and USAGE on its schema" : "");
    sc_examine_fail(x, what, &why);
  }
  sc_pg_result_free(answer.rows);
  return SC_OK;
}

int sc_pg_examine(struct sc_pg *pg, const struct sc_pg_names *names, struct sc_examine *x, struct sc_error *err) {
  int rc = examine_server(pg, x, err);
  if (rc == SC_OK) rc = examine_table(pg, names->schema, names->table, "{INSERT}", x, err);
  if (rc == SC_OK)
    rc = examine_table(pg, names->checkpoint_schema, "kinesis_checkpoints", "{SELECT,INSERT,UPDATE}", x, err);
  if (rc == SC_OK) rc = examine_table(pg, names->checkpoint_schema, "kinesis_dead_letters", "{INSERT}", x, err);
  return rc;
}
