/* A number that only rises, and tickets that wait for it: so a reply waits until the data folder has written what the
 * reply speaks of.
 *
 * The gate outlives its tickets. Any thread.
 */
#ifndef SCL_BASE_GATE_H
#define SCL_BASE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/local/base/notifier.h"

struct scl_gate {
  _Atomic uint64_t reached;
  struct scl_notifier raised; /* notifies after every raise */
};

struct scl_ticket {
  struct scl_gate *gate; /* NULL: nothing to wait for */
  uint64_t number;
};

void scl_gate_init(struct scl_gate *gate);
void scl_gate_fini(struct scl_gate *gate);
/* One thread raises a gate; the number is not below the one before. */
void scl_gate_raise(struct scl_gate *gate, uint64_t number);

static inline bool scl_ticket_is_good(const struct scl_ticket *ticket) {
  return ticket->gate == NULL || atomic_load(&ticket->gate->reached) >= ticket->number;
}

#endif
