/* When a load commits though its flush interval is an hour: only where somebody waits for it. */
#include "tests/unit/engine/load/model_load.c"

enum { AN_HOUR_MS = 3600000 };

static void rarely(struct model_load *l, uint32_t write_threads) {
  model_load_init(l);
  l->settings.write_threads = write_threads;
  l->settings.flush_interval_ms = AN_HOUR_MS;
  l->settings.flush_rows = UINT64_MAX;
}

static void start(struct model_beside *b) {
  rarely(&b->l, 1);
  model_load_start(b);
}

static void end(struct model_beside *b) { assert_int_equal(model_load_end(b), SC_OK); }

/* The rows of the others have come and are not committed when the last shard's do: there is one transaction. */
static void a_tip_waits_for_the_others(void **state) {
  (void)state;
  struct model m;
  struct model_beside b;
  model_init(&m, 1, 3, 1000);
  model_hold(&m, true, 2);
  start(&b);
  model_wait_for_calls(&m, 3); /* the write thread knows of all */
  model_hold(&m, false, 2);
  model_wait_for_pushed(&m, 2000);
  model_hold(&m, false, MODEL_NONE);
  end(&b);
  assert_all_once(&m);
  assert_int_equal(m.commits, 1);
  model_fini(&m);
}

/* Its children wait for it, and it does not wait for others; the children's tips do. */
static void an_end_waits_for_nobody(void **state) {
  (void)state;
  struct model m;
  struct model_beside b;
  model_init(&m, 1, 2, 1000);
  model_split(&m, 0, 500);
  model_hold(&m, true, 1);
  start(&b);
  model_wait_for_calls(&m, 2);
  model_hold(&m, false, 1);
  model_wait_for_pushed(&m, 2000);
  assert_true(m.now.positions[0].ended);
  model_hold(&m, false, MODEL_NONE);
  end(&b);
  assert_all_once(&m);
  assert_int_equal(m.commits, 2);
  model_fini(&m);
}

static void many_shards_end(void **state) {
  (void)state;
  for (uint32_t write_threads = 1; write_threads <= 3; write_threads++) {
    struct model m;
    struct model_load l;
    model_init(&m, 1, 9, 700);
    model_split(&m, 0, 300);
    model_split(&m, 3, 0);
    rarely(&l, write_threads);
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    model_fini(&m);
  }
}

/* Which tips are still to come is known after rewinds, too. */
static void many_shards_end_after_faults(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 8; seed++) {
    struct model m;
    struct model_load l;
    model_init(&m, seed, 7, 900);
    model_split(&m, 0, 400);
    m.needs_sample = seed % 2;
    m.end_is_alone = seed % 3 == 0;
    m.spoilt = seed % 4 == 0 ? 50 : 0;
    m.read_faults = 5;
    m.take_faults = 50;
    m.push_faults = 20;
    m.commit_lost = m.commit_lost_done = 150;
    rarely(&l, 1 + (uint32_t)seed % 3);
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    model_fini(&m);
  }
}

/* Whichever write thread holds some of them. */
static void the_last_of_max_records_waits_for_nobody(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 8; seed++) {
    struct model m;
    struct model_load l;
    model_init(&m, seed, 6, 900);
    m.commit_lost = m.commit_lost_done = seed % 2 ? 150 : 0;
    rarely(&l, 3);
    l.settings.max_records = 2500;
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_int_equal(m.now.n_rows, 2500);
    assert_once(&m);
    model_fini(&m);
  }
}

int main(void) {
  alarm(100);
  sc_log_init(getenv("SC_TEST_LOG") != NULL ? SC_DEBUG : SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_tip_waits_for_the_others),
                                     cmocka_unit_test(an_end_waits_for_nobody), cmocka_unit_test(many_shards_end),
                                     cmocka_unit_test(many_shards_end_after_faults),
                                     cmocka_unit_test(the_last_of_max_records_waits_for_nobody)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
