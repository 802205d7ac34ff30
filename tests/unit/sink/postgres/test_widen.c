#include "sink/postgres/widen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/batch.h"
#include "engine/sample.h"
#include "sink/postgres/types.h"

static uint32_t widened(uint32_t type, unsigned kinds) {
  return sc_pg_widen((struct sc_pg_column_type){type, -1}, kinds).type;
}

static void widens_by_inference(void **state) {
  (void)state;
  static const struct {
    uint32_t from;
    unsigned kinds;
    uint32_t to;
  } pairs[] = {{SC_PG_INT4, SC_KIND_LONG, SC_PG_INT8},
               {SC_PG_INT8, SC_KIND_INTEGER, SC_PG_INT8},
               {SC_PG_INT8, SC_KIND_FRACTION, SC_PG_FLOAT8},
               {SC_PG_INT8, SC_KIND_FRACTION | SC_KIND_LONG, SC_PG_NUMERIC},
               {SC_PG_INT8, SC_KIND_BIG, SC_PG_NUMERIC},
               {SC_PG_INT8, SC_KIND_STRING, SC_PG_TEXT},
               {SC_PG_INT8, SC_KIND_TIME, SC_PG_TEXT},
               {SC_PG_INT8, SC_KIND_NESTED, SC_PG_JSONB},
               {SC_PG_FLOAT4, SC_KIND_FRACTION, SC_PG_FLOAT8},
               {SC_PG_FLOAT8, SC_KIND_LONG, SC_PG_NUMERIC},
               {SC_PG_FLOAT8, SC_KIND_BIG, SC_PG_NUMERIC},
               {SC_PG_NUMERIC, SC_KIND_BIG, SC_PG_NUMERIC},
               {SC_PG_BOOL, SC_KIND_INTEGER, SC_PG_TEXT},
               {SC_PG_BOOL, SC_KIND_NESTED | SC_KIND_STRING, SC_PG_JSONB},
               {SC_PG_TIMESTAMPTZ, SC_KIND_TIME, SC_PG_TIMESTAMPTZ},
               {SC_PG_TIMESTAMPTZ, SC_KIND_TIME | SC_KIND_STRING, SC_PG_TEXT},
               {SC_PG_UUID, SC_KIND_STRING, SC_PG_TEXT},
               {SC_PG_TEXT, SC_KIND_NESTED, SC_PG_TEXT},
               {SC_PG_BYTEA, SC_KIND_STRING, SC_PG_BYTEA},
               {SC_PG_JSONB, SC_KIND_STRING | SC_KIND_BIG, SC_PG_JSONB},
               {SC_PG_INT8, SC_KIND_NULL, SC_PG_INT8}};
  for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
    assert_int_equal(widened(pairs[i].from, pairs[i].kinds), pairs[i].to);
}

static void gives_up_modifiers(void **state) {
  (void)state;
  struct sc_pg_column_type money = {SC_PG_NUMERIC, 655366}, wide = sc_pg_widen(money, SC_KIND_BIG);
  assert_true(sc_pg_widen_changes(money, wide));
  assert_int_equal(wide.type, SC_PG_NUMERIC);
  assert_int_equal(wide.modifier, -1);
  assert_false(sc_pg_widen_changes(wide, sc_pg_widen(wide, SC_KIND_BIG)));
}

static void asks_only_for_long_integers(void **state) {
  (void)state;
  assert_true(sc_pg_widen_asks((struct sc_pg_column_type){SC_PG_INT8, -1}, SC_KIND_FRACTION));
  assert_false(sc_pg_widen_asks((struct sc_pg_column_type){SC_PG_INT4, -1}, SC_KIND_FRACTION));
  assert_false(sc_pg_widen_asks((struct sc_pg_column_type){SC_PG_INT8, -1}, SC_KIND_BIG));
  assert_false(sc_pg_widen_asks((struct sc_pg_column_type){SC_PG_INT8, -1}, SC_KIND_STRING));
}

static void requests_what_a_wider_type_would_hold(void **state) {
  (void)state;
  struct sc_plan *plan = sc_plan_new(1, 1);
  struct sc_column *c = sc_plan_add(plan, SC_SLICE_LITERAL("a"), SC_ROLE_PAYLOAD, SC_SLICE_LITERAL("a"));
  struct sc_cell word = {.type = SC_CELL_STRING, .len = 1, .ptr = "x"},
                 nul = {.type = SC_CELL_STRING, .len = 1, .ptr = ""};
  struct sc_reject why = {.reason = SC_REASON_TYPE};
  c->type = SC_PG_INT8;
  sc_pg_widen_request(plan, &word, &why);
  assert_int_equal(why.request, SC_REQUEST_NONE); /* the column may not change */
  c->widens = true;
  sc_pg_widen_request(plan, &word, &why);
  assert_int_equal(why.request, SC_REQUEST_TYPE);
  assert_int_equal(why.kinds, SC_KIND_STRING);
  sc_pg_widen_request(plan, &nul, &why);
  assert_int_equal(why.request, SC_REQUEST_NONE); /* no text holds U+0000 */
  struct sc_reject null = {.reason = SC_REASON_NOT_NULL};
  sc_pg_widen_request(plan, &word, &null);
  assert_int_equal(null.request, SC_REQUEST_NONE);
  c->type = SC_PG_TEXT;
  sc_pg_widen_request(plan, &word, &why);
  assert_int_equal(why.request, SC_REQUEST_NONE);
  c->widens = false;
  plan->fail_on_type = true;
  sc_pg_widen_request(plan, &word, &why);
  assert_int_equal(why.request, SC_REQUEST_TYPE);
  sc_plan_free(plan);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(widens_by_inference), cmocka_unit_test(gives_up_modifiers),
                                     cmocka_unit_test(asks_only_for_long_integers),
                                     cmocka_unit_test(requests_what_a_wider_type_would_hold)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
