/* A min-heap of items by due time: which of ten thousand shards is next. Intrusive: each item holds its node.
 *
 * Hand-written: C has none, and glib's is no heap. One owner thread; push allocates only when the heap grows.
 */
#ifndef SC_BASE_HEAP_H
#define SC_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct sc_heap_node {
  int64_t key;
  size_t place; /* index + 1; 0: not in a heap */
};

struct sc_heap {
  struct sc_heap_node **items;
  size_t n, cap;
};

void sc_heap_fini(struct sc_heap *heap); /* frees the array, not the items */
/* Inserts, or moves when it is in already. */
void sc_heap_set(struct sc_heap *heap, struct sc_heap_node *node, int64_t key);
void sc_heap_remove(struct sc_heap *heap, struct sc_heap_node *node); /* no-op when not in */
static inline struct sc_heap_node *sc_heap_top(const struct sc_heap *heap) {
  return heap->n == 0 ? NULL : heap->items[0];
}

#endif
