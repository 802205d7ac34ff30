#include "engine/base/error.h"
#include "net/kinesis/poll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct sc_poll_pace pace = {.call_interval_us = 200000, .bytes_per_second = 2000};
static const struct sc_position horizon = {.start = SC_START_TRIM_HORIZON};
static struct sc_random dice;

static struct sc_position after(const char *digits) {
  struct sc_position p = {.start = SC_START_AFTER};
  assert_true(sc_sequence_parse(sc_slice_str(digits), &p.sequence));
  return p;
}

static struct sc_reply page(const char *last) {
  return (struct sc_reply){.n_records = 10, .has_next = true, .behind_ms = 5000, .last = after(last).sequence};
}

static struct sc_poll polling(void) {
  struct sc_poll p = {0};
  assert_int_equal(sc_poll_start(&p, &horizon, 1000000), SC_POLL_GET_ITERATOR);
  assert_int_equal(sc_poll_got_iterator(&p, 1005000), SC_POLL_GET_RECORDS);
  sc_poll_called(&p, 1010000);
  return p;
}

static int64_t replied(struct sc_poll *p, struct sc_reply reply, size_t bytes) {
  return sc_poll_replied(p, &reply, bytes, &pace);
}

static int64_t fails(struct sc_poll *p, int code) {
  struct sc_error err;
  sc_error_set(&err, code, "test");
  return sc_poll_failed(p, &err, &dice, 2000000);
}

static void goes_on_with_its_iterator(void **state) {
  (void)state;
  struct sc_poll p = polling();
  assert_int_equal(replied(&p, page("77"), 100), 1210000);
  struct sc_position next = after("77");
  assert_int_equal(sc_poll_start(&p, &next, 1209999), SC_POLL_WAIT);
  assert_int_equal(p.paced_us, 1210000);
  assert_int_equal(sc_poll_start(&p, &next, 1210000), SC_POLL_GET_RECORDS);
}

static void a_page_that_comes_again_keeps_the_iterator(void **state) {
  (void)state;
  struct sc_poll p = polling();
  replied(&p, page("100"), 100);
  replied(&p, page("99"), 100);
  struct sc_position next = after("100");
  assert_int_equal(sc_poll_start(&p, &next, 2000000), SC_POLL_GET_RECORDS);
}

/* A rewind goes to another position; so the iterator of the old one is of no use. */
static void another_position_gets_another_iterator(void **state) {
  (void)state;
  struct sc_poll p = polling();
  replied(&p, page("100"), 100);
  struct sc_position back = after("50");
  assert_int_equal(sc_poll_start(&p, &back, 2000000), SC_POLL_GET_ITERATOR);
  assert_memory_equal(p.at.sequence.digits, "50", 2);
  assert_int_equal(sc_poll_start(&p, &back, 2000000), SC_POLL_GET_ITERATOR);
}

static void a_null_iterator_is_made_again(void **state) {
  (void)state;
  struct sc_poll p = polling();
  struct sc_reply reply = page("9");
  reply.has_next = false;
  replied(&p, reply, 100);
  struct sc_position next = after("9");
  assert_int_equal(sc_poll_start(&p, &next, 2000000), SC_POLL_GET_ITERATOR);
}

static void pays_for_bytes(void **state) {
  (void)state;
  struct sc_poll p = polling();
  assert_int_equal(replied(&p, page("1"), 4000), 1010000 + 2000000);
  sc_poll_called(&p, 9000000);
  assert_int_equal(replied(&p, page("2"), 100), 9200000);
}

/* 2,000 calls a second are half a millisecond apart. */
static void paces_below_a_millisecond(void **state) {
  (void)state;
  const struct sc_poll_pace fast = {.call_interval_us = 500};
  struct sc_poll p = polling();
  struct sc_reply reply = page("1");
  assert_int_equal(sc_poll_replied(&p, &reply, 1 << 20, &fast), 1010500);
}

static void a_new_iterator_keeps_the_pace(void **state) {
  (void)state;
  struct sc_poll p = polling();
  replied(&p, page("1"), 100);
  assert_int_equal(sc_poll_start(&p, &horizon, 1030000), SC_POLL_GET_ITERATOR);
  assert_int_equal(sc_poll_got_iterator(&p, 1040000), SC_POLL_WAIT);
  assert_int_equal(p.paced_us, 1210000);
  assert_int_equal(sc_poll_start(&p, &horizon, 1210000), SC_POLL_GET_RECORDS);
}

static void an_expired_iterator_is_made_behind_the_last_record(void **state) {
  (void)state;
  struct sc_poll p = polling();
  replied(&p, page("9"), 100);
  assert_int_equal(fails(&p, SC_E_EXPIRED_ITERATOR), 2000000);
  struct sc_position next = after("9");
  assert_int_equal(sc_poll_start(&p, &next, 2000000), SC_POLL_GET_ITERATOR);
  assert_memory_equal(p.at.sequence.digits, "9", 1);
}

static void a_storm_of_expired_iterators_is_slowed(void **state) {
  (void)state;
  struct sc_poll p = polling();
  int64_t waited_us = 0;
  for (int i = 0; i < 100; i++) {
    waited_us += fails(&p, SC_E_EXPIRED_ITERATOR) - 2000000;
    assert_int_equal(sc_poll_start(&p, &horizon, 2000000), SC_POLL_GET_ITERATOR);
    sc_poll_got_iterator(&p, 2000000);
    sc_poll_called(&p, 2000000);
  }
  assert_true(waited_us > 100000000);
}

static void retries_with_the_same_iterator(void **state) {
  (void)state;
  struct sc_poll p = polling();
  int64_t most_us = 0;
  for (int i = 0; i < 100; i++) {
    int64_t due_us = fails(&p, SC_E_NET);
    assert_true(due_us >= 2000000 && due_us <= 22000000);
    if (due_us > most_us) most_us = due_us;
    assert_int_equal(sc_poll_start(&p, &horizon, due_us), SC_POLL_GET_RECORDS);
    sc_poll_called(&p, due_us);
  }
  assert_true(most_us > 10000000);
  replied(&p, page("9"), 100);
  assert_int_equal(p.failures, 0);
}

static void throttled_waits_a_second(void **state) {
  (void)state;
  struct sc_poll p = polling();
  assert_true(fails(&p, SC_E_THROTTLED) >= 3000000);
}

int main(void) {
  sc_random_init(&dice, 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(goes_on_with_its_iterator),
      cmocka_unit_test(a_page_that_comes_again_keeps_the_iterator),
      cmocka_unit_test(another_position_gets_another_iterator),
      cmocka_unit_test(a_null_iterator_is_made_again),
      cmocka_unit_test(pays_for_bytes),
      cmocka_unit_test(paces_below_a_millisecond),
      cmocka_unit_test(a_new_iterator_keeps_the_pace),
      cmocka_unit_test(an_expired_iterator_is_made_behind_the_last_record),
      cmocka_unit_test(a_storm_of_expired_iterators_is_slowed),
      cmocka_unit_test(retries_with_the_same_iterator),
      cmocka_unit_test(throttled_waits_a_second),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
