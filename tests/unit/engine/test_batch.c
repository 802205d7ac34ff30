#include "engine/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/base/budget.h"
#include "engine/base/metrics.h"

#define MIB ((size_t)1 << 20)

static int set_up(void **state) {
  *state = sc_budget_new(4 * MIB, 2 * MIB, MIB);
  return 0;
}

static int tear_down(void **state) {
  sc_budget_free(*state);
  return 0;
}

static uint64_t allocs(void) { return sc_metric_sum(SC_M_DATA_PATH_ALLOCS); }

static void batch_gives_its_credit_back(void **state) {
  struct sc_budget *budget = *state;
  size_t cost = sc_batch_cost(1000);
  assert_true(cost >= 1000 + SC_BODY_PADDING);
  assert_true(sc_budget_take(budget, SC_POOL_BODIES, cost));
  struct sc_batch *batch = sc_batch_new(budget, 1000, cost, false);
  assert_int_equal(batch->body_cap, 1000);
  assert_int_equal(batch->body_len, 0);
  memset(batch->body, 'x', 1000 + SC_BODY_PADDING);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), cost);
  sc_batch_free(batch);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), 0);
}

static void batch_gives_the_reserve_back(void **state) {
  struct sc_budget *budget = *state;
  assert_true(sc_budget_take_reserve(budget, MIB));
  struct sc_batch *batch = sc_batch_new(budget, 100, MIB, true);
  assert_false(sc_budget_take_reserve(budget, MIB));
  sc_batch_free(batch);
  assert_true(sc_budget_take_reserve(budget, MIB));
  sc_budget_give_reserve(budget, MIB);
}

static void batch_without_body(void **state) {
  struct sc_batch *batch = sc_batch_new(*state, 0, 0, false);
  assert_int_equal(batch->body_cap, 0);
  for (int i = 0; i < SC_BODY_PADDING; i++) assert_int_equal(batch->body[i], 0);
  sc_batch_free(batch);
  sc_batch_free(NULL);
}

static void batch_cost_saturates(void **state) {
  (void)state;
  assert_true(sc_batch_cost(SIZE_MAX) == SIZE_MAX);
  assert_true(sc_batch_cost(SIZE_MAX - 10) == SIZE_MAX);
  assert_true(sc_block_cost(SIZE_MAX) == SIZE_MAX);
}

static uint32_t known_of(const char *const *sequences, uint32_t n, const char *after) {
  struct sc_record records[4] = {0};
  struct sc_sequence last = {0};
  for (uint32_t i = 0; i < n; i++) records[i].sequence = sc_slice_str(sequences[i]);
  if (after[0] != '\0') assert_true(sc_sequence_parse(sc_slice_str(after), &last));
  return sc_records_known(records, n, &last);
}

static void records_that_came_before(void **state) {
  (void)state;
  static const char *const sequences[] = {"98", "99", "100", "101"};
  assert_int_equal(known_of(sequences, 4, ""), 0);
  assert_int_equal(known_of(sequences, 4, "97"), 0);
  assert_int_equal(known_of(sequences, 4, "99"), 2);
  assert_int_equal(known_of(sequences, 4, "100"), 3);
  assert_int_equal(known_of(sequences, 4, "1000"), 4);
  assert_int_equal(known_of(sequences, 0, "1000"), 0);
}

static void block_pays_for_all_it_holds(void **state) {
  struct sc_budget *budget = *state;
  uint64_t before = allocs();
  struct sc_block *block = sc_block_new(budget, 256 * 1024);
  assert_non_null(block);
  assert_int_equal(allocs(), before + 1);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BLOCKS), sc_block_cost(256 * 1024));
  assert_int_equal(block->credit_bytes, sc_block_cost(256 * 1024));
  assert_int_equal(block->cap, 256 * 1024);
  assert_true(block->cap_rows >= 64 && block->cap_spans >= 16);
  assert_true(block->sequences_cap >= block->cap_rows * 56);
  assert_int_equal((uintptr_t)block->rows % _Alignof(struct sc_row_ref), 0);
  memset(block->data, 'd', block->cap);
  memset(block->sequences, '1', block->sequences_cap);
  memset(block->rows, 1, block->cap_rows * sizeof(*block->rows));
  memset(block->spans, 1, block->cap_spans * sizeof(*block->spans));
  sc_block_free(block);
  sc_block_free(NULL);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BLOCKS), 0);
}

static void block_needs_credit(void **state) {
  assert_null(sc_block_new(*state, 3 * MIB));
  assert_int_equal(sc_budget_used(*state, SC_POOL_BLOCKS), 0);
}

static void block_for_one_large_row(void **state) {
  struct sc_block *block = sc_block_new(*state, MIB + MIB / 8);
  assert_non_null(block);
  assert_true(block->cap_rows <= 8192);
  sc_block_free(block);
}

static void dead_letters_grow(void **state) {
  struct sc_budget *budget = *state;
  struct sc_block *block = sc_block_new(budget, 1000);
  size_t empty = sc_budget_used(budget, SC_POOL_BLOCKS);
  uint64_t before = allocs();
  for (int i = 0; i < 100; i++) {
    assert_true(sc_block_reserve_dead(block, 1000));
    memset(block->dead + block->dead_len, 'x', 1000);
    block->dead_len += 1000;
  }
  assert_true(allocs() - before < 10);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BLOCKS), empty + block->dead_cap);
  for (size_t i = 0; i < block->dead_len; i++) assert_int_equal(block->dead[i], 'x');
  block->n_rows = 3, block->len = 10, block->n_spans = 1, block->sequences_len = 5;
  sc_block_reset(block);
  assert_null(block->dead);
  assert_int_equal(block->dead_len + block->n_rows + block->len + block->n_spans + block->sequences_len, 0);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BLOCKS), empty);
  sc_block_free(block);
}

static void dead_letters_need_credit(void **state) {
  struct sc_budget *budget = *state;
  struct sc_block *block = sc_block_new(budget, 1000);
  assert_false(sc_block_reserve_dead(block, 2 * MIB));
  assert_false(sc_block_reserve_dead(block, SIZE_MAX));
  assert_null(block->dead);
  size_t left = sc_budget_limit(budget, SC_POOL_BLOCKS) - sc_budget_used(budget, SC_POOL_BLOCKS);
  assert_true(sc_block_reserve_dead(block, left - 5000));
  block->dead_len = left - 5000;
  assert_true(sc_block_reserve_dead(block, 5000)); /* twice as much is not there, just enough is */
  assert_false(sc_block_reserve_dead(block, 5001));
  sc_block_free(block);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(batch_gives_its_credit_back, set_up, tear_down),
      cmocka_unit_test_setup_teardown(batch_gives_the_reserve_back, set_up, tear_down),
      cmocka_unit_test_setup_teardown(batch_without_body, set_up, tear_down),
      cmocka_unit_test(batch_cost_saturates),
      cmocka_unit_test(records_that_came_before),
      cmocka_unit_test_setup_teardown(block_pays_for_all_it_holds, set_up, tear_down),
      cmocka_unit_test_setup_teardown(block_needs_credit, set_up, tear_down),
      cmocka_unit_test_setup_teardown(block_for_one_large_row, set_up, tear_down),
      cmocka_unit_test_setup_teardown(dead_letters_grow, set_up, tear_down),
      cmocka_unit_test_setup_teardown(dead_letters_need_credit, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
