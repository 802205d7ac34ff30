#include "codec/document_cells.h"

#include <stdio.h>

#include "codec/json_skip.h"
#include "codec/utf8.h"

static void reject(struct sc_reject *out, const char *sqlstate, const char *reason) {
  out->wish = SC_WISH_NONE;
  snprintf(out->sqlstate, sizeof(out->sqlstate), "%s", sqlstate);
  snprintf(out->reason, sizeof(out->reason), "%s", reason);
}

static void reject_at(struct sc_reject *out, const struct sc_json_fault *fault, struct sc_slice data) {
  bool deep = fault->what == sc_json_too_deep;
  out->wish = SC_WISH_NONE;
  snprintf(out->sqlstate, sizeof(out->sqlstate), "%s", deep ? "54000" : "22P02");
  snprintf(out->reason, sizeof(out->reason), "%s%s at byte %zu", deep ? "" : "not JSON: ", fault->what,
           (size_t)(fault->at - data.ptr));
}

/* False: *why says what is wrong. *text: the document without the blanks around it. */
static bool read_document(struct sc_slice data, bool stored, struct sc_slice *text, struct sc_reject *why) {
  const char *end = data.ptr + data.len, *p = sc_json_skip_blanks(data.ptr, end);
  struct sc_json_seen seen = {false, false};
  struct sc_json_fault fault;
  if (data.len > UINT32_MAX) return reject(why, "54000", "the record is too large"), false;
  if (p == end) return reject(why, "22023", "the record is empty"), false;
  if (!sc_utf8_valid(data.ptr, data.len)) return reject(why, "22021", "the record is not UTF-8"), false;
  const char *behind = sc_json_skip(p, end, &seen, &fault);
  const char *rest = behind == NULL ? NULL : sc_json_skip_blanks(behind, end);
  if (rest != NULL && rest != end) sc_json_wrong(&fault, "more than one JSON document, or something behind it,", rest);
  if (rest != end) return reject_at(why, &fault, data), false;
  if (stored && seen.nul) return reject(why, "22P05", "\\u0000 cannot be stored"), false;
  if (stored && seen.too_large) return reject(why, "22003", "a number is out of range for numeric"), false;
  *text = sc_slice_of(p, (size_t)(behind - p));
  return true;
}

static void add_row(const struct sc_plan *plan, struct sc_cells *out, uint32_t record, enum sc_cell_type type,
                    struct sc_slice text) {
  struct sc_cell *row = out->cells + (size_t)out->n_rows * out->n_columns;
  if (out->n_columns > 0) memset(row, 0, out->n_columns * sizeof(*row));
  if (plan->n_payload > 0) {
    row[0].type = type;
    row[0].len = (uint32_t)text.len;
    row[0].ptr = text.ptr;
  }
  out->record[out->n_rows++] = record;
}

uint32_t sc_document_cells_json(const struct sc_plan *plan, const struct sc_record *records, uint32_t n,
                                struct sc_cells *out, struct sc_rejects *rejects) {
  uint32_t i = 0;
  out->n_rows = rejects->n = 0;
  for (; i < n && i < out->cap_rows; i++) {
    struct sc_slice text;
    struct sc_reject *why = &rejects->items[rejects->n];
    if (read_document(records[i].data, plan->n_payload > 0, &text, why)) {
      add_row(plan, out, i, SC_CELL_JSON, text);
    } else {
      why->record = i;
      rejects->n++;
    }
  }
  return i;
}

uint32_t sc_document_cells_raw(const struct sc_plan *plan, const struct sc_record *records, uint32_t n,
                               struct sc_cells *out, struct sc_rejects *rejects) {
  uint32_t i = 0;
  out->n_rows = rejects->n = 0;
  for (; i < n && i < out->cap_rows; i++) {
    SC_ASSERT(records[i].data.len <= UINT32_MAX);
    add_row(plan, out, i, SC_CELL_BYTES, records[i].data);
  }
  return i;
}
