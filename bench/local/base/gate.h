/* A number that only rises, and tickets that are good once it has come that far: replies wait so for the journal to reach the disk.
 *
 * A gate is made by who raises it and outlives its tickets. Any thread.
 */
#ifndef SC_LOCAL_GATE_H
#define SC_LOCAL_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/local/base/bell.h"

struct sc_gate {
  _Atomic uint64_t reached;
  struct sc_bell raised; /* rung behind every raise */
};

struct sc_ticket {
  struct sc_gate *gate; /* NULL: good at once */
  uint64_t number;
};

void sc_gate_init(struct sc_gate *gate);
void sc_gate_fini(struct sc_gate *gate);
/* By one thread; number is not below what was reached. */
void sc_gate_raise(struct sc_gate *gate, uint64_t number);

static inline bool sc_ticket_is_good(const struct sc_ticket *ticket) {
  return ticket->gate == NULL || atomic_load(&ticket->gate->reached) >= ticket->number;
}

#endif
