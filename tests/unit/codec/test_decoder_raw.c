#include "codec/decoder_raw.h"
#include "engine/batch.h"
#include "engine/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROWS = 4 };

static struct sc_decoder *decoder;
static struct sc_plan *plan;
static struct sc_cell row[ROWS * 2];
static uint32_t record_of_row[ROWS];
static struct sc_cells cells = {.cap_rows = ROWS, .cells = row, .record = record_of_row};
static struct sc_rejects rejects = {.n = 9};

static int setup(void **state) {
  (void)state;
  decoder = sc_decoder_raw.new(&(struct sc_decoder_config){.stream = "demo"});
  return 0;
}

static int teardown(void **state) {
  (void)state;
  sc_decoder_raw.free(decoder);
  return 0;
}

static uint32_t decode(const struct sc_record *records, uint32_t n) {
  uint64_t unknown = 0;
  cells.n_columns = plan->n_columns;
  memset(row, 0xee, sizeof(row));
  uint32_t done = sc_decoder_raw.decode(decoder, plan, records, n, &cells, &rejects, &unknown);
  assert_int_equal(rejects.n, 0);
  assert_int_equal(unknown, 0);
  return done;
}

static void bytes_are_bytes(void **state) {
  (void)state;
  static const char bytes[] = "\x1f\x8b\0\xff\\x00";
  struct sc_record r[ROWS + 1] = {{.data = {bytes, sizeof(bytes) - 1}}, {.data = {bytes, 0}}};
  plan = sc_plan_new(1, 2);
  sc_plan_add(plan, SC_SLICE_LITERAL("data"), SC_ROLE_PAYLOAD, SC_SLICE_LITERAL("data"));
  sc_plan_add(plan, SC_SLICE_LITERAL("shard"), SC_ROLE_SHARD, SC_SLICE_LITERAL(""));
  sc_plan_seal(plan);
  assert_int_equal(decode(r, 2), 2);
  assert_int_equal(cells.n_rows, 2);
  assert_int_equal(row[0].type, SC_CELL_BYTES);
  assert_ptr_equal(row[0].ptr, bytes);
  assert_int_equal(row[0].len, sizeof(bytes) - 1);
  assert_int_equal(row[1].type, SC_CELL_ABSENT);
  assert_int_equal(row[2].type, SC_CELL_BYTES);
  assert_int_equal(row[2].len, 0);
  sc_decoder_raw.metadata(decoder, plan, "shard-7", r, &cells);
  assert_int_equal(row[1].type, SC_CELL_STRING);
  assert_int_equal(decode(r, ROWS + 1), ROWS); /* a chunk ends where the rows do */
  assert_int_equal(record_of_row[ROWS - 1], ROWS - 1);
  sc_plan_free(plan);
}

static void a_plan_without_payload(void **state) {
  (void)state;
  struct sc_record r[2] = {{.data = SC_SLICE_LITERAL("{")}};
  plan = sc_plan_new(1, 0);
  sc_plan_seal(plan);
  assert_int_equal(decode(r, 2), 2);
  assert_int_equal(cells.n_rows, 2);
  sc_plan_free(plan);
}

static void a_sample_has_no_keys(void **state) {
  (void)state;
  struct sc_record r[2] = {{.data = SC_SLICE_LITERAL("{\"a\":1}")}};
  struct sc_sample *sample = sc_sample_new(4);
  sc_decoder_raw.sample(decoder, r, 2, sample);
  assert_int_equal(sc_sample_records(sample), 2);
  assert_int_equal(sc_sample_keys(sample), 0);
  sc_sample_free(sample);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_are_bytes),
      cmocka_unit_test(a_plan_without_payload),
      cmocka_unit_test(a_sample_has_no_keys),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
