#include "bench/local/faults.h"

#include <pthread.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct sc_faults {
  pthread_mutex_t lock;
  _Atomic size_t n; /* read without the lock: nearly always 0 */
  size_t cap;
  struct sc_fault *script;
};

struct sc_faults *sc_faults_new(void) {
  struct sc_faults *faults = sc_alloc_zero(1, sizeof *faults);
  pthread_mutex_init(&faults->lock, NULL);
  return faults;
}

void sc_faults_free(struct sc_faults *faults) {
  if (faults == NULL) return;
  pthread_mutex_destroy(&faults->lock);
  free(faults->script);
  free(faults);
}

bool sc_faults_add(struct sc_faults *faults, const struct sc_fault *fault) {
  SC_ASSERT(fault->count > 0);
  pthread_mutex_lock(&faults->lock);
  bool has_room = faults->n < SC_FAULTS_MAX;
  if (has_room && faults->n == faults->cap) {
    faults->cap = faults->cap == 0 ? 8 : faults->cap * 2;
    faults->script = sc_realloc(faults->script, faults->cap * sizeof *faults->script);
  }
  if (has_room) faults->script[faults->n++] = *fault;
  pthread_mutex_unlock(&faults->lock);
  return has_room;
}

void sc_faults_clear(struct sc_faults *faults) {
  pthread_mutex_lock(&faults->lock);
  faults->n = 0;
  pthread_mutex_unlock(&faults->lock);
}

size_t sc_faults_waiting(struct sc_faults *faults) { return faults->n; }

static bool fits(const struct sc_fault *fault, struct sc_slice operation) {
  return strcmp(fault->operation, "*") == 0 || sc_slice_is(operation, fault->operation);
}

/* Uses up one call of fault i: true when it is hit. */
static bool use(struct sc_faults *faults, size_t i, struct sc_fault *out) {
  struct sc_fault *fault = &faults->script[i];
  if (fault->after > 0) {
    fault->after--;
    return false;
  }
  *out = *fault;
  if (--fault->count > 0) return true;
  size_t behind = faults->n - i - 1;
  memmove(fault, fault + 1, behind * sizeof *fault);
  faults->n--;
  return true;
}

bool sc_faults_take(struct sc_faults *faults, struct sc_slice operation, struct sc_fault *fault) {
  if (faults->n == 0) return false;
  bool is_hit = false, is_found = false;
  pthread_mutex_lock(&faults->lock);
  for (size_t i = 0; i < faults->n && !is_found; i++) {
    is_found = fits(&faults->script[i], operation);
    if (is_found) is_hit = use(faults, i, fault);
  }
  pthread_mutex_unlock(&faults->lock);
  return is_hit;
}
