/* Subscriptions to shards, as feeds of event stream frames (protocol.md 3.1, 3.2, 3.5): what SubscribeToShard answers
 * behind its initial response.
 *
 * A subscription sends what is in the shard from its position on, an event as soon as there is one, and one without
 * records when there was none for 5 s, until: the shard ends (an event with ChildShards), its time is over, another
 * call takes it over (ResourceInUseException in the stream), or its consumer, stream or shard is gone
 * (ResourceNotFoundException). Records are sent as they lie in the store; with limits, no more than 2 MiB/s of them.
 *
 * Each event may meet a fault of the operation SCL_FAULT_EVENTS (faults.h). A feed is used by one thread, its
 * connection's (exchange.h). The store, the timebase, the faults and the subscriptions outlive all feeds.
 */
#ifndef SCL_API_SUBSCRIPTION_H
#define SCL_API_SUBSCRIPTION_H

#include "bench/local/api/subscription_leases.h"
#include "bench/local/base/timebase.h"
#include "bench/local/faults/faults.h"
#include "bench/local/http/exchange.h"
#include "bench/local/store/store.h"

#define SCL_SUBSCRIPTION_CONTENT_TYPE "application/vnd.amazon.eventstream"
#define SCL_SUBSCRIPTION_LIFE_MS 300000
#define SCL_SUBSCRIPTION_HEARTBEAT_MS 5000
/* An event's data and keys, unless one record alone is larger. */
#define SCL_SUBSCRIPTION_EVENT_BYTES (4u << 20)
#define SCL_SUBSCRIPTION_LIMITED_EVENT_BYTES (1u << 20)
/* With the bytes they keep a frame of the longest keys below its 24 MiB. */
#define SCL_SUBSCRIPTION_EVENT_RECORDS 10000

struct scl_subscriptions;

/* life_ms: how long each lasts at most. */
struct scl_subscriptions *scl_subscriptions_new(struct scl_store *store, struct scl_timebase *timebase,
                                                struct scl_faults *faults, int64_t life_ms, bool is_limited);
void scl_subscriptions_free(struct scl_subscriptions *subscriptions);

struct scl_subscription_of {
  const struct scl_store_stream *stream;
  const struct scl_store_consumer *consumer;
  const struct scl_store_shard *shard;
  uint64_t position; /* the first record to send */
};

/* Opens one and gives its feed, when it is TAKEN. The store's lock is held. */
enum scl_lease_answer scl_subscription_open(struct scl_subscriptions *subscriptions,
                                            const struct scl_subscription_of *of, int64_t now_ms,
                                            struct scl_feed **feed);

/* Appends the frame that comes first in every stream. */
void scl_subscription_add_initial(struct sc_buf *out);
/* "Another active subscription exists for this consumer: ACCOUNT:STREAM:SHARD:CONSUMER" */
void scl_subscription_add_held(struct sc_buf *text, const char *stream, uint32_t shard, const char *consumer);

#endif
