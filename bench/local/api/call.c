#include <inttypes.h>

#include "bench/local/api/operation.h"
#include "engine/base/error.h"

void scl_call_fail(struct scl_call *call, const char *type, const char *fmt, ...) {
  struct sc_buf text = SC_BUF_INIT;
  va_list args;
  va_start(args, fmt);
  sc_buf_vprintf(&text, fmt, args);
  va_end(args);
  struct scl_reply *reply = call->reply;
  sc_buf_clear(&reply->content.head);
  sc_buf_clear(&reply->content.tail);
  scl_reply_fail(reply, 400, type, "message", sc_buf_view(&text));
  sc_buf_fini(&text);
}

/* The stream's name in an ARN that matches the pattern. Empty after failing the call for a stream of another account.
 */
static struct sc_slice name_in_arn(struct scl_call *call, struct sc_slice text) {
  struct scl_arn arn;
  bool is_arn = scl_arn_read(text, &arn);
  SC_ASSERT(is_arn);
  if (sc_slice_is(arn.account, SCL_SERVICE_ACCOUNT)) return arn.stream;
  scl_call_fail(call, "ResourceNotFoundException", "Stream %.*s under account %.*s not found.",
                SC_SLICE_ARGS(arn.stream), SC_SLICE_ARGS(arn.account));
  return (struct sc_slice){NULL, 0};
}

struct sc_slice scl_call_stream_name(struct scl_call *call) {
  const struct scl_value *name = &call->values[SCL_VALUE_STREAM_NAME], *arn = &call->values[SCL_VALUE_STREAM_ARN];
  struct sc_slice none = {NULL, 0};
  if (!name->is_set && !arn->is_set) {
    scl_call_fail(call, "ValidationException",
                  "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: "
                  "Member must not be null");
    return none;
  }
  if (!arn->is_set) return name->text;
  struct sc_slice from_arn = name_in_arn(call, arn->text);
  if (from_arn.len == 0 || !name->is_set || sc_slice_equals(name->text, from_arn)) return from_arn;
  scl_call_fail(call, "InvalidArgumentException", "StreamName and StreamARN do not name the same stream.");
  return none;
}

static struct scl_store_stream *not_found(struct scl_call *call, struct sc_slice name) {
  scl_call_fail(call, "ResourceNotFoundException", "Stream %.*s under account %s not found.", SC_SLICE_ARGS(name),
                SCL_SERVICE_ACCOUNT);
  return NULL;
}

bool scl_call_check_created(struct scl_call *call, const struct scl_store_stream *stream,
                            const struct scl_value *created) {
  if (!created->is_set || created->number / 1000 == stream->created_ms / 1000) return true;
  return not_found(call, sc_slice_str(stream->name)) != NULL;
}

static struct scl_store_stream *find_stream(struct scl_call *call, struct sc_slice name) {
  if (name.len == 0) return NULL;
  struct scl_store_stream *stream = scl_store_find(call->store, name);
  return stream == NULL ? not_found(call, name) : stream;
}

struct scl_store_stream *scl_call_stream(struct scl_call *call) {
  return find_stream(call, scl_call_stream_name(call));
}

struct scl_store_stream *scl_call_stream_of(struct scl_call *call, struct sc_slice arn) {
  return find_stream(call, name_in_arn(call, arn));
}

struct scl_store_stream *scl_call_ready_stream(struct scl_call *call) {
  struct scl_store_stream *stream = scl_call_stream(call);
  if (stream == NULL || scl_stream_status(stream, call->now_ms) != SCL_STREAM_CREATING) return stream;
  return not_found(call, sc_slice_str(stream->name));
}

bool scl_call_check_active(struct scl_call *call, const struct scl_store_stream *stream) {
  enum scl_stream_status status = scl_stream_status(stream, call->now_ms);
  if (status == SCL_STREAM_ACTIVE) return true;
  scl_call_fail(call, "ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state %s",
                stream->name, SCL_SERVICE_ACCOUNT, scl_stream_status_text(status));
  return false;
}

bool scl_shard_id_parse(struct sc_slice id, uint32_t *index) {
  uint64_t number;
  if (sc_slice_starts(id, "shardId-")) id = sc_slice_of(id.ptr + 8, id.len - 8);
  if (id.len > 12 || !sc_slice_to_u64(id, &number) || number > INT32_MAX) return false;
  *index = (uint32_t)number;
  return true;
}

struct scl_store_shard *scl_call_shard(struct scl_call *call, struct scl_store_stream *stream, struct sc_slice id) {
  uint32_t index;
  if (!scl_shard_id_parse(id, &index)) {
    scl_call_fail(call, "ResourceNotFoundException", "Could not find shard %.*s in stream %s under account %s.",
                  SC_SLICE_ARGS(id), stream->name, SCL_SERVICE_ACCOUNT);
    return NULL;
  }
  bool is_there = index < stream->n_shards && !scl_shard_is_expired(stream, &stream->shards[index], call->now_ms);
  if (is_there) return &stream->shards[index];
  scl_call_fail(call, "ResourceNotFoundException",
                "Shard shardId-%012" PRIu32 " in stream %s under account %s does not exist", index, stream->name,
                SCL_SERVICE_ACCOUNT);
  return NULL;
}

void scl_add_shard_id(struct scl_writer *w, const char *name, uint32_t index) {
  char id[] = "shardId-000000000000"; /* not by printf: PutRecords writes one per record */
  for (size_t at = sizeof(id) - 2; index > 0; index /= 10) id[at--] = (char)('0' + index % 10);
  scl_writer_text(w, name, sc_slice_of(id, sizeof(id) - 1));
}

void scl_add_stream_arn(struct scl_writer *w, const struct scl_call *call, const struct scl_store_stream *stream) {
  struct sc_buf arn = SC_BUF_INIT;
  sc_buf_printf(&arn, "arn:aws:kinesis:%s:%s:stream/%s", call->settings->region, SCL_SERVICE_ACCOUNT, stream->name);
  scl_writer_text(w, "StreamARN", sc_buf_view(&arn));
  sc_buf_fini(&arn);
}

void scl_add_hash_range(struct scl_writer *w, const struct scl_store_shard *shard) {
  char start[SCL_HASHKEY_TEXT], end[SCL_HASHKEY_TEXT];
  scl_hashkey_format(shard->hash_start, start);
  scl_hashkey_format(shard->hash_end, end);
  scl_writer_open_map(w, "HashKeyRange");
  scl_writer_str(w, "StartingHashKey", start);
  scl_writer_str(w, "EndingHashKey", end);
  scl_writer_close_map(w);
}

static void add_parent(struct scl_writer *w, const char *member, uint32_t index) {
  if (index != SCL_STORE_NO_SHARD) scl_add_shard_id(w, member, index);
}

static void add_sequence_range(struct scl_writer *w, const struct scl_store_shard *shard) {
  char sequence[SCL_SEQLAYOUT_DIGITS + 1];
  scl_writer_open_map(w, "SequenceNumberRange");
  scl_shard_starting_sequence(shard, sequence);
  scl_writer_str(w, "StartingSequenceNumber", sequence);
  if (shard->closed_ms != 0) {
    scl_shard_ending_sequence(shard, sequence);
    scl_writer_str(w, "EndingSequenceNumber", sequence);
  }
  scl_writer_close_map(w);
}

void scl_add_shard(struct scl_writer *w, const struct scl_store_shard *shard) {
  scl_writer_open_map(w, NULL);
  scl_add_shard_id(w, "ShardId", shard->index);
  add_parent(w, "ParentShardId", shard->parent);
  add_parent(w, "AdjacentParentShardId", shard->adjacent_parent);
  scl_add_hash_range(w, shard);
  add_sequence_range(w, shard);
  scl_writer_close_map(w);
}

static void add_child(struct scl_writer *w, const struct scl_store_shard *child) {
  scl_writer_open_map(w, NULL);
  scl_add_shard_id(w, "ShardId", child->index);
  scl_writer_open_list(w, "ParentShards");
  scl_add_shard_id(w, NULL, child->parent);
  if (child->adjacent_parent != SCL_STORE_NO_SHARD) scl_add_shard_id(w, NULL, child->adjacent_parent);
  scl_writer_close_list(w);
  scl_add_hash_range(w, child);
  scl_writer_close_map(w);
}

void scl_add_children(struct scl_writer *w, const struct scl_store_stream *stream,
                      const struct scl_store_shard *shard) {
  scl_writer_open_list(w, "ChildShards");
  for (int i = 0; i < 2 && shard->child[i] != SCL_STORE_NO_SHARD; i++) add_child(w, &stream->shards[shard->child[i]]);
  scl_writer_close_list(w);
}

const char *scl_stream_status_text(enum scl_stream_status status) {
  static const char *const texts[] = {"CREATING", "ACTIVE", "UPDATING", "DELETING"};
  return texts[status];
}

struct scl_token scl_call_token(const struct scl_call *call, enum scl_token_kind kind,
                                const struct scl_store_stream *stream) {
  struct scl_token token = {
      .kind = kind, .issued_ms = call->now_ms, .generation = call->generation, .stream_id = stream->id};
  memcpy(token.stream, stream->name, sizeof(token.stream));
  return token;
}

bool scl_call_token_expired(const struct scl_call *call, const struct scl_token *token, int64_t life_ms) {
  return token->generation != call->generation || call->now_ms - token->issued_ms > life_ms;
}

/* ---- consumers ---- */

static const char *consumer_status_text(enum scl_consumer_status status) {
  static const char *const texts[] = {"CREATING", "ACTIVE", "DELETING"};
  return texts[status];
}

void scl_add_consumer(struct scl_writer *w, const struct scl_call *call, const struct scl_store_stream *stream,
                      const struct scl_store_consumer *consumer) {
  struct sc_buf arn = SC_BUF_INIT;
  sc_buf_printf(&arn, "arn:aws:kinesis:%s:%s:stream/%s/consumer/%s:%" PRId64, call->settings->region,
                SCL_SERVICE_ACCOUNT, stream->name, consumer->name, consumer->created_ms / 1000);
  scl_writer_str(w, "ConsumerName", consumer->name);
  scl_writer_text(w, "ConsumerARN", sc_buf_view(&arn));
  scl_writer_str(w, "ConsumerStatus", consumer_status_text(scl_consumer_status(consumer, call->now_ms)));
  scl_writer_time(w, "ConsumerCreationTimestamp", consumer->created_ms);
  sc_buf_fini(&arn);
}

bool scl_call_check_consumer(struct scl_call *call, const struct scl_store_stream *stream,
                             const struct scl_store_consumer *consumer) {
  if (scl_consumer_status(consumer, call->now_ms) == SCL_CONSUMER_ACTIVE) return true;
  scl_call_fail(call, "ResourceInUseException",
                "Consumer %s with creation timestamp %" PRId64 " under stream: %s, account %s is not in ACTIVE status.",
                consumer->name, consumer->created_ms / 1000, stream->name, SCL_SERVICE_ACCOUNT);
  return false;
}

struct scl_store_consumer *scl_call_consumer(struct scl_call *call, struct sc_slice text,
                                             struct scl_store_stream **stream) {
  struct scl_arn arn;
  struct scl_store_consumer *consumer = NULL;
  bool is_arn = scl_arn_read(text, &arn);
  SC_ASSERT(is_arn);
  *stream = scl_store_find(call->store, arn.stream);
  if (*stream != NULL) consumer = scl_stream_find_consumer(*stream, arn.consumer, call->now_ms);
  bool is_ours = sc_slice_is(arn.account, SCL_SERVICE_ACCOUNT) && sc_slice_is(arn.region, call->settings->region);
  if (consumer != NULL && is_ours && consumer->created_ms / 1000 == arn.created_s) return consumer;
  scl_call_fail(call, "ResourceNotFoundException",
                "Consumer %.*s with creation timestamp %" PRId64 " under stream: %.*s, account %.*s not found.",
                SC_SLICE_ARGS(arn.consumer), arn.created_s, SC_SLICE_ARGS(arn.stream), SC_SLICE_ARGS(arn.account));
  return NULL;
}

bool scl_call_resource(struct scl_call *call, struct sc_slice text, struct scl_resource *resource) {
  struct scl_arn arn;
  *resource = (struct scl_resource){0};
  bool is_arn = scl_arn_read(text, &arn);
  SC_ASSERT(is_arn);
  if (arn.consumer.len > 0) {
    resource->consumer = scl_call_consumer(call, text, &resource->stream);
    return resource->consumer != NULL;
  }
  resource->stream = scl_call_stream_of(call, text);
  return resource->stream != NULL;
}
