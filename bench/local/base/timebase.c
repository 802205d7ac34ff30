#include "bench/local/base/timebase.h"

#include "engine/base/clock.h"
#include "engine/base/error.h"

void scl_timebase_init(struct scl_timebase *timebase) {
  atomic_init(&timebase->ahead_ms, 0);
  scl_notifier_init(&timebase->moved);
}

void scl_timebase_fini(struct scl_timebase *timebase) { scl_notifier_fini(&timebase->moved); }

int64_t scl_timebase_now_ms(const struct scl_timebase *timebase) {
  return sc_clock_wall_ms() + atomic_load(&timebase->ahead_ms);
}

void scl_timebase_advance(struct scl_timebase *timebase, int64_t ms) {
  SC_ASSERT(ms >= 0);
  atomic_fetch_add(&timebase->ahead_ms, ms);
  scl_notifier_notify(&timebase->moved);
}
