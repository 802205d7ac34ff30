/* Values on their way into COPY: the first byte picks the column's type and the kind of cell, the rest is the value's
 * text. A tuple always has the manual's form and stays within its bound; numerics are checked against strtold, times
 * by reading them back. COPY text takes what binary takes, and read back it is the same value. */
#include <math.h>

#include "engine/base/budget.h"
#include "engine/decoder.h"
#include "sink/postgres/copy.h"
#include "sink/postgres/error.h"
#include "sink/postgres/number.h"
#include "sink/postgres/time.h"
#include "sink/postgres/types.h"
#include "tests/fuzz/fuzz.h"

static const uint32_t types[] = {SC_PG_BOOL,        SC_PG_BYTEA,   SC_PG_INT8, SC_PG_INT2,
                                 SC_PG_INT4,        SC_PG_TEXT,    SC_PG_JSON, SC_PG_FLOAT4,
                                 SC_PG_FLOAT8,      SC_PG_VARCHAR, SC_PG_DATE, SC_PG_TIMESTAMP,
                                 SC_PG_TIMESTAMPTZ, SC_PG_NUMERIC, SC_PG_UUID, SC_PG_JSONB};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static uint64_t big_endian(const char *p, size_t n) {
  uint64_t v = 0;
  for (size_t i = 0; i < n; i++) v = v << 8 | (unsigned char)p[i];
  return v;
}

enum format { BINARY, TEXT, ARRAY, JSON_ARRAY };

static struct sc_plan *plan_of(uint32_t type, enum format format) {
  struct sc_plan *plan = sc_plan_new(1, 1);
  struct sc_column *c = sc_plan_add(plan, sc_slice_str("v"), SC_ROLE_PAYLOAD, sc_slice_str("v"));
  c->type = type;
  if (type == SC_PG_VARCHAR) c->modifier = 12;
  sc_plan_seal(plan);
  plan->sink = sc_pgcopy_new(plan, format != BINARY);
  if (format >= ARRAY) sc_pgcopy_set_array(plan->sink, 0, format == JSON_ARRAY);
  plan->free_sink = sc_pgcopy_free;
  return plan;
}

/* The value as a long double, from the groups of base 10,000. */
static long double decode_numeric(struct sc_slice v) {
  CHECK(v.len >= 8);
  size_t groups = big_endian(v.ptr, 2);
  int weight = (int16_t)big_endian(v.ptr + 2, 2);
  unsigned sign = (unsigned)big_endian(v.ptr + 4, 2);
  long double sum = 0;
  CHECK(v.len == 8 + 2 * groups && groups <= 3000);
  for (size_t i = 0; i < groups; i++) {
    unsigned group = (unsigned)big_endian(v.ptr + 8 + 2 * i, 2);
    CHECK(group <= 9999 && (group > 0 || (i > 0 && i + 1 < groups)));
    sum += group * powl(10000, weight - (int)i);
  }
  return sign == 0x4000 ? -sum : sum;
}

static void check_numeric(struct sc_slice value, const char *text) {
  if (big_endian(value.ptr + 4, 2) == 0xC000) return;
  long double got = decode_numeric(value), want = strtold(text, NULL);
  if (!isfinite(want) || fabsl(want) > 1e4000L || (want != 0 && fabsl(want) < 1e-4000L)) return;
  CHECK(fabsl(got - want) <= fabsl(want) * 1e-12L);
}

static void check_time(struct sc_slice value) {
  int64_t us = (int64_t)big_endian(value.ptr, 8), again;
  char text[40];
  if (us == INT64_MAX || us == INT64_MIN || us > INT64_MAX - SC_PG_EPOCH_US) return;
  size_t len = (size_t)(sc_pg_put_time(text, us + SC_PG_EPOCH_US) - text);
  CHECK(len <= 35);
  if (us < -INT64_C(63082281600000000)) return; /* an offset moved it before year 1 */
  CHECK(sc_pg_time_parse(sc_slice_of(text, len), true, &again) == SC_PG_TIME_OK && again == us);
}

/* COPY's text format undone, in place. */
static size_t unescape(char *line, size_t len) {
  static const char letters[] = "b\bf\fn\nr\rt\tv\v\\\\";
  size_t n = 0;
  CHECK(len > 0 && line[len - 1] == '\n');
  for (size_t i = 0; i + 1 < len; i++) {
    char c = line[i];
    CHECK(c != '\n' && c != '\t' && c != '\r');
    if (c == '\\') {
      const char *letter = memchr(letters, line[++i], sizeof(letters) - 1);
      CHECK(letter != NULL && (letter - letters) % 2 == 0);
      c = letter[1];
    }
    line[n++] = c;
  }
  return n;
}

static void check_tuple(const struct sc_block *block, uint32_t type, const char *text) {
  CHECK(block->len >= 6 && big_endian(block->data, 2) == 1);
  struct sc_slice value = {block->data + 6, big_endian(block->data + 2, 4)};
  CHECK(block->len == 6 + value.len);
  if (type == SC_PG_NUMERIC) check_numeric(value, text);
  if (type == SC_PG_TIMESTAMPTZ) check_time(value);
}

/* COPY sees one line; no element runs into the next column. */
static void check_array(const char *line, size_t len) {
  CHECK(len > 0 && line[len - 1] == '\n' && memchr(line, '\n', len) == line + len - 1);
  CHECK(memchr(line, '\t', len) == NULL && memchr(line, '\r', len) == NULL);
}

/* One row in a block with just the room that was asked for; an empty block when it was refused. */
static struct sc_block *encode(struct sc_budget *budget, uint32_t type, enum format format, struct sc_cell cell) {
  struct sc_plan *plan = plan_of(type, format);
  struct sc_block *block = sc_block_new(budget, 1);
  struct sc_record record = {.sequence = SC_SLICE_LITERAL("1")};
  struct sc_reject why = {.record = 1};
  struct sc_rejects rejects = {&why, 0};
  uint32_t which = 0;
  struct sc_cells cells = {1, 1, 1, &cell, &which};
  size_t needed = 0;
  CHECK(sc_pgcopy_encode(plan, &cells, 0, &record, 0, block, &rejects, &needed) == 0 && needed > 1);
  sc_block_free(block);
  block = sc_block_new(budget, needed);
  CHECK(sc_pgcopy_encode(plan, &cells, 0, &record, 0, block, &rejects, &needed) == 1);
  CHECK(block->len <= block->cap && block->n_rows + rejects.n == 1);
  if (rejects.n) CHECK(strlen(sc_pg_sqlstate_of(why.reason)) == 5 && strlen(why.text) > 0);
  sc_plan_free(plan);
  return block;
}

/* Years before the first are written as PostgreSQL reads them, but not read here. U+0000 is in no number that a decoder
 * gives. */
static bool is_one_way(const char *text, size_t len) {
  return memchr(text, 0, len) != NULL || (len > 3 && memcmp(text + len - 3, " BC", 3) == 0);
}

/* Both formats take the value or neither does, and the text is that value's. */
static void check_line(struct sc_budget *budget, uint32_t type, const struct sc_block *binary,
                       const struct sc_block *text) {
  CHECK(binary->n_rows == text->n_rows);
  if (text->n_rows == 0) return;
  struct sc_cell cell = {.type = type == SC_PG_JSON || type == SC_PG_JSONB ? SC_CELL_JSON : SC_CELL_STRING};
  cell.len = (uint32_t)unescape(text->data, text->len);
  cell.ptr = text->data;
  if (is_one_way(cell.ptr, cell.len)) return;
  struct sc_block *again = encode(budget, type, BINARY, cell);
  CHECK(again->len == binary->len && memcmp(again->data, binary->data, again->len) == 0);
  sc_block_free(again);
}

static void try_cell(uint32_t type, struct sc_cell cell) {
  struct sc_budget *budget = sc_budget_new(64 << 20, 64 << 20, 1);
  struct sc_block *blocks[4];
  for (enum format format = BINARY; format <= JSON_ARRAY; format++) {
    struct sc_block *block = blocks[format] = encode(budget, type, format, cell);
    if (format >= ARRAY && block->n_rows > 0) check_array(block->data, block->len);
  }
  if (blocks[BINARY]->n_rows > 0) check_tuple(blocks[BINARY], type, cell.ptr);
  check_line(budget, type, blocks[BINARY], blocks[TEXT]);
  for (enum format format = BINARY; format <= JSON_ARRAY; format++) sc_block_free(blocks[format]);
  sc_budget_free(budget);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint32_t kinds[] = {SC_CELL_STRING, SC_CELL_NUMBER, SC_CELL_JSON};
  if (size < 1 || size > 100000) return 0;
  uint32_t type = types[data[0] % N_TYPES], kind = kinds[data[0] / N_TYPES % 3];
  char *text = malloc(size);
  CHECK(text != NULL);
  memcpy(text, data + 1, size - 1);
  text[size - 1] = 0;
  struct sc_cell cell = {.type = kind, .len = (uint32_t)(size - 1), .ptr = text};
  try_cell(type, cell);
  free(text);
  return 0;
}
