/* Who holds the subscription of a consumer to a shard (protocol.md 3.2): one at a time. Whoever asks within 5 s of the
 * holder is refused, whoever asks later takes over; with limits, one call a second is heard.
 *
 * One lock, held shortly. Any thread. Memory: a place for each consumer and shard that is held, or was asked for just
 * now.
 */
#ifndef SCL_API_HOLDERS_H
#define SCL_API_HOLDERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/local/base/bell.h"

#define SCL_HOLDERS_SAFE_MS 5000

/* In the subscription's own storage. */
struct scl_holder {
  uint64_t consumer; /* its id */
  uint32_t shard;
  atomic_bool is_ousted; /* another took over; then the bell is rung */
  struct scl_bell ousted;
};

enum scl_holders_answer {
  SCL_HOLDERS_TAKEN,
  SCL_HOLDERS_TOO_FAST, /* a second call within a second */
  SCL_HOLDERS_HELD      /* by another, for less than 5 s */
};

struct scl_holders;

struct scl_holders *scl_holders_new(bool is_limited);
/* Nobody holds anything any more. */
void scl_holders_free(struct scl_holders *holders);

void scl_holder_init(struct scl_holder *holder, uint64_t consumer, uint32_t shard);
void scl_holder_fini(struct scl_holder *holder); /* nobody listens to its bell */

enum scl_holders_answer scl_holders_take(struct scl_holders *holders, struct scl_holder *holder, int64_t now_ms);
/* Of one that took; ousted or not. The bell is not rung any more. */
void scl_holders_leave(struct scl_holders *holders, struct scl_holder *holder);

#endif
