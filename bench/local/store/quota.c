#include "bench/local/store/quota.h"

#define CALLS_5 ((struct scl_rate){5, 5})
#define READ_BYTES ((struct scl_rate){2 * SCL_MIB, 2 * SCL_MIB})
#define RECORDS ((struct scl_rate){1000, 1000})
#define PUT_BYTES ((struct scl_rate){SCL_MIB, SCL_MIB})

static int64_t used_at(const struct scl_bucket *bucket, struct scl_rate rate, int64_t now_ms) {
  int64_t elapsed = now_ms - bucket->at_ms;
  if (elapsed <= 0) return bucket->used;
  return elapsed > bucket->used / rate.per_s ? 0 : bucket->used - elapsed * rate.per_s;
}

static void use(struct scl_bucket *bucket, struct scl_rate rate, int64_t n, int64_t now_ms) {
  bucket->used = used_at(bucket, rate, now_ms) + n * 1000;
  if (now_ms > bucket->at_ms) bucket->at_ms = now_ms;
}

int64_t scl_bucket_wait_ms(const struct scl_bucket *bucket, struct scl_rate rate, int64_t n, int64_t now_ms) {
  int64_t allowed = n < rate.burst ? (rate.burst - n) * 1000 : 0;
  int64_t excess = used_at(bucket, rate, now_ms) - allowed;
  if (excess <= 0) return 0;
  int64_t behind = bucket->at_ms > now_ms ? bucket->at_ms - now_ms : 0;
  return behind + (excess + rate.per_s - 1) / rate.per_s;
}

bool scl_bucket_take(struct scl_bucket *bucket, struct scl_rate rate, int64_t n, int64_t now_ms) {
  if (scl_bucket_wait_ms(bucket, rate, n, now_ms) > 0) return false;
  use(bucket, rate, n, now_ms);
  return true;
}

void scl_bucket_owe(struct scl_bucket *bucket, struct scl_rate rate, int64_t n, int64_t now_ms) {
  use(bucket, rate, n, now_ms);
}

bool scl_shard_quota_iterator(struct scl_shard_quota *quota, int64_t now_ms) {
  return scl_bucket_take(&quota->iterators, CALLS_5, 1, now_ms);
}

bool scl_shard_quota_read(struct scl_shard_quota *quota, int64_t now_ms) {
  return now_ms >= quota->reads_from_ms && scl_bucket_take(&quota->reads, CALLS_5, 1, now_ms);
}

void scl_shard_quota_returned(struct scl_shard_quota *quota, uint64_t bytes, int64_t now_ms) {
  scl_bucket_owe(&quota->read_bytes, READ_BYTES, (int64_t)bytes, now_ms);
  if (quota->read_bytes.used <= READ_BYTES.burst * 1000) return;
  quota->reads_from_ms = now_ms + scl_bucket_wait_ms(&quota->read_bytes, READ_BYTES, READ_BYTES.burst, now_ms);
}

bool scl_shard_quota_put(struct scl_shard_quota *quota, uint64_t bytes, int64_t now_ms) {
  if (scl_bucket_wait_ms(&quota->put_bytes, PUT_BYTES, (int64_t)bytes, now_ms) > 0) return false;
  if (!scl_bucket_take(&quota->records, RECORDS, 1, now_ms)) return false;
  scl_bucket_owe(&quota->put_bytes, PUT_BYTES, (int64_t)bytes, now_ms);
  return true;
}

static const struct scl_control_rate control_rates[] = {
    {"CreateStream", SCL_QUOTA_ACCOUNT, 0, {5, 5}},
    {"DeleteStream", SCL_QUOTA_ACCOUNT, 1, {5, 5}},
    {"ListStreams", SCL_QUOTA_ACCOUNT, 2, {5, 5}},
    {"DescribeStream", SCL_QUOTA_ACCOUNT, 3, {10, 10}},
    {"DescribeStreamSummary", SCL_QUOTA_ACCOUNT, 4, {20, 20}},
    {"DescribeLimits", SCL_QUOTA_ACCOUNT, 5, {1, 1}},
    {"SplitShard", SCL_QUOTA_ACCOUNT, 6, {5, 5}},
    {"MergeShards", SCL_QUOTA_ACCOUNT, 7, {5, 5}},
    {"RegisterStreamConsumer", SCL_QUOTA_ACCOUNT, 8, {5, 5}},
    {"IncreaseStreamRetentionPeriod", SCL_QUOTA_ACCOUNT, 9, {5, 5}},
    {"DecreaseStreamRetentionPeriod", SCL_QUOTA_ACCOUNT, 10, {5, 5}},
    {"AddTagsToStream", SCL_QUOTA_ACCOUNT, 11, {5, 5}},
    {"RemoveTagsFromStream", SCL_QUOTA_ACCOUNT, 12, {5, 5}},
    {"ListTagsForStream", SCL_QUOTA_ACCOUNT, 13, {5, 5}},
    {"EnableEnhancedMonitoring", SCL_QUOTA_ACCOUNT, 14, {5, 5}},
    {"DisableEnhancedMonitoring", SCL_QUOTA_ACCOUNT, 15, {5, 5}},
    {"StartStreamEncryption", SCL_QUOTA_ACCOUNT, 16, {5, 5}},
    {"StopStreamEncryption", SCL_QUOTA_ACCOUNT, 17, {5, 5}},
    {"ListShards", SCL_QUOTA_STREAM, 0, {1000, 1000}},
    {"DescribeStreamConsumer", SCL_QUOTA_STREAM, 1, {20, 20}},
    {"ListStreamConsumers", SCL_QUOTA_STREAM, 2, {5, 5}},
    {"DeregisterStreamConsumer", SCL_QUOTA_STREAM, 3, {5, 5}},
};

const struct scl_control_rate *scl_control_rate_of(const char *operation) {
  for (size_t i = 0; i < sizeof(control_rates) / sizeof(*control_rates); i++)
    if (strcmp(operation, control_rates[i].operation) == 0) return &control_rates[i];
  return NULL;
}
