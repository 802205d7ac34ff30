#include "bench/local/base/gate.h"

#include "engine/base/error.h"

void scl_gate_init(struct scl_gate *gate) {
  atomic_init(&gate->reached, 0);
  scl_notifier_init(&gate->raised);
}

void scl_gate_fini(struct scl_gate *gate) { scl_notifier_fini(&gate->raised); }

void scl_gate_raise(struct scl_gate *gate, uint64_t number) {
  SC_ASSERT(number >= gate->reached);
  atomic_store(&gate->reached, number);
  scl_notifier_notify(&gate->raised);
}
