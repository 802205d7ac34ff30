/* The service's limits at work in a call (--limits=aws): who is counted, where the buckets are, how the service refuses.
 *
 * A shard's buckets are in the shard, under its log's lock; those of the account and of the streams are here, under a lock of their
 * own. All functions are called with the store's lock held, at least for reading, by any thread. Without limits all say yes.
 */
#ifndef SC_LOCAL_LIMITS_H
#define SC_LOCAL_LIMITS_H

#include "bench/local/api/operation.h"

struct sc_limits;

struct sc_limits *sc_limits_new(void);
void sc_limits_free(struct sc_limits *limits);

/* An operation of the control plane (quota.h) against the account's or its stream's rate; false after failing the call with
 * LimitExceededException. limits NULL: there are none. */
bool sc_limits_check_control(struct sc_limits *limits, const struct sc_operation *operation, struct sc_call *call);

/* False after failing the call with ProvisionedThroughputExceededException. */
bool sc_limits_check_iterator(struct sc_call *call, const struct sc_store_stream *stream, struct sc_store_shard *shard);
bool sc_limits_check_read(struct sc_call *call, const struct sc_store_stream *stream, struct sc_store_shard *shard);
void sc_limits_count_read(const struct sc_call *call, struct sc_store_shard *shard, uint64_t bytes);

/* Whether the shard takes a record of that size now. */
bool sc_limits_put(const struct sc_call *call, struct sc_store_shard *shard, uint64_t bytes);
/* "Rate exceeded for shard shardId-000000000001 in stream S under account 000000000000." */
void sc_limits_add_text(struct sc_buf *text, const struct sc_store_stream *stream, const struct sc_store_shard *shard);

#define SC_LIMITS_EXCEEDED "ProvisionedThroughputExceededException"

#endif
