#include "bench/local/api/subscription.h"

#include <pthread.h>

#include "tests/unit/bench/local/base/watch.h"

static void test_it_begins_with_its_initial_response(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  struct sc_event_stream_frame frame;
  const char *why = NULL;
  begin_stream(&w, false, 1);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
  assert_string_equal(watch.reply.content_type, "application/vnd.amazon.eventstream");
  assert_int_equal(sc_event_stream_read(sc_buf_view(&watch.reply.content.head), &frame, &why), SC_EVENT_STREAM_FRAME);
  assert_true(sc_slice_is(sc_event_stream_string(&frame, ":event-type"), "initial-response"));
  assert_true(sc_slice_is(frame.payload, "{}"));
  assert_int_equal(frame.len, scl_content_len(&watch.reply.content));
  pull_wait(&watch, 5000);
  leave(&watch);
  end(&w);
}

static void test_records_are_told_and_sent_in_order(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  put(&w, 0, 2, 3);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"TRIM_HORIZON\"");
  pull_event(&watch);
  assert_string_equal(watch.payload,
                      "{\"ContinuationSequenceNumber\":\"49646437577108476416916876405828347277224658934624681986\","
                      "\"MillisBehindLatest\":0,\"Records\":["
                      "{\"SequenceNumber\":\"49646437577108476416916876405827138351405044305449975810\","
                      "\"ApproximateArrivalTimestamp\":1700000000.123,\"Data\":\"eHh4\",\"PartitionKey\":\"k\"},"
                      "{\"SequenceNumber\":\"49646437577108476416916876405828347277224658934624681986\","
                      "\"ApproximateArrivalTimestamp\":1700000000.123,\"Data\":\"eHh4\",\"PartitionKey\":\"k\"}]}");
  pull_wait(&watch, 5000);
  assert_int_equal(watch.told, 0);
  put(&w, 0, 3, 3);
  assert_int_equal(watch.told, 3);
  pull_event(&watch);
  assert_int_equal(records_in(&watch), 3);
  pull_wait(&watch, 5000);
  leave(&watch);
  put(&w, 0, 1, 3);
  assert_int_equal(watch.told, 3);
  end(&w);
}

static void test_large_backlogs_are_cut(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  put(&w, 0, 1, 10 << 20); /* alone, however large */
  scl_timebase_advance(&w.timebase, 70);
  put(&w, 0, 5, 1 << 20);
  scl_timebase_advance(&w.timebase, 30);
  put(&w, 0, 10001, 1);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"TRIM_HORIZON\"");
  static const int counts[] = {1, 3, 10000, 3};
  static const char *const behind[] = {"\"MillisBehindLatest\":100,", "\"MillisBehindLatest\":30,",
                                       "\"MillisBehindLatest\":0,", "\"MillisBehindLatest\":0,"};
  for (int i = 0; i < 4; i++) {
    pull_event(&watch);
    assert_int_equal(records_in(&watch), counts[i]);
    assert_non_null(strstr(watch.parts.payload.ptr, behind[i]));
  }
  pull_wait(&watch, 5000);
  leave(&watch);
  end(&w);
}

static void test_heartbeats_advance(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  char first[SCL_SEQLAYOUT_DIGITS + 1], second[SCL_SEQLAYOUT_DIGITS + 1], third[SCL_SEQLAYOUT_DIGITS + 1];
  begin_stream(&w, false, 1);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
  scl_timebase_advance(&w.timebase, 4999);
  assert_int_equal(watch.told, 1);
  pull_wait(&watch, 1);
  scl_timebase_advance(&w.timebase, 1);
  pull_event(&watch);
  assert_non_null(strstr(watch.payload, "\"MillisBehindLatest\":0,\"Records\":[]}"));
  assert_int_equal(strlen(continuation(&watch, first)), SCL_SEQLAYOUT_DIGITS);
  pull_wait(&watch, 5000);
  scl_timebase_advance(&w.timebase, 5000);
  pull_event(&watch);
  assert_true(strcmp(continuation(&watch, second), first) > 0);
  put(&w, 0, 1, 1);
  pull_event(&watch);
  assert_int_equal(records_in(&watch), 1);
  assert_true(strcmp(continuation(&watch, third), second) > 0);
  scl_timebase_advance(&w.timebase, 5000);
  pull_event(&watch);
  assert_true(strcmp(continuation(&watch, first), third) > 0);
  leave(&watch);
  end(&w);
}

/* Another consumer, d, and an iterator begin where this one of c stands. */
static void assert_resumes(struct world *w, const char *sequence, int records) {
  char body[600], iterator[600];
  struct watch watch;
  snprintf(body, sizeof(body),
           "{\"ConsumerARN\":\"" OTHER_ARN "\",\"ShardId\":\"" SHARD
           "\",\"StartingPosition\":{\"Type\":\"AFTER_SEQUENCE_NUMBER\",\"SequenceNumber\":\"%s\"}}",
           sequence);
  assert_int_equal(subscribe_with(w, &watch, SCL_SERVICE_JSON, body), 200);
  if (records == 0) {
    pull_wait(&watch, 5000);
  } else {
    pull_event(&watch);
    assert_int_equal(records_in(&watch), records);
  }
  leave(&watch);
  snprintf(body, sizeof(body),
           "{\"StreamName\":\"s\",\"ShardId\":\"" SHARD
           "\",\"ShardIteratorType\":\"AFTER_SEQUENCE_NUMBER\",\"StartingSequenceNumber\":\"%s\"}",
           sequence);
  must(w, "GetShardIterator", body);
  snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\"}", member(w, "ShardIterator", iterator));
  assert_int_equal(count(must(w, "GetRecords", body), "\"PartitionKey\""), records);
}

/* With the number of a heartbeat reading goes on behind what was read, whatever came, or went, since. */
static void test_resuming_after_heartbeats(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  char empty[SCL_SEQLAYOUT_DIGITS + 1], behind[SCL_SEQLAYOUT_DIGITS + 1], beat[SCL_SEQLAYOUT_DIGITS + 1];
  begin_stream(&w, false, 1);
  add_consumer(&w, "d");
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
  scl_timebase_advance(&w.timebase, 5000);
  pull_event(&watch);
  assert_resumes(&w, continuation(&watch, empty), 0);
  put(&w, 0, 3, 1);
  assert_resumes(&w, empty, 3);
  pull_event(&watch);
  assert_resumes(&w, continuation(&watch, behind), 0);
  scl_timebase_advance(&w.timebase, 5000);
  pull_event(&watch);
  assert_resumes(&w, continuation(&watch, beat), 0);
  put(&w, 0, 2, 1); /* in the second of the heartbeat */
  assert_resumes(&w, beat, 2);
  assert_resumes(&w, behind, 2);
  scl_timebase_advance(&w.timebase, 5000);
  put(&w, 0, 2, 1);
  assert_resumes(&w, beat, 4);
  assert_resumes(&w, empty, 7);
  scl_timebase_advance(&w.timebase, 24 * SCL_STORE_HOUR_MS - 2000); /* all but the last two are too old */
  assert_resumes(&w, beat, 2);
  assert_resumes(&w, empty, 2);
  leave(&watch);
  end(&w);
}

static void test_starting_positions(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 2);
  put(&w, 0, 2, 1);
  scl_timebase_advance(&w.timebase, 2000);
  put(&w, 0, 1, 1);
  static const struct {
    const char *position;
    int records;
  } good[] = {
      {"\"Type\":\"TRIM_HORIZON\"", 3},
      {"\"Type\":\"AT_TIMESTAMP\",\"Timestamp\":1700000000", 3},
      {"\"Type\":\"AT_TIMESTAMP\",\"Timestamp\":1700000000.124", 1},
      {"\"Type\":\"AT_SEQUENCE_NUMBER\",\"SequenceNumber\":"
       "\"49646437577108476416916876405828347277224658934624681986\"",
       2},
      {"\"Type\":\"AFTER_SEQUENCE_NUMBER\",\"SequenceNumber\":"
       "\"49646437577108476416916876405828347277224658934624681986\"",
       1},
  };
  for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
    must_subscribe(&w, &watch, SHARD, good[i].position);
    pull_event(&watch);
    assert_int_equal(records_in(&watch), good[i].records);
    leave(&watch);
  }
  assert_refused(&w, SHARD, "\"Type\":\"AT_TIMESTAMP\",\"Timestamp\":1700000003", "InvalidArgumentException",
                 "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                 "timestampInMillis: 1700000003000, currentTimestampInMillis: 1700000002123");
  assert_refused(&w, "shardId-000000000001",
                 "\"Type\":\"AT_SEQUENCE_NUMBER\",\"SequenceNumber\":"
                 "\"49646437577108476416916876405828347277224658934624681986\"",
                 "InvalidArgumentException",
                 "Invalid StartingSequenceNumber. It encodes shardId-000000000000, while it was used in a call to a "
                 "shard with shardId-000000000001");
  assert_refused(&w, SHARD, "\"Type\":\"AT_SEQUENCE_NUMBER\",\"SequenceNumber\":\"7\"", "InvalidArgumentException",
                 "StartingSequenceNumber 7 used in SubscribeToShard on shard shardId-000000000000 in stream s under "
                 "account 000000000000 is invalid.");
  assert_refused(&w, SHARD, "\"Type\":\"HERE\"", "ValidationException",
                 "1 validation error detected: Value 'HERE' at 'startingPosition.type' failed to satisfy constraint: "
                 "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, "
                 "AT_SEQUENCE_NUMBER, TRIM_HORIZON]");
  assert_refused(&w, "shardId-000000000002", "\"Type\":\"LATEST\"", "ResourceNotFoundException",
                 "Shard shardId-000000000002 in stream s under account 000000000000 does not exist");
  end(&w);
}

static void test_who_may_subscribe(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  stream_of(&w)->consumers[0]->ready_ms = NOW + 10;
  assert_refused(&w, SHARD, "\"Type\":\"LATEST\"", "ResourceInUseException",
                 "Consumer c with creation timestamp 1700000000 under stream: s, account 000000000000 is not in ACTIVE "
                 "status.");
  scl_timebase_advance(&w.timebase, 10);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
  leave(&watch);
  stream_of(&w)->consumers[0]->created_ms -= 1000; /* it was registered again meanwhile */
  assert_refused(&w, SHARD, "\"Type\":\"LATEST\"", "ResourceNotFoundException",
                 "Consumer c with creation timestamp 1700000000 under stream: s, account 000000000000 not found.");
  end(&w);
}

static void test_cbor_is_no_language_for_streams(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  static const char body[] =
      "\xa3\x6b"
      "ConsumerARN"
      "\x78\x45" ARN
      "\x67"
      "ShardId"
      "\x74" SHARD
      "\x70"
      "StartingPosition"
      "\xa1\x64"
      "Type"
      "\x66"
      "LATEST";
  assert_int_equal(strlen(ARN), 0x45);
  assert_int_equal(subscribe_with(&w, &watch, SCL_SERVICE_CBOR, body), 500);
  assert_null(watch.reply.feed);
  leave(&watch);
  end(&w);
}

static void test_a_younger_one_takes_over(void **state) {
  (void)state;
  struct world w;
  struct watch old, young;
  begin_stream(&w, false, 1);
  must_subscribe(&w, &old, SHARD, "\"Type\":\"LATEST\"");
  scl_timebase_advance(&w.timebase, 4999);
  assert_refused(&w, SHARD, "\"Type\":\"LATEST\"", "ResourceInUseException",
                 "Another active subscription exists for this consumer: 000000000000:s:shardId-000000000000:c");
  pull_wait(&old, 1);
  scl_timebase_advance(&w.timebase, 1);
  old.told = 0;
  must_subscribe(&w, &young, SHARD, "\"Type\":\"LATEST\"");
  assert_int_equal(old.told, 1);
  pull_exception(&old, "ResourceInUseException",
                 "Another active subscription exists for this consumer: 000000000000:s:shardId-000000000000:c");
  leave(&old);
  put(&w, 0, 1, 1);
  pull_event(&young);
  leave(&young);
  end(&w);
}

static void test_leaving_frees_the_place(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  for (int i = 0; i < 3; i++) {
    must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
    leave(&watch);
  }
  end(&w);
}

static void test_limits(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, true, 1);
  put(&w, 0, 8, (512 << 10) - 1);
  put(&w, 0, 1, 10 << 20);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"TRIM_HORIZON\"");
  assert_refused(&w, SHARD, "\"Type\":\"TRIM_HORIZON\"", "LimitExceededException",
                 "Rate exceeded for consumer c and shard shardId-000000000000 in stream s under account 000000000000.");
  for (int i = 0; i < 2; i++) {
    pull_event(&watch);
    assert_int_equal(records_in(&watch), 2);
  }
  pull_wait(&watch, 1); /* then one byte may go, and with it another event */
  scl_timebase_advance(&w.timebase, 1);
  pull_event(&watch);
  pull_wait(&watch, 500);
  scl_timebase_advance(&w.timebase, 500);
  pull_event(&watch);
  pull_wait(&watch, 500);
  scl_timebase_advance(&w.timebase, 500);
  pull_event(&watch);
  assert_int_equal(records_in(&watch), 1);
  pull_wait(&watch, 5000); /* 10 MiB at 2 MiB/s */
  leave(&watch);
  end(&w);
}

static void test_it_lasts_five_minutes(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
  scl_timebase_advance(&w.timebase, 299000);
  pull_event(&watch);
  pull_wait(&watch, 1000);
  put(&w, 0, 1, 1);
  pull_event(&watch);
  scl_timebase_advance(&w.timebase, 1000);
  assert_int_equal(pull(&watch), SCL_FEED_END);
  assert_int_equal(pull(&watch), SCL_FEED_END);
  leave(&watch);
  end(&w);
}

static void test_the_end_of_a_split_shard(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  put(&w, 0, 1, 1);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
  must(&w, "SplitShard",
       "{\"StreamName\":\"s\",\"ShardToSplit\":\"" SHARD
       "\",\"NewStartingHashKey\":\"170141183460469231731687303715884105728\"}");
  assert_int_equal(watch.told, 1);
  pull_event(&watch);
  assert_string_equal(
      watch.payload,
      "{\"MillisBehindLatest\":0,\"Records\":[],\"ChildShards\":["
      "{\"ShardId\":\"shardId-000000000001\",\"ParentShards\":[\"shardId-000000000000\"],\"HashKeyRange\":{"
      "\"StartingHashKey\":\"0\",\"EndingHashKey\":\"170141183460469231731687303715884105727\"}},"
      "{\"ShardId\":\"shardId-000000000002\",\"ParentShards\":[\"shardId-000000000000\"],\"HashKeyRange\":{"
      "\"StartingHashKey\":\"170141183460469231731687303715884105728\","
      "\"EndingHashKey\":\"340282366920938463463374607431768211455\"}}]}");
  assert_int_equal(pull(&watch), SCL_FEED_END);
  leave(&watch);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"TRIM_HORIZON\""); /* records and end, again */
  pull_event(&watch);
  assert_int_equal(records_in(&watch), 1);
  assert_int_equal(count(watch.payload, "ParentShards"), 2);
  assert_int_equal(pull(&watch), SCL_FEED_END);
  leave(&watch);
  end(&w);
}

static void test_the_end_of_merged_shards(void **state) {
  (void)state;
  struct world w;
  struct watch left, right;
  begin_stream(&w, false, 2);
  must_subscribe(&w, &left, SHARD, "\"Type\":\"LATEST\"");
  must_subscribe(&w, &right, "shardId-000000000001", "\"Type\":\"LATEST\"");
  must(&w, "MergeShards",
       "{\"StreamName\":\"s\",\"ShardToMerge\":\"" SHARD "\",\"AdjacentShardToMerge\":\"shardId-000000000001\"}");
  static const char want[] =
      "{\"MillisBehindLatest\":0,\"Records\":[],\"ChildShards\":["
      "{\"ShardId\":\"shardId-000000000002\",\"ParentShards\":[\"shardId-000000000000\",\"shardId-000000000001\"],"
      "\"HashKeyRange\":{\"StartingHashKey\":\"0\",\"EndingHashKey\":\"340282366920938463463374607431768211455\"}}]}";
  pull_event(&left);
  assert_string_equal(left.payload, want);
  pull_event(&right);
  assert_string_equal(right.payload, want);
  assert_int_equal(pull(&left), SCL_FEED_END);
  assert_int_equal(pull(&right), SCL_FEED_END);
  leave(&left);
  leave(&right);
  end(&w);
}

static void test_what_is_too_old_is_passed_over(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  put(&w, 0, 3, 1);
  scl_timebase_advance(&w.timebase, 24 * SCL_STORE_HOUR_MS);
  put(&w, 0, 2, 1);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"TRIM_HORIZON\"");
  scl_timebase_advance(&w.timebase, 1); /* now the first three are */
  pull_event(&watch);
  assert_int_equal(records_in(&watch), 2);
  leave(&watch);
  end(&w);
}

static void test_it_ends_with_its_consumer(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
  must(&w, "DeregisterStreamConsumer", "{\"ConsumerARN\":\"" ARN "\"}");
  assert_int_equal(watch.told, 1);
  pull_exception(&watch, "ResourceNotFoundException",
                 "Consumer c or shard shardId-000000000000 of stream s under account 000000000000 not found.");
  leave(&watch);
  end(&w);
}

static void test_it_ends_with_its_stream(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
  scl_store_delete(w.store, stream_of(&w));
  assert_int_equal(watch.told, 1);
  must(&w, "CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":1}"); /* another of that name */
  add_consumer(&w, "c");
  pull_exception(&watch, "ResourceNotFoundException",
                 "Consumer c or shard shardId-000000000000 of stream s under account 000000000000 not found.");
  put(&w, 0, 1, 1);
  assert_int_equal(watch.told, 1);
  leave(&watch);
  end(&w);
}

static void forget(void *context, const struct scl_store_shard *shard, uint64_t number,
                   const struct scl_logrecord *record) {
  (void)context, (void)shard, (void)number, (void)record;
}

static struct scl_ticket ticket_seven(void *context) { return (struct scl_ticket){context, 7}; }

/* A client is not to know of records that can still be lost. */
static void test_records_wait_for_the_disk(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  struct scl_gate gate;
  scl_gate_init(&gate);
  struct scl_store_recorder recorder = {.context = &gate, .put = forget, .ticket = ticket_seven};
  begin_stream(&w, false, 1);
  scl_store_set_recorder(w.store, &recorder);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"TRIM_HORIZON\"");
  put(&w, 0, 1, 1);
  pull_event(&watch);
  assert_ptr_equal(watch.ticket.gate, &gate);
  assert_int_equal(watch.ticket.number, 7);
  leave(&watch);
  end(&w);
  scl_gate_fini(&gate);
}

static void pull_under_fault(struct world *w, struct watch *watch, const char *fault) {
  admin(w, "POST", "/_local/faults", fault);
  assert_int_equal(w->status, 200);
  must_subscribe(w, watch, SHARD, "\"Type\":\"TRIM_HORIZON\"");
}

static void test_faults_of_events(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  put(&w, 0, 1, 1);
  pull_under_fault(&w, &watch,
                   "{\"operation\":\"SubscribeToShard.event\",\"after\":1,\"code\":\"KMSDisabledException\","
                   "\"message\":\"no key\"}");
  pull_event(&watch);
  pull_wait(&watch, 5000); /* no event, no fault */
  scl_timebase_advance(&w.timebase, 5000);
  pull_exception(&watch, "KMSDisabledException", "no key");
  leave(&watch);
  pull_under_fault(&w, &watch, "{\"kind\":\"corrupt\"}");
  assert_int_equal(pull(&watch), SCL_FEED_CHUNK);
  assert_string_equal(watch.why, "the checksum of a frame is wrong");
  leave(&watch);
  pull_under_fault(&w, &watch, "{\"kind\":\"end\"}");
  assert_int_equal(pull(&watch), SCL_FEED_END);
  assert_int_equal(pull(&watch), SCL_FEED_END);
  leave(&watch);
  pull_under_fault(&w, &watch, "{\"operation\":\"SubscribeToShard.event\",\"kind\":\"half-open\",\"bytes\":9}");
  pull_event(&watch);
  assert_int_equal(watch.delivery.ending, SCL_ENDING_HANG);
  assert_int_equal(watch.delivery.cut_bytes, 9);
  leave(&watch);
  end(&w);
}

static void test_it_ends_when_its_stream_is_deleting(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  begin_stream(&w, false, 1);
  scl_store_set_delays(w.store, 0, 500);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
  must(&w, "DeleteStream", "{\"StreamName\":\"s\",\"EnforceConsumerDeletion\":true}");
  assert_int_equal(watch.told, 1);
  pull_exception(&watch, "ResourceNotFoundException",
                 "Consumer c or shard shardId-000000000000 of stream s under account 000000000000 not found.");
  leave(&watch);
  assert_refused(&w, SHARD, "\"Type\":\"LATEST\"", "ResourceInUseException",
                 "Stream s under account 000000000000 not ACTIVE, instead in state DELETING");
  end(&w);
}

enum { PUTS = 2000 };

static void *put_all(void *context) {
  for (int i = 0; i < PUTS; i++) put(context, 0, 1, 10);
  return NULL;
}

/* Records put by one thread are pulled by another, which is told of them. */
static void test_threads(void **state) {
  (void)state;
  struct world w;
  struct watch watch;
  pthread_t thread;
  begin_stream(&w, false, 1);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"LATEST\"");
  assert_int_equal(pthread_create(&thread, NULL, put_all, &w), 0);
  for (int seen = 0; seen < PUTS;) {
    if (pull(&watch) == SCL_FEED_CHUNK) seen += records_in(&watch);
    else
      while (sem_wait(&watch.bell) != 0) continue;
  }
  assert_int_equal(pthread_join(thread, NULL), 0);
  leave(&watch);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_it_begins_with_its_initial_response),
      cmocka_unit_test(test_records_are_told_and_sent_in_order),
      cmocka_unit_test(test_large_backlogs_are_cut),
      cmocka_unit_test(test_heartbeats_advance),
      cmocka_unit_test(test_resuming_after_heartbeats),
      cmocka_unit_test(test_starting_positions),
      cmocka_unit_test(test_who_may_subscribe),
      cmocka_unit_test(test_cbor_is_no_language_for_streams),
      cmocka_unit_test(test_a_younger_one_takes_over),
      cmocka_unit_test(test_leaving_frees_the_place),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_it_lasts_five_minutes),
      cmocka_unit_test(test_the_end_of_a_split_shard),
      cmocka_unit_test(test_the_end_of_merged_shards),
      cmocka_unit_test(test_what_is_too_old_is_passed_over),
      cmocka_unit_test(test_it_ends_with_its_consumer),
      cmocka_unit_test(test_it_ends_with_its_stream),
      cmocka_unit_test(test_it_ends_when_its_stream_is_deleting),
      cmocka_unit_test(test_records_wait_for_the_disk),
      cmocka_unit_test(test_faults_of_events),
      cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests_name("local/subscription", tests, NULL, NULL);
}
