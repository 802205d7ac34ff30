#include "engine/load/dead_letter_limit.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "engine/base/error.h"

void sc_dead_letter_limit_init(struct sc_dead_letter_limit *b, bool has_limit, uint64_t limit) {
  b->has_limit = has_limit;
  b->limit = limit;
  atomic_init(&b->records, 0);
  atomic_init(&b->dead, 0);
}

void sc_dead_letter_limit_count(struct sc_dead_letter_limit *b, uint64_t records, uint64_t dead) {
  atomic_fetch_add_explicit(&b->records, records, memory_order_relaxed);
  if (dead > 0) atomic_fetch_add_explicit(&b->dead, dead, memory_order_relaxed);
}

void sc_dead_letter_limit_take_back(struct sc_dead_letter_limit *b, uint64_t records, uint64_t dead) {
  atomic_fetch_sub_explicit(&b->records, records, memory_order_relaxed);
  atomic_fetch_sub_explicit(&b->dead, dead, memory_order_relaxed);
}

static int stop_load(struct sc_error *err, const char *why, uint64_t dead) {
  return sc_error_fail(err, SC_E_DEAD_LETTERS,
                       "look at kinesis_dead_letters for the reasons; --max-dead-letters sets another bound",
                       "%s (%" PRIu64 " in this run)", why, dead);
}

int sc_dead_letter_limit_check(const struct sc_dead_letter_limit *b, uint64_t in_a_row, struct sc_error *err) {
  uint64_t dead = atomic_load_explicit(&b->dead, memory_order_relaxed);
  if (dead == 0) return SC_OK;
  if (b->has_limit)
    return dead > b->limit ? stop_load(err, "more dead letters than --max-dead-letters allows", dead) : SC_OK;
  if (in_a_row >= SC_DEAD_LETTERS_IN_A_ROW) return stop_load(err, "1,000 records in a row became dead letters", dead);
  uint64_t records = atomic_load_explicit(&b->records, memory_order_relaxed);
  if (records >= SC_DEAD_LETTER_SHARE_FROM && dead > records / 100)
    return stop_load(err, "more than 1 % of the records became dead letters", dead);
  return SC_OK;
}
