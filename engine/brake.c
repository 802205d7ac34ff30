#include "engine/brake.h"

#include <inttypes.h>
#include <stdatomic.h>

void sc_brake_init(struct sc_brake *b, bool has_limit, uint64_t limit) {
  b->has_limit = has_limit;
  b->limit = limit;
  atomic_init(&b->records, 0);
  atomic_init(&b->dead, 0);
}

static int stop_load(struct sc_error *err, const char *why, uint64_t dead) {
  int rc = sc_error_set(err, SC_E_DEAD_LETTERS, "%s (%" PRIu64 " in this run)", why, dead);
  sc_error_hint(err, "look at kinesis_dead_letters for the reasons; --max-dead-letters sets another bound");
  return rc;
}

int sc_brake_add(struct sc_brake *b, uint32_t records, uint32_t dead, uint64_t *in_a_row, uint32_t good_after,
                 struct sc_error *err) {
  uint64_t all = atomic_fetch_add_explicit(&b->records, records, memory_order_relaxed) + records;
  if (dead == 0) {
    if (records > 0) *in_a_row = 0;
    return SC_OK;
  }
  uint64_t so_far = atomic_fetch_add_explicit(&b->dead, dead, memory_order_relaxed) + dead;
  *in_a_row = good_after > 0 ? 0 : dead == records ? *in_a_row + dead : dead;
  if (b->has_limit)
    return so_far > b->limit ? stop_load(err, "more dead letters than --max-dead-letters allows", so_far) : SC_OK;
  if (*in_a_row >= SC_BRAKE_IN_A_ROW) return stop_load(err, "1,000 records in a row became dead letters", so_far);
  if (all >= SC_BRAKE_SHARE_FROM && so_far > all / 100)
    return stop_load(err, "more than 1 % of the records became dead letters", so_far);
  return SC_OK;
}
