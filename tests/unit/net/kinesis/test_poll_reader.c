#include "net/kinesis/poll_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "net/kinesis/kinesis.h"
#include "tests/unit/net/http/peer.h"

#define LARGEST 100000
#define SCRIPT(...)                                  \
  static const struct answer script[] = __VA_ARGS__; \
  open_with(script, sizeof(script) / sizeof(script[0]))

#define ONE_RECORD                                                                                    \
  "{\"MillisBehindLatest\":7,\"NextShardIterator\":\"NEXT\",\"Records\":[{\"SequenceNumber\":\"49\"," \
  "\"ApproximateArrivalTimestamp\":1.5,\"Data\":\"aGk=\",\"PartitionKey\":\"k\"}]}"
#define NO_RECORDS "{\"Records\":[],\"NextShardIterator\":\"NEXT\",\"MillisBehindLatest\":0}"
#define OK(text) \
  { .status = "200 OK", .body = (text) }
#define FAULT(code, type) \
  { .status = (code), .body = "{\"__type\":\"" type "\",\"message\":\"x\"}" }

static struct peer peer;
static struct sc_kinesis k;
static struct sc_budget *budget;
static struct sc_park *park;
static struct sc_reader *reader;
static struct sc_error err;
static const struct sc_shard_info shard = {.id = "shardId-000000000000"};
static struct sc_call calls[4];

static void open_with(const struct answer *script, size_t n) {
  peer_open(&peer, script, n);
  memcpy(k.endpoint.at[SC_ENDPOINT_DATA].url, peer.url, sizeof(peer.url));
  snprintf(k.described, sizeof(k.described), "demo at %s", peer.url);
}

static void new_reader(uint32_t max_in_flight) {
  struct sc_reader_config config = {
      .budget = budget, .park = park, .largest_reply_bytes = LARGEST, .max_in_flight = max_in_flight};
  assert_int_equal(sc_kinesis_reader_new(&k, &config, &reader, &err), SC_OK);
}

static int reset(void **state) {
  (void)state;
  k = (struct sc_kinesis){
      .stream = "demo", .endpoint = {.region = "us-east-1"}, .credentials = {.key_id = "AKID", .secret = "s"}};
  memcpy(k.endpoint.at[SC_ENDPOINT_DATA].host, "h", 2);
  assert_int_equal(sc_http_new(NULL, false, &k.http, &err), SC_OK);
  park = sc_park_new(&err);
  budget = sc_budget_new(LARGEST + sc_batch_cost(LARGEST), 1, sc_batch_cost(LARGEST));
  sc_budget_add_waiter(budget, SC_POOL_BODIES, park);
  memset(calls, 0, sizeof(calls));
  new_reader(2);
  return 0;
}

/* sc_budget_free asserts that all credit came back. */
static int drop(void **state) {
  (void)state;
  sc_kinesis_reader_free(reader);
  for (size_t i = 0; i < 4; i++) free(calls[i].iterator);
  sc_budget_free(budget);
  sc_park_free(park);
  sc_http_free(k.http);
  peer_close(&peer);
  peer_free(&peer);
  return 0;
}

static void start_records(struct sc_call *call, const char *iterator) {
  free(call->iterator);
  *call = (struct sc_call){.kind = SC_CALL_RECORDS, .shard = &shard, .limit = 10000, .iterator = strdup(iterator)};
  sc_kinesis_reader_start(reader, call);
}

static struct sc_call *finish(void) {
  struct sc_call *call;
  while ((call = sc_kinesis_reader_next(reader)) == NULL) sc_kinesis_reader_poll(reader, 10000);
  return call;
}

static void iterators(void **state) {
  (void)state;
  SCRIPT({OK("{\"ShardIterator\":\"AAAA\"}"), OK("{}")});
  calls[0] = (struct sc_call){.kind = SC_CALL_ITERATOR, .shard = &shard};
  sc_kinesis_reader_start(reader, &calls[0]);
  assert_ptr_equal(finish(), &calls[0]);
  assert_int_equal(calls[0].error.code, SC_OK);
  assert_string_equal(calls[0].iterator, "AAAA");
  assert_int_equal(calls[0].service_ms, 1767323045000);
  assert_int_equal(atomic_load(&peer.answered), 1);
  assert_non_null(strstr(peer.requests[0], "\r\nX-Amz-Target: Kinesis_20131202.GetShardIterator\r\n"));
  assert_non_null(
      strstr(peer.requests[0], "\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"TRIM_HORIZON\""));
  sc_kinesis_reader_start(reader, &calls[0]);
  finish();
  assert_int_equal(calls[0].error.code, SC_E_PROTOCOL);
}

/* What kinesalite does when no record is as new as the time asked for. */
static void a_time_without_an_answer(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 200 OK\r\n"}, OK("{\"ShardIterator\":\"AAAA\"}")});
  calls[0] = (struct sc_call){
      .kind = SC_CALL_ITERATOR, .shard = &shard, .position = {.start = SC_START_AT_TIME, .at_ms = 1700000000007}};
  sc_clock_freeze(0, 1700000000007);
  sc_kinesis_reader_start(reader, &calls[0]);
  while (sc_kinesis_reader_next(reader) == NULL) {
    sc_kinesis_reader_poll(reader, 10);
    if (atomic_load(&peer.answered) == 1) sc_clock_advance(1000);
  }
  sc_clock_real();
  assert_int_equal(calls[0].error.code, SC_OK);
  assert_string_equal(calls[0].iterator, "AAAA");
  assert_non_null(strstr(peer.requests[0], "\"AT_TIMESTAMP\""));
  assert_non_null(strstr(peer.requests[1], "\"LATEST\""));
}

static void records(void **state) {
  (void)state;
  SCRIPT({OK(ONE_RECORD)});
  size_t len = strlen(ONE_RECORD);
  uint64_t sent = sc_metric_sum(SC_M_CALLS), bytes = sc_metric_sum(SC_M_BODY_BYTES);
  start_records(&calls[0], "FIRST");
  assert_ptr_equal(finish(), &calls[0]);
  if (calls[0].error.code) fail_msg("%s", calls[0].error.text);
  assert_string_equal(calls[0].iterator, "NEXT");
  assert_int_equal(calls[0].reply.n_records, 1);
  assert_int_equal(calls[0].reply.behind_ms, 7);
  assert_true(calls[0].reply.has_next);
  assert_false(calls[0].reply.full || calls[0].reply.has_children);
  assert_true(sc_slice_is(sc_sequence_view(&calls[0].reply.last), "49"));
  struct sc_batch *batch = calls[0].batch;
  assert_non_null(batch);
  assert_int_equal(batch->envelope, SC_ENVELOPE_JSON);
  assert_int_equal(batch->body_len, len);
  assert_int_equal(calls[0].reply.body_bytes, len / 4 * 3);
  assert_memory_equal(batch->body, ONE_RECORD, len);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), sc_batch_cost(len));
  assert_int_equal(sc_metric_sum(SC_M_CALLS), sent + 1);
  assert_int_equal(sc_metric_sum(SC_M_BODY_BYTES), bytes + len);
  sc_batch_free(batch);
}

static void empty_pages_have_no_batch(void **state) {
  (void)state;
  SCRIPT({OK(NO_RECORDS)});
  start_records(&calls[0], "FIRST");
  finish();
  assert_int_equal(calls[0].error.code, SC_OK);
  assert_null(calls[0].batch);
  assert_int_equal(calls[0].reply.behind_ms, 0);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), 0);
}

/* Whatever goes wrong: no batch, no credit kept, the iterator still the one that was given. */
static void failures(void **state) {
  (void)state;
  SCRIPT({FAULT("400 Bad Request", "ExpiredIteratorException"),
          {.status = "500 Oops", .body = ""},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Records\":[", .closes = true},
          OK("{\"Records\":[ ]]"),
          OK(""),
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n{"}});
  static const int codes[] = {SC_E_EXPIRED_ITERATOR, SC_E_SERVICE,  SC_E_NET,
                              SC_E_PROTOCOL,         SC_E_PROTOCOL, SC_E_PROTOCOL};
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    start_records(&calls[0], "FIRST");
    finish();
    if (calls[0].error.code != codes[i]) fail_msg("%zu: %s", i, calls[0].error.text);
    assert_string_equal(calls[0].error.shard, shard.id);
    assert_string_equal(calls[0].iterator, "FIRST");
    assert_null(calls[0].batch);
    assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), 0);
  }
}

static void waits_for_credit(void **state) {
  (void)state;
  SCRIPT({OK(ONE_RECORD)});
  uint64_t pauses = sc_metric_sum(SC_M_PAUSES);
  assert_true(sc_budget_take(budget, SC_POOL_BODIES, LARGEST));
  assert_true(sc_budget_take_reserve(budget, 1));
  start_records(&calls[0], "FIRST");
  while (sc_metric_sum(SC_M_PAUSES) == pauses) sc_kinesis_reader_poll(reader, 10000);
  sc_kinesis_reader_poll(reader, 0);
  assert_null(sc_kinesis_reader_next(reader));
  sc_budget_give(budget, SC_POOL_BODIES, LARGEST);
  assert_ptr_equal(finish(), &calls[0]);
  assert_int_equal(calls[0].error.code, SC_OK);
  assert_false(calls[0].batch->from_reserve);
  sc_batch_free(calls[0].batch);
  sc_budget_give_reserve(budget, 1);
}

/* Two are sent, the third waits; one of each is cancelled. */
static void cancelled(void **state) {
  (void)state;
  SCRIPT({OK(NO_RECORDS)});
  start_records(&calls[0], "A");
  assert_ptr_equal(finish(), &calls[0]);
  start_records(&calls[0], "A"); /* the script is over: no answer */
  start_records(&calls[1], "B");
  start_records(&calls[2], "C");
  start_records(&calls[3], "D");
  sc_kinesis_reader_poll(reader, 0);
  sc_kinesis_reader_cancel(reader, &calls[2]);
  sc_kinesis_reader_cancel(reader, &calls[1]);
  assert_ptr_equal(sc_kinesis_reader_next(reader), &calls[2]);
  assert_ptr_equal(sc_kinesis_reader_next(reader), &calls[1]);
  assert_null(sc_kinesis_reader_next(reader));
  assert_int_equal(calls[1].error.code, SC_E_STOPPED);
  assert_int_equal(calls[2].error.code, SC_E_STOPPED);
  assert_string_equal(calls[1].iterator, "B");
  sc_kinesis_reader_poll(reader, 0); /* the fourth takes the free place; both are dropped with the reader */
}

static void freed_with_finished_calls(void **state) {
  (void)state;
  SCRIPT({OK(ONE_RECORD)});
  start_records(&calls[0], "A");
  while (calls[0].batch == NULL) sc_kinesis_reader_poll(reader, 10000);
  sc_kinesis_reader_free(reader);
  assert_null(calls[0].batch);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), 0);
  new_reader(1);
}

static void wrong_clock_is_set_right(void **state) {
  (void)state;
  SCRIPT({FAULT("403 Forbidden", "InvalidSignatureException"), OK(NO_RECORDS)});
  sc_clock_freeze(0, 1767323045000 + 3600000);
  start_records(&calls[0], "A");
  finish();
  assert_int_equal(calls[0].error.code, SC_E_SKEW);
  start_records(&calls[0], "A");
  finish();
  sc_clock_real();
  assert_int_equal(calls[0].error.code, SC_OK);
  assert_int_equal(atomic_load(&peer.answered), 2);
  assert_non_null(strstr(peer.requests[0], "X-Amz-Date: 20260102T040405Z"));
  assert_non_null(strstr(peer.requests[1], "X-Amz-Date: 20260102T030405Z"));
}

/* A reply with one record, "hi", whose arrival time is tagged milliseconds. */
#define CBOR_RECORD                                                                         \
  "\xbf\x67Records\x9f\xbf\x6eSequenceNumber\x61\x31\x78\x1b\x41pproximateArrivalTimestamp" \
  "\xc1\x1b\0\0\x01\x8b\xcf\xe5\x68\x7b\x64\x44\x61ta\x42hi\x6cPartitionKey\x61k\xff\xff"   \
  "\x72MillisBehindLatest\0\xff"
#define OK_CBOR \
  { .status = "200 OK", .body = CBOR_RECORD, .body_len = sizeof(CBOR_RECORD) - 1 }
#define CBOR_FAULT(code, type) \
  { .status = (code), .body = "\xbf\x66__type" type "\xff" }
#define UNKNOWN_OPERATION "\x78\x19UnknownOperationException"

static void records_in_cbor(void **state) {
  (void)state;
  SCRIPT({OK_CBOR,
          CBOR_FAULT("400 Bad Request",
                     "\x78\x18"
                     "ExpiredIteratorException"),
          OK(ONE_RECORD)});
  _Static_assert(sizeof(CBOR_RECORD) - 1 == 113, "as recorded");
  k.asks_cbor = true;
  start_records(&calls[0], "FIRST");
  finish();
  if (calls[0].error.code) fail_msg("%s", calls[0].error.text);
  assert_non_null(strstr(peer.requests[0], "\r\nContent-Type: application/x-amz-cbor-1.1\r\n"));
  assert_non_null(strstr(peer.requests[0],
                         "\r\n\r\n\xbf\x65Limit\x19\x27\x10mShardIterator\x65"
                         "FIRST\xff"));
  assert_null(calls[0].iterator);
  assert_int_equal(calls[0].reply.n_records, 1);
  assert_int_equal(calls[0].reply.body_bytes, 113);
  assert_int_equal(calls[0].reply.behind_ms, 0);
  assert_true(sc_slice_is(sc_sequence_view(&calls[0].reply.last), "1"));
  assert_int_equal(calls[0].batch->envelope, SC_ENVELOPE_CBOR);
  assert_int_equal(calls[0].batch->body_len, 113);
  assert_memory_equal(calls[0].batch->body, CBOR_RECORD, 113);
  sc_batch_free(calls[0].batch);

  start_records(&calls[0], "SECOND");
  finish();
  assert_int_equal(calls[0].error.code, SC_E_EXPIRED_ITERATOR);
  assert_string_equal(calls[0].iterator, "SECOND");

  start_records(&calls[0], "THIRD"); /* answered in JSON all the same */
  finish();
  assert_int_equal(calls[0].error.code, SC_OK);
  assert_int_equal(calls[0].batch->envelope, SC_ENVELOPE_JSON);
  sc_batch_free(calls[0].batch);
}

static const char json_type[] = "\r\nContent-Type: application/x-amz-json-1.1\r\n";
static const char cbor_type[] = "\r\nContent-Type: application/x-amz-cbor-1.1\r\n";

/* The call itself goes on in JSON, at once; later ones begin in it. */
static void falls_back_to_json(void **state) {
  (void)state;
  SCRIPT({{.status = "404 Not Found", .body = "<UnknownOperationException/>\n"}, OK(ONE_RECORD), OK(NO_RECORDS)});
  k.asks_cbor = k.may_fall_back = true;
  start_records(&calls[0], "FIRST");
  finish();
  if (calls[0].error.code) fail_msg("%s", calls[0].error.text);
  assert_int_equal(calls[0].reply.n_records, 1);
  sc_batch_free(calls[0].batch);
  start_records(&calls[0], "SECOND");
  finish();
  assert_int_equal(calls[0].error.code, SC_OK);
  assert_int_equal(atomic_load(&peer.answered), 3);
  assert_non_null(strstr(peer.requests[0], cbor_type));
  assert_non_null(strstr(peer.requests[1], json_type));
  assert_non_null(strstr(peer.requests[1], "\"ShardIterator\":\"FIRST\""));
  assert_non_null(strstr(peer.requests[2], json_type));
}

/* Two calls are refused at the same time: both go on. */
static void falls_back_with_calls_under_way(void **state) {
  (void)state;
  SCRIPT({CBOR_FAULT("400 Bad Request", UNKNOWN_OPERATION), CBOR_FAULT("400 Bad Request", UNKNOWN_OPERATION),
          OK(NO_RECORDS), OK(NO_RECORDS)});
  k.asks_cbor = k.may_fall_back = true;
  start_records(&calls[0], "A");
  start_records(&calls[1], "B");
  for (int i = 0; i < 2; i++) assert_int_equal(finish()->error.code, SC_OK);
  assert_int_equal(atomic_load(&peer.answered), 4);
}

static void cbor_that_was_asked_for_is_not_given_up(void **state) {
  (void)state;
  SCRIPT({CBOR_FAULT("400 Bad Request", UNKNOWN_OPERATION), CBOR_FAULT("400 Bad Request", UNKNOWN_OPERATION)});
  k.asks_cbor = true;
  for (size_t i = 0; i < 2; i++) {
    start_records(&calls[0], "A");
    finish();
    assert_int_equal(calls[0].error.code, SC_E_REFUSED);
    assert_non_null(strstr(calls[0].error.hint, "--protocol=json"));
    assert_non_null(strstr(peer.requests[i], cbor_type));
  }
}

static void errors_of_the_call_are_no_reason_to_fall_back(void **state) {
  (void)state;
  SCRIPT({CBOR_FAULT("400 Bad Request", "\x78\x26ProvisionedThroughputExceededException"),
          {.status = "500 Oops", .body = ""},
          CBOR_FAULT("400 Bad Request",
                     "\x78\x15"
                     "AccessDeniedException"),
          OK_CBOR});
  static const int codes[] = {SC_E_THROTTLED, SC_E_SERVICE, SC_E_AUTH, SC_OK};
  k.asks_cbor = k.may_fall_back = true;
  for (size_t i = 0; i < 4; i++) {
    start_records(&calls[0], "A");
    finish();
    assert_int_equal(calls[0].error.code, codes[i]);
    assert_non_null(strstr(peer.requests[i], cbor_type));
  }
  sc_batch_free(calls[0].batch);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void) {
  sc_log_init(SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {
      CASE(iterators),
      CASE(a_time_without_an_answer),
      CASE(records),
      CASE(empty_pages_have_no_batch),
      CASE(failures),
      CASE(cancelled),
      CASE(waits_for_credit),
      CASE(freed_with_finished_calls),
      CASE(wrong_clock_is_set_right),
      CASE(records_in_cbor),
      CASE(falls_back_to_json),
      CASE(falls_back_with_calls_under_way),
      CASE(cbor_that_was_asked_for_is_not_given_up),
      CASE(errors_of_the_call_are_no_reason_to_fall_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
