/* Real sockets on loopback, served by one thread and by several. */
#include "bench/local/http/transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "bench/local/http/http1.h"
#include "engine/base/thread.h"
#include "tests/unit/bench/local/http/count_feed.h"
#include "tests/unit/engine/base/check.h"

#define CLIENTS 20

static void handle(void *context, const struct scl_request *request, struct scl_reply *reply) {
  (void)context;
  SC_ASSERT(request->from_loopback);
  reply->status = 200;
  sc_buf_add_slice(&reply->content.head, request->body);
}

static const struct scl_handler SITE = {.handle = handle};

static int dial(const char *bound) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  const char *colon = strrchr(bound, ':');
  address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(fd >= 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  return fd;
}

static void ask(int fd, int number) {
  char text[200];
  int len = snprintf(text, sizeof(text), "POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\n<%04d>", number);
  assert_int_equal(write(fd, text, (size_t)len), len);
}

static void expect(int fd, int number) {
  char text[1000] = "", body[16];
  size_t len = 0;
  snprintf(body, sizeof(body), "\r\n\r\n<%04d>", number);
  while (strstr(text, body) == NULL) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&poll_fd, 1, 10000), 1);
    ssize_t n = read(fd, text + len, sizeof(text) - 1 - len);
    assert_true(n > 0);
    len += (size_t)n;
    text[len] = '\0';
  }
}

static void serve(int threads) {
  char bound[SCL_TRANSPORT_ADDRESS];
  int fds[CLIENTS];
  struct sc_error err;
  struct scl_transport *transport = scl_transport_new(threads, &scl_http1_protocol, (void *)&SITE);
  assert_int_equal(scl_transport_listen(transport, "127.0.0.1:0", NULL, bound, &err), SC_OK);
  assert_true(strncmp(bound, "127.0.0.1:", 10) == 0);
  assert_int_equal(scl_transport_start(transport, &err), SC_OK);
  for (int i = 0; i < CLIENTS; i++) fds[i] = dial(bound);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < CLIENTS; i++) ask(fds[i], round * 100 + i);
    for (int i = 0; i < CLIENTS; i++) expect(fds[i], round * 100 + i);
  }
  for (int i = 0; i < CLIENTS / 2; i++) close(fds[i]);
  scl_transport_free(transport);
  char byte;
  for (int i = CLIENTS / 2; i < CLIENTS; i++) {
    assert_int_equal(read(fds[i], &byte, 1), 0); /* stopping closes what is open */
    close(fds[i]);
  }
}

static void test_one_thread(void **state) {
  (void)state;
  serve(1);
}

static void test_threads(void **state) {
  (void)state;
  serve(4);
}

/* ---- wakes and timers ---- */

#define LAST 300

/* Every reply goes on with the numbers of the counter; to /slow it comes late instead. */
static void handle_feed(void *context, const struct scl_request *request, struct scl_reply *reply) {
  reply->status = 200;
  sc_buf_add_slice(&reply->content.head, request->body);
  if (sc_slice_is(request->path, "/slow")) reply->delivery.delay_ms = 20;
  else reply->feed = count_feed_new(context);
}

static void raise_to_last(void *context) {
  for (int i = 1; i <= LAST; i++) counter_raise(context, i);
}

static void expect_end(int fd) {
  char text[65536] = "", number[16];
  size_t len = 0;
  while (strstr(text, "0\r\n\r\n") == NULL) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&poll_fd, 1, 10000), 1);
    ssize_t n = read(fd, text + len, sizeof(text) - 1 - len);
    assert_true(n > 0);
    len += (size_t)n;
    text[len] = '\0';
  }
  const char *at = text;
  for (int i = 1; i <= LAST; i++) {
    snprintf(number, sizeof(number), "<%d>", i);
    at = strstr(at, number);
    assert_non_null(at);
  }
}

/* A thread rings while connections listen, are served, and go. */
static void test_feeds(void **state) {
  (void)state;
  char bound[SCL_TRANSPORT_ADDRESS];
  int fds[CLIENTS];
  struct sc_error err;
  struct counter counter;
  struct sc_thread raiser = {0};
  counter_init(&counter);
  counter.end = LAST;
  struct scl_handler handler = {.handle = handle_feed, .context = &counter};
  struct scl_transport *transport = scl_transport_new(2, &scl_http1_protocol, &handler);
  assert_int_equal(scl_transport_listen(transport, "127.0.0.1:0", NULL, bound, &err), SC_OK);
  assert_int_equal(scl_transport_start(transport, &err), SC_OK);
  for (int i = 0; i < CLIENTS; i++) fds[i] = dial(bound);
  for (int i = 0; i < CLIENTS; i++) ask(fds[i], i);
  assert_int_equal(sc_thread_start(&raiser, "raiser", raise_to_last, &counter, &err), SC_OK);
  for (int i = 0; i < CLIENTS; i += 2) close(fds[i]);
  for (int i = 1; i < CLIENTS; i += 2) {
    expect_end(fds[i]);
    close(fds[i]);
  }
  assert_int_equal(sc_thread_join(&raiser, -1, &err), SC_OK);
  scl_transport_free(transport);
  assert_int_equal(counter.n_open, 0);
  scl_notifier_fini(&counter.bell);
}

/* Hanging up frees a feed that waits, without anything else happening. */
static void test_hangups(void **state) {
  (void)state;
  char bound[SCL_TRANSPORT_ADDRESS];
  struct sc_error err;
  struct counter counter;
  counter_init(&counter);
  struct scl_handler handler = {.handle = handle_feed, .context = &counter};
  struct scl_transport *transport = scl_transport_new(2, &scl_http1_protocol, &handler);
  assert_int_equal(scl_transport_listen(transport, "127.0.0.1:0", NULL, bound, &err), SC_OK);
  assert_int_equal(scl_transport_start(transport, &err), SC_OK);
  int fd = dial(bound);
  ask(fd, 1);
  char byte;
  assert_int_equal(read(fd, &byte, 1), 1);
  assert_int_equal(counter.n_open, 1);
  close(fd);
  for (int i = 0; i < 10000 && counter.n_open > 0; i++) poll(NULL, 0, 1);
  assert_int_equal(counter.n_open, 0);
  scl_transport_free(transport);
  scl_notifier_fini(&counter.bell);
}

static void test_delays(void **state) {
  (void)state;
  char bound[SCL_TRANSPORT_ADDRESS];
  int fds[CLIENTS];
  struct sc_error err;
  struct scl_handler handler = {.handle = handle_feed};
  struct scl_transport *transport = scl_transport_new(2, &scl_http1_protocol, &handler);
  assert_int_equal(scl_transport_listen(transport, "127.0.0.1:0", NULL, bound, &err), SC_OK);
  assert_int_equal(scl_transport_start(transport, &err), SC_OK);
  for (int i = 0; i < CLIENTS; i++) fds[i] = dial(bound);
  const char *text = "POST /slow HTTP/1.1\r\nContent-Length: 6\r\n\r\n<0001>";
  for (int i = 0; i < CLIENTS; i++) assert_int_equal(write(fds[i], text, strlen(text)), strlen(text));
  for (int i = 0; i < CLIENTS; i++) expect(fds[i], 1);
  for (int i = 0; i < CLIENTS; i++) close(fds[i]);
  scl_transport_free(transport);
}

static void test_addresses(void **state) {
  (void)state;
  char bound[SCL_TRANSPORT_ADDRESS];
  struct sc_error err;
  struct scl_transport *transport = scl_transport_new(1, &scl_http1_protocol, (void *)&SITE);
  assert_int_equal(scl_transport_listen(transport, ":0", NULL, bound, &err), SC_OK);
  assert_true(strncmp(bound, "127.0.0.1:", 10) == 0);
  assert_int_equal(scl_transport_listen(transport, bound, NULL, bound, &err), SC_E_NET); /* taken */
  const char *const bad[] = {"", "4567", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "host:123456"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    assert_int_equal(scl_transport_listen(transport, bad[i], NULL, bound, &err), SC_E_USAGE);
  scl_transport_free(transport);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_thread), cmocka_unit_test(test_threads), cmocka_unit_test(test_feeds),
      cmocka_unit_test(test_hangups),    cmocka_unit_test(test_delays),  cmocka_unit_test(test_addresses),
  };
  return cmocka_run_group_tests_name("local/transport", tests, NULL, NULL);
}
