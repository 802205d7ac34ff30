/* Payloads to cells against simdjson's DOM. The first byte of the input chooses the shapes of the columns; the rest is
 * a record between two good ones, whose rows must not be touched by it. */
#include <math.h>

#include "codec/json/cells.h"
#include "codec/json/doc.h"
#include "codec/json/sample.h"
#include "engine/sample.h"
#include "tests/fuzz/fuzz.h"

#define COLUMNS 6
static const char *const keys[COLUMNS] = {"a",    "b",        "sensor",
                                          "d\"e", "\xc3\xa9", "a key of more than thirty-two bytes"};

static struct sc_jsondoc *document(int which) {
  static struct sc_jsondoc *docs[2];
  if (docs[which] == NULL) docs[which] = sc_jsondoc_new();
  return docs[which];
}

static struct sc_plan *plan_of(uint8_t choice) {
  static struct sc_plan *plans[256];
  if (plans[choice] != NULL) return plans[choice];
  struct sc_plan *plan = sc_plan_new(1, COLUMNS + 1);
  for (unsigned i = 0; i < COLUMNS; i++)
    sc_plan_add(plan, sc_slice_str("column"), SC_ROLE_PAYLOAD, sc_slice_str(keys[i]))->shape =
        (enum sc_shape)((choice + i * (1 + choice / 6u)) % (SC_SHAPE_JSON + 1));
  sc_plan_add(plan, sc_slice_str("metadata"), SC_ROLE_SHARD, sc_slice_str(""));
  sc_plan_seal(plan);
  return plans[choice] = plan;
}

static struct sc_json last_of(struct sc_json object, const char *name) {
  struct sc_json_iter it = sc_json_walk(object);
  struct sc_slice key;
  struct sc_json value, last = {NULL, 0};
  while (sc_json_next(&it, &key, &value))
    if (sc_slice_is(key, name)) last = value;
  return last;
}

/* Both are the same value: of the same kind, with the same members. */
static bool same_json(struct sc_json a, struct sc_json b) {
  struct sc_slice s, t, key_a, key_b;
  struct sc_json x, y;
  double d, e;
  if (sc_json_kind(a) != sc_json_kind(b)) return false;
  if (sc_json_str(a, &s)) return sc_json_str(b, &t) && sc_slice_equals(s, t);
  if (sc_json_double(a, &d)) return sc_json_double(b, &e) && d == e;
  struct sc_json_iter ia = sc_json_walk(a), ib = sc_json_walk(b);
  while (sc_json_next(&ia, &key_a, &x))
    if (!sc_json_next(&ib, &key_b, &y) || !sc_slice_equals(key_a, key_b) || !same_json(x, y)) return false;
  return !sc_json_next(&ib, &key_b, &y);
}

static void check_number(struct sc_json value, const struct sc_cell *cell, enum sc_shape shape) {
  double d = 0;
  int64_t i;
  CHECK(sc_json_double(value, &d));
  bool whole = sc_json_i64(value, &i);
  if (cell->type == SC_CELL_INT) CHECK(whole ? cell->i == i : (double)cell->i == d);
  if (cell->type == SC_CELL_DOUBLE) CHECK(cell->d == d && isfinite(cell->d));
  if (cell->type == SC_CELL_NUMBER) {
    struct sc_json again;
    CHECK(sc_jsondoc_check(document(1), sc_slice_of(cell->ptr, cell->len), &again) == NULL && same_json(value, again));
  }
  if (shape == SC_SHAPE_INTEGER && whole) CHECK(cell->type == SC_CELL_INT);
  if (shape == SC_SHAPE_DOUBLE) CHECK(cell->type == SC_CELL_DOUBLE);
  if (shape == SC_SHAPE_NUMERIC || shape == SC_SHAPE_TEXT) CHECK(cell->type == SC_CELL_NUMBER);
  CHECK(cell->type == SC_CELL_INT || cell->type == SC_CELL_DOUBLE || cell->type == SC_CELL_NUMBER);
}

static void check_cell(struct sc_json value, const struct sc_cell *cell, enum sc_shape shape) {
  struct sc_slice text;
  struct sc_json again;
  bool truth;
  enum sc_json_kind kind = sc_json_kind(value);
  if (kind == SC_JSON_NONE) {
    CHECK(cell->type == SC_CELL_ABSENT);
  } else if (kind == SC_JSON_NULL) {
    CHECK(cell->type == SC_CELL_NULL);
  } else if (shape == SC_SHAPE_JSON || kind == SC_JSON_OBJECT || kind == SC_JSON_ARRAY) {
    CHECK(cell->type == SC_CELL_JSON);
    CHECK(sc_jsondoc_check(document(1), sc_slice_of(cell->ptr, cell->len), &again) == NULL && same_json(value, again));
  } else if (sc_json_str(value, &text)) {
    CHECK(cell->type == SC_CELL_STRING && sc_slice_equals(text, sc_slice_of(cell->ptr, cell->len)));
  } else if (sc_json_bool(value, &truth)) {
    CHECK(cell->type == SC_CELL_BOOL && cell->i == truth);
  } else {
    check_number(value, cell, shape);
  }
}

static void check_row(struct sc_json root, const struct sc_plan *plan, const struct sc_cell *row) {
  CHECK(sc_json_kind(root) == SC_JSON_OBJECT);
  for (unsigned i = 0; i < COLUMNS; i++) check_cell(last_of(root, keys[i]), &row[i], plan->columns[i].shape);
  CHECK(row[COLUMNS].type == SC_CELL_ABSENT);
}

static uint64_t count_unknown(struct sc_json root) {
  struct sc_json_iter it = sc_json_walk(root);
  struct sc_slice key;
  struct sc_json value;
  uint64_t n = 0;
  while (sc_json_next(&it, &key, &value)) {
    bool known = false;
    for (unsigned i = 0; i < COLUMNS; i++) known = known || sc_slice_is(key, keys[i]);
    n += !known;
  }
  return n;
}

/* Errors of simdjson that are none of ours: it refuses integers beyond 64 bits and doubles beyond their range, and more
 * depth. simdjson 3.0 calls a large integer a number, 3.12 a "Big integer". */
static bool ours_is_wider(const char *fault) {
  return strstr(fault, "number") != NULL || strstr(fault, "Big integer") != NULL || strstr(fault, "deep") != NULL;
}

#define RECORDS 3 /* the second is the input */
static const char neighbour[] = "{\"unknown\":\"x\\n\",\"a\":{\"b\":[1,\"\\u0041\"]}}";

struct decoded {
  struct sc_cell row[RECORDS][COLUMNS + 1];
  uint32_t record[RECORDS];
  struct sc_reject reject[RECORDS];
  struct sc_cells cells;
  struct sc_rejects rejects;
  uint64_t unknown;
};

/* The neighbours' rows are there and right. Returns the input's row, NULL when it was rejected. */
static const struct sc_cell *check_neighbours(const struct decoded *d) {
  static const char nested[] = "{\"b\":[1,\"\\u0041\"]}";
  CHECK(d->cells.n_rows + d->rejects.n == RECORDS && d->rejects.n <= 1);
  for (uint32_t i = 0; i < d->cells.n_rows; i += d->cells.n_rows - 1) {
    const struct sc_cell *cell = &d->row[i][0];
    CHECK(d->record[i] == (i == 0 ? 0 : RECORDS - 1));
    CHECK(cell->type == SC_CELL_JSON && sc_slice_is(sc_slice_of(cell->ptr, cell->len), nested));
    for (unsigned k = 1; k <= COLUMNS; k++) CHECK(d->row[i][k].type == SC_CELL_ABSENT);
  }
  CHECK(d->rejects.n == 0 ? d->record[1] == 1 : d->reject[0].record == 1);
  return d->rejects.n == 0 ? d->row[1] : NULL;
}

static void check_sample(struct sc_json_arena *arena, const struct sc_record *records, bool is_row) {
  struct sc_sample *sample = sc_sample_new(8);
  sc_json_sample(arena, records, RECORDS, false, sample);
  CHECK(sc_sample_records(sample) >= (is_row ? RECORDS : RECORDS - 1));
  sc_sample_free(sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct sc_json_arena *arena;
  static struct sc_json_cells *decoder;
  static struct decoded d;
  struct sc_json root;
  if (size == 0) return 0;
  if (arena == NULL) arena = sc_json_arena_new(0);
  if (decoder == NULL) decoder = sc_json_cells_new(arena);
  const struct sc_plan *plan = plan_of(data[0]);
  char *text = padded_copy(data + 1, size - 1);
  char *beside = padded_copy((const uint8_t *)neighbour, sizeof(neighbour) - 1);
  struct sc_slice input = {text, size - 1}, good = {beside, sizeof(neighbour) - 1};
  struct sc_record records[RECORDS] = {{.data = good}, {.data = input}, {.data = good}};
  d.cells = (struct sc_cells){.n_columns = COLUMNS + 1, .cap_rows = RECORDS, .cells = d.row[0], .record = d.record};
  d.rejects = (struct sc_rejects){.items = d.reject};
  d.unknown = 0;
  uint32_t consumed = sc_json_cells_decode(decoder, plan, records, RECORDS, &d.cells, &d.rejects, &d.unknown);
  CHECK(consumed == RECORDS);
  const struct sc_cell *row = check_neighbours(&d);
  const char *fault = sc_jsondoc_check(document(0), input, &root);
  if (row != NULL) {
    CHECK(fault == NULL || ours_is_wider(fault));
    if (fault == NULL) check_row(root, plan, row);
    if (fault == NULL) CHECK(d.unknown == count_unknown(root) + RECORDS - 1);
  } else {
    bool taste = d.reject[0].reason == SC_REASON_NUL || d.reject[0].reason == SC_REASON_RANGE;
    CHECK(fault != NULL || sc_json_kind(root) != SC_JSON_OBJECT || taste);
    CHECK(memchr(d.reject[0].text, '\0', sizeof(d.reject[0].text)) != NULL);
  }
  check_sample(arena, records, row != NULL);
  free(beside);
  free(text);
  return 0;
}
