/* How streams and connections of HTTP/2 end, by faults or in order. */
#include "tests/unit/bench/local/http/http2_world.h"

static void test_cut_streams(void **state) {
  (void)state;
  const struct {
    struct scl_delivery delivery;
    int status;
    uint32_t code;
  } cases[] = {
      {{.is_cut = true, .cut_bytes = 3, .ending = SCL_ENDING_STREAM}, 200, NGHTTP2_INTERNAL_ERROR},
      {{.is_cut = true, .cut_bytes = 3, .ending = SCL_ENDING_REFUSE}, 200, NGHTTP2_REFUSED_STREAM},
      {{.is_cut = true, .cut_bytes = 3}, 200, NGHTTP2_INTERNAL_ERROR},
      {{.is_silent = true, .ending = SCL_ENDING_STREAM}, 0, NGHTTP2_INTERNAL_ERROR},
      {{.is_silent = true, .ending = SCL_ENDING_REFUSE}, 0, NGHTTP2_REFUSED_STREAM},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct world w;
    begin(&w);
    w.next.delivery = cases[i].delivery;
    struct h2_answer *answer = ask(&w);
    check_closed(answer, cases[i].code);
    assert_int_equal(answer->status, cases[i].status);
    check_body(answer, cases[i].status == 0 ? "" : "hel");
    w.next.delivery = (struct scl_delivery){0};
    check_body(ask(&w), "hello world"); /* the connection goes on */
    end(&w);
  }
}

static void test_hanging_stream(void **state) {
  (void)state;
  for (int silent = 0; silent <= 1; silent++) {
    struct world w;
    begin(&w);
    w.next.feeds = true;
    w.next.delivery =
        (struct scl_delivery){.is_cut = true, .cut_bytes = 3, .is_silent = silent == 1, .ending = SCL_ENDING_HANG};
    struct h2_answer *hung = ask(&w);
    w.next.delivery = (struct scl_delivery){0};
    w.next.feeds = false;
    check_body(ask(&w), "hello world");
    assert_int_equal(hung->status, silent == 1 ? 0 : 200);
    check_body(hung, silent == 1 ? "" : "hel");
    assert_false(hung->is_closed);
    assert_int_equal(w.next.counter.n_open, 0);
    end(&w);
  }
}

/* GOAWAY: what is under way is answered to its end, then the connection ends. */
static void test_goaway(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.feeds = true;
  struct h2_answer *feed = ask(&w);
  w.next.feeds = false;
  w.next.delivery.ending = SCL_ENDING_GOAWAY;
  check_body(ask(&w), "hello world");
  assert_int_equal(w.client.goaway_code, NGHTTP2_NO_ERROR);
  assert_false(w.client.saw_end);
  w.next.counter.end = 1;
  counter_raise(&w.next.counter, 1);
  h2_run(&w.client, 1);
  check_body(feed, "hello world<1>");
  check_closed(feed, NGHTTP2_NO_ERROR);
  assert_true(w.client.saw_end);
  end(&w);
}

static void test_ended_connections(void **state) {
  (void)state;
  const enum scl_ending endings[] = {SCL_ENDING_CLOSE, SCL_ENDING_RESET};
  for (int i = 0; i < 2; i++) {
    struct world w;
    begin(&w);
    w.next.feeds = true;
    ask(&w);
    w.next.delivery = (struct scl_delivery){.is_cut = true, .cut_bytes = 3, .ending = endings[i]};
    struct h2_answer *answer = ask(&w);
    check_body(answer, "hel");
    assert_false(answer->is_closed);
    assert_true(w.client.saw_end || w.client.was_reset);
    end(&w);
  }
}

/* A chunk's fault, in the middle of a feed. */
static void test_feed_faults(void **state) {
  (void)state;
  const struct {
    struct scl_delivery delivery;
    const char *body;
    uint32_t code;
  } cases[] = {
      {{.is_cut = true, .cut_bytes = 1, .ending = SCL_ENDING_STREAM}, "hello world<1><", NGHTTP2_INTERNAL_ERROR},
      {{.is_silent = true, .ending = SCL_ENDING_REFUSE}, "hello world<1>", NGHTTP2_REFUSED_STREAM},
      {{.ending = SCL_ENDING_GOAWAY}, "hello world<1><2>", NGHTTP2_NO_ERROR},
      {{.piece_bytes = 1}, "hello world<1><2><3>", NGHTTP2_NO_ERROR},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct world w;
    begin(&w);
    w.next.feeds = true;
    w.next.counter.most = w.next.counter.end = 3;
    w.next.counter.fault_at = 2;
    w.next.counter.delivery = cases[i].delivery;
    struct h2_answer *answer = ask(&w);
    check_body(answer, cases[i].body);
    check_closed(answer, cases[i].code);
    assert_int_equal(w.next.counter.n_open, 0);
    end(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cut_streams),       cmocka_unit_test(test_hanging_stream), cmocka_unit_test(test_goaway),
      cmocka_unit_test(test_ended_connections), cmocka_unit_test(test_feed_faults),
  };
  return cmocka_run_group_tests_name("local/http2 endings", tests, NULL, NULL);
}
