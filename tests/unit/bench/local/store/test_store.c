#include "bench/local/store/store.h"

#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000000)

static struct scl_store_stream *make(struct scl_store *store, const char *name, uint32_t shards) {
  return scl_store_create(store, sc_slice_str(name), shards, NOW);
}

static void put(struct scl_store_shard *shard, int64_t arrived_ms, char sequence[SCL_SEQLAYOUT_DIGITS + 1]) {
  struct scl_store_put what = {SC_SLICE_LITERAL("\"k\""), SC_SLICE_LITERAL("aGk="), true, 3, arrived_ms};
  scl_shard_put(shard, &what, sequence);
}

static void test_names(void **state) {
  (void)state;
  struct scl_store *store = scl_store_new(0, 0);
  const char *const names[] = {"b", "a", "c", "aa", "B"};
  for (int i = 0; i < 5; i++) make(store, names[i], 1);
  const char *const sorted[] = {"B", "a", "aa", "b", "c"};
  for (uint32_t i = 0; i < 5; i++) assert_string_equal(scl_store_at(store, i)->name, sorted[i]);
  assert_int_equal(scl_store_first_after(store, SC_SLICE_LITERAL("")), 0);
  assert_int_equal(scl_store_first_after(store, SC_SLICE_LITERAL("a")), 2);
  assert_int_equal(scl_store_first_after(store, SC_SLICE_LITERAL("ab")), 3);
  assert_int_equal(scl_store_first_after(store, SC_SLICE_LITERAL("c")), 5);
  assert_null(scl_store_find(store, SC_SLICE_LITERAL("ab")));
  uint64_t old = scl_store_find(store, SC_SLICE_LITERAL("a"))->id;
  scl_store_delete(store, scl_store_find(store, SC_SLICE_LITERAL("a")));
  assert_null(scl_store_find(store, SC_SLICE_LITERAL("a")));
  assert_int_equal(scl_store_n_streams(store), 4);
  assert_int_not_equal(make(store, "a", 1)->id, old);
  scl_store_free(store);
  assert_true(scl_store_is_name(SC_SLICE_LITERAL("aZ09_.-")));
  static const char *const none[] = {"", "a b", "a/b", "\xc3\xa9", "a\n", "@"};
  for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) assert_false(scl_store_is_name(sc_slice_str(none[i])));
}

static void test_status(void **state) {
  (void)state;
  struct scl_store *store = scl_store_new(100, 50);
  struct scl_store_stream *stream = make(store, "s", 1);
  assert_int_equal(scl_stream_status(stream, NOW + 99), SCL_STREAM_CREATING);
  assert_int_equal(scl_stream_status(stream, NOW + 100), SCL_STREAM_ACTIVE);
  scl_store_split(store, stream, 0, (scl_hashkey_int)1 << 127, NOW + 1000);
  assert_int_equal(scl_stream_status(stream, NOW + 1049), SCL_STREAM_UPDATING);
  assert_int_equal(scl_stream_status(stream, NOW + 1050), SCL_STREAM_ACTIVE);
  scl_store_free(store);
}

/* The open shards always tile the whole hash space. */
static void check_tiling(struct scl_store_stream *stream) {
  scl_hashkey_int next = 0;
  for (uint32_t i = 0; i < stream->n_open; i++) {
    const struct scl_store_shard *shard = &stream->shards[stream->open[i]];
    assert_int_equal(shard->closed_ms, 0);
    assert_true(shard->hash_start == next && shard->hash_end >= shard->hash_start);
    assert_ptr_equal(scl_stream_route(stream, shard->hash_start), shard);
    assert_ptr_equal(scl_stream_route(stream, shard->hash_end), shard);
    next = shard->hash_end + 1;
  }
  assert_true(next == 0);
}

static void test_reshard(void **state) {
  (void)state;
  struct scl_store *store = scl_store_new(0, 0);
  struct scl_store_stream *stream = make(store, "s", 3);
  check_tiling(stream);
  scl_store_split(store, stream, 1, stream->shards[1].hash_start + 1000, NOW);
  check_tiling(stream);
  assert_int_equal(stream->n_open, 4);
  assert_int_equal(stream->shards[3].parent, 1);
  assert_int_equal(stream->shards[4].parent, 1);
  assert_int_equal(stream->shards[1].child[0], 3);
  assert_int_equal(stream->shards[1].child[1], 4);
  scl_store_merge(store, stream, 4, 2, NOW);
  check_tiling(stream);
  assert_int_equal(stream->n_open, 3);
  assert_int_equal(stream->shards[5].parent, 4);
  assert_int_equal(stream->shards[5].adjacent_parent, 2);
  assert_int_equal(stream->shards[2].child[0], 5);
  assert_int_equal(stream->shards[2].child[1], SCL_STORE_NO_SHARD);
  scl_store_merge(store, stream, 0, 3, NOW);
  scl_store_merge(store, stream, 6, 5, NOW);
  check_tiling(stream);
  assert_int_equal(stream->n_open, 1);
  scl_store_free(store);
}

/* A child's sequence numbers are above all of its parents', even when made in the same second. */
static void test_sequences_of_children(void **state) {
  (void)state;
  struct scl_store *store = scl_store_new(0, 0);
  struct scl_store_stream *stream = make(store, "s", 2);
  char parent[SCL_SEQLAYOUT_DIGITS + 1], end[SCL_SEQLAYOUT_DIGITS + 1], child[SCL_SEQLAYOUT_DIGITS + 1];
  put(&stream->shards[1], NOW + 5000, parent);
  scl_store_merge(store, stream, 0, 1, NOW);
  scl_shard_ending_sequence(&stream->shards[1], end);
  assert_true(strcmp(parent, end) < 0);
  scl_shard_starting_sequence(&stream->shards[2], child);
  assert_true(strcmp(end, child) < 0);
  put(&stream->shards[2], NOW, end);
  assert_true(strcmp(child, end) < 0);
  scl_store_free(store);
}

static void test_arrivals_ascend(void **state) {
  (void)state;
  struct scl_store *store = scl_store_new(0, 0);
  struct scl_store_stream *stream = make(store, "s", 1);
  char first[SCL_SEQLAYOUT_DIGITS + 1], second[SCL_SEQLAYOUT_DIGITS + 1];
  put(&stream->shards[0], NOW + 2000, first);
  put(&stream->shards[0], NOW + 1000, second); /* the clock went back */
  assert_true(strcmp(first, second) < 0);
  assert_int_equal(scl_shardlog_arrived_ms(stream->shards[0].log, 1), NOW + 2000);
  scl_store_free(store);
}

static uint64_t find(const struct scl_store_shard *shard, const char *sequence, bool after) {
  struct scl_seqlayout seq;
  assert_true(scl_seqlayout_parse(sc_slice_str(sequence), &seq));
  return scl_shard_find_sequence(shard, &seq, after);
}

static void test_find_sequence(void **state) {
  (void)state;
  struct scl_store *store = scl_store_new(0, 0);
  struct scl_store_stream *stream = make(store, "s", 1);
  struct scl_store_shard *shard = &stream->shards[0];
  char start[SCL_SEQLAYOUT_DIGITS + 1], sequences[3][SCL_SEQLAYOUT_DIGITS + 1];
  scl_shard_starting_sequence(shard, start);
  assert_int_equal(find(shard, start, false), 0);
  assert_int_equal(find(shard, start, true), 0);
  for (int i = 0; i < 3; i++) put(shard, NOW + i * 1000, sequences[i]);
  for (uint64_t i = 0; i < 3; i++) {
    assert_int_equal(find(shard, sequences[i], false), i);
    assert_int_equal(find(shard, sequences[i], true), i + 1);
  }
  /* Between two records: the one behind, either way. */
  struct scl_seqlayout seq;
  scl_seqlayout_parse(sc_slice_str(sequences[1]), &seq);
  seq.arrived_s--;
  assert_int_equal(scl_shard_find_sequence(shard, &seq, true), 1);
  seq.arrived_s += 2;
  assert_int_equal(scl_shard_find_sequence(shard, &seq, false), 2);
  seq.index = 1000;
  assert_int_equal(scl_shard_find_sequence(shard, &seq, false), 3);
  scl_store_free(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),           cmocka_unit_test(test_status),
      cmocka_unit_test(test_reshard),         cmocka_unit_test(test_sequences_of_children),
      cmocka_unit_test(test_arrivals_ascend), cmocka_unit_test(test_find_sequence),
  };
  return cmocka_run_group_tests_name("local/store", tests, NULL, NULL);
}
