/* Who holds the subscription of a consumer to a shard (protocol.md 3.2): one at a time. Whoever asks within 5 s of the
 * lease is refused, whoever asks later takes over; with limits, one call a second is heard.
 *
 * One lock, held shortly. Any thread. Memory: a place for each consumer and shard that is held, or was asked for just
 * now.
 */
#ifndef SCL_API_SUBSCRIPTION_LEASES_H
#define SCL_API_SUBSCRIPTION_LEASES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/local/base/notifier.h"

#define SCL_LEASE_SAFE_MS 5000

/* In the subscription's own storage. */
struct scl_lease {
  uint64_t consumer; /* its id */
  uint32_t shard;
  atomic_bool is_taken_over; /* another took over; then the bell is rung */
  struct scl_notifier taken_over;
};

enum scl_lease_answer {
  SCL_LEASE_TAKEN,
  SCL_LEASE_TOO_FAST, /* a second call within a second */
  SCL_LEASE_HELD      /* by another, for less than 5 s */
};

struct scl_leases;

struct scl_leases *scl_leases_new(bool is_limited);
/* Nobody holds anything any more. */
void scl_leases_free(struct scl_leases *leases);

void scl_lease_init(struct scl_lease *lease, uint64_t consumer, uint32_t shard);
void scl_lease_fini(struct scl_lease *lease); /* nobody listens to its bell */

enum scl_lease_answer scl_leases_take(struct scl_leases *leases, struct scl_lease *lease, int64_t now_ms);
/* Of one that took; taken_over or not. The bell is not rung any more. */
void scl_leases_leave(struct scl_leases *leases, struct scl_lease *lease);

#endif
