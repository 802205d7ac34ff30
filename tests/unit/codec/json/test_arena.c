#include "codec/json/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/metrics.h"

#define RECORDS_MAX 400
#define TEXT_MAX 64

static struct sc_json_arena *arena;
static struct sc_json_walk walk;
static char texts[RECORDS_MAX][TEXT_MAX + SC_BODY_PADDING];
static struct sc_record records[RECORDS_MAX];

static int setup(void **state) {
  (void)state;
  arena = sc_json_arena_new(0);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  sc_json_arena_free(arena);
  return 0;
}

static void put(uint32_t k, const char *text) {
  size_t len = strlen(text);
  assert_true(len <= TEXT_MAX);
  memset(texts[k], '"', sizeof(texts[k]));
  memcpy(texts[k], text, len);
  records[k] = (struct sc_record){.data = {texts[k], len}};
}

/* Reads record k: whether it is a JSON value and nothing else. */
static bool is_good(uint32_t k) {
  struct sc_json_seen seen = {false, false};
  const char *end;
  const uint32_t *i = sc_json_arena_begin(arena, &walk, k);
  assert_int_equal(walk.end - walk.start, records[k].data.len);
  assert_memory_equal(walk.start, records[k].data.ptr, records[k].data.len);
  if (i != NULL) i = sc_json_walk_value(&walk, i, &seen, &end);
  if (i != NULL && walk.buf + *i < walk.end) i = NULL;
  sc_json_arena_end(arena, &walk, k, i == NULL ? NULL : i + 1);
  return i != NULL;
}

static void records_side_by_side(void **state) {
  (void)state;
  static const char *const all[] = {"{\"a\":[1,2]}", "5",  "",    "true", " [\"x\\n\"] ", "-",   "\"y\"",
                                    "{\"a\":1",      "[]", "nul", "null", "{\"a\":1}}",   "1\\", "{\"b\":\"\\u0041\"}"};
  static const bool good[] = {true, true, false, true, true, false, true, false, true, false, true, false, false, true};
  uint32_t n = sizeof(all) / sizeof(*all);
  for (uint32_t k = 0; k < n; k++) put(k, all[k]);
  assert_int_equal(sc_json_arena_fill(arena, records, n, &walk), n);
  for (uint32_t k = 0; k < n; k++)
    if (is_good(k) != good[k]) fail_msg("%s", all[k]);
}

/* One broken record among good ones, in each place: only that one is lost, and tokens of older chunks are not believed.
 */
static void broken_records_among_others(void **state) {
  (void)state;
  static const char *const broken[] = {"{\"k\":\"v}",     "{\"k\":\"\xff\"}",     "{\"k\":\"\x01\"}", "{\"k\":\"v\\\"}",
                                       "{\"k\":\"v\"}\"", "{\"k\":\"\n\x01\n\"}", "\xff{\"k\":1}"};
  for (uint32_t n = 1; n < 40; n += 3) {
    for (uint32_t bad = 0; bad < n; bad++) {
      for (size_t b = 0; b < sizeof(broken) / sizeof(*broken); b++) {
        for (uint32_t k = 0; k < n; k++) put(k, k == bad ? broken[b] : "{\"k\":\"v\"}");
        assert_int_equal(sc_json_arena_fill(arena, records, n, &walk), n);
        for (uint32_t k = 0; k < n; k++)
          if (is_good(k) == (k == bad)) fail_msg("record %u of %u, %u is %s", k, n, bad, broken[b]);
      }
    }
  }
}

/* Of several faults each record has its own, whichever of them the index tells. */
static void faults_of_two_kinds(void **state) {
  (void)state;
  static const char *const broken[] = {"{\"k\":\"\x01\"}", "{\"k\":\"\xff\"}", "\xff{\"k\":1}", "{\"k\":\"v}"};
  for (uint32_t first = 0; first < 4; first++) {
    for (uint32_t second = 0; second < 4; second++) {
      for (uint32_t k = 0; k < 20; k++) put(k, k == 3 ? broken[first] : k == 8 ? broken[second] : "{\"k\":\"v\"}");
      assert_int_equal(sc_json_arena_fill(arena, records, 20, &walk), 20);
      for (uint32_t k = 0; k < 20; k++) assert_int_equal(is_good(k), k != 3 && k != 8);
    }
  }
}

/* After many faults few records are indexed at once, without them more and more. */
static void faults_make_it_careful(void **state) {
  (void)state;
  for (uint32_t k = 0; k < 100; k++) put(k, "{\"k\":\"\x02\"}");
  assert_int_equal(arena->at_once, SC_CHUNK_ROWS);
  assert_int_equal(sc_json_arena_fill(arena, records, 100, &walk), 100);
  for (uint32_t k = 0; k < 100; k++) assert_false(is_good(k));
  assert_in_range(arena->at_once, 1, 2);
  for (uint32_t k = 0; k < RECORDS_MAX; k++) put(k, "{\"k\":2}");
  for (int round = 0; round < 40; round++) {
    assert_int_equal(sc_json_arena_fill(arena, records, RECORDS_MAX, &walk), SC_CHUNK_ROWS);
    for (uint32_t k = 0; k < SC_CHUNK_ROWS; k++) assert_true(is_good(k));
  }
  assert_true(arena->at_once >= SC_CHUNK_ROWS);
}

/* A record that looks cut off is indexed by itself: the others do not notice. */
static void cut_records_are_indexed_alone(void **state) {
  (void)state;
  for (uint32_t k = 0; k < 100; k++) put(k, k % 10 == 5 ? "{\"k\":\"v" : "{\"k\":2}\n");
  assert_int_equal(sc_json_arena_fill(arena, records, 100, &walk), 100);
  for (uint32_t k = 0; k < 100; k++) assert_int_equal(is_good(k), k % 10 != 5);
  assert_true(arena->at_once >= SC_CHUNK_ROWS);
}

static void bounds(void **state) {
  (void)state;
  size_t sizes[] = {40000, 25000, 1000, 65533, 65534, 200000, 1};
  uint32_t wanted[] = {2, 1, 1, 1, 1, 1}, at = 0;
  char *text = malloc(200000 + SC_BODY_PADDING);
  uint64_t allocs = sc_metric_sum(SC_M_DATA_PATH_ALLOCS);
  memset(text, '[', 200000 + SC_BODY_PADDING);
  for (uint32_t k = 0; k < 7; k++) records[k] = (struct sc_record){.data = {text, sizes[k]}};
  for (uint32_t k = 0; k < 6; k++) {
    assert_int_equal(sc_json_arena_fill(arena, records + at, 7 - at, &walk), wanted[k]);
    at += wanted[k];
  }
  assert_int_equal(at, 7);
  assert_int_equal(sc_metric_sum(SC_M_DATA_PATH_ALLOCS) - allocs, 2); /* for 65534 and 200000 */
  free(text);
  assert_int_equal(sc_json_arena_fill(arena, records, 0, &walk), 0);
  assert_int_equal(sc_json_arena_bytes(10 << 20) - sc_json_arena_bytes(1 << 20), 6 * (9 << 20));
}

static int run_group(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(records_side_by_side, setup, teardown),
      cmocka_unit_test_setup_teardown(broken_records_among_others, setup, teardown),
      cmocka_unit_test_setup_teardown(faults_of_two_kinds, setup, teardown),
      cmocka_unit_test_setup_teardown(faults_make_it_careful, setup, teardown),
      cmocka_unit_test_setup_teardown(cut_records_are_indexed_alone, setup, teardown),
      cmocka_unit_test_setup_teardown(bounds, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* First in a child with the kernel that every machine has, then with the machine's own. simdjson chooses at its first
 * use. */
int main(void) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    setenv("SIMDJSON_FORCE_IMPLEMENTATION", "fallback", 1);
    return run_group();
  }
  if (child < 0 || waitpid(child, &status, 0) != child) return 1;
  int failed = run_group();
  return failed != 0 || status != 0;
}
