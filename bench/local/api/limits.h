/* The service's limits at work in a call (--limits=aws): who is counted, where the buckets are, how the service
 * refuses.
 *
 * A shard's buckets are in the shard, under its log's lock; those of the account and of the streams are here, under a
 * lock of their own. All functions are called with the store's lock held, at least for reading, by any thread. Without
 * limits all say yes.
 */
#ifndef SCL_API_LIMITS_H
#define SCL_API_LIMITS_H

#include "bench/local/api/operation.h"

struct scl_limits;

struct scl_limits *scl_limits_new(void);
void scl_limits_free(struct scl_limits *limits);

/* An operation of the control plane (quota.h) against the account's or its stream's rate; false after failing the call
 * with LimitExceededException. limits NULL: there are none. */
bool scl_limits_check_control(struct scl_limits *limits, const struct scl_operation *operation, struct scl_call *call);

/* False after failing the call with ProvisionedThroughputExceededException. */
bool scl_limits_check_iterator(struct scl_call *call, const struct scl_store_stream *stream,
                               struct scl_store_shard *shard);
bool scl_limits_check_read(struct scl_call *call, const struct scl_store_stream *stream, struct scl_store_shard *shard);
void scl_limits_count_read(const struct scl_call *call, struct scl_store_shard *shard, uint64_t bytes);

/* Whether the shard takes a record of that size now. */
bool scl_limits_put(const struct scl_call *call, struct scl_store_shard *shard, uint64_t bytes);
/* "Rate exceeded for shard shardId-000000000001 in stream S under account 000000000000." */
void scl_limits_add_text(struct sc_buf *text, const struct scl_store_stream *stream,
                         const struct scl_store_shard *shard);

#define SCL_LIMITS_EXCEEDED "ProvisionedThroughputExceededException"

#endif
