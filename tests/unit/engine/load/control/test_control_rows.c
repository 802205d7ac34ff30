/* Rows that do not fit: dead letters, the brake, --on-error=fail, rows and letters larger than the memory for them. */
#include "tests/unit/engine/load/model_load.c"

static void fails_at_the_very_record(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  for (int place = 0; place < 3; place++) {
    static const uint32_t bad[] = {1, 2000, 1729};
    model_init(&m, 1, 1, 2500);
    m.bad_every = bad[place];
    model_load_init(&l);
    l.settings.fail_on_error = true;
    assert_int_equal(model_load_run(&l), SC_E_ROW);
    assert_int_equal(m.now.positions[0].position, bad[place] - 1);
    assert_once(&m);
    assert_int_equal(strtoul(l.err.sequence, NULL, 10), bad[place]);
    assert_string_equal(l.err.shard, "shard-0");
    assert_non_null(strstr(l.err.text, "bad"));
    model_fini(&m);
  }
}

static void fails_at_a_row_the_target_refuses(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  model_init(&m, 1, 1, 2500);
  m.refused_every = 1900;
  m.name_refused = true;
  model_load_init(&l);
  l.settings.fail_on_error = true;
  assert_int_equal(model_load_run(&l), SC_E_ROW);
  assert_non_null(strstr(l.err.text, "sequence number 1900"));
  assert_true(m.now.positions[0].position < 1900);
  assert_once(&m);
  model_fini(&m);
}

static void brakes_when_nothing_fits(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  for (int at_target = 0; at_target <= 1; at_target++) {
    model_init(&m, 2, 3, 5000);
    if (at_target) m.refused_every = 1;
    else m.bad_every = 1;
    model_load_init(&l);
    l.max_dead_letters = 100;
    assert_int_equal(model_load_run(&l), SC_E_DEAD_LETTERS);
    assert_once(&m);
    assert_true(m.now.n_dead < 5000);
    model_fini(&m);
  }
}

/* A rewind reads dead letters again; they count once. */
static void counts_each_dead_letter_once(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 5; seed++) {
    struct model m;
    struct model_load l;
    model_init(&m, seed, 4, 2000);
    m.bad_every = 50;
    m.push_faults = m.commit_lost = m.commit_lost_done = 100;
    model_load_init(&l);
    l.max_dead_letters = 4 * 2000 / 50;
    uint64_t dead = sc_metric_sum(SC_M_DEAD_LETTERS), unknown = sc_metric_sum(SC_M_UNKNOWN_KEYS);
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    assert_int_equal(sc_metric_sum(SC_M_DEAD_LETTERS) - dead, 4 * 2000 / 50);
    assert_int_equal(sc_metric_sum(SC_M_UNKNOWN_KEYS) - unknown, 4 * 2000);
    model_fini(&m);
  }
}

/* Every record a dead letter, and more of them in one reply than there is memory for. */
static void finds_room_for_dead_letters(void **state) {
  (void)state;
  for (int some = 0; some <= 1; some++) {
    struct model m;
    struct model_load l;
    model_init(&m, 3, 3, 1500);
    m.record_bytes = 3000;
    m.bad_every = some ? 3 : 1;
    m.refused_every = some ? 7 : 0;
    model_load_init(&l);
    l.settings.largest_record_bytes = 3000;
    l.settings.largest_reply_bytes = 3 * MIB;
    l.flush_bytes = 16384;
    l.memory_bytes = model_least_memory(&l);
    uint64_t unknown = sc_metric_sum(SC_M_UNKNOWN_KEYS);
    assert_int_equal(model_load_run(&l), SC_OK);
    assert_all_once(&m);
    assert_int_equal(sc_metric_sum(SC_M_UNKNOWN_KEYS) - unknown, 3 * 1500);
    model_fini(&m);
  }
}

static void writes_rows_larger_than_a_block(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  model_init(&m, 4, 4, 100);
  m.record_bytes = 20000;
  model_load_init(&l);
  m.page = 30;
  l.settings.largest_record_bytes = 20000;
  l.settings.largest_reply_bytes = MIB;
  l.flush_bytes = 65536;
  l.memory_bytes = model_least_memory(&l);
  assert_int_equal(model_load_run(&l), SC_OK);
  assert_all_once(&m);
  model_fini(&m);
}

static void says_what_does_not_fit_into_memory(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  for (int dead = 0; dead <= 1; dead++) {
    model_init(&m, 5, 1, 3);
    m.record_bytes = 900000;
    m.bad_every = dead;
    model_load_init(&l);
    l.settings.largest_reply_bytes = 4 * MIB;
    l.flush_bytes = 65536;
    l.memory_bytes = model_least_memory(&l);
    assert_int_equal(model_load_run(&l), SC_E_MEMORY);
    assert_non_null(strstr(l.err.text, "does not fit into the memory for rows"));
    assert_int_equal(m.now.n_rows + m.now.n_dead, 0);
    model_fini(&m);
  }
}

static void leaves_out_what_nobody_keeps(void **state) {
  (void)state;
  struct model m;
  struct model_load l;
  model_init(&m, 6, 2, 1000);
  m.bad_every = 10;
  model_load_init(&l);
  l.sink = &model_sink_without_dead_letters;
  assert_int_equal(model_load_run(&l), SC_OK);
  assert_int_equal(m.now.n_rows, 1800);
  assert_int_equal(m.now.n_dead, 0);
  assert_int_equal(m.now.positions[0].position, 1000);
  model_fini(&m);
}

int main(void) {
  alarm(100);
  sc_log_init(getenv("SC_TEST_LOG") != NULL ? SC_DEBUG : SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fails_at_the_very_record),           cmocka_unit_test(fails_at_a_row_the_target_refuses),
      cmocka_unit_test(brakes_when_nothing_fits),           cmocka_unit_test(counts_each_dead_letter_once),
      cmocka_unit_test(finds_room_for_dead_letters),        cmocka_unit_test(writes_rows_larger_than_a_block),
      cmocka_unit_test(says_what_does_not_fit_into_memory), cmocka_unit_test(leaves_out_what_nobody_keeps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
