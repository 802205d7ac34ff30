/* A reply on its way out, stepped by hand. How HTTP frames it: test_http1.c, test_http2.c. */
#include "bench/local/http/sending.h"

#include "engine/base/error.h"
#include "tests/unit/bench/local/http/count_feed.h"
#include "tests/unit/engine/base/check.h"

static void count_notified(void *context) { ++*(int *)context; }

/* Takes what is ready, and adds it to seen. */
static void take_all(struct scl_sending *sending, size_t most, struct sc_buf *seen) {
  while (sending->left > 0) {
    struct iovec pieces[8];
    assert_true(scl_sending_most_pieces(sending) <= 8);
    int n = scl_sending_take(sending, most, pieces);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) sc_buf_add(seen, pieces[i].iov_base, pieces[i].iov_len);
  }
}

static void test_delay_then_ticket(void **state) {
  (void)state;
  struct scl_gate gate;
  struct scl_sending sending;
  struct sc_buf seen = SC_BUF_INIT;
  int notified = 0;
  int64_t wake_ms;
  scl_gate_init(&gate);
  struct scl_reply reply = {.delivery.delay_ms = 10, .ticket = {&gate, 3}};
  sc_buf_add_str(&reply.content.head, "hea");
  sc_buf_add_str(&reply.content.tail, "tail");
  scl_sending_init(&sending, &reply, true, 100, count_notified, &notified);
  assert_int_equal(scl_sending_step(&sending, 109, &wake_ms), SCL_SENDING_WAITS);
  assert_int_equal(wake_ms, 110);
  assert_int_equal(scl_sending_step(&sending, 110, &wake_ms), SCL_SENDING_WAITS);
  assert_int_equal(wake_ms, 0);
  assert_int_equal(notified, 0);
  scl_gate_raise(&gate, 3);
  assert_int_equal(notified, 1);
  assert_int_equal(scl_sending_step(&sending, 110, &wake_ms), SCL_SENDING_BEGINS);
  assert_int_equal(scl_sending_step(&sending, 110, &wake_ms), SCL_SENDING_READY);
  assert_int_equal(sending.left, 7);
  take_all(&sending, 2, &seen);
  assert_string_equal(sc_buf_str(&seen), "heatail");
  assert_int_equal(scl_sending_step(&sending, 110, &wake_ms), SCL_SENDING_OVER);
  assert_false(sending.was_cut);
  scl_sending_fini(&sending);
  scl_gate_fini(&gate);
  sc_buf_fini(&seen);
}

/* Cut at every byte: the bytes before it, and whether any are missing. */
static void test_cuts(void **state) {
  (void)state;
  for (size_t cut = 0; cut <= 8; cut++) {
    struct scl_sending sending;
    struct sc_buf seen = SC_BUF_INIT;
    int64_t wake_ms;
    struct scl_reply reply = {.delivery = {.is_cut = true, .cut_bytes = cut, .ending = SCL_ENDING_RESET}};
    sc_buf_add_str(&reply.content.head, "hea");
    sc_buf_add_str(&reply.content.tail, "tail");
    scl_sending_init(&sending, &reply, true, 100, NULL, NULL);
    assert_int_equal(scl_sending_step(&sending, 100, &wake_ms), SCL_SENDING_BEGINS);
    if (cut > 0) assert_int_equal(scl_sending_step(&sending, 100, &wake_ms), SCL_SENDING_READY);
    take_all(&sending, 100, &seen);
    assert_memory_equal(sc_buf_str(&seen), "heatail", seen.len);
    assert_int_equal(seen.len, cut < 7 ? cut : 7);
    assert_int_equal(scl_sending_step(&sending, 100, &wake_ms), SCL_SENDING_OVER);
    assert_int_equal(sending.was_cut, cut < 7);
    assert_int_equal(sending.ending, SCL_ENDING_RESET);
    scl_sending_fini(&sending);
    sc_buf_fini(&seen);
  }
}

/* A feed, whose second chunk comes later. */
static void test_feed(void **state) {
  (void)state;
  struct counter counter;
  struct scl_sending sending;
  struct sc_buf seen = SC_BUF_INIT;
  int notified = 0;
  int64_t wake_ms;
  counter_init(&counter);
  counter.end = 3;
  counter.fault_at = 2;
  counter.delivery.delay_ms = 5;
  struct scl_reply reply = {.feed = count_feed_new(&counter)};
  scl_sending_init(&sending, &reply, true, 100, count_notified, &notified);
  assert_int_equal(scl_sending_step(&sending, 100, &wake_ms), SCL_SENDING_BEGINS);
  assert_int_equal(scl_sending_step(&sending, 100, &wake_ms), SCL_SENDING_WAITS);
  counter_raise(&counter, 3);
  assert_int_equal(notified, 1);
  assert_int_equal(scl_sending_step(&sending, 100, &wake_ms), SCL_SENDING_READY);
  take_all(&sending, 100, &seen);
  assert_int_equal(scl_sending_step(&sending, 100, &wake_ms), SCL_SENDING_WAITS);
  assert_int_equal(wake_ms, 105);
  assert_int_equal(scl_sending_step(&sending, 105, &wake_ms), SCL_SENDING_READY);
  take_all(&sending, 100, &seen);
  assert_int_equal(scl_sending_step(&sending, 105, &wake_ms), SCL_SENDING_READY);
  take_all(&sending, 100, &seen);
  assert_int_equal(scl_sending_step(&sending, 105, &wake_ms), SCL_SENDING_OVER);
  assert_string_equal(sc_buf_str(&seen), "<1><2><3>");
  assert_int_equal(counter.n_open, 1);
  scl_sending_fini(&sending);
  assert_int_equal(counter.n_open, 0);
  sc_buf_fini(&seen);
  scl_notifier_fini(&counter.bell);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_delay_then_ticket),
      cmocka_unit_test(test_cuts),
      cmocka_unit_test(test_feed),
  };
  return cmocka_run_group_tests_name("local/sending", tests, NULL, NULL);
}
