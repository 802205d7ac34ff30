/* A subscription watched as its connection sees it: its frames are pulled by hand, read, and compared. */
#ifndef SC_TESTS_UNIT_BENCH_LOCAL_BASE_WATCH_H
#define SC_TESTS_UNIT_BENCH_LOCAL_BASE_WATCH_H

#include <semaphore.h>
#include <stdlib.h>

#include "bench/local/api/subscription.h"
#include "codec/kinesis/event_stream.h"
#include "tests/unit/bench/local/api/service_calls.h"

#define ARN "arn:aws:kinesis:eu-west-1:000000000000:stream/s/consumer/c:1700000000"
#define OTHER_ARN "arn:aws:kinesis:eu-west-1:000000000000:stream/s/consumer/d:1700000000"
#define SHARD "shardId-000000000000"

/* A subscription as its connection sees it. */
struct watch {
  struct scl_reply reply;
  int64_t wait_ms;
  atomic_int told;
  sem_t bell;          /* posted with it */
  struct sc_buf frame; /* the last one, as it was sent */
  struct scl_delivery delivery;
  struct scl_ticket ticket;
  const char *why; /* it is no good frame; NULL: it is */
  struct sc_event_stream_frame parts;
  char payload[4096]; /* of a small one */
};

static inline void tell(void *context) {
  struct watch *watch = context;
  watch->told++;
  sem_post(&watch->bell);
}

/* ---- a stream and its consumer ---- */

static inline struct scl_store_stream *stream_of(struct world *w) {
  return scl_store_find(w->store, SC_SLICE_LITERAL("s"));
}

static inline void add_consumer(struct world *w, const char *name) {
  char body[200];
  snprintf(body, sizeof(body),
           "{\"StreamARN\":\"arn:aws:kinesis:eu-west-1:000000000000:stream/s\",\"ConsumerName\":\"%s\"}", name);
  must(w, "RegisterStreamConsumer", body);
}

static inline void begin_stream(struct world *w, bool is_limited, int n_shards) {
  char body[64];
  snprintf(body, sizeof(body), "{\"StreamName\":\"s\",\"ShardCount\":%d}", n_shards);
  begin_with(w,
             (struct scl_service_settings){
                 .region = "eu-west-1", .page_bytes = SCL_SERVICE_PAGE_BYTES, .is_limited = is_limited},
             0);
  must(w, "CreateStream", body);
  add_consumer(w, "c");
}

/* n records of so many bytes, of the keys "k", past all limits. */
static inline void put(struct world *w, uint32_t shard, int n, size_t bytes) {
  char *data = malloc(bytes), sequence[SCL_SEQLAYOUT_DIGITS + 1];
  memset(data, 'x', bytes);
  struct scl_store_put record = {.key_json = SC_SLICE_LITERAL("\"k\""),
                                 .data = sc_slice_of(data, bytes),
                                 .bytes = bytes + 1,
                                 .arrived_ms = scl_timebase_now_ms(&w->timebase)};
  for (int i = 0; i < n; i++) scl_shard_put(&stream_of(w)->shards[shard], &record, sequence);
  free(data);
}

/* ---- subscriptions ---- */

static inline int subscribe_with(struct world *w, struct watch *watch, const char *content_type, const char *body) {
  struct scl_request what = {.method = SC_SLICE_LITERAL("POST"),
                             .path = SC_SLICE_LITERAL("/"),
                             .target = SC_SLICE_LITERAL("Kinesis_20131202.SubscribeToShard"),
                             .content_type = sc_slice_str(content_type),
                             .body = sc_slice_str(body)};
  *watch = (struct watch){.frame = SC_BUF_INIT};
  sem_init(&watch->bell, 0, 0);
  scl_service_handle(w->service, &what, &watch->reply);
  if (watch->reply.feed != NULL) watch->reply.feed->listen(watch->reply.feed, tell, watch);
  return watch->reply.status;
}

/* As the consumer c. */
static inline int subscribe(struct world *w, struct watch *watch, const char *shard, const char *position) {
  char body[1024];
  snprintf(body, sizeof(body), "{\"ConsumerARN\":\"" ARN "\",\"ShardId\":\"%s\",\"StartingPosition\":{%s}}", shard,
           position);
  return subscribe_with(w, watch, SCL_SERVICE_JSON, body);
}

static inline void leave(struct watch *watch) {
  scl_reply_fini(&watch->reply);
  sc_buf_fini(&watch->frame);
  sem_destroy(&watch->bell);
}

static inline void must_subscribe(struct world *w, struct watch *watch, const char *shard, const char *position) {
  if (subscribe(w, watch, shard, position) == 200) return;
  fail_msg("%s %s: %s", shard, position, sc_buf_str(&watch->reply.content.head));
}

static inline void assert_refused(struct world *w, const char *shard, const char *position, const char *type,
                                  const char *message) {
  struct watch watch;
  struct sc_buf want = SC_BUF_INIT;
  sc_buf_printf(&want, "{\"__type\":\"%s\",\"message\":\"%s\"}", type, message);
  assert_int_equal(subscribe(w, &watch, shard, position), 400);
  assert_null(watch.reply.feed);
  assert_string_equal(sc_buf_str(&watch.reply.content.head), sc_buf_str(&want));
  assert_string_equal(watch.reply.content_type, SCL_SERVICE_JSON);
  sc_buf_fini(&want);
  leave(&watch);
}

static inline void take_chunk(struct watch *watch, struct scl_chunk *chunk) {
  struct iovec pieces[64];
  assert_true(scl_content_most_pieces(&chunk->content) <= 64);
  int n = scl_content_pieces(&chunk->content, pieces);
  sc_buf_clear(&watch->frame);
  for (int i = 0; i < n; i++) sc_buf_add(&watch->frame, pieces[i].iov_base, pieces[i].iov_len);
  assert_int_equal(watch->frame.len, scl_content_len(&chunk->content));
  watch->delivery = chunk->delivery;
  watch->ticket = chunk->ticket;
  watch->why = NULL;
  enum sc_event_stream_answer answer = sc_event_stream_read(sc_buf_view(&watch->frame), &watch->parts, &watch->why);
  assert_int_equal(watch->parts.len, watch->frame.len);
  if (answer != SC_EVENT_STREAM_FRAME) return;
  struct sc_slice payload = watch->parts.payload;
  if (payload.len < sizeof(watch->payload))
    snprintf(watch->payload, sizeof(watch->payload), "%.*s", SC_SLICE_ARGS(payload));
}

static inline enum scl_feed_state pull(struct watch *watch) {
  struct scl_chunk chunk = {0};
  enum scl_feed_state state = watch->reply.feed->next(watch->reply.feed, &chunk, &watch->wait_ms);
  if (state == SCL_FEED_CHUNK) take_chunk(watch, &chunk);
  else assert_int_equal(scl_content_len(&chunk.content), 0);
  scl_content_fini(&chunk.content);
  return state;
}

static inline void assert_header(const struct watch *watch, const char *name, const char *value) {
  struct sc_slice found = sc_event_stream_string(&watch->parts, name);
  if (!sc_slice_is(found, value)) fail_msg("%s: %.*s, not %s", name, SC_SLICE_ARGS(found), value);
}

static inline void pull_event(struct watch *watch) {
  assert_int_equal(pull(watch), SCL_FEED_CHUNK);
  if (watch->why != NULL) fail_msg("%s", watch->why);
  assert_header(watch, ":message-type", "event");
  assert_header(watch, ":event-type", "SubscribeToShardEvent");
  assert_header(watch, ":content-type", SCL_SERVICE_JSON);
}

static inline void pull_wait(struct watch *watch, int64_t wait_ms) {
  assert_int_equal(pull(watch), SCL_FEED_WAIT);
  assert_int_equal(watch->wait_ms, wait_ms);
}

/* The last two of every subscription that fails. */
static inline void pull_exception(struct watch *watch, const char *type, const char *message) {
  struct sc_buf want = SC_BUF_INIT;
  sc_buf_printf(&want, "{\"message\":\"%s\"}", message);
  assert_int_equal(pull(watch), SCL_FEED_CHUNK);
  assert_header(watch, ":message-type", "exception");
  assert_header(watch, ":exception-type", type);
  assert_string_equal(watch->payload, sc_buf_str(&want));
  assert_int_equal(pull(watch), SCL_FEED_END);
  sc_buf_fini(&want);
}

static inline int records_in(const struct watch *watch) {
  struct sc_buf text = SC_BUF_INIT;
  sc_buf_add_slice(&text, watch->parts.payload);
  int n = count(sc_buf_str(&text), "\"PartitionKey\"");
  sc_buf_fini(&text);
  return n;
}

/* "" when there is none. */
static inline const char *continuation(const struct watch *watch, char out[SCL_SEQLAYOUT_DIGITS + 1]) {
  static const char name[] = "{\"ContinuationSequenceNumber\":\"";
  out[0] = '\0';
  if (sc_slice_starts(watch->parts.payload, name))
    snprintf(out, SCL_SEQLAYOUT_DIGITS + 1, "%s", watch->parts.payload.ptr + strlen(name));
  return out;
}

#endif
