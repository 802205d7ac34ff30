/* Which HTTP a connection speaks, by its first bytes, and the upgrade from one to the other. */
#include "bench/local/http.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "engine/base/error.h"
#include "tests/unit/base/check.h"

struct world {
  int fd;
  struct sc_conn *conn;
  struct sc_conn_scratch *scratch;
  struct sc_waker waker;
  struct sc_wake wake;
  struct sc_site site;
  int wanted;
  struct sc_buf seen, answer;
};

static void handle(void *context, const struct sc_request *request, struct sc_reply *reply) {
  struct world *w = context;
  sc_buf_printf(&w->seen, "%.*s %.*s\n", SC_SLICE_ARGS(request->path), SC_SLICE_ARGS(request->body));
  reply->status = 200;
  sc_buf_printf(&reply->content.head, "[%.*s]", SC_SLICE_ARGS(request->body));
}

static void begin(struct world *w) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  *w = (struct world){.fd = fds[0], .scratch = sc_alloc(sizeof *w->scratch), .site = {handle, w, 0}};
  assert_true(sc_waker_init(&w->waker));
  w->wake = (struct sc_wake){.waker = &w->waker, .owner = w};
  w->conn = sc_conn_open(fds[1], NULL, true, &sc_http_protocol, &w->site, &w->wake);
}

static void end(struct world *w) {
  if (w->wanted != SC_CONN_CLOSE) sc_conn_close(w->conn);
  close(w->fd);
  free(w->scratch);
  sc_waker_fini(&w->waker);
  sc_buf_fini(&w->seen);
  sc_buf_fini(&w->answer);
}

static void say_bytes(struct world *w, const void *bytes, size_t len) {
  char read_bytes[4096];
  ssize_t n;
  if (w->wanted == SC_CONN_CLOSE) return;
  assert_int_equal(write(w->fd, bytes, len), len);
  do w->wanted = sc_conn_work(w->conn, EPOLLIN, 1, w->scratch);
  while (w->wanted != SC_CONN_CLOSE && (w->wanted & EPOLLOUT) != 0);
  if (w->wanted == SC_CONN_CLOSE) sc_conn_close(w->conn);
  while ((n = read(w->fd, read_bytes, sizeof read_bytes)) > 0) sc_buf_add(&w->answer, read_bytes, (size_t)n);
}

static void say_in_pieces(struct world *w, struct sc_slice text, size_t piece) {
  for (size_t at = 0; at < text.len; at += piece)
    say_bytes(w, text.ptr + at, text.len - at < piece ? text.len - at : piece);
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
    assert_true(w.answer.len > 9);
    assert_int_equal(w.answer.ptr[3], NGHTTP2_SETTINGS);
    assert_int_equal(w.wanted, EPOLLIN | EPOLLRDHUP);
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
    assert_true(sc_slice_starts(sc_buf_view(&w.answer), "HTTP/1.1 200 OK\r\n"));
    end(&w);
  }
}

/* Whether the answer is the switch and then, framed, the reply's body. */
static bool is_switched(const struct world *w) {
  static const char switching[] = "HTTP/1.1 101 Switching Protocols\r\n";
  const char *frames = strstr(sc_buf_str(&w->answer), "\r\n\r\n");
  if (!sc_slice_starts(sc_buf_view(&w->answer), switching) || frames == NULL) return false;
  return memmem(frames + 4, w->answer.len - (size_t)(frames + 4 - w->answer.ptr), "[hi]", 4) != NULL;
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
  assert_non_null(memmem(w.answer.ptr, w.answer.len, "[h", 2));
  say_in_pieces(&w, SC_SLICE_LITERAL("\x00\x00\x04\x08\x00\x00\x00\x00\x01\x00\x00\x00\x09"), 1000);
  assert_non_null(memmem(w.answer.ptr, w.answer.len, "i]", 2));
  end(&w);
}

/* What cannot be granted is answered as if it had not been asked. */
static void test_no_upgrade(void **state) {
  (void)state;
  const char *const wishes[] = {
      UPGRADE "\r\nhi",                                                     /* no settings */
      UPGRADE "HTTP2-Settings: !\r\n\r\nhi",                                /* bad ones */
      UPGRADE "HTTP2-Settings: AAMA\r\n\r\nhi",                             /* half of one */
      "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi",                /* something else */
      UPGRADE "Expect: 100-continue\r\nHTTP2-Settings: AAMAAABk\r\n\r\nhi", /* an answer goes before it */
      "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\nhi",                 /* the connection is not named */
  };
  for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
    struct world w;
    struct sc_buf text = SC_BUF_INIT;
    begin(&w);
    sc_buf_printf(&text, "%s%s%s\r\nhi", ASK, wishes[i], ASK);
    say_in_pieces(&w, sc_buf_view(&text), 1000);
    assert_string_equal(sc_buf_str(&w.seen), "/p hi\n/p hi\n");
    assert_null(strstr(sc_buf_str(&w.answer), " 101 "));
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
  assert_int_equal(read(w.fd, &byte, 1), 0);
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
