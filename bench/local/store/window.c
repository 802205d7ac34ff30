#include "bench/local/store/window.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"

#define CAP_MIN 8

void scl_window_fini(struct scl_window *window) {
  free(window->items);
  *window = (struct scl_window){.item_bytes = window->item_bytes};
}

void scl_window_start(struct scl_window *window, uint64_t first) {
  SC_ASSERT(window->end == 0 && window->cap == 0);
  window->first = window->end = window->base = first;
}

void *scl_window_add(struct scl_window *window) {
  SC_ASSERT(window->item_bytes > 0);
  if (window->end - window->base == window->cap) {
    window->cap = window->cap == 0 ? CAP_MIN : window->cap * 2;
    window->items = sc_realloc(window->items, window->cap * window->item_bytes);
  }
  window->end++;
  return scl_window_at(window, window->end - 1);
}

/* Moves the remaining items to the front, and halves the array while they fit into a quarter of it. */
static void compact(struct scl_window *window) {
  size_t left = (size_t)(window->end - window->first), gone = (size_t)(window->first - window->base);
  memmove(window->items, window->items + gone * window->item_bytes, left * window->item_bytes);
  window->base = window->first;
  while (window->cap > CAP_MIN && window->cap / 4 >= left) window->cap /= 2;
  window->items = sc_realloc(window->items, window->cap * window->item_bytes);
}

void scl_window_drop(struct scl_window *window, uint64_t first) {
  SC_ASSERT(first <= window->end);
  if (first <= window->first) return;
  window->first = first;
  if (window->first - window->base > (window->end - window->base) / 2) compact(window);
}
