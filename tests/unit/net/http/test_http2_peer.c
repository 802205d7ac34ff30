/* HTTP/2 to servers that do what no good server does, written byte by byte. */
#include "tests/unit/net/http/tls_peer.h"

#include <time.h>

#include "tests/unit/net/http/h2_site.h"

#define SETTINGS "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\5" /* MAX_CONCURRENT_STREAMS 5 */
#define HEADER_BYTES (3 + 127)                    /* of one of many headers, as HPACK writes it */
#define HEADERS_A_FRAME 120

static int listener = -1, peer = -1;
static char url[64];

static int drop(void **state) {
  (void)state;
  client_close();
  if (peer >= 0) close(peer);
  if (listener >= 0) close(listener);
  peer = listener = -1;
  sc_clock_real();
  return 0;
}

/* A stream is on its way to a server that has said nothing yet. */
static void begin(void) {
  listener = peer_listen(url, sizeof(url), "http");
  sc_clock_freeze(1000, 1767323045000);
  client_open(url, 100, SC_HTTP2_WINDOW_BYTES);
  ask(0, "x");
  TURN_UNTIL(sc_http2_counts(client).connections == 1);
  peer = accept(listener, NULL, NULL);
  assert_true(peer >= 0);
}

static void say(const char *bytes, size_t len) { assert_true(peer_send(peer, bytes, len)); }

static void check_over(int code, const char *text) {
  TURN_UNTIL(got[0].is_done);
  assert_int_equal(got[0].err.code, code);
  if (strstr(got[0].err.text, text) == NULL) fail_msg("%s", got[0].err.text);
}

static void no_answer_to_a_ping(void **state) {
  (void)state;
  begin();
  say(SETTINGS, sizeof(SETTINGS) - 1);
  turn();
  sc_clock_advance(SC_HTTP2_PING_EVERY_MS);
  turn();
  sc_clock_advance(SC_HTTP2_PING_WAIT_MS - 1);
  for (int i = 0; i < 5; i++) turn();
  assert_false(got[0].is_done);
  assert_int_equal(sc_http2_due_ms(client), sc_clock_mono_ms() + 1);
  sc_clock_advance(1);
  check_over(SC_E_NET, "PING");
  assert_int_equal(sc_http2_counts(client).dead_pings, 1);
}

static void one_stream_until_settings_come(void **state) {
  (void)state;
  begin();
  for (size_t i = 1; i < 7; i++) ask(i, "x");
  for (int i = 0; i < 5; i++) turn();
  assert_int_equal(sc_http2_counts(client).dialed, 1);
  say(SETTINGS, sizeof(SETTINGS) - 1);
  TURN_UNTIL(sc_http2_counts(client).dialed == 2);
}

static void a_server_that_allows_no_streams(void **state) {
  (void)state;
  begin();
  ask(1, "x");
  say("\0\0\6\4\0\0\0\0\0\0\3\0\0\0\0", 15);
  check_over(SC_E_NET, "allows no streams");
  assert_true(got[1].is_done);
  for (int i = 0; i < 5; i++) turn();
  assert_int_equal(sc_http2_counts(client).dialed, 1); /* and nobody tries again by himself */
}

static void something_else_than_http2(void **state) {
  (void)state;
  begin();
  say("HTTP/1.1 400 Bad Request\r\n\r\n", 28);
  check_over(SC_E_NET, url);
}

static void an_end_in_the_middle(void **state) {
  (void)state;
  begin();
  say(SETTINGS, 10);
  turn();
  close(peer);
  peer = -1;
  check_over(SC_E_NET, "");
}

/* HEADERS and CONTINUATION frames of more bytes than anybody needs, some written twice: nghttp2's own bound is for
 * frames. */
static void too_many_headers(void **state) {
  static char frame[9 + 1 + HEADERS_A_FRAME * HEADER_BYTES];
  (void)state;
  begin();
  say(SETTINGS, sizeof(SETTINGS) - 1);
  for (int i = 0; i < 6; i++) {
    size_t len = 0;
    char *at = frame + 9;
    if (i == 0) *at++ = (char)0x88; /* :status 200 */
    for (int j = 0; j < HEADERS_A_FRAME; j++, at += HEADER_BYTES) {
      memcpy(at, "\0\1a\176", 4);
      memset(at + 4, 'v', HEADER_BYTES - 4);
    }
    len = (size_t)(at - frame) - 9;
    char head[9] = {0, (char)(len >> 8), (char)len, i == 0 ? 1 : 9, i == 5 ? 4 : 0, 0, 0, 0, 1};
    memcpy(frame, head, sizeof(head));
    say(frame, len + 9);
  }
  check_over(SC_E_PROTOCOL, "headers of more than");
}

static void a_tls_server_without_alpn(void **state) {
  static struct tls_peer tls;
  (void)state;
  tls_peer_init(&tls);
  tls_peer_open(&tls, NULL, 0);
  sc_buf_add_slice(&certs.ca, sc_buf_view(&tls.certs.ca));
  client_open(tls.url, 100, SC_HTTP2_WINDOW_BYTES);
  ask(0, "x");
  check_over(SC_E_NET, "does not speak h2");
  assert_int_equal(got[0].err.class, SC_CLASS_CONFIG);
  client_close();
  tls_peer_close(&tls);
  tls_peer_fini(&tls);
  sc_buf_fini(&certs.ca);
}

static void a_server_nobody_trusts(void **state) {
  static struct tls_peer tls;
  (void)state;
  tls_peer_init(&tls);
  tls_peer_open(&tls, NULL, 0);
  client_open(tls.url, 100, SC_HTTP2_WINDOW_BYTES);
  ask(0, "x");
  check_over(SC_E_NET, "");
  assert_int_equal(got[0].err.class, SC_CLASS_CONFIG);
  assert_non_null(strstr(got[0].err.hint, "--ca-bundle"));
  client_close();
  tls_peer_close(&tls);
  tls_peer_fini(&tls);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(no_answer_to_a_ping, drop),
      cmocka_unit_test_teardown(one_stream_until_settings_come, drop),
      cmocka_unit_test_teardown(a_server_that_allows_no_streams, drop),
      cmocka_unit_test_teardown(something_else_than_http2, drop),
      cmocka_unit_test_teardown(an_end_in_the_middle, drop),
      cmocka_unit_test_teardown(too_many_headers, drop),
      cmocka_unit_test(a_tls_server_without_alpn),
      cmocka_unit_test(a_server_nobody_trusts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
