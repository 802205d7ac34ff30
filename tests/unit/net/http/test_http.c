#include <string.h>

#include "engine/base/clock.h"
#include "tests/unit/net/http/peer.h"

#include "tests/unit/net/http/http_loop.h" /* behind it: its variables have short names */

#define SCRIPT(...)                                  \
  static const struct answer script[] = __VA_ARGS__; \
  peer_open(&peer, script, sizeof(script) / sizeof(script[0]))

static struct peer peer;

static int reset(void **state) {
  (void)state;
  open_loop(NULL);
  return 0;
}

static int drop(void **state) {
  (void)state;
  close_loop();
  peer_close(&peer);
  peer_free(&peer);
  sc_clock_real();
  return 0;
}

static bool at_once(void) { return true; }

static struct sc_http_request request(void) {
  static const char *const headers[] = {"Content-Type: a/b", "X-Mine: 1", NULL};
  return (struct sc_http_request){
      .url = peer.url, .headers = headers, .body = SC_SLICE_LITERAL("{\"a\":1}"), .timeout_ms = 20000};
}

static int call(size_t most_bytes) {
  struct sc_http_request r = request();
  return sc_http_call(loop, &r, most_bytes, never, &head, &body, &err);
}

static void heads_and_bodies(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 200 OK\r\nDATE: Fri, 02 Jan 2026 03:04:05 GMT\r\nContent-Length: 2\r\n\r\nhi"},
          {.bytes = "HTTP/1.1 400 Bad\r\nx-amzn-errortype:  Some#Thing \r\nX-Amz-Retry-After: 1500\r\nContent-Length: "
                    "0\r\n\r\n"},
          {.bytes =
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: today\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"}});
  assert_int_equal(call(100), SC_OK);
  assert_int_equal(head.status, 200);
  assert_int_equal(head.content_length, 2);
  assert_int_equal(head.date_ms, 1767323045000);
  assert_int_equal(head.retry_after_ms, -1);
  assert_string_equal(body.ptr, "hi");
  assert_int_equal(call(100), SC_OK);
  assert_int_equal(head.status, 400);
  assert_int_equal(head.retry_after_ms, 1500);
  assert_int_equal(head.date_ms, 0);
  assert_string_equal(head.error_type, "Some#Thing");
  assert_int_equal(body.len, 0);
  assert_int_equal(call(100), SC_OK);
  assert_int_equal(head.content_length, -1);
  assert_string_equal(head.error_type, "");
  assert_string_equal(body.ptr, "abcd");
  assert_int_equal(atomic_load(&peer.connections), 1);
}

static void what_is_sent(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}});
  assert_int_equal(call(100), SC_OK);
  assert_int_equal(atomic_load(&peer.answered), 1);
  const char *sent = peer.requests[0];
  assert_memory_equal(sent, "POST / HTTP/1.1\r\n", 17);
  assert_non_null(strstr(sent, "\r\nContent-Type: a/b\r\n"));
  assert_non_null(strstr(sent, "\r\nX-Mine: 1\r\n"));
  assert_non_null(strstr(sent, "\r\nContent-Length: 7\r\n"));
  assert_non_null(strstr(sent, "\r\n\r\n{\"a\":1}"));
  assert_null(strcasestr(sent, "\r\nExpect"));
  assert_null(strcasestr(sent, "\r\nAccept-Encoding"));
}

static void no_redirects(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"}});
  assert_int_equal(call(100), SC_OK);
  assert_int_equal(head.status, 301);
  assert_int_equal(atomic_load(&peer.answered), 1);
}

static void too_large(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}});
  assert_int_equal(call(4), SC_E_PROTOCOL);
  assert_int_equal(call(5), SC_OK);
}

static void cut_and_silent(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", .closes = true},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"}});
  assert_int_equal(call(100), SC_E_NET);
  assert_int_equal(err.class, SC_CLASS_RETRY);
  assert_true(err.curl_code != 0);
  struct sc_http_request r = request();
  r.timeout_ms = 20;
  assert_int_equal(sc_http_call(loop, &r, 100, never, &head, &body, &err), SC_E_NET);
  assert_non_null(strstr(err.text, "20 ms"));
  assert_int_equal(sc_http_call(loop, &r, 100, at_once, &head, &body, &err), SC_E_STOPPED);
}

static void no_tls_without_authorities(void **state) {
  (void)state;
  SCRIPT({{.bytes = ""}});
  struct sc_http_request r = request();
  r.url = "https://127.0.0.1:1/";
  assert_int_equal(sc_http_call(loop, &r, 100, never, &head, &body, &err), SC_E_NET);
  assert_int_equal(err.class, SC_CLASS_CONFIG);
  struct sc_http *other;
  assert_int_equal(sc_http_new("/nonexistent.pem", true, &other, &err), SC_E_CONFIG);
  assert_non_null(strstr(err.text, "/nonexistent.pem"));
  assert_int_equal(sc_http_new("/dev/null", true, &other, &err), SC_E_CONFIG);
}

/* ---- a receiver that has no room at first ---- */

struct receiving {
  bool room, over, fails; /* fails: when there is room */
  int refused;
  struct sc_buf got;
  int code;
};

static int take_data(void *arg, const struct sc_http_head *h, struct sc_slice chunk, struct sc_error *e) {
  struct receiving *r = arg;
  (void)h;
  if (!r->room) {
    r->refused++;
    return SC_AGAIN;
  }
  if (r->fails) return sc_error_set(e, SC_E_PROTOCOL, "no good");
  sc_buf_add_slice(&r->got, chunk);
  return SC_OK;
}

static bool may_resume(void *arg) { return ((struct receiving *)arg)->room; }

static void over(void *arg, const struct sc_http_head *h, struct sc_error *e) {
  struct receiving *r = arg;
  (void)h;
  r->code = e->code;
  r->over = true;
}

static const struct sc_http_receiver receiver = {take_data, may_resume, over};

static struct sc_http_transfer *start(struct receiving *r) {
  struct sc_http_request q = request();
  q.receiver = &receiver;
  q.arg = r;
  return sc_http_start(loop, &q, &err);
}

/* Hours without credit are no time-out: the deadline stands still while a transfer is paused. */
static void paused_time_does_not_count(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}});
  struct receiving r = {.room = false};
  sc_clock_freeze(1000, 1000);
  assert_non_null(start(&r));
  while (r.refused == 0) sc_http_poll(loop, 1000);
  assert_int_equal(sc_http_pauses(loop), 1);
  sc_clock_advance(3600000);
  sc_http_poll(loop, 0);
  assert_false(r.over);
  assert_int_equal(r.refused, 1);
  r.room = true;
  while (!r.over) sc_http_poll(loop, 1000);
  assert_int_equal(r.code, SC_OK);
  assert_string_equal(sc_buf_str(&r.got), "hello");
  sc_buf_fini(&r.got);
}

static void deadline_counts_again_after_a_pause(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"}});
  struct receiving r = {.room = false};
  sc_clock_freeze(1000, 1000);
  assert_non_null(start(&r));
  while (r.refused == 0) sc_http_poll(loop, 1000);
  sc_clock_advance(3600000);
  r.room = true;
  while (r.got.len == 0) sc_http_poll(loop, 1000);
  sc_clock_advance(19999);
  sc_http_poll(loop, 0);
  assert_false(r.over);
  sc_clock_advance(1);
  sc_http_poll(loop, 0);
  assert_true(r.over);
  assert_int_equal(r.code, SC_E_NET);
  sc_buf_fini(&r.got);
}

static void fails_on_going_on(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"}});
  struct receiving r = {.room = false, .fails = true};
  assert_non_null(start(&r));
  while (r.refused == 0) sc_http_poll(loop, 1000);
  r.room = true;
  while (!r.over) sc_http_poll(loop, 1000);
  assert_int_equal(r.code, SC_E_PROTOCOL);
}

static void cancelled_and_left_over(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}});
  struct receiving paused = {.room = false}, cancelled = {.room = true}, left = {.room = true};
  assert_non_null(start(&paused));
  while (paused.refused == 0) sc_http_poll(loop, 1000);
  struct sc_http_transfer *t = start(&cancelled);
  assert_non_null(t);
  sc_http_poll(loop, 0);
  sc_http_cancel(loop, t);
  assert_non_null(start(&left));
  sc_http_poll(loop, 0);
  assert_false(cancelled.over || paused.over || left.over);
}

/* Without an end of its own this would wait for ever. */
static void a_watched_descriptor_ends_the_wait(void **state) {
  (void)state;
  int ends[2];
  SCRIPT({{.status = "200 OK", .body = ""}});
  assert_int_equal(pipe(ends), 0);
  sc_http_watch(loop, ends[0]);
  assert_int_equal(write(ends[1], "x", 1), 1);
  sc_http_poll(loop, 3600000);
  close(ends[1]);
  sc_http_poll(loop, 3600000);
  sc_http_watch(loop, -1);
  close(ends[0]);
}

/* epoll does not take a file, which can always be read. */
static void a_watched_file_ends_the_wait(void **state) {
  (void)state;
  int ends[2];
  FILE *file = tmpfile();
  SCRIPT({{.status = "200 OK", .body = ""}});
  assert_non_null(file);
  assert_int_equal(pipe(ends), 0);
  sc_http_watch(loop, fileno(file));
  sc_http_poll(loop, 3600000);
  sc_http_poll(loop, 3600000);
  sc_http_watch(loop, ends[0]); /* and from now on that alone */
  int64_t begun_ms = sc_clock_mono_ms();
  sc_http_poll(loop, 20);
  assert_true(sc_clock_mono_ms() - begun_ms >= 19);
  assert_int_equal(write(ends[1], "x", 1), 1);
  sc_http_poll(loop, 3600000);
  sc_http_watch(loop, fileno(file));
  sc_http_poll(loop, 3600000);
  sc_http_watch(loop, -1);
  close(ends[0]);
  close(ends[1]);
  fclose(file);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(heads_and_bodies),
      CASE(what_is_sent),
      CASE(no_redirects),
      CASE(too_large),
      CASE(cut_and_silent),
      CASE(no_tls_without_authorities),
      CASE(paused_time_does_not_count),
      CASE(deadline_counts_again_after_a_pause),
      CASE(fails_on_going_on),
      CASE(cancelled_and_left_over),
      CASE(a_watched_descriptor_ends_the_wait),
      CASE(a_watched_file_ends_the_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
