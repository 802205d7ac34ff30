#include "bench/local/base/timebase.h"

#include "engine/base/clock.h"
#include "engine/base/error.h"

void sc_timebase_init(struct sc_timebase *timebase) {
  atomic_init(&timebase->ahead_ms, 0);
  sc_bell_init(&timebase->moved);
}

void sc_timebase_fini(struct sc_timebase *timebase) { sc_bell_fini(&timebase->moved); }

int64_t sc_timebase_now_ms(const struct sc_timebase *timebase) {
  return sc_clock_wall_ms() + atomic_load(&timebase->ahead_ms);
}

void sc_timebase_advance(struct sc_timebase *timebase, int64_t ms) {
  SC_ASSERT(ms >= 0);
  atomic_fetch_add(&timebase->ahead_ms, ms);
  sc_bell_ring(&timebase->moved);
}
