/* Who holds the subscription of a consumer to a shard (protocol.md 3.2): one at a time. Whoever asks within 5 s of the holder is
 * refused, whoever asks later takes over; with limits, one call a second is heard.
 *
 * One lock, held shortly. Any thread. Memory: a place for each consumer and shard that is held, or was asked for just now.
 */
#ifndef SC_LOCAL_HOLDERS_H
#define SC_LOCAL_HOLDERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/local/base/bell.h"

#define SC_HOLDERS_SAFE_MS 5000

/* In the subscription's own storage. */
struct sc_holder {
  uint64_t consumer; /* its id */
  uint32_t shard;
  atomic_bool is_ousted; /* another took over; then the bell is rung */
  struct sc_bell ousted;
};

enum sc_holders_answer {
  SC_HOLDERS_TAKEN,
  SC_HOLDERS_TOO_FAST, /* a second call within a second */
  SC_HOLDERS_HELD      /* by another, for less than 5 s */
};

struct sc_holders;

struct sc_holders *sc_holders_new(bool is_limited);
/* Nobody holds anything any more. */
void sc_holders_free(struct sc_holders *holders);

void sc_holder_init(struct sc_holder *holder, uint64_t consumer, uint32_t shard);
void sc_holder_fini(struct sc_holder *holder); /* nobody listens to its bell */

enum sc_holders_answer sc_holders_take(struct sc_holders *holders, struct sc_holder *holder, int64_t now_ms);
/* Of one that took; ousted or not. The bell is not rung any more. */
void sc_holders_leave(struct sc_holders *holders, struct sc_holder *holder);

#endif
