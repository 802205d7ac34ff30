#include "sink/postgres/types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define INET 869

static void shapes(void **state) {
  (void)state;
  assert_int_equal(sc_pg_type_shape(SC_PG_INT2), SC_SHAPE_INTEGER);
  assert_int_equal(sc_pg_type_shape(SC_PG_FLOAT4), SC_SHAPE_DOUBLE);
  assert_int_equal(sc_pg_type_shape(SC_PG_NUMERIC), SC_SHAPE_NUMERIC);
  assert_int_equal(sc_pg_type_shape(SC_PG_BOOL), SC_SHAPE_BOOL);
  assert_int_equal(sc_pg_type_shape(SC_PG_JSONB), SC_SHAPE_JSON);
  assert_int_equal(sc_pg_type_shape(SC_PG_UUID), SC_SHAPE_TEXT);
  assert_int_equal(sc_pg_type_shape(INET), SC_SHAPE_TEXT);
}

static void what_has_a_binary_form(void **state) {
  (void)state;
  assert_true(sc_pg_type_is_binary(SC_PG_BPCHAR));
  assert_false(sc_pg_type_is_binary(INET));
  assert_false(sc_pg_type_is_binary(0));
  assert_string_equal(sc_pg_type_name(SC_PG_FLOAT4), "real");
}

static void where_metadata_fits(void **state) {
  (void)state;
  const enum sc_role roles[] = {SC_ROLE_SHARD, SC_ROLE_SEQUENCE, SC_ROLE_ARRIVAL, SC_ROLE_PARTITION_KEY};
  for (int i = 0; i < 4; i++) {
    assert_true(sc_pg_type_fits(SC_PG_TEXT, roles[i]));
    assert_true(sc_pg_type_fits(INET, roles[i])); /* the server judges */
    assert_false(sc_pg_type_fits(SC_PG_JSONB, roles[i]));
    assert_int_equal(sc_pg_type_fits(SC_PG_INT8, roles[i]), roles[i] == SC_ROLE_ARRIVAL);
    assert_int_equal(sc_pg_type_fits(SC_PG_TIMESTAMPTZ, roles[i]), roles[i] == SC_ROLE_ARRIVAL);
  }
  assert_true(sc_pg_type_fits(SC_PG_NUMERIC, SC_ROLE_SEQUENCE));
  assert_false(sc_pg_type_fits(SC_PG_NUMERIC, SC_ROLE_SHARD));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(shapes), cmocka_unit_test(what_has_a_binary_form),
                                     cmocka_unit_test(where_metadata_fits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
