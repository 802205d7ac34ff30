#include "sink/postgres/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

static void whose_fault_it_is(void **state) {
  (void)state;
  const struct {
    const char *sqlstate;
    enum sc_pg_phase phase;
    int code;
  } cases[] = {
      {"", SC_PG_QUERY, SC_E_DB_LOST},        {"08006", SC_PG_COPY, SC_E_DB_LOST},
      {"22003", SC_PG_COPY, SC_E_ROW},        {"22003", SC_PG_QUERY, SC_E_DB_REFUSED},
      {"23505", SC_PG_COMMIT, SC_E_ROW},      {"23505", SC_PG_COPY, SC_E_ROW},
      {"54000", SC_PG_COPY, SC_E_ROW},        {"P0001", SC_PG_COPY, SC_E_ROW},
      {"44000", SC_PG_COPY, SC_E_ROW},        {"42P01", SC_PG_OPEN, SC_E_PLAN},
      {"42703", SC_PG_OPEN, SC_E_PLAN},       {"42501", SC_PG_OPEN, SC_E_DB_REFUSED},
      {"42601", SC_PG_OPEN, SC_E_DB_REFUSED}, {"42P01", SC_PG_QUERY, SC_E_DB_REFUSED},
      {"53100", SC_PG_COPY, SC_E_DB_RETRY},   {"53300", SC_PG_CONNECT, SC_E_DB_RETRY},
      {"57P01", SC_PG_COMMIT, SC_E_DB_RETRY}, {"57P03", SC_PG_CONNECT, SC_E_DB_RETRY},
      {"57014", SC_PG_COPY, SC_E_DB_RETRY},   {"40P01", SC_PG_COMMIT, SC_E_DB_RETRY},
      {"55P03", SC_PG_QUERY, SC_E_DB_RETRY},  {"25006", SC_PG_COPY, SC_E_DB_RETRY},
      {"28P01", SC_PG_CONNECT, SC_E_AUTH},    {"3D000", SC_PG_CONNECT, SC_E_NO_TARGET},
      {"58030", SC_PG_COPY, SC_E_DB_RETRY},   {"XX000", SC_PG_COPY, SC_E_DOUBTFUL},
      {"0A000", SC_PG_OPEN, SC_E_DB_REFUSED}, {"42P01", SC_PG_COPY, SC_E_DOUBTFUL},
      {"42703", SC_PG_COMMIT, SC_E_DOUBTFUL}, {"42501", SC_PG_COPY, SC_E_DOUBTFUL},
      {"45000", SC_PG_COPY, SC_E_DOUBTFUL},   {"MY001", SC_PG_COMMIT, SC_E_DOUBTFUL},
      {"02000", SC_PG_COPY, SC_E_DOUBTFUL},   {"XX001", SC_PG_COPY, SC_E_DB_REFUSED},
      {"XX002", SC_PG_COPY, SC_E_DB_REFUSED}, {"XX000", SC_PG_QUERY, SC_E_DB_REFUSED},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    assert_int_equal(sc_pg_classify(cases[i].sqlstate, cases[i].phase), cases[i].code);
  }
}

static void hints(void **state) {
  (void)state;
  struct sc_error err;
  sc_error_set(&err, SC_E_AUTH, "x");
  sc_pg_hint(&err, "28P01", SC_PG_CONNECT);
  assert_non_null(strstr(err.hint, "PGPASSWORD"));
  sc_error_set(&err, SC_E_ROW, "x");
  sc_pg_hint(&err, "22003", SC_PG_COPY);
  assert_string_equal(err.hint, "");
}

static void the_row_the_server_names(void **state) {
  (void)state;
  const struct {
    const char *context, *table;
    unsigned long long line;
    const char *column;
  } cases[] = {
      {"COPY demo, line 3", "demo", 3, ""},
      {"COPY demo, line 18, column word: \"bad\"", "demo", 18, "word"},
      {"COPY demo, line 2, column word: null input", "demo", 2, "word"},
      {"COPY t, line 7", "t", 7, ""},
      {"COPY table2, line 5", "table2", 5, ""},
      {"COPY line, line 12345678901", "line", 12345678901, ""},
      {"COPY demo, Zeile 4, Spalte wort: »x«", "demo", 4, "wort"},
      {"PL/pgSQL function f() line 3 at RAISE\nCOPY demo, line 9", "demo", 9, ""},
      {"PL/pgSQL function f() line 3 at RAISE", "demo", 0, ""},
      {"COPY demo", "demo", 0, ""},
      {"COPY other, line 3", "demo", 0, ""},
      {"", "demo", 0, ""},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char column[64];
    assert_true(sc_pg_context_line(cases[i].context, cases[i].table, column) == cases[i].line);
    assert_string_equal(column, cases[i].column);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whose_fault_it_is),
      cmocka_unit_test(hints),
      cmocka_unit_test(the_row_the_server_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
