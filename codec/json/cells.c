#include "codec/json/cells.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/json/sample.h"
#include "codec/json/skip.h"
#include "codec/text/utf8.h"
#include "engine/base/buf.h"
#include "engine/base/metrics.h"
#include "engine/base/text.h"

#define SCRATCH_MIN ((size_t)64 << 10)
#define GUESS_BYTES 32
#define STRANGER_SHOWN 100
#define EXACT_DIGITS 15 /* a double keeps any number of so many */

/* A column's name as it stands in a record, with its quotes, to be compared at one go. len 0: cannot be guessed. */
struct guess {
  char text[GUESS_BYTES];
  uint32_t len;
  enum sc_shape shape;
  bool exact;
};

struct sc_json_cells {
  const struct sc_plan *plan; /* the guesses are of this one */
  uint32_t generation;
  bool nameless; /* the plan has no column for any key, nor wants one */
  bool split;
  char *scratch;
  size_t scratch_used, scratch_cap;
  struct guess guesses[SC_COLUMNS_MAX + 1]; /* one more that never fits */
};

/* One record on its way. Functions take the place they read at and return the one behind, NULL when fault says why
 * not. */
struct reader {
  struct sc_json_cells *state;
  const struct sc_plan *plan;
  struct sc_cell *row;
  const char *end;
  uint32_t next; /* the column expected */
  uint64_t unknown;
  bool full; /* the record has more documents than the chunk has rows left */
  struct sc_json_fault fault;
  const char *sqlstate;
  const struct sc_column *column;    /* that the fault is about, or NULL */
  unsigned kinds;                    /* of the value that a wider column would hold; 0: none would */
  enum sc_unknown worst;             /* what the unknown keys of the record come to */
  char stranger[STRANGER_SHOWN + 1]; /* the key that is none of the table's, for SC_UNKNOWN_DEAD_LETTER */
};

static const char *reject_record(struct reader *r, const char *sqlstate, const char *what, const char *at) {
  r->sqlstate = sqlstate;
  return sc_json_wrong(&r->fault, what, at);
}

static const char *reject_value(struct reader *r, uint32_t column, const char *sqlstate, const char *what) {
  r->column = &r->plan->columns[column];
  return reject_record(r, sqlstate, what, NULL);
}

/* ---- Names ---- */

static void make_guess(struct guess *guess, const struct sc_column *column) {
  *guess = (struct guess){.len = 0, .shape = column->shape, .exact = column->exact};
  if (column->key_len + 2 > GUESS_BYTES) return;
  for (uint32_t i = 0; i < column->key_len; i++)
    if (column->key[i] == '"' || column->key[i] == '\\' || (unsigned char)column->key[i] < 0x20) return;
  guess->len = column->key_len + 2;
  guess->text[0] = guess->text[guess->len - 1] = '"';
  if (column->key_len > 0) memcpy(guess->text + 1, column->key, column->key_len);
}

static void make_guesses(struct sc_json_cells *state, const struct sc_plan *plan) {
  if (state->plan == plan && state->generation == plan->generation) return;
  state->plan = plan;
  state->generation = plan->generation;
  state->nameless = plan->n_payload == 0 && plan->unknown == SC_UNKNOWN_IGNORE;
  for (uint32_t i = 0; i < plan->n_payload; i++) make_guess(&state->guesses[i], &plan->columns[i]);
  state->guesses[plan->n_payload].len = 0;
}

/* Whether the text at p is the guess, quotes included; reads GUESS_BYTES. */
static inline bool is_guess(const struct guess *guess, const char *p) {
#if defined(__SSE2__)
  const __m128i *a = (const __m128i *)(const void *)p, *b = (const __m128i *)(const void *)guess->text;
  uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(a), _mm_loadu_si128(b)));
  uint32_t high = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(a + 1), _mm_loadu_si128(b + 1)));
  uint64_t wanted = (UINT64_C(1) << guess->len) - 1;
  return guess->len != 0 && (~(low | high << 16) & wanted) == 0;
#else
  return guess->len != 0 && memcmp(p, guess->text, guess->len) == 0;
#endif
}

/* What is unescaped of a record never takes more room than the record: decode made sure that this much is left. */
static bool unescape(struct reader *r, struct sc_slice *text) {
  char *to = r->state->scratch + r->state->scratch_used;
  size_t len;
  if (!sc_json_string_unescape(text->ptr, text->len, to, &len)) return false;
  r->state->scratch_used += len;
  *text = sc_slice_of(to, len);
  return true;
}

static const char *read_string(struct reader *r, const char *p, struct sc_slice *out) {
  bool plain;
  const char *close = sc_json_string_end(p + 1, r->end, &plain);
  if (close == NULL) return reject_record(r, "22P02", "a string without end or with a control character", p);
  *out = sc_slice_of(p + 1, (size_t)(close - p) - 1);
  if (!plain && !unescape(r, out))
    return reject_record(r, "22P02", "a string with a wrong escape or half a surrogate pair", p);
  return close + 1;
}

/* p is behind a name: is null its value? */
static bool is_null_next(const struct reader *r, const char *p) {
  p = sc_json_skip_blanks(p, r->end);
  return sc_json_peek(p, r->end) == ':' && sc_json_peek(sc_json_skip_blanks(p + 1, r->end), r->end) == 'n';
}

/* A key without a column. One that is null needs none yet. */
static void meet_stranger(struct reader *r, struct sc_slice name, const char *behind) {
  enum sc_unknown what = sc_plan_unknown(r->plan, name);
  if (what == SC_UNKNOWN_ADD && is_null_next(r, behind)) what = SC_UNKNOWN_IGNORE;
  if (what == SC_UNKNOWN_IGNORE) r->unknown++;
  if (what <= r->worst) return;
  r->worst = what;
  size_t len = name.len < STRANGER_SHOWN ? name.len : STRANGER_SHOWN;
  while (len > 0 && len < name.len && ((unsigned char)name.ptr[len] & 0xC0) == 0x80) len--;
  snprintf(r->stranger, sizeof(r->stranger), "%.*s", (int)len, name.ptr);
}

/* A name in a plan without a place for any (to null:), which is counted and no more. */
static const char *read_no_name(struct reader *r, const char *p, int *column) {
  struct sc_json_seen seen = {false, false};
  if (sc_json_peek(p, r->end) != '"') return reject_record(r, "22P02", "a name in quotes is missing", p);
  *column = -1;
  r->unknown++;
  return sc_json_skip_string(p, r->end, &seen, &r->fault);
}

/* A name that is not the expected one. */
static const char *read_other_name(struct reader *r, const char *p, int *column) {
  struct sc_slice name;
  size_t scratch_used = r->state->scratch_used;
  if (sc_json_peek(p, r->end) != '"') return reject_record(r, "22P02", "a name in quotes is missing", p);
  p = read_string(r, p, &name);
  if (p == NULL) return NULL;
  r->state->scratch_used = scratch_used;
  *column = sc_plan_find(r->plan, name, -1);
  if (*column >= 0) r->next = (uint32_t)*column + 1;
  else meet_stranger(r, name, p);
  return p;
}

/* The name and the colon, up to the value. *column -1: there is none of that name. */
static inline const char *read_name(struct reader *r, const char *p, int *column) {
  const struct guess *guess = &r->state->guesses[r->next];
  if (is_guess(guess, p)) {
    *column = (int)r->next++;
    p += guess->len;
  } else {
    p = r->state->nameless ? read_no_name(r, p, column) : read_other_name(r, p, column);
    if (p == NULL) return NULL;
  }
  p = sc_json_skip_blanks(p, r->end);
  if (sc_json_peek(p, r->end) != ':') return reject_record(r, "22P02", "a colon is missing", p);
  return sc_json_skip_blanks(p + 1, r->end);
}

/* ---- Values ---- */

static void set_text(struct sc_cell *cell, enum sc_cell_type type, const char *ptr, const char *end) {
  cell->type = type;
  cell->len = (uint32_t)(end - ptr);
  cell->ptr = ptr;
}

static bool set_int(struct sc_cell *cell, const struct sc_json_number *number) {
  int64_t value;
  if (!sc_json_number_to_i64(number, &value)) return false;
  cell->type = SC_CELL_INT;
  cell->i = value;
  return true;
}

static bool set_double(struct sc_cell *cell, const struct sc_json_number *number, const char *text, const char *end) {
  double value;
  if (!sc_json_number_to_double(number, text, (size_t)(end - text), &value)) return false;
  cell->type = SC_CELL_DOUBLE;
  cell->d = value;
  return true;
}

/* Whether double precision gives back the number that was written; else numeric is requested. */
static bool is_exact(struct reader *r, const struct sc_json_number *number, const char *p, const char *behind) {
  unsigned kind = sc_json_kind_of_number(number, p, (size_t)(behind - p));
  if (kind & (SC_KIND_INTEGER | SC_KIND_FRACTION)) return true;
  r->kinds = kind;
  return false;
}

static const char *read_number(struct reader *r, const char *p, uint32_t column, enum sc_shape shape) {
  struct sc_json_number number;
  struct sc_cell *cell = &r->row[column];
  const char *behind = sc_json_skip_number(p, r->end, &number, &r->fault);
  if (behind == NULL) return NULL;
  if (shape == SC_SHAPE_INTEGER && set_int(cell, &number)) return behind;
  if (shape == SC_SHAPE_DOUBLE && number.n_digits > EXACT_DIGITS && r->state->guesses[column].exact &&
      !is_exact(r, &number, p, behind))
    return reject_value(r, column, "22003", "the number has more digits than double precision keeps");
  if (shape == SC_SHAPE_DOUBLE && set_double(cell, &number, p, behind)) return behind;
  if (shape == SC_SHAPE_BOOL) {
    if (number.plain && set_int(cell, &number)) return behind;
    if (!number.plain && number.n_digits <= SC_JSON_DOUBLE_DIGITS && set_double(cell, &number, p, behind))
      return behind;
  }
  if (shape == SC_SHAPE_JSON && !sc_json_number_fits_numeric(&number))
    return reject_value(r, column, "22003", "the number is out of range for numeric");
  set_text(cell, shape == SC_SHAPE_JSON ? SC_CELL_JSON : SC_CELL_NUMBER, p, behind);
  return behind;
}

/* A value that goes out as JSON text. */
static const char *read_json(struct reader *r, const char *p, uint32_t column) {
  struct sc_json_seen seen = {false, false};
  const char *behind = sc_json_skip(p, r->end, &seen, &r->fault);
  if (behind == NULL) return NULL;
  if (seen.nul) return reject_value(r, column, "22P05", "\\u0000 cannot be stored");
  if (seen.too_large) return reject_value(r, column, "22003", "a number in it is out of range for numeric");
  set_text(&r->row[column], SC_CELL_JSON, p, behind);
  return behind;
}

static const char *read_literal(struct reader *r, const char *p, uint32_t column, enum sc_shape shape) {
  const char *behind = sc_json_skip_literal(p, r->end, &r->fault);
  struct sc_cell *cell = &r->row[column];
  if (behind == NULL) return NULL;
  cell->type = SC_CELL_NULL;
  if (*p == 'n') return behind;
  cell->type = SC_CELL_BOOL;
  cell->i = *p == 't';
  if (shape == SC_SHAPE_JSON) set_text(cell, SC_CELL_JSON, p, behind);
  return behind;
}

static inline const char *read_value(struct reader *r, const char *p, uint32_t column) {
  enum sc_shape shape = r->state->guesses[column].shape;
  char c = sc_json_peek(p, r->end);
  if (c == '"' && shape != SC_SHAPE_JSON) {
    struct sc_slice text;
    p = read_string(r, p, &text);
    if (p != NULL) set_text(&r->row[column], SC_CELL_STRING, text.ptr, text.ptr + text.len);
    return p;
  }
  if (c == '-' || (c >= '0' && c <= '9')) return read_number(r, p, column, shape);
  if (c == '{' || c == '[' || c == '"') return read_json(r, p, column);
  return read_literal(r, p, column, shape);
}

/* ---- Records ---- */

static inline const char *read_member(struct reader *r, const char *p) {
  struct sc_json_seen seen = {false, false};
  int column;
  p = read_name(r, p, &column);
  if (p == NULL) return NULL;
  if (column >= 0) return read_value(r, p, (uint32_t)column);
  return sc_json_skip(p, r->end, &seen, &r->fault);
}

static const char *read_members(struct reader *r, const char *p) {
  p = sc_json_skip_blanks(p, r->end);
  if (sc_json_peek(p, r->end) == '}') return p + 1;
  for (;;) {
    p = read_member(r, p);
    if (p == NULL) return NULL;
    p = sc_json_skip_blanks(p, r->end);
    char c = sc_json_peek(p, r->end);
    if (c == '}') return p + 1;
    if (c != ',') return reject_record(r, "22P02", "a comma or a closing bracket is missing", p);
    p = sc_json_skip_blanks(p + 1, r->end);
  }
}

static const char *reject_other(struct reader *r, const char *p) {
  char c = sc_json_peek(p, r->end);
  struct sc_slice text = sc_text_trim(sc_slice_of(p, (size_t)(r->end - p)));
  if (p == r->end) return reject_record(r, "22023", "the record is empty", NULL);
  if (c == '[') return reject_record(r, "22023", "the record is a JSON array, not an object", NULL);
  if (c == '"') return reject_record(r, "22023", "the record is a JSON string, not an object", NULL);
  if (c == '-' || (c >= '0' && c <= '9'))
    return reject_record(r, "22023", "the record is a number, not an object", NULL);
  if (sc_slice_is(text, "null")) return reject_record(r, "22023", "the record is null, not an object", NULL);
  if (sc_slice_is(text, "true") || sc_slice_is(text, "false"))
    return reject_record(r, "22023", "the record is true or false, not an object", NULL);
  if (sc_slice_starts(text, "\xef\xbb\xbf"))
    return reject_record(r, "22P02", "the record begins with a byte order mark, which JSON does not allow", NULL);
  if (memchr(text.ptr, '\t', text.len) != NULL)
    return reject_record(r, "22P02", "the record is tab-separated text, not JSON", NULL);
  return reject_record(r, "22P02", "no JSON value", p);
}

/* One document; what is behind the blanks behind it. */
static const char *read_document(struct reader *r, const char *p) {
  if (sc_json_peek(p, r->end) != '{') return reject_other(r, p);
  p = read_members(r, p + 1);
  return p == NULL ? NULL : sc_json_skip_blanks(p, r->end);
}

/* The cells of document n of the record. False: the chunk ends before the record (then it is full), or it has too
 * many. */
static bool begin_row(struct reader *r, struct sc_cells *out, uint32_t n) {
  uint32_t row = out->n_rows + n;
  if (row == out->cap_rows) {
    r->full = out->n_rows > 0;
    if (r->full || !sc_cells_grow(out)) {
      reject_record(r, "54000", "too many JSON documents in one record", NULL);
      return false;
    }
  }
  r->row = out->cells + (size_t)row * out->n_columns;
  if (out->n_columns > 0) memset(r->row, 0, out->n_columns * sizeof(*r->row));
  r->next = 0;
  return true;
}

/* Into the rows behind those of out; how many, 0 when the record is to be rejected or the chunk is full. Without a
 * payload column all documents are one row. */
static uint32_t read_record(struct reader *r, struct sc_cells *out, struct sc_slice data) {
  const char *p = sc_json_skip_blanks(data.ptr, r->end);
  if (data.len > UINT32_MAX) return reject_record(r, "54000", "the record is too large", NULL), 0;
  if (!sc_utf8_valid(data.ptr, data.len)) return reject_record(r, "22021", "the record is not UTF-8", NULL), 0;
  for (uint32_t n = 0; begin_row(r, out, n);) {
    p = read_document(r, p);
    if (p == NULL) return 0;
    if (n == 0 || r->plan->n_payload > 0) n++;
    if (p == r->end) return n;
    if (!r->state->split)
      return reject_record(r, "22P02", "more than one JSON document, or something behind it,", p), 0;
  }
  return 0;
}

static void fill_reason(const struct reader *r, const struct sc_record *record, struct sc_reject *out) {
  const struct sc_json_fault *fault = &r->fault;
  bool deep = fault->what == sc_json_too_deep;
  snprintf(out->sqlstate, sizeof(out->sqlstate), "%s", deep ? "54000" : r->sqlstate);
  if (r->column != NULL) snprintf(out->reason, sizeof(out->reason), "column \"%s\": %s", r->column->name, fault->what);
  else if (fault->at == NULL) snprintf(out->reason, sizeof(out->reason), "%s", fault->what);
  else
    snprintf(out->reason, sizeof(out->reason), "%s%s at byte %zu", deep ? "" : "not JSON: ", fault->what,
             (size_t)(fault->at - record->data.ptr));
}

static void fill_reject(const struct reader *r, const struct sc_record *record, struct sc_reject *out) {
  out->request = SC_REQUEST_NONE;
  if (r->fault.what == NULL) {
    out->request = r->worst == SC_UNKNOWN_ADD ? SC_REQUEST_COLUMN : SC_REQUEST_NONE;
    snprintf(out->sqlstate, sizeof(out->sqlstate), "42703");
    snprintf(out->reason, sizeof(out->reason), "key \"%s\" has no column", r->stranger);
    return;
  }
  fill_reason(r, record, out);
  if (r->column == NULL || r->kinds == 0) return;
  out->request = SC_REQUEST_TYPE;
  out->column = (uint32_t)(r->column - r->plan->columns);
  out->kinds = r->kinds;
}

/* One record; how many rows it is, 0: none. */
static uint32_t rows_of(struct reader *r, struct sc_cells *out, struct sc_slice data) {
  r->fault = (struct sc_json_fault){.what = NULL};
  r->sqlstate = "22P02";
  r->column = NULL;
  r->kinds = 0;
  r->worst = SC_UNKNOWN_IGNORE;
  r->end = data.ptr + data.len;
  uint32_t n = read_record(r, out, data);
  return r->worst == SC_UNKNOWN_IGNORE ? n : 0;
}

/* Room for all that may be unescaped of the record. False: the chunk ends before it. */
static bool make_room(struct sc_json_cells *state, struct sc_slice data) {
  if (state->scratch_cap - state->scratch_used >= data.len) return true;
  if (state->scratch_used > 0) return memchr(data.ptr, '\\', data.len) == NULL;
  state->scratch = sc_realloc(state->scratch, data.len);
  state->scratch_cap = data.len;
  sc_metric_add(sc_metrics_mine(), SC_M_DATA_PATH_ALLOCS, 1);
  return true;
}

/* Records of a chunk, beside its rows: there is a reject for each at most. */
static bool may_go_on(uint32_t record, const struct sc_cells *out) {
  return record < SC_CHUNK_ROWS && record < out->cap_rows && out->n_rows < out->cap_rows;
}

uint32_t sc_json_cells_decode(struct sc_json_cells *cells, const struct sc_plan *plan, const struct sc_record *records,
                              uint32_t n, struct sc_cells *out, struct sc_rejects *rejects, uint64_t *unknown) {
  struct reader r = {.state = cells, .plan = plan};
  uint32_t i = 0;
  bool requests = false;
  make_guesses(cells, plan);
  cells->scratch_used = 0;
  out->n_rows = rejects->n = 0;
  for (; i < n && may_go_on(i, out) && !requests && make_room(cells, records[i].data); i++) {
    uint64_t unknown_before = r.unknown;
    uint32_t rows = rows_of(&r, out, records[i].data);
    if (r.full) {
      r.unknown = unknown_before;
      break;
    }
    for (uint32_t k = 0; k < rows; k++) out->record[out->n_rows++] = i;
    if (rows > 0) continue;
    struct sc_reject *reject = &rejects->items[rejects->n++];
    reject->record = i;
    fill_reject(&r, &records[i], reject);
    requests = reject->request == SC_REQUEST_COLUMN;
  }
  *unknown += r.unknown;
  return i;
}

void sc_json_cells_split(struct sc_json_cells *cells, bool split) { cells->split = split; }

struct sc_json_cells *sc_json_cells_new(size_t largest_record_bytes) {
  struct sc_json_cells *cells = sc_alloc_zero(1, sizeof(*cells));
  cells->scratch_cap = largest_record_bytes < SCRATCH_MIN ? SCRATCH_MIN : largest_record_bytes;
  cells->scratch = sc_alloc(cells->scratch_cap);
  return cells;
}

void sc_json_cells_free(struct sc_json_cells *cells) {
  if (cells == NULL) return;
  free(cells->scratch);
  free(cells);
}

size_t sc_json_cells_bytes(size_t largest_record_bytes) {
  return sizeof(struct sc_json_cells) + (largest_record_bytes < SCRATCH_MIN ? SCRATCH_MIN : largest_record_bytes);
}
