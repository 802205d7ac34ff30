/* An array that grows at its end and is dropped at its front. An item keeps its number for as long as it is there.
 *
 * Items are plain bytes of one size. Dropping is amortised: the memory of dropped items is reclaimed when they are the
 * larger half. The caller orders all calls. Pointers are good until the next add or drop. Running out of memory aborts.
 */
#ifndef SCL_STORE_WINDOW_H
#define SCL_STORE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

/* Zeroed but for item_bytes. The fields are for reading only. */
struct scl_window {
  size_t item_bytes;
  uint64_t first, end; /* items first .. end - 1 are there */
  uint64_t base;       /* the number of items[0]; at most first */
  size_t cap;
  char *items;
};

void scl_window_fini(struct scl_window *window);
/* The first item to be added will have this number. Nothing was added yet. */
void scl_window_start(struct scl_window *window, uint64_t first);
/* Adds an item, not initialised; its number is `end` before the call. */
void *scl_window_add(struct scl_window *window);
/* Drops the items below first, which is at most end. */
void scl_window_drop(struct scl_window *window, uint64_t first);

static inline void *scl_window_at(const struct scl_window *window, uint64_t i) {
  SC_ASSERT(i >= window->first && i < window->end);
  return window->items + (size_t)(i - window->base) * window->item_bytes;
}

#endif
