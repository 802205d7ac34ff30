#include "engine/base/metrics.h"

#include <pthread.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct set {
  struct sc_metrics metrics;
  struct set *next;
};

static const struct {
  const char *name, *unit, *text;
} facts[] = {
#define SC_METRIC(id, name, unit, text) {name, unit, text},
#include "engine/base/metrics.def"
#undef SC_METRIC
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct set *sets; /* also those of threads that ended: their counts still count */
static _Thread_local struct sc_metrics *mine;

static struct sc_metrics *add_set(void) {
  struct set *set = sc_alloc_aligned(_Alignof(struct set), sizeof(*set));
  memset(set, 0, sizeof(*set));
  pthread_mutex_lock(&lock);
  set->next = sets;
  sets = set;
  pthread_mutex_unlock(&lock);
  return &set->metrics;
}

struct sc_metrics *sc_metrics_mine(void) {
  if (mine == NULL) mine = add_set();
  return mine;
}

uint64_t sc_metric_sum(enum sc_metric id) {
  uint64_t sum = 0;
  pthread_mutex_lock(&lock);
  for (struct set *set = sets; set != NULL; set = set->next)
    sum += atomic_load_explicit(&set->metrics.value[id], memory_order_relaxed);
  pthread_mutex_unlock(&lock);
  return sum;
}

const char *sc_metric_name(enum sc_metric id) {
  SC_ASSERT((unsigned)id < SC_METRICS);
  return facts[id].name;
}

void sc_metrics_print_reference(struct sc_buf *out) {
  sc_buf_add_str(out, "| counter | unit | counts |\n|---|---|---|\n");
  for (int i = 0; i < SC_METRICS; i++)
    sc_buf_printf(out, "| `%s` | %s | %s |\n", facts[i].name, facts[i].unit, facts[i].text);
}
