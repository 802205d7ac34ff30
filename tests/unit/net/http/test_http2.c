#include "tests/unit/net/http/h2_site.h"

#include <time.h>

static int drop(void **state) {
  (void)state;
  client_close();
  site_close();
  sc_clock_real();
  return 0;
}

static void check_ok(const struct got *g, const char *text) {
  if (g->err.code != SC_OK) print_error("%s\n", g->err.text);
  assert_int_equal(g->err.code, SC_OK);
  assert_int_equal(g->head.status, 200);
  assert_string_equal(sc_buf_str(&g->body), text);
}

/* ---- replies ---- */

static void replies(const char *url) {
  client_open(url, 100, SC_HTTP2_WINDOW_BYTES);
  struct got *a = ask(0, "echo hello"), *b = ask(1, "status 400"), *c = ask(2, "echo again"), *d = ask(3, "host");
  TURN_UNTIL(n_done() == 4);
  check_ok(a, "hello");
  check_ok(c, "again");
  check_ok(d, "there:1");
  assert_int_equal(a->head.date_ms, 1767323045000);
  assert_int_equal(a->head.retry_after_ms, -1);
  assert_int_equal(b->err.code, SC_OK);
  assert_int_equal(b->head.status, 400);
  assert_int_equal(b->head.retry_after_ms, 1500);
  assert_non_null(strstr(sc_buf_str(&b->body), "slow down"));
  assert_int_equal(sc_http2_counts(client).dialed, 1);
}

static void replies_over_h2c(void **state) {
  (void)state;
  site_open(5);
  replies(plain_url);
}

static void replies_over_tls(void **state) {
  (void)state;
  site_open(5);
  replies(tls_url);
}

static void a_reset_names_its_code(void **state) {
  (void)state;
  site_open(5);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  ask(0, "rst");
  TURN_UNTIL(n_done() == 1);
  assert_int_equal(got[0].err.code, SC_E_NET);
  assert_non_null(strstr(got[0].err.text, "INTERNAL_ERROR"));
}

static void what_the_receiver_refuses_ends_the_stream(void **state) {
  (void)state;
  site_open(5);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  ask(0, "open 10")->refuses = true;
  TURN_UNTIL(n_done() == 1);
  assert_int_equal(got[0].err.code, SC_E_PROTOCOL);
  assert_string_equal(got[0].err.text, "no such bytes");
  TURN_UNTIL(atomic_load(&feeds_open) == 0); /* the server was told */
}

/* ---- windows ---- */

static void check_windows(const char *url) {
  size_t window = 128 << 10, flow = 4 << 20;
  client_open(url, 100, (uint32_t)window);
  ask(0, "flow 4194304")->consumes = false;
  ask(1, "flow 4194304");
  TURN_UNTIL(got[1].is_done && got[0].body.len == window);
  assert_int_equal(got[1].err.code, SC_OK);
  assert_int_equal(got[1].body.len, flow);
  assert_false(sc_http2_has_window(got[0].stream));
  sc_clock_freeze(sc_clock_mono_ms(), sc_clock_wall_ms());
  for (int i = 0; i < 20; i++) turn(); /* nothing more comes while it waits */
  assert_int_equal(got[0].body.len, window);
  sc_http2_consume(got[0].stream, got[0].unconsumed);
  assert_true(sc_http2_has_window(got[0].stream));
  got[0].consumes = true;
  TURN_UNTIL(got[0].is_done);
  assert_int_equal(got[0].body.len, flow);
  for (size_t i = 0; i < flow; i++) assert_int_equal(got[0].body.ptr[i], 'a' + (flow - i) % 26);
}

static void a_stream_holds_its_window_and_no_other_up(void **state) {
  (void)state;
  site_open(5);
  check_windows(plain_url);
}

static void a_stream_holds_its_window_over_tls(void **state) {
  (void)state;
  site_open(5);
  check_windows(tls_url);
}

/* ---- connections ---- */

static void ask_open(size_t n) {
  for (size_t i = 0; i < n; i++) ask(i, "open 1");
}

static bool all_began(size_t n) {
  for (size_t i = 0; i < n; i++)
    if (got[i].body.len == 0) return false;
  return true;
}

static void connections_as_many_as_streams_need(void **state) {
  (void)state;
  site_open(5);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  ask_open(22);
  TURN_UNTIL(all_began(22));
  assert_int_equal(sc_http2_counts(client).dialed, 5);
  assert_int_equal(sc_http2_counts(client).refused, 0);
}

static void config_bounds_what_is_announced(void **state) {
  (void)state;
  site_open(50);
  client_open(plain_url, 3, SC_HTTP2_WINDOW_BYTES);
  ask_open(7);
  TURN_UNTIL(all_began(7));
  assert_int_equal(sc_http2_counts(client).dialed, 3);
}

static void tls_sessions_are_resumed(void **state) {
  (void)state;
  site_open(1);
  client_open(tls_url, 100, SC_HTTP2_WINDOW_BYTES);
  ask_open(6);
  TURN_UNTIL(all_began(6));
  assert_int_equal(sc_http2_counts(client).connections, 6);
  /* A ticket is used once: of those that connect at the same time it may be one only. */
  assert_in_range(sc_http2_counts(client).resumed, 1, 5);
}

static void one_without_streams_is_closed(void **state) {
  (void)state;
  site_open(5);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  sc_clock_freeze(1000, 1767323045000);
  ask(0, "echo x");
  TURN_UNTIL(n_done() == 1);
  sc_clock_advance(SC_HTTP2_PING_EVERY_MS - 1);
  turn();
  assert_int_equal(sc_http2_counts(client).connections, 1);
  sc_clock_advance(1);
  TURN_UNTIL(sc_http2_counts(client).connections == 0);
  ask(1, "echo y");
  TURN_UNTIL(n_done() == 2);
  check_ok(&got[1], "y");
}

static void pings_are_answered(void **state) {
  (void)state;
  site_open(5);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  sc_clock_freeze(1000, 1767323045000);
  ask_open(1);
  TURN_UNTIL(all_began(1));
  for (int i = 0; i < 3; i++) {
    sc_clock_advance(SC_HTTP2_PING_EVERY_MS);
    turn(); /* the PING goes */
    assert_int_equal(sc_http2_due_ms(client), sc_clock_mono_ms() + SC_HTTP2_PING_WAIT_MS);
    TURN_UNTIL(sc_http2_due_ms(client) == sc_clock_mono_ms() + SC_HTTP2_PING_EVERY_MS);
  }
  assert_false(got[0].is_done);
  assert_int_equal(sc_http2_counts(client).dead_pings, 0);
}

static void a_silent_connection_is_dropped_with_its_streams(void **state) {
  (void)state;
  site_open(5);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  sc_clock_freeze(1000, 1767323045000);
  ask_open(3);
  TURN_UNTIL(all_began(3));
  sc_clock_advance(15000);
  sc_http2_cancel(got[0].stream, 15001); /* longer than the connection was silent: only this stream */
  got[0].stream = NULL;
  for (int i = 0; i < 5; i++) turn();
  assert_int_equal(n_done(), 0);
  sc_http2_cancel(got[1].stream, 15000);
  TURN_UNTIL(n_done() == 1);
  assert_int_equal(got[2].err.code, SC_E_NET);
  assert_non_null(strstr(got[2].err.text, "silent"));
  assert_int_equal(sc_http2_counts(client).connections, 0);
}

static void cancelled_streams_make_room(void **state) {
  (void)state;
  site_open(2);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  ask_open(2);
  TURN_UNTIL(all_began(2));
  for (size_t i = 0; i < 2; i++) sc_http2_cancel(got[i].stream, 0);
  TURN_UNTIL(atomic_load(&feeds_open) == 0);
  ask(2, "echo x");
  sc_http2_cancel(ask(3, "echo never")->stream, 0); /* it waits */
  TURN_UNTIL(n_done() == 1);
  check_ok(&got[2], "x");
  assert_int_equal(sc_http2_counts(client).dialed, 1);
}

/* ---- what the server says no to ---- */

static void a_refused_stream_goes_to_another_connection(void **state) {
  (void)state;
  site_open(5);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  ask_open(1);
  TURN_UNTIL(all_began(1));
  atomic_store(&refusals_left, 2);
  struct got *g = ask(1, "refuse");
  TURN_UNTIL(g->is_done);
  check_ok(g, "");
  assert_int_equal(sc_http2_counts(client).refused, 2);
  assert_int_equal(sc_http2_counts(client).dialed, 3);
  assert_false(got[0].is_done); /* the first connection's stream goes on */
}

static void refusals_have_an_end(void **state) {
  (void)state;
  site_open(5);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  atomic_store(&refusals_left, 1000);
  sc_clock_freeze(1000, 1767323045000);
  struct got *g = ask(0, "refuse");
  TURN_UNTIL((sc_clock_advance(100), g->is_done));
  atomic_store(&refusals_left, 0);
  assert_int_equal(g->err.code, SC_E_NET);
  assert_non_null(strstr(g->err.text, "REFUSED_STREAM"));
  assert_int_equal(sc_http2_counts(client).refused, SC_HTTP2_REFUSALS_MAX + 1);
}

static void after_goaway_open_streams_go_on(void **state) {
  (void)state;
  site_open(5);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  ask(0, "open 200000")->consumes = false;
  TURN_UNTIL(got[0].body.len == 200000);
  ask(1, "goaway");
  TURN_UNTIL(got[1].is_done && sc_http2_counts(client).goaways == 1);
  check_ok(&got[1], "bye");
  ask(2, "echo x");
  TURN_UNTIL(got[2].is_done);
  check_ok(&got[2], "x");
  assert_false(got[0].is_done);
  assert_int_equal(sc_http2_counts(client).dialed, 2);
}

static void a_lost_connection_ends_all_streams(void **state) {
  (void)state;
  site_open(2);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  ask_open(6);
  TURN_UNTIL(all_began(6));
  site_close();
  TURN_UNTIL(n_done() == 6);
  for (int i = 0; i < 6; i++) assert_int_equal(got[i].err.code, SC_E_NET);
  ask(6, "echo x");
  ask(7, "echo x");
  TURN_UNTIL(n_done() == 8); /* nobody listens: both are told */
  assert_int_equal(got[7].err.code, SC_E_NET);
}

static void a_server_without_http2_is_named(void **state) {
  (void)state;
  site_open_with(5, &scl_http1_protocol);
  client_open(tls_url, 100, SC_HTTP2_WINDOW_BYTES);
  ask(0, "echo x");
  TURN_UNTIL(n_done() == 1);
  assert_int_equal(got[0].err.class, SC_CLASS_RETRY); /* ALPN chose h2, and then HTTP/1.1 was spoken */
}

/* ---- done may do anything ---- */

static void start_next(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct got *g = arg;
  got_done(g, head, err);
  if (g < got + 4) ask((size_t)(g - got) + 1, "echo x");
  if (g == got + 2) sc_http2_cancel(got[3].stream, 0);
}

static void done_starts_and_cancels(void **state) {
  (void)state;
  static const struct sc_http2_receiver receiver = {got_data, start_next};
  static const char *const headers[] = {NULL};
  site_open(5);
  client_open(plain_url, 100, SC_HTTP2_WINDOW_BYTES);
  struct sc_http2_request request = {headers, SC_SLICE_LITERAL("echo x"), &receiver, &got[2]};
  got[2].stream = sc_http2_start(client, &request);
  request.arg = &got[4];
  got[4].stream = sc_http2_start(client, &request);
  TURN_UNTIL(got[2].is_done && got[4].is_done);
  for (int i = 0; i < 5; i++) turn();
  assert_false(got[3].is_done);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(replies_over_h2c, drop),
      cmocka_unit_test_teardown(replies_over_tls, drop),
      cmocka_unit_test_teardown(a_reset_names_its_code, drop),
      cmocka_unit_test_teardown(what_the_receiver_refuses_ends_the_stream, drop),
      cmocka_unit_test_teardown(a_stream_holds_its_window_and_no_other_up, drop),
      cmocka_unit_test_teardown(a_stream_holds_its_window_over_tls, drop),
      cmocka_unit_test_teardown(connections_as_many_as_streams_need, drop),
      cmocka_unit_test_teardown(config_bounds_what_is_announced, drop),
      cmocka_unit_test_teardown(tls_sessions_are_resumed, drop),
      cmocka_unit_test_teardown(one_without_streams_is_closed, drop),
      cmocka_unit_test_teardown(pings_are_answered, drop),
      cmocka_unit_test_teardown(a_silent_connection_is_dropped_with_its_streams, drop),
      cmocka_unit_test_teardown(cancelled_streams_make_room, drop),
      cmocka_unit_test_teardown(a_refused_stream_goes_to_another_connection, drop),
      cmocka_unit_test_teardown(refusals_have_an_end, drop),
      cmocka_unit_test_teardown(after_goaway_open_streams_go_on, drop),
      cmocka_unit_test_teardown(a_lost_connection_ends_all_streams, drop),
      cmocka_unit_test_teardown(a_server_without_http2_is_named, drop),
      cmocka_unit_test_teardown(done_starts_and_cancels, drop),
  };
  return cmocka_run_group_tests(tests, make_certs, drop_certs);
}
