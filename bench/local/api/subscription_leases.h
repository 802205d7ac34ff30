/* Leases: which subscription of a consumer to a shard is the active one (API Reference, SubscribeToShard).
 *
 * There is one at a time. A call within 5 s of the one that holds the lease is refused; a later call takes the lease
 * over. With limits, a second call for the same consumer and shard within one second is refused.
 *
 * Any thread; one lock, held briefly. Memory: an entry for each lease that is held, or was asked for in the last
 * second.
 */
#ifndef SCL_API_SUBSCRIPTION_LEASES_H
#define SCL_API_SUBSCRIPTION_LEASES_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/local/base/notifier.h"

#define SCL_LEASE_SAFE_MS 5000

/* Embedded in the subscription. */
struct scl_lease {
  uint64_t consumer; /* its id */
  uint32_t shard;
  atomic_bool is_lost;      /* another call has taken it over */
  struct scl_notifier lost; /* notifies when it is lost */
};

enum scl_lease_answer {
  SCL_LEASE_TAKEN,
  SCL_LEASE_TOO_FAST, /* the second call within a second */
  SCL_LEASE_HELD      /* by another subscription, for less than 5 s */
};

struct scl_leases;

struct scl_leases *scl_leases_new(bool is_limited);
void scl_leases_free(struct scl_leases *leases); /* NULL is fine; no lease is held */

void scl_lease_init(struct scl_lease *lease, uint64_t consumer, uint32_t shard);
void scl_lease_fini(struct scl_lease *lease); /* no listener is left */

enum scl_lease_answer scl_leases_take(struct scl_leases *leases, struct scl_lease *lease, int64_t now_ms);
/* Gives back a lease that was taken, lost or not. It does not notify any more. */
void scl_leases_give(struct scl_leases *leases, struct scl_lease *lease);

#endif
