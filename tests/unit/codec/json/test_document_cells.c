#include "codec/json/document_cells.h"
#include "engine/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROWS 4

static struct sc_json_arena *arena;
static struct sc_plan *plan;
static struct sc_cell row[ROWS * 2];
static uint32_t row_record[ROWS];
static struct sc_reject reject_items[ROWS];
static struct sc_cells cells = {.cap_rows = ROWS, .cells = row, .record = row_record};
static struct sc_rejects rejects = {.items = reject_items};

/* A payload column, unless metadata_only, and one of metadata. */
static void make_plan(bool metadata_only) {
  sc_plan_free(plan);
  plan = sc_plan_new(1, 2);
  struct sc_slice name = SC_SLICE_LITERAL(SC_COLUMNS_DATA);
  if (!metadata_only) sc_plan_add(plan, name, SC_ROLE_PAYLOAD, name);
  sc_plan_add(plan, SC_SLICE_LITERAL("shard"), SC_ROLE_SHARD, name);
  sc_plan_seal(plan);
  cells.n_columns = plan->n_columns;
  memset(row, 0xee, sizeof(row));
}

static int setup(void **state) {
  (void)state;
  arena = sc_json_arena_new(0);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  sc_json_arena_free(arena);
  sc_plan_free(plan);
  return 0;
}

static struct sc_record record_of(char *body, const char *text, size_t len) {
  memset(body, '"', len + SC_BODY_PADDING);
  if (len > 0) memcpy(body, text, len);
  return (struct sc_record){.data = {body, len}};
}

/* The same for a text that no longer changes: kept until the next one of that place. */
static struct sc_record padded(int place, const char *text) {
  static char bodies[ROWS + 1][64 + SC_BODY_PADDING];
  assert_true(strlen(text) <= 64);
  return record_of(bodies[place], text, strlen(text));
}

static bool json(const char *text, size_t len) {
  static char body[4096 + SC_BODY_PADDING];
  assert_true(len <= 4096);
  struct sc_record r = record_of(body, text, len);
  assert_int_equal(sc_document_cells_json(arena, plan, &r, 1, false, &cells, &rejects), 1);
  assert_int_equal(cells.n_rows + rejects.n, 1);
  return cells.n_rows == 1;
}

static void any_document_is_a_row(void **state) {
  (void)state;
  static const char *const documents[] = {"{}",    "[]",  "[1,{\"a\":null}]", "\"x\"", "\"\"", "-1.5e3", "true",
                                          "false", "null"};
  make_plan(false);
  for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
    char padded[64];
    snprintf(padded, sizeof(padded), " \r\n%s\t", documents[i]);
    if (!json(padded, strlen(padded))) fail_msg("%s: %s", documents[i], reject_items[0].text);
    assert_int_equal(row[0].type, SC_CELL_JSON);
    assert_int_equal(row[0].len, strlen(documents[i]));
    assert_memory_equal(row[0].ptr, documents[i], row[0].len);
    assert_int_equal(row[1].type, SC_CELL_ABSENT);
  }
}

static void anything_else_is_rejected(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum sc_reason reason;
  } wrong[] = {{"", SC_REASON_SHAPE},
               {" \n", SC_REASON_SHAPE},
               {"{", SC_REASON_SYNTAX},
               {"[1,]", SC_REASON_SYNTAX},
               {"1 2", SC_REASON_SYNTAX},
               {"{}{}", SC_REASON_SYNTAX},
               {"\"\xff\"", SC_REASON_ENCODING},
               {"nul", SC_REASON_SYNTAX},
               {"\"\\u0000\"", SC_REASON_NUL},
               {"1e200000", SC_REASON_RANGE}};
  make_plan(false);
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    if (json(wrong[i].text, strlen(wrong[i].text))) fail_msg("%s", wrong[i].text);
    assert_int_equal(reject_items[0].reason, wrong[i].reason);
    assert_true(reject_items[0].text[0] != '\0');
  }
  char deep[2 * SC_CHUNK_ROWS * 4];
  memset(deep, '[', sizeof(deep));
  assert_false(json(deep, sizeof(deep)));
  assert_int_equal(reject_items[0].reason, SC_REASON_LIMIT);
}

static void without_a_column_it_is_only_checked(void **state) {
  (void)state;
  make_plan(true);
  assert_true(json("\"\\u0000\"", 8));
  assert_int_equal(row[0].type, SC_CELL_ABSENT);
  assert_false(json("{", 1));
}

static void a_chunk_ends_where_the_rows_do(void **state) {
  (void)state;
  struct sc_record r[ROWS + 1];
  for (int i = 0; i <= ROWS; i++) r[i] = padded(i, "1");
  make_plan(false);
  assert_int_equal(sc_document_cells_json(arena, plan, r, ROWS + 1, false, &cells, &rejects), ROWS);
  assert_int_equal(row_record[ROWS - 1], ROWS - 1);
}

/* Cells that may grow. */
static struct sc_cells make_cells(uint32_t rows) {
  return (struct sc_cells){.n_columns = plan->n_columns,
                           .cap_rows = rows,
                           .cells = calloc(rows * plan->n_columns, sizeof(struct sc_cell)),
                           .record = calloc(rows, sizeof(uint32_t))};
}

static void documents_become_rows(void **state) {
  (void)state;
  make_plan(false);
  struct sc_cells heap = make_cells(4);
  struct sc_record r[3] = {padded(0, "1 [2]\n"), padded(1, "{} {"), padded(2, "true{\"a\":1}null")};
  assert_int_equal(sc_document_cells_json(arena, plan, r, 3, true, &heap, &rejects),
                   2); /* the third finds two rows left */
  assert_int_equal(heap.n_rows, 2);
  assert_int_equal(rejects.n, 1);
  assert_int_equal(reject_items[0].record, 1);
  assert_int_equal(heap.record[1], 0);
  assert_int_equal(heap.cells[heap.n_columns].len, 3);
  assert_int_equal(sc_document_cells_json(arena, plan, r + 2, 1, true, &heap, &rejects), 1);
  assert_int_equal(heap.n_rows, 3);
  free(heap.cells);
  free(heap.record);
}

static void documents_are_told_apart(void **state) {
  (void)state;
  make_plan(false);
  struct sc_record r[] = {padded(0, "1 {}3[]"), padded(1, "5null"), padded(2, "1\"x\"")};
  assert_int_equal(sc_document_cells_json(arena, plan, r, 1, true, &cells, &rejects), 1);
  assert_int_equal(cells.n_rows, 4);
  assert_int_equal(sc_document_cells_json(arena, plan, r + 1, 2, true, &cells, &rejects), 2);
  assert_int_equal(rejects.n, 2);
}

static void a_record_has_only_so_many_documents(void **state) {
  (void)state;
  make_plan(false);
  struct sc_cells heap = make_cells(4);
  char *many = calloc(2 * (SC_SPLIT_ROWS_MAX + 1) + SC_BODY_PADDING, 1);
  for (size_t i = 0; i <= SC_SPLIT_ROWS_MAX; i++) memcpy(many + 2 * i, "1 ", 2);
  struct sc_record r = {.data = {many, (size_t)2 * SC_SPLIT_ROWS_MAX}};
  assert_int_equal(sc_document_cells_json(arena, plan, &r, 1, true, &heap, &rejects), 1);
  assert_int_equal(heap.n_rows, SC_SPLIT_ROWS_MAX);
  r.data.len += 2;
  assert_int_equal(sc_document_cells_json(arena, plan, &r, 1, true, &heap, &rejects), 1);
  assert_int_equal(heap.n_rows, 0);
  assert_int_equal(reject_items[0].reason, SC_REASON_LIMIT);
  free(many);
  free(heap.cells);
  free(heap.record);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_document_is_a_row),
      cmocka_unit_test(anything_else_is_rejected),
      cmocka_unit_test(without_a_column_it_is_only_checked),
      cmocka_unit_test(a_chunk_ends_where_the_rows_do),
      cmocka_unit_test(documents_become_rows),
      cmocka_unit_test(documents_are_told_apart),
      cmocka_unit_test(a_record_has_only_so_many_documents),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
