#include <inttypes.h>

#include "bench/local/api/operation.h"
#include "engine/base/error.h"

void sc_call_fail(struct sc_call *call, const char *type, const char *fmt, ...) {
  struct sc_buf text = SC_BUF_INIT;
  va_list args;
  va_start(args, fmt);
  sc_buf_vprintf(&text, fmt, args);
  va_end(args);
  struct sc_reply *reply = call->reply;
  sc_buf_clear(&reply->content.head);
  sc_buf_clear(&reply->content.tail);
  sc_reply_fail(reply, 400, type, "message", sc_buf_view(&text));
  sc_buf_fini(&text);
}

/* The stream's name, from an ARN that matches the pattern; empty after failing the call for another account's. */
static struct sc_slice name_in_arn(struct sc_call *call, struct sc_slice text) {
  struct sc_arn arn;
  bool is_arn = sc_arn_read(text, &arn);
  SC_ASSERT(is_arn);
  if (sc_slice_is(arn.account, SC_SERVICE_ACCOUNT)) return arn.stream;
  sc_call_fail(call, "ResourceNotFoundException", "Stream %.*s under account %.*s not found.",
               SC_SLICE_ARGS(arn.stream), SC_SLICE_ARGS(arn.account));
  return (struct sc_slice){NULL, 0};
}

struct sc_slice sc_call_stream_name(struct sc_call *call) {
  const struct sc_value *name = &call->values[SC_VALUE_STREAM_NAME], *arn = &call->values[SC_VALUE_STREAM_ARN];
  struct sc_slice none = {NULL, 0};
  if (!name->is_set && !arn->is_set) {
    sc_call_fail(call, "ValidationException",
                 "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: "
                 "Member must not be null");
    return none;
  }
  if (!arn->is_set) return name->text;
  struct sc_slice from_arn = name_in_arn(call, arn->text);
  if (from_arn.len == 0 || !name->is_set || sc_slice_equals(name->text, from_arn)) return from_arn;
  sc_call_fail(call, "InvalidArgumentException", "StreamName and StreamARN do not name the same stream.");
  return none;
}

static struct sc_store_stream *not_found(struct sc_call *call, struct sc_slice name) {
  sc_call_fail(call, "ResourceNotFoundException", "Stream %.*s under account %s not found.", SC_SLICE_ARGS(name),
               SC_SERVICE_ACCOUNT);
  return NULL;
}

bool sc_call_check_created(struct sc_call *call, const struct sc_store_stream *stream, const struct sc_value *created) {
  if (!created->is_set || created->number / 1000 == stream->created_ms / 1000) return true;
  return not_found(call, sc_slice_str(stream->name)) != NULL;
}

bool sc_call_resource(struct sc_call *call, struct sc_slice text, struct sc_resource *resource) {
  struct sc_arn arn;
  *resource = (struct sc_resource){0};
  bool is_arn = sc_arn_read(text, &arn);
  SC_ASSERT(is_arn);
  if (arn.consumer.len > 0) {
    resource->consumer = sc_call_consumer(call, text, &resource->stream);
    return resource->consumer != NULL;
  }
  resource->stream = sc_call_stream_of(call, text);
  return resource->stream != NULL;
}

static struct sc_store_stream *find_stream(struct sc_call *call, struct sc_slice name) {
  if (name.len == 0) return NULL;
  struct sc_store_stream *stream = sc_store_find(call->store, name);
  return stream == NULL ? not_found(call, name) : stream;
}

struct sc_store_stream *sc_call_stream(struct sc_call *call) {
  return find_stream(call, sc_call_stream_name(call));
}

struct sc_store_stream *sc_call_stream_of(struct sc_call *call, struct sc_slice arn) {
  return find_stream(call, name_in_arn(call, arn));
}

struct sc_store_stream *sc_call_ready_stream(struct sc_call *call) {
  struct sc_store_stream *stream = sc_call_stream(call);
  if (stream == NULL || sc_stream_status(stream, call->now_ms) != SC_STREAM_CREATING) return stream;
  return not_found(call, sc_slice_str(stream->name));
}

bool sc_call_check_active(struct sc_call *call, const struct sc_store_stream *stream) {
  enum sc_stream_status status = sc_stream_status(stream, call->now_ms);
  if (status == SC_STREAM_ACTIVE) return true;
  sc_call_fail(call, "ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state %s",
               stream->name, SC_SERVICE_ACCOUNT, sc_stream_status_text(status));
  return false;
}

bool sc_shard_id_parse(struct sc_slice id, uint32_t *index) {
  uint64_t number;
  if (sc_slice_starts(id, "shardId-")) id = sc_slice_of(id.ptr + 8, id.len - 8);
  if (id.len > 12 || !sc_slice_to_u64(id, &number) || number > INT32_MAX) return false;
  *index = (uint32_t)number;
  return true;
}

struct sc_store_shard *sc_call_shard(struct sc_call *call, struct sc_store_stream *stream, struct sc_slice id) {
  uint32_t index;
  if (!sc_shard_id_parse(id, &index)) {
    sc_call_fail(call, "ResourceNotFoundException", "Could not find shard %.*s in stream %s under account %s.",
                 SC_SLICE_ARGS(id), stream->name, SC_SERVICE_ACCOUNT);
    return NULL;
  }
  bool is_there = index < stream->n_shards && !sc_shard_is_expired(stream, &stream->shards[index], call->now_ms);
  if (is_there) return &stream->shards[index];
  sc_call_fail(call, "ResourceNotFoundException",
               "Shard shardId-%012" PRIu32 " in stream %s under account %s does not exist", index, stream->name,
               SC_SERVICE_ACCOUNT);
  return NULL;
}

void sc_add_shard_id(struct sc_writer *w, const char *name, uint32_t index) {
  char id[] = "shardId-000000000000"; /* no printf: PutRecords says it of every record */
  for (size_t at = sizeof id - 2; index > 0; index /= 10) id[at--] = (char)('0' + index % 10);
  sc_writer_text(w, name, sc_slice_of(id, sizeof id - 1));
}

void sc_add_stream_arn(struct sc_writer *w, const struct sc_call *call, const struct sc_store_stream *stream) {
  struct sc_buf arn = SC_BUF_INIT;
  sc_buf_printf(&arn, "arn:aws:kinesis:%s:%s:stream/%s", call->settings->region, SC_SERVICE_ACCOUNT, stream->name);
  sc_writer_text(w, "StreamARN", sc_buf_view(&arn));
  sc_buf_fini(&arn);
}

void sc_add_hash_range(struct sc_writer *w, const struct sc_store_shard *shard) {
  char start[SC_HASHKEY_TEXT], end[SC_HASHKEY_TEXT];
  sc_hashkey_format(shard->hash_start, start);
  sc_hashkey_format(shard->hash_end, end);
  sc_writer_open_map(w, "HashKeyRange");
  sc_writer_str(w, "StartingHashKey", start);
  sc_writer_str(w, "EndingHashKey", end);
  sc_writer_close_map(w);
}

static void add_parent(struct sc_writer *w, const char *member, uint32_t index) {
  if (index != SC_STORE_NO_SHARD) sc_add_shard_id(w, member, index);
}

static void add_sequence_range(struct sc_writer *w, const struct sc_store_shard *shard) {
  char sequence[SC_SEQLAYOUT_DIGITS + 1];
  sc_writer_open_map(w, "SequenceNumberRange");
  sc_shard_starting_sequence(shard, sequence);
  sc_writer_str(w, "StartingSequenceNumber", sequence);
  if (shard->closed_ms != 0) {
    sc_shard_ending_sequence(shard, sequence);
    sc_writer_str(w, "EndingSequenceNumber", sequence);
  }
  sc_writer_close_map(w);
}

void sc_add_shard(struct sc_writer *w, const struct sc_store_shard *shard) {
  sc_writer_open_map(w, NULL);
  sc_add_shard_id(w, "ShardId", shard->index);
  add_parent(w, "ParentShardId", shard->parent);
  add_parent(w, "AdjacentParentShardId", shard->adjacent_parent);
  sc_add_hash_range(w, shard);
  add_sequence_range(w, shard);
  sc_writer_close_map(w);
}

static void add_child(struct sc_writer *w, const struct sc_store_shard *child) {
  sc_writer_open_map(w, NULL);
  sc_add_shard_id(w, "ShardId", child->index);
  sc_writer_open_list(w, "ParentShards");
  sc_add_shard_id(w, NULL, child->parent);
  if (child->adjacent_parent != SC_STORE_NO_SHARD) sc_add_shard_id(w, NULL, child->adjacent_parent);
  sc_writer_close_list(w);
  sc_add_hash_range(w, child);
  sc_writer_close_map(w);
}

void sc_add_children(struct sc_writer *w, const struct sc_store_stream *stream, const struct sc_store_shard *shard) {
  sc_writer_open_list(w, "ChildShards");
  for (int i = 0; i < 2 && shard->child[i] != SC_STORE_NO_SHARD; i++) add_child(w, &stream->shards[shard->child[i]]);
  sc_writer_close_list(w);
}

const char *sc_stream_status_text(enum sc_stream_status status) {
  static const char *const texts[] = {"CREATING", "ACTIVE", "UPDATING", "DELETING"};
  return texts[status];
}

struct sc_token sc_call_token(const struct sc_call *call, enum sc_token_kind kind,
                              const struct sc_store_stream *stream) {
  struct sc_token token = {
      .kind = kind, .issued_ms = call->now_ms, .generation = call->generation, .stream_id = stream->id};
  memcpy(token.stream, stream->name, sizeof token.stream);
  return token;
}

bool sc_call_token_expired(const struct sc_call *call, const struct sc_token *token, int64_t life_ms) {
  return token->generation != call->generation || call->now_ms - token->issued_ms > life_ms;
}
