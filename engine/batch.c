#include "engine/batch.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/budget.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/metrics.h"

/* One row in 128 bytes of data: narrower rows end a block by their number, wider ones by their bytes. */
#define DATA_PER_ROW 128
#define ROWS_LEAST 64
#define ROWS_MOST 8192
#define DATA_PER_SPAN 2048
#define SPANS_LEAST 16
#define SPANS_MOST 512
#define DIGITS_PER_ROW 56 /* of today's sequence numbers */
#define DEAD_LEAST 4096

_Static_assert(sizeof(struct sc_block) % 8 == 0 && sizeof(struct sc_span) % 8 == 0 &&
                   sizeof(struct sc_row_ref) % 8 == 0,
               "the parts of a block's one allocation are aligned one behind the other");

static size_t saturating_add(size_t a, size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }

size_t sc_batch_cost(size_t body_cap) { return saturating_add(body_cap, sizeof(struct sc_batch) + SC_BODY_PADDING); }

struct sc_batch *sc_batch_new(struct sc_budget *budget, size_t body_cap, size_t credit_bytes, bool from_reserve) {
  struct sc_batch *batch = sc_alloc(sc_batch_cost(body_cap));
  *batch = (struct sc_batch){
      .budget = budget, .credit_bytes = credit_bytes, .from_reserve = from_reserve, .body_cap = body_cap};
  memset(batch->body + body_cap, 0, SC_BODY_PADDING);
  return batch;
}

void sc_batch_free(struct sc_batch *batch) {
  if (batch == NULL) return;
  if (batch->unparsed != NULL) atomic_fetch_sub(batch->unparsed, batch->credit_bytes);
  if (batch->from_reserve) sc_budget_give_reserve(batch->budget, batch->credit_bytes);
  else if (batch->credit_bytes > 0) sc_budget_give(batch->budget, SC_POOL_BODIES, batch->credit_bytes);
  free(batch);
}

void sc_records_grow(struct sc_records *records) {
  SC_ARRAY_ROOM(records->items, records->n, records->cap, 1);
  sc_metric_add(sc_metrics_mine(), SC_M_DATA_PATH_ALLOCS, 1);
}

uint32_t sc_records_known(const struct sc_record *records, uint32_t n, const struct sc_sequence *after) {
  struct sc_sequence sequence;
  uint32_t known = 0;
  for (; known < n && sc_sequence_parse(records[known].sequence, &sequence); known++) {
    sequence.part = records[known].sub + 1;
    if (sc_sequence_compare(&sequence, after) > 0) break;
  }
  return known;
}

static uint32_t share(size_t data_cap, size_t per, uint32_t least, uint32_t most) {
  size_t n = data_cap / per;
  return n < least ? least : n > most ? most : (uint32_t)n;
}

/* How data_cap bytes of rows are indexed. */
struct shape {
  uint32_t rows, spans;
  size_t sequences;
};

static struct shape shape_of(size_t data_cap) {
  uint32_t rows = share(data_cap, DATA_PER_ROW, ROWS_LEAST, ROWS_MOST);
  return (struct shape){.rows = rows,
                        .spans = share(data_cap, DATA_PER_SPAN, SPANS_LEAST, SPANS_MOST),
                        .sequences = (size_t)rows * DIGITS_PER_ROW + SC_SEQUENCE_DIGITS};
}

size_t sc_block_cost(size_t data_cap) {
  struct shape s = shape_of(data_cap);
  size_t index =
      sizeof(struct sc_block) + s.spans * sizeof(struct sc_span) + s.rows * sizeof(struct sc_row_ref) + s.sequences;
  return saturating_add(data_cap, index);
}

struct sc_block *sc_block_new(struct sc_budget *budget, size_t data_cap) {
  struct shape s = shape_of(data_cap);
  size_t cost = sc_block_cost(data_cap);
  if (!sc_budget_take(budget, SC_POOL_BLOCKS, cost)) return NULL;
  struct sc_block *block = sc_alloc(cost);
  sc_metric_add(sc_metrics_mine(), SC_M_DATA_PATH_ALLOCS, 1);
  struct sc_span *spans = (struct sc_span *)(block + 1);
  struct sc_row_ref *rows = (struct sc_row_ref *)(spans + s.spans);
  char *sequences = (char *)(rows + s.rows);
  *block = (struct sc_block){.budget = budget, .credit_bytes = cost};
  block->spans = spans, block->cap_spans = s.spans;
  block->rows = rows, block->cap_rows = s.rows;
  block->sequences = sequences, block->sequences_cap = s.sequences;
  block->data = sequences + s.sequences, block->cap = data_cap;
  return block;
}

void sc_block_free(struct sc_block *block) {
  if (block == NULL) return;
  sc_block_reset(block);
  sc_budget_give(block->budget, SC_POOL_BLOCKS, block->credit_bytes);
  free(block);
}

/* Dead letters and states are in memory of their own beside the block's one allocation. */
static void drop(struct sc_block *block, char **data, size_t *len, size_t *cap) {
  *len = 0;
  if (*data == NULL) return;
  free(*data);
  sc_budget_give(block->budget, SC_POOL_BLOCKS, *cap);
  block->credit_bytes -= *cap;
  *data = NULL;
  *cap = 0;
}

void sc_block_reset(struct sc_block *block) {
  drop(block, &block->dead, &block->dead_len, &block->dead_cap);
  drop(block, &block->states, &block->states_len, &block->states_cap);
  block->len = 0;
  block->sequences_len = 0;
  block->n_rows = 0;
  block->n_spans = 0;
  block->mixed = false;
  block->oldest_ms = 0;
  block->plan = NULL;
}

static bool grow(struct sc_block *block, char **data, size_t *cap, size_t wanted) {
  size_t more = wanted - *cap;
  if (!sc_budget_take(block->budget, SC_POOL_BLOCKS, more)) return false;
  *data = sc_realloc(*data, wanted);
  sc_metric_add(sc_metrics_mine(), SC_M_DATA_PATH_ALLOCS, 1);
  *cap = wanted;
  block->credit_bytes += more;
  return true;
}

static bool reserve(struct sc_block *block, char **data, size_t *cap, size_t need) {
  if (need <= *cap) return true;
  size_t twice = *cap * 2;
  size_t ample = need > twice ? need : twice;
  if (ample < DEAD_LEAST) ample = DEAD_LEAST;
  return grow(block, data, cap, ample) || (ample > need && grow(block, data, cap, need));
}

bool sc_block_reserve_dead(struct sc_block *block, size_t more_bytes) {
  return reserve(block, &block->dead, &block->dead_cap, saturating_add(block->dead_len, more_bytes));
}

bool sc_block_add_state(struct sc_block *block, const struct sc_state *state) {
  size_t lens[2] = {state->key.len, state->value.len};
  size_t need = saturating_add(block->states_len + sizeof(lens), saturating_add(lens[0], lens[1]));
  if (!reserve(block, &block->states, &block->states_cap, need)) return false;
  char *out = block->states + block->states_len;
  memcpy(out, lens, sizeof(lens));
  memcpy(out + sizeof(lens), state->key.ptr, lens[0]);
  if (lens[1] > 0) memcpy(out + sizeof(lens) + lens[0], state->value.ptr, lens[1]);
  block->states_len = need;
  return true;
}

bool sc_state_next(const char *data, size_t len, size_t *at, struct sc_state *out) {
  size_t lens[2];
  if (*at == len) return false;
  memcpy(lens, data + *at, sizeof(lens));
  *at += sizeof(lens);
  SC_ASSERT(lens[0] <= len - *at && lens[1] <= len - *at - lens[0]);
  *out = (struct sc_state){{data + *at, lens[0]}, {data + *at + lens[0], lens[1]}};
  *at += lens[0] + lens[1];
  return true;
}

bool sc_cells_grow(struct sc_cells *cells) {
  uint32_t columns = cells->n_columns ? cells->n_columns : 1, rows = cells->cap_rows * 2;
  if (rows > SC_SPLIT_CELLS_MAX / columns) rows = SC_SPLIT_CELLS_MAX / columns;
  if (rows > SC_SPLIT_ROWS_MAX) rows = SC_SPLIT_ROWS_MAX;
  if (rows <= cells->cap_rows) return false;
  cells->cells = sc_realloc(cells->cells, (size_t)rows * columns * sizeof(struct sc_cell));
  cells->record = sc_realloc(cells->record, rows * sizeof(uint32_t));
  cells->cap_rows = rows;
  sc_metric_add(sc_metrics_mine(), SC_M_DATA_PATH_ALLOCS, 1);
  return true;
}
