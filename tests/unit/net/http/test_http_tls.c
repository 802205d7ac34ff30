/* Replies whose TLS records have all been read ahead when the first is looked at: nothing shows on the socket any more.
 * Where a reply is not asked for to its end, its transfer ends by its timeout. */
#include <string.h>

#include "tests/unit/net/http/tls_peer.h"

#include "tests/unit/net/http/http_loop.h" /* behind it: its variables have short names */

#define SCRIPT(...)                                      \
  static const struct tls_answer script[] = __VA_ARGS__; \
  tls_peer_open(&peer, script, sizeof(script) / sizeof(script[0]))

static struct tls_peer peer;

static int make_peer(void **state) {
  (void)state;
  tls_peer_init(&peer);
  return 0;
}

static int free_peer(void **state) {
  (void)state;
  tls_peer_fini(&peer);
  return 0;
}

static int reset(void **state) {
  (void)state;
  open_loop(sc_buf_str(&peer.certs.ca));
  return 0;
}

static int drop(void **state) {
  (void)state;
  close_loop();
  tls_peer_close(&peer);
  return 0;
}

static struct sc_http_request request(void) {
  static const char *const headers[] = {NULL};
  return (struct sc_http_request){
      .url = peer.url, .headers = headers, .body = SC_SLICE_LITERAL("{}"), .timeout_ms = 10000};
}

static void assert_reply(const char *text) {
  struct sc_http_request r = request();
  int rc = sc_http_call(loop, &r, 1000, never, &head, &body, &err);
  if (rc != SC_OK) print_error("%s\n", err.text);
  assert_int_equal(rc, SC_OK);
  assert_int_equal(head.status, 200);
  assert_string_equal(sc_buf_str(&body), text);
}

static void a_record_for_head_and_each_piece(void **state) {
  (void)state;
  SCRIPT({{.records = {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", "abc", "d", "ef"}}});
  assert_reply("abcdef");
}

static void lines_go_through_records(void **state) {
  (void)state;
  SCRIPT({{.records = {"HTT", "P/1.1 200 OK\r\nCont", "ent-Len", "gth: 3\r\n\r", "\n", "abc"}}});
  assert_reply("abc");
}

/* Of a chunk's frame libcurl tells nobody. */
static void frames_of_chunks_have_their_records(void **state) {
  (void)state;
  SCRIPT({{.records = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "3", "\r\n", "abc", "\r\n", "0\r\n",
                       "\r\n"}}});
  assert_reply("abc");
}

static void a_head_alone(void **state) {
  (void)state;
  SCRIPT({{.records = {"HTTP/1.1 200 OK\r\n", "Content-Length: 0\r\n", "\r\n"}}});
  assert_reply("");
}

static void a_record_that_is_no_data(void **state) {
  (void)state;
  SCRIPT({{.ticket = true, .records = {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "abc"}}});
  assert_reply("abc");
}

static void until_the_peer_closes(void **state) {
  (void)state;
  SCRIPT({{.records = {"HTTP/1.1 200 OK\r\n\r\n", "abc", "def"}, .closes = true}});
  assert_reply("abcdef");
}

static void one_connection_for_all(void **state) {
  (void)state;
  SCRIPT({{.records = {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "abc"}},
          {.records = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}},
          {.records = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n", "x\r\n0\r\n\r\n"}},
          {.records = {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "de", "fg"}}});
  assert_reply("abc");
  assert_reply("");
  assert_reply("x");
  assert_reply("defg");
  assert_int_equal(atomic_load(&peer.connections), 1);
}

/* ---- receivers of large bodies ---- */

#define LARGE 1000000
#define LARGE_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"

struct receiving {
  size_t len;
  int takes, then; /* so many pieces until it has no room, and so many whenever it goes on */
  int code;
  bool over, any; /* any: it need not be the peer's filling */
};

static int take_data(void *arg, const struct sc_http_head *h, struct sc_slice chunk, struct sc_error *e) {
  struct receiving *r = arg;
  (void)h, (void)e;
  if (r->takes == 0) return SC_AGAIN;
  r->takes--;
  for (size_t i = 0; !r->any && i < chunk.len; i++) assert_int_equal(chunk.ptr[i], tls_peer_filling(r->len + i));
  r->len += chunk.len;
  return SC_OK;
}

static bool goes_on(void *arg) {
  struct receiving *r = arg;
  r->takes = r->then;
  return r->takes > 0;
}

static void over(void *arg, const struct sc_http_head *h, struct sc_error *e) {
  struct receiving *r = arg;
  (void)h;
  r->code = e->code;
  r->over = true;
}

static void start(struct receiving *r) {
  static const struct sc_http_receiver receiver = {take_data, goes_on, over};
  struct sc_http_request q = request();
  q.receiver = &receiver;
  q.arg = r;
  assert_non_null(sc_http_start(loop, &q, &err));
}

static void many_records(void **state) {
  (void)state;
  SCRIPT({{.records = {LARGE_HEAD}, .filling = LARGE}});
  struct receiving r = {.takes = INT_MAX};
  start(&r);
  while (!r.over) sc_http_poll(loop, 1000);
  assert_int_equal(r.code, SC_OK);
  assert_int_equal(r.len, LARGE);
}

/* It pauses with records read ahead, over and over, and each time goes on with them. */
static void many_records_with_pauses(void **state) {
  (void)state;
  for (int takes = 1; takes <= 3; takes++) {
    static const struct tls_answer script[] = {{.records = {LARGE_HEAD}, .filling = LARGE}};
    if (takes > 1) {
      drop(state);
      reset(state);
    }
    tls_peer_open(&peer, script, 1);
    struct receiving r = {.then = takes};
    start(&r);
    while (!r.over) sc_http_poll(loop, 0);
    assert_int_equal(r.code, SC_OK);
    assert_int_equal(r.len, LARGE);
    assert_true(sc_http_pauses(loop) > 5);
  }
}

/* All is read ahead when it pauses, and nothing of it is left out when it goes on. */
static void a_pause_in_what_is_read_ahead(void **state) {
  (void)state;
  SCRIPT({{.records = {"HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n", "abc", "def", "ghi", "jkl", "mno", "pqr"}}});
  struct receiving r = {.takes = 1};
  start(&r);
  while (sc_http_pauses(loop) == 0) sc_http_poll(loop, 1000);
  for (int i = 0; i < 3; i++) sc_http_poll(loop, 0);
  assert_int_equal(r.len, 3);
  assert_false(r.over);
  r.then = INT_MAX;
  while (!r.over) sc_http_poll(loop, 1000);
  assert_int_equal(r.code, SC_OK);
  assert_int_equal(r.len, 18);
}

/* The record that was cut is whole with the same read that brings the last one. */
static void a_record_comes_in_two_parts(void **state) {
  (void)state;
  SCRIPT({{.records = {"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n", "abc", "0123456789", "def"}, .held = 45}});
  struct receiving r = {.takes = INT_MAX, .any = true};
  start(&r);
  while (r.len < 3) sc_http_poll(loop, 1000);
  tls_peer_go_on(&peer);
  while (!r.over) sc_http_poll(loop, 1000);
  assert_int_equal(r.code, SC_OK);
  assert_int_equal(r.len, 16);
}

/* One that always has bytes keeps no other waiting. */
static void others_have_their_turn(void **state) {
  (void)state;
  SCRIPT({{.records = {"HTTP/1.1 200 OK\r\n\r\n"}, .endless = true}});
  static const struct answer answer = {.status = "200 OK", .body = "abc"};
  struct peer other;
  struct receiving r = {.takes = INT_MAX, .any = true};
  struct sc_http_request q = request();
  peer_open(&other, &answer, 1);
  start(&r);
  while (r.len < 1000) sc_http_poll(loop, 1000);
  q.url = other.url;
  assert_int_equal(sc_http_call(loop, &q, 1000, never, &head, &body, &err), SC_OK);
  assert_false(r.over);
  peer_close(&other);
  peer_free(&other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(a_record_for_head_and_each_piece),
      CASE(lines_go_through_records),
      CASE(frames_of_chunks_have_their_records),
      CASE(a_head_alone),
      CASE(a_record_that_is_no_data),
      CASE(until_the_peer_closes),
      CASE(one_connection_for_all),
      CASE(many_records),
      CASE(many_records_with_pauses),
      CASE(a_pause_in_what_is_read_ahead),
      CASE(a_record_comes_in_two_parts),
      CASE(others_have_their_turn),
  };
  return cmocka_run_group_tests(tests, make_peer, free_peer);
}
