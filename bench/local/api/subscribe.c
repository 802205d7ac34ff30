/* SubscribeToShard. */
#include <inttypes.h>

#include "bench/local/api/start.h"
#include "bench/local/api/subscription.h"

enum { SUBSCRIBE_CONSUMER, SUBSCRIBE_SHARD, SUBSCRIBE_START, SUBSCRIBE_STREAM_ID, SUBSCRIBE_MEMBERS };
enum { START_TYPE, START_SEQUENCE, START_TIME, START_MEMBERS };

static const struct sc_member START[START_MEMBERS] = {
    {"Type", SC_MEMBER_TEXT, true, 0, 0, SC_PATTERN_NONE, SC_START_TYPES, NULL, 0},
    {"SequenceNumber", SC_MEMBER_TEXT, false, 0, 0, SC_PATTERN_SEQUENCE, NULL, NULL, 0},
    {"Timestamp", SC_MEMBER_TIME, false, 0, 0, SC_PATTERN_NONE, NULL, NULL, 0}};

static const struct sc_member SUBSCRIBE[SUBSCRIBE_MEMBERS] = {
    SC_MEMBER_CONSUMER_ARN(true),
    {"ShardId", SC_MEMBER_TEXT, true, 1, 128, SC_PATTERN_NAME, NULL, NULL, 0},
    {"StartingPosition", SC_MEMBER_STRUCTURE, true, 0, 0, SC_PATTERN_NONE, NULL, START, START_MEMBERS},
    {"StreamId", SC_MEMBER_TEXT, false, 1, 24, SC_PATTERN_NONE, NULL, NULL, 0}};

static void fail_held(struct sc_call *call, const struct sc_subscription_of *of) {
  struct sc_buf text = SC_BUF_INIT;
  sc_subscription_add_held(&text, of->stream->name, of->shard->index, of->consumer->name);
  sc_call_fail(call, "ResourceInUseException", "%s", sc_buf_str(&text));
  sc_buf_fini(&text);
}

static void open_subscription(struct sc_call *call, const struct sc_subscription_of *of) {
  struct sc_reply *reply = call->reply;
  switch (sc_subscription_open(call->subscriptions, of, call->now_ms, &reply->feed)) {
    case SC_HOLDERS_TAKEN:
      reply->content_type = SC_SUBSCRIPTION_CONTENT_TYPE;
      sc_subscription_add_initial(&reply->content.head);
      break;
    case SC_HOLDERS_HELD:
      fail_held(call, of);
      break;
    case SC_HOLDERS_TOO_FAST:
      sc_call_fail(call, "LimitExceededException",
                   "Rate exceeded for consumer %s and shard shardId-%012" PRIu32 " in stream %s under account %s.",
                   of->consumer->name, of->shard->index, of->stream->name, SC_SERVICE_ACCOUNT);
  }
}

static void subscribe_to_shard(struct sc_call *call) {
  const struct sc_value *v = call->values;
  if (call->reply->format != SC_FORMAT_JSON) { /* the service streams in JSON only (protocol.md 2.2) */
    sc_reply_fail(call->reply, 500, "InternalFailure", NULL, sc_slice_of(NULL, 0));
    return;
  }
  struct sc_store_stream *stream;
  struct sc_subscription_of of = {0};
  of.consumer = sc_call_consumer(call, v[SUBSCRIBE_CONSUMER].text, &stream);
  if (of.consumer == NULL || !sc_call_check_consumer(call, stream, of.consumer)) return;
  if (stream->gone_ms != 0 && !sc_call_check_active(call, stream)) return;
  of.stream = stream;
  of.shard = sc_call_shard(call, stream, v[SUBSCRIBE_SHARD].text);
  if (of.shard == NULL) return;
  const struct sc_value *position = v[SUBSCRIBE_START].items;
  struct sc_start start = {"SubscribeToShard", position[START_TYPE].text, &position[START_SEQUENCE],
                           &position[START_TIME]};
  if (sc_call_start(call, &start, stream, of.shard, &of.position)) open_subscription(call, &of);
}

const struct sc_operation sc_subscribe_operations[] = {
    {"SubscribeToShard", SUBSCRIBE, SUBSCRIBE_MEMBERS, false, subscribe_to_shard},
};
const int sc_subscribe_operations_n = sizeof sc_subscribe_operations / sizeof *sc_subscribe_operations;
