#include "sink/postgres/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rule {
  const char *prefix; /* of the SQLSTATE: a class, or the whole of it */
  int code;
};

/* The first rule that fits decides. */
static const struct rule rules[] = {{"08", SC_E_DB_LOST},     {"57P01", SC_E_DB_RETRY},  {"57P02", SC_E_DB_RETRY},
                                    {"57P03", SC_E_DB_RETRY}, {"57P05", SC_E_DB_LOST},   {"57P04", SC_E_NO_TARGET},
                                    {"57", SC_E_DB_RETRY},    {"25006", SC_E_DB_RETRY},  {"25P03", SC_E_DB_LOST},
                                    {"25P04", SC_E_DB_LOST},  {"40", SC_E_DB_RETRY},     {"53", SC_E_DB_RETRY},
                                    {"55P03", SC_E_DB_RETRY}, {"55006", SC_E_DB_RETRY},  {"58", SC_E_DB_RETRY},
                                    {"28", SC_E_AUTH},        {"3D000", SC_E_NO_TARGET}, {"42501", SC_E_DB_REFUSED}};

/* While a COPY is opened. Of class 42 only what reading the catalog again may put right. */
static const struct rule open_rules[] = {{"42P01", SC_E_PLAN}, {"42703", SC_E_PLAN}, {"42704", SC_E_PLAN},
                                         {"42804", SC_E_PLAN}, {"428C9", SC_E_PLAN}, {"42P10", SC_E_PLAN},
                                         {"3F", SC_E_PLAN}};

/* Rows and what they fire. Damaged data and indexes (XX001, XX002) are nobody's row. */
static const struct rule row_rules[] = {{"22", SC_E_ROW},           {"23", SC_E_ROW},        {"54", SC_E_ROW},
                                        {"P0", SC_E_ROW},           {"44", SC_E_ROW},        {"XX001", SC_E_DB_REFUSED},
                                        {"XX002", SC_E_DB_REFUSED}, {"42501", SC_E_DOUBTFUL}};

#define LOOK_UP(table, sqlstate) look_up(table, sizeof(table) / sizeof((table)[0]), sqlstate)

static int look_up(const struct rule *table, size_t n, const char *sqlstate) {
  for (size_t i = 0; i < n; i++) {
    if (!strncmp(table[i].prefix, sqlstate, strlen(table[i].prefix))) return table[i].code;
  }
  return SC_OK;
}

int sc_pg_classify(const char *sqlstate, enum sc_pg_phase phase) {
  if (!sqlstate[0]) return SC_E_DB_LOST;
  int rc = SC_OK;
  bool of_rows = phase == SC_PG_COPY || phase == SC_PG_COMMIT;
  if (phase == SC_PG_OPEN) rc = LOOK_UP(open_rules, sqlstate);
  if (of_rows) rc = LOOK_UP(row_rules, sqlstate);
  if (rc == SC_OK) rc = LOOK_UP(rules, sqlstate);
  return rc != SC_OK ? rc : of_rows ? SC_E_DOUBTFUL : SC_E_DB_REFUSED;
}

bool sc_pg_is_duplicate(const struct sc_error *err) {
  return !strcmp(err->sqlstate, "42P07") || !strcmp(err->sqlstate, "42P06") || !strncmp(err->sqlstate, "23", 2);
}

static const struct {
  const char *sqlstate;
  const char *text;
} hints[] = {
    {"28P01", "check the password: PGPASSWORD, ~/.pgpass or the URL"},
    {"28000", "check the user's name, and pg_hba.conf on the server"},
    {"3D000", "create it: createdb NAME"},
    {"42501", "GRANT the user CREATE on the schema, and INSERT, SELECT, UPDATE, DELETE on the tables"},
    {"53100", "the server's disk is full; the load goes on when there is room"},
    {"53300", "raise max_connections, or use fewer --write-threads"},
    {"25006", "the server is a standby or read-only; connect to the primary (target_session_attrs=read-write)"},
    {"55P03", "another session holds a lock on the table"},
    {"0A000", "the target must be a plain or partitioned table without row-level security"},
};

void sc_pg_hint(struct sc_error *err, const char *sqlstate, enum sc_pg_phase phase) {
  for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
    if (!strcmp(hints[i].sqlstate, sqlstate)) sc_error_hint(err, "%s", hints[i].text);
  }
  if (phase == SC_PG_CONNECT && !sqlstate[0]) sc_error_hint(err, "is the server running there, and reachable?");
}

/* ", column NAME: ..." at [at, end), whatever the language calls a column. */
static void read_column(const char *at, const char *end, char column[64]) {
  const char *word = end - at > 2 && at[0] == ',' && at[1] == ' ' ? at + 2 : end;
  const char *name = memchr(word, ' ', (size_t)(end - word));
  if (name == NULL) return;
  name++;
  size_t len = strcspn(name, ":,\n");
  if (len < 64 && name + len <= end) snprintf(column, 64, "%.*s", (int)len, name);
}

/* The first number in [at, end), 0 without, and the column behind it. */
static unsigned long long first_number(const char *at, const char *end, char column[64]) {
  while (at < end && (*at < '0' || *at > '9')) at++;
  if (at == end) return 0;
  char *behind;
  unsigned long long number = strtoull(at, &behind, 10);
  read_column(behind, end, column);
  return number;
}

unsigned long long sc_pg_context_line(const char *context, const char *table, char column[64]) {
  size_t table_len = strlen(table);
  column[0] = 0;
  for (const char *line = context; *line && table_len;) {
    const char *end = strchrnul(line, '\n');
    const char *copy = memmem(line, (size_t)(end - line), "COPY", 4);
    const char *from = copy == line ? line + 4 : line;
    const char *name = memmem(from, (size_t)(end - from), table, table_len);
    if (copy != NULL && name != NULL) return first_number(name + table_len, end, column);
    line = *end ? end + 1 : end;
  }
  return 0;
}

const char *sc_pg_sqlstate_of(enum sc_reason reason) {
  static const char *const states[] = {
      [SC_REASON_SYNTAX] = "22P02",      [SC_REASON_FORMAT] = "22P02", [SC_REASON_SHAPE] = "22023",
      [SC_REASON_ENCODING] = "22021",    [SC_REASON_NUL] = "22P05",    [SC_REASON_LIMIT] = "54000",
      [SC_REASON_UNKNOWN_KEY] = "42703", [SC_REASON_TYPE] = "22P02",   [SC_REASON_RANGE] = "22003",
      [SC_REASON_TOO_LONG] = "22001",    [SC_REASON_TIME] = "22007",   [SC_REASON_TIME_RANGE] = "22008",
      [SC_REASON_NOT_NULL] = "23502",    [SC_REASON_TARGET] = "22000"};
  SC_ASSERT((size_t)reason < sizeof(states) / sizeof(states[0]));
  return states[reason];
}
