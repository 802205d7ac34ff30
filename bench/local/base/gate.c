#include "bench/local/base/gate.h"

#include "engine/base/error.h"

void sc_gate_init(struct sc_gate *gate) {
  atomic_init(&gate->reached, 0);
  sc_bell_init(&gate->raised);
}

void sc_gate_fini(struct sc_gate *gate) { sc_bell_fini(&gate->raised); }

void sc_gate_raise(struct sc_gate *gate, uint64_t number) {
  SC_ASSERT(number >= gate->reached);
  atomic_store(&gate->reached, number);
  sc_bell_ring(&gate->raised);
}
