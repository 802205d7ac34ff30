/* How much the service lets through: token buckets and the rates of protocol.md 1.2, 1.3 and 1.6.
 *
 * Pure: "now" is an argument, in ms since the epoch; a clock that went back counts as one that stood still. A bucket of zero bytes is
 * full. Whoever owns a bucket orders the calls; nothing allocates. Exact: no rounding is lost however often a bucket is asked.
 */
#ifndef SC_LOCAL_QUOTA_H
#define SC_LOCAL_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/slice.h"

struct sc_rate {
  int64_t per_s; /* units that come back in a second */
  int64_t burst; /* units a full bucket holds */
};

struct sc_bucket {
  int64_t at_ms;
  int64_t used; /* thousandths of a unit, as of at_ms; above the burst: in debt */
};

/* Takes n units if they are there; more than the burst only from a full bucket, which is in debt then. */
bool sc_bucket_take(struct sc_bucket *bucket, struct sc_rate rate, int64_t n, int64_t now_ms);
/* Takes n units whether they are there or not. */
void sc_bucket_owe(struct sc_bucket *bucket, struct sc_rate rate, int64_t n, int64_t now_ms);
/* How long until n units could be taken; 0: now. */
int64_t sc_bucket_wait_ms(const struct sc_bucket *bucket, struct sc_rate rate, int64_t n, int64_t now_ms);

#define SC_MIB INT64_C(1048576)
/* SubscribeToShard calls of one consumer to one shard. */
#define SC_RATE_SUBSCRIBE ((struct sc_rate){1, 1})
/* What one subscription sends: an event may go when sc_bucket_wait_ms of 1 is 0; then sc_bucket_owe what it held. */
#define SC_RATE_SUBSCRIPTION ((struct sc_rate){2 * SC_MIB, 2 * SC_MIB})

/* --- a shard's own limits ------------------------------------------------------------------------------------------ */

/* Zero: nothing used yet. */
struct sc_shard_quota {
  struct sc_bucket iterators;  /* GetShardIterator: 5/s */
  struct sc_bucket reads;      /* GetRecords: 5/s */
  struct sc_bucket read_bytes; /* 2 MiB/s */
  int64_t reads_from_ms;       /* no GetRecords before */
  struct sc_bucket records;    /* 1,000/s */
  struct sc_bucket put_bytes;  /* 1 MiB/s */
};

bool sc_shard_quota_iterator(struct sc_shard_quota *quota, int64_t now_ms);
/* Whether GetRecords may read now. What it returned is told afterwards: more than is left makes the shard refuse until all of it is
 * paid back, so 10 MiB at once for the next 5 s and never for less than a second. */
bool sc_shard_quota_read(struct sc_shard_quota *quota, int64_t now_ms);
void sc_shard_quota_returned(struct sc_shard_quota *quota, uint64_t bytes, int64_t now_ms);
/* One record of that many bytes of data and key. */
bool sc_shard_quota_put(struct sc_shard_quota *quota, uint64_t bytes, int64_t now_ms);

/* --- the control plane --------------------------------------------------------------------------------------------- */

enum sc_quota_scope { SC_QUOTA_ACCOUNT, SC_QUOTA_STREAM };

struct sc_control_rate {
  const char *operation;
  enum sc_quota_scope scope;
  int place; /* of its bucket among those of its scope */
  struct sc_rate rate;
};

#define SC_QUOTA_ACCOUNT_BUCKETS 18
#define SC_QUOTA_STREAM_BUCKETS 4

/* NULL when calls of the operation are not counted. */
const struct sc_control_rate *sc_control_rate_of(const char *operation);

#endif
