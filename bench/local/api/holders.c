#include "bench/local/api/holders.h"

#include <pthread.h>
#include <stdlib.h>

#include "bench/local/store/quota.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

struct place {
  uint64_t consumer;
  uint32_t shard;
  struct scl_holder *holder; /* NULL: free */
  int64_t since_ms;
  struct scl_bucket calls;
};

struct scl_holders {
  pthread_mutex_t lock;
  bool is_limited;
  size_t n, cap;
  struct place *places; /* by consumer, then shard */
};

struct scl_holders *scl_holders_new(bool is_limited) {
  struct scl_holders *holders = sc_alloc_zero(1, sizeof(*holders));
  pthread_mutex_init(&holders->lock, NULL);
  holders->is_limited = is_limited;
  return holders;
}

void scl_holders_free(struct scl_holders *holders) {
  if (holders == NULL) return;
  for (size_t i = 0; i < holders->n; i++) SC_ASSERT(holders->places[i].holder == NULL);
  free(holders->places);
  pthread_mutex_destroy(&holders->lock);
  free(holders);
}

void scl_holder_init(struct scl_holder *holder, uint64_t consumer, uint32_t shard) {
  holder->consumer = consumer;
  holder->shard = shard;
  atomic_init(&holder->is_ousted, false);
  scl_bell_init(&holder->ousted);
}

void scl_holder_fini(struct scl_holder *holder) { scl_bell_fini(&holder->ousted); }

static bool is_before(const struct place *place, const struct scl_holder *holder) {
  if (place->consumer != holder->consumer) return place->consumer < holder->consumer;
  return place->shard < holder->shard;
}

/* The index of the holder's place, or where it is to be put. */
static size_t find(const struct scl_holders *holders, const struct scl_holder *holder) {
  size_t low = 0, high = holders->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (is_before(&holders->places[middle], holder)) low = middle + 1;
    else high = middle;
  }
  return low;
}

static bool is_there(const struct scl_holders *holders, size_t i, const struct scl_holder *holder) {
  if (i == holders->n) return false;
  return holders->places[i].consumer == holder->consumer && holders->places[i].shard == holder->shard;
}

/* Drops the places that say nothing any more; grows when most do. */
static void make_room(struct scl_holders *holders, int64_t now_ms) {
  size_t n = 0;
  for (size_t i = 0; i < holders->n; i++) {
    const struct place *place = &holders->places[i];
    if (place->holder != NULL || scl_bucket_wait_ms(&place->calls, SCL_RATE_SUBSCRIBE, 1, now_ms) > 0)
      holders->places[n++] = *place;
  }
  holders->n = n;
  if (n < holders->cap / 2) return;
  holders->cap = holders->cap == 0 ? 16 : holders->cap * 2;
  holders->places = sc_realloc(holders->places, holders->cap * sizeof(*holders->places));
}

static struct place *place_of(struct scl_holders *holders, const struct scl_holder *holder, int64_t now_ms) {
  size_t i = find(holders, holder);
  if (is_there(holders, i, holder)) return &holders->places[i];
  if (holders->n == holders->cap) {
    make_room(holders, now_ms);
    i = find(holders, holder);
  }
  memmove(&holders->places[i + 1], &holders->places[i], (holders->n - i) * sizeof(*holders->places));
  holders->n++;
  holders->places[i] = (struct place){.consumer = holder->consumer, .shard = holder->shard};
  return &holders->places[i];
}

static void oust(struct scl_holder *holder) {
  atomic_store(&holder->is_ousted, true);
  scl_bell_ring(&holder->ousted);
}

static enum scl_holders_answer take(struct scl_holders *holders, struct scl_holder *holder, int64_t now_ms) {
  struct place *place = place_of(holders, holder, now_ms);
  if (holders->is_limited && !scl_bucket_take(&place->calls, SCL_RATE_SUBSCRIBE, 1, now_ms))
    return SCL_HOLDERS_TOO_FAST;
  if (place->holder != NULL && now_ms - place->since_ms < SCL_HOLDERS_SAFE_MS) return SCL_HOLDERS_HELD;
  if (place->holder != NULL) oust(place->holder);
  place->holder = holder;
  place->since_ms = now_ms;
  return SCL_HOLDERS_TAKEN;
}

enum scl_holders_answer scl_holders_take(struct scl_holders *holders, struct scl_holder *holder, int64_t now_ms) {
  pthread_mutex_lock(&holders->lock);
  enum scl_holders_answer answer = take(holders, holder, now_ms);
  pthread_mutex_unlock(&holders->lock);
  return answer;
}

void scl_holders_leave(struct scl_holders *holders, struct scl_holder *holder) {
  pthread_mutex_lock(&holders->lock);
  size_t i = find(holders, holder);
  if (is_there(holders, i, holder) && holders->places[i].holder == holder) holders->places[i].holder = NULL;
  pthread_mutex_unlock(&holders->lock);
}
