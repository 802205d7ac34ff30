/* CreateStream, DeleteStream, ListStreams, DescribeStream, DescribeStreamSummary. */
#include <inttypes.h>

#include "bench/local/api/operation.h"

#define LIST_STREAMS_CAP 100
#define DESCRIBE_SHARDS_DEFAULT 100
#define ON_DEMAND_SHARDS 4
#define MAX_CREATING 5

/* ---- CreateStream ---- */

enum { CREATE_NAME, CREATE_SHARDS, CREATE_MODE, CREATE_TAGS, CREATE_WARM, CREATE_RECORD_KIB, CREATE_MEMBERS };

static const struct scl_member create_members[CREATE_MEMBERS] = {
    {"StreamName", SCL_MEMBER_TEXT, true, 1, SCL_STORE_MAX_NAME, SCL_PATTERN_NAME, NULL, NULL, 0},
    {"ShardCount", SCL_MEMBER_INTEGER, false, 1, SCL_STORE_MAX_SHARDS, SCL_PATTERN_NONE, NULL, NULL, 0},
    SCL_MEMBER_MODE(false),
    SCL_MEMBER_TAGS(false),
    SCL_MEMBER_WARM(false),
    SCL_MEMBER_RECORD_KIB(false)};

/* 0 when ShardCount is required and missing. */
static int64_t shard_count(const struct scl_call *call) {
  if (call->values[CREATE_SHARDS].is_set) return call->values[CREATE_SHARDS].number;
  return scl_mode_is_on_demand(&call->values[CREATE_MODE]) ? ON_DEMAND_SHARDS : 0;
}

static bool check_creating(struct scl_call *call) {
  int n = 0;
  for (uint32_t i = 0; i < scl_store_n_streams(call->store); i++)
    n += scl_stream_status(scl_store_at(call->store, i), call->now_ms) == SCL_STREAM_CREATING;
  if (n < MAX_CREATING) return true;
  scl_call_fail(call, "LimitExceededException", "Account %s has %d streams in CREATING status already.",
                SCL_SERVICE_ACCOUNT, MAX_CREATING);
  return false;
}

static bool check_create(struct scl_call *call, struct sc_slice name) {
  const struct scl_value *v = call->values;
  if (shard_count(call) == 0) {
    scl_call_fail(call, "ValidationException",
                  "1 validation error detected: Value null at 'shardCount' failed to satisfy constraint: "
                  "Member must not be null");
    return false;
  }
  if (scl_store_find(call->store, name) != NULL) {
    scl_call_fail(call, "ResourceInUseException", "Stream %.*s under account %s already exists.", SC_SLICE_ARGS(name),
                  SCL_SERVICE_ACCOUNT);
    return false;
  }
  struct scl_tag_owner owner = {"stream", name, NULL};
  return check_creating(call) && scl_call_check_tags(call, &v[CREATE_TAGS], &owner) &&
         scl_call_check_warm(call, &v[CREATE_WARM], scl_mode_is_on_demand(&v[CREATE_MODE]));
}

static void create_stream(struct scl_call *call) {
  const struct scl_value *v = call->values;
  struct sc_slice name = v[CREATE_NAME].text;
  if (!check_create(call, name)) return;
  struct scl_store_stream *stream = scl_store_create(call->store, name, (uint32_t)shard_count(call), call->now_ms);
  stream->is_on_demand = scl_mode_is_on_demand(&v[CREATE_MODE]);
  stream->warm_mibps = v[CREATE_WARM].number;
  if (v[CREATE_RECORD_KIB].is_set) stream->max_record_bytes = (uint64_t)v[CREATE_RECORD_KIB].number << 10;
  scl_call_set_tags(&v[CREATE_TAGS], &stream->tags);
  scl_store_note_attributes(call->store, stream);
}

/* ---- DeleteStream ---- */

static const struct scl_member delete_members[] = {
    SCL_STREAM_MEMBERS, {"EnforceConsumerDeletion", SCL_MEMBER_FLAG, false, 0, 0, SCL_PATTERN_NONE, NULL, NULL, 0}};

static bool check_consumers(struct scl_call *call, const struct scl_store_stream *stream) {
  const struct scl_value *enforce = &call->values[SCL_VALUE_REST];
  if ((enforce->is_set && enforce->number != 0) || scl_stream_count_consumers(stream, call->now_ms) == 0) return true;
  scl_call_fail(
      call, "ResourceInUseException",
      "DeleteStream can't delete %s:%s because there are consumers associated with this data stream. To delete "
      "%s anyway, set the EnforceConsumerDeletion parameter to true in the DeleteStream request.",
      SCL_SERVICE_ACCOUNT, stream->name, stream->name);
  return false;
}

static void delete_stream(struct scl_call *call) {
  struct scl_store_stream *stream = scl_call_stream(call);
  if (stream == NULL) return;
  if (scl_stream_status(stream, call->now_ms) == SCL_STREAM_DELETING) {
    scl_call_check_active(call, stream);
    return;
  }
  if (!check_consumers(call, stream)) return;
  scl_store_delete_later(call->store, stream, call->now_ms);
  scl_store_note_attributes(call->store, stream);
  scl_store_purge(call->store, call->now_ms);
}

/* ---- ListStreams ---- */

enum { LIST_LIMIT, LIST_AFTER, LIST_TOKEN, LIST_MEMBERS };

static const struct scl_member list_members[LIST_MEMBERS] = {
    {"Limit", SCL_MEMBER_INTEGER, false, 1, 10000, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"ExclusiveStartStreamName", SCL_MEMBER_TEXT, false, 1, SCL_STORE_MAX_NAME, SCL_PATTERN_NAME, NULL, NULL, 0},
    SCL_MEMBER_NEXT_TOKEN};

/* Writes the members that ListStreams and the descriptions share. */
static void add_stream(struct scl_writer *w, const struct scl_call *call, const struct scl_store_stream *stream) {
  scl_writer_str(w, "StreamName", stream->name);
  scl_add_stream_arn(w, call, stream);
  scl_writer_str(w, "StreamStatus", scl_stream_status_text(scl_stream_status(stream, call->now_ms)));
  scl_writer_open_map(w, "StreamModeDetails");
  scl_writer_str(w, "StreamMode", stream->is_on_demand ? "ON_DEMAND" : "PROVISIONED");
  scl_writer_close_map(w);
  scl_writer_time(w, "StreamCreationTimestamp", stream->created_ms);
}

static void add_streams(struct scl_call *call, uint32_t first, uint32_t last) {
  struct scl_writer *w = &call->out;
  scl_writer_open_list(w, "StreamNames");
  for (uint32_t i = first; i < last; i++) scl_writer_str(w, NULL, scl_store_at(call->store, i)->name);
  scl_writer_close_list(w);
  scl_writer_open_list(w, "StreamSummaries");
  for (uint32_t i = first; i < last; i++) {
    scl_writer_open_map(w, NULL);
    add_stream(w, call, scl_store_at(call->store, i));
    scl_writer_close_map(w);
  }
  scl_writer_close_list(w);
}

static bool list_start(struct scl_call *call, struct scl_token *token, struct sc_slice *after) {
  *after = call->values[LIST_AFTER].text;
  if (!call->values[LIST_TOKEN].is_set) return true;
  if (!scl_token_read(call->values[LIST_TOKEN].text, SCL_TOKEN_STREAMS, token)) {
    scl_call_fail(call, "InvalidArgumentException", "NextToken is invalid.");
    return false;
  }
  if (scl_call_token_expired(call, token, SCL_SERVICE_TOKEN_MS)) {
    scl_call_fail(call, "ExpiredNextTokenException", "NextToken has expired.");
    return false;
  }
  *after = sc_slice_str(token->stream);
  return true;
}

static void list_streams(struct scl_call *call) {
  struct scl_token token;
  struct sc_slice after;
  if (!list_start(call, &token, &after)) return;
  uint32_t limit = LIST_STREAMS_CAP, total = scl_store_n_streams(call->store);
  if (call->values[LIST_LIMIT].is_set && call->values[LIST_LIMIT].number < LIST_STREAMS_CAP)
    limit = (uint32_t)call->values[LIST_LIMIT].number;
  uint32_t first = scl_store_first_after(call->store, after);
  uint32_t last = total - first > limit ? first + limit : total;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_bool(w, "HasMoreStreams", last < total);
  add_streams(call, first, last);
  if (last < total) {
    char text[SCL_TOKEN_TEXT];
    token = scl_call_token(call, SCL_TOKEN_STREAMS, scl_store_at(call->store, last - 1));
    scl_token_write(&token, text);
    scl_writer_str(w, "NextToken", text);
  }
  scl_writer_close_map(w);
}

/* ---- DescribeStream, DescribeStreamSummary ---- */

enum { DESCRIBE_LIMIT = SCL_VALUE_REST, DESCRIBE_AFTER, DESCRIBE_MEMBERS };

static const struct scl_member describe_members[DESCRIBE_MEMBERS] = {
    SCL_STREAM_MEMBERS,
    {"Limit", SCL_MEMBER_INTEGER, false, 1, 10000, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"ExclusiveStartShardId", SCL_MEMBER_TEXT, false, 1, 128, SCL_PATTERN_NAME, NULL, NULL, 0}};

static const struct scl_member summary_members[] = {SCL_STREAM_MEMBERS};

static void add_description(struct scl_writer *w, const struct scl_call *call, const struct scl_store_stream *stream) {
  add_stream(w, call, stream);
  scl_writer_int(w, "RetentionPeriodHours", stream->retention_hours);
  scl_writer_open_list(w, "EnhancedMonitoring");
  scl_writer_open_map(w, NULL);
  scl_add_metrics(w, "ShardLevelMetrics", stream->metrics);
  scl_writer_close_map(w);
  scl_writer_close_list(w);
  scl_writer_str(w, "EncryptionType", stream->key_id != NULL ? "KMS" : "NONE");
  if (stream->key_id != NULL) scl_writer_str(w, "KeyId", stream->key_id);
}

static void describe_stream(struct scl_call *call) {
  const struct scl_store_stream *stream = scl_call_stream(call);
  if (stream == NULL) return;
  const struct scl_value *after = &call->values[DESCRIBE_AFTER], *limit = &call->values[DESCRIBE_LIMIT];
  uint32_t most = limit->is_set ? (uint32_t)limit->number : DESCRIBE_SHARDS_DEFAULT, first = 0;
  if (after->is_set) {
    if (!scl_shard_id_parse(after->text, &first)) first = stream->n_shards;
    first = first < stream->n_shards ? first + 1 : stream->n_shards;
  }
  bool is_creating = scl_stream_status(stream, call->now_ms) == SCL_STREAM_CREATING;
  uint32_t total = is_creating ? 0 : stream->n_shards;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_open_map(w, "StreamDescription");
  add_description(w, call, stream);
  scl_writer_open_list(w, "Shards");
  uint32_t i = first, n = 0;
  for (; i < total; i++) {
    if (scl_shard_is_expired(stream, &stream->shards[i], call->now_ms)) continue;
    if (n++ == most) break;
    scl_add_shard(w, &stream->shards[i]);
  }
  scl_writer_close_list(w);
  scl_writer_bool(w, "HasMoreShards", i < total);
  scl_writer_close_map(w);
  scl_writer_close_map(w);
}

static void describe_stream_summary(struct scl_call *call) {
  const struct scl_store_stream *stream = scl_call_stream(call);
  if (stream == NULL) return;
  bool is_creating = scl_stream_status(stream, call->now_ms) == SCL_STREAM_CREATING;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_open_map(w, "StreamDescriptionSummary");
  add_description(w, call, stream);
  scl_writer_int(w, "OpenShardCount", is_creating ? 0 : stream->n_open);
  scl_writer_int(w, "ConsumerCount", scl_stream_count_consumers(stream, call->now_ms));
  if (stream->warm_mibps > 0) {
    scl_writer_open_map(w, "WarmThroughput");
    scl_writer_int(w, "TargetMiBps", stream->warm_mibps);
    scl_writer_int(w, "CurrentMiBps", stream->warm_mibps);
    scl_writer_close_map(w);
  }
  scl_writer_int(w, "MaxRecordSizeInKiB", (int64_t)(stream->max_record_bytes >> 10));
  scl_writer_close_map(w);
  scl_writer_close_map(w);
}

const struct scl_operation scl_stream_operations[] = {
    {"CreateStream", create_members, CREATE_MEMBERS, true, create_stream},
    {"DeleteStream", delete_members, SCL_VALUE_REST + 1, true, delete_stream},
    {"ListStreams", list_members, LIST_MEMBERS, false, list_streams},
    {"DescribeStream", describe_members, DESCRIBE_MEMBERS, false, describe_stream},
    {"DescribeStreamSummary", summary_members, SCL_VALUE_REST, false, describe_stream_summary},
};
const int scl_stream_operations_n = sizeof(scl_stream_operations) / sizeof(*scl_stream_operations);
