#include "engine/control.h"

#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/log.h"
#include "tests/unit/base/check.h"
#include "tests/unit/engine/model_stream.c" /* one program a test file: the model is compiled into it */

static int load(struct model *m, uint64_t max_records, struct sc_error *err) {
  struct sc_run *run = sc_alloc_zero(1, sizeof(*run));
  run->source_ops = &model_source;
  run->decoder_ops = &model_decoder;
  run->sink_ops = &model_sink;
  run->settings = (struct sc_settings){.fetch_threads = 2,
                                       .parse_threads = 2,
                                       .write_threads = 2,
                                       .limit = 700,
                                       .flush_interval_ms = 20,
                                       .flush_rows = 2000,
                                       .max_records = max_records,
                                       .stop_timeout_ms = 20000,
                                       .discovery_ms = 1000,
                                       .block_bytes = 8192,
                                       .largest_reply_bytes = 1 << 16,
                                       .largest_record_bytes = 1024,
                                       .max_columns = 10};
  model_source.pace(NULL, &run->settings.pace);
  sc_brake_init(&run->brake, true, UINT64_MAX);
  struct sc_load_wish wish = {.start = {.start = SC_START_TRIM_HORIZON}, .memory_bytes = 64u << 20, .quiet = true};
  int rc = sc_control_load(run, &wish, err);
  free(run);
  (void)m;
  return rc;
}

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

/* Every record of every shard once: as a row, or as a dead letter when it had to be. */
static void assert_all_once(struct model *m) {
  qsort(m->rows, m->n_rows, sizeof(uint32_t), by_value);
  qsort(m->dead, m->n_dead, sizeof(uint32_t), by_value);
  size_t row = 0, dead = 0;
  for (uint32_t s = 0; s < m->n_shards; s++) {
    for (uint32_t i = 1; i <= m->records_a_shard; i++) {
      uint32_t value = s * 1000000 + i;
      bool bad =
          (m->bad_every != 0 && value % m->bad_every == 0) || (m->refused_every != 0 && value % m->refused_every == 0);
      if (bad) {
        assert_true(dead < m->n_dead);
        assert_int_equal(m->dead[dead++], value);
      } else {
        assert_true(row < m->n_rows);
        assert_int_equal(m->rows[row++], value);
      }
    }
  }
  assert_int_equal(row, m->n_rows);
  assert_int_equal(dead, m->n_dead);
}

static void loads_everything_once(void **state) {
  (void)state;
  struct model m;
  struct sc_error err = {0};
  model_init(&m, 1);
  m.n_shards = 8;
  m.records_a_shard = 5000;
  m.first_splits = true;
  assert_int_equal(load(&m, UINT64_MAX, &err), SC_OK);
  assert_all_once(&m);
  assert_true(m.shards[0].ended);
  assert_int_equal(load(&m, UINT64_MAX, &err), SC_OK); /* again: nothing new */
  assert_all_once(&m);
  model_fini(&m);
}

static void survives_faults(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    struct model m;
    struct sc_error err = {0};
    model_init(&m, seed);
    m.n_shards = 6;
    m.records_a_shard = 4000;
    m.first_splits = true;
    m.read_faults = 100;
    m.push_faults = 5;
    m.commit_lost = m.commit_lost_done = 100;
    assert_int_equal(load(&m, UINT64_MAX, &err), SC_OK);
    assert_all_once(&m);
    model_fini(&m);
  }
}

static void keeps_dead_letters(void **state) {
  (void)state;
  for (int named = 0; named <= 1; named++) {
    struct model m;
    struct sc_error err = {0};
    model_init(&m, 5);
    m.n_shards = 4;
    m.records_a_shard = 3000;
    m.bad_every = 97;
    m.refused_every = 501;
    m.name_refused = named == 1;
    m.commit_lost_done = 50;
    assert_int_equal(load(&m, UINT64_MAX, &err), SC_OK);
    assert_all_once(&m);
    assert_true(m.refusals > 0);
    model_fini(&m);
  }
}

static void stop_at_record_n(uint64_t seed) {
  struct model m;
  struct sc_error err = {0};
  model_init(&m, seed);
  m.n_shards = 4;
  m.records_a_shard = 3000;
  m.push_faults = 3;
  m.commit_lost = m.commit_lost_done = 150;
  assert_int_equal(load(&m, 4321, &err), SC_OK);
  assert_int_equal(m.n_rows, 4321);
  uint32_t positions = 0;
  for (uint32_t i = 0; i < m.n_shards; i++) positions += m.shards[i].position;
  assert_int_equal(positions, 4321);
  model_fini(&m);
}

static void stops_at_record_n(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 8; seed++) stop_at_record_n(seed);
}

int main(void) {
  sc_log_init(SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {cmocka_unit_test(loads_everything_once), cmocka_unit_test(survives_faults),
                                     cmocka_unit_test(keeps_dead_letters), cmocka_unit_test(stops_at_record_n)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
