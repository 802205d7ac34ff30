/* Loads of the model, and what must hold afterwards. Compiled into the tests that use it. */
#include <stdlib.h>

#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/load/dead_letter_limit.h"
#include "engine/load/load_options.h"
#include "engine/load/run.h"
#include "engine/sink.h"
#include "tests/unit/engine/base/check.h"
#include "tests/unit/engine/load/model_stream.c" /* one program a test file: the model is compiled into it */

#include "tests/unit/engine/load/model_sink.c"

enum { MIB = 1 << 20 };

/* How a load is made; model_load_init fills in what most want. */
struct model_load {
  struct sc_settings settings;
  const struct sc_sink_ops *sink;
  uint64_t memory_bytes;
  size_t flush_bytes;        /* 0: by memory */
  uint64_t max_dead_letters; /* UINT64_MAX: no bound */
  struct sc_error err;
};

static void model_load_init(struct model_load *l) {
  memset(l, 0, sizeof(*l));
  l->settings = (struct sc_settings){.fetch_threads = 2,
                                     .parse_threads = 2,
                                     .write_threads = 2,
                                     .flush_interval_ms = 20,
                                     .flush_rows = 2000,
                                     .max_records = UINT64_MAX,
                                     .stop_timeout_ms = 20000,
                                     .discovery_ms = 1000,
                                     .sample_ms = 20,
                                     .retry_ms = 2,
                                     .block_bytes = 8192,
                                     .largest_reply_bytes = 1 << 16,
                                     .largest_record_bytes = 1024,
                                     .max_columns = 10};
  l->settings.tip.idle_interval_ms = model_source.idle_interval_ms(NULL);
  l->sink = &model_sink;
  l->memory_bytes = 64u * MIB;
  l->max_dead_letters = UINT64_MAX;
}

static int model_load_run(struct model_load *l) {
  struct sc_run *run = sc_alloc_zero(1, sizeof(*run));
  run->source_ops = &model_source;
  run->decoder_ops = &model_decoder;
  run->sink_ops = l->sink;
  run->store_ops = the_model->traits & MODEL_OWN_STORE ? &model_store : l->sink->positions != NULL ? l->sink : NULL;
  run->settings = l->settings;
  sc_dead_letter_limit_init(&run->dead_letter_limit, true, l->max_dead_letters);
  struct sc_load_options options = {.start = {.start = SC_START_TRIM_HORIZON},
                                    .memory_bytes = l->memory_bytes,
                                    .flush_bytes = l->flush_bytes,
                                    .fetch_given = true,
                                    .parse_given = true,
                                    .write_given = true,
                                    .quiet = true};
  sc_error_clear(&l->err);
  int rc = sc_control_load(run, &options, &l->err);
  free(run);
  return rc;
}

/* A load in a thread of its own, beside the test. */
struct model_beside {
  struct model_load l;
  pthread_t thread;
  int rc;
};

static void *run_beside(void *arg) {
  struct model_beside *b = arg;
  b->rc = model_load_run(&b->l);
  return NULL;
}

static inline void model_load_start(struct model_beside *b) {
  assert_int_equal(pthread_create(&b->thread, NULL, run_beside, b), 0);
}

static inline int model_load_end(struct model_beside *b) {
  pthread_join(b->thread, NULL);
  return b->rc;
}

/* The least memory this load takes, as the program itself says. */
static inline uint64_t model_least_memory(const struct model_load *l) {
  struct model_load tiny = *l;
  tiny.memory_bytes = 1;
  assert_int_equal(model_load_run(&tiny), SC_E_MEMORY);
  const char *number = strstr(tiny.err.text, "at least ");
  assert_non_null(number);
  return (uint64_t)strtoul(number + strlen("at least "), NULL, 10) * MIB;
}

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static bool is_bad(const struct model *m, uint32_t value) {
  return (m->bad_every != 0 && value % m->bad_every == 0) || (m->refused_every != 0 && value % m->refused_every == 0);
}

/* Without one transaction for rows and positions, rows come again after a failure: what is in the database twice counts
 * once, and what is behind the positions not at all. */
static inline void drop_repeated(uint32_t *values, size_t *n, const struct model *m) {
  size_t kept = 0;
  qsort(values, *n, sizeof(uint32_t), by_value);
  for (size_t i = 0; i < *n; i++) {
    bool again = kept > 0 && values[kept - 1] == values[i];
    if (!again && values[i] % MODEL_STEP <= m->now.positions[values[i] / MODEL_STEP].position)
      values[kept++] = values[i];
  }
  *n = kept;
}

/* Every record up to the positions once: as a row, or as a dead letter when it had to be; and nothing else. */
static void assert_once(struct model *m) {
  qsort(m->rows, m->now.n_rows, sizeof(uint32_t), by_value);
  qsort(m->dead, m->now.n_dead, sizeof(uint32_t), by_value);
  size_t row = 0, dead = 0;
  for (uint32_t s = 0; s < m->n_shards; s++) {
    for (uint32_t i = 1; i <= m->now.positions[s].position; i++) {
      uint32_t value = s * MODEL_STEP + i;
      if (is_bad(m, value)) {
        assert_true(dead < m->now.n_dead);
        assert_int_equal(m->dead[dead++], value);
      } else {
        assert_true(row < m->now.n_rows);
        assert_int_equal(m->rows[row++], value);
      }
    }
  }
  assert_int_equal(row, m->now.n_rows);
  assert_int_equal(dead, m->now.n_dead);
  assert_false(m->order_broken);
}

/* And all there are. */
static void assert_all_once(struct model *m) {
  for (uint32_t s = 0; s < m->n_shards; s++) {
    assert_int_equal(m->now.positions[s].position, m->shards[s].records);
    assert_int_equal(m->now.positions[s].ended, m->shards[s].closed);
  }
  assert_once(m);
}
