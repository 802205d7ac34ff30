#include "bench/local/store/store.h"

#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000000)

static struct sc_store_stream *make(struct sc_store *store, const char *name, uint32_t shards) {
  return sc_store_create(store, sc_slice_str(name), shards, NOW);
}

static void put(struct sc_store_shard *shard, int64_t arrived_ms, char sequence[SC_SEQLAYOUT_DIGITS + 1]) {
  struct sc_store_put what = {SC_SLICE_LITERAL("\"k\""), SC_SLICE_LITERAL("aGk="), true, 3, arrived_ms};
  sc_shard_put(shard, &what, sequence);
}

static void test_names(void **state) {
  (void)state;
  struct sc_store *store = sc_store_new(0, 0);
  const char *const names[] = {"b", "a", "c", "aa", "B"};
  for (int i = 0; i < 5; i++) make(store, names[i], 1);
  const char *const sorted[] = {"B", "a", "aa", "b", "c"};
  for (uint32_t i = 0; i < 5; i++) assert_string_equal(sc_store_at(store, i)->name, sorted[i]);
  assert_int_equal(sc_store_first_after(store, SC_SLICE_LITERAL("")), 0);
  assert_int_equal(sc_store_first_after(store, SC_SLICE_LITERAL("a")), 2);
  assert_int_equal(sc_store_first_after(store, SC_SLICE_LITERAL("ab")), 3);
  assert_int_equal(sc_store_first_after(store, SC_SLICE_LITERAL("c")), 5);
  assert_null(sc_store_find(store, SC_SLICE_LITERAL("ab")));
  uint64_t old = sc_store_find(store, SC_SLICE_LITERAL("a"))->id;
  sc_store_delete(store, sc_store_find(store, SC_SLICE_LITERAL("a")));
  assert_null(sc_store_find(store, SC_SLICE_LITERAL("a")));
  assert_int_equal(sc_store_n_streams(store), 4);
  assert_int_not_equal(make(store, "a", 1)->id, old);
  sc_store_free(store);
}

static void test_status(void **state) {
  (void)state;
  struct sc_store *store = sc_store_new(100, 50);
  struct sc_store_stream *stream = make(store, "s", 1);
  assert_int_equal(sc_stream_status(stream, NOW + 99), SC_STREAM_CREATING);
  assert_int_equal(sc_stream_status(stream, NOW + 100), SC_STREAM_ACTIVE);
  sc_store_split(store, stream, 0, (sc_hashkey_int)1 << 127, NOW + 1000);
  assert_int_equal(sc_stream_status(stream, NOW + 1049), SC_STREAM_UPDATING);
  assert_int_equal(sc_stream_status(stream, NOW + 1050), SC_STREAM_ACTIVE);
  sc_store_free(store);
}

/* The open shards always tile the whole hash space. */
static void check_tiling(struct sc_store_stream *stream) {
  sc_hashkey_int next = 0;
  for (uint32_t i = 0; i < stream->n_open; i++) {
    const struct sc_store_shard *shard = &stream->shards[stream->open[i]];
    assert_int_equal(shard->closed_ms, 0);
    assert_true(shard->hash_start == next && shard->hash_end >= shard->hash_start);
    assert_ptr_equal(sc_stream_route(stream, shard->hash_start), shard);
    assert_ptr_equal(sc_stream_route(stream, shard->hash_end), shard);
    next = shard->hash_end + 1;
  }
  assert_true(next == 0);
}

static void test_reshard(void **state) {
  (void)state;
  struct sc_store *store = sc_store_new(0, 0);
  struct sc_store_stream *stream = make(store, "s", 3);
  check_tiling(stream);
  sc_store_split(store, stream, 1, stream->shards[1].hash_start + 1000, NOW);
  check_tiling(stream);
  assert_int_equal(stream->n_open, 4);
  assert_int_equal(stream->shards[3].parent, 1);
  assert_int_equal(stream->shards[4].parent, 1);
  assert_int_equal(stream->shards[1].child[0], 3);
  assert_int_equal(stream->shards[1].child[1], 4);
  sc_store_merge(store, stream, 4, 2, NOW);
  check_tiling(stream);
  assert_int_equal(stream->n_open, 3);
  assert_int_equal(stream->shards[5].parent, 4);
  assert_int_equal(stream->shards[5].adjacent_parent, 2);
  assert_int_equal(stream->shards[2].child[0], 5);
  assert_int_equal(stream->shards[2].child[1], SC_STORE_NO_SHARD);
  sc_store_merge(store, stream, 0, 3, NOW);
  sc_store_merge(store, stream, 6, 5, NOW);
  check_tiling(stream);
  assert_int_equal(stream->n_open, 1);
  sc_store_free(store);
}

/* A child's sequence numbers are above all of its parents', even when made in the same second. */
static void test_sequences_of_children(void **state) {
  (void)state;
  struct sc_store *store = sc_store_new(0, 0);
  struct sc_store_stream *stream = make(store, "s", 2);
  char parent[SC_SEQLAYOUT_DIGITS + 1], end[SC_SEQLAYOUT_DIGITS + 1], child[SC_SEQLAYOUT_DIGITS + 1];
  put(&stream->shards[1], NOW + 5000, parent);
  sc_store_merge(store, stream, 0, 1, NOW);
  sc_shard_ending_sequence(&stream->shards[1], end);
  assert_true(strcmp(parent, end) < 0);
  sc_shard_starting_sequence(&stream->shards[2], child);
  assert_true(strcmp(end, child) < 0);
  put(&stream->shards[2], NOW, end);
  assert_true(strcmp(child, end) < 0);
  sc_store_free(store);
}

static void test_arrivals_ascend(void **state) {
  (void)state;
  struct sc_store *store = sc_store_new(0, 0);
  struct sc_store_stream *stream = make(store, "s", 1);
  char first[SC_SEQLAYOUT_DIGITS + 1], second[SC_SEQLAYOUT_DIGITS + 1];
  put(&stream->shards[0], NOW + 2000, first);
  put(&stream->shards[0], NOW + 1000, second); /* the clock went back */
  assert_true(strcmp(first, second) < 0);
  assert_int_equal(sc_shardlog_arrived_ms(stream->shards[0].log, 1), NOW + 2000);
  sc_store_free(store);
}

static uint64_t find(const struct sc_store_shard *shard, const char *sequence, bool after) {
  struct sc_seqlayout seq;
  assert_true(sc_seqlayout_parse(sc_slice_str(sequence), &seq));
  return sc_shard_find_sequence(shard, &seq, after);
}

static void test_find_sequence(void **state) {
  (void)state;
  struct sc_store *store = sc_store_new(0, 0);
  struct sc_store_stream *stream = make(store, "s", 1);
  struct sc_store_shard *shard = &stream->shards[0];
  char start[SC_SEQLAYOUT_DIGITS + 1], sequences[3][SC_SEQLAYOUT_DIGITS + 1];
  sc_shard_starting_sequence(shard, start);
  assert_int_equal(find(shard, start, false), 0);
  assert_int_equal(find(shard, start, true), 0);
  for (int i = 0; i < 3; i++) put(shard, NOW + i * 1000, sequences[i]);
  for (uint64_t i = 0; i < 3; i++) {
    assert_int_equal(find(shard, sequences[i], false), i);
    assert_int_equal(find(shard, sequences[i], true), i + 1);
  }
  /* Between two records: the one behind, either way. */
  struct sc_seqlayout seq;
  sc_seqlayout_parse(sc_slice_str(sequences[1]), &seq);
  seq.arrived_s--;
  assert_int_equal(sc_shard_find_sequence(shard, &seq, true), 1);
  seq.arrived_s += 2;
  assert_int_equal(sc_shard_find_sequence(shard, &seq, false), 2);
  seq.index = 1000;
  assert_int_equal(sc_shard_find_sequence(shard, &seq, false), 3);
  sc_store_free(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),           cmocka_unit_test(test_status),
      cmocka_unit_test(test_reshard),         cmocka_unit_test(test_sequences_of_children),
      cmocka_unit_test(test_arrivals_ascend), cmocka_unit_test(test_find_sequence),
  };
  return cmocka_run_group_tests_name("local/store", tests, NULL, NULL);
}
