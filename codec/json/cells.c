#include "codec/json/cells.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/json/sample.h"
#include "engine/base/buf.h"
#include "engine/base/text.h"
#include "engine/batch.h"
#include "engine/sample.h"

#define GUESS_BYTES 32
#define STRANGER_SHOWN 100
#define EXACT_DIGITS 15 /* a double keeps any number of so many */

/* A column's name as it stands in a record, with its quotes and the colon, to be compared at one go. len 0: cannot be
 * guessed. */
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
  struct sc_json_arena *arena;              /* borrowed */
  struct guess guesses[SC_COLUMNS_MAX + 1]; /* one more that never fits */
};

/* One record on its way. Functions take the token they read at and return the one behind, NULL when walk.fault says why
 * not. */
struct reader {
  struct sc_json_walk walk;
  struct sc_json_cells *state;
  const struct sc_plan *plan;
  struct sc_cell *row;
  uint32_t next; /* the column expected */
  uint64_t unknown;
  bool full; /* the record has more documents than the chunk has rows left */
  enum sc_reason reason;
  const struct sc_column *column;    /* that the fault is about, or NULL */
  unsigned kinds;                    /* of the value that a wider column would hold; 0: none would */
  enum sc_unknown worst;             /* what the unknown keys of the record come to */
  char stranger[STRANGER_SHOWN + 1]; /* the key that is none of the table's, for SC_UNKNOWN_DEAD_LETTER */
};

static const uint32_t *reject_record(struct reader *r, enum sc_reason reason, const char *what, const char *at) {
  r->reason = reason;
  return sc_json_wrong(&r->walk.fault, what, at);
}

static const uint32_t *reject_value(struct reader *r, uint32_t column, enum sc_reason reason, const char *what) {
  r->column = &r->plan->columns[column];
  return reject_record(r, reason, what, NULL);
}

static const uint32_t *wrong(struct reader *r, const char *what, const uint32_t *i) {
  return sc_json_wrong(&r->walk.fault, what, r->walk.buf + *i);
}

static inline char peek(const struct reader *r, const uint32_t *i) { return sc_json_walk_peek(&r->walk, i); }

/* ---- Names ---- */

static void make_guess(struct guess *guess, const struct sc_column *column) {
  *guess = (struct guess){.len = 0, .shape = column->shape, .exact = column->exact};
  if (column->key_len + 3 > GUESS_BYTES) return;
  for (uint32_t i = 0; i < column->key_len; i++)
    if (column->key[i] == '"' || column->key[i] == '\\' || (unsigned char)column->key[i] < 0x20) return;
  guess->len = column->key_len + 3;
  guess->text[0] = guess->text[guess->len - 2] = '"';
  guess->text[guess->len - 1] = ':';
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

/* Whether the text at p is the guess; reads GUESS_BYTES. */
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

/* A key without a column, with its colon at i. One that is null needs none yet. */
static void meet_stranger(struct reader *r, struct sc_slice name, const uint32_t *i) {
  enum sc_unknown what = sc_plan_unknown(r->plan, name);
  if (what == SC_UNKNOWN_ADD && peek(r, i) == ':' && peek(r, i + 1) == 'n') what = SC_UNKNOWN_IGNORE;
  if (what == SC_UNKNOWN_IGNORE) r->unknown++;
  if (what <= r->worst) return;
  r->worst = what;
  size_t len = name.len < STRANGER_SHOWN ? name.len : STRANGER_SHOWN;
  while (len > 0 && len < name.len && ((unsigned char)name.ptr[len] & 0xC0) == 0x80) len--;
  snprintf(r->stranger, sizeof(r->stranger), "%.*s", (int)len, name.ptr);
}

/* A name in a plan without a place for any (to null:), which is counted and no more. */
static inline const uint32_t *read_no_name(struct reader *r, const uint32_t *i) {
  struct sc_slice name;
  char *scratch = r->walk.scratch;
  if (peek(r, i) != '"') return wrong(r, "a name in quotes is missing", i);
  r->unknown++;
  if (sc_json_walk_is_simple(&r->walk, i)) return i + 1;
  i = sc_json_walk_string(&r->walk, i, &name);
  r->walk.scratch = scratch;
  return i;
}

/* A name that is not the expected one. */
static const uint32_t *read_other_name(struct reader *r, const uint32_t *i, int *column) {
  struct sc_slice name;
  char *scratch = r->walk.scratch;
  if (peek(r, i) != '"') return wrong(r, "a name in quotes is missing", i);
  i = sc_json_walk_string(&r->walk, i, &name);
  if (i == NULL) return NULL;
  r->walk.scratch = scratch;
  *column = sc_plan_find(r->plan, name, -1);
  if (*column >= 0) r->next = (uint32_t)*column + 1;
  else meet_stranger(r, name, i);
  return i;
}

/* The name and the colon, up to the value. *column -1: there is none of that name. */
static inline const uint32_t *read_name(struct reader *r, const uint32_t *i, int *column) {
  if (r->state->nameless) {
    *column = -1;
    i = read_no_name(r, i);
  } else if (is_guess(&r->state->guesses[r->next], r->walk.buf + *i)) {
    *column = (int)r->next++;
    return i + 2;
  } else {
    i = read_other_name(r, i, column);
  }
  if (i == NULL) return NULL;
  return peek(r, i) == ':' ? i + 1 : wrong(r, "a colon is missing", i);
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
  if (value == 0 && number->n_digits > 0) return false; /* too small for a double: another number */
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

/* A number of few characters, as most are, into an INTEGER or DOUBLE column. */
static inline bool read_short(struct sc_cell *cell, const char *p, size_t len, enum sc_shape shape) {
  int64_t digits;
  unsigned fraction;
  if (shape > SC_SHAPE_DOUBLE || !sc_json_number_short(p, len, &digits, &fraction)) return false;
  if (shape == SC_SHAPE_INTEGER) {
    if (fraction > 0) return false;
    cell->type = SC_CELL_INT;
    cell->i = digits;
    return true;
  }
  if (digits == 0 && *p == '-') return false;
  cell->type = SC_CELL_DOUBLE;
  cell->d = sc_json_number_short_double(digits, fraction);
  return true;
}

static const uint32_t *read_number(struct reader *r, const uint32_t *i, uint32_t column, enum sc_shape shape) {
  struct sc_json_number number;
  struct sc_cell *cell = &r->row[column];
  const char *p = r->walk.buf + *i++;
  if (read_short(cell, p, (size_t)(r->walk.buf + *i - p), shape)) return i;
  const char *behind = sc_json_number_scan(p, r->walk.end, &number);
  if (behind == NULL) return wrong(r, "a malformed number", i - 1);
  if (!sc_json_walk_ends(&r->walk, behind, i)) return NULL;
  if (shape == SC_SHAPE_INTEGER && set_int(cell, &number)) return i;
  if (shape == SC_SHAPE_DOUBLE && number.n_digits > EXACT_DIGITS && r->state->guesses[column].exact &&
      !is_exact(r, &number, p, behind))
    return reject_value(r, column, SC_REASON_RANGE, "the number has more digits than double precision keeps");
  if (shape == SC_SHAPE_DOUBLE && set_double(cell, &number, p, behind)) return i;
  if (shape == SC_SHAPE_BOOL) {
    if (number.plain && set_int(cell, &number)) return i;
    if (!number.plain && number.n_digits <= SC_JSON_DOUBLE_DIGITS && set_double(cell, &number, p, behind)) return i;
  }
  if (shape == SC_SHAPE_JSON && !sc_json_number_fits_numeric(&number))
    return reject_value(r, column, SC_REASON_RANGE, "the number is out of range for numeric");
  set_text(cell, shape == SC_SHAPE_JSON ? SC_CELL_JSON : SC_CELL_NUMBER, p, behind);
  return i;
}

/* A value that goes out as JSON text. */
static const uint32_t *read_json(struct reader *r, const uint32_t *i, uint32_t column) {
  struct sc_json_seen seen = {false, false};
  const char *p = r->walk.buf + *i, *end;
  i = sc_json_walk_value(&r->walk, i, &seen, &end);
  if (i == NULL) return NULL;
  if (seen.nul) return reject_value(r, column, SC_REASON_NUL, "\\u0000 cannot be stored");
  if (seen.too_large) return reject_value(r, column, SC_REASON_RANGE, "a number in it is out of range for numeric");
  set_text(&r->row[column], SC_CELL_JSON, p, end);
  return i;
}

static const uint32_t *read_literal(struct reader *r, const uint32_t *i, uint32_t column, enum sc_shape shape) {
  const char *p = r->walk.buf + *i, *end = sc_json_literal_end(p);
  struct sc_cell *cell = &r->row[column];
  if (end == NULL) return wrong(r, "no JSON value", i);
  if (!sc_json_walk_ends(&r->walk, end, i + 1)) return NULL;
  cell->type = SC_CELL_NULL;
  if (*p == 'n') return i + 1;
  cell->type = SC_CELL_BOOL;
  cell->i = *p == 't';
  if (shape == SC_SHAPE_JSON) set_text(cell, SC_CELL_JSON, p, end);
  return i + 1;
}

static inline const uint32_t *read_value(struct reader *r, const uint32_t *i, uint32_t column) {
  enum sc_shape shape = r->state->guesses[column].shape;
  char c = peek(r, i);
  if (c == '"' && shape != SC_SHAPE_JSON) {
    struct sc_slice text;
    i = sc_json_walk_string(&r->walk, i, &text);
    if (i != NULL) set_text(&r->row[column], SC_CELL_STRING, text.ptr, text.ptr + text.len);
    return i;
  }
  if (c == '-' || (c >= '0' && c <= '9')) return read_number(r, i, column, shape);
  if (c == '{' || c == '[' || c == '"') return read_json(r, i, column);
  return read_literal(r, i, column, shape);
}

/* ---- Records ---- */

static inline const uint32_t *read_member(struct reader *r, const uint32_t *i) {
  struct sc_json_seen seen = {false, false};
  const char *end;
  int column;
  i = read_name(r, i, &column);
  if (i == NULL) return NULL;
  if (column >= 0) return read_value(r, i, (uint32_t)column);
  if (sc_json_walk_is_simple(&r->walk, i)) return i + 1;
  return sc_json_walk_value(&r->walk, i, &seen, &end);
}

/* i is behind the opening bracket. */
static const uint32_t *read_members(struct reader *r, const uint32_t *i) {
  if (peek(r, i) == '}') return i + 1;
  for (;;) {
    i = read_member(r, i);
    if (i == NULL) return NULL;
    char c = peek(r, i);
    if (c == '}') return i + 1;
    if (c != ',') return wrong(r, "a comma or a closing bracket is missing", i);
    i++;
  }
}

/* A record or document that does not begin with a bracket. */
static const uint32_t *reject_other(struct reader *r, const uint32_t *i) {
  const char *p = r->walk.buf + *i, *end = r->walk.end;
  if (p >= end) return reject_record(r, SC_REASON_SHAPE, "the record is empty", NULL);
  struct sc_slice text = sc_text_trim(sc_slice_of(p, (size_t)(end - p)));
  char c = *p;
  if (c == '[') return reject_record(r, SC_REASON_SHAPE, "the record is a JSON array, not an object", NULL);
  if (c == '"') return reject_record(r, SC_REASON_SHAPE, "the record is a JSON string, not an object", NULL);
  if (c == '-' || (c >= '0' && c <= '9'))
    return reject_record(r, SC_REASON_SHAPE, "the record is a number, not an object", NULL);
  if (sc_slice_is(text, "null")) return reject_record(r, SC_REASON_SHAPE, "the record is null, not an object", NULL);
  if (sc_slice_is(text, "true") || sc_slice_is(text, "false"))
    return reject_record(r, SC_REASON_SHAPE, "the record is true or false, not an object", NULL);
  if (sc_slice_starts(text, "\xef\xbb\xbf"))
    return reject_record(r, SC_REASON_SYNTAX, "the record begins with a byte order mark, which JSON does not allow",
                         NULL);
  if (memchr(text.ptr, '\t', text.len) != NULL)
    return reject_record(r, SC_REASON_SYNTAX, "the record is tab-separated text, not JSON", NULL);
  return wrong(r, "no JSON value", i);
}

/* The cells of document n of the record. False: the chunk ends before the record (then it is full), or it has too
 * many. */
static bool begin_row(struct reader *r, struct sc_cells *out, uint32_t n) {
  uint32_t row = out->n_rows + n;
  if (row == out->cap_rows) {
    r->full = out->n_rows > 0;
    if (r->full || !sc_cells_grow(out)) {
      reject_record(r, SC_REASON_LIMIT, "too many JSON documents in one record", NULL);
      return false;
    }
  }
  r->row = out->cells + (size_t)row * out->n_columns;
  if (out->n_columns > 0) memset(r->row, 0, out->n_columns * sizeof(*r->row));
  r->next = 0;
  return true;
}

/* The record's documents, from token i on, into the rows behind those of out; how many, 0 when the record is to be
 * rejected or the chunk is full. Without a payload column all documents are one row. *behind: as sc_json_arena_end
 * wants it. */
static uint32_t read_record(struct reader *r, struct sc_cells *out, const uint32_t *i, const uint32_t **behind) {
  *behind = NULL;
  if (i == NULL) return reject_record(r, SC_REASON_ENCODING, "the record is not UTF-8", NULL), 0;
  for (uint32_t n = 0; begin_row(r, out, n);) {
    if (peek(r, i) != '{') return reject_other(r, i), 0;
    i = read_members(r, i + 1);
    if (i == NULL) return 0;
    if (n == 0 || r->plan->n_payload > 0) n++;
    if (r->walk.buf + *i >= r->walk.end) return *behind = i + 1, n;
    if (!r->state->split) return wrong(r, "more than one JSON document, or something behind it,", i), 0;
  }
  return 0;
}

static void fill_reason(const struct reader *r, struct sc_reject *out) {
  const struct sc_json_fault *fault = &r->walk.fault;
  bool deep = fault->what == sc_json_too_deep;
  out->reason = deep ? SC_REASON_LIMIT : r->reason;
  if (r->column != NULL) snprintf(out->text, sizeof(out->text), "column \"%s\": %s", r->column->name, fault->what);
  else if (fault->at == NULL) snprintf(out->text, sizeof(out->text), "%s", fault->what);
  else
    snprintf(out->text, sizeof(out->text), "%s%s at byte %zu", deep ? "" : "not JSON: ", fault->what,
             sc_json_walk_fault_at(&r->walk));
}

static void fill_reject(const struct reader *r, struct sc_reject *out) {
  out->request = SC_REQUEST_NONE;
  out->column = r->column != NULL ? (uint32_t)(r->column - r->plan->columns) : SC_NO_COLUMN;
  out->value[0] = '\0';
  if (r->walk.fault.what == NULL) {
    out->request = r->worst == SC_UNKNOWN_ADD ? SC_REQUEST_COLUMN : SC_REQUEST_NONE;
    out->reason = SC_REASON_UNKNOWN_KEY;
    snprintf(out->text, sizeof(out->text), "key \"%s\" has no column", r->stranger);
    return;
  }
  fill_reason(r, out);
  if (r->column == NULL || r->kinds == 0) return;
  out->request = SC_REQUEST_TYPE;
  out->kinds = r->kinds;
}

/* Record k; how many rows it is, 0: none. */
static uint32_t rows_of(struct reader *r, struct sc_cells *out, uint32_t k) {
  const uint32_t *behind;
  r->reason = SC_REASON_SYNTAX;
  r->column = NULL;
  r->kinds = 0;
  r->worst = SC_UNKNOWN_IGNORE;
  uint32_t n = read_record(r, out, sc_json_arena_begin(r->state->arena, &r->walk, k), &behind);
  sc_json_arena_end(r->state->arena, &r->walk, k, behind);
  return r->worst == SC_UNKNOWN_IGNORE ? n : 0;
}

uint32_t sc_json_cells_decode(struct sc_json_cells *cells, const struct sc_plan *plan, const struct sc_record *records,
                              uint32_t n, struct sc_cells *out, struct sc_rejects *rejects, uint64_t *unknown) {
  struct reader r = {.state = cells, .plan = plan};
  uint32_t i = 0;
  bool requests = false;
  make_guesses(cells, plan);
  out->n_rows = rejects->n = 0;
  /* There is a reject for each row at most. */
  n = sc_json_arena_fill(cells->arena, records, n < out->cap_rows ? n : out->cap_rows, &r.walk);
  for (; i < n && out->n_rows < out->cap_rows && !requests; i++) {
    uint64_t unknown_before = r.unknown;
    uint32_t rows = rows_of(&r, out, i);
    if (r.full) {
      r.unknown = unknown_before;
      break;
    }
    for (uint32_t k = 0; k < rows; k++) out->record[out->n_rows++] = i;
    if (rows > 0) continue;
    struct sc_reject *reject = &rejects->items[rejects->n++];
    reject->record = i;
    fill_reject(&r, reject);
    requests = reject->request == SC_REQUEST_COLUMN;
  }
  *unknown += r.unknown;
  return i;
}

void sc_json_cells_split(struct sc_json_cells *cells, bool split) { cells->split = split; }

struct sc_json_cells *sc_json_cells_new(struct sc_json_arena *arena) {
  struct sc_json_cells *cells = sc_alloc_zero(1, sizeof(*cells));
  cells->arena = arena;
  return cells;
}

void sc_json_cells_free(struct sc_json_cells *cells) { free(cells); }

size_t sc_json_cells_bytes(void) { return sizeof(struct sc_json_cells); }
