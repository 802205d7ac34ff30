#include "net/http/body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/budget.h"

#define LARGEST ((size_t)1 << 20)

static struct sc_budget *budget;
static struct sc_body body;
static struct sc_error err;
static char bytes[LARGEST + 1];

/* The pool holds pool_bytes of bodies beside the reserve. */
static void open_with(size_t pool_bytes) {
  budget = sc_budget_new(pool_bytes + sc_batch_cost(LARGEST), 1, sc_batch_cost(LARGEST));
  sc_body_init(&body, budget, LARGEST);
}

/* sc_budget_free asserts that all credit came back. */
static int drop(void **state) {
  (void)state;
  sc_body_drop(&body);
  sc_budget_free(budget);
  return 0;
}

static int add(size_t from, size_t n) { return sc_body_add(&body, sc_slice_of(bytes + from, n), &err); }

static void check_batch(struct sc_batch *batch, size_t n) {
  assert_non_null(batch);
  assert_int_equal(batch->body_len, n);
  assert_memory_equal(batch->body, bytes, n);
  for (size_t i = 0; i < SC_BODY_PADDING; i++) assert_int_equal(batch->body[n + i], 0);
  sc_batch_free(batch);
}

static void known_length_is_allocated_once(void **state) {
  (void)state;
  open_with(LARGEST);
  sc_body_begin(&body, 1000);
  assert_int_equal(add(0, 400), SC_OK);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), sc_batch_cost(1000));
  const char *place = sc_body_view(&body).ptr;
  assert_int_equal(add(400, 600), SC_OK);
  assert_ptr_equal(sc_body_view(&body).ptr, place);
  check_batch(sc_body_take(&body), 1000);
  assert_null(sc_body_take(&body));
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), 0);
}

static void unknown_length_grows(void **state) {
  (void)state;
  open_with(4 * LARGEST);
  sc_body_begin(&body, -1);
  for (size_t at = 0; at < 500000; at += 1000) assert_int_equal(add(at, 1000), SC_OK);
  assert_true(sc_budget_used(budget, SC_POOL_BODIES) <= sc_batch_cost(LARGEST));
  check_batch(sc_body_take(&body), 500000);
}

static void too_large_and_too_long(void **state) {
  (void)state;
  open_with(4 * LARGEST);
  sc_body_begin(&body, (int64_t)LARGEST + 1);
  assert_int_equal(add(0, 1), SC_E_PROTOCOL);
  sc_body_begin(&body, INT64_MAX);
  assert_int_equal(add(0, 1), SC_E_PROTOCOL);
  sc_body_begin(&body, -1);
  assert_int_equal(add(0, LARGEST), SC_OK);
  assert_int_equal(add(0, 1), SC_E_PROTOCOL);
  sc_body_begin(&body, 10);
  assert_int_equal(add(0, 10), SC_OK);
  assert_int_equal(add(0, 1), SC_E_PROTOCOL);
}

static void waits_for_credit(void **state) {
  (void)state;
  open_with(sc_batch_cost(1000));
  assert_true(sc_budget_take(budget, SC_POOL_BODIES, 1000));
  assert_true(sc_budget_take_reserve(budget, 1));
  sc_body_begin(&body, 1000);
  assert_int_equal(add(0, 1000), SC_AGAIN);
  assert_false(sc_body_resume(&body));
  assert_int_equal(sc_body_view(&body).len, 0);
  sc_budget_give(budget, SC_POOL_BODIES, 1000);
  assert_true(sc_body_resume(&body));
  assert_true(sc_body_resume(&body));
  assert_int_equal(add(0, 1000), SC_OK);
  check_batch(sc_body_take(&body), 1000);
  sc_budget_give_reserve(budget, 1);
}

static void reserve_is_the_way_out(void **state) {
  (void)state;
  open_with(100);
  sc_body_begin(&body, (int64_t)LARGEST);
  assert_int_equal(add(0, LARGEST), SC_OK);
  assert_false(sc_budget_take_reserve(budget, 1));
  struct sc_batch *batch = sc_body_take(&body);
  assert_true(batch->from_reserve);
  check_batch(batch, LARGEST);
  assert_true(sc_budget_take_reserve(budget, 1));
  sc_budget_give_reserve(budget, 1);
}

/* A body of unknown length that outgrows the pool goes over to the reserve, keeps what it has and never waits again. */
static void grows_into_the_reserve(void **state) {
  (void)state;
  open_with(sc_batch_cost(65536) + 1000);
  sc_body_begin(&body, -1);
  for (size_t at = 0; at < LARGEST; at += 4096) assert_int_equal(add(at, 4096), SC_OK);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), 0);
  check_batch(sc_body_take(&body), LARGEST);
}

static void waits_in_the_middle(void **state) {
  (void)state;
  open_with(sc_batch_cost(65536) + 1000);
  assert_true(sc_budget_take_reserve(budget, 7));
  sc_body_begin(&body, -1);
  assert_int_equal(add(0, 65536), SC_OK);
  assert_int_equal(add(65536, 10), SC_AGAIN);
  assert_int_equal(sc_body_view(&body).len, 65536);
  sc_budget_give_reserve(budget, 7);
  assert_true(sc_body_resume(&body));
  assert_int_equal(add(65536, 10), SC_OK);
  check_batch(sc_body_take(&body), 65546);
}

static void a_new_head_forgets(void **state) {
  (void)state;
  open_with(LARGEST);
  sc_body_begin(&body, 100);
  assert_int_equal(add(500, 50), SC_OK);
  sc_body_begin(&body, 10);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), 0);
  assert_int_equal(add(0, 10), SC_OK);
  check_batch(sc_body_take(&body), 10);
}

#define CASE(name) cmocka_unit_test_teardown(name, drop)

int main(void) {
  for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (char)(i * 7 + i / 256 + 1);
  const struct CMUnitTest tests[] = {
      CASE(known_length_is_allocated_once),
      CASE(unknown_length_grows),
      CASE(too_large_and_too_long),
      CASE(waits_for_credit),
      CASE(reserve_is_the_way_out),
      CASE(grows_into_the_reserve),
      CASE(waits_in_the_middle),
      CASE(a_new_head_forgets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
