#include "codec/json/document_cells.h"

#include <stdio.h>

#include "codec/json/skip.h"
#include "codec/text/utf8.h"

static const char *reject(struct sc_reject *out, const char *sqlstate, const char *reason) {
  out->request = SC_REQUEST_NONE;
  snprintf(out->sqlstate, sizeof(out->sqlstate), "%s", sqlstate);
  snprintf(out->reason, sizeof(out->reason), "%s", reason);
  return NULL;
}

static const char *reject_at(struct sc_reject *out, const struct sc_json_fault *fault, struct sc_slice data) {
  bool deep = fault->what == sc_json_too_deep;
  out->request = SC_REQUEST_NONE;
  snprintf(out->sqlstate, sizeof(out->sqlstate), "%s", deep ? "54000" : "22P02");
  snprintf(out->reason, sizeof(out->reason), "%s%s at byte %zu", deep ? "" : "not JSON: ", fault->what,
           (size_t)(fault->at - data.ptr));
  return NULL;
}

/* One document of a record, at p; what is behind it and the blanks, or NULL, and *why says what is wrong. */
static const char *read_document(const char *p, struct sc_slice data, bool stored, struct sc_slice *text,
                                 struct sc_reject *why) {
  const char *end = data.ptr + data.len;
  struct sc_json_seen seen = {false, false};
  struct sc_json_fault fault;
  const char *behind = sc_json_skip(p, end, &seen, &fault);
  if (behind == NULL) return reject_at(why, &fault, data);
  if (stored && seen.nul) return reject(why, "22P05", "\\u0000 cannot be stored");
  if (stored && seen.too_large) return reject(why, "22003", "a number is out of range for numeric");
  *text = sc_slice_of(p, (size_t)(behind - p));
  return sc_json_skip_blanks(behind, end);
}

static const char *begin_record(struct sc_slice data, struct sc_reject *why) {
  const char *end = data.ptr + data.len, *p = sc_json_skip_blanks(data.ptr, end);
  if (data.len > UINT32_MAX) return reject(why, "54000", "the record is too large");
  if (p == end) return reject(why, "22023", "the record is empty");
  return sc_utf8_valid(data.ptr, data.len) ? p : reject(why, "22021", "the record is not UTF-8");
}

static void fill_row(const struct sc_plan *plan, struct sc_cells *out, uint32_t row, enum sc_cell_type type,
                     struct sc_slice text) {
  struct sc_cell *cells = out->cells + (size_t)row * out->n_columns;
  if (out->n_columns > 0) memset(cells, 0, out->n_columns * sizeof(*cells));
  if (plan->n_payload == 0) return;
  cells[0].type = type;
  cells[0].len = (uint32_t)text.len;
  cells[0].ptr = text.ptr;
}

/* The documents of a record into the rows behind those of out; how many, 0 when it is to be rejected or (*full) the
 * chunk has no room. */
static uint32_t read_record(const struct sc_plan *plan, struct sc_slice data, bool split, struct sc_cells *out,
                            struct sc_reject *why, bool *full) {
  const char *end = data.ptr + data.len, *p = begin_record(data, why);
  struct sc_slice text = {NULL, 0};
  for (uint32_t n = 0; p != NULL;) {
    uint32_t row = out->n_rows + n;
    *full = row == out->cap_rows && out->n_rows > 0;
    if (*full) return 0;
    if (row == out->cap_rows && !sc_cells_grow(out))
      return reject(why, "54000", "too many JSON documents in one record"), 0;
    p = read_document(p, data, plan->n_payload > 0, &text, why);
    if (p == NULL) return 0;
    fill_row(plan, out, row, SC_CELL_JSON, text);
    if (n == 0 || plan->n_payload > 0) n++;
    if (p == end) return n;
    struct sc_json_fault fault = {"more than one JSON document, or something behind it,", p};
    if (!split) p = reject_at(why, &fault, data);
  }
  return 0;
}

uint32_t sc_document_cells_json(const struct sc_plan *plan, const struct sc_record *records, uint32_t n, bool split,
                                struct sc_cells *out, struct sc_rejects *rejects) {
  uint32_t i = 0;
  out->n_rows = rejects->n = 0;
  for (; i < n && i < SC_CHUNK_ROWS && i < out->cap_rows && out->n_rows < out->cap_rows; i++) {
    struct sc_reject *why = &rejects->items[rejects->n];
    bool full = false;
    uint32_t rows = read_record(plan, records[i].data, split, out, why, &full);
    if (full) break;
    for (uint32_t k = 0; k < rows; k++) out->record[out->n_rows++] = i;
    if (rows > 0) continue;
    why->record = i;
    rejects->n++;
  }
  return i;
}

uint32_t sc_document_cells_raw(const struct sc_plan *plan, const struct sc_record *records, uint32_t n,
                               struct sc_cells *out, struct sc_rejects *rejects) {
  uint32_t i = 0;
  out->n_rows = rejects->n = 0;
  for (; i < n && i < SC_CHUNK_ROWS && i < out->cap_rows; i++) {
    SC_ASSERT(records[i].data.len <= UINT32_MAX);
    fill_row(plan, out, i, SC_CELL_BYTES, records[i].data);
    out->record[out->n_rows++] = i;
  }
  return i;
}
