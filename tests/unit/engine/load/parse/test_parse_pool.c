/* One parse thread; the test is the fetch and the write threads around it. */
#include <sched.h>
#include "engine/base/budget.h"
#include "engine/base/mailbox.h"
#include "engine/base/park.h"
#include "engine/base/ring.h"
#include "engine/base/thread.h"
#include "engine/load/parse/parse_blocks.h"
#include "engine/load/parse/parse_pool.h"
#include "engine/load/parse/parser.h"
#include "tests/unit/engine/base/check.h"
#include "tests/unit/engine/load/model_stream.c" /* one program a test file: the model is compiled into it */

#include "tests/unit/engine/load/model_sink.c"

enum { WRITE = 2, AHEAD = 3, BLOCKS = 20, BLOCK_BYTES = 8192, LONG_MS = 20000 };

static struct model m;
static struct sc_run run;
static struct sc_parser *parser;
static struct sc_plan *plan;
static const struct sc_shard_info shards[WRITE] = {{.index = 0, .write = 0, .id = "shard-0"},
                                                   {.index = 1, .write = 1, .id = "shard-1"}};

static int open_run(void **state) {
  (void)state;
  struct sc_error err;
  model_init(&m, 1, WRITE, 0);
  memset(&run, 0, sizeof(run));
  run.source_ops = &model_source;
  run.decoder_ops = &model_decoder;
  run.sink_ops = &model_sink;
  run.settings = (struct sc_settings){.fetch_threads = 1,
                                      .parse_threads = 1,
                                      .write_threads = WRITE,
                                      .flush_interval_ms = 20,
                                      .max_records = UINT64_MAX,
                                      .block_bytes = BLOCK_BYTES,
                                      .blocks_a_parser = BLOCKS,
                                      .blocks_ahead = AHEAD,
                                      .largest_reply_bytes = 1 << 16,
                                      .largest_record_bytes = 1024,
                                      .max_columns = 10};
  sc_dead_letter_limit_init(&run.dead_letter_limit, true, UINT64_MAX);
  assert_int_equal(sc_run_init(&run, 1 << 20, BLOCKS * sc_block_cost(BLOCK_BYTES), &err), SC_OK);
  for (uint32_t w = 0; w < WRITE; w++) atomic_store(&run.terms[w], 1);
  parser = sc_parser_new(&run, 0);
  plan = sc_plan_new(1, 1);
  sc_plan_add(plan, SC_SLICE_LITERAL("value"), SC_ROLE_PAYLOAD, SC_SLICE_LITERAL("value"));
  sc_plan_seal(plan);
  return 0;
}

static int close_run(void **state) {
  (void)state;
  sc_parser_free(parser);
  sc_run_fini(&run);
  sc_plan_free(plan);
  model_fini(&m);
  return 0;
}

/* A block full of that write thread's rows, which is handed over when the next one is wanted; false: there is none
 * without waiting. */
static bool fill_block(uint32_t write) {
  struct sc_batch batch = {.shard = &shards[write], .term = 1, .number = 1};
  struct sc_block *block = sc_parser_block(parser, &batch, plan, 0);
  if (block == NULL) return false;
  sc_parser_span(parser, block, &batch);
  block->n_rows = block->cap_rows;
  return true;
}

static uint32_t unwritten(uint32_t write) { return atomic_load(sc_run_unwritten(&run, 0, write)); }

/* As its write thread does it; false: there is none. */
static bool write_block(uint32_t write) {
  struct sc_block *block = sc_ring_pop(sc_run_blocks(&run, 0, write));
  if (block == NULL) return false;
  uint32_t before = atomic_fetch_sub(sc_run_unwritten(&run, 0, write), 1);
  SC_ASSERT(before <= AHEAD && sc_ring_push(sc_run_spent(&run, 0, write), block));
  return true;
}

/* Who would have to wait gives up in a run that is abandoned, so the test sees it. */
static void few_blocks_ahead_of_each_write_thread(void **state) {
  (void)state;
  sc_run_set_stage(&run, SC_STAGE_ABANDON);
  for (uint32_t w = 0; w < WRITE; w++) {
    for (int i = 0; i < AHEAD; i++) assert_true(fill_block(w));
    assert_false(fill_block(w));
    assert_int_equal(unwritten(w), AHEAD);
  }
  for (int i = 0; i < BLOCKS; i++) {
    assert_true(write_block(1));
    assert_true(fill_block(1));
    assert_false(fill_block(1));
    assert_false(fill_block(0)); /* nothing of its own was written */
    assert_int_equal(unwritten(1), AHEAD);
  }
  assert_int_equal(parser->n_blocks, WRITE * AHEAD);
}

static void write_blocks(void *arg) {
  uint32_t n = *(const uint32_t *)arg;
  for (uint32_t i = 0; i < n; i++) {
    while (!write_block(0)) sched_yield();
    sc_park_wake(run.parse_parks[0]);
  }
}

static void goes_on_when_a_block_is_written(void **state) {
  (void)state;
  struct sc_thread writer;
  struct sc_error err;
  uint32_t n = 1000;
  assert_int_equal(sc_thread_start(&writer, "write 0", write_blocks, &n, &err), SC_OK);
  for (uint32_t i = 0; i <= n; i++) assert_true(fill_block(0)); /* the last one stays */
  assert_int_equal(sc_thread_join(&writer, LONG_MS, &err), SC_OK);
}

static struct sc_batch *new_batch(void) {
  size_t bytes = m.record_bytes, cost = sc_batch_cost(bytes);
  assert_true(sc_budget_take(run.budget, SC_POOL_BODIES, cost));
  struct sc_batch *batch = sc_batch_new(run.budget, bytes, cost, false);
  batch->envelope = SC_ENVELOPE_JSON;
  batch->shard = &shards[0];
  batch->term = batch->number = batch->n_records = 1;
  batch->body_len = bytes;
  memset(batch->body, '1', bytes);
  batch->body[bytes - 1] = '\0';
  batch->unparsed = sc_run_unparsed(&run, 0, 0);
  atomic_store(batch->unparsed, cost);
  return batch;
}

/* When it is done with a reply the fetch thread hears of the room, not only when it begins with it. */
static void tells_of_room(void **state) {
  (void)state;
  struct sc_thread thread;
  struct sc_error err;
  struct sc_park *park = run.fetch_parks[0];
  atomic_store(&run.plan, plan);
  atomic_store(sc_run_unwritten(&run, 0, 0), AHEAD);
  sc_park_prepare(park);
  assert_true(sc_ring_push(sc_run_batches(&run, 0, 0), new_batch()));
  assert_int_equal(sc_thread_start(&thread, "parse 0", sc_parser_main, parser, &err), SC_OK);
  assert_true(sc_park_wait(park, LONG_MS)); /* it has begun, and has to wait for the write thread */
  assert_true(atomic_load(sc_run_unparsed(&run, 0, 0)) > 0);
  sc_park_prepare(park);
  atomic_store(sc_run_unwritten(&run, 0, 0), 0);
  sc_park_wake(run.parse_parks[0]);
  for (; atomic_load(sc_run_unparsed(&run, 0, 0)) > 0; sc_park_prepare(park)) assert_true(sc_park_wait(park, LONG_MS));
  sc_park_cancel(park);
  sc_run_set_stage(&run, SC_STAGE_STOP_PARSE);
  assert_int_equal(sc_thread_join(&thread, LONG_MS, &err), SC_OK);
}

/* The message about the first batch of a run without a plan, with so many bytes unparsed beside it. */
static struct sc_control_message sampled_beside(size_t unparsed) {
  struct sc_thread thread;
  struct sc_error err;
  struct sc_control_message message;
  struct sc_batch *batch = new_batch();
  atomic_fetch_add(batch->unparsed, unparsed);
  assert_true(sc_ring_push(sc_run_batches(&run, 0, 0), batch));
  assert_int_equal(sc_thread_start(&thread, "parse 0", sc_parser_main, parser, &err), SC_OK);
  for (;;) {
    sc_park_prepare(run.control_park);
    if (sc_mailbox_receive(run.control_box, &message)) break;
    assert_true(sc_park_wait(run.control_park, LONG_MS));
  }
  sc_park_cancel(run.control_park);
  sc_run_set_stage(&run, SC_STAGE_STOP_PARSE);
  assert_int_equal(sc_thread_join(&thread, LONG_MS, &err), SC_OK);
  assert_int_equal(message.kind, SC_CONTROL_SAMPLED);
  return message;
}

/* Else control would wait for records that nobody fetches. */
static void tells_that_no_more_is_fetched(void **state) {
  (void)state;
  assert_true(sampled_beside(SC_UNPARSED_MOST).no_more_comes);
}

static void more_is_fetched(void **state) {
  (void)state;
  assert_false(sampled_beside(0).no_more_comes);
}

int main(void) {
  alarm(100);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(few_blocks_ahead_of_each_write_thread, open_run, close_run),
      cmocka_unit_test_setup_teardown(goes_on_when_a_block_is_written, open_run, close_run),
      cmocka_unit_test_setup_teardown(tells_of_room, open_run, close_run),
      cmocka_unit_test_setup_teardown(tells_that_no_more_is_fetched, open_run, close_run),
      cmocka_unit_test_setup_teardown(more_is_fetched, open_run, close_run)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
