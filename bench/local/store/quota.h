/* The rates that the service allows, and the token buckets that hold a caller to them (Amazon Kinesis Data Streams
 * Developer Guide, "Quotas and limits").
 *
 * Pure: "now" is an argument, in ms since the epoch. A clock that went back counts as one that stood still. A zeroed
 * bucket is full. The owner of a bucket orders the calls. Nothing allocates. Arithmetic is exact: no rounding adds up,
 * however often a bucket is asked.
 */
#ifndef SCL_STORE_QUOTA_H
#define SCL_STORE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/slice.h"

struct scl_rate {
  int64_t per_s; /* units that come back in a second */
  int64_t burst; /* units a full bucket holds */
};

struct scl_bucket {
  int64_t at_ms;
  int64_t used; /* thousandths of a unit, at at_ms; more than the burst: a debt */
};

/* Takes n units if they are available. More than the burst can be taken from a full bucket only, which leaves a debt.
 */
bool scl_bucket_take(struct scl_bucket *bucket, struct scl_rate rate, int64_t n, int64_t now_ms);
/* Takes n units whether they are available or not. */
void scl_bucket_owe(struct scl_bucket *bucket, struct scl_rate rate, int64_t n, int64_t now_ms);
/* Time until n units can be taken; 0: now. */
int64_t scl_bucket_wait_ms(const struct scl_bucket *bucket, struct scl_rate rate, int64_t n, int64_t now_ms);

#define SCL_MIB INT64_C(1048576)
/* SubscribeToShard calls of one consumer for one shard. */
#define SCL_RATE_SUBSCRIBE ((struct scl_rate){1, 1})
/* Bytes that one subscription sends: an event may be sent when scl_bucket_wait_ms of 1 is 0; then its bytes are taken
 * with scl_bucket_owe. */
#define SCL_RATE_SUBSCRIPTION ((struct scl_rate){2 * SCL_MIB, 2 * SCL_MIB})

/* ---- a shard's own limits ---- */

/* Zeroed: nothing is used yet. */
struct scl_shard_quota {
  struct scl_bucket iterators;  /* GetShardIterator: 5/s */
  struct scl_bucket reads;      /* GetRecords: 5/s */
  struct scl_bucket read_bytes; /* 2 MiB/s */
  int64_t reads_from_ms;        /* GetRecords is refused before */
  struct scl_bucket records;    /* 1,000/s */
  struct scl_bucket put_bytes;  /* 1 MiB/s */
};

bool scl_shard_quota_iterator(struct scl_shard_quota *quota, int64_t now_ms);
/* Whether GetRecords may read now. What it returned is reported afterwards. A reply larger than what is left makes the
 * shard refuse calls until the whole debt is paid back: 10 MiB at once for 5 s, any smaller excess for 1 s. */
bool scl_shard_quota_read(struct scl_shard_quota *quota, int64_t now_ms);
void scl_shard_quota_returned(struct scl_shard_quota *quota, uint64_t bytes, int64_t now_ms);
/* Whether the shard takes one record of so many bytes of data and key. */
bool scl_shard_quota_put(struct scl_shard_quota *quota, uint64_t bytes, int64_t now_ms);

/* ---- the control plane ---- */

enum scl_quota_scope { SCL_QUOTA_ACCOUNT, SCL_QUOTA_STREAM };

struct scl_control_rate {
  const char *operation;
  enum scl_quota_scope scope;
  int place; /* of its bucket among the buckets of its scope */
  struct scl_rate rate;
};

#define SCL_QUOTA_ACCOUNT_BUCKETS 18
#define SCL_QUOTA_STREAM_BUCKETS 4

/* NULL for an operation whose calls are not limited here. */
const struct scl_control_rate *scl_control_rate_of(const char *operation);

#endif
