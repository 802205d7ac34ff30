#include "sink/postgres/copy.h"
#include "sink/postgres/error.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/budget.h"
#include "engine/batch.h"
#include "engine/decoder.h"
#include "sink/postgres/types.h"

#define BLOCK_BYTES ((size_t)64 << 10)
#define EPOCH_2000_US INT64_C(946684800000000)

/* A table of one column, one record, one block. */
struct bench {
  struct sc_budget *budget;
  struct sc_plan *plan;
  struct sc_block *block;
  struct sc_reject rejects[SC_CHUNK_ROWS];
  struct sc_rejects list;
};

static void set_up(struct bench *b, uint32_t type, int32_t modifier, bool not_null) {
  b->budget = sc_budget_new(1 << 20, 1 << 20, 1);
  b->block = sc_block_new(b->budget, BLOCK_BYTES);
  b->plan = sc_plan_new(1, 1);
  struct sc_column *c = sc_plan_add(b->plan, sc_slice_str("v"), SC_ROLE_PAYLOAD, sc_slice_str("v"));
  c->type = type;
  c->modifier = modifier;
  c->not_null = not_null;
  sc_plan_seal(b->plan);
  b->plan->sink = sc_pgcopy_new(b->plan, false);
  b->plan->free_sink = sc_pgcopy_free;
  b->list = (struct sc_rejects){b->rejects, 0};
}

static void tear_down(struct bench *b) {
  sc_block_free(b->block);
  sc_plan_free(b->plan);
  sc_budget_free(b->budget);
}

static void encode(struct bench *b, struct sc_cell cell) {
  uint32_t record = 0;
  size_t needed;
  struct sc_record records[1] = {{.sequence = SC_SLICE_LITERAL("4960")}};
  struct sc_cells cells = {1, 1, 1, &cell, &record};
  assert_int_equal(sc_pgcopy_encode(b->plan, &cells, 0, records, 0, b->block, &b->list, &needed), 1);
}

static uint64_t big_endian(const char *p, size_t n) {
  uint64_t v = 0;
  for (size_t i = 0; i < n; i++) v = v << 8 | (unsigned char)p[i];
  return v;
}

/* The one value of the one tuple in the block, by the manual's format and nothing of the encoder. */
static struct sc_slice value_of(const struct bench *b) {
  assert_int_equal(b->list.n, 0);
  assert_int_equal(b->block->n_rows, 1);
  assert_true(b->block->len >= 6);
  assert_int_equal(big_endian(b->block->data, 2), 1);
  size_t len = big_endian(b->block->data + 2, 4);
  assert_int_equal(b->block->len, 6 + len);
  return sc_slice_of(b->block->data + 6, len);
}

static struct sc_cell integer(int64_t v) { return (struct sc_cell){.type = SC_CELL_INT, .i = v}; }
static struct sc_cell real(double v) { return (struct sc_cell){.type = SC_CELL_DOUBLE, .d = v}; }
static struct sc_cell boolean(bool v) { return (struct sc_cell){.type = SC_CELL_BOOL, .i = v}; }
static struct sc_cell at(int64_t us) { return (struct sc_cell){.type = SC_CELL_TIME, .i = us}; }
static struct sc_cell text_cell(uint32_t type, const char *text) {
  return (struct sc_cell){.type = type, .len = (uint32_t)strlen(text), .ptr = text};
}
static struct sc_cell string(const char *text) { return text_cell(SC_CELL_STRING, text); }
static struct sc_cell number(const char *text) { return text_cell(SC_CELL_NUMBER, text); }
static struct sc_cell json(const char *text) { return text_cell(SC_CELL_JSON, text); }

static void expect_bytes(uint32_t type, struct sc_cell cell, const void *bytes, size_t len) {
  struct bench b;
  set_up(&b, type, -1, false);
  encode(&b, cell);
  struct sc_slice v = value_of(&b);
  assert_int_equal(v.len, len);
  assert_memory_equal(v.ptr, bytes, len);
  tear_down(&b);
}

static void expect_integer(uint32_t type, struct sc_cell cell, size_t width, uint64_t value) {
  struct bench b;
  set_up(&b, type, -1, false);
  encode(&b, cell);
  struct sc_slice v = value_of(&b);
  assert_int_equal(v.len, width);
  uint64_t mask = width == 8 ? UINT64_MAX : (UINT64_C(1) << width * 8) - 1;
  assert_true(big_endian(v.ptr, width) == (value & mask));
  tear_down(&b);
}

static void expect_reject(uint32_t type, int32_t modifier, struct sc_cell cell, const char *sqlstate,
                          const char *part) {
  struct bench b;
  set_up(&b, type, modifier, true);
  encode(&b, cell);
  assert_int_equal(b.list.n, 1);
  assert_int_equal(b.block->n_rows, 0);
  assert_int_equal(b.block->len, 0);
  assert_string_equal(sc_pg_sqlstate_of(b.rejects[0].reason), sqlstate);
  assert_non_null(strstr(b.rejects[0].text, "column \"v\""));
  assert_non_null(strstr(b.rejects[0].text, part));
  tear_down(&b);
}

static void integers(void **state) {
  (void)state;
  expect_integer(SC_PG_INT2, integer(-32768), 2, (uint64_t)-32768);
  expect_integer(SC_PG_INT4, integer(2147483647), 4, 2147483647);
  expect_integer(SC_PG_INT8, integer(INT64_MIN), 8, (uint64_t)INT64_MIN);
  expect_integer(SC_PG_INT4, number("3.0"), 4, 3);
  expect_integer(SC_PG_INT4, number("1e3"), 4, 1000);
  expect_integer(SC_PG_INT4, string(" -7 "), 4, (uint64_t)-7);
  expect_integer(SC_PG_INT4, real(5), 4, 5);
  expect_integer(SC_PG_INT8, at(1700000000123456), 8, 1700000000123);
  expect_reject(SC_PG_INT2, -1, integer(32768), "22003", "32768 is out of range for smallint");
  expect_reject(SC_PG_INT4, -1, integer(-2147483649), "22003", "integer");
  expect_reject(SC_PG_INT8, -1, number("9223372036854775808"), "22003", "bigint");
  expect_reject(SC_PG_INT4, -1, real(1.5), "22P02", "1.5 is not a whole number");
  expect_reject(SC_PG_INT4, -1, number("1.5"), "22P02", "whole");
  expect_reject(SC_PG_INT4, -1, string("x"), "22P02", "\"x\" is not a value of integer");
  expect_reject(SC_PG_INT4, -1, boolean(true), "22P02", "true");
  expect_reject(SC_PG_INT4, -1, json("[1]"), "22P02", "[1]");
}

static void reals(void **state) {
  (void)state;
  expect_integer(SC_PG_FLOAT8, real(-1.25), 8, UINT64_C(0xBFF4000000000000));
  expect_integer(SC_PG_FLOAT8, integer(1), 8, UINT64_C(0x3FF0000000000000));
  expect_integer(SC_PG_FLOAT8, string("NaN"), 8, UINT64_C(0x7FF8000000000000));
  expect_integer(SC_PG_FLOAT8, string("-inf"), 8, UINT64_C(0xFFF0000000000000));
  expect_integer(SC_PG_FLOAT4, real(1.5), 4, 0x3FC00000);
  expect_integer(SC_PG_FLOAT4, string("Infinity"), 4, 0x7F800000);
  expect_reject(SC_PG_FLOAT4, -1, real(1e39), "22003", "real");
  expect_reject(SC_PG_FLOAT4, -1, real(1e-50), "22003", "real");
  expect_reject(SC_PG_FLOAT8, -1, number("1e400"), "22003", "double precision");
  expect_reject(SC_PG_FLOAT8, -1, string("1,5"), "22P02", "1,5");
}

static void numerics(void **state) {
  (void)state;
  expect_bytes(SC_PG_NUMERIC, number("12345.678"), "\0\3\0\1\0\0\0\3\0\1\x09\x29\x1a\x7c", 14);
  expect_bytes(SC_PG_NUMERIC, integer(-10000), "\0\1\0\1\x40\0\0\0\0\1", 10);
  expect_bytes(SC_PG_NUMERIC, real(0.1), "\0\1\xff\xff\0\0\0\1\x03\xe8", 10);
  expect_bytes(SC_PG_NUMERIC, string("12"), "\0\1\0\0\0\0\0\0\0\x0c", 10);
  expect_reject(SC_PG_NUMERIC, (4 << 16 | 2) + 4, number("123.4"), "22003", "numeric");
  expect_reject(SC_PG_NUMERIC, -1, boolean(false), "22P02", "false");
}

static void booleans(void **state) {
  (void)state;
  expect_bytes(SC_PG_BOOL, boolean(true), "\1", 1);
  expect_bytes(SC_PG_BOOL, boolean(false), "\0", 1);
  expect_bytes(SC_PG_BOOL, integer(1), "\1", 1);
  expect_bytes(SC_PG_BOOL, string("Off"), "\0", 1);
  expect_reject(SC_PG_BOOL, -1, integer(2), "22P02", "2");
  expect_reject(SC_PG_BOOL, -1, string("maybe"), "22P02", "maybe");
}

static void texts(void **state) {
  (void)state;
  const struct sc_cell with_nul = {.type = SC_CELL_STRING, .len = 3, .ptr = "a\0b"};
  expect_bytes(SC_PG_TEXT, string(""), "", 0);
  expect_bytes(SC_PG_TEXT, string("żółw"), "żółw", strlen("żółw"));
  expect_bytes(SC_PG_TEXT, number("1.50"), "1.50", 4);
  expect_bytes(SC_PG_TEXT, integer(INT64_MIN), "-9223372036854775808", 20);
  expect_bytes(SC_PG_TEXT, real(0.5), "0.5", 3);
  expect_bytes(SC_PG_TEXT, boolean(false), "false", 5);
  expect_bytes(SC_PG_TEXT, json("{\"a\":1}"), "{\"a\":1}", 7);
  expect_bytes(SC_PG_TEXT, at(1700000000123456), "2023-11-14 22:13:20.123456+00", 29);
  expect_reject(SC_PG_TEXT, -1, with_nul, "22021", "U+0000");
  expect_reject(SC_PG_VARCHAR, -1, with_nul, "22021", "U+0000");
}

static void lengths_are_characters(void **state) {
  (void)state;
  struct bench b;
  set_up(&b, SC_PG_VARCHAR, 5 + 4, false);
  encode(&b, string("žluťo"));
  assert_int_equal(value_of(&b).len, strlen("žluťo"));
  tear_down(&b);
  set_up(&b, SC_PG_VARCHAR, 3 + 4, false);
  encode(&b, string("żó4  "));
  assert_int_equal(value_of(&b).len, strlen("żó4  ")); /* the server cuts spaces */
  tear_down(&b);
  expect_reject(SC_PG_VARCHAR, 3 + 4, string("four"), "22001", "4 characters are too long for character varying(3)");
  expect_reject(SC_PG_VARCHAR, 3 + 4, string("żółw"), "22001", "varying(3)");
  expect_reject(SC_PG_BPCHAR, 3 + 4, string("abc d"), "22001", "character(3)");
  expect_reject(SC_PG_VARCHAR, 3 + 4, integer(1234), "22001", "(3)");
}

static void byte_arrays(void **state) {
  (void)state;
  const struct sc_cell with_nul = {.type = SC_CELL_STRING, .len = 3, .ptr = "a\0b"};
  expect_bytes(SC_PG_BYTEA, string("\\x00fF10"), "\x00\xff\x10", 3);
  expect_bytes(SC_PG_BYTEA, string("\\x"), "", 0);
  expect_bytes(SC_PG_BYTEA, string("x00"), "x00", 3);
  expect_bytes(SC_PG_BYTEA, with_nul, "a\0b", 3);
  expect_bytes(SC_PG_BYTEA, integer(12), "12", 2);
  expect_bytes(SC_PG_BYTEA, json("[]"), "[]", 2);
  expect_reject(SC_PG_BYTEA, -1, string("\\xZZ"), "22P02", "bytea");
  expect_reject(SC_PG_BYTEA, -1, string("\\x0"), "22P02", "bytea");
}

static void uuids(void **state) {
  (void)state;
  const char *const good[] = {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
                              "{a0eebc999c0b4ef8bb6d6bb9bd380a11}", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11"};
  const char *const bad[] = {"",
                             "a0eebc99",
                             "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                             "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
                             "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a112",
                             "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                             "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1"};
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
    expect_bytes(SC_PG_UUID, string(good[i]), "\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11", 16);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    expect_reject(SC_PG_UUID, -1, string(bad[i]), "22P02", "uuid");
  expect_reject(SC_PG_UUID, -1, integer(1), "22P02", "uuid");
}

static void times(void **state) {
  (void)state;
  expect_integer(SC_PG_TIMESTAMPTZ, string("2026-01-31T15:00:00+02:00"), 8, UINT64_C(823179600000000));
  expect_integer(SC_PG_TIMESTAMP, string("2026-01-31T15:00:00+02:00"), 8, UINT64_C(823186800000000));
  expect_integer(SC_PG_TIMESTAMPTZ, at(1700000000123456), 8, (uint64_t)(1700000000123456 - EPOCH_2000_US));
  expect_integer(SC_PG_DATE, string("2024-02-29"), 4, 8825);
  expect_integer(SC_PG_DATE, at(EPOCH_2000_US - 1), 4, (uint32_t)-1);
  expect_integer(SC_PG_DATE, at(EPOCH_2000_US), 4, 0);
  expect_reject(SC_PG_TIMESTAMPTZ, -1, string("soon"), "22007", "soon");
  expect_reject(SC_PG_TIMESTAMPTZ, -1, integer(1700000000), "22007", "1700000000");
  expect_reject(SC_PG_DATE, -1, string("2026-02-30"), "22008", "2026-02-30");
}

static void documents(void **state) {
  (void)state;
  expect_bytes(SC_PG_JSON, json("{\"a\": 1}"), "{\"a\": 1}", 8);
  expect_bytes(SC_PG_JSONB, json("[]"), "\1[]", 3);
  expect_bytes(SC_PG_JSONB, integer(5),
               "\1"
               "5",
               2);
  expect_bytes(SC_PG_JSONB, boolean(true), "\1true", 5);
  expect_reject(SC_PG_JSONB, -1, string("x"), "22P02", "jsonb");
}

static void nulls(void **state) {
  (void)state;
  struct bench b;
  set_up(&b, SC_PG_TEXT, -1, false);
  encode(&b, (struct sc_cell){.type = SC_CELL_NULL});
  assert_int_equal(b.block->len, 6);
  assert_int_equal(big_endian(b.block->data + 2, 4), UINT32_MAX);
  tear_down(&b);
  expect_reject(SC_PG_TEXT, -1, (struct sc_cell){.type = SC_CELL_NULL}, "23502", "NOT NULL");
}

static void reasons_stay_text(void **state) {
  (void)state;
  static char many[200];
  struct bench b;
  for (size_t i = 0; i + 1 < sizeof(many); i += 2) memcpy(many + i, "ż", 2);
  set_up(&b, SC_PG_INT4, -1, false);
  encode(&b, (struct sc_cell){.type = SC_CELL_STRING, .len = sizeof(many), .ptr = many});
  encode(&b, string("a\n\x7f\x01"));
  assert_int_equal(b.list.n, 2);
  assert_non_null(strstr(b.rejects[0].text, "żżż...\""));
  assert_non_null(strstr(b.rejects[1].text, "\"a   \""));
  tear_down(&b);
}

/* ---- Rows and blocks ---- */

static void many_rows(struct bench *b, const char *text, uint32_t n, uint32_t first, uint32_t *done, size_t *needed) {
  static struct sc_cell values[SC_CHUNK_ROWS];
  static uint32_t record[SC_CHUNK_ROWS];
  static struct sc_record records[SC_CHUNK_ROWS];
  struct sc_cells cells = {1, SC_CHUNK_ROWS, n, values, record};
  for (uint32_t i = 0; i < n; i++) {
    values[i] = string(text);
    record[i] = i;
    records[i].sequence = sc_slice_of("12345678901234567890", 1 + i % 20);
  }
  *done = sc_pgcopy_encode(b->plan, &cells, first, records, 3, b->block, &b->list, needed);
}

static void row_references(void **state) {
  (void)state;
  struct bench b;
  uint32_t done;
  size_t needed;
  set_up(&b, SC_PG_TEXT, -1, false);
  many_rows(&b, "abc", 40, 7, &done, &needed);
  assert_int_equal(done, 33);
  assert_int_equal(needed, 0);
  assert_int_equal(b.block->n_rows, 33);
  for (uint32_t i = 0; i < 33; i++) {
    const struct sc_row_ref *row = &b.block->rows[i];
    assert_int_equal(row->offset, i * 9);
    assert_int_equal(row->span, 3);
    assert_int_equal(row->sequence_len, 1 + (i + 7) % 20);
    assert_memory_equal(b.block->sequences + row->sequence_offset, "12345678901234567890", row->sequence_len);
  }
  assert_int_equal(b.block->len, 33 * 9);
  tear_down(&b);
}

static void a_block_is_never_overrun(void **state) {
  (void)state;
  struct bench b;
  static char text[3000];
  uint32_t done, total = 0;
  size_t needed;
  memset(text, 'x', sizeof(text) - 1);
  set_up(&b, SC_PG_TEXT, -1, false);
  do {
    many_rows(&b, text, 10, 0, &done, &needed);
    total += done;
    assert_true(b.block->len <= b.block->cap);
  } while (done == 10);
  assert_int_equal(b.block->n_rows, total);
  assert_true(needed > sizeof(text) - 1 && needed < sizeof(text) + 200);
  assert_true(b.block->cap - b.block->len < needed);
  tear_down(&b);
}

static void a_row_larger_than_the_block_says_so(void **state) {
  (void)state;
  struct bench b;
  uint32_t done;
  size_t needed;
  char *text = sc_alloc(2 * BLOCK_BYTES);
  memset(text, 'x', 2 * BLOCK_BYTES);
  text[2 * BLOCK_BYTES - 1] = 0;
  set_up(&b, SC_PG_TEXT, -1, false);
  many_rows(&b, text, 1, 0, &done, &needed);
  assert_int_equal(done, 0);
  assert_true(needed > 2 * BLOCK_BYTES);
  sc_block_free(b.block);
  b.block = sc_block_new(b.budget, needed);
  many_rows(&b, text, 1, 0, &done, &needed);
  assert_int_equal(done, 1);
  free(text);
  tear_down(&b);
}

/* Full of rows or of sequence digits, a block has bytes left: what is asked for must not fit it. */
static void a_block_full_of_rows_asks_for_another(void **state) {
  (void)state;
  struct bench b;
  uint32_t done;
  size_t needed;
  set_up(&b, SC_PG_TEXT, -1, false);
  do many_rows(&b, "", 100, 0, &done, &needed);
  while (done == 100);
  assert_true(needed > b.block->cap - b.block->len);
  assert_true(needed <= b.block->cap);
  tear_down(&b);
}

static void header_and_trailer(void **state) {
  (void)state;
  assert_memory_equal(sc_pgcopy_header, "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);
  assert_int_equal(sizeof(sc_pgcopy_header), 19);
  assert_memory_equal(sc_pgcopy_trailer, "\xff\xff", 2);
}

/* Rows 1 to 3 are of one record. */
static uint32_t encode_group(struct bench *b, struct sc_cell *row, size_t *needed) {
  static uint32_t record[5] = {0, 1, 1, 1, 2};
  struct sc_record records[3] = {
      {.sequence = SC_SLICE_LITERAL("1")}, {.sequence = SC_SLICE_LITERAL("2")}, {.sequence = SC_SLICE_LITERAL("3")}};
  struct sc_cells cells = {1, 5, 5, row, record};
  return sc_pgcopy_encode(b->plan, &cells, 0, records, 0, b->block, &b->list, needed);
}

static void a_record_is_rejected_as_a_whole(void **state) {
  (void)state;
  struct bench b;
  size_t needed;
  struct sc_cell row[5];
  for (int i = 0; i < 5; i++) row[i] = (struct sc_cell){.type = SC_CELL_INT, .i = i == 2 ? 70000 : i};
  set_up(&b, SC_PG_INT2, -1, false);
  assert_int_equal(encode_group(&b, row, &needed), 5);
  assert_int_equal(b.block->n_rows, 2);
  assert_int_equal(b.block->sequences_len, 2);
  assert_memory_equal(b.block->sequences, "13", 2);
  assert_int_equal(b.list.n, 1);
  assert_int_equal(b.rejects[0].record, 1);
  tear_down(&b);
}

static void a_record_finds_room_as_a_whole(void **state) {
  (void)state;
  struct bench b;
  size_t needed;
  static char text[BLOCK_BYTES / 2];
  struct sc_cell row[5];
  for (int i = 0; i < 5; i++) row[i] = (struct sc_cell){.type = SC_CELL_STRING, .len = sizeof(text) / 2, .ptr = text};
  memset(text, 'x', sizeof(text));
  set_up(&b, SC_PG_TEXT, -1, false);
  assert_int_equal(encode_group(&b, row, &needed), 1); /* three would fit, four would not */
  assert_int_equal(b.block->n_rows, 1);
  assert_int_equal(b.block->len, b.block->rows[0].offset + 2 + 4 + row[0].len);
  assert_in_range(needed, 3 * row[0].len, 3 * row[0].len + 1024);
  tear_down(&b);
}

/* ---- Missing keys ---- */

static const struct sc_cell absent = {.type = SC_CELL_ABSENT}, null = {.type = SC_CELL_NULL};

static void a_missing_key_is_the_constant(void **state) {
  (void)state;
  struct bench b;
  set_up(&b, SC_PG_INT4, -1, true);
  sc_pgcopy_set_default(b.plan->sink, 0, SC_SLICE_LITERAL("\0\0\0\4abcd"));
  encode(&b, absent);
  assert_int_equal(value_of(&b).len, 4);
  assert_memory_equal(value_of(&b).ptr, "abcd", 4);
  encode(&b, null);
  assert_int_equal(b.list.n, 1);
  assert_int_equal(b.rejects[0].reason, SC_REASON_NOT_NULL);
  tear_down(&b);
}

/* A long constant needs no more room than was asked for. */
static void a_long_constant_fits(void **state) {
  (void)state;
  struct bench b;
  static char bytes[100000];
  uint32_t record = 0;
  size_t needed;
  struct sc_record records[1] = {{.sequence = SC_SLICE_LITERAL("4960")}};
  struct sc_cell cell = absent;
  struct sc_cells cells = {1, 1, 1, &cell, &record};
  set_up(&b, SC_PG_TEXT, -1, false);
  sc_pgcopy_set_default(b.plan->sink, 0, sc_slice_of(bytes, sizeof(bytes)));
  assert_int_equal(sc_pgcopy_encode(b.plan, &cells, 0, records, 0, b.block, &b.list, &needed), 0);
  assert_true(needed >= sizeof(bytes));
  tear_down(&b);
}

static void what_the_server_knows_is_left_out(void **state) {
  (void)state;
  struct bench b;
  struct sc_buf sql = SC_BUF_INIT;
  set_up(&b, SC_PG_INT4, -1, true);
  struct sc_pgcopy *copy = b.plan->sink;
  assert_true(sc_pgcopy_leave_default(copy, 0));
  encode(&b, integer(5));
  assert_int_equal(b.block->rows[0].left_out, 0);
  encode(&b, absent); /* nothing would be left of the row */
  assert_int_equal(b.list.n, 1);
  assert_int_equal(b.block->n_rows, 1);
  copy->begin_sql = sc_strdup("COPY t (");
  copy->end_sql = sc_strdup(") FROM STDIN");
  copy->names = sc_alloc_zero(1, sizeof(copy->names[0]));
  copy->names[0] = sc_strdup("\"v\"");
  sc_pgcopy_begin_sql(copy, 0, &sql);
  sc_pgcopy_begin_sql(copy, 1, &sql);
  assert_string_equal(sc_buf_str(&sql), "COPY t (\"v\") FROM STDINCOPY t () FROM STDIN");
  for (int i = 1; i < SC_PGCOPY_LEFT_OUT_MAX; i++) assert_true(sc_pgcopy_leave_default(copy, 0));
  assert_int_equal(copy->columns[0].left_out, 0x8000);
  assert_false(sc_pgcopy_leave_default(copy, 0));
  sc_buf_fini(&sql);
  tear_down(&b);
}

static void a_sequence_hears_of_the_greatest(void **state) {
  (void)state;
  struct bench b;
  set_up(&b, SC_PG_INT8, -1, false);
  struct sc_pgcopy *copy = b.plan->sink;
  sc_pgcopy_set_sequence(copy, 0, 7, true);
  encode(&b, integer(5));
  encode(&b, string(" 1e3 "));
  encode(&b, real(40));
  encode(&b, string("x"));
  encode(&b, null);
  assert_int_equal(atomic_load(&copy->columns[0].sequence->given), 1000);
  tear_down(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_record_is_rejected_as_a_whole),
      cmocka_unit_test(a_record_finds_room_as_a_whole),
      cmocka_unit_test(integers),
      cmocka_unit_test(reals),
      cmocka_unit_test(numerics),
      cmocka_unit_test(booleans),
      cmocka_unit_test(texts),
      cmocka_unit_test(lengths_are_characters),
      cmocka_unit_test(byte_arrays),
      cmocka_unit_test(uuids),
      cmocka_unit_test(times),
      cmocka_unit_test(documents),
      cmocka_unit_test(nulls),
      cmocka_unit_test(reasons_stay_text),
      cmocka_unit_test(row_references),
      cmocka_unit_test(a_block_is_never_overrun),
      cmocka_unit_test(a_row_larger_than_the_block_says_so),
      cmocka_unit_test(a_block_full_of_rows_asks_for_another),
      cmocka_unit_test(header_and_trailer),
      cmocka_unit_test(a_missing_key_is_the_constant),
      cmocka_unit_test(a_long_constant_fits),
      cmocka_unit_test(what_the_server_knows_is_left_out),
      cmocka_unit_test(a_sequence_hears_of_the_greatest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
