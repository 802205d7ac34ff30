#include "engine/base/heap.h"

#include <stdlib.h>

#include "engine/base/array.h"

void sc_heap_fini(struct sc_heap *heap) {
  free(heap->items);
  *heap = (struct sc_heap){0};
}

static void put(struct sc_heap *heap, size_t i, struct sc_heap_node *node) {
  heap->items[i] = node;
  node->place = i + 1;
}

static void sift_up(struct sc_heap *heap, size_t i) {
  struct sc_heap_node *node = heap->items[i];
  while (i > 0 && heap->items[(i - 1) / 2]->key > node->key) {
    put(heap, i, heap->items[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  put(heap, i, node);
}

static void sift_down(struct sc_heap *heap, size_t i) {
  struct sc_heap_node *node = heap->items[i];
  for (size_t child; (child = 2 * i + 1) < heap->n; i = child) {
    if (child + 1 < heap->n && heap->items[child + 1]->key < heap->items[child]->key) child++;
    if (heap->items[child]->key >= node->key) break;
    put(heap, i, heap->items[child]);
  }
  put(heap, i, node);
}

void sc_heap_set(struct sc_heap *heap, struct sc_heap_node *node, int64_t key) {
  node->key = key;
  if (node->place == 0) {
    SC_ARRAY_ROOM(heap->items, heap->n, heap->cap, 1);
    put(heap, heap->n++, node);
  }
  sift_up(heap, node->place - 1);
  sift_down(heap, node->place - 1);
}

void sc_heap_remove(struct sc_heap *heap, struct sc_heap_node *node) {
  if (node->place == 0) return;
  size_t i = node->place - 1;
  node->place = 0;
  struct sc_heap_node *last = heap->items[--heap->n];
  if (last == node) return;
  put(heap, i, last);
  sift_up(heap, i);
  sift_down(heap, last->place - 1);
}
