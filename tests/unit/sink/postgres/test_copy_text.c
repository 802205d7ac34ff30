#include "sink/postgres/copy_text.h"
#include "sink/postgres/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/budget.h"
#include "engine/batch.h"
#include "engine/decoder.h"
#include "sink/postgres/copy.h"
#include "sink/postgres/types.h"

#define INET 869

static struct sc_plan *plan_of(const uint32_t *types, uint32_t n, bool not_null) {
  static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  struct sc_plan *plan = sc_plan_new(1, n);
  for (uint32_t i = 0; i < n; i++) {
    struct sc_column *c = sc_plan_add(plan, sc_slice_str(names[i]), SC_ROLE_PAYLOAD, sc_slice_str(names[i]));
    c->type = types[i];
    c->not_null = not_null;
  }
  sc_plan_seal(plan);
  plan->sink = sc_pgcopy_new(plan, true);
  plan->free_sink = sc_pgcopy_free;
  return plan;
}

/* One row through the encoder; the line without its end, or the SQLSTATE it was refused with. */
static void expect_line(const uint32_t *types, struct sc_cell *values, uint32_t n, bool not_null, const char *line,
                        const char *refused) {
  struct sc_budget *budget = sc_budget_new(1 << 20, 1 << 20, 1);
  struct sc_block *block = sc_block_new(budget, 65536);
  struct sc_plan *plan = plan_of(types, n, not_null);
  struct sc_reject items[1];
  struct sc_rejects rejects = {items, 0};
  struct sc_record records[1] = {{.sequence = SC_SLICE_LITERAL("1")}};
  uint32_t record = 0;
  size_t needed;
  struct sc_cells cells = {n, 1, 1, values, &record};
  assert_int_equal(sc_pgcopy_encode(plan, &cells, 0, records, 0, block, &rejects, &needed), 1);
  assert_int_equal(rejects.n, refused != NULL);
  if (refused) {
    assert_string_equal(sc_pg_sqlstate_of(items[0].reason), refused);
    assert_int_equal(block->len, 0);
  } else {
    assert_int_equal(block->len, strlen(line) + 1);
    assert_memory_equal(block->data, line, strlen(line));
    assert_int_equal(block->data[block->len - 1], '\n');
  }
  sc_plan_free(plan);
  sc_block_free(block);
  sc_budget_free(budget);
}

static void expect(uint32_t type, struct sc_cell cell, const char *line) {
  expect_line(&type, &cell, 1, false, line, NULL);
}

static struct sc_cell text_cell(uint32_t type, const char *text) {
  return (struct sc_cell){.type = type, .len = (uint32_t)strlen(text), .ptr = text};
}

static void values(void **state) {
  (void)state;
  expect(INET, text_cell(SC_CELL_STRING, "10.0.0.1/8"), "10.0.0.1/8");
  expect(INET, (struct sc_cell){.type = SC_CELL_INT, .i = -5}, "-5");
  expect(INET, (struct sc_cell){.type = SC_CELL_DOUBLE, .d = 0.25}, "0.25");
  expect(INET, (struct sc_cell){.type = SC_CELL_BOOL, .i = 1}, "true");
  expect(INET, (struct sc_cell){.type = SC_CELL_NULL}, "\\N");
  expect(INET, text_cell(SC_CELL_NUMBER, "1.50"), "1.50");
  expect(SC_PG_INT4, text_cell(SC_CELL_NUMBER, "3.0"), "3");
  expect(SC_PG_INT8, (struct sc_cell){.type = SC_CELL_TIME, .i = 1700000000123456}, "1700000000123");
  expect(SC_PG_NUMERIC, (struct sc_cell){.type = SC_CELL_TIME, .i = 1700000000123456}, "1700000000123");
  expect(SC_PG_TIMESTAMPTZ, (struct sc_cell){.type = SC_CELL_TIME, .i = 1700000000123456},
         "2023-11-14 22:13:20.123456+00");
  expect(SC_PG_BYTEA, text_cell(SC_CELL_STRING, "a\\"), "\\\\x615c");
  expect(SC_PG_BYTEA, text_cell(SC_CELL_STRING, "\\x00ff"), "\\\\x00ff");
}

/* What the binary encoders have made, as PostgreSQL reads it. */
static void values_are_written_as_judged(void **state) {
  (void)state;
  expect(SC_PG_INT4, text_cell(SC_CELL_STRING, " 1e3 "), "1000");
  expect(SC_PG_INT2, (struct sc_cell){.type = SC_CELL_INT, .i = -7}, "-7");
  expect(SC_PG_INT8, (struct sc_cell){.type = SC_CELL_INT, .i = INT64_MIN}, "-9223372036854775808");
  expect(SC_PG_FLOAT8, (struct sc_cell){.type = SC_CELL_DOUBLE, .d = 0.1}, "0.1");
  expect(SC_PG_FLOAT8, text_cell(SC_CELL_STRING, "-inf"), "-Infinity");
  expect(SC_PG_FLOAT4, text_cell(SC_CELL_STRING, "nan"), "NaN");
  expect(SC_PG_FLOAT4, (struct sc_cell){.type = SC_CELL_DOUBLE, .d = 1.5}, "1.5");
  expect(SC_PG_BOOL, text_cell(SC_CELL_STRING, "Yes"), "true");
  expect(SC_PG_BOOL, (struct sc_cell){.type = SC_CELL_INT, .i = 0}, "false");
  expect(SC_PG_NUMERIC, text_cell(SC_CELL_STRING, " 1.50 "), "1.50");
  expect(SC_PG_UUID, text_cell(SC_CELL_STRING, "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"),
         "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
  expect(SC_PG_DATE, text_cell(SC_CELL_STRING, "2026-02-28T23:00"), "2026-02-28");
  expect(SC_PG_DATE, text_cell(SC_CELL_STRING, "-infinity"), "-infinity");
  expect(SC_PG_TIMESTAMP, text_cell(SC_CELL_STRING, "294276-12-31 23:59:59.5"), "294276-12-31 23:59:59.500000");
  expect(SC_PG_TIMESTAMPTZ, text_cell(SC_CELL_STRING, "0001-01-01T00:30+01"), "0001-12-31 23:30:00.000000+00 BC");
  expect(SC_PG_TIMESTAMPTZ, text_cell(SC_CELL_STRING, "infinity"), "infinity");
  expect(SC_PG_JSONB, text_cell(SC_CELL_JSON, "[1]"), "[1]");
}

static void what_has_a_meaning_is_escaped(void **state) {
  (void)state;
  expect(SC_PG_TEXT, text_cell(SC_CELL_STRING, "\\.\n\t\\\r\b\f\v|"), "\\\\.\\n\\t\\\\\\r\\b\\f\\v|");
  expect(SC_PG_TEXT, text_cell(SC_CELL_STRING, "\\N"), "\\\\N");
  expect(SC_PG_TEXT, text_cell(SC_CELL_STRING, ""), "");
  expect(SC_PG_JSON, text_cell(SC_CELL_JSON, "{\"a\":\"\\n\"}"), "{\"a\":\"\\\\n\"}");
}

static void what_is_refused_here(void **state) {
  (void)state;
  uint32_t type = SC_PG_TEXT;
  struct sc_cell with_nul = {.type = SC_CELL_STRING, .len = 2, .ptr = "\0a"}, null = {.type = SC_CELL_NULL};
  expect_line(&type, &with_nul, 1, false, NULL, "22021");
  expect_line(&type, &null, 1, true, NULL, "23502");
  static const struct {
    uint32_t type;
    const char *text, *sqlstate;
  } strings[] = {{SC_PG_TIMESTAMPTZ, "today", "22007"}, {SC_PG_DATE, "20200101", "22007"},
                 {SC_PG_BOOL, "tru", "22P02"},          {SC_PG_NUMERIC, "inf", "22P02"},
                 {SC_PG_INT4, "0x1f", "22P02"},         {SC_PG_FLOAT8, "1e-400", "22003"},
                 {SC_PG_BYTEA, "\\x0", "22P02"}};
  for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
    struct sc_cell cell = text_cell(SC_CELL_STRING, strings[i].text);
    expect_line(&strings[i].type, &cell, 1, false, NULL, strings[i].sqlstate);
  }
  struct sc_cell fraction = text_cell(SC_CELL_NUMBER, "3.5");
  type = SC_PG_INT4;
  expect_line(&type, &fraction, 1, false, NULL, "22P02");
}

static void columns_are_separated_by_tabs(void **state) {
  (void)state;
  const uint32_t types[] = {SC_PG_INT8, INET, SC_PG_TEXT};
  struct sc_cell row[] = {{.type = SC_CELL_INT, .i = 7}, {.type = SC_CELL_NULL}, text_cell(SC_CELL_STRING, "x")};
  expect_line(types, row, 3, false, "7\t\\N\tx", NULL);
}

/* The worst text still fits the bound: every byte an escape, in many columns. */
static void the_bound_holds(void **state) {
  (void)state;
  uint32_t types[8];
  struct sc_cell row[8];
  char tabs[1000], line[8 * 2001];
  size_t n = 0;
  memset(tabs, '\t', sizeof(tabs));
  for (uint32_t i = 0; i < 8; i++) {
    types[i] = SC_PG_TEXT;
    row[i] = (struct sc_cell){.type = SC_CELL_STRING, .len = sizeof(tabs), .ptr = tabs};
    for (size_t k = 0; k < sizeof(tabs); k++) line[n++] = '\\', line[n++] = 't';
    line[n++] = '\t';
  }
  line[n - 1] = 0;
  expect_line(types, row, 8, false, line, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values),
      cmocka_unit_test(values_are_written_as_judged),
      cmocka_unit_test(what_has_a_meaning_is_escaped),
      cmocka_unit_test(what_is_refused_here),
      cmocka_unit_test(columns_are_separated_by_tabs),
      cmocka_unit_test(the_bound_holds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
