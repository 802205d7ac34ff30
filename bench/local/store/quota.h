/* How much the service lets through: token buckets and the rates of protocol.md 1.2, 1.3 and 1.6.
 *
 * Pure: "now" is an argument, in ms since the epoch; a clock that went back counts as one that stood still. A bucket of
 * zero bytes is full. Whoever owns a bucket orders the calls; nothing allocates. Exact: no rounding is lost however
 * often a bucket is asked.
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
  int64_t used; /* thousandths of a unit, as of at_ms; above the burst: in debt */
};

/* Takes n units if they are there; more than the burst only from a full bucket, which is in debt then. */
bool scl_bucket_take(struct scl_bucket *bucket, struct scl_rate rate, int64_t n, int64_t now_ms);
/* Takes n units whether they are there or not. */
void scl_bucket_owe(struct scl_bucket *bucket, struct scl_rate rate, int64_t n, int64_t now_ms);
/* How long until n units could be taken; 0: now. */
int64_t scl_bucket_wait_ms(const struct scl_bucket *bucket, struct scl_rate rate, int64_t n, int64_t now_ms);

#define SCL_MIB INT64_C(1048576)
/* SubscribeToShard calls of one consumer to one shard. */
#define SCL_RATE_SUBSCRIBE ((struct scl_rate){1, 1})
/* What one subscription sends: an event may go when scl_bucket_wait_ms of 1 is 0; then scl_bucket_owe what it held. */
#define SCL_RATE_SUBSCRIPTION ((struct scl_rate){2 * SCL_MIB, 2 * SCL_MIB})

/* ---- a shard's own limits ---- */

/* Zero: nothing used yet. */
struct scl_shard_quota {
  struct scl_bucket iterators;  /* GetShardIterator: 5/s */
  struct scl_bucket reads;      /* GetRecords: 5/s */
  struct scl_bucket read_bytes; /* 2 MiB/s */
  int64_t reads_from_ms;        /* no GetRecords before */
  struct scl_bucket records;    /* 1,000/s */
  struct scl_bucket put_bytes;  /* 1 MiB/s */
};

bool scl_shard_quota_iterator(struct scl_shard_quota *quota, int64_t now_ms);
/* Whether GetRecords may read now. What it returned is told afterwards: more than is left makes the shard refuse until
 * all of it is paid back, so 10 MiB at once for the next 5 s and never for less than a second. */
bool scl_shard_quota_read(struct scl_shard_quota *quota, int64_t now_ms);
void scl_shard_quota_returned(struct scl_shard_quota *quota, uint64_t bytes, int64_t now_ms);
/* One record of that many bytes of data and key. */
bool scl_shard_quota_put(struct scl_shard_quota *quota, uint64_t bytes, int64_t now_ms);

/* ---- the control plane ---- */

enum scl_quota_scope { SCL_QUOTA_ACCOUNT, SCL_QUOTA_STREAM };

struct scl_control_rate {
  const char *operation;
  enum scl_quota_scope scope;
  int place; /* of its bucket among those of its scope */
  struct scl_rate rate;
};

#define SCL_QUOTA_ACCOUNT_BUCKETS 18
#define SCL_QUOTA_STREAM_BUCKETS 4

/* NULL when calls of the operation are not counted. */
const struct scl_control_rate *scl_control_rate_of(const char *operation);

#endif
