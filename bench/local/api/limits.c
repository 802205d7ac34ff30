#include "bench/local/api/limits.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "engine/base/text.h"

struct scl_limits {
  pthread_mutex_t lock; /* of these buckets and those of streams */
  struct scl_bucket account[SCL_QUOTA_ACCOUNT_BUCKETS];
};

struct scl_limits *scl_limits_new(void) {
  struct scl_limits *limits = sc_alloc_zero(1, sizeof(*limits));
  pthread_mutex_init(&limits->lock, NULL);
  return limits;
}

void scl_limits_free(struct scl_limits *limits) {
  if (limits == NULL) return;
  pthread_mutex_destroy(&limits->lock);
  free(limits);
}

static const struct scl_value *value_of(const struct scl_operation *operation, const struct scl_call *call,
                                        const char *name) {
  for (int i = 0; i < operation->n_members; i++)
    if (strcmp(operation->members[i].name, name) == 0 && call->values[i].is_set) return &call->values[i];
  return NULL;
}

/* The text between the first slash and the second. */
static struct sc_slice stream_in_arn(struct sc_slice arn) {
  struct sc_slice name = sc_text_cut(&arn, '/');
  sc_text_cut(&name, '/');
  return name;
}

/* The stream that the call is about, by whichever member names it; NULL when there is none. */
static struct scl_store_stream *stream_of(const struct scl_operation *operation, const struct scl_call *call) {
  static const char *const arns[] = {"StreamARN", "ConsumerARN"};
  struct scl_token token;
  const struct scl_value *value = value_of(operation, call, "StreamName");
  if (value != NULL) return scl_store_find(call->store, value->text);
  for (int i = 0; i < 2; i++) {
    value = value_of(operation, call, arns[i]);
    if (value != NULL) return scl_store_find(call->store, stream_in_arn(value->text));
  }
  value = value_of(operation, call, "NextToken");
  if (value == NULL || !scl_token_read(value->text, SCL_TOKEN_SHARDS, &token)) return NULL;
  return scl_store_find(call->store, sc_slice_str(token.stream));
}

static bool take(struct scl_limits *limits, struct scl_bucket *bucket, struct scl_rate rate, int64_t now_ms) {
  pthread_mutex_lock(&limits->lock);
  bool is_taken = scl_bucket_take(bucket, rate, 1, now_ms);
  pthread_mutex_unlock(&limits->lock);
  return is_taken;
}

bool scl_limits_check_control(struct scl_limits *limits, const struct scl_operation *operation, struct scl_call *call) {
  const struct scl_control_rate *control = limits == NULL ? NULL : scl_control_rate_of(operation->name);
  if (control == NULL) return true;
  struct scl_store_stream *stream = stream_of(operation, call);
  struct scl_bucket *bucket = &limits->account[control->place];
  if (control->scope == SCL_QUOTA_STREAM) {
    if (stream == NULL) return true;
    bucket = &stream->control[control->place];
  }
  if (take(limits, bucket, control->rate, call->now_ms)) return true;
  if (stream == NULL)
    scl_call_fail(call, "LimitExceededException", "Rate exceeded for account %s.", SCL_SERVICE_ACCOUNT);
  else
    scl_call_fail(call, "LimitExceededException", "Rate exceeded for stream %s under account %s.", stream->name,
                  SCL_SERVICE_ACCOUNT);
  return false;
}

void scl_limits_add_text(struct sc_buf *text, const struct scl_store_stream *stream,
                         const struct scl_store_shard *shard) {
  sc_buf_printf(text, "Rate exceeded for shard shardId-%012" PRIu32 " in stream %s under account %s.", shard->index,
                stream->name, SCL_SERVICE_ACCOUNT);
}

static bool check(struct scl_call *call, const struct scl_store_stream *stream, struct scl_store_shard *shard,
                  bool (*is_within)(struct scl_shard_quota *quota, int64_t now_ms)) {
  if (!call->settings->is_limited) return true;
  scl_shardlog_lock(shard->log);
  bool is_good = is_within(&shard->quota, call->now_ms);
  scl_shardlog_unlock(shard->log);
  if (is_good) return true;
  struct sc_buf text = SC_BUF_INIT;
  scl_limits_add_text(&text, stream, shard);
  scl_call_fail(call, SCL_LIMITS_EXCEEDED, "%s", sc_buf_str(&text));
  sc_buf_fini(&text);
  return false;
}

bool scl_limits_check_iterator(struct scl_call *call, const struct scl_store_stream *stream,
                               struct scl_store_shard *shard) {
  return check(call, stream, shard, scl_shard_quota_iterator);
}

bool scl_limits_check_read(struct scl_call *call, const struct scl_store_stream *stream,
                           struct scl_store_shard *shard) {
  return check(call, stream, shard, scl_shard_quota_read);
}

void scl_limits_count_read(const struct scl_call *call, struct scl_store_shard *shard, uint64_t bytes) {
  if (!call->settings->is_limited) return;
  scl_shardlog_lock(shard->log);
  scl_shard_quota_returned(&shard->quota, bytes, call->now_ms);
  scl_shardlog_unlock(shard->log);
}

bool scl_limits_put(const struct scl_call *call, struct scl_store_shard *shard, uint64_t bytes) {
  if (!call->settings->is_limited) return true;
  scl_shardlog_lock(shard->log);
  bool is_taken = scl_shard_quota_put(&shard->quota, bytes, call->now_ms);
  scl_shardlog_unlock(shard->log);
  return is_taken;
}
