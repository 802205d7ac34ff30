/* Binary COPY: cells, with the metadata of the default, to tuples. Reference: a copy of the tuples. */
#include <stdlib.h>

#include "bench/micro/rows.h"
#include "bench/micro/stage.h"
#include "engine/base/budget.h"
#include "sink/postgres/copy.h"

#define BLOCK_BYTES ((size_t)1 << 20)

struct state {
  struct sc_micro_rows rows;
  struct sc_budget *budget;
  struct sc_block *block;
  char *room;
  size_t bytes; /* of a pass */
};

static void close_state(void *state) {
  struct state *s = state;
  sc_micro_rows_fini(&s->rows);
  sc_block_free(s->block);
  sc_budget_free(s->budget);
  free(s->room);
  free(s);
}

/* The rows decoded last, into blocks; returns the bytes they became. */
static size_t encode(struct state *s, uint32_t first) {
  size_t bytes = 0, needed = 0;
  for (uint32_t row = 0; row < s->rows.cells.n_rows;) {
    size_t before = s->block->len;
    s->rows.rejects.n = 0;
    uint32_t n = sc_pgcopy_encode(s->rows.plan, &s->rows.cells, row, s->rows.data->records + first, 0, s->block,
                                  &s->rows.rejects, &needed);
    SC_ASSERT(s->rows.rejects.n == 0);
    bytes += s->block->len - before;
    row += n;
    if (row < s->rows.cells.n_rows) sc_block_reset(s->block);
  }
  return bytes;
}

static int64_t pass(void *state) {
  struct state *s = state;
  int64_t took = 0;
  s->bytes = 0;
  for (uint32_t i = 0, n; i < s->rows.data->n; i += n) {
    n = sc_micro_rows_decode(&s->rows, i);
    sc_micro_rows_metadata(&s->rows, i);
    int64_t start = sc_micro_now_ns();
    s->bytes += encode(s, i);
    took += sc_micro_now_ns() - start;
  }
  return took;
}

/* As many bytes, in pieces of a chunk's size. */
static int64_t copy(void *state) {
  struct state *s = state;
  size_t piece = s->bytes / (s->rows.data->n / s->rows.cells.cap_rows + 1) + 1;
  if (piece > s->block->cap) piece = s->block->cap;
  int64_t start = sc_micro_now_ns();
  for (size_t done = 0; done < s->bytes; done += piece) {
    memcpy(s->room, s->block->data, piece < s->bytes - done ? piece : s->bytes - done);
    sc_micro_use(s->room);
  }
  return sc_micro_now_ns() - start;
}

static void *open_state(const struct sc_micro_data *data, struct sc_micro_size *size) {
  struct state *s = sc_alloc_zero(1, sizeof(*s));
  size_t block = data->largest_bytes * 2 > BLOCK_BYTES ? data->largest_bytes * 2 : BLOCK_BYTES;
  s->budget = sc_budget_new(2, 2 * sc_block_cost(block), 1);
  s->block = sc_block_new(s->budget, block);
  s->room = sc_alloc_zero(1, block);
  if (!sc_micro_rows_init(&s->rows, data, true)) {
    close_state(s);
    return NULL;
  }
  pass(s);
  *size = (struct sc_micro_size){data->n, s->bytes};
  return s;
}

const struct sc_micro_stage sc_stage_copy = {"binary COPY", "memcpy",    "record", "tuples", false,
                                             open_state,    close_state, pass,     copy};
