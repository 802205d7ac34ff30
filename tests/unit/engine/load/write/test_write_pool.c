/* One write thread; the test is its parse thread. Whole loads are in test_control*.c. */
#include "engine/load/write/write_pool.h"

#include "engine/base/clock.h"
#include "engine/base/mailbox.h"
#include "engine/base/metrics.h"
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

/* ---- a write thread with one shard ---- */

struct bench {
  struct model m;
  struct sc_run run;
  struct sc_writer *writer;
  struct sc_thread thread;
  _Atomic uint32_t barriers;
  struct sc_shard_info shard;
  uint32_t last; /* sequence number handed over */
};

static void start(struct bench *b) {
  struct sc_error err;
  model_init(&b->m, 1, 1, 1000);
  b->m.now.positions[0].stored = true;
  open_run(&b->run);
  b->shard = (struct sc_shard_info){.id = "shard-0", .barriers = &b->barriers};
  b->last = 0;
  atomic_store(&b->barriers, 0);
  b->writer = sc_writer_new(&b->run, 0);
  assert_int_equal(sc_writer_connect(b->writer, &err), SC_OK);
  struct sc_write_message m = {.kind = SC_WRITE_ADD, .shard = &b->shard};
  sc_mailbox_send(b->run.write_boxes[0], &m);
  assert_int_equal(sc_thread_start(&b->thread, "write 0", sc_writer_main, b->writer, &err), SC_OK);
}

static void end(struct bench *b) {
  struct sc_error err;
  sc_run_set_stage(&b->run, SC_STAGE_ABANDON);
  assert_int_equal(sc_thread_join(&b->thread, LONG_MS, &err), SC_OK);
  sc_writer_free(b->writer);
  sc_run_fini(&b->run);
  model_fini(&b->m);
}

/* A block of rows that ends inside the last one's record, or with flags. The whole is one batch. */
static void hand_over_rows(struct bench *b, struct sc_plan *plan, uint32_t rows, bool inside_record, uint32_t flags) {
  struct sc_block *block = sc_block_new(b->run.budget, BLOCK_BYTES);
  assert_non_null(block);
  struct sc_span *span = &block->spans[block->n_spans++];
  *span = (struct sc_span){.shard = &b->shard,
                           .first_batch = 1,
                           .last_batch = 1,
                           .starts_inside = b->last > 0,
                           .ends_inside = true,
                           .inside_record = inside_record,
                           .records = rows,
                           .rows = rows,
                           .flags = flags};
  for (uint32_t i = 0; i < rows; i++) {
    char digits[12];
    uint32_t value = ++b->last, len = (uint32_t)snprintf(digits, sizeof(digits), "%u", value);
    memcpy(block->data + block->len, &value, sizeof(value));
    sc_rows_add(block, block->len + MODEL_RECORD_LEAST, 0, sc_slice_of(digits, len));
    assert_true(sc_sequence_parse(sc_slice_of(digits, len), i == 0 ? &span->first : &span->last));
    if (i == 0) span->last = span->first;
  }
  char value[12];
  snprintf(value, sizeof(value), "%u", b->last);
  struct sc_state last = {SC_SLICE_LITERAL("last"), sc_slice_str(value)}, once = {sc_slice_str(value), {NULL, 0}};
  assert_true(sc_block_add_state(block, &last) && sc_block_add_state(block, &once));
  block->term = 1;
  block->plan = plan;
  block->oldest_ms = sc_clock_mono_ms();
  atomic_fetch_add(sc_run_unwritten(&b->run, 0, 0), 1);
  assert_true(sc_ring_push(sc_run_blocks(&b->run, 0, 0), block));
  sc_park_wake(b->run.write_parks[0]);
}

static unsigned commits(struct bench *b) {
  pthread_mutex_lock(&b->m.lock);
  unsigned n = b->m.commits;
  pthread_mutex_unlock(&b->m.lock);
  return n;
}

static void wait_for_commit(struct bench *b) {
  pthread_mutex_lock(&b->m.lock);
  while (b->m.commits == 0) pthread_cond_wait(&b->m.changed, &b->m.lock);
  pthread_mutex_unlock(&b->m.lock);
}

static struct sc_block *wait_for_block(struct bench *b) {
  struct sc_block *block;
  for (;;) {
    sc_park_prepare(b->run.parse_parks[0]);
    if ((block = sc_ring_pop(sc_run_spent(&b->run, 0, 0))) != NULL) break;
    sc_park_wait(b->run.parse_parks[0], LONG_MS);
  }
  sc_park_cancel(b->run.parse_parks[0]);
  return block;
}

static void wait_for_message(struct bench *b, enum sc_control_message_kind kind, struct sc_control_message *m) {
  for (;;) {
    sc_park_prepare(b->run.control_park);
    while (sc_mailbox_receive(b->run.control_box, m))
      if (m->kind == kind) return;
    sc_park_wait(b->run.control_park, LONG_MS);
  }
}

/* The shard behind a barrier waits for nothing but the commit, though the flush interval is an hour. */
static void a_barrier_is_committed_at_once(void **state) {
  (void)state;
  struct bench b;
  struct sc_plan *plan = sc_plan_new(1, 1);
  start(&b);
  hand_over_rows(&b, plan, 3, false, SC_BATCH_BARRIER);
  while (atomic_load(&b.barriers) == 0) sc_block_free(wait_for_block(&b));
  assert_int_equal(b.m.now.n_rows, 3);
  assert_int_equal(b.m.now.positions[0].position, 3);
  end(&b);
  sc_plan_free(plan);
}

/* All rows of a record are in one commit, whatever else wants one. */
static void a_record_is_committed_whole(void **state) {
  (void)state;
  struct bench b;
  struct sc_plan *plan = sc_plan_new(1, 1);
  start(&b);
  hand_over_rows(&b, plan, 3, true, SC_BATCH_BARRIER);
  model_wait_for_pushed(&b.m, 3);
  assert_int_equal(commits(&b), 0);
  hand_over_rows(&b, plan, 2, false, 0);
  wait_for_commit(&b);
  assert_int_equal(b.m.commits, 1);
  assert_int_equal(b.m.now.n_rows, 5);
  assert_string_equal(b.m.state, "last=5;3=;5=;");
  end(&b);
  sc_plan_free(plan);
}

/* One that is larger than the memory for rows: its blocks go back before the commit. */
static void a_large_record_gives_blocks_back(void **state) {
  (void)state;
  for (int refused = 0; refused <= 1; refused++) {
    struct bench b;
    struct sc_plan *plan = sc_plan_new(1, 1);
    struct sc_control_message m;
    start(&b);
    uint64_t rows = sc_metric_sum(SC_M_ROWS);
    atomic_fetch_add(&b.run.n_waiting_for_blocks, 1);
    hand_over_rows(&b, plan, 3, true, 0);
    sc_block_free(wait_for_block(&b));
    assert_int_equal(commits(&b), 0);
    if (refused) b.m.refused_every = 4;
    hand_over_rows(&b, plan, 2, false, 0);
    if (refused) {
      wait_for_message(&b, SC_CONTROL_FAILED, &m);
      assert_int_equal(m.error.code, SC_E_ROW);
      assert_non_null(strstr(m.error.hint, "--memory"));
    } else {
      wait_for_commit(&b);
      sc_block_free(wait_for_block(&b));
      assert_int_equal(b.m.now.n_rows, 5);
      assert_string_equal(b.m.state, "last=5;3=;5=;");
      assert_int_equal(sc_metric_sum(SC_M_ROWS) - rows, 5);
    }
    end(&b);
    sc_plan_free(plan);
  }
}

/* The rest of the record may wait for what the hold is for: the record is read again afterwards. */
static void a_hold_inside_a_record_rewinds(void **state) {
  (void)state;
  struct bench b;
  struct sc_plan *plan = sc_plan_new(1, 1);
  struct sc_control_message m;
  struct sc_write_message hold = {.kind = SC_WRITE_HOLD};
  start(&b);
  hand_over_rows(&b, plan, 3, true, 0);
  model_wait_for_pushed(&b.m, 3);
  sc_mailbox_send(b.run.write_boxes[0], &hold);
  wait_for_message(&b, SC_CONTROL_HELD, &m);
  wait_for_message(&b, SC_CONTROL_RESUME_WANTED, &m);
  assert_int_equal(commits(&b), 0);
  assert_int_equal(atomic_load(&b.run.terms[0]), 2);
  end(&b);
  sc_plan_free(plan);
}

int main(void) {
  alarm(100);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_of_blocks_taken), cmocka_unit_test(a_barrier_is_committed_at_once),
      cmocka_unit_test(a_record_is_committed_whole), cmocka_unit_test(a_large_record_gives_blocks_back),
      cmocka_unit_test(a_hold_inside_a_record_rewinds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
