#include "bench/local/faults/faults.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/random.h"

struct rule {
  struct scl_fault fault;
  int64_t to_pass; /* calls that still pass before the first hit */
  int64_t calls, hits;
  struct sc_random random;
};

struct scl_faults {
  uint64_t seed;
  pthread_mutex_t lock;
  _Atomic size_t n; /* read without the lock: nearly always 0 */
  size_t cap;
  struct rule *rules;
  uint64_t n_added;
  size_t n_over; /* ever; over is a ring of the last ones */
  struct rule over[SCL_FAULTS_OVER];
};

struct scl_faults *scl_faults_new(uint64_t seed) {
  struct scl_faults *faults = sc_alloc_zero(1, sizeof(*faults));
  faults->seed = seed;
  pthread_mutex_init(&faults->lock, NULL);
  return faults;
}

void scl_faults_free(struct scl_faults *faults) {
  if (faults == NULL) return;
  pthread_mutex_destroy(&faults->lock);
  free(faults->rules);
  free(faults);
}

/* Each rule has random numbers of its own. (Neighbouring seeds give unrelated numbers.) */
static void append(struct scl_faults *faults, const struct scl_fault *fault) {
  SC_ASSERT(fault->count > 0);
  struct rule *rule = &faults->rules[faults->n];
  *rule = (struct rule){.fault = *fault, .to_pass = fault->after};
  sc_random_init(&rule->random, faults->seed + (faults->n_added++ << 32));
  faults->n++;
}

bool scl_faults_add(struct scl_faults *faults, const struct scl_fault *items, size_t n) {
  pthread_mutex_lock(&faults->lock);
  bool has_room = n <= SCL_FAULTS_MAX - faults->n;
  if (has_room) SC_ARRAY_ROOM(faults->rules, faults->n, faults->cap, n);
  for (size_t i = 0; has_room && i < n; i++) append(faults, &items[i]);
  pthread_mutex_unlock(&faults->lock);
  return has_room;
}

void scl_faults_clear(struct scl_faults *faults) {
  pthread_mutex_lock(&faults->lock);
  faults->n = 0;
  faults->n_added = 0;
  faults->n_over = 0;
  pthread_mutex_unlock(&faults->lock);
}

size_t scl_faults_waiting(struct scl_faults *faults) { return faults->n; }

/* ---- listing ---- */

static void list_rule(const struct rule *rule, bool is_first, struct sc_buf *out) {
  sc_buf_add_str(out, is_first ? "{" : ",{");
  scl_fault_write(&rule->fault, out);
  sc_buf_printf(out, ",\"hits\":%" PRId64 ",\"calls\":%" PRId64 "}", rule->hits, rule->calls);
}

static void list_over(const struct scl_faults *faults, struct sc_buf *out) {
  size_t first = faults->n_over > SCL_FAULTS_OVER ? faults->n_over - SCL_FAULTS_OVER : 0;
  for (size_t i = first; i < faults->n_over; i++) list_rule(&faults->over[i % SCL_FAULTS_OVER], i == first, out);
}

void scl_faults_list(struct scl_faults *faults, struct sc_buf *out) {
  pthread_mutex_lock(&faults->lock);
  sc_buf_printf(out, "\"waiting\":%zu,\"faults\":[", faults->n);
  for (size_t i = 0; i < faults->n; i++) list_rule(&faults->rules[i], i == 0, out);
  sc_buf_add_str(out, "],\"over\":[");
  list_over(faults, out);
  sc_buf_add_char(out, ']');
  pthread_mutex_unlock(&faults->lock);
}

/* ---- taking ---- */

/* "*" means calls; an event is no call. */
static bool fits(const struct scl_fault *fault, struct sc_slice operation, unsigned at) {
  if ((fault->at & at) == 0) return false;
  if (strcmp(fault->operation, "*") == 0) return !sc_slice_is(operation, SCL_FAULT_EVENTS);
  return sc_slice_is(operation, fault->operation);
}

/* Counts a call that fits; whether the rule would hit it. */
static bool decide(struct rule *rule) {
  rule->calls++;
  bool is_drawn = !rule->fault.is_random || sc_random_unit(&rule->random) < rule->fault.p;
  if (rule->to_pass == 0) return is_drawn;
  rule->to_pass--;
  return false;
}

static void end_rule(struct scl_faults *faults, size_t i) {
  struct rule *rule = &faults->rules[i];
  faults->over[faults->n_over++ % SCL_FAULTS_OVER] = *rule;
  size_t behind = faults->n - i - 1;
  memmove(rule, rule + 1, behind * sizeof(*rule));
  faults->n--;
}

/* The rule that hits this call; SIZE_MAX: none. Scripted rules after it do not count the call. Random rules draw for
 * every call that fits them, hit or not, so that their sequence depends on their own calls alone. */
static size_t find_hit(struct scl_faults *faults, struct sc_slice operation, unsigned at) {
  size_t hit = SIZE_MAX;
  bool is_taken = false;
  for (size_t i = 0; i < faults->n; i++) {
    struct rule *rule = &faults->rules[i];
    bool is_scripted = !rule->fault.is_random;
    if ((is_scripted && is_taken) || !fits(&rule->fault, operation, at)) continue;
    bool is_hit = decide(rule);
    if (is_hit && hit == SIZE_MAX) hit = i;
    is_taken = is_taken || is_scripted || is_hit;
  }
  return hit;
}

static bool take(struct scl_faults *faults, struct sc_slice operation, unsigned at, struct scl_fault *fault) {
  if (faults->n == 0) return false;
  pthread_mutex_lock(&faults->lock);
  size_t i = find_hit(faults, operation, at);
  if (i != SIZE_MAX) {
    struct rule *rule = &faults->rules[i];
    *fault = rule->fault;
    if (++rule->hits == rule->fault.count) end_rule(faults, i);
  }
  pthread_mutex_unlock(&faults->lock);
  return i != SIZE_MAX;
}

bool scl_faults_take(struct scl_faults *faults, struct sc_slice operation, struct scl_fault *fault) {
  return take(faults, operation, SCL_FAULT_AT_CALL, fault);
}

bool scl_faults_take_page(struct scl_faults *faults, unsigned at, struct scl_fault *fault) {
  return take(faults, SC_SLICE_LITERAL("GetRecords"), at, fault);
}
