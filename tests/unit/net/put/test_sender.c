#include "net/put/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "net/kinesis/kinesis.h"
#include "tests/unit/net/aws/static_key.h"
#include "tests/unit/net/http/peer.h"

#define SCRIPT(...)                                  \
  static const struct answer script[] = __VA_ARGS__; \
  open_with(script, sizeof(script) / sizeof(script[0]))

#define PUT "{\"ShardId\":\"shardId-000000000000\",\"SequenceNumber\":\"49\"}"
#define FAILED(code) "{\"ErrorCode\":\"" code "\",\"ErrorMessage\":\"no room\"}"
#define RECORDS(text) \
  { .status = "200 OK", .body = "{\"FailedRecordCount\":0,\"Records\":[" text "]}" }
#define FAULT(code, type) \
  { .status = (code), .body = "{\"__type\":\"" type "\",\"message\":\"x\"}" }

static struct peer peer;
static struct sc_kinesis k;
static struct sc_put_queue *queue;
static struct sc_put_sender *sender;
static struct sc_error err;

static void open_with(const struct answer *script, size_t n) {
  peer_open(&peer, script, n);
  memcpy(k.endpoint.at[SC_ENDPOINT_DATA].url, peer.url, sizeof(peer.url));
  snprintf(k.described, sizeof(k.described), "demo at %s", peer.url);
}

static void make(uint32_t most_calls, uint32_t call_records) {
  struct sc_put_rules rules = {.call_records = call_records,
                               .call_bytes = SC_PUT_CALL_BYTES_MAX,
                               .most_bytes = 1 << 20,
                               .most_sent = SC_PUT_WINDOW_LEAST};
  queue = sc_put_queue_new(&rules);
  assert_int_equal(sc_put_sender_new(&k, queue, NULL, most_calls, 1, &sender, &err), SC_OK);
}

/* Time stands still but for what a test advances. */
static int reset(void **state) {
  (void)state;
  k = (struct sc_kinesis){.stream = "demo", .endpoint = {.region = "us-east-1"}, .credentials = static_key(NULL)};
  memcpy(k.endpoint.at[SC_ENDPOINT_DATA].host, "h", 2);
  assert_int_equal(sc_http_new(NULL, false, &k.http, &err), SC_OK);
  sc_clock_freeze(1000000, INT64_C(1767323045000));
  return 0;
}

static int drop(void **state) {
  (void)state;
  sc_put_sender_free(sender);
  sc_put_queue_free(queue);
  sc_http_free(k.http);
  sc_credentials_close(k.credentials);
  peer_close(&peer);
  peer_free(&peer);
  sc_clock_real();
  return 0;
}

static void add(uint64_t line, const char *data) {
  sc_put_queue_add(queue, line, sc_slice_str(data), SC_SLICE_LITERAL("k"), sc_clock_mono_ms());
}

/* Makes the calls there are to make now, up to the last reply. */
static void call(void) {
  sc_put_sender_start(sender, true);
  while (sc_put_sender_calls(sender) > 0) sc_put_sender_poll(sender, -1, 1000);
}

/* Back-offs are over. */
static void call_later(void) {
  sc_clock_advance(20000);
  call();
}

static void call_when_due(void) {
  int64_t wait_ms = sc_put_sender_due_ms(sender, true) - sc_clock_mono_ms();
  sc_clock_advance(wait_ms > 0 ? wait_ms : 0);
  call();
}

static const struct sc_put_counts *counts(void) { return sc_put_sender_counts(sender); }

static void each_record_is_put(void **state) {
  (void)state;
  SCRIPT({RECORDS(PUT "," PUT)});
  make(4, 500);
  add(1, "a");
  add(2, "bc");
  call();
  assert_true(sc_put_queue_is_done(queue));
  assert_null(sc_put_sender_failure(sender));
  assert_int_equal(counts()->put, 2);
  assert_int_equal(counts()->put_bytes, 3);
  assert_int_equal(counts()->calls, 1);
  assert_int_equal(counts()->retried, 0);
  assert_non_null(strstr(peer.requests[0], "X-Amz-Target: Kinesis_20131202.PutRecords\r\n"));
  assert_non_null(strstr(peer.requests[0],
                         "\r\n\r\n{\"StreamName\":\"demo\",\"Records\":[{\"Data\":\"YQ==\",\"PartitionKey\":\"k\"},"
                         "{\"Data\":\"YmM=\",\"PartitionKey\":\"k\"}]}"));
}

static void failed_entries_go_again_alone(void **state) {
  (void)state;
  SCRIPT({RECORDS(PUT "," FAILED("ProvisionedThroughputExceededException") "," FAILED("InternalFailure")),
          RECORDS(PUT "," PUT)});
  make(4, 500);
  add(1, "a");
  add(2, "b");
  add(3, "c");
  call();
  assert_int_equal(counts()->put, 1);
  assert_int_equal(counts()->retried, 2);
  assert_int_equal(counts()->throttled, 1);
  assert_int_equal(sc_put_queue_oldest(queue), 2);
  assert_true(sc_put_sender_due_ms(sender, true) <= sc_clock_mono_ms() + 100);
  call_later();
  assert_true(sc_put_queue_is_done(queue));
  assert_int_equal(counts()->put, 3);
  assert_null(strstr(peer.requests[1], "YQ=="));
  assert_non_null(strstr(peer.requests[1], "Yg=="));
  assert_non_null(strstr(peer.requests[1], "Yw=="));
}

/* Throttled, 5xx, a reply that answers for another number of records, one that is no JSON, a connection that breaks. */
static void failed_calls_go_again(void **state) {
  (void)state;
  SCRIPT({FAULT("400 Bad", "ProvisionedThroughputExceededException"),
          FAULT("500 Oops", "InternalFailure"),
          FAULT("503 Busy", "ServiceUnavailable"),
          RECORDS(PUT),
          RECORDS(PUT "," PUT "," PUT),
          RECORDS(PUT ",{}"),
          {.status = "200 OK", .body = "{"},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", .closes = true},
          RECORDS(PUT "," PUT)});
  make(4, 500);
  add(1, "a");
  add(2, "b");
  call();
  assert_int_equal(counts()->throttled, 2);
  for (int i = 1; i < 9; i++) {
    assert_int_equal(counts()->put, 0);
    assert_int_equal(counts()->retried_calls, i);
    call_when_due();
  }
  assert_true(sc_put_queue_is_done(queue));
  assert_int_equal(counts()->put, 2);
  assert_int_equal(counts()->calls, 9);
  assert_int_equal(counts()->retried, 16);
}

static void a_refused_call_ends_it(void **state) {
  (void)state;
  SCRIPT({FAULT("400 Bad", "ValidationException")});
  make(4, 500);
  add(3, "a");
  add(7, "b");
  call();
  assert_int_equal(sc_put_sender_failure(sender)->code, SC_E_REFUSED);
  assert_non_null(strstr(sc_put_sender_failure(sender)->text, "lines 3 to 7: PutRecords: x (ValidationException)"));
  assert_int_equal(sc_put_queue_held(queue), 2);
  add(8, "c");
  call_later();
  assert_int_equal(counts()->calls, 1);
}

static void credentials_end_it(void **state) {
  (void)state;
  SCRIPT({FAULT("400 Bad", "ExpiredTokenException")});
  make(4, 500);
  add(1, "a");
  call();
  assert_int_equal(sc_put_sender_failure(sender)->code, SC_E_AUTH);
  assert_string_not_equal(sc_put_sender_failure(sender)->hint, "");
}

static void an_unknown_failure_of_an_entry_ends_it(void **state) {
  (void)state;
  SCRIPT({RECORDS(PUT "," FAILED("Surprise") "," PUT)});
  make(4, 500);
  for (uint64_t line = 1; line <= 3; line++) add(line, "a");
  call();
  assert_int_equal(sc_put_sender_failure(sender)->code, SC_E_REFUSED);
  assert_non_null(strstr(sc_put_sender_failure(sender)->text, "line 2: PutRecords: no room (Surprise)"));
  assert_int_equal(counts()->put, 2);
  assert_int_equal(sc_put_queue_oldest(queue), 2);
}

/* A minute of nothing but failures. */
static void patience_ends(void **state) {
  (void)state;
  SCRIPT({FAULT("500 Oops", "InternalFailure"), FAULT("500 Oops", "InternalFailure"),
          RECORDS(FAILED("InternalFailure")), FAULT("500 Oops", "InternalFailure")});
  make(4, 500);
  add(1, "a");
  call();
  call_later();
  call_later();
  assert_null(sc_put_sender_failure(sender));
  call_later();
  assert_int_equal(sc_put_sender_failure(sender)->code, SC_E_SERVICE);
}

static void throttling_never_ends_patience(void **state) {
  (void)state;
  SCRIPT({FAULT("400 Bad", "ThrottlingException"), FAULT("400 Bad", "ThrottlingException"),
          RECORDS(FAILED("ProvisionedThroughputExceededException")), FAULT("400 Bad", "ThrottlingException"),
          FAULT("400 Bad", "LimitExceededException"), RECORDS(PUT)});
  make(4, 500);
  add(1, "a");
  call();
  for (int i = 0; i < 5; i++) call_later();
  assert_null(sc_put_sender_failure(sender));
  assert_int_equal(counts()->put, 1);
  assert_int_equal(counts()->throttled, 5);
}

static void a_wrong_clock_is_learned(void **state) {
  (void)state;
  SCRIPT({FAULT("403 Forbidden", "InvalidSignatureException"), RECORDS(PUT)});
  sc_clock_freeze(1000000, INT64_C(1767323045000) + 3600000); /* the peer's Date is an hour behind */
  make(4, 500);
  add(1, "a");
  call();
  assert_null(sc_put_sender_failure(sender));
  call_later();
  assert_int_equal(counts()->put, 1);
  assert_non_null(strstr(peer.requests[1], "X-Amz-Date: 20260102T0304"));
}

static void calls_are_bounded(void **state) {
  (void)state;
  SCRIPT({RECORDS(PUT), RECORDS(PUT), RECORDS(PUT), RECORDS(PUT), RECORDS(PUT)});
  make(2, 1);
  for (uint64_t line = 1; line <= 5; line++) add(line, "a");
  sc_put_sender_start(sender, true);
  assert_int_equal(sc_put_sender_calls(sender), 2);
  assert_true(sc_put_sender_due_ms(sender, true) == INT64_MAX);
  while (!sc_put_queue_is_done(queue)) call();
  assert_int_equal(counts()->calls, 5);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void) {
  sc_log_init(SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {
      CASE(each_record_is_put),
      CASE(failed_entries_go_again_alone),
      CASE(failed_calls_go_again),
      CASE(a_refused_call_ends_it),
      CASE(credentials_end_it),
      CASE(an_unknown_failure_of_an_entry_ends_it),
      CASE(patience_ends),
      CASE(throttling_never_ends_patience),
      CASE(a_wrong_clock_is_learned),
      CASE(calls_are_bounded),
  };
  return cmocka_run_group_tests_name("net/put_sender", tests, NULL, NULL);
}
