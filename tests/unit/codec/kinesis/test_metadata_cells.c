#include "codec/kinesis/metadata_cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/metrics.h"
#include "engine/batch.h"

#define ROWS 3
static const enum sc_role roles[] = {SC_ROLE_SHARD,  SC_ROLE_SEQUENCE,   SC_ROLE_ARRIVAL, SC_ROLE_PARTITION_KEY,
                                     SC_ROLE_STREAM, SC_ROLE_MESSAGE_ID, SC_ROLE_ENVELOPE};
#define N_ROLES (sizeof(roles) / sizeof(roles[0]))

static struct sc_cell row[ROWS * (N_ROLES + 1)];
static uint32_t row_record[ROWS] = {2, 0, 1};
static struct sc_cells cells = {
    .n_columns = N_ROLES + 1, .cap_rows = ROWS, .n_rows = ROWS, .cells = row, .record = row_record};

static struct sc_plan *make_plan(void) {
  struct sc_plan *plan = sc_plan_new(1, N_ROLES + 1);
  struct sc_slice none = SC_SLICE_LITERAL("");
  sc_plan_add(plan, SC_SLICE_LITERAL("payload"), SC_ROLE_PAYLOAD, none);
  for (size_t i = 0; i < N_ROLES; i++) sc_plan_add(plan, SC_SLICE_LITERAL("m"), roles[i], none);
  sc_plan_seal(plan);
  return plan;
}

static void assert_cell(const struct sc_cell *cell, enum sc_cell_type type, const char *want) {
  assert_int_equal(cell->type, type);
  if (cell->len != strlen(want) || memcmp(cell->ptr, want, cell->len)) fail_msg("%.*s", (int)cell->len, cell->ptr);
}

static void each_row_has_its_own(void **state) {
  (void)state;
  struct sc_plan *plan = make_plan();
  struct sc_metadata_cells *m = sc_metadata_cells_new("demo");
  const char *sequence = "49664459213214506049272029928136046394554240732946759682";
  struct sc_record records[ROWS] = {
      {.sequence = SC_SLICE_LITERAL("7"), .partition_key = SC_SLICE_LITERAL("k\"\n"), .arrival_us = INT64_MIN},
      {.sequence = SC_SLICE_LITERAL("8"), .partition_key = SC_SLICE_LITERAL(""), .arrival_us = 1750507606000000},
      {.sequence = sc_slice_str(sequence), .partition_key = SC_SLICE_LITERAL("a"), .arrival_us = 1750507606091000}};
  for (int turn = 0; turn < 2; turn++) {
    uint64_t allocs = sc_metric_sum(SC_M_DATA_PATH_ALLOCS);
    memset(row, 0, sizeof(row));
    sc_metadata_cells_fill(m, plan, "shardId-000000000000", records, &cells);
    assert_int_equal(sc_metric_sum(SC_M_DATA_PATH_ALLOCS) - allocs, turn == 0);
    const struct sc_cell *first = row, *second = row + N_ROLES + 1, *third = second + N_ROLES + 1;
    assert_int_equal(first[0].type, SC_CELL_ABSENT);
    assert_cell(&first[1], SC_CELL_STRING, "shardId-000000000000");
    assert_cell(&first[2], SC_CELL_STRING, sequence);
    assert_int_equal(first[3].type, SC_CELL_TIME);
    assert_int_equal(first[3].i, 1750507606091000);
    assert_cell(&first[4], SC_CELL_STRING, "a");
    assert_cell(&first[5], SC_CELL_STRING, "demo");
    assert_cell(&first[6], SC_CELL_STRING, "IBw3JVJ68KPHKYrmuGbX");
    assert_cell(
        &first[7], SC_CELL_JSON,
        "{\"shard_id\": \"shardId-000000000000\", \"seq_no\": "
        "\"49664459213214506049272029928136046394554240732946759682\", \"ts\": \"2025-06-21 12:06:46.091000+00:00\", "
        "\"partition\": \"a\", \"stream_name\": \"demo\"}");
    assert_int_equal(second[3].type, SC_CELL_NULL);
    assert_cell(
        &second[7], SC_CELL_JSON,
        "{\"shard_id\": \"shardId-000000000000\", \"seq_no\": \"7\", \"ts\": null, \"partition\": \"k\\\"\\n\", "
        "\"stream_name\": \"demo\"}");
    assert_cell(&third[4], SC_CELL_STRING, "");
    assert_cell(&third[7], SC_CELL_JSON,
                "{\"shard_id\": \"shardId-000000000000\", \"seq_no\": \"8\", \"ts\": \"2025-06-21 12:06:46+00:00\", "
                "\"partition\": "
                "\"\", \"stream_name\": \"demo\"}");
  }
  sc_metadata_cells_free(m);
  sc_plan_free(plan);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_row_has_its_own)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
