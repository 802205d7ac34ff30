/* ListShards, SplitShard, MergeShards, UpdateShardCount. */
#include <inttypes.h>

#include "bench/local/api/operation.h"
#include "bench/local/api/reshard.h"

#define LIST_CAP 1000
#define MAX_TARGET 10000
#define DAY_MS INT64_C(86400000)

/* ---- ListShards ---- */

enum { LIST_TOKEN = SCL_VALUE_REST, LIST_AFTER, LIST_MAX, LIST_CREATED, LIST_FILTER, LIST_MEMBERS };
enum { FILTER_TYPE, FILTER_SHARD, FILTER_TIME, FILTER_MEMBERS };

/* As in a token, and in the order of filter_names. */
enum filter { AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP, FILTERS };

static const char *const filter_names[FILTERS] = {"AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON",
                                                  "AT_LATEST",      "AT_TIMESTAMP",    "FROM_TIMESTAMP"};

static const struct scl_member filter_members[FILTER_MEMBERS] = {
    {"Type", SCL_MEMBER_TEXT, true, 0, 0, SCL_PATTERN_NONE,
     "AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP", NULL, 0},
    {"ShardId", SCL_MEMBER_TEXT, false, 1, 128, SCL_PATTERN_NAME, NULL, NULL, 0},
    {"Timestamp", SCL_MEMBER_TIME, false, 0, 0, SCL_PATTERN_NONE, NULL, NULL, 0}};

static const struct scl_member list_members[LIST_MEMBERS] = {
    SCL_STREAM_MEMBERS,
    SCL_MEMBER_NEXT_TOKEN,
    {"ExclusiveStartShardId", SCL_MEMBER_TEXT, false, 1, 128, SCL_PATTERN_NAME, NULL, NULL, 0},
    {"MaxResults", SCL_MEMBER_INTEGER, false, 1, 10000, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"StreamCreationTimestamp", SCL_MEMBER_TIME, false, 0, 0, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"ShardFilter", SCL_MEMBER_STRUCTURE, false, 0, 0, SCL_PATTERN_NONE, NULL, filter_members, FILTER_MEMBERS}};

/* What ListShards lists. */
struct listing {
  struct scl_store_stream *stream;
  uint32_t first;
  enum filter filter;
  int64_t filter_ms;
};

static bool is_listed(const struct listing *listing, const struct scl_store_shard *shard, int64_t now_ms) {
  bool is_open = shard->closed_ms == 0;
  int64_t horizon_ms = scl_stream_horizon_ms(listing->stream, now_ms);
  if (scl_shard_is_expired(listing->stream, shard, now_ms)) return false;
  switch (listing->filter) {
    case AT_TRIM_HORIZON: /* open at the horizon, or created with the stream after it */
      return shard->parent == SCL_STORE_NO_SHARD || shard->created_ms < horizon_ms;
    case AT_LATEST:
      return is_open;
    case AT_TIMESTAMP:
      return shard->created_ms <= listing->filter_ms && (is_open || shard->closed_ms >= listing->filter_ms);
    case FROM_TIMESTAMP:
      return is_open || shard->closed_ms >= listing->filter_ms;
    default:
      return true;
  }
}

static bool start_from_token(struct scl_call *call, struct listing *listing) {
  struct scl_token token;
  const struct scl_value *v = call->values;
  if (v[SCL_VALUE_STREAM_NAME].is_set || v[SCL_VALUE_STREAM_ARN].is_set || v[LIST_AFTER].is_set ||
      v[LIST_CREATED].is_set || v[LIST_FILTER].is_set) {
    scl_call_fail(call, "InvalidArgumentException", "NextToken and StreamName cannot be provided together.");
    return false;
  }
  if (!scl_token_read(v[LIST_TOKEN].text, SCL_TOKEN_SHARDS, &token) || token.filter >= FILTERS) {
    scl_call_fail(call, "InvalidArgumentException", "NextToken is invalid.");
    return false;
  }
  if (scl_call_token_expired(call, &token, SCL_SERVICE_TOKEN_MS)) {
    scl_call_fail(call, "ExpiredNextTokenException", "NextToken has expired.");
    return false;
  }
  listing->stream = scl_store_find(call->store, sc_slice_str(token.stream));
  if (listing->stream == NULL || listing->stream->id != token.stream_id) {
    scl_call_fail(call, "ResourceNotFoundException", "Stream %s under account %s not found.", token.stream,
                  SCL_SERVICE_ACCOUNT);
    return false;
  }
  listing->first = token.shard + 1;
  listing->filter = token.filter;
  listing->filter_ms = token.time_ms;
  return true;
}

static bool read_after(struct scl_call *call, struct sc_slice id, struct listing *listing) {
  uint32_t after;
  if (!scl_shard_id_parse(id, &after)) {
    scl_call_fail(call, "InvalidArgumentException", "ExclusiveStartShardId %.*s is invalid.", SC_SLICE_ARGS(id));
    return false;
  }
  listing->first = after + 1;
  return true;
}

static bool read_filter(struct scl_call *call, const struct scl_value *row, struct listing *listing) {
  for (int i = 0; i < FILTERS; i++)
    if (sc_slice_is(row[FILTER_TYPE].text, filter_names[i])) listing->filter = (enum filter)i;
  bool needs_time = listing->filter == AT_TIMESTAMP || listing->filter == FROM_TIMESTAMP;
  bool needs_shard = listing->filter == AFTER_SHARD_ID;
  if (row[FILTER_TIME].is_set != needs_time || row[FILTER_SHARD].is_set != needs_shard) {
    scl_call_fail(call, "InvalidArgumentException",
                  "Must specify exactly the ShardFilter parameters that type %s takes: %s.",
                  filter_names[listing->filter],
                  needs_time    ? "Timestamp"
                  : needs_shard ? "ShardId"
                                : "none");
    return false;
  }
  listing->filter_ms = row[FILTER_TIME].number;
  if (needs_time && listing->filter_ms > call->now_ms) {
    scl_call_fail(call, "InvalidArgumentException", "Timestamp of the ShardFilter is in the future.");
    return false;
  }
  return !needs_shard || read_after(call, row[FILTER_SHARD].text, listing);
}

static bool start_listing(struct scl_call *call, struct listing *listing) {
  const struct scl_value *v = call->values;
  if (v[LIST_TOKEN].is_set) return start_from_token(call, listing);
  listing->stream = scl_call_stream(call);
  if (listing->stream == NULL || !scl_call_check_created(call, listing->stream, &v[LIST_CREATED])) return false;
  if (scl_stream_status(listing->stream, call->now_ms) == SCL_STREAM_CREATING)
    return scl_call_check_active(call, listing->stream);
  if (v[LIST_AFTER].is_set && !read_after(call, v[LIST_AFTER].text, listing)) return false;
  return !v[LIST_FILTER].is_set || read_filter(call, v[LIST_FILTER].items, listing);
}

static void add_next_token(struct scl_call *call, const struct listing *listing, uint32_t last_listed) {
  char text[SCL_TOKEN_TEXT];
  struct scl_token token = scl_call_token(call, SCL_TOKEN_SHARDS, listing->stream);
  token.shard = last_listed;
  token.filter = (uint8_t)listing->filter;
  token.time_ms = listing->filter_ms;
  scl_token_write(&token, text);
  scl_writer_str(&call->out, "NextToken", text);
}

static void list_shards(struct scl_call *call) {
  struct listing listing = {.filter = FROM_TRIM_HORIZON};
  if (!start_listing(call, &listing)) return;
  const struct scl_value *max = &call->values[LIST_MAX];
  uint32_t room = max->is_set && max->number < LIST_CAP ? (uint32_t)max->number : LIST_CAP, last = 0, n = 0, i;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_open_list(w, "Shards");
  for (i = listing.first; i < listing.stream->n_shards; i++) {
    if (!is_listed(&listing, &listing.stream->shards[i], call->now_ms)) continue;
    if (n++ == room) break;
    scl_add_shard(w, &listing.stream->shards[i]);
    last = i;
  }
  scl_writer_close_list(w);
  if (i < listing.stream->n_shards) add_next_token(call, &listing, last);
  scl_writer_close_map(w);
}

/* ---- SplitShard ---- */

enum { SPLIT_SHARD = SCL_VALUE_REST, SPLIT_KEY, SPLIT_MEMBERS };

static const struct scl_member split_members[SPLIT_MEMBERS] = {
    SCL_STREAM_MEMBERS,
    {"ShardToSplit", SCL_MEMBER_TEXT, true, 1, 128, SCL_PATTERN_NAME, NULL, NULL, 0},
    {"NewStartingHashKey", SCL_MEMBER_TEXT, true, 0, 0, SCL_PATTERN_HASH_KEY, NULL, NULL, 0}};

static bool check_open(struct scl_call *call, const struct scl_store_stream *stream,
                       const struct scl_store_shard *shard) {
  if (shard->closed_ms == 0) return true;
  scl_call_fail(call, "InvalidArgumentException",
                "Shard shardId-%012" PRIu32
                " in stream %s under account %s has already been merged or split, and thus is "
                "not eligible for merging or splitting.",
                shard->index, stream->name, SCL_SERVICE_ACCOUNT);
  return false;
}

static bool check_room(struct scl_call *call, const struct scl_store_stream *stream) {
  if (stream->n_shards + 2 <= SCL_STORE_MAX_SHARDS) return true;
  scl_call_fail(call, "LimitExceededException", "Stream %s has had %d shards.", stream->name, SCL_STORE_MAX_SHARDS);
  return false;
}

static bool check_split_key(struct scl_call *call, const struct scl_store_stream *stream,
                            const struct scl_store_shard *shard, scl_hashkey_int *key) {
  struct sc_slice text = call->values[SPLIT_KEY].text;
  if (scl_hashkey_parse(text, key) && scl_shard_can_split(shard, *key)) return true;
  char start[SCL_HASHKEY_TEXT], end[SCL_HASHKEY_TEXT];
  scl_hashkey_format(shard->hash_start, start);
  scl_hashkey_format(shard->hash_end, end);
  scl_call_fail(
      call, "InvalidArgumentException",
      "NewStartingHashKey %.*s used in SplitShard() on shard shardId-%012" PRIu32
      " in stream %s under account %s is not both greater than one plus the shard's StartingHashKey %s and less "
      "than the shard's EndingHashKey %s.",
      SC_SLICE_ARGS(text), shard->index, stream->name, SCL_SERVICE_ACCOUNT, start, end);
  return false;
}

static void split_shard(struct scl_call *call) {
  scl_hashkey_int key;
  struct scl_store_stream *stream = scl_call_stream(call);
  if (stream == NULL) return;
  struct scl_store_shard *shard = scl_call_shard(call, stream, call->values[SPLIT_SHARD].text);
  if (shard == NULL || !scl_call_check_active(call, stream) || !check_open(call, stream, shard)) return;
  if (!check_split_key(call, stream, shard, &key) || !check_room(call, stream)) return;
  scl_store_split(call->store, stream, shard->index, key, call->now_ms);
}

/* ---- MergeShards ---- */

enum { MERGE_SHARD = SCL_VALUE_REST, MERGE_ADJACENT, MERGE_MEMBERS };

static const struct scl_member merge_members[MERGE_MEMBERS] = {
    SCL_STREAM_MEMBERS,
    {"ShardToMerge", SCL_MEMBER_TEXT, true, 1, 128, SCL_PATTERN_NAME, NULL, NULL, 0},
    {"AdjacentShardToMerge", SCL_MEMBER_TEXT, true, 1, 128, SCL_PATTERN_NAME, NULL, NULL, 0}};

static void merge_shards(struct scl_call *call) {
  struct scl_store_stream *stream = scl_call_stream(call);
  if (stream == NULL) return;
  struct scl_store_shard *left = scl_call_shard(call, stream, call->values[MERGE_SHARD].text);
  if (left == NULL) return;
  struct scl_store_shard *right = scl_call_shard(call, stream, call->values[MERGE_ADJACENT].text);
  if (right == NULL || !scl_call_check_active(call, stream)) return;
  if (!check_open(call, stream, left) || !check_open(call, stream, right) || !check_room(call, stream)) return;
  if (left->hash_end == SCL_HASHKEY_MAX || left->hash_end + 1 != right->hash_start) {
    scl_call_fail(call, "InvalidArgumentException",
                  "Shards shardId-%012" PRIu32 " and shardId-%012" PRIu32
                  " in stream %s under account %s are not an adjacent pair of shards eligible for merging",
                  left->index, right->index, stream->name, SCL_SERVICE_ACCOUNT);
    return;
  }
  scl_store_merge(call->store, stream, left->index, right->index, call->now_ms);
}

/* ---- UpdateShardCount ---- */

enum { UPDATE_TARGET = SCL_VALUE_REST, UPDATE_SCALING, UPDATE_MEMBERS };

static const struct scl_member update_members[UPDATE_MEMBERS] = {
    SCL_STREAM_MEMBERS,
    {"TargetShardCount", SCL_MEMBER_INTEGER, true, 1, INT32_MAX, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"ScalingType", SCL_MEMBER_TEXT, true, 0, 0, SCL_PATTERN_NONE, "UNIFORM_SCALING", NULL, 0}};

static bool refuse_target(struct scl_call *call, const struct scl_store_stream *stream, const char *why) {
  scl_call_fail(call, "LimitExceededException",
                "%s. Current open shard count: %" PRIu32 ", Target shard count: %" PRId64, why, stream->n_open,
                call->values[UPDATE_TARGET].number);
  return false;
}

static bool check_target(struct scl_call *call, struct scl_store_stream *stream) {
  int64_t target = call->values[UPDATE_TARGET].number, open = stream->n_open;
  if (target > MAX_TARGET)
    return refuse_target(call, stream, "Target shard count or number of open shards cannot be greater than 10000");
  if (target > 2 * open)
    return refuse_target(call, stream, "UpdateShardCount cannot scale up over double your current open shard count");
  if (2 * target < open)
    return refuse_target(call, stream, "UpdateShardCount cannot scale down below half your current open shard count");
  if (stream->n_shards + scl_reshard_cost(stream, (uint32_t)target) <= SCL_STORE_MAX_SHARDS) return true;
  scl_call_fail(call, "LimitExceededException", "Stream %s has had %" PRIu32 " shards.", stream->name,
                stream->n_shards);
  return false;
}

/* With limits: at most ten times in 24 hours. */
static bool check_rescales(struct scl_call *call, const struct scl_store_stream *stream) {
  int64_t tenth_last_ms = stream->rescaled_ms[stream->n_rescales % SCL_STORE_MAX_RESCALES];
  bool is_full = stream->n_rescales >= SCL_STORE_MAX_RESCALES && call->now_ms - tenth_last_ms < DAY_MS;
  if (!call->settings->is_limited || !is_full) return true;
  scl_call_fail(call, "LimitExceededException",
                "UpdateShardCount was called %d times on stream %s under account %s within the last 24 hours.",
                SCL_STORE_MAX_RESCALES, stream->name, SCL_SERVICE_ACCOUNT);
  return false;
}

static void update_shard_count(struct scl_call *call) {
  struct scl_store_stream *stream = scl_call_stream(call);
  if (stream == NULL || !scl_call_check_active(call, stream)) return;
  if (stream->is_on_demand) {
    scl_call_fail(call, "ValidationException",
                  "UpdateShardCount is not supported for stream %s under account %s, whose mode is ON_DEMAND.",
                  stream->name, SCL_SERVICE_ACCOUNT);
    return;
  }
  if (!check_target(call, stream) || !check_rescales(call, stream)) return;
  uint32_t before = stream->n_open;
  scl_reshard(call->store, stream, (uint32_t)call->values[UPDATE_TARGET].number, call->now_ms);
  stream->rescaled_ms[stream->n_rescales++ % SCL_STORE_MAX_RESCALES] = call->now_ms;
  scl_store_set_updating(call->store, stream, call->now_ms);
  scl_store_note_attributes(call->store, stream);
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_str(w, "StreamName", stream->name);
  scl_writer_int(w, "CurrentShardCount", before);
  scl_writer_int(w, "TargetShardCount", call->values[UPDATE_TARGET].number);
  scl_add_stream_arn(w, call, stream);
  scl_writer_close_map(w);
}

const struct scl_operation scl_shard_operations[] = {
    {"ListShards", list_members, LIST_MEMBERS, false, list_shards},
    {"SplitShard", split_members, SPLIT_MEMBERS, true, split_shard},
    {"MergeShards", merge_members, MERGE_MEMBERS, true, merge_shards},
    {"UpdateShardCount", update_members, UPDATE_MEMBERS, true, update_shard_count},
};
const int scl_shard_operations_n = sizeof(scl_shard_operations) / sizeof(*scl_shard_operations);
