#include "engine/base/budget.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/park.h"

enum { MOST_WAITERS = 256 };

/* Giving credit back wakes the waiters only when a taker was refused since they were last woken. All orders are
 * seq_cst: a refused taker sets was_refused, then looks at used again; a giver lowers used, then looks at was_refused.
 * So at least one of the two sees what the other stored. */
struct pool {
  _Alignas(64) _Atomic size_t used;
  _Atomic bool was_refused;
  size_t limit;
  size_t n_waiters;
  struct sc_park *waiters[MOST_WAITERS];
};

struct sc_budget {
  struct pool pools[SC_POOLS];
  size_t reserve;
  _Atomic size_t reserve_held; /* 0: free; else the bytes taken and one */
};

_Static_assert(sizeof(struct sc_budget) % 64 == 0, "aligned allocation takes multiples of the alignment");

struct sc_budget *sc_budget_new(size_t bodies_bytes, size_t blocks_bytes, size_t reserve_bytes) {
  SC_ASSERT(bodies_bytes > reserve_bytes);
  struct sc_budget *budget = sc_alloc_aligned(64, sizeof(*budget));
  memset(budget, 0, sizeof(*budget));
  budget->pools[SC_POOL_BODIES].limit = bodies_bytes - reserve_bytes;
  budget->pools[SC_POOL_BLOCKS].limit = blocks_bytes;
  budget->reserve = reserve_bytes;
  return budget;
}

void sc_budget_free(struct sc_budget *budget) {
  if (budget == NULL) return;
  for (int i = 0; i < SC_POOLS; i++) SC_ASSERT(atomic_load(&budget->pools[i].used) == 0);
  SC_ASSERT(atomic_load(&budget->reserve_held) == 0);
  free(budget);
}

static bool take(struct pool *pool, size_t bytes) {
  size_t used = atomic_load(&pool->used);
  do
    if (bytes > pool->limit - used) return false;
  while (!atomic_compare_exchange_weak(&pool->used, &used, used + bytes));
  return true;
}

bool sc_budget_take(struct sc_budget *budget, enum sc_pool pool, size_t bytes) {
  struct pool *p = &budget->pools[pool];
  if (take(p, bytes)) return true;
  atomic_store(&p->was_refused, true);
  return take(p, bytes);
}

static bool take_reserve(struct sc_budget *budget, size_t bytes) {
  size_t nobody = 0;
  return atomic_compare_exchange_strong(&budget->reserve_held, &nobody, bytes + 1);
}

bool sc_budget_take_reserve(struct sc_budget *budget, size_t bytes) {
  if (bytes > budget->reserve) return false;
  if (take_reserve(budget, bytes)) return true;
  atomic_store(&budget->pools[SC_POOL_BODIES].was_refused, true);
  return take_reserve(budget, bytes);
}

static void wake_refused(struct pool *pool) {
  if (!atomic_load(&pool->was_refused) || !atomic_exchange(&pool->was_refused, false)) return;
  for (size_t i = 0; i < pool->n_waiters; i++) sc_park_wake(pool->waiters[i]);
}

void sc_budget_give(struct sc_budget *budget, enum sc_pool pool, size_t bytes) {
  struct pool *p = &budget->pools[pool];
  size_t before = atomic_fetch_sub(&p->used, bytes);
  SC_ASSERT(before >= bytes);
  wake_refused(p);
}

void sc_budget_give_reserve(struct sc_budget *budget, size_t bytes) {
  size_t held = atomic_exchange(&budget->reserve_held, 0);
  SC_ASSERT(held == bytes + 1);
  wake_refused(&budget->pools[SC_POOL_BODIES]);
}

void sc_budget_add_waiter(struct sc_budget *budget, enum sc_pool pool, struct sc_park *park) {
  struct pool *p = &budget->pools[pool];
  SC_ASSERT(p->n_waiters < MOST_WAITERS);
  p->waiters[p->n_waiters++] = park;
}

size_t sc_budget_used(const struct sc_budget *budget, enum sc_pool pool) {
  return atomic_load_explicit(&budget->pools[pool].used, memory_order_relaxed);
}

size_t sc_budget_limit(const struct sc_budget *budget, enum sc_pool pool) { return budget->pools[pool].limit; }

bool sc_budget_is_low(const struct sc_budget *budget, enum sc_pool pool) {
  size_t limit = sc_budget_limit(budget, pool);
  return limit - sc_budget_used(budget, pool) < limit / 4;
}
