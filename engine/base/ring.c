#include "engine/base/ring.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum { LINE = 64, MOST = 65536 };

/* head and tail count for ever; the slot is the count modulo the capacity. Each side keeps the last value it saw of the
 * other's counter and reads the other's line only when that says full (or empty). */
struct sc_ring {
  _Alignas(LINE) _Atomic size_t head; /* producer's: the next push goes here */
  size_t tail_seen;
  _Alignas(LINE) _Atomic size_t tail; /* consumer's: the next pop comes from here */
  size_t head_seen;
  _Alignas(LINE) size_t mask;
  void *slots[];
};

struct sc_ring *sc_ring_new(size_t capacity) {
  SC_ASSERT(capacity >= 2 && capacity <= MOST && (capacity & (capacity - 1)) == 0);
  size_t bytes = (sizeof(struct sc_ring) + capacity * sizeof(void *) + LINE - 1) / LINE * LINE;
  struct sc_ring *ring = sc_alloc_aligned(LINE, bytes);
  memset(ring, 0, bytes);
  ring->mask = capacity - 1;
  return ring;
}

void sc_ring_free(struct sc_ring *ring) {
  if (ring == NULL) return;
  SC_ASSERT(sc_ring_is_empty(ring));
  free(ring);
}

bool sc_ring_is_full(struct sc_ring *ring) {
  size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
  if (head - ring->tail_seen <= ring->mask) return false;
  ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
  return head - ring->tail_seen > ring->mask;
}

bool sc_ring_push(struct sc_ring *ring, void *item) {
  SC_ASSERT(item != NULL);
  if (sc_ring_is_full(ring)) return false;
  size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
  ring->slots[head & ring->mask] = item;
  atomic_store_explicit(&ring->head, head + 1, memory_order_release);
  return true;
}

void *sc_ring_peek(struct sc_ring *ring) {
  size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
  if (tail == ring->head_seen) ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
  return tail == ring->head_seen ? NULL : ring->slots[tail & ring->mask];
}

void *sc_ring_pop(struct sc_ring *ring) {
  void *item = sc_ring_peek(ring);
  if (item == NULL) return NULL;
  size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
  atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
  return item;
}

bool sc_ring_is_empty(const struct sc_ring *ring) {
  size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
  return tail == atomic_load_explicit(&ring->head, memory_order_acquire);
}
