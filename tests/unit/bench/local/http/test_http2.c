/* HTTP/2 over a socket pair, with nghttp2 as the client. */
#include "bench/local/http/http2.h"

#include "tests/unit/bench/local/http/http2_world.h"

/* ---- requests ---- */

static void test_request(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  struct h2_body body = {"hi", 2};
  int32_t id = h2_ask(&w.client, "POST", "/p?q", &body);
  h2_run(&w.client, 1);
  struct h2_answer *answer = h2_answer_of(&w.client, id);
  assert_string_equal(sc_buf_str(&w.seen), "POST /p?q T.Op [2] host=a:1 x-amz-target=T.Op\n");
  assert_int_equal(answer->status, 200);
  assert_string_equal(
      sc_buf_str(&answer->fields),
      "date=Thu, 01 Jan 1970 00:00:00 GMT\nx-amz-retry-after=7\ncontent-type=text/x\ncontent-length=11\n");
  check_body(answer, "hello world");
  check_closed(answer, NGHTTP2_NO_ERROR);
  assert_int_equal(w.client.announced, SCL_HTTP2_STREAMS);
  assert_int_equal(nghttp2_session_get_remote_settings(w.client.nghttp2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE),
                   1048576);
  assert_int_equal(nghttp2_session_get_remote_settings(w.client.nghttp2, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), 16384);
  end(&w);
}

#define MANY 400

static void test_many_requests(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  for (int i = 0; i < MANY; i++) h2_ask(&w.client, i % 2 == 0 ? "GET" : "HEAD", "/", NULL);
  h2_run(&w.client, 1);
  int answered = 0, refused = 0;
  for (int i = 0; i < MANY; i++) {
    struct h2_answer *answer = &w.client.answers[i];
    assert_true(answer->is_closed);
    if (answer->code == NGHTTP2_REFUSED_STREAM) refused++;
    else {
      answered++;
      check_body(answer, i % 2 == 0 ? "hello world" : "");
      assert_int_equal(answer->status, 200);
    }
  }
  assert_int_equal(answered + refused, MANY);
  assert_true(answered >= SCL_HTTP2_STREAMS);
  end(&w);
}

static void test_bodies(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  struct sc_buf text = SC_BUF_INIT;
  for (size_t i = 0; i <= SCL_HTTP1_MAX_BODY / 16; i++) sc_buf_add_str(&text, "0123456789abcdef");
  struct h2_body whole = {text.ptr, SCL_HTTP1_MAX_BODY}, more = {text.ptr, SCL_HTTP1_MAX_BODY + 1};
  int32_t id = h2_ask(&w.client, "POST", "/", &whole);
  h2_run(&w.client, 1);
  assert_int_equal(h2_answer_of(&w.client, id)->status, 200);
  assert_non_null(strstr(sc_buf_str(&w.seen), " [20971520] "));
  id = h2_ask(&w.client, "POST", "/", &more);
  h2_run(&w.client, 1);
  assert_int_equal(h2_answer_of(&w.client, id)->status, 413);
  assert_int_equal(ask(&w)->status, 200);
  sc_buf_fini(&text);
  end(&w);
}

/* Four bodies that are not whole are as much as a connection may have under way. */
static void test_bodies_in_all(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  struct sc_buf text = SC_BUF_INIT;
  struct h2_body bodies[5];
  for (size_t i = 0; i < SCL_HTTP1_MAX_BODY / 16; i++) sc_buf_add_str(&text, "0123456789abcdef");
  for (int i = 0; i < 5; i++) bodies[i] = (struct h2_body){text.ptr, text.len};
  for (int i = 0; i < 5; i++) h2_ask(&w.client, "POST", "/", &bodies[i]);
  h2_run(&w.client, 1);
  int good = 0, refused = 0;
  for (int i = 0; i < 5; i++) {
    good += w.client.answers[i].status == 200;
    refused += w.client.answers[i].code == NGHTTP2_ENHANCE_YOUR_CALM;
  }
  assert_int_equal(good + refused, 5);
  assert_true(refused >= 1 && good >= 3);
  sc_buf_fini(&text);
  end(&w);
}

static int32_t ask_with_headers(struct world *w, int n, const char *value) {
  nghttp2_nv fields[SCL_REQUEST_MAX_HEADERS + 10] = {h2_field(":method", "GET"), h2_field(":scheme", "http"),
                                                     h2_field(":authority", "a:1"), h2_field(":path", "/")};
  for (int i = 0; i < n; i++) fields[4 + i] = h2_field("x", value);
  return nghttp2_submit_request(w->client.nghttp2, NULL, fields, 4 + (size_t)n, NULL, NULL);
}

static void test_headers(void **state) {
  (void)state;
  struct world w;
  char *value = malloc(SCL_HEADERS_MAX_BYTES + 1);
  memset(value, 'v', SCL_HEADERS_MAX_BYTES);
  value[SCL_HEADERS_MAX_BYTES] = '\0';
  begin(&w);
  int32_t most = ask_with_headers(&w, SCL_REQUEST_MAX_HEADERS - 1, "v"); /* and host */
  int32_t more = ask_with_headers(&w, SCL_REQUEST_MAX_HEADERS, "v");
  int32_t large = ask_with_headers(&w, 1, value);
  h2_run(&w.client, 1);
  assert_int_equal(h2_answer_of(&w.client, most)->status, 200);
  assert_int_equal(h2_answer_of(&w.client, more)->status, 431);
  assert_int_equal(h2_answer_of(&w.client, large)->status, 431);
  free(value);
  end(&w);
}

static void test_ping(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  assert_int_equal(nghttp2_submit_ping(w.client.nghttp2, NGHTTP2_FLAG_NONE, (const uint8_t *)"12345678"), 0);
  h2_run(&w.client, 1);
  assert_int_equal(w.client.n_pongs, 1);
  end(&w);
}

static void test_no_preface(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  assert_int_equal(send(w.client.wire.fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  wire_work(&w.client.wire, EPOLLIN, 1);
  while (h2_hear(&w.client)) continue;
  assert_true(w.client.saw_end);
  end(&w);
}

static void send_frame(struct world *w, uint8_t type, uint8_t flags, int32_t id) {
  static const char PAYLOAD[] = "\x82\x86\x84"; /* HPACK: GET, http and / */
  const char head[] = {0, 0, 3, (char)type, (char)flags, 0, 0, 0, (char)id};
  assert_int_equal(send(w->client.wire.fd, head, sizeof(head), 0), sizeof(head));
  assert_int_equal(send(w->client.wire.fd, PAYLOAD, 3, 0), 3);
  wire_work(&w->client.wire, EPOLLIN, 1);
  h2_run(&w->client, 1);
}

/* RFC 9113, 5.1 and 5.1.1: the stream was ended by its client, or a later one was opened before it. */
static void test_frames_out_of_place(void **state) {
  (void)state;
  const struct {
    uint8_t type, flags;
    int32_t id;
    int goaway_code;
  } cases[] = {
      {NGHTTP2_DATA, 0, 5, NGHTTP2_STREAM_CLOSED},
      {NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, NGHTTP2_STREAM_CLOSED},
      {NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 3, NGHTTP2_STREAM_CLOSED},
      {NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, NGHTTP2_PROTOCOL_ERROR},
      {NGHTTP2_DATA, 0, 7, NGHTTP2_PROTOCOL_ERROR},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct world w;
    begin(&w);
    assert_int_equal(nghttp2_session_set_next_stream_id(w.client.nghttp2, 3), 0);
    for (int j = 0; j < 2; j++) assert_int_equal(ask(&w)->status, 200);
    assert_int_equal(w.client.goaway_code, -1);
    send_frame(&w, cases[i].type, cases[i].flags, cases[i].id);
    assert_int_equal(w.client.goaway_code, cases[i].goaway_code);
    assert_true(w.client.saw_end);
    assert_null(strstr(sc_buf_str(&w.seen), "GET"));
    end(&w);
  }
}

static ssize_t defer(nghttp2_session *session, int32_t id, uint8_t *out, size_t most, uint32_t *flags,
                     nghttp2_data_source *source, void *opaque) {
  (void)session;
  (void)id;
  (void)out;
  (void)most;
  (void)flags;
  (void)source;
  (void)opaque;
  return NGHTTP2_ERR_DEFERRED;
}

/* We reset the stream; what its client sent before it heard of that is no error. */
static void test_frames_after_our_reset(void **state) {
  (void)state;
  struct world w;
  begin_with(&w, 1, 0);
  w.client.believed = 1000;
  w.next.feeds = true;
  ask(&w);
  nghttp2_nv fields[] = {h2_field(":method", "POST"), h2_field(":scheme", "http"), h2_field(":path", "/")};
  nghttp2_data_provider provider = {.read_callback = defer};
  int32_t id = nghttp2_submit_request(w.client.nghttp2, NULL, fields, 3, &provider, NULL);
  h2_run(&w.client, 1);
  check_closed(h2_answer_of(&w.client, id), NGHTTP2_REFUSED_STREAM);
  send_frame(&w, NGHTTP2_DATA, 0, id);
  send_frame(&w, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id);
  assert_int_equal(w.client.goaway_code, -1);
  counter_raise(&w.next.counter, 1);
  h2_run(&w.client, 1);
  check_body(h2_answer_of(&w.client, 1), "hello world<1>");
  end(&w);
}

/* Streams opened and reset without end: nghttp2 ends the connection. */
static void test_rapid_reset(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.feeds = true;
  h2_run(&w.client, 1);
  for (int i = 0; i < H2_STREAMS && w.client.goaway_code < 0; i++) {
    int32_t id = h2_ask(&w.client, "POST", "/", NULL);
    while (h2_say(&w.client)) continue;
    nghttp2_submit_rst_stream(w.client.nghttp2, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    h2_run(&w.client, 1);
    assert_int_equal(w.next.counter.n_open, 0);
  }
  assert_true(w.client.goaway_code > 0);
  assert_true(w.client.saw_end);
  end(&w);
}

/* ---- streams ---- */

/* As many subscriptions at a time as are announced; one more is refused, though the client was not told of the
 * bound. */
static void open_streams(int most) {
  struct world w;
  int32_t ids[128];
  begin_with(&w, most, 0);
  w.client.believed = 1000;
  w.next.feeds = true;
  for (int i = 0; i < most; i++) ids[i] = h2_ask(&w.client, "POST", "/", NULL);
  h2_run(&w.client, 1);
  assert_int_equal(w.client.announced, most);
  counter_raise(&w.next.counter, 2);
  h2_run(&w.client, 1);
  for (int i = 0; i < most; i++) check_body(h2_answer_of(&w.client, ids[i]), "hello world<1><2>");
  check_closed(ask(&w), NGHTTP2_REFUSED_STREAM);
  assert_int_equal(w.next.counter.n_open, most);
  nghttp2_submit_rst_stream(w.client.nghttp2, NGHTTP2_FLAG_NONE, ids[most - 1], NGHTTP2_CANCEL);
  h2_run(&w.client, 1);
  assert_int_equal(w.next.counter.n_open, most - 1);
  check_body(ask(&w), "hello world<1><2>");
  w.next.counter.end = 3;
  counter_raise(&w.next.counter, 3);
  h2_run(&w.client, 1);
  check_closed(h2_answer_of(&w.client, ids[0]), most == 1 ? NGHTTP2_CANCEL : NGHTTP2_NO_ERROR);
  end(&w);
}

static void test_streams(void **state) {
  (void)state;
  open_streams(1);
  open_streams(5);
  open_streams(128);
}

/* What the client's window allows and not a byte more, from a page and from a feed. */
static void test_flow_control(void **state) {
  (void)state;
  for (int feeds = 0; feeds <= 1; feeds++) {
    struct world w;
    begin_with(&w, 0, 10);
    w.pad = 26;
    w.next.feeds = feeds == 1;
    w.next.counter.most = w.next.counter.end = 3;
    struct h2_answer *answer = ask(&w);
    const char *expected =
        feeds == 1 ? "hello abcdefghijklmnopqrstuvwxyzworld<1><2><3>" : "hello abcdefghijklmnopqrstuvwxyzworld";
    for (size_t allowed = 10; !answer->is_closed; allowed++) {
      assert_int_equal(answer->body.len, allowed < strlen(expected) ? allowed : strlen(expected));
      assert_memory_equal(answer->body.ptr, expected, answer->body.len);
      assert_true(allowed < 100);
      assert_int_equal(nghttp2_session_consume(w.client.nghttp2, 1, 1), 0);
      assert_int_equal(nghttp2_submit_window_update(w.client.nghttp2, NGHTTP2_FLAG_NONE, 1, 1), 0);
      h2_run(&w.client, 1);
    }
    check_body(answer, expected);
    end(&w);
  }
}

/* A stream whose window is used up holds up no other. */
static void test_windows_are_apart(void **state) {
  (void)state;
  struct world w;
  begin_with(&w, 0, 100);
  w.pad = 1000;
  struct h2_answer *stuck = ask(&w);
  w.pad = 0;
  check_body(ask(&w), "hello world");
  assert_int_equal(stuck->body.len, 100);
  end(&w);
}

static void test_large_reply(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.pad = 5 << 20;
  struct h2_answer *answer = ask(&w);
  check_closed(answer, NGHTTP2_NO_ERROR);
  assert_int_equal(answer->body.len, 11 + w.pad);
  for (size_t i = 0; i < w.pad; i += 1009) assert_int_equal(answer->body.ptr[6 + i], 'a' + i % 26);
  end(&w);
}

/* ---- feeds, tickets, delays ---- */

static void test_feed(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.feeds = true;
  struct h2_answer *answer = ask(&w);
  assert_int_equal(answer->status, 200);
  assert_null(strstr(sc_buf_str(&answer->fields), "content-length"));
  check_body(answer, "hello world");
  counter_raise(&w.next.counter, 1);
  h2_run(&w.client, 1);
  check_body(answer, "hello world<1>");
  w.next.counter.end = 3;
  counter_raise(&w.next.counter, 3);
  h2_run(&w.client, 1);
  check_body(answer, "hello world<1><2><3>");
  check_closed(answer, NGHTTP2_NO_ERROR);
  assert_int_equal(w.next.counter.n_open, 0);
  end(&w);
}

/* Resetting the stream ends the feed at once, though the client reads nothing and its chunk is on its way. */
static void test_feed_reset(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.feeds = true;
  w.next.counter.pad = 1 << 20;
  struct h2_answer *answer = ask(&w);
  w.client.is_slow = true;
  counter_raise(&w.next.counter, 5);
  h2_run(&w.client, 1);
  nghttp2_submit_rst_stream(w.client.nghttp2, NGHTTP2_FLAG_NONE, 1, NGHTTP2_CANCEL);
  h2_run(&w.client, 1);
  assert_int_equal(w.next.counter.n_open, 0);
  check_closed(answer, NGHTTP2_CANCEL);
  w.client.is_slow = false;
  h2_run(&w.client, 1);
  w.next.feeds = false;
  check_body(ask(&w), "hello world");
  end(&w);
}

static void test_hangup(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.feeds = true;
  ask(&w);
  assert_int_equal(w.next.counter.n_open, 1);
  shutdown(w.client.wire.fd, SHUT_WR);
  wire_work(&w.client.wire, EPOLLRDHUP, 1);
  assert_null(w.client.wire.conn);
  assert_int_equal(w.next.counter.n_open, 0);
  end(&w);
}

static void test_ticket(void **state) {
  (void)state;
  struct world w;
  struct scl_gate gate;
  scl_gate_init(&gate);
  begin(&w);
  w.next.ticket = (struct scl_ticket){&gate, 1};
  struct h2_answer *waits = ask(&w);
  w.next.ticket = (struct scl_ticket){0};
  check_body(ask(&w), "hello world"); /* one that waits holds up no other */
  assert_int_equal(waits->status, 0);
  scl_gate_raise(&gate, 1);
  h2_run(&w.client, 1);
  check_body(waits, "hello world");
  end(&w);
  scl_gate_fini(&gate);
}

static void test_delay(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.delivery.delay_ms = 3600000;
  struct h2_answer *answer = ask(&w);
  int64_t wake_ms = scl_conn_wake_ms(w.client.wire.conn);
  assert_true(wake_ms > 0);
  wire_work(&w.client.wire, 0, wake_ms - 1);
  h2_run(&w.client, 1);
  assert_int_equal(answer->status, 0);
  wire_work(&w.client.wire, 0, wake_ms);
  h2_run(&w.client, 1);
  check_body(answer, "hello world");
  end(&w);
}

static void test_pieces(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.next.delivery.piece_bytes = 1;
  struct h2_answer *answer = ask(&w);
  check_body(answer, "hello world");
  assert_int_equal(answer->n_data, 11);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_request),
      cmocka_unit_test(test_many_requests),
      cmocka_unit_test(test_bodies),
      cmocka_unit_test(test_bodies_in_all),
      cmocka_unit_test(test_headers),
      cmocka_unit_test(test_ping),
      cmocka_unit_test(test_no_preface),
      cmocka_unit_test(test_frames_out_of_place),
      cmocka_unit_test(test_frames_after_our_reset),
      cmocka_unit_test(test_rapid_reset),
      cmocka_unit_test(test_streams),
      cmocka_unit_test(test_flow_control),
      cmocka_unit_test(test_windows_are_apart),
      cmocka_unit_test(test_large_reply),
      cmocka_unit_test(test_feed),
      cmocka_unit_test(test_feed_reset),
      cmocka_unit_test(test_hangup),
      cmocka_unit_test(test_ticket),
      cmocka_unit_test(test_delay),
      cmocka_unit_test(test_pieces),
  };
  return cmocka_run_group_tests_name("local/http2", tests, NULL, NULL);
}
