/* Subscriptions to shards: the feeds of event stream frames that follow the initial response of SubscribeToShard (API
 * Reference, SubscribeToShard; Amazon Transcribe Developer Guide, "Event stream encoding").
 *
 * A subscription sends the records of its shard from its position on, as soon as there are any, and an event without
 * records when there was none for 5 s. It ends when the shard ends (the last event has ChildShards), when its time is
 * over, when another call takes it over (ResourceInUseException in the stream), and when its consumer, stream or shard
 * is gone (ResourceNotFoundException). With limits it sends at most 2 MiB/s.
 *
 * Each event may meet a fault of the operation SCL_FAULT_EVENTS (faults.h). A feed is used by one thread, that of its
 * connection (exchange.h). The store, the timebase, the faults and the subscriptions outlive all feeds.
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
/* Data and keys of an event, unless one record alone is larger. */
#define SCL_SUBSCRIPTION_EVENT_BYTES (4u << 20)
#define SCL_SUBSCRIPTION_LIMITED_EVENT_BYTES (1u << 20)
/* With the bound on bytes, this keeps a frame with the longest keys below its limit of 24 MiB. */
#define SCL_SUBSCRIPTION_EVENT_RECORDS 10000

struct scl_subscriptions;

/* life_ms: how long a subscription lasts. */
struct scl_subscriptions *scl_subscriptions_new(struct scl_store *store, struct scl_timebase *timebase,
                                                struct scl_faults *faults, int64_t life_ms, bool is_limited);
void scl_subscriptions_free(struct scl_subscriptions *subscriptions);

struct scl_subscription_of {
  const struct scl_store_stream *stream;
  const struct scl_store_consumer *consumer;
  const struct scl_store_shard *shard;
  uint64_t position; /* the first record to send */
};

/* Opens a subscription; *feed is set when its lease is TAKEN. The store's lock is held. */
enum scl_lease_answer scl_subscription_open(struct scl_subscriptions *subscriptions,
                                            const struct scl_subscription_of *of, int64_t now_ms,
                                            struct scl_feed **feed);

/* Appends the first frame of every stream. */
void scl_subscription_add_initial(struct sc_buf *out);
/* "Another active subscription exists for this consumer: ACCOUNT:STREAM:SHARD:CONSUMER" */
void scl_subscription_add_held(struct sc_buf *text, const char *stream, uint32_t shard, const char *consumer);

#endif
