/* Nobody is shown what could still be lost: all that is made from a store with a recorder waits for the recorder's
 * ticket. */
#include "tests/unit/bench/local/base/watch.h"

/* A recorder that keeps nothing: its end is what it was told. */
struct recording {
  struct scl_gate gate;
  uint64_t end;
  struct scl_store_recorder recorder;
};

static void grow(void *context) { ((struct recording *)context)->end++; }
static void created(void *context, const struct scl_store_stream *stream) {
  (void)stream;
  grow(context);
}
static void deleted(void *context, uint64_t stream_id) {
  (void)stream_id;
  grow(context);
}
static void record(void *context, const struct scl_store_shard *shard, uint64_t number,
                   const struct scl_logrecord *put) {
  (void)shard, (void)number, (void)put;
  grow(context);
}
static void split(void *context, const struct scl_store_stream *stream, uint32_t shard) {
  (void)stream, (void)shard;
  grow(context);
}
static void merged(void *context, const struct scl_store_stream *stream, uint32_t shard, uint32_t adjacent) {
  (void)stream, (void)shard, (void)adjacent;
  grow(context);
}
static void account(void *context, struct scl_store *store) {
  (void)store;
  grow(context);
}
static struct scl_ticket ticket(void *context) {
  struct recording *recording = context;
  return (struct scl_ticket){&recording->gate, recording->end};
}

static void begin_recorded(struct world *w, struct recording *recording) {
  begin_stream(w, false, 2);
  *recording =
      (struct recording){.recorder = {recording, created, deleted, record, split, merged, created, account, ticket}};
  scl_gate_init(&recording->gate);
  scl_store_set_recorder(w->store, &recording->recorder);
}

static void end_recorded(struct world *w, struct recording *recording) {
  end(w);
  scl_gate_fini(&recording->gate);
}

/* The call tells the recorder so many things, and its answer waits for them, and for all before. */
static void call_tells(struct world *w, struct recording *recording, const char *operation, const char *body,
                       int things) {
  char target[128];
  struct scl_reply reply = {0};
  uint64_t before = recording->end;
  snprintf(target, sizeof(target), "Kinesis_20131202.%s", operation);
  struct scl_request what = {.method = SC_SLICE_LITERAL("POST"),
                             .path = SC_SLICE_LITERAL("/"),
                             .target = sc_slice_str(target),
                             .content_type = SC_SLICE_LITERAL(SCL_SERVICE_JSON),
                             .body = sc_slice_str(body)};
  scl_service_handle(w->service, &what, &reply);
  assert_int_equal(reply.status, 200);
  assert_int_equal(recording->end - before, things);
  assert_ptr_equal(reply.ticket.gate, &recording->gate);
  assert_int_equal(reply.ticket.number, recording->end);
  scl_reply_fini(&reply);
}

static void test_replies(void **state) {
  (void)state;
  struct world w;
  struct recording recording;
  begin_recorded(&w, &recording);
  call_tells(&w, &recording, "PutRecord", "{\"StreamName\":\"s\",\"Data\":\"\",\"PartitionKey\":\"k\"}", 1);
  call_tells(&w, &recording, "PutRecords",
             "{\"StreamName\":\"s\",\"Records\":[{\"Data\":\"\",\"PartitionKey\":\"k\"},"
             "{\"Data\":\"\",\"PartitionKey\":\"l\"}]}",
             2);
  call_tells(&w, &recording, "ListShards", "{\"StreamName\":\"s\"}", 0);
  call_tells(&w, &recording, "SplitShard",
             "{\"StreamName\":\"s\",\"ShardToSplit\":\"" SHARD "\",\"NewStartingHashKey\":\"1000\"}", 1);
  call_tells(&w, &recording, "MergeShards",
             "{\"StreamName\":\"s\",\"ShardToMerge\":\"shardId-000000000002\","
             "\"AdjacentShardToMerge\":\"shardId-000000000003\"}",
             1);
  call_tells(&w, &recording, "AddTagsToStream", "{\"StreamName\":\"s\",\"Tags\":{\"a\":\"b\"}}", 1);
  call_tells(&w, &recording, "ListStreams", "{}", 0);
  end_recorded(&w, &recording);
}

static void test_chunks(void **state) {
  (void)state;
  struct world w;
  struct recording recording;
  struct watch watch;
  struct scl_chunk chunk = {0};
  begin_recorded(&w, &recording);
  must_subscribe(&w, &watch, SHARD, "\"Type\":\"TRIM_HORIZON\"");
  for (int i = 0; i < 3; i++) {
    put(&w, 0, 1, 10);
    assert_int_equal(watch.reply.feed->next(watch.reply.feed, &chunk, &watch.wait_ms), SCL_FEED_CHUNK);
    assert_ptr_equal(chunk.ticket.gate, &recording.gate);
    assert_int_equal(chunk.ticket.number, recording.end);
    scl_content_fini(&chunk.content);
  }
  leave(&watch);
  end_recorded(&w, &recording);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_replies),
      cmocka_unit_test(test_chunks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
