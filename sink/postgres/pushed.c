#include "sink/postgres/pushed.h"

#include <stdlib.h>

#include "engine/base/array.h"

void sc_pg_pushed_add(struct sc_pg_pushed *pushed, const struct sc_row_range *range) {
  SC_ASSERT(range->first < range->end && range->end <= range->block->n_rows);
  SC_ARRAY_ROOM(pushed->ranges, pushed->n, pushed->cap, 1);
  pushed->ranges[pushed->n++] = *range;
}

uint32_t sc_pg_pushed_next(const struct sc_pg_pushed *pushed, int32_t above) {
  uint32_t next = UINT32_MAX;
  for (size_t i = 0; i < pushed->n; i++) {
    const struct sc_row_range *r = &pushed->ranges[i];
    for (uint32_t row = r->first; row < r->end; row++) {
      uint16_t left_out = r->block->rows[row].left_out;
      if (left_out > above && left_out < next) next = left_out;
    }
  }
  return next;
}

uint32_t sc_pg_pushed_run(const struct sc_block *block, uint16_t left_out, uint32_t *first, uint32_t end) {
  while (*first < end && block->rows[*first].left_out != left_out) ++*first;
  uint32_t last = *first;
  while (last < end && block->rows[last].left_out == left_out) last++;
  return last;
}

bool sc_pg_pushed_row(const struct sc_pg_pushed *pushed, uint16_t left_out, uint64_t row_of_kind, uint64_t *row) {
  uint64_t index = 0;
  for (size_t i = 0; i < pushed->n; i++) {
    const struct sc_row_range *r = &pushed->ranges[i];
    for (uint32_t k = r->first; k < r->end; k++, index++) {
      if (r->block->rows[k].left_out != left_out || row_of_kind-- > 0) continue;
      *row = index;
      return true;
    }
  }
  return false;
}

void sc_pg_pushed_fini(struct sc_pg_pushed *pushed) {
  free(pushed->ranges);
  *pushed = (struct sc_pg_pushed){.ranges = NULL};
}
