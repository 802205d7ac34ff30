/* Against a server, whose URL tests/integration/test_state.py gives: SC_TEST_POSTGRES. Without one there is only the
 * check that the table is a table of ours. */
#include "sink/postgres/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/batch.h"
#include "engine/wait.h"

static void is_no_target(void **state) {
  (void)state;
  assert_true(sc_pg_names_is_own("kinesis_state"));
  assert_false(sc_pg_names_is_own("kinesis_states"));
}

static void write_one(struct sc_pg *pg, const struct sc_pg_names *names, const char *value, bool is_there,
                      const char *end) {
  struct sc_error err;
  struct sc_state states[] = {{SC_SLICE_LITERAL("b \"{,\\"), sc_slice_str(value)},
                              {SC_SLICE_LITERAL("a"), {"\0\377'", 3}}};
  assert_int_equal(sc_pg_query(pg, NULL, &err, "BEGIN"), SC_OK);
  assert_int_equal(sc_pg_state_write(pg, names, states, 2, is_there, &err), SC_OK);
  assert_int_equal(sc_pg_query(pg, NULL, &err, "%S", end), SC_OK);
}

static void expect(struct sc_pg *pg, const char *rows) {
  struct sc_error err;
  struct sc_pg_answer answer;
  assert_int_equal(sc_pg_query(pg, &answer, &err,
                               "SELECT coalesce(string_agg(key || '=' || encode(value, 'hex'), ';' ORDER BY key), '')"
                               " FROM kinesis_state WHERE namespace = 'n'"),
                   SC_OK);
  assert_string_equal(sc_pg_value(answer.rows, 0, 0), rows);
  sc_pg_result_free(answer.rows);
}

/* The newest value stays; a transaction that is rolled back takes its table with it; forgetting is of one namespace. */
static void keeps_the_newest(void **state) {
  (void)state;
  struct sc_error err;
  struct sc_pg *pg;
  struct sc_pg_names names;
  struct sc_pg_settings settings;
  if (getenv("SC_TEST_POSTGRES") == NULL) return;
  assert_int_equal(sc_pg_settings_parse(getenv("SC_TEST_POSTGRES"), &settings, &err), SC_OK);
  assert_int_equal(sc_pg_connect(&settings, "test", &sc_wait, &pg, &err), SC_OK);
  assert_int_equal(sc_pg_names_make(pg, "public", "t", "", "n", &names, &err), SC_OK);
  assert_int_equal(sc_pg_state_forget(pg, &names, &err), SC_OK);
  write_one(pg, &names, "0", false, "ROLLBACK");
  write_one(pg, &names, "1", false, "COMMIT");
  expect(pg, "a=00ff27;b \"{,\\=31");
  write_one(pg, &names, "2", true, "COMMIT");
  expect(pg, "a=00ff27;b \"{,\\=32");
  snprintf(names.name_space, sizeof(names.name_space), "other");
  assert_int_equal(sc_pg_state_forget(pg, &names, &err), SC_OK);
  expect(pg, "a=00ff27;b \"{,\\=32");
  snprintf(names.name_space, sizeof(names.name_space), "n");
  assert_int_equal(sc_pg_state_forget(pg, &names, &err), SC_OK);
  expect(pg, "");
  sc_pg_names_fini(&names);
  sc_pg_close(pg);
  sc_pg_settings_fini(&settings);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(is_no_target), cmocka_unit_test(keeps_the_newest)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
