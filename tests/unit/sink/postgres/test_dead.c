#include "sink/postgres/dead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/budget.h"
#include "engine/batch.h"

static uint32_t take32(const char **p) {
  const unsigned char *b = (const unsigned char *)*p;
  *p += 4;
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void expect(const char **p, const char *bytes, size_t len) {
  assert_int_equal(take32(p), len);
  assert_memory_equal(*p, bytes, len);
  *p += len;
}
#define EXPECT(p, literal) expect(p, literal, sizeof(literal) - 1)

static const struct sc_pg_names names = {.schema = "raw", .table = "demo", .name_space = "load"};

static void a_letter_is_a_tuple(void **state) {
  (void)state;
  struct sc_budget *budget = sc_budget_new(1 << 20, 1 << 20, 1);
  struct sc_block *block = sc_block_new(budget, 65536);
  struct sc_dead_letter letter = {.shard_id = "shardId-1",
                                  .sequence = SC_SLICE_LITERAL("4960"),
                                  .partition_key = SC_SLICE_LITERAL("k\0\xff\xc3\xbc\xed\xa0\x80"),
                                  .arrival_us = INT64_C(946684800000001),
                                  .data = SC_SLICE_LITERAL("\0\xff{"),
                                  .reason = SC_REASON_TYPE,
                                  .text = "column \"ü\""};
  assert_true(sc_pg_dead_encode(&names, false, &letter, block));
  size_t first = block->dead_len;
  const char *p = block->dead;
  assert_memory_equal(p, "\0\x09", 2);
  p += 2;
  EXPECT(&p, "load");
  EXPECT(&p, "raw.demo");
  EXPECT(&p, "shardId-1");
  EXPECT(&p, "4960");
  EXPECT(&p, "k??\xc3\xbc???");
  EXPECT(&p, "\0\0\0\0\0\0\0\1");
  EXPECT(&p, "22P02");
  EXPECT(&p, "column \"ü\"");
  EXPECT(&p, "\0\xff{");
  assert_ptr_equal(p, block->dead + first);

  letter.partition_key = sc_slice_of(NULL, 0);
  letter.arrival_us = INT64_MIN;
  assert_true(sc_pg_dead_encode(&names, true, &letter, block));
  p = block->dead + first + 2;
  EXPECT(&p, "load");
  EXPECT(&p, "raw.demo");
  EXPECT(&p, "shardId-1");
  EXPECT(&p, "4960");
  assert_int_equal(take32(&p), UINT32_MAX);
  assert_int_equal(take32(&p), UINT32_MAX);
  EXPECT(&p, "22P02");
  EXPECT(&p, "column \"?\"");
  EXPECT(&p, "\0\xff{");
  assert_ptr_equal(p, block->dead + block->dead_len);
  sc_block_free(block);
  sc_budget_free(budget);
}

static void without_credit_nothing_is_written(void **state) {
  (void)state;
  struct sc_budget *budget = sc_budget_new(1 << 20, 1 << 20, 1);
  struct sc_block *block = sc_block_new(budget, 65536);
  char *data = sc_alloc_zero(1 << 20, 1);
  struct sc_dead_letter letter = {.shard_id = "s", .sequence = SC_SLICE_LITERAL("1"), .data = {data, 1 << 20}};
  assert_false(sc_pg_dead_encode(&names, false, &letter, block));
  assert_int_equal(block->dead_len, 0);
  free(data);
  sc_block_free(block);
  sc_budget_free(budget);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_letter_is_a_tuple),
                                     cmocka_unit_test(without_credit_nothing_is_written)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
