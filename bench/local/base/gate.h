/* A number that only rises, and tickets that are good once it has come that far: replies wait so for the journal to
 * reach the disk.
 *
 * A gate is made by who raises it and outlives its tickets. Any thread.
 */
#ifndef SCL_BASE_GATE_H
#define SCL_BASE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/local/base/notifier.h"

struct scl_gate {
  _Atomic uint64_t reached;
  struct scl_notifier raised; /* rung behind every raise */
};

struct scl_ticket {
  struct scl_gate *gate; /* NULL: good at once */
  uint64_t number;
};

void scl_gate_init(struct scl_gate *gate);
void scl_gate_fini(struct scl_gate *gate);
/* By one thread; number is not below what was reached. */
void scl_gate_raise(struct scl_gate *gate, uint64_t number);

static inline bool scl_ticket_is_good(const struct scl_ticket *ticket) {
  return ticket->gate == NULL || atomic_load(&ticket->gate->reached) >= ticket->number;
}

#endif
