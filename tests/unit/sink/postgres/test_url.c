#include "sink/postgres/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/program.h"

static struct sc_options *options_of(const char *command, const char *argument, const char *option) {
  struct sc_options *options;
  struct sc_error err;
  char *argv[] = {
      strdup("shardcopy"), strdup(command), strdup(argument), strdup("-"), strdup(option ? option : "--quiet"), NULL};
  assert_int_equal(sc_options_parse(&sc_program, 5, argv, &options, &err), SC_OK);
  for (int i = 0; i < 5; i++) free(argv[i]);
  return options;
}

static void what_it_claims(void **state) {
  (void)state;
  assert_true(sc_pg_url_claims("postgresql://host/db"));
  assert_true(sc_pg_url_claims("postgres://"));
  assert_false(sc_pg_url_claims("postgresql:host"));
  assert_false(sc_pg_url_claims("kinesis://demo"));
  assert_false(sc_pg_url_claims("-"));
}

static void parameters_find_their_owner(void **state) {
  (void)state;
  struct sc_options *o = options_of("load", "kinesis://x", "--metadata=none");
  struct sc_pg_settings s;
  struct sc_error err;
  char *table = NULL;
  const char *url =
      "postgresql://me:p%40ss@db.example:5433/"
      "app?sslmode=require&table=raw.%22a%22&flush_interval=5s&metadata=shard&connect_timeout=3";
  assert_int_equal(sc_pg_url_parse(url, o, &s, &table, &err), SC_OK);
  assert_string_equal(sc_pg_settings_get(&s, "host"), "db.example");
  assert_string_equal(sc_pg_settings_get(&s, "port"), "5433");
  assert_string_equal(sc_pg_settings_get(&s, "user"), "me");
  assert_string_equal(sc_pg_settings_get(&s, "password"), "p@ss");
  assert_string_equal(sc_pg_settings_get(&s, "dbname"), "app");
  assert_string_equal(sc_pg_settings_get(&s, "sslmode"), "require");
  assert_string_equal(sc_pg_settings_get(&s, "connect_timeout"), "3");
  assert_null(sc_pg_settings_get(&s, "table"));
  assert_string_equal(sc_options_text(o, SC_OPT_TABLE), "raw.\"a\"");
  assert_string_equal(table, "raw.\"a\"");
  assert_int_equal(sc_options_int(o, SC_OPT_FLUSH_INTERVAL), 5000);
  assert_string_equal(sc_options_text(o, SC_OPT_METADATA), "none"); /* the command line wins */
  free(table);
  sc_pg_settings_fini(&s);
  sc_options_free(o);
}

static void wrong_urls(void **state) {
  (void)state;
  const struct {
    const char *url, *part;
  } cases[] = {
      {"postgresql://me:secret@h/d?tabel=x", "tabel"},
      {"postgresql://me:secret@h/d?table=%4", "percent"},
      {"postgresql://me:secret@h/d?table=%00", "percent"},
      {"postgresql://me:secret@h:5432x/d%zz", "malformed"},
      {"postgresql://me:secret%zz@h/d", "malformed"},
      {"postgresql://me:secret@[::1/d", "malformed"},
      {"postgresql://me:secret@h/d?flush-interval=soon", "flush-interval"},
      {"postgresql://me:1@secret@h/d", "not encoded"},
      {"postgresql://me:1@se/cret@h/d", "not encoded"},
      {"postgresql://me:1/secret@h/d", "not encoded"},
      {"postgresql://me:1?secret@h/d", "not encoded"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct sc_options *o = options_of("load", "kinesis://x", NULL);
    struct sc_pg_settings s;
    struct sc_error err;
    assert_int_equal(sc_pg_url_parse(cases[i].url, o, &s, NULL, &err), SC_E_USAGE);
    assert_non_null(strstr(err.text, cases[i].part));
    assert_null(strstr(err.text, "secret"));
    assert_null(strstr(err.hint, "secret"));
    sc_options_free(o);
  }
}

static void a_wrong_parameter_gets_the_nearest_name(void **state) {
  (void)state;
  struct sc_options *o = options_of("load", "kinesis://x", NULL);
  struct sc_pg_settings s;
  struct sc_error err;
  assert_int_equal(sc_pg_url_parse("postgresql://h/d?tabel=x", o, &s, NULL, &err), SC_E_USAGE);
  assert_string_equal(err.hint, "did you mean table?");
  assert_int_equal(sc_pg_url_parse("postgresql://h/d?quite_another=x", o, &s, NULL, &err), SC_E_USAGE);
  assert_non_null(strstr(err.hint, "sslmode"));
  sc_options_free(o);
}

static void an_at_may_stand_in_a_value(void **state) {
  (void)state;
  struct sc_options *o = options_of("load", "kinesis://x", NULL);
  struct sc_pg_settings s;
  struct sc_error err;
  assert_int_equal(sc_pg_url_parse("postgresql://me%40x:p@h/d?application_name=a@b", o, &s, NULL, &err), SC_OK);
  assert_string_equal(sc_pg_settings_get(&s, "user"), "me@x");
  assert_string_equal(sc_pg_settings_get(&s, "application_name"), "a@b");
  sc_pg_settings_fini(&s);
  sc_options_free(o);
}

static void tables(void **state) {
  (void)state;
  const struct {
    const char *text, *schema, *table;
  } good[] = {{"demo", "", "demo"},          {"raw.demo", "raw", "demo"},
              {"\"a.b\"", "", "a.b"},        {"\"a\"\"b\".\"C d\"", "a\"b", "C d"},
              {"raw.\"x.y\"", "raw", "x.y"}, {"Überschall", "", "Überschall"}};
  const char *const bad[] = {"",       ".",      "a.",
                             ".a",     "a.b.c",  "\"a",
                             "\"a\"b", "a.\"\"", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
  char schema[64], table[64];
  struct sc_error err;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    assert_int_equal(sc_pg_url_table(good[i].text, schema, table, &err), SC_OK);
    assert_string_equal(schema, good[i].schema);
    assert_string_equal(table, good[i].table);
  }
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_int_equal(sc_pg_url_table(bad[i], schema, table, &err), SC_E_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_it_claims),
      cmocka_unit_test(parameters_find_their_owner),
      cmocka_unit_test(wrong_urls),
      cmocka_unit_test(a_wrong_parameter_gets_the_nearest_name),
      cmocka_unit_test(an_at_may_stand_in_a_value),
      cmocka_unit_test(tables),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
