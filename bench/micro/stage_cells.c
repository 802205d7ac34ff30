/* JSON to cells. Reference: simdjson's walk of the same records. */
#include <stdlib.h>

#include "bench/micro/rows.h"
#include "bench/micro/simdjson_walk.h"
#include "bench/micro/stage.h"

_Static_assert(SC_BODY_PADDING >= SC_SIMDJSON_WALK_PADDING, "records have enough behind them");

struct state {
  struct sc_micro_rows rows;
  struct sc_simdjson_walk *walk;
};

static void close_state(void *state) {
  struct state *s = state;
  sc_micro_rows_fini(&s->rows);
  sc_simdjson_walk_free(s->walk);
  free(s);
}

static void *open_state(const struct sc_micro_data *data, struct sc_micro_size *size) {
  struct state *s = sc_alloc_zero(1, sizeof(*s));
  s->walk = sc_simdjson_walk_new();
  *size = (struct sc_micro_size){data->n, data->payload_bytes};
  if (sc_micro_rows_init(&s->rows, data, false)) return s;
  close_state(s);
  return NULL;
}

static int64_t pass(void *state) {
  struct state *s = state;
  int64_t start = sc_micro_now_ns();
  for (uint32_t i = 0; i < s->rows.data->n;) i += sc_micro_rows_decode(&s->rows, i);
  return sc_micro_now_ns() - start;
}

static int64_t walk(void *state) {
  struct state *s = state;
  int64_t start = sc_micro_now_ns();
  uint64_t values = 0;
  for (uint32_t i = 0; i < s->rows.data->n; i++) {
    bool is_good = sc_simdjson_walk_record(s->walk, s->rows.data->records[i].data, &values);
    SC_ASSERT(is_good);
  }
  sc_micro_use(&values);
  return sc_micro_now_ns() - start;
}

const struct sc_micro_stage sc_stage_cells = {"JSON to cells", "simdjson walk", "record", "payload", false,
                                              open_state,      close_state,     pass,     walk};
