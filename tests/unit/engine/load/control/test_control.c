#include "tests/unit/engine/load/model_load.c"

static void loads_everything_once(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  for (int variant = 0; variant < 4; variant++) {
    model_init(&m, 1, 6, 5000);
    model_split(&m, 0, 5000);
    m.end_is_alone = variant & 1;
    m.needs_sample = variant & 2;
    model_load_init(&l);
    uint64_t rewinds = sc_metric_sum(SC_M_REWINDS);
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    assert_int_equal(model_load_run(&l), SC_OK); /* again: nothing new */
    assert_all_once(&m);
    assert_int_equal(sc_metric_sum(SC_M_REWINDS), rewinds);
    assert_true(m.last_is_durable);
    model_fini(&m);
  }
}

static void survives_faults(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    struct model m;
    struct model_load l;
    model_init(&m, seed, 4, 4000);
    model_split(&m, 0, 4000);
    m.read_faults = 100;
    m.push_faults = 5;
    m.commit_lost = m.commit_lost_done = 100;
    model_load_init(&l);
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    model_fini(&m);
  }
}

static void keeps_dead_letters(void **state) {
  (void)state;
  for (int named = 0; named <= 1; named++) {
    struct model m;
    struct model_load l;
    model_init(&m, 5, 4, 3000);
    m.bad_every = 97;
    m.refused_every = 501;
    m.name_refused = named == 1;
    m.commit_lost_done = 50;
    model_load_init(&l);
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    assert_true(m.refusals > 0);
    model_fini(&m);
  }
}

static void stops_at_record_n(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 10; seed++) {
    struct model m;
    struct model_load l;
    model_init(&m, seed, 4, 3000);
    m.push_faults = seed == 1 ? 0 : 30;
    m.commit_lost = m.commit_lost_done = seed == 1 ? 0 : 150;
    m.end_is_alone = seed % 2;
    model_load_init(&l);
    l.settings.max_records = 4321;
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_int_equal(m.now.n_rows, 4321);
    assert_once(&m);
    model_fini(&m);
  }
}

static void new_keys_wait_for_their_columns(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 4; seed++) {
    struct model m;
    struct model_load l;
    model_init(&m, seed, 4, 2000);
    model_split(&m, 0, 2000);
    m.new_key_every = 97;
    m.needs_sample = seed % 2;
    m.bad_every = seed > 1 ? 31 : 0;
    m.take_faults = seed > 2 ? 30 : 0;
    m.push_faults = seed > 2 ? 5 : 0;
    m.commit_lost_done = seed > 2 ? 30 : 0;
    model_load_init(&l);
    l.settings.parse_threads = 3;
    l.settings.max_columns = 100;
    uint64_t rewinds = sc_metric_sum(SC_M_REWINDS);
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    assert_int_equal(m.n_keys, 2000 / 97);
    assert_true(m.grants > 0);
    if (seed <= 2) assert_int_equal(sc_metric_sum(SC_M_REWINDS), rewinds);
    model_fini(&m);
  }
}

int main(void) {
  alarm(100);
  sc_log_init(getenv("SC_TEST_LOG") != NULL ? SC_DEBUG : SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {cmocka_unit_test(loads_everything_once), cmocka_unit_test(survives_faults),
                                     cmocka_unit_test(keeps_dead_letters), cmocka_unit_test(stops_at_record_n),
                                     cmocka_unit_test(new_keys_wait_for_their_columns)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
