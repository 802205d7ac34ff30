#include "bench/local/store/quota.h"

#define CALLS_5 ((struct sc_rate){5, 5})
#define READ_BYTES ((struct sc_rate){2 * SC_MIB, 2 * SC_MIB})
#define RECORDS ((struct sc_rate){1000, 1000})
#define PUT_BYTES ((struct sc_rate){SC_MIB, SC_MIB})

static int64_t used_at(const struct sc_bucket *bucket, struct sc_rate rate, int64_t now_ms) {
  int64_t elapsed = now_ms - bucket->at_ms;
  if (elapsed <= 0) return bucket->used;
  return elapsed > bucket->used / rate.per_s ? 0 : bucket->used - elapsed * rate.per_s;
}

static void use(struct sc_bucket *bucket, struct sc_rate rate, int64_t n, int64_t now_ms) {
  bucket->used = used_at(bucket, rate, now_ms) + n * 1000;
  if (now_ms > bucket->at_ms) bucket->at_ms = now_ms;
}

int64_t sc_bucket_wait_ms(const struct sc_bucket *bucket, struct sc_rate rate, int64_t n, int64_t now_ms) {
  int64_t allowed = n < rate.burst ? (rate.burst - n) * 1000 : 0;
  int64_t excess = used_at(bucket, rate, now_ms) - allowed;
  if (excess <= 0) return 0;
  int64_t behind = bucket->at_ms > now_ms ? bucket->at_ms - now_ms : 0;
  return behind + (excess + rate.per_s - 1) / rate.per_s;
}

bool sc_bucket_take(struct sc_bucket *bucket, struct sc_rate rate, int64_t n, int64_t now_ms) {
  if (sc_bucket_wait_ms(bucket, rate, n, now_ms) > 0) return false;
  use(bucket, rate, n, now_ms);
  return true;
}

void sc_bucket_owe(struct sc_bucket *bucket, struct sc_rate rate, int64_t n, int64_t now_ms) {
  use(bucket, rate, n, now_ms);
}

bool sc_shard_quota_iterator(struct sc_shard_quota *quota, int64_t now_ms) {
  return sc_bucket_take(&quota->iterators, CALLS_5, 1, now_ms);
}

bool sc_shard_quota_read(struct sc_shard_quota *quota, int64_t now_ms) {
  return now_ms >= quota->reads_from_ms && sc_bucket_take(&quota->reads, CALLS_5, 1, now_ms);
}

void sc_shard_quota_returned(struct sc_shard_quota *quota, uint64_t bytes, int64_t now_ms) {
  sc_bucket_owe(&quota->read_bytes, READ_BYTES, (int64_t)bytes, now_ms);
  if (quota->read_bytes.used <= READ_BYTES.burst * 1000) return;
  quota->reads_from_ms = now_ms + sc_bucket_wait_ms(&quota->read_bytes, READ_BYTES, READ_BYTES.burst, now_ms);
}

bool sc_shard_quota_put(struct sc_shard_quota *quota, uint64_t bytes, int64_t now_ms) {
  if (sc_bucket_wait_ms(&quota->put_bytes, PUT_BYTES, (int64_t)bytes, now_ms) > 0) return false;
  if (!sc_bucket_take(&quota->records, RECORDS, 1, now_ms)) return false;
  sc_bucket_owe(&quota->put_bytes, PUT_BYTES, (int64_t)bytes, now_ms);
  return true;
}

static const struct sc_control_rate CONTROL[] = {
    {"CreateStream", SC_QUOTA_ACCOUNT, 0, {5, 5}},
    {"DeleteStream", SC_QUOTA_ACCOUNT, 1, {5, 5}},
    {"ListStreams", SC_QUOTA_ACCOUNT, 2, {5, 5}},
    {"DescribeStream", SC_QUOTA_ACCOUNT, 3, {10, 10}},
    {"DescribeStreamSummary", SC_QUOTA_ACCOUNT, 4, {20, 20}},
    {"DescribeLimits", SC_QUOTA_ACCOUNT, 5, {1, 1}},
    {"SplitShard", SC_QUOTA_ACCOUNT, 6, {5, 5}},
    {"MergeShards", SC_QUOTA_ACCOUNT, 7, {5, 5}},
    {"RegisterStreamConsumer", SC_QUOTA_ACCOUNT, 8, {5, 5}},
    {"IncreaseStreamRetentionPeriod", SC_QUOTA_ACCOUNT, 9, {5, 5}},
    {"DecreaseStreamRetentionPeriod", SC_QUOTA_ACCOUNT, 10, {5, 5}},
    {"AddTagsToStream", SC_QUOTA_ACCOUNT, 11, {5, 5}},
    {"RemoveTagsFromStream", SC_QUOTA_ACCOUNT, 12, {5, 5}},
    {"ListTagsForStream", SC_QUOTA_ACCOUNT, 13, {5, 5}},
    {"EnableEnhancedMonitoring", SC_QUOTA_ACCOUNT, 14, {5, 5}},
    {"DisableEnhancedMonitoring", SC_QUOTA_ACCOUNT, 15, {5, 5}},
    {"StartStreamEncryption", SC_QUOTA_ACCOUNT, 16, {5, 5}},
    {"StopStreamEncryption", SC_QUOTA_ACCOUNT, 17, {5, 5}},
    {"ListShards", SC_QUOTA_STREAM, 0, {1000, 1000}},
    {"DescribeStreamConsumer", SC_QUOTA_STREAM, 1, {20, 20}},
    {"ListStreamConsumers", SC_QUOTA_STREAM, 2, {5, 5}},
    {"DeregisterStreamConsumer", SC_QUOTA_STREAM, 3, {5, 5}},
};

const struct sc_control_rate *sc_control_rate_of(const char *operation) {
  for (size_t i = 0; i < sizeof CONTROL / sizeof *CONTROL; i++)
    if (strcmp(operation, CONTROL[i].operation) == 0) return &CONTROL[i];
  return NULL;
}
