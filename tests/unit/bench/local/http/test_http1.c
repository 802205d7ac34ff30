/* HTTP/1.1 over a socket pair: one end is a connection of the service, the other is what the test writes and reads. */
#include "bench/local/http/http1.h"

#include <stdio.h>

#include "bench/local/http/headers.h"
#include "tests/unit/bench/local/api/next_reply.h"
#include "tests/unit/bench/local/http/wire.h"

struct world {
  struct wire wire;
  struct scl_handler handler;
  struct next_reply next;
  struct sc_buf headers_seen; /* name=value lines */
  struct sc_buf seen;         /* method path target body; a line a request */
};

/* Answers with the request's body between brackets. */
static void handle(void *context, const struct scl_request *request, struct scl_reply *reply) {
  struct world *w = context;
  sc_buf_printf(&w->seen, "%.*s %.*s %.*s %.*s\n", SC_SLICE_ARGS(request->method), SC_SLICE_ARGS(request->path),
                SC_SLICE_ARGS(request->target), (int)(request->body.len < 100 ? request->body.len : 100),
                request->body.ptr == NULL ? "" : request->body.ptr);
  for (int i = 0; i < request->n_headers; i++)
    sc_buf_printf(&w->headers_seen, "%.*s=%.*s\n", SC_SLICE_ARGS(request->headers[i].name),
                  SC_SLICE_ARGS(request->headers[i].value));
  next_reply_fill(&w->next, reply);
  sc_buf_add_str(&reply->content.head, "[");
  sc_buf_add_slice(&reply->content.head, request->body.len < 100 ? request->body : SC_SLICE_LITERAL("long"));
  sc_buf_add_str(&reply->content.tail, "]");
}

static void begin(struct world *w) {
  *w = (struct world){.handler = {.handle = handle, .context = w}};
  next_reply_init(&w->next);
  wire_open(&w->wire, &scl_http1_protocol, &w->handler);
}

static void end(struct world *w) {
  wire_close(&w->wire);
  next_reply_fini(&w->next);
  sc_buf_fini(&w->headers_seen);
  sc_buf_fini(&w->seen);
}

/* As its thread would: only when it was woken. */
static void work_if_woken(struct world *w) {
  if (wire_was_woken(&w->wire)) wire_turn(&w->wire, 1);
}

static void say(struct world *w, const char *text) { wire_say(&w->wire, text, strlen(text)); }

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
  assert_string_equal(sc_buf_str(&w.wire.heard),
                      "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/x\r\n"
                      "Content-Length: 4\r\n\r\n[hi]");
  assert_int_equal(w.wire.wanted, EPOLLIN);
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
      wire_say(&w.wire, text + at, strlen(text) - at < piece ? strlen(text) - at : piece);
    assert_string_equal(sc_buf_str(&w.seen), "POST /path?q=1 T.Op abcdefg\n");
    assert_non_null(strstr(sc_buf_str(&w.wire.heard), "\r\n\r\n[abcdefg]"));
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
  assert_int_equal(count(&w.wire.heard, "HTTP/1.1 200 OK"), 100);
  const char *at = sc_buf_str(&w.wire.heard);
  for (int i = 0; i < 100; i++) {
    char expected[16];
    snprintf(expected, sizeof(expected), "[%03d]", i);
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
  assert_string_equal(sc_buf_str(&w.wire.heard), "HTTP/1.1 100 Continue\r\n\r\n");
  say(&w, "hi");
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "[hi]"));
  end(&w);
}

static void test_close(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say(&w, POST "Connection: close\r\nContent-Length: 2\r\n\r\nhi" POST "Content-Length: 2\r\n\r\nno");
  assert_string_equal(sc_buf_str(&w.seen), "POST / T.Op hi\n");
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "Connection: close\r\n"));
  char byte;
  assert_int_equal(read(w.wire.fd, &byte, 1), 0); /* the end of its output */
  end(&w);
}

static void test_http_1_0(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say(&w, "POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi");
  assert_true(sc_slice_starts(sc_buf_view(&w.wire.heard), "HTTP/1.1 200 OK"));
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "Connection: close\r\n"));
  end(&w);
}

static void test_bad_requests(void **state) {
  (void)state;
  const char *const bad[] = {"rubbish\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                             "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                             "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                             "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    struct world w;
    begin(&w);
    say(&w, bad[i]);
    assert_true(sc_slice_starts(sc_buf_view(&w.wire.heard), "HTTP/1.1 400 Bad Request\r\n"));
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
  assert_true(sc_slice_starts(sc_buf_view(&w.wire.heard), "HTTP/1.1 413 "));
  end(&w);
  begin(&w);
  sc_buf_printf(&text, "POST /%0*d HTTP/1.1\r\n\r\n", SCL_HTTP1_MAX_URL, 7);
  say(&w, sc_buf_str(&text));
  assert_true(sc_slice_starts(sc_buf_view(&w.wire.heard), "HTTP/1.1 400 "));
  end(&w);
  begin(&w);
  sc_buf_clear(&text);
  sc_buf_printf(&text, "POST / HTTP/1.1\r\nX-Amz-Target: %0*d\r\n\r\n", SCL_HEADERS_MAX_BYTES, 7);
  say(&w, sc_buf_str(&text));
  assert_true(sc_slice_starts(sc_buf_view(&w.wire.heard), "HTTP/1.1 431 "));
  end(&w);
  sc_buf_fini(&text);
}

static void test_many_headers(void **state) {
  (void)state;
  for (int more = 0; more <= 1; more++) {
    struct world w;
    struct sc_buf text = SC_BUF_INIT;
    begin(&w);
    sc_buf_add_str(&text, "POST / HTTP/1.1\r\n");
    for (int i = 0; i < SCL_REQUEST_MAX_HEADERS + more; i++) sc_buf_printf(&text, "h%d: v\r\n", i);
    sc_buf_add_str(&text, "\r\n");
    say(&w, sc_buf_str(&text));
    assert_true(sc_slice_starts(sc_buf_view(&w.wire.heard), more == 0 ? "HTTP/1.1 200 " : "HTTP/1.1 431 "));
    assert_int_equal(count(&w.headers_seen, "=v\n"), more == 0 ? SCL_REQUEST_MAX_HEADERS : 0);
    sc_buf_fini(&text);
    end(&w);
  }
}

static void test_headers(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say(&w,
      "POST / HTTP/1.1\r\nHost: a:1\r\nX-Empty:\r\nX-Amz-Date: \t 2026 \r\nTransfer-Encoding: chunked\r\nx-twice: "
      "1\r\nX-Twice: 2\r\n\r\n2\r\nhi\r\n0\r\nTrailer: t\r\n\r\n");
  assert_string_equal(sc_buf_str(&w.headers_seen),
                      "host=a:1\nx-empty=\nx-amz-date=2026\ntransfer-encoding=chunked\nx-twice=1\nx-twice=2\n");
  end(&w);
}

static void test_upgrade_is_ignored(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say(&w, POST "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi" POST
               "Content-Length: 2\r\n\r\nho");
  assert_string_equal(sc_buf_str(&w.seen), "POST / T.Op hi\nPOST / T.Op ho\n");
  end(&w);
}

static void test_retry_after(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.retry_after_ms = 1500;
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "\r\nx-amz-retry-after: 1500\r\n"));
  end(&w);
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
  assert_string_equal(sc_buf_str(&w.wire.heard), "");
  say(&w, "1\r\n!");
  assert_true(sc_slice_starts(sc_buf_view(&w.wire.heard), "HTTP/1.1 413 "));
  sc_buf_fini(&chunk);
  end(&w);
}

static void test_full_body(void **state) {
  (void)state;
  struct world w;
  struct sc_buf body = SC_BUF_INIT;
  begin(&w);
  for (size_t i = 0; i < SCL_HTTP1_MAX_BODY / 16; i++) sc_buf_add_str(&body, "0123456789abcdef");
  say(&w, POST "Content-Length: 20971520\r\n\r\n");
  wire_say(&w.wire, body.ptr, body.len);
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "[long]"));
  sc_buf_fini(&body);
  end(&w);
}

static void test_head(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  say(&w, "HEAD / HTTP/1.1\r\n\r\n");
  w.next.feeds = true;
  say(&w, "HEAD / HTTP/1.1\r\n\r\n");
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "Content-Length: 2\r\n\r\nHTTP/1.1 200 OK\r\n"));
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "Transfer-Encoding: chunked\r\n\r\n"));
  assert_null(strstr(sc_buf_str(&w.wire.heard), "[]"));
  end(&w);
}

/* ---- deliveries ---- */

static void test_delay(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.delivery.delay_ms = 3600000;
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  assert_string_equal(sc_buf_str(&w.wire.heard), "");
  int64_t wake_ms = scl_conn_wake_ms(w.wire.conn);
  wire_turn(&w.wire, wake_ms - 1);
  assert_string_equal(sc_buf_str(&w.wire.heard), "");
  wire_turn(&w.wire, wake_ms);
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "[hi]"));
  assert_int_equal(scl_conn_wake_ms(w.wire.conn), 0);
  end(&w);
}

static void test_truncate(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.delivery = (struct scl_delivery){.is_cut = true, .cut_bytes = 2, .ending = SCL_ENDING_CLOSE};
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  const char *body = strstr(sc_buf_str(&w.wire.heard), "\r\n\r\n");
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "Content-Length: 4\r\n"));
  assert_string_equal(body, "\r\n\r\n[h");
  char byte;
  assert_int_equal(read(w.wire.fd, &byte, 1), 0);
  end(&w);
}

static void test_reset(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.delivery = (struct scl_delivery){.is_cut = true, .cut_bytes = 1000, .ending = SCL_ENDING_RESET};
  say(&w, POST "Content-Length: 2\r\n\r\nhi" POST "Content-Length: 2\r\n\r\nho");
  assert_int_equal(w.wire.wanted, SCL_CONN_CLOSE);
  assert_int_equal(count(&w.wire.heard, "HTTP/1.1"), 1); /* what was asked behind it is not answered */
  end(&w);
}

static void test_half_open(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.delivery = (struct scl_delivery){.is_cut = true, .is_silent = true, .ending = SCL_ENDING_HANG};
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  w.next.delivery = (struct scl_delivery){0};
  say(&w, POST "Content-Length: 2\r\n\r\nho");
  assert_string_equal(sc_buf_str(&w.wire.heard), "");
  assert_string_equal(sc_buf_str(&w.seen), "POST / T.Op hi\n");
  assert_int_equal(w.wire.wanted, EPOLLRDHUP);
  wire_work(&w.wire, EPOLLRDHUP, 1);
  assert_int_equal(w.wire.wanted, SCL_CONN_CLOSE);
  end(&w);
}

/* A body in pieces is the same body. */
static void test_delivery_in_pieces(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.delivery.piece_bytes = 1;
  say(&w, POST "Content-Length: 2\r\n\r\nhi" POST "Content-Length: 2\r\n\r\nho");
  assert_int_equal(count(&w.wire.heard, "Content-Length: 4\r\n\r\n[h"), 2);
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "\r\n\r\n[ho]"));
  end(&w);
}

/* ---- tickets and feeds ---- */

/* A reply waits for its ticket, those behind it wait for it. */
static void test_ticket(void **state) {
  (void)state;
  struct world w;
  struct scl_gate gate;
  scl_gate_init(&gate);
  begin(&w);
  w.next.ticket = (struct scl_ticket){&gate, 5};
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  w.next.ticket = (struct scl_ticket){0};
  say(&w, POST "Content-Length: 2\r\n\r\nho");
  assert_string_equal(sc_buf_str(&w.seen), "POST / T.Op hi\nPOST / T.Op ho\n");
  scl_gate_raise(&gate, 4);
  work_if_woken(&w);
  assert_string_equal(sc_buf_str(&w.wire.heard), "");
  scl_gate_raise(&gate, 5);
  work_if_woken(&w);
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "[hi]HTTP/1.1 200 OK"));
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "[ho]"));
  end(&w);
  scl_gate_fini(&gate);
}

static void test_ticket_of_a_lost_client(void **state) {
  (void)state;
  struct world w;
  struct scl_gate gate;
  scl_gate_init(&gate);
  begin(&w);
  w.next.ticket = (struct scl_ticket){&gate, 5};
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  end(&w);
  scl_gate_raise(&gate, 5);
  scl_gate_fini(&gate); /* nobody listens any more */
}

static const char *body_of(struct world *w) {
  const char *body = strstr(sc_buf_str(&w->wire.heard), "\r\n\r\n");
  return body == NULL ? "" : body + 4;
}

static void test_feed(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.feeds = true;
  w.next.counter.most = 2;
  w.next.counter.end = 3;
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "\r\nTransfer-Encoding: chunked\r\n"));
  assert_null(strstr(sc_buf_str(&w.wire.heard), "Content-Length"));
  assert_string_equal(body_of(&w), "4\r\n[hi]\r\n3\r\n<1>\r\n3\r\n<2>\r\n");
  assert_int_equal(w.wire.wanted, EPOLLIN | EPOLLRDHUP);
  w.next.feeds = false;
  say(&w, POST "Content-Length: 2\r\n\r\nho"); /* is answered behind it */
  counter_raise(&w.next.counter, 3);
  work_if_woken(&w);
  assert_non_null(strstr(body_of(&w), "3\r\n<3>\r\n0\r\n\r\nHTTP/1.1 200 OK"));
  assert_int_equal(w.next.counter.n_open, 0);
  assert_int_equal(w.wire.wanted, EPOLLIN);
  end(&w);
}

/* A client that does not read holds one chunk. */
static void test_feed_unread(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.feeds = true;
  w.next.counter.pad = 1 << 20;
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  int small = 4096;
  assert_int_equal(setsockopt(w.wire.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
  counter_raise(&w.next.counter, 100);
  assert_true(wire_was_woken(&w.wire));
  wire_work(&w.wire, 0, 1);
  assert_int_equal(w.wire.wanted, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
  w.next.counter.most = 1; /* no more than one was asked for: what follows is not there any more */
  for (int i = 0; i < 1000 && wire_wants_to_write(&w.wire); i++) wire_turn(&w.wire, 1);
  assert_int_equal(count(&w.wire.heard, "<1>"), 1);
  assert_int_equal(count(&w.wire.heard, "<2>"), 0);
  assert_int_equal(w.wire.heard.len > 1 << 20, true);
  end(&w);
}

static void test_feed_hangup(void **state) {
  (void)state;
  for (int half = 0; half <= 1; half++) {
    struct world w;
    begin(&w);
    w.next.feeds = true;
    say(&w, POST "Content-Length: 2\r\n\r\nhi");
    assert_int_equal(w.next.counter.n_open, 1);
    shutdown(w.wire.fd, half == 1 ? SHUT_WR : SHUT_RDWR);
    wire_work(&w.wire, half == 1 ? EPOLLIN : EPOLLRDHUP, 1);
    assert_int_equal(w.wire.wanted, SCL_CONN_CLOSE);
    assert_int_equal(w.next.counter.n_open, 0);
    end(&w);
  }
}

static void test_feed_http_1_0(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.feeds = true;
  w.next.counter.most = w.next.counter.end = 2;
  say(&w, "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi");
  assert_string_equal(body_of(&w), "[hi]<1><2>");
  assert_non_null(strstr(sc_buf_str(&w.wire.heard), "Connection: close\r\n"));
  char byte;
  assert_int_equal(read(w.wire.fd, &byte, 1), 0);
  end(&w);
}

static void test_feed_ticket(void **state) {
  (void)state;
  struct world w;
  struct scl_gate gate;
  scl_gate_init(&gate);
  begin(&w);
  w.next.feeds = true;
  w.next.counter.most = 1;
  w.next.counter.ticket = (struct scl_ticket){&gate, 1};
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  assert_string_equal(body_of(&w), "4\r\n[hi]\r\n");
  scl_gate_raise(&gate, 1);
  work_if_woken(&w);
  assert_string_equal(body_of(&w), "4\r\n[hi]\r\n3\r\n<1>\r\n");
  end(&w);
  scl_gate_fini(&gate);
}

/* The second chunk is what the fault says; whatever its ending, the feed is closed. */
static void test_feed_faults(void **state) {
  (void)state;
  const struct {
    struct scl_delivery delivery;
    const char *body;
  } cases[] = {
      {{.piece_bytes = 2}, "4\r\n[hi]\r\n3\r\n<1>\r\n2\r\n<2\r\n1\r\n>\r\n3\r\n<3>\r\n0\r\n\r\n"},
      {{.is_cut = true, .cut_bytes = 1, .ending = SCL_ENDING_CLOSE}, "4\r\n[hi]\r\n3\r\n<1>\r\n1\r\n<\r\n"},
      {{.is_silent = true, .ending = SCL_ENDING_RESET}, "4\r\n[hi]\r\n3\r\n<1>\r\n"},
      {{.ending = SCL_ENDING_STREAM}, "4\r\n[hi]\r\n3\r\n<1>\r\n3\r\n<2>\r\n0\r\n\r\n"},
      {{.ending = SCL_ENDING_GOAWAY}, "4\r\n[hi]\r\n3\r\n<1>\r\n3\r\n<2>\r\n0\r\n\r\n"},
      {{.is_silent = true, .ending = SCL_ENDING_HANG}, "4\r\n[hi]\r\n3\r\n<1>\r\n"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct world w;
    begin(&w);
    w.next.feeds = true;
    w.next.counter.most = w.next.counter.end = 3;
    w.next.counter.fault_at = 2;
    w.next.counter.delivery = cases[i].delivery;
    say(&w, POST "Content-Length: 2\r\n\r\nhi");
    assert_string_equal(body_of(&w), cases[i].body);
    end(&w);
  }
}

/* A fault of the reply counts the bytes of the whole body. */
static void test_feed_cut(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.feeds = true;
  w.next.counter.most = w.next.counter.end = 3;
  w.next.delivery = (struct scl_delivery){.is_cut = true, .cut_bytes = 9, .ending = SCL_ENDING_CLOSE};
  say(&w, POST "Content-Length: 2\r\n\r\nhi");
  assert_string_equal(body_of(&w), "4\r\n[hi]\r\n3\r\n<1>\r\n2\r\n<2\r\n");
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reply),         cmocka_unit_test(test_pieces),
      cmocka_unit_test(test_pipeline),      cmocka_unit_test(test_continue),
      cmocka_unit_test(test_close),         cmocka_unit_test(test_http_1_0),
      cmocka_unit_test(test_bad_requests),  cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_large_chunked), cmocka_unit_test(test_full_body),
      cmocka_unit_test(test_head),          cmocka_unit_test(test_delay),
      cmocka_unit_test(test_truncate),      cmocka_unit_test(test_reset),
      cmocka_unit_test(test_half_open),     cmocka_unit_test(test_many_headers),
      cmocka_unit_test(test_headers),       cmocka_unit_test(test_upgrade_is_ignored),
      cmocka_unit_test(test_retry_after),   cmocka_unit_test(test_delivery_in_pieces),
      cmocka_unit_test(test_ticket),        cmocka_unit_test(test_ticket_of_a_lost_client),
      cmocka_unit_test(test_feed),          cmocka_unit_test(test_feed_unread),
      cmocka_unit_test(test_feed_hangup),   cmocka_unit_test(test_feed_http_1_0),
      cmocka_unit_test(test_feed_ticket),   cmocka_unit_test(test_feed_faults),
      cmocka_unit_test(test_feed_cut),
  };
  return cmocka_run_group_tests_name("local/http1", tests, NULL, NULL);
}
