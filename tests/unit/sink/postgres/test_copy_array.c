#include "sink/postgres/copy_array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/buf.h"

/* What stands in the line of COPY; want NULL: refused. The output has just the room that the header promises. */
static void expect(sc_pgcopy_fn *encode, uint32_t type, const char *json, const char *want) {
  struct sc_pgcopy_column column = {.name = "a"};
  struct sc_cell cell = {.type = type, .len = (uint32_t)strlen(json), .ptr = json};
  struct sc_reject why = {.column = 0};
  char *out = sc_alloc(strlen(json) * SC_PGCOPY_ARRAY_GROWTH + 1), *end = encode(&column, &cell, out, &why);
  if (want == NULL) {
    assert_null(end);
    assert_int_equal(why.reason, SC_REASON_TYPE);
  } else {
    *end = 0;
    assert_string_equal(out, want);
  }
  free(out);
}

static void arrays_of_scalars(void **state) {
  (void)state;
  static const struct {
    const char *json, *want;
  } cases[] = {
      {"[]", "{}"},
      {"[ 1 , -2.5e3,\tnull ,true]", "{1,-2.5e3,NULL,true}"},
      {"[\"a\",\"\",\"null\",\"NULL\",\",}{\"]", "{\"a\",\"\",\"null\",\"NULL\",\",}{\"}"},
      {"[[1,2],[3,null]]", "{{1,2},{3,NULL}}"},
      {"[\"\\\"\",\"\\\\\",\"\\n\\t\",\"\\u00e9\\ud83d\\ude00\"]",
       "{\"\\\\\"\",\"\\\\\\\\\",\"\\n\\t\",\"\xc3\xa9\xf0\x9f\x98\x80\"}"},
      {"[\"\\\\\\\\\\\\\\\\\"]", "{\"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"}"}, /* the most that a text can grow */
      {"[{\"a\":[1,\"]\"]}]", "{\"{\\\\\"a\\\\\":[1,\\\\\"]\\\\\"]}\"}"},
      {"{\"a\":1}", "{\"a\":1}"}, /* no array: its text, which the server refuses */
      {"[\"\\u0000\"]", NULL},
      {"[\"\\x\"]", NULL},
      {"[\"", NULL},
      {"[}", NULL},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    expect(sc_pgcopy_array, SC_CELL_JSON, cases[i].json, cases[i].want);
  expect(sc_pgcopy_array, SC_CELL_STRING, "{a,\"b\"}", "{a,\"b\"}"); /* PostgreSQL's own form */
  expect(sc_pgcopy_array, SC_CELL_NUMBER, "5", "5");
}

static void arrays_of_json(void **state) {
  (void)state;
  expect(sc_pgcopy_json_array, SC_CELL_JSON, "[{\"a\":\"]\"}, \"x\",1,null,[2,[3]]]",
         "{\"{\\\\\"a\\\\\":\\\\\"]\\\\\"}\",\"\\\\\"x\\\\\"\",\"1\",NULL,\"[2,[3]]\"}");
  expect(sc_pgcopy_json_array, SC_CELL_JSON, "[\"\\\\\"]", "{\"\\\\\"\\\\\\\\\\\\\\\\\\\\\"\"}");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(arrays_of_scalars), cmocka_unit_test(arrays_of_json)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
