#include "net/kinesis/poll_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/budget.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/base/park.h"
#include "engine/batch.h"
#include "net/kinesis/kinesis.h"
#include "tests/unit/net/aws/static_key.h"
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
#define ITERATOR(name) OK("{\"ShardIterator\":\"" name "\"}")
#define FAULT(code, type) \
  { .status = (code), .body = "{\"__type\":\"" type "\",\"message\":\"x\"}" }

static struct peer peer;
static struct sc_kinesis k;
static struct sc_budget *budget;
static struct sc_park *park;
static struct sc_poll_reader *reader;
static struct sc_error err;
static const struct sc_shard_info shards[4] = {{.index = 0, .id = "shardId-000000000000"},
                                               {.index = 1, .id = "shardId-000000000001"},
                                               {.index = 2, .id = "shardId-000000000002"},
                                               {.index = 3, .id = "shardId-000000000003"}};
static struct sc_request requests[4];
static struct sc_poll_settings settings;

static void open_with(const struct answer *script, size_t n) {
  peer_open(&peer, script, n);
  memcpy(k.endpoint.at[SC_ENDPOINT_DATA].url, peer.url, sizeof(peer.url));
  snprintf(k.described, sizeof(k.described), "demo at %s", peer.url);
}

static void new_reader(uint32_t calls_most) {
  struct sc_reader_config config = {.budget = budget, .park = park, .largest_reply_bytes = LARGEST};
  settings = (struct sc_poll_settings){.limit = 10000, .calls_most = calls_most};
  assert_int_equal(sc_poll_reader_new(&k, &settings, &config, &reader, &err), SC_OK);
}

static int reset(void **state) {
  (void)state;
  k = (struct sc_kinesis){.stream = "demo", .endpoint = {.region = "us-east-1"}, .credentials = static_key(NULL)};
  memcpy(k.endpoint.at[SC_ENDPOINT_DATA].host, "h", 2);
  assert_int_equal(sc_http_new(NULL, false, &k.http, &err), SC_OK);
  park = sc_park_new(&err);
  budget = sc_budget_new(LARGEST + sc_batch_cost(LARGEST), 1, sc_batch_cost(LARGEST));
  sc_budget_add_waiter(budget, SC_POOL_BODIES, park);
  memset(requests, 0, sizeof(requests));
  new_reader(2);
  return 0;
}

/* sc_budget_free asserts that all credit came back. */
static int drop(void **state) {
  (void)state;
  sc_poll_reader_free(reader);
  sc_budget_free(budget);
  sc_park_free(park);
  sc_http_free(k.http);
  sc_credentials_close(k.credentials);
  peer_close(&peer);
  peer_free(&peer);
  return 0;
}

/* The next request of a shard: behind the last record that came. */
static struct sc_request *ask(uint32_t shard) {
  struct sc_request *r = &requests[shard];
  struct sc_position position = r->position;
  sc_position_move(&position, &r->reply.last);
  *r = (struct sc_request){.shard = &shards[shard], .position = position};
  sc_poll_reader_start(reader, r);
  return r;
}

static struct sc_request *finish(void) {
  struct sc_request *request;
  while ((request = sc_poll_reader_next(reader)) == NULL) sc_poll_reader_poll(reader, 10000);
  return request;
}

/* ... and its answer. */
static struct sc_request *answer_of(uint32_t shard) {
  struct sc_request *request = ask(shard);
  assert_ptr_equal(finish(), request);
  return request;
}

static void iterator_and_records(void **state) {
  (void)state;
  SCRIPT({ITERATOR("FIRST"), OK(ONE_RECORD), OK(NO_RECORDS)});
  size_t len = strlen(ONE_RECORD);
  uint64_t sent = sc_metric_sum(SC_M_CALLS), bytes = sc_metric_sum(SC_M_BODY_BYTES);
  struct sc_request *r = answer_of(0);
  if (r->error.code != SC_OK) fail_msg("%s", r->error.text);
  assert_int_equal(r->service_ms, 1767323045000);
  assert_non_null(strstr(peer.requests[0], "\r\nX-Amz-Target: Kinesis_20131202.GetShardIterator\r\n"));
  assert_non_null(
      strstr(peer.requests[0], "\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"TRIM_HORIZON\""));
  assert_non_null(strstr(peer.requests[1], "\"ShardIterator\":\"FIRST\""));
  assert_int_equal(r->reply.n_records, 1);
  assert_int_equal(r->reply.behind_ms, 7);
  assert_true(r->reply.has_next);
  assert_false(r->reply.full || r->reply.has_children);
  assert_true(sc_slice_is(sc_sequence_view(&r->reply.last), "49"));
  assert_non_null(r->batch);
  assert_int_equal(r->batch->envelope, SC_ENVELOPE_JSON);
  assert_int_equal(r->batch->body_len, len);
  assert_memory_equal(r->batch->body, ONE_RECORD, len);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), sc_batch_cost(len));
  assert_int_equal(sc_metric_sum(SC_M_CALLS), sent + 2);
  assert_int_equal(sc_metric_sum(SC_M_BODY_BYTES), bytes + len);
  sc_batch_free(r->batch);
  assert_int_equal(answer_of(0)->error.code, SC_OK); /* the second page needs no iterator of its own */
  assert_non_null(strstr(peer.requests[2], "\"ShardIterator\":\"NEXT\""));
}

static void no_iterator_in_the_reply(void **state) {
  (void)state;
  SCRIPT({OK("{}")});
  assert_int_equal(answer_of(0)->error.code, SC_E_PROTOCOL);
}

/* What kinesalite does when no record is as new as the time asked for. */
static void a_time_without_an_answer(void **state) {
  (void)state;
  SCRIPT({{.bytes = "HTTP/1.1 200 OK\r\n"}, ITERATOR("AAAA"), OK(NO_RECORDS)});
  requests[0] =
      (struct sc_request){.shard = &shards[0], .position = {.start = SC_START_AT_TIME, .at_ms = 1700000000007}};
  sc_clock_freeze(0, 1700000000007);
  sc_poll_reader_start(reader, &requests[0]);
  while (sc_poll_reader_next(reader) == NULL) {
    sc_poll_reader_poll(reader, 10);
    if (atomic_load(&peer.answered) == 1) sc_clock_advance(1000);
  }
  sc_clock_real();
  assert_int_equal(requests[0].error.code, SC_OK);
  assert_non_null(strstr(peer.requests[0], "\"AT_TIMESTAMP\""));
  assert_non_null(strstr(peer.requests[1], "\"LATEST\""));
  assert_non_null(strstr(peer.requests[2], "\"ShardIterator\":\"AAAA\""));
}

/* A rewind asks from another position than where the iterator stands. */
static void another_position_gets_another_iterator(void **state) {
  (void)state;
  SCRIPT({ITERATOR("FIRST"), OK(ONE_RECORD), ITERATOR("BACK"), OK(NO_RECORDS)});
  sc_batch_free(answer_of(0)->batch);
  requests[0] = (struct sc_request){.position = {.start = SC_START_AFTER, .sequence = {2, "17"}}};
  assert_int_equal(answer_of(0)->error.code, SC_OK);
  assert_non_null(strstr(peer.requests[2], "\"StartingSequenceNumber\":\"17\""));
  assert_non_null(strstr(peer.requests[3], "\"ShardIterator\":\"BACK\""));
}

static void the_pace_is_an_answer_too(void **state) {
  (void)state;
  SCRIPT({ITERATOR("FIRST"), OK(NO_RECORDS)});
  settings.pace.call_interval_us = 3600 * INT64_C(1000000);
  int64_t paid_ms = sc_clock_mono_ms() + 3600 * 1000;
  assert_in_range(answer_of(0)->due_ms, paid_ms, paid_ms + 20000);
  assert_int_equal(answer_of(0)->error.code, SC_AGAIN);
  assert_in_range(requests[0].due_ms, paid_ms, paid_ms + 20000);
}

static void the_smaller_limit_counts(void **state) {
  (void)state;
  SCRIPT({ITERATOR("FIRST"), OK(NO_RECORDS)});
  requests[0] = (struct sc_request){.shard = &shards[0], .limit = 1000};
  sc_poll_reader_start(reader, &requests[0]);
  finish();
  assert_non_null(strstr(peer.requests[1], "\"Limit\":1000"));
}

static void empty_pages_have_no_batch(void **state) {
  (void)state;
  SCRIPT({ITERATOR("FIRST"), OK(NO_RECORDS)});
  struct sc_request *r = answer_of(0);
  assert_int_equal(r->error.code, SC_OK);
  assert_null(r->batch);
  assert_int_equal(r->reply.behind_ms, 0);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), 0);
}

/* Whatever goes wrong: no batch, no credit kept, a time to ask again; and the iterator is used again unless it has
 * expired. */
static void failures(void **state) {
  (void)state;
  SCRIPT({ITERATOR("FIRST"),
          FAULT("400 Bad Request", "ExpiredIteratorException"),
          ITERATOR("SECOND"),
          {.status = "500 Oops", .body = ""},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Records\":[", .closes = true},
          OK("{\"Records\":[ ]]"),
          OK(""),
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n{"}});
  static const int codes[] = {SC_E_EXPIRED_ITERATOR, SC_E_SERVICE,  SC_E_NET,
                              SC_E_PROTOCOL,         SC_E_PROTOCOL, SC_E_PROTOCOL};
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    int64_t asked_ms = sc_clock_mono_ms();
    struct sc_request *r = answer_of(0);
    if (r->error.code != codes[i]) fail_msg("%zu: %s", i, r->error.text);
    assert_string_equal(r->error.shard, shards[0].id);
    assert_null(r->batch);
    assert_true(r->due_ms >= asked_ms);
    assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), 0);
  }
  for (size_t i = 3; i < 8; i++) assert_non_null(strstr(peer.requests[i], "\"ShardIterator\":\"SECOND\""));
}

static void waits_for_credit(void **state) {
  (void)state;
  SCRIPT({ITERATOR("FIRST"), OK(ONE_RECORD)});
  uint64_t pauses = sc_metric_sum(SC_M_PAUSES);
  assert_true(sc_budget_take(budget, SC_POOL_BODIES, LARGEST));
  assert_true(sc_budget_take_reserve(budget, 1));
  ask(0);
  while (sc_metric_sum(SC_M_PAUSES) == pauses) sc_poll_reader_poll(reader, 10000);
  sc_poll_reader_poll(reader, 0);
  assert_null(sc_poll_reader_next(reader));
  sc_budget_give(budget, SC_POOL_BODIES, LARGEST);
  assert_ptr_equal(finish(), &requests[0]);
  assert_int_equal(requests[0].error.code, SC_OK);
  assert_false(requests[0].batch->from_reserve);
  sc_batch_free(requests[0].batch);
  sc_budget_give_reserve(budget, 1);
}

/* No more at a time than there are places; a cancelled request gives its place back. */
static void places(void **state) {
  (void)state;
  SCRIPT({OK("{")}); /* nothing comes of it before the reader goes */
  assert_int_equal(sc_poll_reader_places(reader), 2);
  ask(0), ask(1);
  assert_int_equal(sc_poll_reader_places(reader), 0);
  sc_poll_reader_cancel(reader, &requests[1]);
  assert_int_equal(sc_poll_reader_places(reader), 1);
  assert_ptr_equal(sc_poll_reader_next(reader), &requests[1]);
  assert_null(sc_poll_reader_next(reader));
  assert_int_equal(requests[1].error.code, SC_E_STOPPED);
  ask(2); /* dropped with the reader, as is the first */
}

static void half_as_many_more_when_told(void **state) {
  (void)state;
  SCRIPT({OK("{")});
  sc_poll_reader_free(reader);
  new_reader(20);
  static const uint32_t want[] = {6, 9, 13, 19, 20, 20};
  for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++, sc_poll_reader_widen(reader))
    assert_int_equal(sc_poll_reader_places(reader), want[i]);
}

static void freed_with_answered_requests(void **state) {
  (void)state;
  SCRIPT({ITERATOR("FIRST"), OK(ONE_RECORD)});
  ask(0);
  while (requests[0].batch == NULL) sc_poll_reader_poll(reader, 10000);
  sc_poll_reader_free(reader);
  assert_null(requests[0].batch);
  assert_int_equal(sc_budget_used(budget, SC_POOL_BODIES), 0);
  new_reader(1);
}

static void wrong_clock_is_set_right(void **state) {
  (void)state;
  SCRIPT({ITERATOR("FIRST"), FAULT("403 Forbidden", "InvalidSignatureException"), OK(NO_RECORDS)});
  sc_clock_freeze(0, 1767323045000 + 3600000);
  assert_int_equal(answer_of(0)->error.code, SC_E_SKEW);
  assert_int_equal(answer_of(0)->error.code, SC_OK);
  sc_clock_real();
  assert_int_equal(atomic_load(&peer.answered), 3);
  assert_non_null(strstr(peer.requests[1], "X-Amz-Date: 20260102T040405Z"));
  assert_non_null(strstr(peer.requests[2], "X-Amz-Date: 20260102T030405Z"));
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
  SCRIPT({ITERATOR("FIRST"), OK_CBOR, ITERATOR("SECOND"),
          CBOR_FAULT("400 Bad Request",
                     "\x78\x18"
                     "ExpiredIteratorException"),
          ITERATOR("THIRD"), OK(ONE_RECORD)});
  _Static_assert(sizeof(CBOR_RECORD) - 1 == 113, "as recorded");
  k.asks_cbor = true;
  struct sc_request *r = answer_of(0);
  if (r->error.code != SC_OK) fail_msg("%s", r->error.text);
  assert_non_null(strstr(peer.requests[1], "\r\nContent-Type: application/x-amz-cbor-1.1\r\n"));
  assert_non_null(strstr(peer.requests[1],
                         "\r\n\r\n\xbf\x65Limit\x19\x27\x10mShardIterator\x65"
                         "FIRST\xff"));
  assert_false(r->reply.has_next);
  assert_int_equal(r->reply.n_records, 1);
  assert_int_equal(r->reply.behind_ms, 0);
  assert_true(sc_slice_is(sc_sequence_view(&r->reply.last), "1"));
  assert_int_equal(r->batch->envelope, SC_ENVELOPE_CBOR);
  assert_int_equal(r->batch->body_len, 113);
  assert_memory_equal(r->batch->body, CBOR_RECORD, 113);
  sc_batch_free(r->batch);
  assert_int_equal(answer_of(0)->error.code, SC_E_EXPIRED_ITERATOR);
  assert_int_equal(answer_of(0)->error.code, SC_OK); /* answered in JSON all the same */
  assert_int_equal(requests[0].batch->envelope, SC_ENVELOPE_JSON);
  sc_batch_free(requests[0].batch);
}

static const char json_type[] = "\r\nContent-Type: application/x-amz-json-1.1\r\n";
static const char cbor_type[] = "\r\nContent-Type: application/x-amz-cbor-1.1\r\n";

/* The call itself goes on in JSON, at once; later ones begin in it. */
static void falls_back_to_json(void **state) {
  (void)state;
  SCRIPT({ITERATOR("FIRST"),
          {.status = "404 Not Found", .body = "<UnknownOperationException/>\n"},
          OK(ONE_RECORD),
          OK(NO_RECORDS)});
  k.asks_cbor = k.may_fall_back = true;
  struct sc_request *r = answer_of(0);
  if (r->error.code != SC_OK) fail_msg("%s", r->error.text);
  assert_int_equal(r->reply.n_records, 1);
  sc_batch_free(r->batch);
  assert_int_equal(answer_of(0)->error.code, SC_OK);
  assert_int_equal(atomic_load(&peer.answered), 4);
  assert_non_null(strstr(peer.requests[1], cbor_type));
  assert_non_null(strstr(peer.requests[2], json_type));
  assert_non_null(strstr(peer.requests[2], "\"ShardIterator\":\"FIRST\""));
  assert_non_null(strstr(peer.requests[3], json_type));
}

/* Two calls are refused at the same time: both go on. */
static void falls_back_with_calls_under_way(void **state) {
  (void)state;
  SCRIPT({ITERATOR("A"), OK(NO_RECORDS), ITERATOR("B"), OK(NO_RECORDS),
          CBOR_FAULT("400 Bad Request", UNKNOWN_OPERATION), CBOR_FAULT("400 Bad Request", UNKNOWN_OPERATION),
          OK(NO_RECORDS), OK(NO_RECORDS)});
  answer_of(0), answer_of(1);
  k.asks_cbor = k.may_fall_back = true;
  ask(0), ask(1);
  for (int i = 0; i < 2; i++) assert_int_equal(finish()->error.code, SC_OK);
  assert_int_equal(atomic_load(&peer.answered), 8);
}

static void cbor_that_was_asked_for_is_not_given_up(void **state) {
  (void)state;
  SCRIPT({ITERATOR("A"), CBOR_FAULT("400 Bad Request", UNKNOWN_OPERATION),
          CBOR_FAULT("400 Bad Request", UNKNOWN_OPERATION)});
  k.asks_cbor = true;
  for (size_t i = 1; i < 3; i++) {
    assert_int_equal(answer_of(0)->error.code, SC_E_REFUSED);
    assert_non_null(strstr(requests[0].error.hint, "--protocol=json"));
    assert_non_null(strstr(peer.requests[i], cbor_type));
  }
}

static void errors_of_the_call_are_no_reason_to_fall_back(void **state) {
  (void)state;
  SCRIPT({ITERATOR("A"),
          CBOR_FAULT("400 Bad Request", "\x78\x26ProvisionedThroughputExceededException"),
          {.status = "500 Oops", .body = ""},
          CBOR_FAULT("400 Bad Request",
                     "\x78\x15"
                     "AccessDeniedException"),
          OK_CBOR});
  static const int codes[] = {SC_E_THROTTLED, SC_E_SERVICE, SC_E_AUTH, SC_OK};
  k.asks_cbor = k.may_fall_back = true;
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(answer_of(0)->error.code, codes[i]);
    assert_non_null(strstr(peer.requests[i + 1], cbor_type));
  }
  sc_batch_free(requests[0].batch);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void) {
  sc_log_init(SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {
      CASE(iterator_and_records),
      CASE(a_time_without_an_answer),
      CASE(no_iterator_in_the_reply),
      CASE(another_position_gets_another_iterator),
      CASE(the_pace_is_an_answer_too),
      CASE(the_smaller_limit_counts),
      CASE(empty_pages_have_no_batch),
      CASE(failures),
      CASE(places),
      CASE(half_as_many_more_when_told),
      CASE(waits_for_credit),
      CASE(freed_with_answered_requests),
      CASE(wrong_clock_is_set_right),
      CASE(records_in_cbor),
      CASE(falls_back_to_json),
      CASE(falls_back_with_calls_under_way),
      CASE(cbor_that_was_asked_for_is_not_given_up),
      CASE(errors_of_the_call_are_no_reason_to_fall_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
