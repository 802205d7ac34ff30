#include "codec/json/document_cells.h"

#include <stdio.h>

#include "engine/base/assert.h"

static const uint32_t *reject(struct sc_reject *out, enum sc_reason reason, const char *text) {
  *out = (struct sc_reject){.reason = reason, .column = SC_NO_COLUMN};
  snprintf(out->text, sizeof(out->text), "%s", text);
  return NULL;
}

static const uint32_t *reject_fault(struct sc_reject *out, const struct sc_json_walk *w) {
  bool deep = w->fault.what == sc_json_too_deep;
  *out = (struct sc_reject){.reason = deep ? SC_REASON_LIMIT : SC_REASON_SYNTAX, .column = SC_NO_COLUMN};
  snprintf(out->text, sizeof(out->text), "%s%s at byte %zu", deep ? "" : "not JSON: ", w->fault.what,
           sc_json_walk_fault_at(w));
  return NULL;
}

/* One document of a record, at i; the token behind it, or NULL, and *why says what is wrong. */
static const uint32_t *read_document(struct sc_json_walk *w, const uint32_t *i, bool stored, struct sc_slice *text,
                                     struct sc_reject *why) {
  struct sc_json_seen seen = {false, false};
  const char *p = w->buf + *i, *end;
  i = sc_json_walk_value(w, i, &seen, &end);
  if (i == NULL) return reject_fault(why, w);
  if (stored && seen.nul) return reject(why, SC_REASON_NUL, "\\u0000 cannot be stored");
  if (stored && seen.too_large) return reject(why, SC_REASON_RANGE, "a number is out of range for numeric");
  *text = sc_slice_of(p, (size_t)(end - p));
  return i;
}

static void fill_row(const struct sc_plan *plan, struct sc_cells *out, uint32_t row, struct sc_slice text) {
  struct sc_cell *cells = out->cells + (size_t)row * out->n_columns;
  if (out->n_columns > 0) memset(cells, 0, out->n_columns * sizeof(*cells));
  if (plan->n_payload == 0) return;
  cells[0].type = SC_CELL_JSON;
  cells[0].len = (uint32_t)text.len;
  cells[0].ptr = text.ptr;
}

static bool is_at_end(const struct sc_json_walk *w, const uint32_t *i) { return w->buf + *i >= w->end; }

/* The documents of a record, from token i on, into the rows behind those of out; how many, 0 when it is to be rejected
 * or (*full) the chunk has no room. *behind: as sc_json_arena_end wants it. */
static uint32_t read_record(struct sc_json_walk *w, const struct sc_plan *plan, const uint32_t *i, bool split,
                            struct sc_cells *out, struct sc_reject *why, const uint32_t **behind, bool *full) {
  struct sc_slice text = {NULL, 0};
  *behind = NULL;
  if (i == NULL) return reject(why, SC_REASON_ENCODING, "the record is not UTF-8"), 0;
  if (is_at_end(w, i)) return reject(why, SC_REASON_SHAPE, "the record is empty"), 0;
  for (uint32_t n = 0; i != NULL;) {
    uint32_t row = out->n_rows + n;
    *full = row == out->cap_rows && out->n_rows > 0;
    if (*full) return 0;
    if (row == out->cap_rows && !sc_cells_grow(out))
      return reject(why, SC_REASON_LIMIT, "too many JSON documents in one record"), 0;
    i = read_document(w, i, plan->n_payload > 0, &text, why);
    if (i == NULL) return 0;
    fill_row(plan, out, row, text);
    if (n == 0 || plan->n_payload > 0) n++;
    if (is_at_end(w, i)) return *behind = i + 1, n;
    w->fault = (struct sc_json_fault){"more than one JSON document, or something behind it,", w->buf + *i};
    if (!split) i = reject_fault(why, w);
  }
  return 0;
}

uint32_t sc_document_cells_json(struct sc_json_arena *arena, const struct sc_plan *plan,
                                const struct sc_record *records, uint32_t n, bool split, struct sc_cells *out,
                                struct sc_rejects *rejects) {
  struct sc_json_walk w;
  const uint32_t *behind;
  uint32_t i = 0;
  out->n_rows = rejects->n = 0;
  n = sc_json_arena_fill(arena, records, n < out->cap_rows ? n : out->cap_rows, &w);
  for (; i < n && out->n_rows < out->cap_rows; i++) {
    struct sc_reject *why = &rejects->items[rejects->n];
    bool full = false;
    const uint32_t *first = sc_json_arena_begin(arena, &w, i);
    uint32_t rows = read_record(&w, plan, first, split, out, why, &behind, &full);
    sc_json_arena_end(arena, &w, i, behind);
    if (full) break;
    for (uint32_t k = 0; k < rows; k++) out->record[out->n_rows++] = i;
    if (rows > 0) continue;
    why->record = i;
    rejects->n++;
  }
  return i;
}
