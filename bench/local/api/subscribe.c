/* SubscribeToShard. */
#include <inttypes.h>

#include "bench/local/api/start.h"
#include "bench/local/api/subscription.h"

enum { SUBSCRIBE_CONSUMER, SUBSCRIBE_SHARD, SUBSCRIBE_START, SUBSCRIBE_STREAM_ID, SUBSCRIBE_MEMBERS };
enum { START_TYPE, START_SEQUENCE, START_TIME, START_MEMBERS };

static const struct scl_member start_members[START_MEMBERS] = {
    {"Type", SCL_MEMBER_TEXT, true, 0, 0, SCL_PATTERN_NONE, SCL_START_TYPES, NULL, 0},
    {"SequenceNumber", SCL_MEMBER_TEXT, false, 0, 0, SCL_PATTERN_SEQUENCE, NULL, NULL, 0},
    {"Timestamp", SCL_MEMBER_TIME, false, 0, 0, SCL_PATTERN_NONE, NULL, NULL, 0}};

static const struct scl_member subscribe_members[SUBSCRIBE_MEMBERS] = {
    SCL_MEMBER_CONSUMER_ARN(true),
    {"ShardId", SCL_MEMBER_TEXT, true, 1, 128, SCL_PATTERN_NAME, NULL, NULL, 0},
    {"StartingPosition", SCL_MEMBER_STRUCTURE, true, 0, 0, SCL_PATTERN_NONE, NULL, start_members, START_MEMBERS},
    {"StreamId", SCL_MEMBER_TEXT, false, 1, 24, SCL_PATTERN_NONE, NULL, NULL, 0}};

static void fail_held(struct scl_call *call, const struct scl_subscription_of *of) {
  struct sc_buf text = SC_BUF_INIT;
  scl_subscription_add_held(&text, of->stream->name, of->shard->index, of->consumer->name);
  scl_call_fail(call, "ResourceInUseException", "%s", sc_buf_str(&text));
  sc_buf_fini(&text);
}

static void open_subscription(struct scl_call *call, const struct scl_subscription_of *of) {
  struct scl_reply *reply = call->reply;
  switch (scl_subscription_open(call->subscriptions, of, call->now_ms, &reply->feed)) {
    case SCL_LEASE_TAKEN:
      reply->content_type = SCL_SUBSCRIPTION_CONTENT_TYPE;
      scl_subscription_add_initial(&reply->content.head);
      break;
    case SCL_LEASE_HELD:
      fail_held(call, of);
      break;
    case SCL_LEASE_TOO_FAST:
      scl_call_fail(call, "LimitExceededException",
                    "Rate exceeded for consumer %s and shard shardId-%012" PRIu32 " in stream %s under account %s.",
                    of->consumer->name, of->shard->index, of->stream->name, SCL_SERVICE_ACCOUNT);
  }
}

static void subscribe_to_shard(struct scl_call *call) {
  const struct scl_value *v = call->values;
  if (call->reply->format != SCL_FORMAT_JSON) { /* the service streams in JSON only */
    scl_reply_fail(call->reply, 500, "InternalFailure", NULL, sc_slice_of(NULL, 0));
    return;
  }
  struct scl_store_stream *stream;
  struct scl_subscription_of of = {0};
  of.consumer = scl_call_consumer(call, v[SUBSCRIBE_CONSUMER].text, &stream);
  if (of.consumer == NULL || !scl_call_check_consumer(call, stream, of.consumer)) return;
  if (stream->gone_ms != 0 && !scl_call_check_active(call, stream)) return;
  of.stream = stream;
  of.shard = scl_call_shard(call, stream, v[SUBSCRIBE_SHARD].text);
  if (of.shard == NULL) return;
  const struct scl_value *position = v[SUBSCRIBE_START].items;
  struct scl_start start = {"SubscribeToShard", position[START_TYPE].text, &position[START_SEQUENCE],
                            &position[START_TIME]};
  if (scl_call_start(call, &start, stream, of.shard, &of.position)) open_subscription(call, &of);
}

const struct scl_operation scl_subscribe_operations[] = {
    {"SubscribeToShard", subscribe_members, SUBSCRIBE_MEMBERS, false, subscribe_to_shard},
};
const int scl_subscribe_operations_n = sizeof(scl_subscribe_operations) / sizeof(*scl_subscribe_operations);
