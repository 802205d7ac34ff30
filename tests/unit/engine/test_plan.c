#include "engine/plan.h"
#include "engine/planner.h"
#include "engine/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct sc_slice text(const char *s) { return sc_slice_str(s); }

static const struct sc_slice no_key;

static void finds_columns(void **state) {
  (void)state;
  struct sc_plan *plan = sc_plan_new(1, 4);
  sc_plan_add(plan, text("a"), SC_ROLE_PAYLOAD, text("A"));
  sc_plan_add(plan, text("b"), SC_ROLE_PAYLOAD, text("B"));
  sc_plan_add(plan, text("empty"), SC_ROLE_PAYLOAD, text(""));
  struct sc_column *shard = sc_plan_add(plan, text("kinesis_shard_id"), SC_ROLE_SHARD, no_key);
  sc_plan_seal(plan);
  assert_int_equal(plan->n_columns, 4);
  assert_int_equal(plan->n_payload, 3);
  assert_null(shard->key);
  assert_int_equal(shard->modifier, -1);
  assert_string_equal(plan->columns[1].name, "b");
  for (int expected = -1; expected < 6; expected++) {
    assert_int_equal(sc_plan_find(plan, text("A"), expected), 0);
    assert_int_equal(sc_plan_find(plan, text("B"), expected), 1);
    assert_int_equal(sc_plan_find(plan, text(""), expected), 2);
    assert_int_equal(sc_plan_find(plan, text("a"), expected), -1);
    assert_int_equal(sc_plan_find(plan, text("kinesis_shard_id"), expected), -1);
  }
  sc_plan_free(plan);
}

static void keys_may_hold_anything(void **state) {
  (void)state;
  struct sc_plan *plan = sc_plan_new(1, 2);
  sc_plan_add(plan, text("a"), SC_ROLE_PAYLOAD, sc_slice_of("a\0b", 3));
  sc_plan_add(plan, text("b"), SC_ROLE_PAYLOAD, sc_slice_of("a\0c", 3));
  sc_plan_seal(plan);
  assert_int_equal(sc_plan_find(plan, sc_slice_of("a\0c", 3), -1), 1);
  assert_int_equal(sc_plan_find(plan, text("a"), -1), -1);
  sc_plan_free(plan);
}

static void as_many_columns_as_there_may_be(void **state) {
  (void)state;
  struct sc_plan *plan = sc_plan_new(1, SC_COLUMNS_MAX);
  char name[16];
  for (int i = 0; i < SC_COLUMNS_MAX; i++) {
    snprintf(name, sizeof(name), "c%d", i);
    sc_plan_add(plan, text(name), SC_ROLE_PAYLOAD, text(name));
  }
  sc_plan_seal(plan);
  for (int i = 0; i < SC_COLUMNS_MAX; i++) {
    snprintf(name, sizeof(name), "c%d", i);
    assert_int_equal(sc_plan_find(plan, text(name), i), i);
    assert_int_equal(sc_plan_find(plan, text(name), 0), i);
  }
  assert_int_equal(sc_plan_find(plan, text("c1600"), 3), -1);
  sc_plan_free(plan);
}

static void free_sink(void *sink) { ++*(int *)sink; }

static void frees_what_the_sink_left(void **state) {
  (void)state;
  int freed = 0;
  struct sc_plan *plan = sc_plan_new(1, 0);
  plan->sink = &freed;
  plan->free_sink = free_sink;
  sc_plan_seal(plan);
  assert_int_equal(sc_plan_find(plan, text("x"), -1), -1);
  sc_plan_free(plan);
  assert_int_equal(freed, 1);
  sc_plan_free(NULL);
}

static void samples_in_order(void **state) {
  (void)state;
  struct sc_sample *s = sc_sample_new(3);
  sc_sample_add(s, text("b"), SC_KIND_NULL);
  sc_sample_add(s, text("a"), SC_KIND_INTEGER);
  sc_sample_add(s, text("b"), SC_KIND_STRING);
  sc_sample_add(s, text("c"), SC_KIND_BOOL);
  sc_sample_add(s, text("d"), SC_KIND_BOOL);
  sc_sample_add(s, text("d"), SC_KIND_BOOL);
  sc_sample_add_record(s);
  assert_int_equal(sc_sample_keys(s), 3);
  assert_int_equal(sc_sample_keys_left_out(s), 2);
  assert_int_equal(sc_sample_records(s), 1);
  assert_true(sc_slice_is(sc_sample_key(s, 0), "b"));
  assert_true(sc_slice_is(sc_sample_key(s, 1), "a"));
  assert_int_equal(sc_sample_kinds(s, 0), SC_KIND_NULL | SC_KIND_STRING);
  sc_sample_free(s);
}

static void samples_merge(void **state) {
  (void)state;
  struct sc_sample *s = sc_sample_new(100), *other = sc_sample_new(100);
  sc_sample_add(s, text("x"), SC_KIND_INTEGER);
  sc_sample_add_record(s);
  sc_sample_add(other, text("y"), SC_KIND_STRING);
  sc_sample_add(other, text("x"), SC_KIND_FRACTION);
  sc_sample_add_record(other);
  sc_sample_merge(s, other);
  sc_sample_free(other);
  assert_int_equal(sc_sample_keys(s), 2);
  assert_int_equal(sc_sample_records(s), 2);
  assert_int_equal(sc_sample_kinds(s, 0), SC_KIND_INTEGER | SC_KIND_FRACTION);
  assert_true(sc_slice_is(sc_sample_key(s, 1), "y"));
  sc_sample_free(s);
}

static void samples_have_bounds(void **state) {
  (void)state;
  struct sc_sample *s = sc_sample_new(SC_COLUMNS_MAX);
  static char key[SC_SAMPLE_KEY_MAX + 1];
  memset(key, 'k', sizeof(key));
  sc_sample_add(s, sc_slice_of(key, SC_SAMPLE_KEY_MAX + 1), SC_KIND_BOOL);
  assert_int_equal(sc_sample_keys_left_out(s), 1);
  sc_sample_add(s, sc_slice_of(key, SC_SAMPLE_KEY_MAX), SC_KIND_BOOL);
  assert_int_equal(sc_sample_keys(s), 1);
  for (int i = 0; i < 2 * SC_COLUMNS_MAX; i++) {
    snprintf(key, sizeof(key), "%d", i);
    sc_sample_add(s, text(key), SC_KIND_BOOL);
  }
  assert_int_equal(sc_sample_keys(s), SC_COLUMNS_MAX);
  sc_sample_free(s);
  sc_sample_free(NULL);
}

static void infers(void **state) {
  (void)state;
  const struct {
    unsigned kinds;
    enum sc_inferred want;
  } cases[] = {
      {0, SC_INFER_TEXT},
      {SC_KIND_NULL, SC_INFER_TEXT},
      {SC_KIND_INTEGER, SC_INFER_BIGINT},
      {SC_KIND_INTEGER | SC_KIND_NULL, SC_INFER_BIGINT},
      {SC_KIND_LONG, SC_INFER_BIGINT},
      {SC_KIND_INTEGER | SC_KIND_LONG, SC_INFER_BIGINT},
      {SC_KIND_TIME, SC_INFER_TIME},
      {SC_KIND_TIME | SC_KIND_NULL, SC_INFER_TIME},
      {SC_KIND_TIME | SC_KIND_STRING, SC_INFER_TEXT},
      {SC_KIND_TIME | SC_KIND_INTEGER, SC_INFER_TEXT},
      {SC_KIND_TIME | SC_KIND_NESTED, SC_INFER_JSON},
      {SC_KIND_FRACTION, SC_INFER_DOUBLE},
      {SC_KIND_INTEGER | SC_KIND_FRACTION, SC_INFER_DOUBLE},
      {SC_KIND_LONG | SC_KIND_FRACTION, SC_INFER_NUMERIC},
      {SC_KIND_BIG, SC_INFER_NUMERIC},
      {SC_KIND_INTEGER | SC_KIND_BIG, SC_INFER_NUMERIC},
      {SC_KIND_BOOL, SC_INFER_BOOL},
      {SC_KIND_BOOL | SC_KIND_INTEGER, SC_INFER_TEXT},
      {SC_KIND_STRING | SC_KIND_NULL, SC_INFER_TEXT},
      {SC_KIND_STRING | SC_KIND_INTEGER, SC_INFER_TEXT},
      {SC_KIND_NESTED, SC_INFER_JSON},
      {SC_KIND_NESTED | SC_KIND_STRING | SC_KIND_BOOL, SC_INFER_JSON},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) assert_int_equal(sc_infer(cases[i].kinds), cases[i].want);
}

static struct sc_planner planner(void) {
  struct sc_planner p;
  sc_planner_init(&p, 2, 1000, 2000);
  return p;
}

static void makes_a_plan_of_enough_records(void **state) {
  (void)state;
  struct sc_planner p = planner();
  assert_int_equal(sc_planner_sampled(&p, 999, false, 0), SC_PLANNER_NOTHING);
  assert_int_equal(sc_planner_sampled(&p, 1, false, 10), SC_PLANNER_MAKE);
  assert_int_equal(sc_planner_sampled(&p, 1000, true, 10), SC_PLANNER_NOTHING);
  sc_planner_published(&p, 1);
  assert_int_equal(p.state, SC_PLANNER_READY);
  assert_int_equal(sc_planner_tick(&p, 99999), SC_PLANNER_NOTHING);
}

static void makes_a_plan_after_a_while(void **state) {
  (void)state;
  struct sc_planner p = planner();
  assert_int_equal(sc_planner_tick(&p, 1000000), SC_PLANNER_NOTHING);
  assert_int_equal(sc_planner_sampled(&p, 1, false, 5000), SC_PLANNER_NOTHING);
  assert_int_equal(sc_planner_sampled(&p, 1, false, 6000), SC_PLANNER_NOTHING);
  assert_int_equal(sc_planner_tick(&p, 6999), SC_PLANNER_NOTHING);
  assert_int_equal(sc_planner_tick(&p, 7000), SC_PLANNER_MAKE);
}

static void makes_a_plan_when_no_more_comes(void **state) {
  (void)state;
  struct sc_planner p = planner();
  assert_int_equal(sc_planner_sampled(&p, 0, true, 0), SC_PLANNER_NOTHING); /* of nothing there is no plan */
  assert_int_equal(sc_planner_sampled(&p, 3, true, 0), SC_PLANNER_MAKE);
}

static void knows_what_unknown_keys_come_to(void **state) {
  (void)state;
  char longest[SC_SAMPLE_KEY_MAX + 2] = "";
  memset(longest, 'k', SC_SAMPLE_KEY_MAX + 1);
  struct sc_plan *plan = sc_plan_new(1, 1);
  sc_plan_leave_out(plan, SC_SLICE_LITERAL("generated"));
  sc_plan_leave_out(plan, SC_SLICE_LITERAL(""));
  sc_plan_seal(plan);
  assert_int_equal(sc_plan_unknown(plan, SC_SLICE_LITERAL("a")), SC_UNKNOWN_IGNORE);
  plan->unknown = SC_UNKNOWN_ADD;
  assert_int_equal(sc_plan_unknown(plan, SC_SLICE_LITERAL("a")), SC_UNKNOWN_ADD);
  assert_int_equal(sc_plan_unknown(plan, SC_SLICE_LITERAL("generated")), SC_UNKNOWN_IGNORE);
  assert_int_equal(sc_plan_unknown(plan, SC_SLICE_LITERAL("")), SC_UNKNOWN_IGNORE);
  assert_int_equal(sc_plan_unknown(plan, sc_slice_of("a\0b", 3)), SC_UNKNOWN_IGNORE);
  assert_int_equal(sc_plan_unknown(plan, sc_slice_str(longest)), SC_UNKNOWN_IGNORE);
  plan->unknown = SC_UNKNOWN_DEAD_LETTER;
  assert_int_equal(sc_plan_unknown(plan, sc_slice_str(longest)), SC_UNKNOWN_DEAD_LETTER);
  assert_int_equal(sc_plan_unknown(plan, SC_SLICE_LITERAL("generated")), SC_UNKNOWN_IGNORE);
  sc_plan_free(plan);
}

static void replans_once_a_generation(void **state) {
  (void)state;
  struct sc_planner p = planner();
  assert_int_equal(sc_planner_replan(&p, 0), SC_PLANNER_NOTHING);
  sc_planner_sampled(&p, 1, true, 0);
  sc_planner_published(&p, 1);
  assert_int_equal(sc_planner_replan(&p, 1), SC_PLANNER_HOLD);
  assert_int_equal(sc_planner_replan(&p, 1), SC_PLANNER_NOTHING);
  assert_int_equal(sc_planner_held(&p), SC_PLANNER_NOTHING);
  assert_int_equal(sc_planner_held(&p), SC_PLANNER_REREAD);
  assert_int_equal(sc_planner_replan(&p, 1), SC_PLANNER_NOTHING);
  sc_planner_published(&p, 2);
  assert_int_equal(sc_planner_replan(&p, 1), SC_PLANNER_NOTHING);
  assert_int_equal(sc_planner_replan(&p, 2), SC_PLANNER_HOLD);
  assert_int_equal(sc_planner_held(&p), SC_PLANNER_NOTHING);
  assert_int_equal(sc_planner_held(&p), SC_PLANNER_REREAD);
}

static void a_table_that_is_there_needs_no_sample(void **state) {
  (void)state;
  struct sc_planner p = planner();
  sc_planner_published(&p, 1);
  assert_int_equal(p.state, SC_PLANNER_READY);
  assert_int_equal(sc_planner_sampled(&p, 5000, true, 0), SC_PLANNER_NOTHING);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_columns),
      cmocka_unit_test(keys_may_hold_anything),
      cmocka_unit_test(as_many_columns_as_there_may_be),
      cmocka_unit_test(frees_what_the_sink_left),
      cmocka_unit_test(samples_in_order),
      cmocka_unit_test(samples_merge),
      cmocka_unit_test(samples_have_bounds),
      cmocka_unit_test(infers),
      cmocka_unit_test(makes_a_plan_of_enough_records),
      cmocka_unit_test(makes_a_plan_after_a_while),
      cmocka_unit_test(makes_a_plan_when_no_more_comes),
      cmocka_unit_test(knows_what_unknown_keys_come_to),
      cmocka_unit_test(replans_once_a_generation),
      cmocka_unit_test(a_table_that_is_there_needs_no_sample),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
