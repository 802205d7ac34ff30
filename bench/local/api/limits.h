/* Holds calls to the service's limits (--limits=aws, quota.h), and refuses them as the service does.
 *
 * The buckets of a shard are in the shard, under the lock of its log. The buckets of the account and of streams are
 * under a lock of this module. Any thread; the store's lock is held, at least for reading. Without limits every call is
 * allowed.
 */
#ifndef SCL_API_LIMITS_H
#define SCL_API_LIMITS_H

#include "bench/local/api/operation.h"

struct scl_limits;

struct scl_limits *scl_limits_new(void);
void scl_limits_free(struct scl_limits *limits);

/* Counts a call of the control plane against the rate of the account or of its stream. False after failing the call
 * with LimitExceededException. limits NULL: no limits. */
bool scl_limits_check_control(struct scl_limits *limits, const struct scl_operation *operation, struct scl_call *call);

/* False after failing the call with ProvisionedThroughputExceededException. */
bool scl_limits_check_iterator(struct scl_call *call, const struct scl_store_stream *stream,
                               struct scl_store_shard *shard);
bool scl_limits_check_read(struct scl_call *call, const struct scl_store_stream *stream, struct scl_store_shard *shard);
void scl_limits_count_read(const struct scl_call *call, struct scl_store_shard *shard, uint64_t bytes);

/* Whether the shard accepts a record of that size now. */
bool scl_limits_put(const struct scl_call *call, struct scl_store_shard *shard, uint64_t bytes);
/* "Rate exceeded for shard shardId-000000000001 in stream S under account 000000000000." */
void scl_limits_add_text(struct sc_buf *text, const struct scl_store_stream *stream,
                         const struct scl_store_shard *shard);

#define SCL_LIMITS_EXCEEDED "ProvisionedThroughputExceededException"

#endif
