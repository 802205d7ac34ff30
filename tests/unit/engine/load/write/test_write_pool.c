/* One write thread; the test is its parse thread. Whole loads are in test_control*.c. */
#include "engine/load/write/write_pool.h"

#include "engine/base/clock.h"
#include "engine/base/park.h"
#include "engine/base/ring.h"
#include "engine/base/thread.h"
#include "tests/unit/engine/base/check.h"
#include "tests/unit/engine/load/model_stream.c" /* one program a test file: the model is compiled into it */

#include "tests/unit/engine/load/model_sink.c"

enum { AHEAD = 3, BLOCK_BYTES = 8192, LONG_MS = 20000 };

static void open_run(struct sc_run *run) {
  struct sc_error err;
  memset(run, 0, sizeof(*run));
  run->source_ops = &model_source;
  run->sink_ops = run->store_ops = &model_sink_without_dead_letters;
  run->settings = (struct sc_settings){.fetch_threads = 1,
                                       .parse_threads = 1,
                                       .write_threads = 1,
                                       .flush_interval_ms = 3600000,
                                       .flush_bytes = 1 << 20,
                                       .flush_rows = UINT64_MAX,
                                       .max_records = UINT64_MAX,
                                       .block_bytes = BLOCK_BYTES,
                                       .blocks_ahead = AHEAD,
                                       .largest_reply_bytes = 1 << 16,
                                       .max_columns = 10};
  sc_dead_letter_limit_init(&run->dead_letter_limit, true, UINT64_MAX);
  assert_int_equal(sc_run_init(run, 1 << 20, 1 << 20, &err), SC_OK);
}

static void hand_over(struct sc_run *run) {
  struct sc_block *block = sc_block_new(run->budget, BLOCK_BYTES);
  assert_non_null(block);
  block->term = 1;
  block->oldest_ms = sc_clock_mono_ms();
  atomic_fetch_add(sc_run_unwritten(run, 0, 0), 1);
  assert_true(sc_ring_push(sc_run_blocks(run, 0, 0), block));
}

/* The parse thread that is as far ahead as it may be hears that there is a block less, long before any comes back. */
static void tells_of_blocks_taken(void **state) {
  (void)state;
  struct model m;
  struct sc_run run;
  struct sc_thread thread;
  struct sc_error err;
  model_init(&m, 1, 1, 0);
  open_run(&run);
  struct sc_writer *writer = sc_writer_new(&run, 0);
  assert_int_equal(sc_writer_connect(writer, &err), SC_OK);
  for (int i = 0; i < AHEAD; i++) hand_over(&run);
  sc_park_prepare(run.parse_parks[0]);
  assert_int_equal(sc_thread_start(&thread, "write 0", sc_writer_main, writer, &err), SC_OK);
  assert_true(sc_park_wait(run.parse_parks[0], LONG_MS));
  assert_true(atomic_load(sc_run_unwritten(&run, 0, 0)) < AHEAD);
  assert_null(sc_ring_pop(sc_run_spent(&run, 0, 0)));
  sc_run_set_stage(&run, SC_STAGE_ABANDON);
  assert_int_equal(sc_thread_join(&thread, LONG_MS, &err), SC_OK);
  sc_writer_free(writer);
  sc_run_fini(&run);
  model_fini(&m);
}

int main(void) {
  alarm(100);
  const struct CMUnitTest tests[] = {cmocka_unit_test(tells_of_blocks_taken)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
