/* One fetch thread with the model's stream; the test is its parse thread, and control. The clock stands still unless
 * the test moves it. */
#include "engine/load/fetch/fetch_pool.h"

#include <stdlib.h>

#include "engine/base/budget.h"
#include "engine/base/log.h"
#include "engine/base/mailbox.h"
#include "engine/base/ring.h"
#include "engine/base/thread.h"
#include "tests/unit/engine/base/check.h"
#include "tests/unit/engine/load/model_stream.c" /* one program a test file: the model is compiled into it */

enum {
  MIB = 1 << 20,
  UNPARSED_MOST = 4 * MIB,
  SHARDS = 300,
  NOW_MS = 1000000,
  LIMIT = 5000,
  PAGES = 10,
  RING = 256 /* batches on their way to a parse thread */
};

static struct model m;
static struct sc_run run;
static struct sc_fetcher *fetcher;
static struct sc_thread thread;
static struct sc_shard_info infos[SHARDS];
static struct sc_plan *plan;

static void open_run(uint32_t page) {
  struct sc_error err;
  m.page = page;
  memset(&run, 0, sizeof(run));
  run.source_ops = &model_source;
  run.settings = (struct sc_settings){.fetch_threads = 1,
                                      .parse_threads = 1,
                                      .write_threads = 1,
                                      .max_records = UINT64_MAX,
                                      .block_bytes = 8192,
                                      .largest_reply_bytes = MIB,
                                      .max_columns = 10};
  sc_dead_letter_limit_init(&run.dead_letter_limit, true, UINT64_MAX);
  assert_int_equal(sc_run_init(&run, 64 * MIB, MIB, &err), SC_OK);
  sc_clock_freeze(NOW_MS, NOW_MS);
  fetcher = sc_fetcher_new(&run, 0, &err);
  assert_non_null(fetcher);
  assert_int_equal(sc_thread_start(&thread, "fetch 0", sc_fetcher_main, fetcher, &err), SC_OK);
}

static void close_run(void) {
  struct sc_error err;
  sc_run_set_stage(&run, SC_STAGE_STOP_FETCH);
  assert_int_equal(sc_thread_join(&thread, 20000, &err), SC_OK);
  sc_fetcher_free(fetcher);
  sc_run_fini(&run);
  if (plan != NULL) sc_plan_free(plan);
  plan = NULL;
  model_fini(&m);
  sc_clock_real();
}

static void read_shard(uint32_t i, uint32_t term) {
  struct sc_fetch_message start = {
      .kind = SC_FETCH_START, .shard = &infos[i], .term = term, .position = {.start = SC_START_TRIM_HORIZON}};
  infos[i] = (struct sc_shard_info){.index = i};
  snprintf(infos[i].id, sizeof(infos[i].id), "shard-%u", i);
  sc_mailbox_send(run.fetch_boxes[0], &start);
}

static void read_shards(uint32_t n) {
  for (uint32_t i = 0; i < n; i++) read_shard(i, 1);
}

static void publish_plan(void) {
  plan = sc_plan_new(1, 1);
  sc_plan_add(plan, SC_SLICE_LITERAL("value"), SC_ROLE_PAYLOAD, SC_SLICE_LITERAL("value"));
  sc_plan_seal(plan);
  atomic_store(&run.plan, plan);
}

/* The next batch, to be freed; NULL: none has come. */
static struct sc_batch *take(void) { return sc_ring_pop(sc_run_batches(&run, 0, 0)); }

static size_t parse_all(void) {
  size_t n = 0;
  for (struct sc_batch *batch; (batch = take()) != NULL; n++) sc_batch_free(batch);
  return n;
}

/* A while in which the fetch thread sleeps. */
static void let_it_wait(int64_t ms) {
  model_settle(&m);
  sc_clock_advance(ms);
  model_settle(&m);
}

static void few_calls_read_all(void **state) {
  (void)state;
  model_init(&m, 1, 100, 5);
  model_hold(&m, true, MODEL_NONE);
  open_run(LIMIT);
  read_shards(100);
  model_settle(&m);
  model_hold(&m, false, MODEL_NONE);
  model_settle(&m);
  assert_int_equal(m.calls_most, MODEL_WINDOW);
  assert_int_equal(m.started, 100);
  close_run();
}

static void no_more_calls_though_the_service_is_slow(void **state) {
  (void)state;
  model_init(&m, 1, 100, 5);
  model_hold(&m, true, MODEL_NONE);
  open_run(LIMIT);
  atomic_store(sc_run_unparsed(&run, 0, 0), 1);
  read_shards(100);
  for (int i = 0; i < 20; i++) let_it_wait(1000);
  assert_int_equal(m.calls, MODEL_WINDOW);
  close_run();
}

static void more_calls_when_parse_threads_wait_for_a_slow_service(void **state) {
  (void)state;
  unsigned before = MODEL_WINDOW;
  model_init(&m, 1, 100, 5);
  model_hold(&m, true, MODEL_NONE);
  open_run(LIMIT);
  read_shards(100);
  model_settle(&m);
  assert_int_equal(m.calls, MODEL_WINDOW);
  for (; before < MODEL_WINDOW_MOST; before = m.calls) {
    let_it_wait(1000);
    assert_true(m.calls > before && m.calls <= MODEL_WINDOW_MOST);
  }
  let_it_wait(1000);
  assert_int_equal(m.calls, MODEL_WINDOW_MOST);
  model_hold(&m, false, MODEL_NONE);
  model_settle(&m);
  assert_int_equal(parse_all(), 100);
  close_run();
}

/* The window is no goal: where few calls are due, few are made; and they are no reason for more. */
static void no_wider_than_what_is_due(void **state) {
  (void)state;
  model_init(&m, 1, 100, 5);
  model_hold(&m, true, MODEL_NONE);
  open_run(LIMIT);
  read_shards(MODEL_WINDOW);
  for (int i = 0; i < 5; i++) let_it_wait(1000);
  assert_int_equal(m.calls, MODEL_WINDOW);
  for (uint32_t i = MODEL_WINDOW; i < 100; i++) read_shard(i, 1);
  model_settle(&m);
  assert_int_equal(m.calls, MODEL_WINDOW);
  close_run();
}

/* It is not the service that is slow. */
static void no_more_calls_for_want_of_credit(void **state) {
  (void)state;
  model_init(&m, 1, 100, 5);
  open_run(LIMIT);
  size_t all = sc_budget_limit(run.budget, SC_POOL_BODIES), reserve = sc_batch_cost(run.settings.largest_reply_bytes);
  while (!sc_budget_take(run.budget, SC_POOL_BODIES, all)) all--;
  assert_true(sc_budget_take_reserve(run.budget, reserve));
  read_shards(100);
  for (int i = 0; i < 5; i++) let_it_wait(1000);
  assert_int_equal(m.calls, MODEL_WINDOW);
  sc_budget_give(run.budget, SC_POOL_BODIES, all);
  sc_budget_give_reserve(run.budget, reserve);
  model_settle(&m);
  assert_int_equal(parse_all(), 100);
  close_run();
}

static void large_pages(uint32_t shards) {
  model_init(&m, 1, shards, PAGES * 10);
  m.record_bytes = 60000;
  open_run(10);
  publish_plan();
}

static void little_waits_to_be_parsed(void **state) {
  (void)state;
  struct sc_batch *batches[PAGES + 1];
  size_t bytes = 0, n = 0;
  large_pages(1);
  read_shards(1);
  model_settle(&m);
  for (; (batches[n] = take()) != NULL; n++) {
    assert_true(bytes <= UNPARSED_MOST); /* the next one was asked for because there was room */
    bytes += batches[n]->credit_bytes;
  }
  assert_true(bytes > UNPARSED_MOST && n < PAGES);
  let_it_wait(1000);
  assert_null(take());
  for (size_t i = 0; n < PAGES; i++) {
    sc_batch_free(batches[i]);
    model_settle(&m);
    batches[n++] = take(); /* the room was for one */
    assert_non_null(batches[n - 1]);
    assert_int_equal(batches[n - 1]->number, n);
    assert_null(take());
    batches[i] = NULL;
  }
  for (size_t i = 0; i < n; i++) sc_batch_free(batches[i]);
  close_run();
}

/* By a rewind, while its parse thread has too much to do. */
static void a_shard_that_waits_is_started_again(void **state) {
  (void)state;
  large_pages(3);
  read_shards(3);
  model_settle(&m);
  for (uint32_t i = 0; i < 3; i++) read_shard(i, 2);
  model_settle(&m);
  unsigned started = m.started;
  let_it_wait(1000);
  assert_int_equal(m.started, started); /* there is still no room */
  uint64_t numbers[3] = {0};
  for (struct sc_batch *batch; (batch = take()) != NULL; model_settle(&m)) {
    uint32_t i = batch->shard->index;
    if (batch->term == 2) assert_int_equal(batch->number, ++numbers[i]);
    sc_batch_free(batch);
  }
  for (uint32_t i = 0; i < 3; i++) assert_int_equal(numbers[i], PAGES);
  close_run();
}

static void a_full_ring_keeps_the_order(void **state) {
  (void)state;
  model_init(&m, 1, 4, 300);
  open_run(1);
  publish_plan();
  read_shards(4);
  model_settle(&m);
  uint64_t numbers[4] = {0}, n = 0;
  for (struct sc_batch *batch; (batch = take()) != NULL; n++) {
    assert_int_equal(batch->number, ++numbers[batch->shard->index]);
    sc_batch_free(batch);
  }
  assert_int_equal(n, RING);
  for (model_settle(&m); numbers[0] + numbers[1] + numbers[2] + numbers[3] < 1200; model_settle(&m))
    for (struct sc_batch *batch; (batch = take()) != NULL; sc_batch_free(batch))
      assert_int_equal(batch->number, ++numbers[batch->shard->index]);
  close_run();
}

/* Where the ring is full, batches wait beside shards that wait for less to be unparsed; those cannot wait for these. */
static void a_full_ring_locks_nobody_out(void **state) {
  (void)state;
  size_t n = 0;
  model_init(&m, 1, RING + 3, 0);
  for (uint32_t i = RING; i < RING + 3; i++) m.shards[i].records = 100;
  m.record_bytes = 60000; /* a page is more than may be unparsed */
  open_run(100);
  publish_plan();
  read_shards(RING);
  model_hold(&m, false, RING);
  model_settle(&m);
  read_shard(RING, 1);
  read_shard(RING + 1, 1);
  model_settle(&m);
  read_shard(RING + 2, 1);
  model_settle(&m);
  model_hold(&m, false, MODEL_NONE);
  model_settle(&m);
  for (size_t more; (more = parse_all()) > 0; model_settle(&m)) n += more;
  assert_int_equal(n, RING + 3);
  close_run();
}

static void small_pages_until_there_is_a_plan(void **state) {
  (void)state;
  static const struct { uint32_t limit, before; } cases[] = {{5000, 1000}, {1001, 1000}, {1000, 1000}, {700, 700}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    model_init(&m, 1, 2, 20000);
    model_hold(&m, false, 1);
    open_run(cases[i].limit);
    read_shards(1);
    model_settle(&m);
    assert_int_equal(m.limit, cases[i].before);
    publish_plan();
    read_shard(1, 1);
    model_settle(&m);
    assert_int_equal(m.limit, cases[i].limit);
    close_run();
  }
}

int main(void) {
  alarm(100);
  sc_log_init(getenv("SC_TEST_LOG") != NULL ? SC_DEBUG : SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {cmocka_unit_test(few_calls_read_all),
                                     cmocka_unit_test(no_more_calls_though_the_service_is_slow),
                                     cmocka_unit_test(more_calls_when_parse_threads_wait_for_a_slow_service),
                                     cmocka_unit_test(no_wider_than_what_is_due),
                                     cmocka_unit_test(no_more_calls_for_want_of_credit),
                                     cmocka_unit_test(little_waits_to_be_parsed),
                                     cmocka_unit_test(a_shard_that_waits_is_started_again),
                                     cmocka_unit_test(a_full_ring_keeps_the_order),
                                     cmocka_unit_test(a_full_ring_locks_nobody_out),
                                     cmocka_unit_test(small_pages_until_there_is_a_plan)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
