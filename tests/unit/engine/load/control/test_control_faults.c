/* What becomes of a load when the target is away, goes back, changes or is another's. */
#include "tests/unit/engine/load/model_load.c"

static void waits_for_a_target_that_is_away(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  model_init(&m, 1, 4, 2000);
  m.push_faults = 300;
  m.opens_refused = 6;
  model_load_init(&l);
  m.page = 200;
  l.settings.flush_rows = 200;
  assert_int_equal(model_load_run(&l), SC_OK);
  assert_all_once(&m);
  assert_int_equal(m.opens_refused, 0);
  model_fini(&m);
}

static void ends_when_another_has_the_lock(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  model_init(&m, 2, 4, 2000);
  m.push_faults = 100;
  m.lock_faults = 1000;
  m.lock_is_held = true;
  model_load_init(&l);
  assert_int_equal(model_load_run(&l), SC_E_BUSY);
  assert_non_null(strstr(l.err.text, "is being loaded by another"));
  assert_once(&m);
  model_fini(&m);
}

static void takes_children_again_after_a_lost_take(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 10; seed++) {
    struct model m;
    struct model_load l;
    model_init(&m, seed, 3, 200);
    for (uint32_t shard = 0; shard < 3; shard++) model_split(&m, shard, 100);
    m.take_faults = 500;
    model_load_init(&l);
    l.settings.discovery_ms = 5;
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    model_fini(&m);
  }
}

static void follows_a_table_that_changes(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 5; seed++) {
    struct model m;
    struct model_load l;
    model_init(&m, seed, 6, 1500);
    m.replan_every = 800;
    m.push_faults = seed > 1 ? 30 : 0;
    m.open_faults = seed > 2 ? 200 : 0;
    m.lock_faults = seed > 3 ? 50 : 0;
    model_load_init(&l);
    l.settings.write_threads = 3;
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    assert_true(m.schema > 5);
    model_fini(&m);
  }
}

/* As the program does it: what went back is loaded anew from the positions there. */
static void loads_again_what_went_back(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 10; seed++) {
    struct model m;
    struct model_load l;
    model_init(&m, seed, 4, 500);
    model_split(&m, 0, 500);
    m.fail_over_at = 300 + 200 * seed;
    model_load_init(&l);
    int rc = model_load_run(&l);
    while (rc == SC_E_WENT_BACK) rc = model_load_run(&l);
    assert_int_equal(rc, SC_OK);
    assert_true(m.failed_over);
    assert_all_once(&m);
    model_fini(&m);
  }
}

static void asks_again_for_what_was_spoilt(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  model_init(&m, 3, 4, 4000);
  m.spoilt = 100;
  model_load_init(&l);
  m.page = 100;
  assert_int_equal(model_load_run(&l), SC_OK);
  assert_all_once(&m);
  model_fini(&m);

  model_init(&m, 3, 4, 4000);
  m.spoilt = 1000;
  assert_int_equal(model_load_run(&l), SC_E_PROTOCOL);
  assert_int_equal(m.now.n_rows, 0);
  model_fini(&m);
}

static void needs_no_positions(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  model_init(&m, 4, 4, 2000);
  model_load_init(&l);
  l.sink = &model_sink_without_positions;
  assert_int_equal(model_load_run(&l), SC_OK);
  assert_int_equal(m.now.n_rows, 8000);
  model_fini(&m);

  model_init(&m, 4, 4, 2000);
  m.spoilt = 300;
  assert_int_equal(model_load_run(&l), SC_E_PROTOCOL); /* there is nowhere to go back to */
  model_fini(&m);
}

int main(void) {
  alarm(100);
  sc_log_init(getenv("SC_TEST_LOG") != NULL ? SC_DEBUG : SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {cmocka_unit_test(waits_for_a_target_that_is_away),
                                     cmocka_unit_test(ends_when_another_has_the_lock),
                                     cmocka_unit_test(takes_children_again_after_a_lost_take),
                                     cmocka_unit_test(follows_a_table_that_changes),
                                     cmocka_unit_test(loads_again_what_went_back),
                                     cmocka_unit_test(asks_again_for_what_was_spoilt),
                                     cmocka_unit_test(needs_no_positions)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
