#include "bench/micro/rows.h"

#include <stdlib.h>

#include "codec/decoder_json.h"
#include "engine/sample.h"
#include "sink/postgres/copy.h"
#include "sink/postgres/types.h"

static uint32_t type_of(enum sc_inferred inferred) {
  switch (inferred) {
    case SC_INFER_BIGINT:
      return SC_PG_INT8;
    case SC_INFER_DOUBLE:
      return SC_PG_FLOAT8;
    case SC_INFER_NUMERIC:
      return SC_PG_NUMERIC;
    case SC_INFER_BOOL:
      return SC_PG_BOOL;
    case SC_INFER_JSON:
      return SC_PG_JSONB;
    case SC_INFER_TEXT:
    case SC_INFER_TIME:
      break;
  }
  return SC_PG_TEXT;
}

static void add_column(struct sc_plan *plan, struct sc_slice name, enum sc_role role, uint32_t type) {
  struct sc_column *column = sc_plan_add(plan, name, role, name);
  column->type = type;
  column->shape = sc_pg_type_shape(type);
}

static struct sc_plan *make_plan(const struct sc_sample *sample, bool has_metadata) {
  uint32_t n = sc_sample_keys(sample);
  struct sc_plan *plan = sc_plan_new(1, n + 3);
  for (uint32_t i = 0; i < n; i++)
    add_column(plan, sc_sample_key(sample, i), SC_ROLE_PAYLOAD, type_of(sc_infer(sc_sample_kinds(sample, i))));
  if (has_metadata) {
    add_column(plan, SC_SLICE_LITERAL("kinesis_shard_id"), SC_ROLE_SHARD, SC_PG_TEXT);
    add_column(plan, SC_SLICE_LITERAL("kinesis_sequence_number"), SC_ROLE_SEQUENCE, SC_PG_TEXT);
    add_column(plan, SC_SLICE_LITERAL("kinesis_arrival_time"), SC_ROLE_ARRIVAL, SC_PG_TIMESTAMPTZ);
  }
  sc_plan_seal(plan);
  plan->sink = sc_pgcopy_new(plan, false);
  plan->free_sink = sc_pgcopy_free;
  return plan;
}

static void make_cells(struct sc_micro_rows *rows) {
  uint32_t columns = rows->plan->n_columns, cap = SC_CHUNK_CELLS / columns;
  if (cap > SC_CHUNK_ROWS) cap = SC_CHUNK_ROWS;
  rows->cells = (struct sc_cells){.n_columns = columns, .cap_rows = cap};
  rows->cells.cells = sc_alloc((size_t)cap * columns * sizeof(*rows->cells.cells));
  rows->cells.record = sc_alloc(cap * sizeof(*rows->cells.record));
  rows->rejects.items = sc_alloc(SC_CHUNK_ROWS * sizeof(*rows->rejects.items));
}

bool sc_micro_rows_init(struct sc_micro_rows *rows, const struct sc_micro_data *data, bool has_metadata) {
  struct sc_decoder_config config = {.largest_record_bytes = data->largest_bytes, .stream = "bench"};
  struct sc_sample *sample = sc_sample_new(SC_COLUMNS_MAX - 3);
  *rows = (struct sc_micro_rows){.data = data, .decoder = sc_decoder_json.new(&config)};
  sc_decoder_json.sample(rows->decoder, data->records, data->n, sample);
  bool is_good = sc_sample_records(sample) == data->n && sc_sample_keys_left_out(sample) == 0;
  if (is_good) {
    rows->plan = make_plan(sample, has_metadata);
    make_cells(rows);
  }
  sc_sample_free(sample);
  return is_good;
}

void sc_micro_rows_fini(struct sc_micro_rows *rows) {
  sc_decoder_json.free(rows->decoder);
  if (rows->plan != NULL) sc_plan_free(rows->plan);
  free(rows->cells.cells);
  free(rows->cells.record);
  free(rows->rejects.items);
}

uint32_t sc_micro_rows_decode(struct sc_micro_rows *rows, uint32_t first) {
  uint64_t unknown = 0;
  const struct sc_micro_data *data = rows->data;
  uint32_t n = sc_decoder_json.decode(rows->decoder, rows->plan, data->records + first, data->n - first, &rows->cells,
                                      &rows->rejects, &unknown);
  SC_ASSERT(rows->cells.n_rows == n && rows->rejects.n == 0);
  return n;
}

void sc_micro_rows_metadata(struct sc_micro_rows *rows, uint32_t first) {
  sc_decoder_json.metadata(rows->decoder, rows->plan, "shardId-000000000007", rows->data->records + first,
                           &rows->cells);
}
