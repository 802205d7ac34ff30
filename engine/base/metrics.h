/* Counters, one set a thread, added up by whoever reads: no shared cache line on the data path.
 *
 * Each thread owns one struct sc_metrics and adds with sc_metric_add (relaxed); readers sum over the registered sets.
 * The names and texts stand in metrics.def; docs/metrics.md is printed from it.
 */
#ifndef SC_BASE_METRICS_H
#define SC_BASE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

enum sc_metric {
#define SC_METRIC(id, name, unit, text) SC_M_##id,
#include "engine/base/metrics.def"
#undef SC_METRIC
  SC_METRICS
};

struct sc_metrics {
  _Atomic uint64_t value[SC_METRICS];
} __attribute__((aligned(64)));

/* The calling thread's set: made, registered and zeroed on first use, kept to the end of the process. */
struct sc_metrics *sc_metrics_mine(void);
/* Only by the set's owner: nobody else writes it, so a load and a store do, without a locked instruction. */
static inline void sc_metric_add(struct sc_metrics *m, enum sc_metric id, uint64_t n) {
  uint64_t value = atomic_load_explicit(&m->value[id], memory_order_relaxed);
  atomic_store_explicit(&m->value[id], value + n, memory_order_relaxed);
}
/* Sum over all threads' sets. */
uint64_t sc_metric_sum(enum sc_metric id);
const char *sc_metric_name(enum sc_metric id);
struct sc_buf;
void sc_metrics_print_reference(struct sc_buf *out); /* Markdown */

#endif
