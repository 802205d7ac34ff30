#include "bench/local/api/subscription_leases.h"

#include <pthread.h>
#include <stdlib.h>

#include "bench/local/store/quota.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

struct place {
  uint64_t consumer;
  uint32_t shard;
  struct scl_lease *lease; /* NULL: free */
  int64_t since_ms;
  struct scl_bucket calls;
};

struct scl_leases {
  pthread_mutex_t lock;
  bool is_limited;
  size_t n, cap;
  struct place *places; /* by consumer, then shard */
};

struct scl_leases *scl_leases_new(bool is_limited) {
  struct scl_leases *leases = sc_alloc_zero(1, sizeof(*leases));
  pthread_mutex_init(&leases->lock, NULL);
  leases->is_limited = is_limited;
  return leases;
}

void scl_leases_free(struct scl_leases *leases) {
  if (leases == NULL) return;
  for (size_t i = 0; i < leases->n; i++) SC_ASSERT(leases->places[i].lease == NULL);
  free(leases->places);
  pthread_mutex_destroy(&leases->lock);
  free(leases);
}

void scl_lease_init(struct scl_lease *lease, uint64_t consumer, uint32_t shard) {
  lease->consumer = consumer;
  lease->shard = shard;
  atomic_init(&lease->is_taken_over, false);
  scl_notifier_init(&lease->taken_over);
}

void scl_lease_fini(struct scl_lease *lease) { scl_notifier_fini(&lease->taken_over); }

static bool is_before(const struct place *place, const struct scl_lease *lease) {
  if (place->consumer != lease->consumer) return place->consumer < lease->consumer;
  return place->shard < lease->shard;
}

/* The index of the lease's place, or where it is to be put. */
static size_t find(const struct scl_leases *leases, const struct scl_lease *lease) {
  size_t low = 0, high = leases->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (is_before(&leases->places[middle], lease)) low = middle + 1;
    else high = middle;
  }
  return low;
}

static bool is_there(const struct scl_leases *leases, size_t i, const struct scl_lease *lease) {
  if (i == leases->n) return false;
  return leases->places[i].consumer == lease->consumer && leases->places[i].shard == lease->shard;
}

/* Drops the places that say nothing any more; grows when most do. */
static void make_room(struct scl_leases *leases, int64_t now_ms) {
  size_t n = 0;
  for (size_t i = 0; i < leases->n; i++) {
    const struct place *place = &leases->places[i];
    if (place->lease != NULL || scl_bucket_wait_ms(&place->calls, SCL_RATE_SUBSCRIBE, 1, now_ms) > 0)
      leases->places[n++] = *place;
  }
  leases->n = n;
  if (n < leases->cap / 2) return;
  leases->cap = leases->cap == 0 ? 16 : leases->cap * 2;
  leases->places = sc_realloc(leases->places, leases->cap * sizeof(*leases->places));
}

static struct place *place_of(struct scl_leases *leases, const struct scl_lease *lease, int64_t now_ms) {
  size_t i = find(leases, lease);
  if (is_there(leases, i, lease)) return &leases->places[i];
  if (leases->n == leases->cap) {
    make_room(leases, now_ms);
    i = find(leases, lease);
  }
  memmove(&leases->places[i + 1], &leases->places[i], (leases->n - i) * sizeof(*leases->places));
  leases->n++;
  leases->places[i] = (struct place){.consumer = lease->consumer, .shard = lease->shard};
  return &leases->places[i];
}

static void oust(struct scl_lease *lease) {
  atomic_store(&lease->is_taken_over, true);
  scl_notifier_notify(&lease->taken_over);
}

static enum scl_lease_answer take(struct scl_leases *leases, struct scl_lease *lease, int64_t now_ms) {
  struct place *place = place_of(leases, lease, now_ms);
  if (leases->is_limited && !scl_bucket_take(&place->calls, SCL_RATE_SUBSCRIBE, 1, now_ms)) return SCL_LEASE_TOO_FAST;
  if (place->lease != NULL && now_ms - place->since_ms < SCL_LEASE_SAFE_MS) return SCL_LEASE_HELD;
  if (place->lease != NULL) oust(place->lease);
  place->lease = lease;
  place->since_ms = now_ms;
  return SCL_LEASE_TAKEN;
}

enum scl_lease_answer scl_leases_take(struct scl_leases *leases, struct scl_lease *lease, int64_t now_ms) {
  pthread_mutex_lock(&leases->lock);
  enum scl_lease_answer answer = take(leases, lease, now_ms);
  pthread_mutex_unlock(&leases->lock);
  return answer;
}

void scl_leases_leave(struct scl_leases *leases, struct scl_lease *lease) {
  pthread_mutex_lock(&leases->lock);
  size_t i = find(leases, lease);
  if (is_there(leases, i, lease) && leases->places[i].lease == lease) leases->places[i].lease = NULL;
  pthread_mutex_unlock(&leases->lock);
}
