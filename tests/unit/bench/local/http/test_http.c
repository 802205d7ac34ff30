/* Which HTTP a connection speaks, by its first bytes, and the upgrade from one to the other. */
#include "bench/local/http/http.h"

#include <nghttp2/nghttp2.h>

#include "tests/unit/bench/local/http/wire.h"

struct world {
  struct wire wire;
  struct scl_handler handler;
  struct sc_buf seen;
};

static void handle(void *context, const struct scl_request *request, struct scl_reply *reply) {
  struct world *w = context;
  sc_buf_printf(&w->seen, "%.*s %.*s\n", SC_SLICE_ARGS(request->path), SC_SLICE_ARGS(request->body));
  reply->status = 200;
  sc_buf_printf(&reply->content.head, "[%.*s]", SC_SLICE_ARGS(request->body));
}

static void begin(struct world *w) {
  *w = (struct world){.handler = {handle, w, 0}};
  wire_open(&w->wire, &scl_http_protocol, &w->handler);
}

static void end(struct world *w) {
  wire_close(&w->wire);
  sc_buf_fini(&w->seen);
}

static void say_in_pieces(struct world *w, struct sc_slice text, size_t piece) {
  for (size_t at = 0; at < text.len; at += piece)
    wire_say(&w->wire, text.ptr + at, text.len - at < piece ? text.len - at : piece);
}

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define EMPTY_SETTINGS "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

static void test_preface(void **state) {
  (void)state;
  struct sc_slice text = SC_SLICE_LITERAL(PREFACE EMPTY_SETTINGS);
  for (size_t piece = 1; piece <= text.len; piece++) {
    struct world w;
    begin(&w);
    say_in_pieces(&w, text, piece);
    assert_true(w.wire.heard.len > 9);
    assert_int_equal(w.wire.heard.ptr[3], NGHTTP2_SETTINGS);
    assert_int_equal(w.wire.wanted, EPOLLIN | EPOLLRDHUP);
    end(&w);
  }
}

static void test_http1(void **state) {
  (void)state;
  struct sc_slice text = SC_SLICE_LITERAL("PROPFIND /p HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
  for (size_t piece = 1; piece <= text.len; piece++) {
    struct world w;
    begin(&w);
    say_in_pieces(&w, text, piece);
    assert_string_equal(sc_buf_str(&w.seen), "/p hi\n");
    assert_true(sc_slice_starts(sc_buf_view(&w.wire.heard), "HTTP/1.1 200 OK\r\n"));
    end(&w);
  }
}

/* Whether the answer is the switch and then, framed, the reply's body. */
static bool is_switched(const struct world *w) {
  static const char switching[] = "HTTP/1.1 101 Switching Protocols\r\n";
  const char *frames = strstr(sc_buf_str(&w->wire.heard), "\r\n\r\n");
  if (!sc_slice_starts(sc_buf_view(&w->wire.heard), switching) || frames == NULL) return false;
  return memmem(frames + 4, w->wire.heard.len - (size_t)(frames + 4 - w->wire.heard.ptr), "[hi]", 4) != NULL;
}

#define ASK "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
#define UPGRADE "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"

static void test_upgrade(void **state) {
  (void)state;
  struct sc_slice text =
      SC_SLICE_LITERAL(ASK UPGRADE "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\nhi" PREFACE EMPTY_SETTINGS);
  for (size_t piece = 1; piece <= text.len; piece++) {
    struct world w;
    begin(&w);
    say_in_pieces(&w, text, piece);
    assert_string_equal(sc_buf_str(&w.seen), "/p hi\n");
    assert_true(is_switched(&w));
    end(&w);
  }
}

/* The window of the client's HTTP2-Settings holds: 2 bytes at first. */
static void test_upgrade_settings(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say_in_pieces(&w,
                SC_SLICE_LITERAL(ASK UPGRADE "HTTP2-Settings: AAQAAAAC\r\n\r\nhi" PREFACE
                                             "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x02"),
                1000);
  assert_false(is_switched(&w));
  assert_non_null(memmem(w.wire.heard.ptr, w.wire.heard.len, "[h", 2));
  say_in_pieces(&w, SC_SLICE_LITERAL("\x00\x00\x04\x08\x00\x00\x00\x00\x01\x00\x00\x00\x09"), 1000);
  assert_non_null(memmem(w.wire.heard.ptr, w.wire.heard.len, "i]", 2));
  end(&w);
}

/* What cannot be granted is answered as if it had not been asked. */
static void test_no_upgrade(void **state) {
  (void)state;
  const char *const requests[] = {
      UPGRADE "\r\nhi",                                                     /* no settings */
      UPGRADE "HTTP2-Settings: !\r\n\r\nhi",                                /* bad ones */
      UPGRADE "HTTP2-Settings: AAMA\r\n\r\nhi",                             /* half of one */
      "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi",                /* something else */
      UPGRADE "Expect: 100-continue\r\nHTTP2-Settings: AAMAAABk\r\n\r\nhi", /* an answer goes before it */
      "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\nhi",                 /* the connection is not named */
  };
  for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
    struct world w;
    struct sc_buf text = SC_BUF_INIT;
    begin(&w);
    sc_buf_printf(&text, "%s%s%s\r\nhi", ASK, requests[i], ASK);
    say_in_pieces(&w, sc_buf_view(&text), 1000);
    assert_string_equal(sc_buf_str(&w.seen), "/p hi\n/p hi\n");
    assert_null(strstr(sc_buf_str(&w.wire.heard), " 101 "));
    sc_buf_fini(&text);
    end(&w);
  }
}

static void test_upgrade_then_rubbish(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say_in_pieces(&w, SC_SLICE_LITERAL(ASK UPGRADE "HTTP2-Settings: AAMAAABk\r\n\r\nhiPOST / HTTP/1.1\r\n\r\n, and more"),
                1000);
  char byte;
  assert_int_equal(read(w.wire.fd, &byte, 1), 0);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_preface),    cmocka_unit_test(test_http1),
      cmocka_unit_test(test_upgrade),    cmocka_unit_test(test_upgrade_settings),
      cmocka_unit_test(test_no_upgrade), cmocka_unit_test(test_upgrade_then_rubbish),
  };
  return cmocka_run_group_tests_name("local/http", tests, NULL, NULL);
}
