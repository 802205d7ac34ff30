/* Loads of every make with every fault, by seed: SC_TEST_SEEDS=500 SC_TEST_FIRST_SEED=1
 * build/unit/engine/test_control_seeds */
#include <stdio.h>

#include "tests/unit/engine/load/model_load.c"

enum { SEEDS = 12 };

static uint64_t number_of(const char *name, uint64_t fallback) {
  const char *text = getenv(name);
  return text == NULL ? fallback : strtoull(text, NULL, 10);
}

static unsigned one_in(struct sc_random *r, unsigned n, unsigned value) {
  return sc_random_below(r, n) == 0 ? value : 0;
}

static uint32_t up_to(struct sc_random *r, uint32_t most) { return 1 + (uint32_t)sc_random_below(r, most); }

static void make_stream(struct model *m, struct sc_random *r) {
  uint32_t records = up_to(r, 1500);
  model_init(m, sc_random_u64(r), up_to(r, 8), records);
  m->page = up_to(r, 400);
  if (sc_random_below(r, 2) == 0) model_split(m, 0, up_to(r, 1000));
  if (m->n_shards > 2 && sc_random_below(r, 2) == 0) model_split(m, m->n_shards - 1, up_to(r, 1000));
  m->record_bytes = MODEL_RECORD_LEAST + one_in(r, 2, up_to(r, 500)) + one_in(r, 8, 5000);
  m->bad_every = one_in(r, 2, 20 + up_to(r, 100));
  m->refused_every = one_in(r, 3, 50 + up_to(r, 300));
  m->name_refused = sc_random_below(r, 2);
  m->end_is_null = sc_random_below(r, 4) == 0;
  m->end_is_alone = sc_random_below(r, 2);
  m->needs_sample = sc_random_below(r, 2);
}

static void make_faults(struct model *m, struct sc_random *r) {
  m->read_faults = one_in(r, 3, 20);
  m->spoilt = one_in(r, 4, 20);
  m->open_faults = one_in(r, 3, 200);
  m->take_faults = one_in(r, 3, 200);
  m->push_faults = one_in(r, 2, up_to(r, 50));
  m->commit_lost = one_in(r, 2, up_to(r, 200));
  m->commit_lost_done = one_in(r, 2, up_to(r, 200));
  m->lock_faults = one_in(r, 3, 50);
  m->opens_refused = one_in(r, 4, 3);
  m->replan_every = one_in(r, 4, 1000);
}

static void make_load(struct model_load *l, struct sc_random *r) {
  model_load_init(l);
  l->settings.retry_ms = 1;
  l->settings.fetch_threads = up_to(r, 3);
  l->settings.parse_threads = up_to(r, 3);
  l->settings.write_threads = up_to(r, 3);
  l->settings.flush_interval_ms = up_to(r, 20);
  l->settings.flush_rows = up_to(r, 2000);
  l->settings.block_bytes = 1024 << sc_random_below(r, 6);
  l->settings.largest_record_bytes = 1 << 14;
  l->settings.largest_reply_bytes = 6 << 20;
  if (sc_random_below(r, 2) == 0) l->flush_bytes = 4096 << sc_random_below(r, 6);
  l->memory_bytes = sc_random_below(r, 3) == 0 ? model_least_memory(l) : 128 * MIB;
}

/* A database of some kind, with what may happen to it. */
static unsigned choose_traits(struct model *m, struct sc_random *r) {
  static const unsigned kinds[] = {0,
                                   0,
                                   MODEL_AFTER_ROWS | MODEL_ANSWERS,
                                   MODEL_OWN_STORE,
                                   MODEL_ANSWERS,
                                   MODEL_RELEASES,
                                   MODEL_RELEASES | MODEL_AFTER_ROWS,
                                   MODEL_NO_REPLAY};
  unsigned traits = kinds[sc_random_below(r, sizeof(kinds) / sizeof(kinds[0]))];
  traits |= one_in(r, 3, MODEL_ONE_SESSION) | one_in(r, 3, MODEL_AGAIN) | one_in(r, 3, MODEL_RELATIONS) |
            one_in(r, 4, MODEL_DUE);
  if (traits & (MODEL_RELEASES | MODEL_NO_REPLAY)) m->refused_every = 0;
  /* Each of these meets the whole load, which then backs off. */
  if (traits & MODEL_ONE_SESSION) m->open_faults /= 4, m->take_faults /= 4, m->spoilt /= 4;
  return traits;
}

static void loads_seed(uint64_t seed) {
  struct sc_random r;
  struct model m;
  struct model_load l;
  sc_random_init(&r, seed);
  make_stream(&m, &r);
  make_faults(&m, &r);
  make_load(&l, &r);
  bool some = sc_random_below(&r, 3) == 0;
  if (some) l.settings.max_records = up_to(&r, 3000);
  l.sink = model_sink_with(&m, choose_traits(&m, &r));
  print_message("traits %u\n", m.traits);
  int rc = model_load_run(&l);
  if (rc != SC_OK) print_error("%s\n", l.err.text);
  assert_int_equal(rc, SC_OK);
  assert_int_equal(m.sessions, 0);
  bool again = m.traits & (MODEL_AFTER_ROWS | MODEL_OWN_STORE);
  if (again) drop_repeated(m.rows, &m.now.n_rows, &m), drop_repeated(m.dead, &m.now.n_dead, &m);
  if (!some) assert_all_once(&m);
  else assert_once(&m);
  if (some && m.now.n_rows + m.now.n_dead < l.settings.max_records) assert_all_once(&m);
  assert_true(!some || m.now.n_rows + m.now.n_dead <= l.settings.max_records);
  model_fini(&m);
}

static void loads_every_seed(void **state) {
  (void)state;
  uint64_t first = number_of("SC_TEST_FIRST_SEED", 1), n = number_of("SC_TEST_SEEDS", SEEDS);
  for (uint64_t seed = first; seed < first + n; seed++) {
    alarm(60);
    print_message("seed %llu\n", (unsigned long long)seed);
    loads_seed(seed);
  }
}

int main(void) {
  sc_log_init(getenv("SC_TEST_LOG") != NULL ? SC_DEBUG : SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {cmocka_unit_test(loads_every_seed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
