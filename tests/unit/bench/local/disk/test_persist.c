/* persist.h, replay.h and persist_attributes.h: what is written is what is read. */
#include "bench/local/disk/persist.h"

#include "bench/local/disk/frames.h"
#include "bench/local/disk/persist_attributes.h"
#include "bench/local/disk/replay.h"
#include "engine/base/random.h"
#include "tests/unit/bench/local/store/store_text.h"
#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000000)
#define SEEDS 60
#define CHANGES 250

/* A sink into memory, a batch an entry. */
static void add_entry(void *context, uint8_t kind, const struct sc_slice *parts, int n_parts) {
  struct sc_buf *file = context;
  char batch[SCL_FRAME_BATCH_BYTES];
  scl_frame_batch(batch, file->len);
  sc_buf_add(file, batch, sizeof(batch));
  scl_frames_add(file, kind, parts, n_parts);
}

struct world {
  struct sc_buf file;
  struct scl_persist_sink sink;
  struct scl_store_recorder recorder;
  struct scl_store *store;
};

static void begin(struct world *w) {
  *w = (struct world){.file = SC_BUF_INIT};
  scl_frames_add_head(&w->file);
  w->sink = (struct scl_persist_sink){.context = &w->file, .add = add_entry};
  w->recorder = scl_persist_recorder(&w->sink);
  w->store = scl_store_new(100, 50);
  scl_store_set_recorder(w->store, &w->recorder);
}

static void end(struct world *w) {
  scl_store_free(w->store);
  sc_buf_fini(&w->file);
}

static struct scl_store *replay(struct sc_slice file, int64_t now_ms, struct scl_replay *result) {
  struct sc_error err;
  struct scl_store *store = scl_store_new(0, 0);
  if (scl_replay_run(store, file, "journal", now_ms, result, &err) != SC_OK) fail_msg("%s", err.text);
  return store;
}

static void assert_same(struct scl_store *a, struct scl_store *b) {
  struct sc_buf text = SC_BUF_INIT, other = SC_BUF_INIT;
  text_of_store(a, &text);
  text_of_store(b, &other);
  assert_string_equal(sc_buf_str(&text), sc_buf_str(&other));
  sc_buf_fini(&text);
  sc_buf_fini(&other);
}

/* The store as its journal tells it, and as a journal of all of it tells it. */
static void check_journals(struct world *w, int64_t now_ms) {
  struct scl_replay result;
  struct scl_store *again = replay(sc_buf_view(&w->file), now_ms, &result);
  assert_int_equal(result.torn_bytes, 0);
  assert_int_equal(result.good_bytes, w->file.len);
  assert_same(w->store, again);
  struct sc_buf all = SC_BUF_INIT;
  struct scl_persist_sink sink = {.context = &all, .add = add_entry};
  scl_frames_add_head(&all);
  scl_persist_all(w->store, &sink);
  struct scl_store *from_all = replay(sc_buf_view(&all), now_ms, &result);
  assert_same(w->store, from_all);
  assert_int_equal(result.records, result.live_records);
  sc_buf_fini(&all);
  scl_store_free(again);
  scl_store_free(from_all);
}

static void trim_all(struct scl_store *store, int64_t now_ms) {
  for (uint32_t i = 0; i < scl_store_n_streams(store); i++) {
    const struct scl_store_stream *stream = scl_store_at(store, i);
    for (uint32_t j = 0; j < stream->n_shards; j++) scl_stream_trim(stream, &stream->shards[j], now_ms);
  }
}

static void test_random_changes(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    struct world w;
    struct sc_random random;
    int64_t now_ms = NOW;
    sc_random_init(&random, seed);
    begin(&w);
    for (int i = 0; i < CHANGES; i++) {
      change_store(w.store, sc_random_u64(&random) >> 16, now_ms);
      /* Within the shortest retention, or far over it: then some records are gone. */
      now_ms += (int64_t)sc_random_below(&random, seed % 2 == 0 ? 1000 : SCL_STORE_HOUR_MS);
    }
    trim_all(w.store, now_ms);
    check_journals(&w, now_ms);
    end(&w);
  }
}

/* A stream that goes on where its journal ends, trimmed or not, gives the numbers it would have given. */
static void test_numbers_go_on(void **state) {
  (void)state;
  struct world w;
  struct scl_replay result;
  begin(&w);
  struct scl_store_stream *stream = scl_store_create(w.store, SC_SLICE_LITERAL("s"), 1, NOW);
  for (uint64_t i = 0; i < 10; i++) change_put(stream, i, NOW);
  struct sc_buf all = SC_BUF_INIT;
  struct scl_persist_sink sink = {.context = &all, .add = add_entry};
  trim_all(w.store, NOW + 25 * SCL_STORE_HOUR_MS);
  scl_frames_add_head(&all);
  scl_persist_all(w.store, &sink);
  struct scl_store *again = replay(sc_buf_view(&all), NOW + 25 * SCL_STORE_HOUR_MS, &result);
  assert_int_equal(result.records, 0);
  change_put(stream, 11, NOW);
  change_put(scl_store_at(again, 0), 11, NOW);
  assert_int_equal(scl_shardlog_count(stream->shards[0].log), 11);
  assert_same(w.store, again);
  uint64_t next = scl_store_next_id(w.store);
  scl_store_delete(again, scl_store_at(again, 0));
  assert_int_equal(scl_store_create(again, SC_SLICE_LITERAL("s"), 1, NOW)->id, next);
  sc_buf_fini(&all);
  scl_store_free(again);
  end(&w);
}

/* A stream that was DELETING is, and goes when it was to go; what retention dropped stays dropped. */
static void test_changes_go_on(void **state) {
  (void)state;
  struct world w;
  struct scl_replay result;
  begin(&w);
  scl_store_set_delays(w.store, 0, 100);
  struct scl_store_stream *kept = scl_store_create(w.store, SC_SLICE_LITERAL("kept"), 1, NOW);
  struct scl_store_stream *gone = scl_store_create(w.store, SC_SLICE_LITERAL("gone"), 1, NOW);
  change_put(kept, 1, NOW);
  scl_store_set_retention(kept, 100, NOW + 25 * SCL_STORE_HOUR_MS);
  scl_store_note_attributes(w.store, kept);
  scl_store_delete_later(w.store, gone, NOW + 25 * SCL_STORE_HOUR_MS);
  scl_store_note_attributes(w.store, gone);
  int64_t now_ms = NOW + 25 * SCL_STORE_HOUR_MS + 99;
  struct scl_store *again = replay(sc_buf_view(&w.file), now_ms, &result);
  kept = scl_store_find(again, SC_SLICE_LITERAL("kept"));
  scl_stream_trim(kept, &kept->shards[0], now_ms);
  assert_int_equal(scl_shardlog_first(kept->shards[0].log), 1);
  assert_int_equal(scl_stream_status(scl_store_find(again, SC_SLICE_LITERAL("gone")), now_ms), SCL_STREAM_DELETING);
  assert_false(scl_store_is_purge_due(again, now_ms));
  assert_true(scl_store_is_purge_due(again, now_ms + 1));
  scl_store_purge(again, now_ms + 1);
  assert_null(scl_store_find(again, SC_SLICE_LITERAL("gone")));
  assert_false(scl_store_is_purge_due(again, INT64_MAX - 1));
  scl_store_free(again);
  end(&w);
}

/* Deleted streams and trimmed records are what makes a journal half dead. */
static void test_live_bytes(void **state) {
  (void)state;
  struct world w;
  struct scl_replay result;
  begin(&w);
  struct scl_store_stream *stream = scl_store_create(w.store, SC_SLICE_LITERAL("s"), 1, NOW);
  for (uint64_t i = 0; i < 3000; i++) change_put(stream, i, NOW + (i < 2000 ? 0 : 20 * SCL_STORE_HOUR_MS));
  scl_store_free(replay(sc_buf_view(&w.file), NOW, &result));
  assert_true(result.live_bytes > w.file.len / 2 && result.live_records == 3000);
  scl_store_free(replay(sc_buf_view(&w.file), NOW + 25 * SCL_STORE_HOUR_MS, &result));
  assert_true(result.live_bytes < w.file.len / 2 && result.live_records == 1000);
  scl_store_delete(w.store, stream);
  scl_store_free(replay(sc_buf_view(&w.file), NOW, &result));
  assert_true(result.live_bytes == 0 && result.records == 3000 && result.live_records == 0);
  end(&w);
}

/* ---- entries that nobody wrote ---- */

struct hand {
  struct sc_buf file, entry;
};

static void hand_begin(struct hand *h) {
  *h = (struct hand){SC_BUF_INIT, SC_BUF_INIT};
  scl_frames_add_head(&h->file);
}

static void hand_add(struct hand *h, enum scl_persist_kind kind) {
  struct sc_slice part = sc_buf_view(&h->entry);
  add_entry(&h->file, (uint8_t)kind, &part, 1);
  sc_buf_clear(&h->entry);
}

static void hand_hash(struct hand *h, unsigned char first_byte, unsigned char rest) {
  char bytes[SCL_PERSIST_HASH_BYTES];
  memset(bytes, rest, sizeof(bytes));
  bytes[0] = (char)first_byte;
  sc_cbor_add_bytes(&h->entry, sc_slice_of(bytes, sizeof(bytes)));
}

static void hand_shard(struct hand *h, unsigned char first, unsigned char last) {
  sc_cbor_add(&h->entry, SC_CBOR_ARRAY, 11);
  for (int i = 0; i < 4; i++) sc_cbor_add_int(&h->entry, -1);
  hand_hash(h, first, 0);
  hand_hash(h, last, 0xff);
  for (int i = 0; i < 5; i++) sc_cbor_add_int(&h->entry, 0);
}

static void hand_opening(struct hand *h, const char *name, uint64_t n_shards) {
  sc_cbor_add_int(&h->entry, 7);
  sc_cbor_add_text(&h->entry, sc_slice_str(name));
  sc_cbor_add_int(&h->entry, NOW);
  sc_cbor_add(&h->entry, SC_CBOR_MAP, 0);
  sc_cbor_add(&h->entry, SC_CBOR_ARRAY, n_shards);
}

/* A stream of two shards. */
static void hand_stream(struct hand *h) {
  hand_opening(h, "s", 2);
  hand_shard(h, 0, 0x7f);
  hand_shard(h, 0x80, 0xff);
  hand_add(h, SCL_PERSIST_STREAM);
}

static void hand_ints(struct hand *h, int n, const int64_t *ints) {
  for (int i = 0; i < n; i++) sc_cbor_add_int(&h->entry, ints[i]);
}

#define INTS(h, ...) hand_ints(h, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

static void hand_put(struct hand *h, int64_t shard, int64_t number, int64_t ms, const char *key, const char *data) {
  INTS(h, 7, shard, number, ms, 1);
  sc_cbor_add_bytes(&h->entry, sc_slice_str(key));
  sc_cbor_add_bytes(&h->entry, sc_slice_str(data));
  hand_add(h, SCL_PERSIST_PUT);
}

static void hand_end(struct hand *h) {
  sc_buf_fini(&h->file);
  sc_buf_fini(&h->entry);
}

static void hand_read(struct hand *h, const char *wrong) {
  struct sc_error err = {.text = "nothing wrong"};
  struct scl_replay result;
  struct scl_store *store = scl_store_new(0, 0);
  int rc = scl_replay_run(store, sc_buf_view(&h->file), "d/journal", NOW, &result, &err);
  if (wrong == NULL) {
    if (rc != SC_OK) fail_msg("%s", err.text);
  } else {
    assert_int_equal(rc, SC_E_IO);
    assert_non_null(strstr(err.text, "d/journal is broken at byte "));
    if (strstr(err.text, wrong) == NULL) fail_msg("%s is not about: %s", err.text, wrong);
    assert_non_null(strstr(err.hint, "truncate -s"));
  }
  scl_store_free(store);
  hand_end(h);
}

static void test_a_good_one_by_hand(void **state) {
  (void)state;
  struct hand h;
  hand_begin(&h);
  hand_stream(&h);
  hand_put(&h, 1, 0, NOW, "\"k\"", "aGk=");
  hand_put(&h, 1, 1, NOW, "\"k\"", "");
  INTS(&h, 7, 0, 1, NOW, NOW);
  hand_add(&h, SCL_PERSIST_MERGE);
  hand_read(&h, NULL);
}

#define BAD(name, wrong, ...)      \
  static void name(void **state) { \
    (void)state;                   \
    struct hand h;                 \
    hand_begin(&h);                \
    hand_stream(&h);               \
    __VA_ARGS__;                   \
    hand_read(&h, wrong);          \
  }

BAD(bad_kind, "unknown kind", hand_add(&h, (enum scl_persist_kind)99))
BAD(bad_twice, "there already", hand_stream(&h))
BAD(bad_rest, "more than belongs", INTS(&h, 7, 7); hand_add(&h, SCL_PERSIST_DELETE))
BAD(bad_short, "cut short", hand_add(&h, SCL_PERSIST_DELETE))
BAD(bad_stream, "not there", INTS(&h, 8); hand_add(&h, SCL_PERSIST_DELETE))
BAD(bad_gone, "not there", INTS(&h, 7); hand_add(&h, SCL_PERSIST_DELETE); hand_put(&h, 0, 0, NOW, "\"k\"", ""))
BAD(bad_shard, "out of bounds", hand_put(&h, 2, 0, NOW, "\"k\"", ""))
BAD(bad_number, "out of order", hand_put(&h, 0, 1, NOW, "\"k\"", ""))
BAD(bad_time, "out of bounds", hand_put(&h, 0, 0, -1, "\"k\"", ""))
BAD(bad_time_back, "out of order", hand_put(&h, 0, 0, NOW, "\"k\"", ""); hand_put(&h, 0, 1, NOW - 1, "\"k\"", ""))
BAD(bad_data, "key or data", hand_put(&h, 0, 0, NOW, "\"k\"", "!!!!"))
BAD(bad_key, "key or data", hand_put(&h, 0, 0, NOW, "k", ""))
BAD(bad_key_quote, "key or data", hand_put(&h, 0, 0, NOW, "\"a\"b\"", ""))
BAD(bad_key_escape, "key or data", hand_put(&h, 0, 0, NOW, "\"\\", ""))
BAD(bad_merge_order, "cannot be", INTS(&h, 7, 1, 0, NOW, NOW); hand_add(&h, SCL_PERSIST_MERGE))
BAD(bad_merge_self, "cannot be", INTS(&h, 7, 1, 1, NOW, NOW); hand_add(&h, SCL_PERSIST_MERGE))
BAD(bad_merge_closed, "closed", INTS(&h, 7, 0, 1, NOW, NOW); hand_add(&h, SCL_PERSIST_MERGE);
    INTS(&h, 7, 0, 1, NOW, NOW); hand_add(&h, SCL_PERSIST_MERGE))
BAD(bad_split, "cannot be", INTS(&h, 7, 0); hand_hash(&h, 0, 0); INTS(&h, NOW, NOW); hand_add(&h, SCL_PERSIST_SPLIT))
BAD(bad_split_out, "cannot be", INTS(&h, 7, 0); hand_hash(&h, 0x80, 0); INTS(&h, NOW, NOW);
    hand_add(&h, SCL_PERSIST_SPLIT))
BAD(bad_name, "name that is none", hand_opening(&h, "a b", 1); hand_shard(&h, 0, 0xff);
    hand_add(&h, SCL_PERSIST_STREAM))

#define BAD_STREAM(name, wrong, ...)  \
  static void name(void **state) {    \
    (void)state;                      \
    struct hand h;                    \
    hand_begin(&h);                   \
    __VA_ARGS__;                      \
    hand_add(&h, SCL_PERSIST_STREAM); \
    hand_read(&h, wrong);             \
  }

BAD_STREAM(bad_no_shards, "too few", hand_opening(&h, "s", 0))
BAD_STREAM(bad_gap, "divide", hand_opening(&h, "s", 2); hand_shard(&h, 0, 0x7f); hand_shard(&h, 0x81, 0xff))
BAD_STREAM(bad_overlap, "divide", hand_opening(&h, "s", 2); hand_shard(&h, 0, 0x80); hand_shard(&h, 0x80, 0xff))
BAD_STREAM(bad_all_twice, "divide", hand_opening(&h, "s", 2); hand_shard(&h, 0, 0xff); hand_shard(&h, 0, 0xff))
BAD_STREAM(bad_end, "divide", hand_opening(&h, "s", 1); hand_shard(&h, 0, 0xfe))
BAD_STREAM(bad_many, "more items than bytes", hand_opening(&h, "s", 1000); hand_shard(&h, 0, 0xff))

/* A broken entry with a batch behind it is not cut off in silence. */
static void test_broken_in_the_middle(void **state) {
  (void)state;
  struct hand h;
  hand_begin(&h);
  hand_stream(&h);
  size_t at = h.file.len + SCL_FRAME_BATCH_BYTES;
  hand_put(&h, 0, 0, NOW, "\"k\"", "aGk=");
  hand_put(&h, 0, 1, NOW, "\"k\"", "aGk=");
  h.file.ptr[at + SCL_FRAME_OVERHEAD] ^= 1;
  char wrong[64];
  snprintf(wrong, sizeof(wrong), "byte %zu: what is there is not what was written", at);
  hand_read(&h, wrong);
}

static void test_torn_at_every_byte(void **state) {
  (void)state;
  struct hand h;
  hand_begin(&h);
  hand_stream(&h);
  size_t stream_end = h.file.len, ends[4] = {0};
  for (int i = 0; i < 3; i++) {
    hand_put(&h, 0, i, NOW, "\"k\"", "aGk=");
    ends[i] = h.file.len;
  }
  for (size_t len = stream_end; len <= h.file.len; len++) {
    struct scl_replay result;
    uint64_t whole = (len >= ends[0] ? 1u : 0u) + (len >= ends[1] ? 1u : 0u) + (len >= ends[2] ? 1u : 0u);
    struct scl_store *store = replay(sc_slice_of(h.file.ptr, len), NOW, &result);
    assert_int_equal(result.records, whole);
    assert_int_equal(result.good_bytes + result.torn_bytes, len);
    scl_store_free(store);
  }
  hand_end(&h);
}

static void test_no_journal(void **state) {
  (void)state;
  struct sc_error err;
  struct scl_replay result;
  struct scl_store *store = scl_store_new(0, 0);
  struct sc_slice file = SC_SLICE_LITERAL("these are not the bytes of a journal");
  assert_int_equal(scl_replay_run(store, file, "f", NOW, &result, &err), SC_E_IO);
  assert_string_equal(err.text, "the file f is no journal");
  scl_store_free(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_changes),
      cmocka_unit_test(test_numbers_go_on),
      cmocka_unit_test(test_changes_go_on),
      cmocka_unit_test(test_live_bytes),
      cmocka_unit_test(test_a_good_one_by_hand),
      cmocka_unit_test(bad_kind),
      cmocka_unit_test(bad_twice),
      cmocka_unit_test(bad_rest),
      cmocka_unit_test(bad_short),
      cmocka_unit_test(bad_stream),
      cmocka_unit_test(bad_gone),
      cmocka_unit_test(bad_shard),
      cmocka_unit_test(bad_number),
      cmocka_unit_test(bad_time),
      cmocka_unit_test(bad_time_back),
      cmocka_unit_test(bad_data),
      cmocka_unit_test(bad_key),
      cmocka_unit_test(bad_key_quote),
      cmocka_unit_test(bad_key_escape),
      cmocka_unit_test(bad_merge_order),
      cmocka_unit_test(bad_merge_self),
      cmocka_unit_test(bad_merge_closed),
      cmocka_unit_test(bad_split),
      cmocka_unit_test(bad_split_out),
      cmocka_unit_test(bad_name),
      cmocka_unit_test(bad_no_shards),
      cmocka_unit_test(bad_gap),
      cmocka_unit_test(bad_overlap),
      cmocka_unit_test(bad_all_twice),
      cmocka_unit_test(bad_end),
      cmocka_unit_test(bad_many),
      cmocka_unit_test(test_broken_in_the_middle),
      cmocka_unit_test(test_torn_at_every_byte),
      cmocka_unit_test(test_no_journal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
