/* The one way an array grows: by doubling, from 16 elements. The owner keeps the pointer, the count and the capacity in
 * plain members of any integer type; the memory is malloc's. Running out of memory aborts (buf.h).
 *
 *   SC_ARRAY_ROOM(list->items, list->n, list->cap, 1);
 *   list->items[list->n++] = item;
 */
#ifndef SC_BASE_ARRAY_H
#define SC_BASE_ARRAY_H

#include "engine/base/buf.h"

/* Room for `more` elements behind the first n. Existing elements may move; new ones are not initialised. */
#define SC_ARRAY_ROOM(items, n, cap, more)                      \
  do {                                                          \
    size_t sc_wanted = (size_t)(n) + (size_t)(more);            \
    if (sc_wanted > (size_t)(cap)) {                            \
      size_t sc_cap = sc_array_cap((size_t)(cap), sc_wanted);   \
      (items) = sc_realloc((items), sc_cap * sizeof(*(items))); \
      (cap) = (__typeof__(cap))sc_cap;                          \
    }                                                           \
  } while (0)

/* The capacity after growing from cap so that `wanted` elements fit. */
static inline size_t sc_array_cap(size_t cap, size_t wanted) {
  size_t doubled = cap < 8 ? 16 : cap * 2;
  return doubled < wanted ? wanted : doubled;
}

#endif
