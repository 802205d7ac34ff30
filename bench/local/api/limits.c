#include "bench/local/api/limits.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "engine/base/error.h"

struct sc_limits {
  pthread_mutex_t lock; /* of these and of the streams' buckets */
  struct sc_bucket account[SC_QUOTA_ACCOUNT_BUCKETS];
};

struct sc_limits *sc_limits_new(void) {
  struct sc_limits *limits = sc_alloc_zero(1, sizeof *limits);
  pthread_mutex_init(&limits->lock, NULL);
  return limits;
}

void sc_limits_free(struct sc_limits *limits) {
  if (limits == NULL) return;
  pthread_mutex_destroy(&limits->lock);
  free(limits);
}

static const struct sc_value *value_of(const struct sc_operation *operation, const struct sc_call *call,
                                       const char *name) {
  for (int i = 0; i < operation->n_members; i++)
    if (strcmp(operation->members[i].name, name) == 0 && call->values[i].is_set) return &call->values[i];
  return NULL;
}

/* What is between "stream/" and the next slash. */
static struct sc_slice stream_in_arn(struct sc_slice arn) {
  const char *slash = memchr(arn.ptr, '/', arn.len);
  if (slash == NULL) return sc_slice_of(NULL, 0);
  struct sc_slice name = sc_slice_of(slash + 1, (size_t)(arn.ptr + arn.len - slash - 1));
  const char *end = name.len == 0 ? NULL : memchr(name.ptr, '/', name.len);
  return end == NULL ? name : sc_slice_of(name.ptr, (size_t)(end - name.ptr));
}

/* The stream that the call is about, by whichever member names it; NULL: none that exists. */
static struct sc_store_stream *stream_of(const struct sc_operation *operation, const struct sc_call *call) {
  static const char *const arns[] = {"StreamARN", "ConsumerARN"};
  struct sc_token token;
  const struct sc_value *value = value_of(operation, call, "StreamName");
  if (value != NULL) return sc_store_find(call->store, value->text);
  for (int i = 0; i < 2; i++) {
    value = value_of(operation, call, arns[i]);
    if (value != NULL) return sc_store_find(call->store, stream_in_arn(value->text));
  }
  value = value_of(operation, call, "NextToken");
  if (value == NULL || !sc_token_read(value->text, SC_TOKEN_SHARDS, &token)) return NULL;
  return sc_store_find(call->store, sc_slice_str(token.stream));
}

static bool take(struct sc_limits *limits, struct sc_bucket *bucket, struct sc_rate rate, int64_t now_ms) {
  pthread_mutex_lock(&limits->lock);
  bool is_taken = sc_bucket_take(bucket, rate, 1, now_ms);
  pthread_mutex_unlock(&limits->lock);
  return is_taken;
}

bool sc_limits_check_control(struct sc_limits *limits, const struct sc_operation *operation, struct sc_call *call) {
  const struct sc_control_rate *control = limits == NULL ? NULL : sc_control_rate_of(operation->name);
  if (control == NULL) return true;
  struct sc_store_stream *stream = stream_of(operation, call);
  struct sc_bucket *bucket = &limits->account[control->place];
  if (control->scope == SC_QUOTA_STREAM) {
    if (stream == NULL) return true;
    bucket = &stream->control[control->place];
  }
  if (take(limits, bucket, control->rate, call->now_ms)) return true;
  if (stream == NULL) sc_call_fail(call, "LimitExceededException", "Rate exceeded for account %s.", SC_SERVICE_ACCOUNT);
  else
    sc_call_fail(call, "LimitExceededException", "Rate exceeded for stream %s under account %s.", stream->name,
                 SC_SERVICE_ACCOUNT);
  return false;
}

void sc_limits_add_text(struct sc_buf *text, const struct sc_store_stream *stream, const struct sc_store_shard *shard) {
  sc_buf_printf(text, "Rate exceeded for shard shardId-%012" PRIu32 " in stream %s under account %s.", shard->index,
                stream->name, SC_SERVICE_ACCOUNT);
}

static bool check(struct sc_call *call, const struct sc_store_stream *stream, struct sc_store_shard *shard,
                  bool (*is_within)(struct sc_shard_quota *quota, int64_t now_ms)) {
  if (!call->settings->is_limited) return true;
  sc_shardlog_lock(shard->log);
  bool is_good = is_within(&shard->quota, call->now_ms);
  sc_shardlog_unlock(shard->log);
  if (is_good) return true;
  struct sc_buf text = SC_BUF_INIT;
  sc_limits_add_text(&text, stream, shard);
  sc_call_fail(call, SC_LIMITS_EXCEEDED, "%s", sc_buf_str(&text));
  sc_buf_fini(&text);
  return false;
}

bool sc_limits_check_iterator(struct sc_call *call, const struct sc_store_stream *stream,
                              struct sc_store_shard *shard) {
  return check(call, stream, shard, sc_shard_quota_iterator);
}

bool sc_limits_check_read(struct sc_call *call, const struct sc_store_stream *stream, struct sc_store_shard *shard) {
  return check(call, stream, shard, sc_shard_quota_read);
}

void sc_limits_count_read(const struct sc_call *call, struct sc_store_shard *shard, uint64_t bytes) {
  if (!call->settings->is_limited) return;
  sc_shardlog_lock(shard->log);
  sc_shard_quota_returned(&shard->quota, bytes, call->now_ms);
  sc_shardlog_unlock(shard->log);
}

bool sc_limits_put(const struct sc_call *call, struct sc_store_shard *shard, uint64_t bytes) {
  if (!call->settings->is_limited) return true;
  sc_shardlog_lock(shard->log);
  bool is_taken = sc_shard_quota_put(&shard->quota, bytes, call->now_ms);
  sc_shardlog_unlock(shard->log);
  return is_taken;
}
