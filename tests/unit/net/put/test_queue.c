#include "net/put/queue.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/random.h"
#include "tests/unit/engine/base/check.h"

static struct sc_put_rules rules(void) {
  return (struct sc_put_rules){.call_records = 500,
                               .call_bytes = 1 << 20,
                               .most_bytes = 1 << 20,
                               .most_sent = 8000,
                               .linger_ms = 100,
                               .seed = 3};
}

static void add(struct sc_put_queue *q, uint64_t line, const char *data, const char *key, int64_t now_ms) {
  sc_put_queue_add(q, line, sc_slice_str(data), sc_slice_str(key), now_ms);
}

/* The lines of a call, "1 2 3", "" for none; the entries are kept in taken. */
static struct sc_put_entry *taken[SC_PUT_CALL_RECORDS_MAX];
static uint32_t n_taken;

static const char *take(struct sc_put_queue *q, int64_t now_ms, bool end) {
  static char text[8192];
  size_t len = 0;
  struct sc_put_entries entries;
  uint32_t n = sc_put_queue_take(q, now_ms, end, &entries);
  struct sc_put_entry *e;
  text[0] = '\0';
  n_taken = 0;
  STAILQ_FOREACH(e, &entries, next) {
    len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d", n_taken ? " " : "", (int)e->line);
    taken[n_taken++] = e;
  }
  assert_int_equal(n, n_taken);
  return text;
}

static void confirm(struct sc_put_queue *q, uint32_t i, int64_t now_ms) { sc_put_queue_confirmed(q, taken[i], now_ms); }

static void test_an_entry(void **state) {
  (void)state;
  struct sc_put_rules r = rules();
  struct sc_put_queue *q = sc_put_queue_new(&r);
  struct sc_put_entries entries;
  sc_put_queue_add(q, 7, sc_slice_of("a\0b", 3), SC_SLICE_LITERAL("k\"\xc3\xa9"), 0);
  assert_int_equal(sc_put_queue_take(q, 0, true, &entries), 1);
  struct sc_put_entry *e = STAILQ_FIRST(&entries);
  static const char text[] = "{\"Data\":\"YQBi\",\"PartitionKey\":\"k\\\"\xc3\xa9\"}";
  assert_true(sc_slice_equals(sc_slice_of(e->text, e->text_len), sc_slice_str(text)));
  assert_int_equal(e->line, 7);
  assert_int_equal(e->data_bytes, 3);
  assert_int_equal(e->bytes, 7);
  assert_false(sc_put_queue_is_done(q));
  sc_put_queue_confirmed(q, e, 0);
  assert_true(sc_put_queue_is_done(q));
  sc_put_queue_free(q);
}

static void test_calls_are_full_or_late(void **state) {
  (void)state;
  struct sc_put_rules r = rules();
  r.call_records = 3;
  struct sc_put_queue *q = sc_put_queue_new(&r);
  assert_int_equal(sc_put_queue_due_ms(q, false), INT64_MAX);
  add(q, 1, "x", "k", 1000);
  add(q, 2, "x", "k", 1050);
  assert_string_equal(take(q, 1099, false), "");
  assert_int_equal(sc_put_queue_due_ms(q, false), 1100);
  assert_string_equal(take(q, 1100, false), "1 2");
  add(q, 3, "x", "k", 1200);
  add(q, 4, "x", "k", 1200);
  assert_true(sc_put_queue_has_room(q));
  add(q, 5, "x", "k", 1200);
  assert_false(sc_put_queue_has_room(q));
  add(q, 6, "x", "k", 1200);
  assert_string_equal(take(q, 1200, false), "3 4 5");
  assert_string_equal(take(q, 1200, false), "");
  assert_string_equal(take(q, 1200, true), "6");
  assert_int_equal(sc_put_queue_oldest(q), 1);
  sc_put_queue_free(q);
}

static void test_calls_are_bounded_in_bytes(void **state) {
  (void)state;
  struct sc_put_rules r = rules();
  r.call_bytes = 10;
  struct sc_put_queue *q = sc_put_queue_new(&r);
  add(q, 1, "1234", "k", 0);
  add(q, 2, "1234", "k", 0);
  add(q, 3, "1", "k", 0);
  add(q, 4, "12345678901234567890", "k", 0);
  add(q, 5, "1", "k", 0);
  assert_string_equal(take(q, 0, false), "1 2");
  assert_string_equal(take(q, 0, false), "3");
  assert_string_equal(take(q, 0, false), "4");
  assert_string_equal(take(q, 0, false), "");
  sc_put_queue_free(q);
}

static void test_memory_is_bounded(void **state) {
  (void)state;
  struct sc_put_rules r = rules();
  r.most_bytes = 3 * sc_put_entry_cost(100, 1);
  struct sc_put_queue *q = sc_put_queue_new(&r);
  char data[101] = {0};
  memset(data, 'x', 100);
  assert_true(sc_put_queue_fits(q, 1000000, 1)); /* alone, anything */
  for (uint64_t line = 1; line <= 3; line++) {
    assert_true(sc_put_queue_fits(q, 100, 1));
    add(q, line, data, "k", 0);
  }
  assert_string_equal(take(q, 0, false), "");
  assert_false(sc_put_queue_fits(q, 0, 1));
  assert_string_equal(take(q, 0, false), "1 2 3");
  assert_false(sc_put_queue_fits(q, 100, 1));
  confirm(q, 1, 0);
  assert_true(sc_put_queue_fits(q, 100, 1));
  assert_false(sc_put_queue_fits(q, 103, 1)); /* four characters of base64 more */
  sc_put_queue_free(q);
}

/* Failed entries come first, when their time has come; each time they may wait twice as long. */
static void test_back_off(void **state) {
  (void)state;
  struct sc_put_rules r = rules();
  r.call_records = 3;
  struct sc_put_queue *q = sc_put_queue_new(&r);
  for (uint64_t line = 1; line <= 3; line++) add(q, line, "x", "k", 0);
  assert_string_equal(take(q, 0, false), "1 2 3");
  sc_put_queue_failed(q, taken[1], SC_PUT_THROTTLED, 0.5, 1000);
  sc_put_queue_failed(q, taken[2], SC_PUT_THROTTLED, 0.5, 1000);
  confirm(q, 0, 1000);
  add(q, 4, "x", "k", 1000);
  add(q, 5, "x", "k", 1000);
  assert_string_equal(take(q, 1099, false), "");
  assert_int_equal(sc_put_queue_due_ms(q, false), 1100);
  const char *lines = take(q, 1099, false);
  assert_string_equal(lines, "");
  lines = take(q, 1100, false);
  assert_true(strcmp(lines, "2 3 4") == 0 || strcmp(lines, "3 2 4") == 0);
  struct sc_put_entry *again = taken[0];
  sc_put_queue_failed(q, again, SC_PUT_THROTTLED, 0.5, 2000);
  assert_int_equal(sc_put_queue_due_ms(q, false), 1200); /* line 5, that lingers */
  assert_string_equal(take(q, 1200, false), "5");
  assert_int_equal(sc_put_queue_due_ms(q, false), 2200);
  for (int64_t now_ms = 2200, i = 0; i < 100; i++, now_ms += 20000) {
    take(q, now_ms, false);
    assert_ptr_equal(taken[0], again);
    sc_put_queue_failed(q, again, SC_PUT_THROTTLED, 0.5, now_ms);
    assert_int_equal(sc_put_queue_due_ms(q, false), now_ms + (i == 0 ? 400 : 500));
  }
  sc_put_queue_free(q);
}

static void test_a_throttled_call_waits_longer(void **state) {
  (void)state;
  struct sc_put_rules r = rules();
  struct sc_put_queue *q = sc_put_queue_new(&r);
  add(q, 1, "x", "k", 0);
  take(q, 0, true);
  sc_put_queue_failed(q, taken[0], SC_PUT_CALL_THROTTLED, 0.5, 0);
  assert_int_equal(sc_put_queue_due_ms(q, false), 500);
  take(q, 500, true);
  sc_put_queue_failed(q, taken[0], SC_PUT_FAILED, 0.5, 500);
  assert_int_equal(sc_put_queue_due_ms(q, false), 550);
  sc_put_queue_free(q);
}

/* Of one key, one is under way; what is behind it waits, and goes at once when it is put. */
static void test_order_per_key(void **state) {
  (void)state;
  struct sc_put_rules r = rules();
  r.ordered = true;
  struct sc_put_queue *q = sc_put_queue_new(&r);
  const char *keys[] = {"a", "a", "b", "a", "b", "c"};
  for (int i = 0; i < 6; i++) add(q, (uint64_t)i + 1, "x", keys[i], 0);
  assert_string_equal(take(q, 0, false), "");
  assert_string_equal(take(q, 100, false), "1 3 6");
  assert_string_equal(take(q, 100, true), "");
  struct sc_put_entry *a = taken[0], *b = taken[1];
  sc_put_queue_failed(q, a, SC_PUT_FAILED, 0, 200);
  sc_put_queue_confirmed(q, b, 200);
  assert_string_equal(take(q, 200, false), "1 5");
  sc_put_queue_confirmed(q, taken[0], 300);
  assert_string_equal(take(q, 300, false), "2");
  sc_put_queue_confirmed(q, taken[0], 300);
  assert_string_equal(take(q, 300, false), "4");
  add(q, 7, "x", "a", 300);
  add(q, 8, "x", "d", 300);
  assert_string_equal(take(q, 300, true), "8");
  sc_put_queue_free(q);
}

/* What was sent is finished, and what is below it; nothing above is begun. */
static void test_cut(void **state) {
  (void)state;
  struct sc_put_rules r = rules();
  r.ordered = true;
  struct sc_put_queue *q = sc_put_queue_new(&r);
  const char *keys[] = {"a", "a", "b", "a", "c"};
  for (int i = 0; i < 3; i++) add(q, (uint64_t)i + 1, "x", keys[i], 0);
  assert_string_equal(take(q, 0, true), "1 3");
  struct sc_put_entry *a = taken[0], *b = taken[1];
  for (int i = 3; i < 5; i++) add(q, (uint64_t)i + 1, "x", keys[i], 0);
  sc_put_queue_cut(q);
  assert_string_equal(take(q, 0, true), "");
  assert_int_equal(sc_put_queue_due_ms(q, true), INT64_MAX);
  sc_put_queue_confirmed(q, a, 0);
  sc_put_queue_failed(q, b, SC_PUT_FAILED, 0, 0);
  const char *lines = take(q, 0, true);
  assert_string_equal(lines, "3 2");
  confirm(q, 0, 0);
  assert_false(sc_put_queue_is_done(q));
  confirm(q, 1, 0);
  assert_true(sc_put_queue_is_done(q));
  assert_string_equal(take(q, 0, true), "");
  assert_int_equal(sc_put_queue_oldest(q), 4);
  assert_int_equal(sc_put_queue_held(q), 2);
  sc_put_queue_free(q);
}

static void test_cut_of_nothing_sent(void **state) {
  (void)state;
  struct sc_put_rules r = rules();
  struct sc_put_queue *q = sc_put_queue_new(&r);
  add(q, 4, "x", "a", 0);
  sc_put_queue_cut(q);
  assert_string_equal(take(q, 1000, true), "");
  assert_true(sc_put_queue_is_done(q));
  assert_int_equal(sc_put_queue_oldest(q), 4);
  sc_put_queue_free(q);
}

static void test_the_window(void **state) {
  (void)state;
  struct sc_put_rules r = rules();
  struct sc_put_queue *q = sc_put_queue_new(&r);
  for (uint64_t line = 1; line <= 4000; line++) add(q, line, "x", "k", 0);
  take(q, 0, true);
  assert_string_equal(take(q, 0, true), "");
  sc_put_queue_replied(q, 1500, 0, 1000);
  assert_int_equal(sc_put_queue_window(q), 2000);
  for (int i = 0; i < 3; i++) take(q, 0, true);
  sc_put_queue_replied(q, 450, 50, 1000);
  assert_int_equal(sc_put_queue_window(q), 1900); /* of 2000 under way, half of a tenth */
  sc_put_queue_replied(q, 0, 500, 1050);          /* too soon */
  assert_int_equal(sc_put_queue_window(q), 1900);
  assert_string_equal(take(q, 1050, true), "");
  sc_put_queue_replied(q, 0, 500, 1100);
  assert_int_equal(sc_put_queue_window(q), 950);
  sc_put_queue_replied(q, 0, 500, 1200);
  assert_int_equal(sc_put_queue_window(q), SC_PUT_WINDOW_LEAST);
  for (int i = 0; i < 16; i++) sc_put_queue_replied(q, 499, 0, 1300);
  assert_int_equal(sc_put_queue_window(q), SC_PUT_WINDOW_LEAST + 16 * 499 / 8);
  for (int i = 0; i < 1000; i++) sc_put_queue_replied(q, 500, 0, 1300);
  assert_int_equal(sc_put_queue_window(q), 8000);
  sc_put_queue_free(q);
}

/* ---- a service that fails as it likes ---- */

enum { LINES = 3000, CALLS = 8 };

struct world {
  struct sc_put_queue *q;
  struct sc_random random;
  struct sc_put_rules rules;
  int64_t now_ms;
  uint64_t next_line, cut_at; /* lines read; when to cut */
  bool is_put[LINES + 1], was_added[LINES + 1];
  int key[LINES + 1];
  uint64_t last_of_key[64];
  bool under_way[64];
  struct sc_put_entries calls[CALLS];
};

static void read_lines(struct world *w) {
  uint64_t most = sc_random_below(&w->random, 200);
  for (; most > 0 && w->next_line <= LINES && sc_put_queue_has_room(w->q); most--, w->next_line++) {
    char key[8], data[64];
    uint64_t line = w->next_line, len = sc_random_below(&w->random, sizeof(data));
    if (!sc_put_queue_fits(w->q, len, 2)) break;
    if (sc_random_below(&w->random, 10) == 0) continue; /* an empty line */
    w->key[line] = (int)sc_random_below(&w->random, 64);
    w->was_added[line] = true;
    snprintf(key, sizeof(key), "%d", w->key[line]);
    memset(data, 'x', sizeof(data));
    sc_put_queue_add(w->q, line, sc_slice_of(data, len), sc_slice_str(key), w->now_ms);
  }
}

static void check_call(struct world *w, const struct sc_put_entries *entries, uint32_t n) {
  size_t bytes = 0;
  uint32_t found = 0;
  const struct sc_put_entry *e;
  STAILQ_FOREACH(e, entries, next) {
    found++;
    bytes += e->bytes;
    assert_false(w->is_put[e->line]);
    if (!w->rules.ordered) continue;
    assert_false(w->under_way[w->key[e->line]]);
    w->under_way[w->key[e->line]] = true;
  }
  assert_int_equal(found, n);
  assert_true(n <= w->rules.call_records && (bytes <= w->rules.call_bytes || n == 1));
}

static void start_calls(struct world *w, bool end) {
  for (int i = 0; i < CALLS; i++) {
    if (!STAILQ_EMPTY(&w->calls[i])) continue;
    uint32_t n = sc_put_queue_take(w->q, w->now_ms, end, &w->calls[i]);
    check_call(w, &w->calls[i], n);
  }
}

static void put_one(struct world *w, struct sc_put_entry *e) {
  int key = w->key[e->line];
  w->is_put[e->line] = true;
  if (w->rules.ordered) assert_true(w->last_of_key[key] < e->line);
  w->last_of_key[key] = e->line;
  sc_put_queue_confirmed(w->q, e, w->now_ms);
}

static void answer(struct world *w, int i) {
  uint32_t put = 0, failed = 0;
  uint64_t mood = sc_random_below(&w->random, 4); /* 0: all fail, 1: some, else none */
  double unit = sc_random_unit(&w->random);
  for (struct sc_put_entry *e; (e = STAILQ_FIRST(&w->calls[i])) != NULL;) {
    STAILQ_REMOVE_HEAD(&w->calls[i], next);
    w->under_way[w->key[e->line]] = false;
    if (mood > 1 || (mood == 1 && sc_random_below(&w->random, 3) > 0)) {
      put_one(w, e);
      put++;
      continue;
    }
    sc_put_queue_failed(w->q, e, (enum sc_put_failure)sc_random_below(&w->random, SC_PUT_FAILURES), unit, w->now_ms);
    failed++;
  }
  sc_put_queue_replied(w->q, put, failed, w->now_ms);
}

static void live(struct world *w) {
  for (bool cut = false; !sc_put_queue_is_done(w->q) || (!cut && w->next_line <= LINES);) {
    if (w->next_line >= w->cut_at && !cut) {
      sc_put_queue_cut(w->q);
      cut = true;
    }
    if (!cut) read_lines(w);
    start_calls(w, cut || w->next_line > LINES);
    int i = (int)sc_random_below(&w->random, CALLS);
    if (!STAILQ_EMPTY(&w->calls[i])) answer(w, i);
    w->now_ms += (int64_t)sc_random_below(&w->random, 50);
  }
}

/* What is in the stream is the input up to one line; without a cut, all of it. */
static void check_outcome(const struct world *w) {
  uint64_t oldest = sc_put_queue_oldest(w->q);
  for (uint64_t line = 1; line < w->next_line; line++)
    assert_int_equal(w->is_put[line], w->was_added[line] && (oldest == 0 || line < oldest));
  if (w->cut_at > LINES) assert_int_equal(oldest, 0);
}

static void run(uint64_t seed, bool ordered, bool cuts) {
  struct world *w = sc_alloc_zero(1, sizeof(*w));
  sc_random_init(&w->random, seed);
  w->rules = rules();
  w->rules.ordered = ordered;
  w->rules.call_records = 1 + (uint32_t)sc_random_below(&w->random, 50);
  w->rules.call_bytes = 1 + sc_random_below(&w->random, 2000);
  w->rules.most_bytes = 1 + sc_random_below(&w->random, 100000);
  w->next_line = 1;
  w->cut_at = cuts ? sc_random_below(&w->random, LINES) : LINES + 2;
  w->q = sc_put_queue_new(&w->rules);
  for (int i = 0; i < CALLS; i++) STAILQ_INIT(&w->calls[i]);
  live(w);
  check_outcome(w);
  sc_put_queue_free(w->q);
  free(w);
}

static void test_any_service(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) run(seed, seed % 2 == 1, (seed & 2) != 0);
}

/* ---- a stream whose shards take 1000 records a second each ---- */

enum { QUOTA = 1000, ROUND_TRIP_MS = 20, SHARDS_MAX = 32 };

struct stream {
  struct sc_put_queue *q;
  struct sc_random random;
  int64_t now_ms, answered_ms[2 * CALLS];
  struct sc_put_entries calls[2 * CALLS];
  uint64_t shards, next_line, lines, put, tried;
  double left[SHARDS_MAX]; /* of each shard's quota */
};

static void take_or_throttle(struct stream *s, struct sc_put_entries *entries) {
  uint32_t put = 0, throttled = 0;
  double unit = sc_random_unit(&s->random);
  for (struct sc_put_entry *e; (e = STAILQ_FIRST(entries)) != NULL;) {
    double *left = &s->left[e->line * 7919 % s->shards];
    STAILQ_REMOVE_HEAD(entries, next);
    if (*left >= 1) {
      *left -= 1;
      put++;
      sc_put_queue_confirmed(s->q, e, s->now_ms);
    } else {
      throttled++;
      sc_put_queue_failed(s->q, e, SC_PUT_THROTTLED, unit, s->now_ms);
    }
  }
  s->put += put;
  s->tried += put + throttled;
  sc_put_queue_replied(s->q, put, throttled, s->now_ms);
}

/* False when there is no call to make. */
static bool call_stream(struct stream *s, int i) {
  for (; s->next_line <= s->lines && sc_put_queue_has_room(s->q); s->next_line++)
    add(s->q, s->next_line, "x", "k", s->now_ms);
  s->answered_ms[i] = s->now_ms + ROUND_TRIP_MS;
  return sc_put_queue_take(s->q, s->now_ms, s->next_line > s->lines, &s->calls[i]) > 0;
}

static void tick(struct stream *s) {
  s->now_ms++;
  for (uint64_t i = 0; i < s->shards; i++) {
    s->left[i] += QUOTA / 1000.0;
    if (s->left[i] > QUOTA) s->left[i] = QUOTA;
  }
  for (int i = 0; i < 2 * CALLS; i++)
    if (s->answered_ms[i] <= s->now_ms && !STAILQ_EMPTY(&s->calls[i])) take_or_throttle(s, &s->calls[i]);
  for (int i = 0; i < 2 * CALLS; i++)
    if (STAILQ_EMPTY(&s->calls[i]) && !call_stream(s, i)) break;
}

/* Ten seconds' worth of lines: taken in little more, and most records not tried in vain too often. */
static void fill_shards(uint64_t shards, double tries_most) {
  struct sc_put_rules r = rules();
  struct stream s = {.shards = shards, .next_line = 1, .lines = shards * QUOTA * 10};
  r.most_bytes = 64 << 20;
  sc_random_init(&s.random, 5);
  s.q = sc_put_queue_new(&r);
  for (int i = 0; i < 2 * CALLS; i++) STAILQ_INIT(&s.calls[i]);
  while (s.put < s.lines) tick(&s);
  assert_true(s.now_ms < 11000);
  assert_true((double)s.tried < (double)s.lines * tries_most);
  sc_put_queue_free(s.q);
}

static void test_throttled_shards(void **state) {
  (void)state;
  fill_shards(1, 6.5);
  fill_shards(4, 2.5);
  fill_shards(32, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_entry),
      cmocka_unit_test(test_calls_are_full_or_late),
      cmocka_unit_test(test_calls_are_bounded_in_bytes),
      cmocka_unit_test(test_memory_is_bounded),
      cmocka_unit_test(test_back_off),
      cmocka_unit_test(test_a_throttled_call_waits_longer),
      cmocka_unit_test(test_order_per_key),
      cmocka_unit_test(test_cut),
      cmocka_unit_test(test_cut_of_nothing_sent),
      cmocka_unit_test(test_the_window),
      cmocka_unit_test(test_any_service),
      cmocka_unit_test(test_throttled_shards),
  };
  return cmocka_run_group_tests_name("net/put_queue", tests, NULL, NULL);
}
