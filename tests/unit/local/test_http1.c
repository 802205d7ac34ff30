/* HTTP/1.1 over a socket pair: one end is a connection of the service, the other is what the test writes and reads. */
#include "bench/local/http1.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "engine/base/error.h"
#include "tests/unit/base/check.h"

struct world {
  int fd; /* the client's end */
  struct sc_conn *conn;
  struct sc_conn_scratch *scratch;
  struct sc_site site;
  struct sc_buf seen;          /* method path target body; a line a request */
  struct sc_delivery delivery; /* of the next replies */
  struct sc_buf answer;
  int wanted;
};

/* Answers with the request's body between brackets. */
static void handle(void *context, const struct sc_request *request, struct sc_reply *reply) {
  struct world *w = context;
  sc_buf_printf(&w->seen, "%.*s %.*s %.*s %.*s\n", SC_SLICE_ARGS(request->method), SC_SLICE_ARGS(request->path),
                SC_SLICE_ARGS(request->target), (int)(request->body.len < 100 ? request->body.len : 100),
                request->body.ptr == NULL ? "" : request->body.ptr);
  reply->status = 200;
  reply->content_type = "text/x";
  reply->delivery = w->delivery;
  sc_buf_add_str(&reply->content.head, "[");
  sc_buf_add_slice(&reply->content.head, request->body.len < 100 ? request->body : SC_SLICE_LITERAL("long"));
  sc_buf_add_str(&reply->content.tail, "]");
}

static void begin(struct world *w) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  *w = (struct world){.fd = fds[0], .scratch = sc_alloc(sizeof *w->scratch)};
  w->site = (struct sc_site){handle, w};
  w->conn = sc_conn_open(fds[1], NULL, true, &sc_http1_protocol, &w->site);
}

static void end(struct world *w) {
  if (w->wanted != SC_CONN_CLOSE) sc_conn_close(w->conn);
  close(w->fd);
  free(w->scratch);
  sc_buf_fini(&w->seen);
  sc_buf_fini(&w->answer);
}

/* Lets the connection work at that time and reads what it says. */
static void work(struct world *w, int64_t now_ms) {
  char bytes[4096];
  ssize_t n;
  w->wanted = sc_conn_work(w->conn, EPOLLIN, now_ms, w->scratch);
  if (w->wanted == SC_CONN_CLOSE) sc_conn_close(w->conn);
  while ((n = read(w->fd, bytes, sizeof bytes)) > 0) sc_buf_add(&w->answer, bytes, (size_t)n);
}

static void say_bytes(struct world *w, const char *bytes, size_t len) {
  while (len > 0) {
    ssize_t n = write(w->fd, bytes, len);
    if (n < 0 && errno == EAGAIN) n = 0;
    if (n < 0) return; /* it hung up; the answer tells why */
    bytes += n;
    len -= (size_t)n;
    work(w, 1);
    if (w->wanted == SC_CONN_CLOSE) return;
  }
}

static void say(struct world *w, const char *text) { say_bytes(w, text, strlen(text)); }

static int count(const struct sc_buf *text, const char *what) {
  int n = 0;
  for (const char *at = sc_buf_str(text); (at = strstr(at, what)) != NULL; at += strlen(what)) n++;
  return n;
}

#define POST "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: T.Op\r\n"

static void test_reply(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  assert_string_equal(sc_buf_str(&w.seen), "POST / T.Op hi\n");
  assert_string_equal(sc_buf_str(&w.answer),
                      "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/x\r\n"
                      "Content-Length: 4\r\n\r\n[hi]");
  assert_int_equal(w.wanted, EPOLLIN);
  end(&w);
}

/* The same bytes in pieces of every size give the same answer. */
static void test_pieces(void **state) {
  (void)state;
  const char *text =
      "POST /path?q=1 HTTP/1.1\r\nhost: x\r\nx-AMZ-target: T.Op\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n";
  for (size_t piece = 1; piece < strlen(text); piece++) {
    struct world w;
    begin(&w);
    for (size_t at = 0; at < strlen(text); at += piece)
      say_bytes(&w, text + at, strlen(text) - at < piece ? strlen(text) - at : piece);
    assert_string_equal(sc_buf_str(&w.seen), "POST /path?q=1 T.Op abcdefg\n");
    assert_non_null(strstr(sc_buf_str(&w.answer), "\r\n\r\n[abcdefg]"));
    end(&w);
  }
}

static void test_pipeline(void **state) {
  (void)state;
  struct world w;
  struct sc_buf text = SC_BUF_INIT;
  begin(&w);
  for (int i = 0; i < 100; i++) sc_buf_printf(&text, POST "Content-Length: 3\r\n\r\n%03d", i);
  say(&w, sc_buf_str(&text));
  assert_int_equal(count(&w.answer, "HTTP/1.1 200 OK"), 100);
  const char *at = sc_buf_str(&w.answer);
  for (int i = 0; i < 100; i++) {
    char expected[16];
    snprintf(expected, sizeof expected, "[%03d]", i);
    at = strstr(at, expected);
    assert_non_null(at);
  }
  sc_buf_fini(&text);
  end(&w);
}

static void test_continue(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say(&w, POST "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  assert_string_equal(sc_buf_str(&w.answer), "HTTP/1.1 100 Continue\r\n\r\n");
  say(&w, "hi");
  assert_non_null(strstr(sc_buf_str(&w.answer), "[hi]"));
  end(&w);
}

static void test_close(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say(&w, POST "Connection: close\r\nContent-Length: 2\r\n\r\nhi" POST "Content-Length: 2\r\n\r\nno");
  assert_string_equal(sc_buf_str(&w.seen), "POST / T.Op hi\n");
  assert_non_null(strstr(sc_buf_str(&w.answer), "Connection: close\r\n"));
  char byte;
  assert_int_equal(read(w.fd, &byte, 1), 0); /* the end of its output */
  end(&w);
}

static void test_http_1_0(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say(&w, "POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi");
  assert_true(sc_slice_starts(sc_buf_view(&w.answer), "HTTP/1.1 200 OK"));
  assert_non_null(strstr(sc_buf_str(&w.answer), "Connection: close\r\n"));
  end(&w);
}

static void test_bad_requests(void **state) {
  (void)state;
  const char *const bad[] = {"rubbish\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                             "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                             "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                             "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct world w;
    begin(&w);
    say(&w, bad[i]);
    assert_true(sc_slice_starts(sc_buf_view(&w.answer), "HTTP/1.1 400 Bad Request\r\n"));
    assert_string_equal(sc_buf_str(&w.seen), "");
    end(&w);
  }
}

static void test_bounds(void **state) {
  (void)state;
  struct world w;
  struct sc_buf text = SC_BUF_INIT;
  begin(&w);
  say(&w, POST "Content-Length: 20971521\r\n\r\n");
  assert_true(sc_slice_starts(sc_buf_view(&w.answer), "HTTP/1.1 413 "));
  end(&w);
  begin(&w);
  sc_buf_printf(&text, "POST /%0*d HTTP/1.1\r\n\r\n", SC_HTTP1_MAX_FIELD, 7);
  say(&w, sc_buf_str(&text));
  assert_true(sc_slice_starts(sc_buf_view(&w.answer), "HTTP/1.1 400 "));
  end(&w);
  begin(&w);
  sc_buf_clear(&text);
  sc_buf_printf(&text, "POST / HTTP/1.1\r\nX-Amz-Target: %0*d\r\n\r\n", SC_HTTP1_MAX_FIELD + 1, 7);
  say(&w, sc_buf_str(&text));
  assert_true(sc_slice_starts(sc_buf_view(&w.answer), "HTTP/1.1 400 "));
  end(&w);
  sc_buf_fini(&text);
}

/* A chunked body has no length to refuse it by: it is refused when it has grown too large. */
static void test_large_chunked(void **state) {
  (void)state;
  struct world w;
  struct sc_buf chunk = SC_BUF_INIT;
  begin(&w);
  sc_buf_add_str(&chunk, "100000\r\n");
  for (int i = 0; i < 1 << 16; i++) sc_buf_add_str(&chunk, "0123456789abcdef");
  sc_buf_add_str(&chunk, "\r\n");
  say(&w, POST "Transfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; i++) say(&w, sc_buf_str(&chunk));
  assert_string_equal(sc_buf_str(&w.answer), "");
  say(&w, "1\r\n!");
  assert_true(sc_slice_starts(sc_buf_view(&w.answer), "HTTP/1.1 413 "));
  sc_buf_fini(&chunk);
  end(&w);
}

static void test_full_body(void **state) {
  (void)state;
  struct world w;
  struct sc_buf body = SC_BUF_INIT;
  begin(&w);
  for (size_t i = 0; i < SC_HTTP1_MAX_BODY / 16; i++) sc_buf_add_str(&body, "0123456789abcdef");
  say(&w, POST "Content-Length: 20971520\r\n\r\n");
  say_bytes(&w, body.ptr, body.len);
  assert_non_null(strstr(sc_buf_str(&w.answer), "[long]"));
  sc_buf_fini(&body);
  end(&w);
}

static void test_head(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say(&w, "HEAD / HTTP/1.1\r\n\r\n");
  assert_non_null(strstr(sc_buf_str(&w.answer), "Content-Length: 2\r\n\r\n"));
  assert_null(strstr(sc_buf_str(&w.answer), "[]"));
  end(&w);
}

/* --- deliveries ---------------------------------------------------------------------------------------------------- */

static void test_delay(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.delivery.delay_ms = 3600000;
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  assert_string_equal(sc_buf_str(&w.answer), "");
  int64_t wake_ms = sc_conn_wake_ms(w.conn);
  work(&w, wake_ms - 1);
  assert_string_equal(sc_buf_str(&w.answer), "");
  work(&w, wake_ms);
  assert_non_null(strstr(sc_buf_str(&w.answer), "[hi]"));
  assert_int_equal(sc_conn_wake_ms(w.conn), 0);
  end(&w);
}

static void test_truncate(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.delivery = (struct sc_delivery){.is_cut = true, .cut_bytes = 2, .ending = SC_ENDING_CLOSE};
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  const char *body = strstr(sc_buf_str(&w.answer), "\r\n\r\n");
  assert_non_null(strstr(sc_buf_str(&w.answer), "Content-Length: 4\r\n"));
  assert_string_equal(body, "\r\n\r\n[h");
  char byte;
  assert_int_equal(read(w.fd, &byte, 1), 0);
  end(&w);
}

static void test_reset(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.delivery = (struct sc_delivery){.is_cut = true, .cut_bytes = 1000, .ending = SC_ENDING_RESET};
  say(&w, POST "Content-Length: 2\r\n\r\nhi" POST "Content-Length: 2\r\n\r\nho");
  assert_int_equal(w.wanted, SC_CONN_CLOSE);
  assert_int_equal(count(&w.answer, "HTTP/1.1"), 1); /* what was asked behind it is not answered */
  end(&w);
}

static void test_half_open(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.delivery = (struct sc_delivery){.is_cut = true, .is_silent = true, .ending = SC_ENDING_HANG};
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  w.delivery = (struct sc_delivery){0};
  say(&w, POST "Content-Length: 2\r\n\r\nho");
  assert_string_equal(sc_buf_str(&w.answer), "");
  assert_string_equal(sc_buf_str(&w.seen), "POST / T.Op hi\n");
  assert_int_equal(w.wanted, EPOLLRDHUP);
  assert_int_equal(sc_conn_work(w.conn, EPOLLRDHUP, 1, w.scratch), SC_CONN_CLOSE);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reply),        cmocka_unit_test(test_pieces), cmocka_unit_test(test_pipeline),
      cmocka_unit_test(test_continue),     cmocka_unit_test(test_close),  cmocka_unit_test(test_http_1_0),
      cmocka_unit_test(test_bad_requests), cmocka_unit_test(test_bounds), cmocka_unit_test(test_large_chunked),
      cmocka_unit_test(test_full_body),    cmocka_unit_test(test_head),   cmocka_unit_test(test_delay),
      cmocka_unit_test(test_truncate),     cmocka_unit_test(test_reset),  cmocka_unit_test(test_half_open),
  };
  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests_name("local/http1", tests, NULL, NULL);
}
