/* CreateStream, DeleteStream, ListStreams, DescribeStream, DescribeStreamSummary. */
#include <inttypes.h>

#include "bench/local/operation.h"

#define LIST_STREAMS_CAP 100
#define DESCRIBE_SHARDS_DEFAULT 100
#define RETENTION_HOURS 24

/* --- CreateStream -------------------------------------------------------------------------------------------------- */

enum { CREATE_NAME, CREATE_SHARDS, CREATE_MODE, CREATE_TAGS, CREATE_RECORD_KIB, CREATE_MEMBERS };

static const struct sc_member MODE_MEMBERS[] = {
    {"StreamMode", SC_MEMBER_TEXT, true, 0, 0, SC_PATTERN_NONE, "PROVISIONED, ON_DEMAND", NULL, 0}};

static const struct sc_member CREATE[CREATE_MEMBERS] = {
    {"StreamName", SC_MEMBER_TEXT, true, 1, SC_STORE_MAX_NAME, SC_PATTERN_NAME, NULL, NULL, 0},
    {"ShardCount", SC_MEMBER_INTEGER, false, 1, SC_STORE_MAX_SHARDS, SC_PATTERN_NONE, NULL, NULL, 0},
    {"StreamModeDetails", SC_MEMBER_STRUCTURE, false, 0, 0, SC_PATTERN_NONE, NULL, MODE_MEMBERS, 1},
    SC_MEMBER_TAGS(false),
    {"MaxRecordSizeInKiB", SC_MEMBER_INTEGER, false, 1024, 10240, SC_PATTERN_NONE, NULL, NULL, 0}};

/* An on-demand stream begins with four shards. */
static int64_t shard_count(const struct sc_call *call) {
  const struct sc_value *mode = &call->values[CREATE_MODE];
  if (call->values[CREATE_SHARDS].is_set) return call->values[CREATE_SHARDS].number;
  return mode->is_set && sc_slice_is(mode->items[0].text, "ON_DEMAND") ? 4 : 0;
}

static void create_stream(struct sc_call *call) {
  struct sc_slice name = call->values[CREATE_NAME].text;
  int64_t n = shard_count(call);
  if (n == 0) {
    sc_call_fail(call, "ValidationException",
                 "1 validation error detected: Value null at 'shardCount' failed to satisfy constraint: "
                 "Member must not be null");
  } else if (sc_store_find(call->store, name) != NULL) {
    sc_call_fail(call, "ResourceInUseException", "Stream %.*s under account %s already exists.", SC_SLICE_ARGS(name),
                 SC_SERVICE_ACCOUNT);
  } else {
    struct sc_store_stream *stream = sc_store_create(call->store, name, (uint32_t)n, call->now_ms);
    const struct sc_value *kib = &call->values[CREATE_RECORD_KIB];
    if (kib->is_set) {
      stream->max_record_bytes = (uint64_t)kib->number << 10;
      sc_store_note_attributes(call->store, stream);
    }
  }
}

/* --- DeleteStream -------------------------------------------------------------------------------------------------- */

static const struct sc_member DELETE[] = {
    SC_STREAM_MEMBERS, {"EnforceConsumerDeletion", SC_MEMBER_FLAG, false, 0, 0, SC_PATTERN_NONE, NULL, NULL, 0}};

static bool check_consumers(struct sc_call *call, const struct sc_store_stream *stream) {
  const struct sc_value *enforce = &call->values[SC_VALUE_REST];
  if ((enforce->is_set && enforce->number != 0) || sc_stream_count_consumers(stream, call->now_ms) == 0) return true;
  sc_call_fail(
      call, "ResourceInUseException",
      "DeleteStream can't delete %s:%s because there are consumers associated with this data stream. To delete "
      "%s anyway, set the EnforceConsumerDeletion parameter to true in the DeleteStream request.",
      SC_SERVICE_ACCOUNT, stream->name, stream->name);
  return false;
}

static void delete_stream(struct sc_call *call) {
  struct sc_store_stream *stream = sc_call_stream(call);
  if (stream != NULL && check_consumers(call, stream)) sc_store_delete(call->store, stream);
}

/* --- ListStreams --------------------------------------------------------------------------------------------------- */

enum { LIST_LIMIT, LIST_AFTER, LIST_TOKEN, LIST_MEMBERS };

static const struct sc_member LIST[LIST_MEMBERS] = {
    {"Limit", SC_MEMBER_INTEGER, false, 1, 10000, SC_PATTERN_NONE, NULL, NULL, 0},
    {"ExclusiveStartStreamName", SC_MEMBER_TEXT, false, 1, SC_STORE_MAX_NAME, SC_PATTERN_NAME, NULL, NULL, 0},
    {"NextToken", SC_MEMBER_TEXT, false, 1, 1048576, SC_PATTERN_NONE, NULL, NULL, 0}};

/* The members that ListStreams and the descriptions share. */
static void add_stream(struct sc_writer *w, const struct sc_call *call, const struct sc_store_stream *stream) {
  sc_writer_str(w, "StreamName", stream->name);
  sc_add_stream_arn(w, call, stream);
  sc_writer_str(w, "StreamStatus", sc_stream_status_text(sc_stream_status(stream, call->now_ms)));
  sc_writer_open_map(w, "StreamModeDetails");
  sc_writer_str(w, "StreamMode", "PROVISIONED");
  sc_writer_close_map(w);
  sc_writer_time(w, "StreamCreationTimestamp", stream->created_ms);
}

static void add_streams(struct sc_call *call, uint32_t first, uint32_t last) {
  struct sc_writer *w = &call->out;
  sc_writer_open_list(w, "StreamNames");
  for (uint32_t i = first; i < last; i++) sc_writer_str(w, NULL, sc_store_at(call->store, i)->name);
  sc_writer_close_list(w);
  sc_writer_open_list(w, "StreamSummaries");
  for (uint32_t i = first; i < last; i++) {
    sc_writer_open_map(w, NULL);
    add_stream(w, call, sc_store_at(call->store, i));
    sc_writer_close_map(w);
  }
  sc_writer_close_list(w);
}

static bool list_start(struct sc_call *call, struct sc_token *token, struct sc_slice *after) {
  *after = call->values[LIST_AFTER].text;
  if (!call->values[LIST_TOKEN].is_set) return true;
  if (!sc_token_read(call->values[LIST_TOKEN].text, SC_TOKEN_STREAMS, token)) {
    sc_call_fail(call, "InvalidArgumentException", "NextToken is invalid.");
    return false;
  }
  if (sc_call_token_expired(call, token, SC_SERVICE_TOKEN_MS)) {
    sc_call_fail(call, "ExpiredNextTokenException", "NextToken has expired.");
    return false;
  }
  *after = sc_slice_str(token->stream);
  return true;
}

static void list_streams(struct sc_call *call) {
  struct sc_token token;
  struct sc_slice after;
  if (!list_start(call, &token, &after)) return;
  uint32_t limit = LIST_STREAMS_CAP, total = sc_store_n_streams(call->store);
  if (call->values[LIST_LIMIT].is_set && call->values[LIST_LIMIT].number < LIST_STREAMS_CAP)
    limit = (uint32_t)call->values[LIST_LIMIT].number;
  uint32_t first = sc_store_first_after(call->store, after);
  uint32_t last = total - first > limit ? first + limit : total;
  struct sc_writer *w = &call->out;
  sc_writer_open_map(w, NULL);
  sc_writer_bool(w, "HasMoreStreams", last < total);
  add_streams(call, first, last);
  if (last < total) {
    char text[SC_TOKEN_TEXT];
    token = sc_call_token(call, SC_TOKEN_STREAMS, sc_store_at(call->store, last - 1));
    sc_token_write(&token, text);
    sc_writer_str(w, "NextToken", text);
  }
  sc_writer_close_map(w);
}

/* --- DescribeStream, DescribeStreamSummary --------------------------------------------------------------------------- */

enum { DESCRIBE_LIMIT = SC_VALUE_REST, DESCRIBE_AFTER, DESCRIBE_MEMBERS };

static const struct sc_member DESCRIBE[DESCRIBE_MEMBERS] = {
    SC_STREAM_MEMBERS,
    {"Limit", SC_MEMBER_INTEGER, false, 1, 10000, SC_PATTERN_NONE, NULL, NULL, 0},
    {"ExclusiveStartShardId", SC_MEMBER_TEXT, false, 1, 128, SC_PATTERN_NAME, NULL, NULL, 0}};

static const struct sc_member SUMMARY[] = {SC_STREAM_MEMBERS};

static void add_description(struct sc_writer *w, const struct sc_call *call, const struct sc_store_stream *stream) {
  add_stream(w, call, stream);
  sc_writer_int(w, "RetentionPeriodHours", RETENTION_HOURS);
  sc_writer_open_list(w, "EnhancedMonitoring");
  sc_writer_open_map(w, NULL);
  sc_writer_open_list(w, "ShardLevelMetrics");
  sc_writer_close_list(w);
  sc_writer_close_map(w);
  sc_writer_close_list(w);
  sc_writer_str(w, "EncryptionType", "NONE");
}

static void describe_stream(struct sc_call *call) {
  const struct sc_store_stream *stream = sc_call_stream(call);
  if (stream == NULL) return;
  const struct sc_value *after = &call->values[DESCRIBE_AFTER], *limit = &call->values[DESCRIBE_LIMIT];
  uint32_t most = limit->is_set ? (uint32_t)limit->number : DESCRIBE_SHARDS_DEFAULT, first = 0;
  if (after->is_set) {
    if (!sc_shard_id_parse(after->text, &first)) first = stream->n_shards;
    first = first < stream->n_shards ? first + 1 : stream->n_shards;
  }
  bool is_creating = sc_stream_status(stream, call->now_ms) == SC_STREAM_CREATING;
  uint32_t total = is_creating ? 0 : stream->n_shards;
  if (first > total) first = total;
  uint32_t last = total - first > most ? first + most : total;
  struct sc_writer *w = &call->out;
  sc_writer_open_map(w, NULL);
  sc_writer_open_map(w, "StreamDescription");
  add_description(w, call, stream);
  sc_writer_bool(w, "HasMoreShards", last < total);
  sc_writer_open_list(w, "Shards");
  for (uint32_t i = first; i < last; i++) sc_add_shard(w, &stream->shards[i]);
  sc_writer_close_list(w);
  sc_writer_close_map(w);
  sc_writer_close_map(w);
}

static void describe_stream_summary(struct sc_call *call) {
  const struct sc_store_stream *stream = sc_call_stream(call);
  if (stream == NULL) return;
  bool is_creating = sc_stream_status(stream, call->now_ms) == SC_STREAM_CREATING;
  struct sc_writer *w = &call->out;
  sc_writer_open_map(w, NULL);
  sc_writer_open_map(w, "StreamDescriptionSummary");
  add_description(w, call, stream);
  sc_writer_int(w, "OpenShardCount", is_creating ? 0 : stream->n_open);
  sc_writer_int(w, "ConsumerCount", sc_stream_count_consumers(stream, call->now_ms));
  sc_writer_int(w, "MaxRecordSizeInKiB", (int64_t)(stream->max_record_bytes >> 10));
  sc_writer_close_map(w);
  sc_writer_close_map(w);
}

const struct sc_operation sc_stream_operations[] = {
    {"CreateStream", CREATE, CREATE_MEMBERS, true, create_stream},
    {"DeleteStream", DELETE, SC_VALUE_REST + 1, true, delete_stream},
    {"ListStreams", LIST, LIST_MEMBERS, false, list_streams},
    {"DescribeStream", DESCRIBE, DESCRIBE_MEMBERS, false, describe_stream},
    {"DescribeStreamSummary", SUMMARY, SC_VALUE_REST, false, describe_stream_summary},
};
const int sc_stream_operations_n = sizeof sc_stream_operations / sizeof *sc_stream_operations;
