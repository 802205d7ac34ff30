#include "sink/null.h"

#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/decoder.h"
#include "engine/plan.h"
#include "engine/wait.h"
#include "sink/rows.h"

static bool claims(const char *url) { return strcmp(url, "null:") == 0; }

static int sink_open(const char *url, struct sc_options *options, const char *stream_name, struct sc_sink **out,
                     struct sc_error *err) {
  (void)url, (void)options, (void)stream_name, (void)err;
  *out = sc_alloc_zero(1, 1);
  return SC_OK;
}

static void sink_close(struct sc_sink *sink) { free(sink); }

static const char *describe(const struct sc_sink *sink) {
  (void)sink;
  return "nothing (null:)";
}

static int session_open(struct sc_sink *sink, const char *role, const struct sc_wait *wait, struct sc_session **out,
                        struct sc_error *err) {
  (void)sink, (void)role, (void)wait, (void)err;
  *out = sc_alloc_zero(1, 1);
  return SC_OK;
}

static void session_close(struct sc_session *session) { free(session); }

/* A row of no bytes: only its reference counts. */
static uint32_t encode(const struct sc_plan *plan, const struct sc_cells *cells, uint32_t first_row,
                       const struct sc_record *records, uint32_t span, struct sc_block *block,
                       struct sc_rejects *rejects, size_t *needed_bytes) {
  uint32_t row = first_row;
  (void)plan, (void)rejects;
  *needed_bytes = 0;
  for (; row < cells->n_rows; row++) {
    struct sc_slice sequence = records[cells->record[row]].sequence;
    if (!sc_rows_fit(block, 0, sequence.len, needed_bytes)) break;
    sc_rows_add(block, block->len, span, sequence);
  }
  return row - first_row;
}

static int push(struct sc_session *session, const struct sc_row_range *range, struct sc_error *err) {
  (void)session, (void)range, (void)err;
  return SC_OK;
}

static const struct sc_rows_ops rows = {.encode = encode, .push = push};

const struct sc_sink_ops sc_sink_null = {
    .name = "null",
    .rows = &rows,
    .claims = claims,
    .open = sink_open,
    .close = sink_close,
    .describe = describe,
    .session_open = session_open,
    .session_close = session_close,
};
