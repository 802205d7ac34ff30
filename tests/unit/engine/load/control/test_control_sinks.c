/* Loads into databases of every kind that sink.h knows. Each kind meets the seeded faults in test_control_seeds.c. */
#include <sys/wait.h>

#include "engine/stop.h"
#include "tests/unit/engine/load/model_load.c"

enum { RECORDS = 3000, SHARDS = 4, AN_HOUR_MS = 3600000 };

static void open_model(struct model *m, struct model_load *l, unsigned traits) {
  model_init(m, 1, SHARDS, RECORDS);
  model_split(m, 0, RECORDS);
  model_load_init(l);
  l->sink = model_sink_with(m, traits);
}

/* Without faults every kind of database gets everything once. */
static void loads_everything_once(void **state) {
  (void)state;
  static const unsigned kinds[] = {
      MODEL_ONE_SESSION,
      MODEL_AFTER_ROWS,
      MODEL_AFTER_ROWS | MODEL_ANSWERS,
      MODEL_OWN_STORE,
      MODEL_OWN_STORE | MODEL_ONE_SESSION,
      MODEL_NO_REPLAY,
      MODEL_ANSWERS,
      MODEL_AGAIN,
      MODEL_RELEASES,
      MODEL_RELEASES | MODEL_RELATIONS,
      MODEL_DUE,
      MODEL_RELATIONS,
      MODEL_RELATIONS | MODEL_ONE_SESSION | MODEL_AGAIN | MODEL_AFTER_ROWS | MODEL_ANSWERS};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    struct model m;
    struct model_load l;
    open_model(&m, &l, kinds[i]);
    m.bad_every = 97;
    m.needs_sample = i % 2;
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    assert_int_equal(m.sessions, 0);
    assert_int_equal(m.again > 0, (kinds[i] & MODEL_AGAIN) != 0);
    assert_int_equal(m.retried > 0, (kinds[i] & MODEL_ANSWERS) != 0);
    if (kinds[i] & MODEL_ONE_SESSION) assert_int_equal(m.sessions_most, kinds[i] & MODEL_OWN_STORE ? 2 : 1);
    else assert_true(m.sessions_most > 2);
    model_fini(&m);
  }
}

/* Refused rows are found by a replay, are told by number, or end the load before they can do harm. */
static void refused_rows(void **state) {
  (void)state;
  static const unsigned kinds[] = {MODEL_RELATIONS,
                                   MODEL_ANSWERS,
                                   MODEL_ANSWERS | MODEL_RELATIONS,
                                   MODEL_ANSWERS | MODEL_AFTER_ROWS,
                                   MODEL_OWN_STORE,
                                   MODEL_NO_REPLAY,
                                   MODEL_RELEASES};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    struct model m;
    struct model_load l;
    open_model(&m, &l, kinds[i]);
    m.refused_every = 501;
    m.name_refused = i % 2;
    uint64_t replays = sc_metric_sum(SC_M_REPLAYS), rewinds = sc_metric_sum(SC_M_REWINDS);
    bool ends = kinds[i] & (MODEL_NO_REPLAY | MODEL_RELEASES);
    assert_int_equal(model_load_run(&l), ends ? SC_E_ROW : SC_OK);
    if (ends) assert_once(&m);
    else assert_all_once(&m);
    assert_int_equal(sc_metric_sum(SC_M_REPLAYS) > replays, !ends && !(kinds[i] & MODEL_ANSWERS));
    assert_int_equal(sc_metric_sum(SC_M_REWINDS), rewinds);
    model_fini(&m);
  }
}

/* Positions that are moved after the rows: none is lost, some come twice. */
static void rows_come_again(void **state) {
  (void)state;
  static const unsigned kinds[] = {MODEL_AFTER_ROWS, MODEL_OWN_STORE};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    struct model m;
    struct model_load l;
    open_model(&m, &l, kinds[i]);
    m.commit_lost = 200;
    l.settings.flush_rows = 100;
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_true(m.now.n_rows > SHARDS * RECORDS + 2 * RECORDS);
    drop_repeated(m.rows, &m.now.n_rows, &m);
    assert_all_once(&m);
    model_fini(&m);
  }
}

/* One transaction of more rows than there is memory for. */
static void blocks_go_back_early(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  model_init(&m, 1, 1, 80000);
  model_load_init(&l);
  m.record_bytes = 1000;
  l.settings.write_threads = 1;
  l.settings.flush_interval_ms = AN_HOUR_MS;
  l.settings.flush_rows = UINT64_MAX;
  l.sink = model_sink_with(&m, MODEL_RELEASES | MODEL_DUE);
  l.memory_bytes = model_least_memory(&l);
  m.due_rows = 2 * l.memory_bytes / m.record_bytes;
  m.due_ms = AN_HOUR_MS;
  assert_true(m.due_rows < 80000);
  assert_int_equal(model_load_run(&l), SC_OK);
  assert_all_once(&m);
  assert_true(m.commit_rows_most >= m.due_rows);
  model_fini(&m);
}

/* A stop ends calls that nothing else ends, also those that control waits for. In a process of its own, since a stop is
 * for good. */
static void a_stop_interrupts(void **state) {
  (void)state;
  static const unsigned kinds[] = {MODEL_BLOCKS_PUSH, MODEL_BLOCKS_PUSH | MODEL_ONE_SESSION,
                                   MODEL_BLOCKS_PLAN | MODEL_ONE_SESSION};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    pid_t child = fork();
    if (child == 0) {
      struct model m;
      struct model_beside b;
      open_model(&m, &b.l, kinds[i]);
      m.needs_sample = true;
      b.l.settings.stop_timeout_ms = 300;
      model_load_start(&b);
      model_wait_until_blocked(&m);
      sc_stop_request();
      int rc = model_load_end(&b);
      _exit(rc == SC_E_DEADLINE || rc == SC_E_STOPPED ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
  }
}

int main(void) {
  alarm(100);
  sc_log_init(getenv("SC_TEST_LOG") != NULL ? SC_DEBUG : SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {cmocka_unit_test(loads_everything_once), cmocka_unit_test(refused_rows),
                                     cmocka_unit_test(rows_come_again), cmocka_unit_test(blocks_go_back_early),
                                     cmocka_unit_test(a_stop_interrupts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
