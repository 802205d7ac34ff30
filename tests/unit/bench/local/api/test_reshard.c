#include "bench/local/api/reshard.h"

#include <stdlib.h>

#include "engine/base/random.h"
#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000000)

/* Open shards are even but for a hash key, and cover the space. No shard ever had fewer than two hash keys. Every shard
 * but the first ones has parents, that are closed, older and led to it. */
static void check(const struct scl_store_stream *stream, uint32_t roots) {
  for (uint32_t i = 0; i < stream->n_open; i++) {
    const struct scl_store_shard *shard = &stream->shards[stream->open[i]];
    assert_true(shard->hash_start + 1 - scl_hashkey_even_start(i, stream->n_open) <= 2);
    scl_hashkey_int next = i + 1 < stream->n_open ? stream->shards[stream->open[i + 1]].hash_start : 0;
    assert_true(shard->hash_end + 1 == next);
    assert_int_equal(shard->closed_ms, 0);
  }
  for (uint32_t i = 0; i < stream->n_shards; i++)
    assert_true(stream->shards[i].hash_end > stream->shards[i].hash_start);
  for (uint32_t i = roots; i < stream->n_shards; i++) {
    const struct scl_store_shard *shard = &stream->shards[i];
    const uint32_t parents[] = {shard->parent, shard->adjacent_parent};
    assert_true(shard->parent < i);
    for (int j = 0; j < 2 && parents[j] != SCL_STORE_NO_SHARD; j++) {
      const struct scl_store_shard *parent = &stream->shards[parents[j]];
      assert_true(parents[j] < i && parent->created_s < shard->created_s);
      assert_true(parent->closed_ms != 0 && parent->closed_ms <= shard->created_ms);
      assert_true(parent->child[0] == i || parent->child[1] == i);
    }
  }
}

static void reshard(struct scl_store *store, struct scl_store_stream *stream, uint32_t n, int64_t now_ms) {
  uint32_t expected = stream->n_shards + scl_reshard_cost(stream, n);
  scl_reshard(store, stream, n, now_ms);
  assert_int_equal(stream->n_open, n);
  assert_int_equal(stream->n_shards, expected);
}

static void test_doubling_and_halving(void **state) {
  (void)state;
  struct scl_store *store = scl_store_new(0, 0);
  struct scl_store_stream *stream = scl_store_create(store, SC_SLICE_LITERAL("s"), 3, NOW);
  reshard(store, stream, 6, NOW + 1);
  assert_int_equal(stream->n_shards, 3 + 6); /* three splits, no more */
  check(stream, 3);
  reshard(store, stream, 3, NOW + 2);
  assert_int_equal(stream->n_shards, 9 + 3); /* three merges */
  check(stream, 3);
  assert_int_equal(scl_reshard_cost(stream, 3), 0);
  scl_store_free(store);
}

static void test_two_to_three(void **state) {
  (void)state;
  struct scl_store *store = scl_store_new(0, 0);
  struct scl_store_stream *stream = scl_store_create(store, SC_SLICE_LITERAL("s"), 2, NOW);
  reshard(store, stream, 3, NOW + 1);
  check(stream, 2);
  assert_int_equal(stream->n_shards, 2 + 4 + 1); /* both are split, the middle ones merged */
  const struct scl_store_shard *middle = &stream->shards[stream->open[1]];
  assert_int_equal(middle->parent, 3);
  assert_int_equal(middle->adjacent_parent, 4);
  scl_store_free(store);
}

/* SplitShard may leave a boundary beside an even one: nobody could split between the two. */
static void test_a_boundary_beside_the_even_one(void **state) {
  (void)state;
  for (int off = -3; off <= 3; off++) {
    struct scl_store *store = scl_store_new(0, 0);
    struct scl_store_stream *stream = scl_store_create(store, SC_SLICE_LITERAL("s"), 2, NOW);
    scl_hashkey_int quarter = scl_hashkey_even_start(1, 4), start = quarter + (scl_hashkey_int)off;
    scl_store_split(store, stream, 0, start, NOW + 1);
    reshard(store, stream, 4, NOW + 2);
    check(stream, 2);
    scl_hashkey_int second = stream->shards[stream->open[1]].hash_start;
    assert_true(second == (off == -1 || off == 1 ? start : quarter));
    assert_int_equal(scl_reshard_cost(stream, 4), 0);
    scl_store_free(store);
  }
}

static void test_boundaries_on_both_sides_of_the_even_one(void **state) {
  (void)state;
  struct scl_store *store = scl_store_new(0, 0);
  struct scl_store_stream *stream = scl_store_create(store, SC_SLICE_LITERAL("s"), 2, NOW);
  scl_hashkey_int quarter = scl_hashkey_even_start(1, 4);
  scl_store_split(store, stream, 0, quarter - 1, NOW + 1);
  scl_store_split(store, stream, stream->open[1], quarter + 1, NOW + 2);
  reshard(store, stream, 4, NOW + 3);
  check(stream, 2);
  scl_store_free(store);
}

/* Whatever the numbers, and though somebody split by hand in between. */
static void test_any_numbers(void **state) {
  (void)state;
  struct sc_random random;
  sc_random_init(&random, 1);
  for (int round = 0; round < 50; round++) {
    struct scl_store *store = scl_store_new(0, 0);
    uint32_t roots = 1 + (uint32_t)(sc_random_u64(&random) % 20);
    struct scl_store_stream *stream = scl_store_create(store, SC_SLICE_LITERAL("s"), roots, NOW);
    for (int i = 1; i <= 5; i++) {
      const struct scl_store_shard *shard = &stream->shards[stream->open[sc_random_u64(&random) % stream->n_open]];
      scl_hashkey_int third = (shard->hash_end - shard->hash_start) / 3;
      scl_store_split(store, stream, shard->index, shard->hash_start + third, NOW + i);
      reshard(store, stream, 1 + (uint32_t)(sc_random_u64(&random) % 40), NOW + i);
      check(stream, roots);
    }
    scl_store_free(store);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_doubling_and_halving),
      cmocka_unit_test(test_two_to_three),
      cmocka_unit_test(test_a_boundary_beside_the_even_one),
      cmocka_unit_test(test_boundaries_on_both_sides_of_the_even_one),
      cmocka_unit_test(test_any_numbers),
  };
  return cmocka_run_group_tests_name("local/reshard", tests, NULL, NULL);
}
