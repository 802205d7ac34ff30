#include "engine/lineage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define KEYS 100 /* the hash range in these tests: hundredths of the real one */

static struct sc_hash_key key_at(unsigned hundredth) {
  return (struct sc_hash_key){.high = UINT64_MAX / KEYS * hundredth};
}

/* A shard named by a letter, covering first..last-1 hundredths; parents as letters, ' ' for none. */
static struct sc_listed shard(char name, const char *parents, unsigned first, unsigned last, bool closed) {
  struct sc_listed s = {.closed = closed, .hash_first = key_at(first), .hash_last = key_at(last)};
  s.id[0] = name;
  for (int k = 0; k < SC_PARENTS_MAX && parents[k]; k++) s.parents[k][0] = parents[k] == ' ' ? 0 : parents[k];
  if (last == KEYS) s.hash_last = (struct sc_hash_key){UINT64_MAX, UINT64_MAX};
  else if (s.hash_last.low-- == 0) s.hash_last.high--;
  return s;
}

static void list(struct sc_lineage *l, const struct sc_listed *shards, size_t n) {
  sc_lineage_listing(l);
  sc_lineage_listed(l, shards, n);
}

static uint32_t at(const struct sc_lineage *l, const char *id) {
  uint32_t index = sc_lineage_find(l, id);
  assert_int_not_equal(index, SC_NO_NODE);
  return index;
}

/* The new shards as text, those of the first run in capitals; all are stored. */
static const char *store_new(struct sc_lineage *l) {
  static char out[64];
  size_t n = 0;
  for (uint32_t i = 0; (i = sc_lineage_next_new(l, i)) != SC_NO_NODE; i++) {
    char name = sc_lineage_shard(l, i)->id[0];
    out[n++] = sc_lineage_is_of_first_run(l, i) ? name : (char)(name + 32);
  }
  for (uint32_t i; (i = sc_lineage_next_new(l, 0)) != SC_NO_NODE;) sc_lineage_stored(l, i);
  out[n] = 0;
  return out;
}

static const char *start_ready(struct sc_lineage *l) {
  static char out[64];
  size_t n = 0;
  for (uint32_t i; (i = sc_lineage_next_ready(l)) != SC_NO_NODE;) {
    out[n++] = sc_lineage_shard(l, i)->id[0];
    sc_lineage_started(l, i);
  }
  out[n] = 0;
  return out;
}

static const char *gone(struct sc_lineage *l) {
  static char out[64];
  size_t n = 0;
  for (uint32_t i; (i = sc_lineage_next_gone(l)) != SC_NO_NODE;) out[n++] = sc_lineage_shard(l, i)->id[0];
  out[n] = 0;
  return out;
}

static void first_run(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  assert_true(sc_lineage_wants_listing(l));
  assert_false(sc_lineage_is_finished(l));
  struct sc_listed shards[] = {shard('A', "", 0, 50, false), shard('B', "", 50, KEYS, false)};
  list(l, shards, 2);
  assert_false(sc_lineage_wants_listing(l));
  assert_string_equal(start_ready(l), ""); /* no row yet */
  assert_false(sc_lineage_is_finished(l));
  assert_string_equal(store_new(l), "AB");
  assert_string_equal(store_new(l), "");
  assert_string_equal(start_ready(l), "AB");
  sc_lineage_at_tip(l, at(l, "A"));
  assert_false(sc_lineage_is_finished(l));
  sc_lineage_at_tip(l, at(l, "B"));
  assert_true(sc_lineage_is_finished(l));
  sc_lineage_started(l, at(l, "B")); /* a rewind */
  assert_false(sc_lineage_is_finished(l));
  sc_lineage_free(l);
}

static void children_wait_for_all_parents(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_listed shards[] = {shard('C', "AB", 0, KEYS, false), shard('A', "", 0, 50, true),
                               shard('B', "", 50, KEYS, true)};
  list(l, shards, 3);
  assert_string_equal(store_new(l), "CAB");
  assert_string_equal(start_ready(l), "AB");
  sc_lineage_ended(l, at(l, "A"));
  assert_string_equal(start_ready(l), "");
  sc_lineage_at_tip(l, at(l, "B")); /* a tip is no end */
  assert_string_equal(start_ready(l), "");
  sc_lineage_ended(l, at(l, "B"));
  assert_string_equal(start_ready(l), "C");
  sc_lineage_free(l);
}

static void a_parent_without_a_row_holds_its_child(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_listed shards[] = {shard('A', "", 0, KEYS, true), shard('B', "A", 0, KEYS, false)};
  list(l, shards, 2);
  sc_lineage_stored(l, at(l, "B"));
  assert_string_equal(start_ready(l), "");
  sc_lineage_stored(l, at(l, "A"));
  assert_string_equal(start_ready(l), "A");
  sc_lineage_free(l);
}

static void later_shards_are_not_of_the_first_run(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_listed shards[] = {shard('A', "", 0, KEYS, false), shard('B', "A", 0, 50, false),
                               shard('C', "A", 50, KEYS, false)};
  list(l, shards, 1);
  store_new(l);
  start_ready(l);
  shards[0].closed = true;
  assert_false(sc_lineage_is_closed(l, at(l, "A")));
  list(l, shards, 3);
  assert_true(sc_lineage_is_closed(l, at(l, "A")));
  assert_int_equal(sc_lineage_find(l, "Z"), SC_NO_NODE);
  assert_string_equal(store_new(l), "bc");
  assert_string_equal(start_ready(l), "");
  sc_lineage_ended(l, at(l, "A"));
  sc_lineage_ended(l, at(l, "A"));
  assert_string_equal(start_ready(l), "BC");
  sc_lineage_free(l);
}

static void an_end_asks_for_a_listing_begun_after_it(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_listed shards[] = {shard('A', "", 0, KEYS, false), shard('B', "A", 0, KEYS, false)};
  list(l, shards, 1);
  store_new(l);
  start_ready(l);
  sc_lineage_listing(l);
  sc_lineage_ended(l, at(l, "A"));
  assert_false(sc_lineage_is_finished(l));
  sc_lineage_listed(l, shards, 1); /* it began before the end: the child is not in it */
  assert_true(sc_lineage_wants_listing(l));
  assert_false(sc_lineage_is_finished(l));
  shards[0].closed = true;
  list(l, shards, 2);
  assert_false(sc_lineage_is_finished(l)); /* B could run */
  assert_string_equal(store_new(l), "b");
  assert_string_equal(start_ready(l), "B");
  sc_lineage_at_tip(l, at(l, "B"));
  assert_true(sc_lineage_is_finished(l));
  sc_lineage_free(l);
}

static void expired_parents_are_done(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_listed shards[] = {shard('B', "A", 0, KEYS, false)};
  list(l, shards, 1);
  assert_string_equal(gone(l), ""); /* gone before the first run: never ours */
  assert_string_equal(store_new(l), "B");
  assert_string_equal(start_ready(l), "B");
  sc_lineage_free(l);
}

static void restores(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_stored rows[] = {{"B", {"A"}, false}, {"A", {""}, true}, {"C", {"B"}, false}};
  sc_lineage_restore(l, rows, 3);
  assert_string_equal(start_ready(l), ""); /* not before a listing */
  struct sc_listed shards[] = {shard('B', "A", 0, KEYS, true), shard('C', "B", 0, 50, false),
                               shard('D', "B", 50, KEYS, false)};
  list(l, shards, 3);
  assert_string_equal(store_new(l), "d");
  assert_string_equal(start_ready(l), "B");
  assert_string_equal(gone(l), "");
  sc_lineage_ended(l, at(l, "B"));
  assert_string_equal(start_ready(l), "CD");
  sc_lineage_free(l);
}

static void sees_that_the_target_went_back(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_stored rows[] = {{"A", {""}, true}, {"B", {"A"}, false}, {"X", {""}, false}};
  sc_lineage_restore(l, rows, 2);
  struct sc_listed shards[] = {shard('B', "A", 0, KEYS, false), shard('C', "B", 0, KEYS, false)};
  list(l, shards, 2);
  assert_true(sc_lineage_still_holds(l, rows, 2)); /* C has no row yet */
  assert_true(sc_lineage_still_holds(l, rows, 3)); /* others may add rows */
  sc_lineage_stored(l, at(l, "C"));
  assert_false(sc_lineage_still_holds(l, rows, 2));
  struct sc_stored now[] = {{"C", {"B"}, false}, {"A", {""}, true}, {"B", {"A"}, true}};
  assert_true(sc_lineage_still_holds(l, now, 3)); /* another worker ended B */
  sc_lineage_ended(l, at(l, "B"));
  assert_true(sc_lineage_still_holds(l, now, 3));
  now[1].ended = false;
  assert_false(sc_lineage_still_holds(l, now, 3));
  sc_lineage_free(l);
}

static void a_gone_shard_is_told_once_and_holds_its_children(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_stored rows[] = {{"A", {""}, false}};
  sc_lineage_restore(l, rows, 1);
  struct sc_listed shards[] = {shard('B', "A", 0, KEYS, false)};
  list(l, shards, 1);
  assert_string_equal(store_new(l), "b");
  assert_string_equal(gone(l), "A");
  assert_string_equal(gone(l), "");
  list(l, shards, 1);
  assert_string_equal(gone(l), "");
  start_ready(l);
  struct sc_lineage_counts counts;
  sc_lineage_count(l, &counts);
  assert_int_equal(counts.gone, 1);
  assert_int_equal(counts.waiting, 1);
  assert_false(sc_lineage_is_finished(l));
  sc_lineage_ended(l, at(l, "A"));
  assert_string_equal(start_ready(l), "B");
  sc_lineage_free(l);
}

static void a_shard_that_came_and_expired_between_runs_is_gone(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_stored rows[] = {{"A", {""}, true}};
  sc_lineage_restore(l, rows, 1);
  struct sc_listed shards[] = {shard('D', "C", 0, 50, false), shard('E', "A", 50, KEYS, true),
                               shard('F', "E", 50, KEYS, false)};
  list(l, shards, 3);
  assert_string_equal(gone(l), "C");
  list(l, shards, 3);
  assert_string_equal(gone(l), "");
  assert_string_equal(store_new(l), "def");
  assert_string_equal(start_ready(l), "DE");
  sc_lineage_free(l);
}

static void holes_of_the_hash_range(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_hash_key at;
  struct sc_listed whole[] = {shard('C', "", 60, KEYS, false), shard('A', "", 0, 30, false),
                              shard('B', "", 30, 60, false)};
  list(l, whole, 3);
  assert_false(sc_lineage_hole(l, &at));
  whole[2].closed = true;
  list(l, whole, 3);
  assert_true(sc_lineage_hole(l, &at));
  assert_true(at.high == key_at(30).high && at.low == 0);
  list(l, whole, 1);
  assert_true(sc_lineage_hole(l, &at));
  assert_true(at.high == 0 && at.low == 0);
  list(l, whole + 1, 1);
  assert_true(sc_lineage_hole(l, &at));
  assert_true(at.high == key_at(30).high);
  list(l, NULL, 0);
  assert_true(sc_lineage_hole(l, &at));
  struct sc_listed overlapping[] = {shard('A', "", 0, 70, false), shard('B', "", 10, 20, false),
                                    shard('C', "", 50, KEYS, false)};
  list(l, overlapping, 3);
  assert_false(sc_lineage_hole(l, &at));
  sc_lineage_free(l);
}

static void counts(void **state) {
  (void)state;
  struct sc_lineage *l = sc_lineage_new();
  struct sc_listed shards[] = {shard('A', "", 0, 30, true), shard('B', "", 30, KEYS, false),
                               shard('C', "A", 0, 10, false), shard('D', "A", 10, 30, false)};
  list(l, shards, 4);
  store_new(l);
  start_ready(l);
  sc_lineage_at_tip(l, at(l, "B"));
  sc_lineage_ended(l, at(l, "A"));
  sc_lineage_started(l, at(l, "C"));
  struct sc_lineage_counts c;
  sc_lineage_count(l, &c);
  assert_int_equal(c.known, 4);
  assert_int_equal(c.waiting, 1);
  assert_int_equal(c.running, 1);
  assert_int_equal(c.ended, 1);
  assert_int_equal(c.at_tip, 1);
  assert_int_equal(c.gone, 0);
  sc_lineage_free(l);
}

/* A chain of 10,000 shards, each the parent of the next, listed backwards. */
static void many_shards(void **state) {
  (void)state;
  enum { N = 10000 };
  static struct sc_listed shards[N];
  for (int i = 0; i < N; i++) {
    struct sc_listed *s = &shards[N - 1 - i];
    snprintf(s->id, sizeof(s->id), "shardId-%012d", i);
    if (i > 0) snprintf(s->parents[0], sizeof(s->parents[0]), "shardId-%012d", i - 1);
  }
  struct sc_lineage *l = sc_lineage_new();
  list(l, shards, N);
  for (int i = 0; i < N; i++) sc_lineage_stored(l, at(l, shards[i].id));
  for (int i = 0; i < N; i++) {
    uint32_t next = sc_lineage_next_ready(l);
    assert_int_equal(next, at(l, shards[N - 1 - i].id));
    sc_lineage_started(l, next);
    assert_int_equal(sc_lineage_next_ready(l), SC_NO_NODE);
    sc_lineage_ended(l, next);
  }
  list(l, shards, N);
  assert_true(sc_lineage_is_finished(l));
  sc_lineage_free(l);
}

static void hash_keys(void **state) {
  (void)state;
  struct sc_hash_key key;
  assert_true(sc_hash_key_parse(SC_SLICE_LITERAL("0"), &key));
  assert_true(key.high == 0 && key.low == 0);
  assert_true(sc_hash_key_parse(SC_SLICE_LITERAL("170141183460469231731687303715884105728"), &key));
  assert_true(key.high == 1ull << 63 && key.low == 0);
  assert_true(sc_hash_key_parse(SC_SLICE_LITERAL("340282366920938463463374607431768211455"), &key));
  assert_true(key.high == UINT64_MAX && key.low == UINT64_MAX);
  const char *bad[] = {"",
                       "-1",
                       "01",
                       "1 ",
                       "340282366920938463463374607431768211456",
                       "999999999999999999999999999999999999999",
                       "1000000000000000000000000000000000000000"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) assert_false(sc_hash_key_parse(sc_slice_str(bad[i]), &key));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(first_run),
      cmocka_unit_test(children_wait_for_all_parents),
      cmocka_unit_test(a_parent_without_a_row_holds_its_child),
      cmocka_unit_test(later_shards_are_not_of_the_first_run),
      cmocka_unit_test(an_end_asks_for_a_listing_begun_after_it),
      cmocka_unit_test(expired_parents_are_done),
      cmocka_unit_test(restores),
      cmocka_unit_test(sees_that_the_target_went_back),
      cmocka_unit_test(a_gone_shard_is_told_once_and_holds_its_children),
      cmocka_unit_test(a_shard_that_came_and_expired_between_runs_is_gone),
      cmocka_unit_test(holes_of_the_hash_range),
      cmocka_unit_test(counts),
      cmocka_unit_test(many_shards),
      cmocka_unit_test(hash_keys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
