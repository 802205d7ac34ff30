#include "codec/kinesis/metadata_cells.h"

#include <stdlib.h>

#include "codec/kinesis/message_id.h"
#include "engine/base/assert.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/batch.h"
#include "engine/position.h"

#define ENVELOPE_FRAME 160 /* names, quotes, and a time */

struct sc_metadata_cells {
  const char *stream;
  struct sc_message_id *ids;
  struct sc_buf scratch;
};

struct sc_metadata_cells *sc_metadata_cells_new(const char *stream) {
  struct sc_metadata_cells *m = sc_alloc_zero(1, sizeof(*m));
  m->stream = stream;
  m->ids = sc_message_id_new();
  return m;
}

void sc_metadata_cells_free(struct sc_metadata_cells *m) {
  if (m == NULL) return;
  sc_message_id_free(m->ids);
  sc_buf_fini(&m->scratch);
  free(m);
}

/* Bytes of scratch that the column of a row takes at most. A byte that is escaped becomes six. */
static size_t bound_of(const struct sc_metadata_cells *m, enum sc_role role, const struct sc_record *record) {
  if (role == SC_ROLE_MESSAGE_ID) return SC_MESSAGE_ID_LEN;
  if (role != SC_ROLE_ENVELOPE) return 0;
  return ENVELOPE_FRAME + SC_SHARD_ID_MAX + record->sequence.len + 6 * (strlen(m->stream) + record->partition_key.len);
}

/* Room for all rows is made first, since cells point into the scratch, which must not move afterwards. */
static void make_room(struct sc_metadata_cells *m, const struct sc_plan *plan, const struct sc_record *records,
                      const struct sc_cells *cells) {
  size_t bytes = 0;
  for (uint32_t c = plan->n_payload; c < plan->n_columns; c++) {
    enum sc_role role = plan->columns[c].role;
    if (role != SC_ROLE_MESSAGE_ID && role != SC_ROLE_ENVELOPE) continue;
    for (uint32_t row = 0; row < cells->n_rows; row++) bytes += bound_of(m, role, &records[cells->record[row]]);
  }
  sc_buf_clear(&m->scratch);
  if (bytes < m->scratch.cap) return;
  sc_buf_reserve(&m->scratch, bytes);
  sc_metric_add(sc_metrics_mine(), SC_M_DATA_PATH_ALLOCS, 1);
}

static void set_text(struct sc_cell *cell, enum sc_cell_type type, struct sc_slice text) {
  cell->type = text.ptr == NULL ? SC_CELL_NULL : type;
  cell->len = (uint32_t)text.len;
  cell->ptr = text.ptr;
}

static void set_time(struct sc_cell *cell, int64_t us) {
  cell->type = us == INT64_MIN ? SC_CELL_NULL : SC_CELL_TIME;
  cell->i = us;
}

static void set_message_id(struct sc_metadata_cells *m, const char *shard_id, const struct sc_record *record,
                           struct sc_cell *cell) {
  char id[SC_MESSAGE_ID_LEN];
  sc_message_id_make(m->ids, sc_slice_str(shard_id), record->sequence, id);
  size_t at = m->scratch.len;
  sc_buf_add(&m->scratch, id, sizeof(id));
  set_text(cell, SC_CELL_STRING, sc_slice_of(m->scratch.ptr + at, sizeof(id)));
}

static void add_time(struct sc_buf *out, int64_t us) {
  char time[25];
  if (us == INT64_MIN) {
    sc_buf_add_str(out, "null");
    return;
  }
  sc_clock_format_ms(us / 1000, time);
  time[10] = ' ';
  bool whole = memcmp(time + 19, ".000", 4) == 0;
  sc_buf_printf(out, "\"%.*s%s+00:00\"", whole ? 19 : 23, time, whole ? "" : "000");
}

static void set_envelope(struct sc_metadata_cells *m, const char *shard_id, const struct sc_record *record,
                         struct sc_cell *cell) {
  struct sc_buf *out = &m->scratch;
  size_t at = out->len;
  sc_buf_add_str(out, "{\"shard_id\": ");
  sc_buf_add_json_string(out, sc_slice_str(shard_id));
  sc_buf_add_str(out, ", \"seq_no\": ");
  sc_buf_add_json_string(out, record->sequence);
  sc_buf_add_str(out, ", \"ts\": ");
  add_time(out, record->arrival_us);
  sc_buf_add_str(out, ", \"partition\": ");
  sc_buf_add_json_string(out, record->partition_key);
  sc_buf_add_str(out, ", \"stream_name\": ");
  sc_buf_add_json_string(out, sc_slice_str(m->stream));
  sc_buf_add_str(out, "}");
  set_text(cell, SC_CELL_JSON, sc_slice_of(out->ptr + at, out->len - at));
}

static void fill_cell(struct sc_metadata_cells *m, enum sc_role role, const char *shard_id,
                      const struct sc_record *record, struct sc_cell *cell) {
  switch (role) {
    case SC_ROLE_PAYLOAD:
      return;
    case SC_ROLE_SHARD:
      set_text(cell, SC_CELL_STRING, sc_slice_str(shard_id));
      return;
    case SC_ROLE_SEQUENCE:
      set_text(cell, SC_CELL_STRING, record->sequence);
      return;
    case SC_ROLE_PARTITION_KEY:
      set_text(cell, SC_CELL_STRING, record->partition_key);
      return;
    case SC_ROLE_STREAM:
      set_text(cell, SC_CELL_STRING, sc_slice_str(m->stream));
      return;
    case SC_ROLE_ARRIVAL:
      set_time(cell, record->arrival_us);
      return;
    case SC_ROLE_SUB_SEQUENCE:
      cell->type = SC_CELL_INT;
      return;
    case SC_ROLE_MESSAGE_ID:
      set_message_id(m, shard_id, record, cell);
      return;
    case SC_ROLE_ENVELOPE:
      set_envelope(m, shard_id, record, cell);
      return;
  }
}

static void count_documents(struct sc_cells *cells, uint32_t column) {
  for (uint32_t row = 0, n = 0; row < cells->n_rows; row++) {
    n = row > 0 && cells->record[row] == cells->record[row - 1] ? n + 1 : 0;
    cells->cells[(size_t)row * cells->n_columns + column].i = n;
  }
}

void sc_metadata_cells_fill(struct sc_metadata_cells *m, const struct sc_plan *plan, const char *shard_id,
                            const struct sc_record *records, struct sc_cells *cells) {
  make_room(m, plan, records, cells);
  const char *scratch = m->scratch.ptr;
  for (uint32_t c = plan->n_payload; c < plan->n_columns; c++) {
    if (plan->columns[c].role == SC_ROLE_SUB_SEQUENCE) count_documents(cells, c);
    for (uint32_t row = 0; row < cells->n_rows; row++)
      fill_cell(m, plan->columns[c].role, shard_id, &records[cells->record[row]],
                &cells->cells[(size_t)row * cells->n_columns + c]);
  }
  SC_ASSERT(m->scratch.ptr == scratch);
}
