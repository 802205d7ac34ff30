#include "engine/load/run.h"

#include <string.h>

#include "engine/base/error.h"
#include "engine/base/mailbox.h"
#include "engine/base/park.h"
#include "engine/base/ring.h"
#include "tests/unit/engine/base/check.h"

enum { FETCH = 2, PARSE = 3, WRITE = 2, BLOCK_BYTES = 8192, BLOCKS = 40 };

static size_t blocks_bytes(void) { return BLOCKS * sc_block_cost(BLOCK_BYTES); }

static void init(struct sc_run *run, uint64_t max_records) {
  struct sc_error err;
  memset(run, 0, sizeof(*run));
  run->settings = (struct sc_settings){.fetch_threads = FETCH,
                                       .parse_threads = PARSE,
                                       .write_threads = WRITE,
                                       .max_records = max_records,
                                       .block_bytes = BLOCK_BYTES,
                                       .largest_reply_bytes = 1 << 16,
                                       .max_columns = 10};
  sc_dead_letter_limit_init(&run->dead_letter_limit, true, UINT64_MAX);
  assert_int_equal(sc_run_init(run, 1 << 20, blocks_bytes(), &err), SC_OK);
}

static struct sc_block *new_block(struct sc_run *run) {
  struct sc_block *block = sc_block_new(run->budget, BLOCK_BYTES);
  assert_non_null(block);
  return block;
}

/* Each pair of threads has a ring of its own. */
static void rings_are_of_pairs(void **state) {
  (void)state;
  struct sc_run run;
  init(&run, UINT64_MAX);
  static char mark[FETCH * PARSE];
  for (uint32_t f = 0; f < FETCH; f++)
    for (uint32_t p = 0; p < PARSE; p++) assert_true(sc_ring_push(sc_run_batches(&run, f, p), &mark[f * PARSE + p]));
  for (uint32_t f = 0; f < FETCH; f++)
    for (uint32_t p = 0; p < PARSE; p++) {
      assert_ptr_equal(sc_ring_pop(sc_run_batches(&run, f, p)), &mark[f * PARSE + p]);
      assert_null(sc_ring_pop(sc_run_batches(&run, f, p)));
    }
  for (uint32_t p = 0; p < PARSE; p++)
    for (uint32_t w = 0; w < WRITE; w++) {
      assert_true(sc_ring_push(sc_run_blocks(&run, p, w), &mark[p * WRITE + w]));
      assert_true(sc_ring_push(sc_run_spent(&run, p, w), &mark[0]));
    }
  for (uint32_t p = 0; p < PARSE; p++)
    for (uint32_t w = 0; w < WRITE; w++) {
      assert_ptr_equal(sc_ring_pop(sc_run_blocks(&run, p, w)), &mark[p * WRITE + w]);
      assert_ptr_equal(sc_ring_pop(sc_run_spent(&run, p, w)), &mark[0]);
    }
  sc_run_fini(&run);
}

/* All blocks there can be fit into one ring: who hands over or gives back never waits. What is left in rings is freed
 * with the run (leaks fail under ASAN; the budget wants its credit back). */
static void a_ring_holds_all_blocks(void **state) {
  (void)state;
  struct sc_run run;
  init(&run, UINT64_MAX);
  for (int i = 0; i < BLOCKS; i++)
    assert_true(sc_ring_push(i % 2 == 0 ? sc_run_blocks(&run, 1, 1) : sc_run_spent(&run, 2, 0), new_block(&run)));
  assert_null(sc_block_new(run.budget, BLOCK_BYTES));
  while (true) {
    struct sc_block *block = sc_ring_pop(sc_run_spent(&run, 2, 0));
    if (block == NULL) break;
    assert_true(sc_ring_push(sc_run_blocks(&run, 1, 1), block));
  }
  assert_true(sc_ring_push(sc_run_batches(&run, 0, 0), sc_batch_new(run.budget, 0, 0, false)));
  sc_run_fini(&run);
}

static void a_new_stage_wakes_every_thread(void **state) {
  (void)state;
  struct sc_run run;
  init(&run, UINT64_MAX);
  assert_int_equal(sc_run_stage(&run), SC_STAGE_RUN);
  struct sc_park **pools[] = {run.fetch_parks, run.parse_parks, run.write_parks};
  const uint32_t n[] = {FETCH, PARSE, WRITE};
  for (int k = 0; k < 3; k++)
    for (uint32_t i = 0; i < n[k]; i++) sc_park_prepare(pools[k][i]);
  sc_run_set_stage(&run, SC_STAGE_STOP_PARSE);
  assert_int_equal(sc_run_stage(&run), SC_STAGE_STOP_PARSE);
  for (int k = 0; k < 3; k++)
    for (uint32_t i = 0; i < n[k]; i++) assert_true(sc_park_wait(pools[k][i], 0));
  sc_run_fini(&run);
}

static void threads_tell_control(void **state) {
  (void)state;
  struct sc_run run;
  struct sc_control_message m;
  struct sc_error err;
  init(&run, UINT64_MAX);
  sc_park_prepare(run.control_park);
  sc_error_set(&err, SC_E_PROTOCOL, "nonsense came back");
  sc_run_stopped(&run);
  sc_run_fail(&run, &err);
  assert_true(sc_park_wait(run.control_park, 0));
  assert_true(sc_mailbox_receive(run.control_box, &m));
  assert_int_equal(m.kind, SC_CONTROL_STOPPED);
  assert_true(sc_mailbox_receive(run.control_box, &m));
  assert_int_equal(m.kind, SC_CONTROL_FAILED);
  assert_int_equal(m.error.code, SC_E_PROTOCOL);
  assert_string_equal(m.error.text, "nonsense came back");
  assert_false(sc_mailbox_receive(run.control_box, &m));
  sc_run_fini(&run);
}

static void claims_are_bounded(void **state) {
  (void)state;
  struct sc_run run;
  init(&run, 100);
  assert_int_equal(sc_run_claim(&run, 60), 60);
  assert_int_equal(sc_run_claim(&run, 60), 40);
  assert_int_equal(sc_run_claim(&run, 60), 0);
  for (uint32_t i = 0; i < PARSE; i++) sc_park_prepare(run.parse_parks[i]);
  sc_run_unclaim(&run, 0);
  assert_false(sc_park_wait(run.parse_parks[0], 0));
  for (uint32_t i = 0; i < PARSE; i++) sc_park_prepare(run.parse_parks[i]);
  sc_run_unclaim(&run, 25); /* whoever waits for room hears of it */
  for (uint32_t i = 0; i < PARSE; i++) assert_true(sc_park_wait(run.parse_parks[i], 0));
  assert_int_equal(sc_run_claim(&run, 60), 25);
  sc_run_fini(&run);
}

static void claims_without_a_bound(void **state) {
  (void)state;
  struct sc_run run;
  init(&run, UINT64_MAX);
  for (int i = 0; i < 10; i++) assert_int_equal(sc_run_claim(&run, UINT32_MAX), UINT32_MAX);
  sc_run_fini(&run);
}

struct claimer {
  struct sc_run *run;
  pthread_t thread;
  uint64_t got;
};

static void *claim_all(void *arg) {
  struct claimer *c = arg;
  for (uint32_t got; (got = sc_run_claim(c->run, 7)) > 0;) {
    c->got += got;
    if (got > 3) sc_run_unclaim(c->run, 1), c->got--;
  }
  return NULL;
}

/* Together the threads get exactly what there is. */
static void claims_of_many_threads(void **state) {
  (void)state;
  enum { MOST = 50000, CLAIMERS = 4 };
  struct sc_run run;
  struct claimer claimers[CLAIMERS];
  uint64_t all = 0;
  init(&run, MOST);
  for (int i = 0; i < CLAIMERS; i++) {
    claimers[i] = (struct claimer){.run = &run};
    assert_int_equal(pthread_create(&claimers[i].thread, NULL, claim_all, &claimers[i]), 0);
  }
  for (int i = 0; i < CLAIMERS; i++) {
    pthread_join(claimers[i].thread, NULL);
    all += claimers[i].got;
  }
  assert_int_equal(all + sc_run_claim(&run, MOST), MOST);
  sc_run_fini(&run);
}

/* A block that is dropped takes back what its spans claimed and counted, and nothing else. */
static void dropped_rows_come_again(void **state) {
  (void)state;
  struct sc_run run;
  init(&run, 100);
  struct sc_block *block = new_block(&run);
  assert_int_equal(sc_run_claim(&run, 100), 100);
  sc_dead_letter_limit_count(&run.dead_letter_limit, 100, 9);
  block->n_spans = 2;
  block->spans[0] = (struct sc_span){.records = 30, .rows = 28, .dead = 2};
  block->spans[1] = (struct sc_span){.records = 12, .rows = 14, .extra_rows = 3, .dead = 1};
  sc_run_drop_rows(&run, block);
  assert_int_equal(atomic_load(&run.dead_letter_limit.records), 58);
  assert_int_equal(atomic_load(&run.dead_letter_limit.dead), 6);
  assert_int_equal(sc_run_claim(&run, 100), 42);
  sc_block_free(block);
  sc_run_fini(&run);
}

int main(void) {
  alarm(100);
  const struct CMUnitTest tests[] = {cmocka_unit_test(rings_are_of_pairs),
                                     cmocka_unit_test(a_ring_holds_all_blocks),
                                     cmocka_unit_test(a_new_stage_wakes_every_thread),
                                     cmocka_unit_test(threads_tell_control),
                                     cmocka_unit_test(claims_are_bounded),
                                     cmocka_unit_test(claims_without_a_bound),
                                     cmocka_unit_test(claims_of_many_threads),
                                     cmocka_unit_test(dropped_rows_come_again)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
