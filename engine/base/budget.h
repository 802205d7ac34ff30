/* Memory credit: everything in flight is paid for before it is allocated (docs/architecture.md, "Memory").
 *
 * Two pools, bodies and blocks; a taker of one can never starve the other. Credit is counted in bytes, taken by the
 * thread that allocates and given back by the thread that frees; all functions are thread-safe and lock-free, except
 * the registration of waiters. The budget does not allocate the memory it counts.
 *
 * The body pool keeps one largest reply's worth aside (reserve_bytes). A transfer that finds no credit may ask for
 * the reserve, which one transfer at a time holds, so that somebody always finishes.
 */
#ifndef SC_BASE_BUDGET_H
#define SC_BASE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct sc_park;
struct sc_budget;

enum sc_pool { SC_POOL_BODIES, SC_POOL_BLOCKS, SC_POOLS };

/* bodies_bytes includes reserve_bytes; bodies_bytes > reserve_bytes. */
struct sc_budget *sc_budget_new(size_t bodies_bytes, size_t blocks_bytes, size_t reserve_bytes);
void sc_budget_free(struct sc_budget *budget); /* asserts that all credit came back */

/* Takes bytes or nothing. Does not block. A refused taker that is going to sleep tries once more between
 * sc_park_prepare and the sleep: credit that came back before is not announced again. */
bool sc_budget_take(struct sc_budget *budget, enum sc_pool pool, size_t bytes);
/* The body pool's reserve: true when it was free and bytes <= reserve_bytes. Given back by sc_budget_give_reserve. */
bool sc_budget_take_reserve(struct sc_budget *budget, size_t bytes);
/* Gives back, then wakes the registered waiters of the pool, if anybody was refused since they were last woken. */
void sc_budget_give(struct sc_budget *budget, enum sc_pool pool, size_t bytes);
void sc_budget_give_reserve(struct sc_budget *budget, size_t bytes);

/* Parks to be woken whenever credit of the pool comes back; at start, at most 256 a pool. */
void sc_budget_add_waiter(struct sc_budget *budget, enum sc_pool pool, struct sc_park *park);

/* Neither counts the reserve. */
size_t sc_budget_used(const struct sc_budget *budget, enum sc_pool pool);
size_t sc_budget_limit(const struct sc_budget *budget, enum sc_pool pool);
/* Less than a quarter of the pool is free: a trigger to commit. */
bool sc_budget_is_low(const struct sc_budget *budget, enum sc_pool pool);

#endif
