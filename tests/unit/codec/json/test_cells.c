#include "codec/json/cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "engine/base/metrics.h"
#include "engine/batch.h"
#include "engine/sample.h"

#define ROWS 64

static struct sc_json_arena *arena;
static struct sc_json_cells *decoder;
static struct sc_plan *plan;
static uint32_t generation;
static struct sc_cell row[ROWS * 8];
static uint32_t row_record[ROWS];
static struct sc_reject reject_items[ROWS];
static struct sc_cells cells = {.cap_rows = ROWS, .cells = row, .record = row_record};
static struct sc_rejects rejects = {.items = reject_items};
static uint64_t unknown;
static char *text;

/* Columns from "name:shape,...", shapes i d n b t j; one metadata column behind them. */
static void make_plan(const char *columns) {
  static const char letters[] = "idnbtj";
  sc_plan_free(plan);
  plan = sc_plan_new(++generation, 8);
  for (const char *p = columns; *p != '\0';) {
    size_t len = strcspn(p, ":");
    struct sc_slice name = sc_slice_of(p, len);
    sc_plan_add(plan, name, SC_ROLE_PAYLOAD, name)->shape = (enum sc_shape)(strchr(letters, p[len + 1]) - letters);
    p += len + 2;
    p += *p == ',';
  }
  sc_plan_add(plan, sc_slice_str("kinesis_shard_id"), SC_ROLE_SHARD, sc_slice_str(""));
  sc_plan_seal(plan);
  cells.n_columns = plan->n_columns;
}

static int setup(void **state) {
  (void)state;
  arena = sc_json_arena_new(1 << 20);
  decoder = sc_json_cells_new(arena);
  make_plan("a:i,b:d,c:t,d:j");
  return 0;
}

static int teardown(void **state) {
  (void)state;
  sc_json_cells_free(decoder);
  sc_json_arena_free(arena);
  sc_plan_free(plan);
  free(text);
  return 0;
}

/* One record, with more of its kind behind it, as in a body. */
static bool decode_bytes(const char *record, size_t len) {
  static const char behind[SC_BODY_PADDING + 1] =
      "\",\"x\":1}}]]0123456789\",\"x\":1}}]]0123456789\",\"x\":1}}]]01234567";
  free(text);
  text = malloc(len + SC_BODY_PADDING);
  if (len > 0) memcpy(text, record, len);
  memcpy(text + len, behind, SC_BODY_PADDING);
  struct sc_record r = {.data = {text, len}};
  unknown = 0;
  memset(row, 0xee, sizeof(row));
  assert_int_equal(sc_json_cells_decode(decoder, plan, &r, 1, &cells, &rejects, &unknown), 1);
  assert_int_equal(cells.n_rows + rejects.n, 1);
  return cells.n_rows == 1;
}

static void decode(const char *record) {
  if (!decode_bytes(record, strlen(record))) fail_msg("%s: %s", record, reject_items[0].text);
  assert_int_equal(row_record[0], 0);
}

static void assert_text(const struct sc_cell *cell, enum sc_cell_type type, const char *want) {
  assert_int_equal(cell->type, type);
  if (cell->len != strlen(want) || memcmp(cell->ptr, want, cell->len) != 0)
    fail_msg("\"%.*s\" is not \"%s\"", (int)cell->len, cell->ptr, want);
}

static void assert_int(const struct sc_cell *cell, int64_t want) {
  assert_int_equal(cell->type, SC_CELL_INT);
  assert_true(cell->i == want);
}

static void assert_double(const struct sc_cell *cell, double want) {
  assert_int_equal(cell->type, SC_CELL_DOUBLE);
  assert_memory_equal(&cell->d, &want, sizeof(want));
}

static void ordinary_record(void **state) {
  (void)state;
  decode("{\"a\":5,\"b\":42.42,\"c\":\"text\",\"d\":{\"x\":[1, 2]}}");
  assert_int(&row[0], 5);
  assert_double(&row[1], 42.42);
  assert_text(&row[2], SC_CELL_STRING, "text");
  assert_text(&row[3], SC_CELL_JSON, "{\"x\":[1, 2]}");
  assert_int_equal(row[4].type, SC_CELL_ABSENT);
  assert_int_equal(unknown, 0);
}

/* To null: names have no place, but are names all the same. */
static void without_columns_keys_are_counted(void **state) {
  (void)state;
  make_plan("");
  decode("{\"a\":1, \"b\\u0041\" : [{\"c\":2}],\"\":null}");
  assert_int_equal(unknown, 3);
  decode("{}");
  assert_int_equal(unknown, 0);
  static const char *const bad[] = {"{\"a\\x\":1}", "{\"a:1}", "{a:1}", "{\"a\" 1}", "{\"\\ud800\":1}", "{\"a\":01}"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    if (decode_bytes(bad[i], strlen(bad[i]))) fail_msg("took %s", bad[i]);
  make_plan("a:i,b:d,c:t,d:j");
}

static void any_order_missing_null_and_unknown(void **state) {
  (void)state;
  decode(" { \"d\" : null , \"zz\":[1,{\"a\":2}],\"b\":1 ,\r\n\"\\u0061\":-7,\"y\":\"\\u0000\"} \n\t");
  assert_int(&row[0], -7);
  assert_double(&row[1], 1.0);
  assert_int_equal(row[2].type, SC_CELL_ABSENT);
  assert_int_equal(row[3].type, SC_CELL_NULL);
  assert_int_equal(unknown, 2);
  decode("{}");
  for (int i = 0; i < 5; i++) assert_int_equal(row[i].type, SC_CELL_ABSENT);
}

static void last_of_two_keys_counts(void **state) {
  (void)state;
  decode("{\"a\":1,\"c\":\"x\",\"a\":2,\"c\":null}");
  assert_int(&row[0], 2);
  assert_int_equal(row[2].type, SC_CELL_NULL);
}

static void keys_that_cannot_be_guessed(void **state) {
  (void)state;
  make_plan("a\"b:i,a name of more than thirty bytes:i,\xc3\xa9:i,:i");
  decode(
      "{\"a\\\"b\":1,\"a name of more than thirty bytes\":2,\"\xc3\xa9\":3,\"\":4,\"a name of more than thirty "
      "byteS\":5}");
  for (int i = 0; i < 4; i++) assert_int(&row[i], i + 1);
  assert_int_equal(unknown, 1);
  make_plan("a:i,b:d,c:t,d:j");
}

static void integers(void **state) {
  (void)state;
  make_plan("a:i");
  static const struct {
    const char *text;
    int64_t value;
  } good[] = {{"0", 0},
              {"-0", 0},
              {"9223372036854775807", INT64_MAX},
              {"-9223372036854775808", INT64_MIN},
              {"1.0", 1},
              {"1e2", 100},
              {"12.50e1", 125},
              {"-100e-2", -1},
              {"0.000", 0},
              {"0e999999", 0},
              {"12345678", 12345678},
              {"123456789", 123456789},
              {"1E+18", 1000000000000000000}};
  for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
    char record[100];
    snprintf(record, sizeof(record), "{\"a\":%s}", good[i].text);
    decode(record);
    assert_int(&row[0], good[i].value);
  }
  static const char *other[] = {
      "9223372036854775808", "-9223372036854775809", "1.5", "1e19", "1e-1", "123456789012345678901234567890",
      "1e999999999999"};
  for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++) {
    char record[100];
    snprintf(record, sizeof(record), "{\"a\":%s}", other[i]);
    decode(record);
    assert_text(&row[0], SC_CELL_NUMBER, other[i]);
  }
}

static void doubles(void **state) {
  (void)state;
  make_plan("a:d");
  static const char *good[] = {"0",
                               "-0",
                               "0.1",
                               "-1.5e3",
                               "1e22",
                               "1e23",
                               "9007199254740993",
                               "9007199254740992.5",
                               "5e-324",
                               "2.5e-324",
                               "1.7976931348623157e308",
                               "2.2250738585072011e-308",
                               "0.30000000000000004",
                               "123456789012345678901234567890",
                               "1.00000000000000011102230246251565404236316680908203125",
                               "8.5",
                               "3.14159265358979323846",
                               "6.02214076E+23",
                               "0e-999999",
                               "-0.0"};
  for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
    char record[200];
    snprintf(record, sizeof(record), "{\"a\":%s}", good[i]);
    decode(record);
    assert_double(&row[0], strtod(good[i], NULL));
  }
  decode("{\"a\":1e309}");
  assert_text(&row[0], SC_CELL_NUMBER, "1e309");
  decode("{\"a\":-1.7976931348623159e308}");
  assert_text(&row[0], SC_CELL_NUMBER, "-1.7976931348623159e308");
  decode("{\"a\":-1e-400}"); /* not 0 */
  assert_text(&row[0], SC_CELL_NUMBER, "-1e-400");
}

static void shapes(void **state) {
  (void)state;
  static const char *values[] = {"5", "2.50", "\"s\"", "true", "[1]", "98765432109876543210", "0.1234567890123456789"};
  static const struct {
    char shape;
    enum sc_cell_type types[7];
  } cases[] = {
      {'i', {SC_CELL_INT, SC_CELL_NUMBER, SC_CELL_STRING, SC_CELL_BOOL, SC_CELL_JSON, SC_CELL_NUMBER, SC_CELL_NUMBER}},
      {'d',
       {SC_CELL_DOUBLE, SC_CELL_DOUBLE, SC_CELL_STRING, SC_CELL_BOOL, SC_CELL_JSON, SC_CELL_DOUBLE, SC_CELL_DOUBLE}},
      {'n',
       {SC_CELL_NUMBER, SC_CELL_NUMBER, SC_CELL_STRING, SC_CELL_BOOL, SC_CELL_JSON, SC_CELL_NUMBER, SC_CELL_NUMBER}},
      {'b', {SC_CELL_INT, SC_CELL_DOUBLE, SC_CELL_STRING, SC_CELL_BOOL, SC_CELL_JSON, SC_CELL_NUMBER, SC_CELL_NUMBER}},
      {'t',
       {SC_CELL_NUMBER, SC_CELL_NUMBER, SC_CELL_STRING, SC_CELL_BOOL, SC_CELL_JSON, SC_CELL_NUMBER, SC_CELL_NUMBER}},
      {'j', {SC_CELL_JSON, SC_CELL_JSON, SC_CELL_JSON, SC_CELL_JSON, SC_CELL_JSON, SC_CELL_JSON, SC_CELL_JSON}},
  };
  for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
    char columns[] = "a:?";
    columns[2] = cases[c].shape;
    make_plan(columns);
    for (size_t v = 0; v < 7; v++) {
      char record[100];
      snprintf(record, sizeof(record), "{\"a\":%s}", values[v]);
      decode(record);
      if (row[0].type != cases[c].types[v]) fail_msg("%s as %c is %u", values[v], cases[c].shape, row[0].type);
      if (row[0].type == SC_CELL_JSON || row[0].type == SC_CELL_NUMBER) assert_text(&row[0], row[0].type, values[v]);
    }
    decode("{\"a\":null}");
    assert_int_equal(row[0].type, SC_CELL_NULL);
  }
}

static void strings(void **state) {
  (void)state;
  make_plan("a:t,b:t,c:j");
  decode(
      "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\",\"b\":\"\xe6\x97\xa5\xe6\x9c\xac\",\"c\":\"q\\n\"}");
  assert_text(&row[0], SC_CELL_STRING, "\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80");
  assert_text(&row[1], SC_CELL_STRING, "\xe6\x97\xa5\xe6\x9c\xac");
  assert_text(&row[2], SC_CELL_JSON, "\"q\\n\"");
  decode("{\"a\":\"x\\u0000y\"}");
  assert_int_equal(row[0].len, 3);
  assert_memory_equal(row[0].ptr, "x\0y", 3);
}

struct bad {
  const char *record;
  enum sc_reason reason;
  const char *text;
};

static void assert_rejects(const struct bad *bad, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (decode_bytes(bad[i].record, strlen(bad[i].record))) fail_msg("took %s", bad[i].record);
    assert_int_equal(reject_items[0].record, 0);
    assert_int_equal(reject_items[0].reason, bad[i].reason);
    if (strstr(reject_items[0].text, bad[i].text) == NULL) fail_msg("%s: %s", bad[i].record, reject_items[0].text);
  }
}

static void broken_records(void **state) {
  (void)state;
  static const struct bad bad[] = {
      {"", SC_REASON_SHAPE, "empty"},
      {"  ", SC_REASON_SHAPE, "empty"},
      {"[1]", SC_REASON_SHAPE, "array"},
      {"\"x\"", SC_REASON_SHAPE, "string"},
      {"5", SC_REASON_SHAPE, "number"},
      {"hello", SC_REASON_SYNTAX, "byte 0"},
      {"{", SC_REASON_SYNTAX, "byte 1"},
      {"{\"a\"", SC_REASON_SYNTAX, "colon"},
      {"{\"a\":", SC_REASON_SYNTAX, "byte 5"},
      {"{\"a\":1", SC_REASON_SYNTAX, "comma"},
      {"{\"a\":1,", SC_REASON_SYNTAX, "name"},
      {"{\"a\":1,}", SC_REASON_SYNTAX, "name"},
      {"{\"a\":1}}", SC_REASON_SYNTAX, "more than one JSON document"},
      {"{\"a\":1}{\"a\":2}", SC_REASON_SYNTAX, "more than one JSON document"},
      {"{\"a\":1}\n{\"a\":2}\n", SC_REASON_SYNTAX, "at byte 8"},
      {"{\"a\":1} x", SC_REASON_SYNTAX, "more than one"},
      {"{\"a\":01}", SC_REASON_SYNTAX, "number"},
      {"{\"a\":1.}", SC_REASON_SYNTAX, "number"},
      {"{\"a\":.5}", SC_REASON_SYNTAX, "value"},
      {"{\"a\":+1}", SC_REASON_SYNTAX, "value"},
      {"{\"a\":-}", SC_REASON_SYNTAX, "number"},
      {"{\"a\":1e}", SC_REASON_SYNTAX, "number"},
      {"{\"a\":0x10}", SC_REASON_SYNTAX, "comma"},
      {"{\"a\":NaN}", SC_REASON_SYNTAX, "value"},
      {"{\"a\":Infinity}", SC_REASON_SYNTAX, "value"},
      {"{\"a\":tru}", SC_REASON_SYNTAX, "value"},
      {"{\"a\":truely}", SC_REASON_SYNTAX, "comma"},
      {"{\"a\":nullx}", SC_REASON_SYNTAX, "comma"},
      {"{\"c\":\"x}", SC_REASON_SYNTAX, "string"},
      {"{\"c\":\"a\nb\"}", SC_REASON_SYNTAX, "control"},
      {"{\"c\":\"\\x\"}", SC_REASON_SYNTAX, "escape"},
      {"{\"c\":\"\\u12g4\"}", SC_REASON_SYNTAX, "escape"},
      {"{\"c\":\"\\ud800\"}", SC_REASON_SYNTAX, "surrogate"},
      {"{\"c\":\"\\udc00\"}", SC_REASON_SYNTAX, "surrogate"},
      {"{\"c\":\"\\ud800\\u0041\"}", SC_REASON_SYNTAX, "surrogate"},
      {"{\"c\":\"\xff\"}", SC_REASON_ENCODING, "UTF-8"},
      {"{\"c\":\"\xed\xa0\x80\"}", SC_REASON_ENCODING, "UTF-8"},
      {"{\"c\":\"\xc0\x80\"}", SC_REASON_ENCODING, "UTF-8"},
      {"{'a':1}", SC_REASON_SYNTAX, "name"},
      {"{a:1}", SC_REASON_SYNTAX, "name"},
      {"{\"a\" 1}", SC_REASON_SYNTAX, "colon"},
      {"{\"a\":1 \"b\":2}", SC_REASON_SYNTAX, "comma"},
      {"{\"d\":[1,]}", SC_REASON_SYNTAX, "value"},
      {"{\"d\":[1 2]}", SC_REASON_SYNTAX, "comma"},
      {"{\"d\":{\"x\":1]}", SC_REASON_SYNTAX, "comma"},
      {"{\"d\":[\"\\u0000\"]}", SC_REASON_NUL, "column \"d\""},
      {"{\"d\":{\"\\u0000\":1}}", SC_REASON_NUL, "column \"d\""},
      {"{\"d\":\"\\u0000\"}", SC_REASON_NUL, "column \"d\""},
      {"{\"d\":[1e131073]}", SC_REASON_RANGE, "column \"d\""},
      {"{\"d\":1e-16384}", SC_REASON_RANGE, "column \"d\""},
      {"\xef\xbb\xbf{}", SC_REASON_SYNTAX, "byte order mark"},
      {"a\tb\tc", SC_REASON_SYNTAX, "tab-separated"},
      {" null\n", SC_REASON_SHAPE, "null"},
      {"false", SC_REASON_SHAPE, "true or false"},
      {"nul", SC_REASON_SYNTAX, "byte 0"},
      {"// x\n{}", SC_REASON_SYNTAX, "byte 0"},
  };
  make_plan("a:i,b:d,c:t,d:j");
  assert_rejects(bad, sizeof(bad) / sizeof(*bad));
}

/* What has no column is checked just the same. */
static void broken_members_without_a_column(void **state) {
  (void)state;
  static const struct bad bad[] = {
      {"{\"x\":tru}", SC_REASON_SYNTAX, "value"},      {"{\"x\":[1,{\"y\":}]}", SC_REASON_SYNTAX, "value"},
      {"{\"x\":\"\\q\"}", SC_REASON_SYNTAX, "escape"}, {"{\"x\":\"\\ud800\"}", SC_REASON_SYNTAX, "escape"},
      {"{\"x\":1e}", SC_REASON_SYNTAX, "number"},      {"{\"x\":[}", SC_REASON_SYNTAX, "value"},
      {"{\"\\q\":1}", SC_REASON_SYNTAX, "escape"},     {"{\"x\":{\"y\":1,}}", SC_REASON_SYNTAX, "name"}};
  assert_rejects(bad, sizeof(bad) / sizeof(*bad));
}

static void no_columns_at_all(void **state) {
  (void)state;
  make_plan("");
  decode("{\"a\":1,\"b\":[true]}");
  assert_int_equal(unknown, 2);
  assert_false(decode_bytes("{\"a\":tru}", 9));
  make_plan("a:i,b:d,c:t,d:j");
}

static void depth(void **state) {
  (void)state;
  struct sc_buf record = SC_BUF_INIT;
  for (int over = 0; over < 2; over++) {
    sc_buf_clear(&record);
    sc_buf_add_str(&record, "{\"d\":");
    for (int i = 0; i < 512 + over; i++) sc_buf_add_char(&record, '[');
    for (int i = 0; i < 512 + over; i++) sc_buf_add_char(&record, ']');
    sc_buf_add_str(&record, "}");
    assert_int_equal(decode_bytes(record.ptr, record.len), !over);
  }
  assert_int_equal(reject_items[0].reason, SC_REASON_LIMIT);
  sc_buf_fini(&record);
}

static void every_prefix_is_rejected(void **state) {
  (void)state;
  static const char record[] =
      "{\"a\":12345678901,\"b\":-1.5e10,\"c\":\"a long string, \\u00e9\",\"d\":[{\"x\":null},true,0.5],\"e\":\"f\"}";
  for (size_t len = 0; len < sizeof(record) - 1; len++) assert_false(decode_bytes(record, len));
  assert_true(decode_bytes(record, sizeof(record) - 1));
}

/* Many records in one call, good and bad; the chunk is as long as there are rows. */
static void chunks(void **state) {
  (void)state;
  static char body[200 * 16 + SC_BODY_PADDING];
  struct sc_record records[200];
  size_t rows = 0, bad = 0;
  for (int i = 0; i < 200; i++) {
    char *at = body + 16 * i;
    snprintf(at, 16, i % 3 == 2 ? "{\"a\":%d" : "{\"a\":%d}", i);
    records[i] = (struct sc_record){.data = sc_slice_str(at)};
  }
  for (uint32_t at = 0; at < 200;) {
    uint32_t used = sc_json_cells_decode(decoder, plan, records + at, 200 - at, &cells, &rejects, &unknown);
    assert_int_equal(used, 200 - at < ROWS ? 200 - at : ROWS);
    for (uint32_t r = 0; r < cells.n_rows; r++) assert_int(&row[r * cells.n_columns], at + row_record[r]);
    for (uint32_t r = 0; r < rejects.n; r++) assert_int_equal((at + reject_items[r].record) % 3, 2);
    rows += cells.n_rows;
    bad += rejects.n;
    at += used;
  }
  assert_int_equal(rows, 134);
  assert_int_equal(bad, 66);
}

static void documents_of_a_record(void **state) {
  (void)state;
  const char *several = "{\"a\":1}\n {\"a\":2,\"c\":\"\\u0041\"}{\"b\":0.5,\"a\":3}";
  assert_false(decode_bytes(several, strlen(several)));
  sc_json_cells_split(decoder, true);
  char *copy = calloc(strlen(several) + SC_BODY_PADDING, 1);
  memcpy(copy, several, strlen(several));
  struct sc_record r = {.data = {copy, strlen(several)}};
  assert_int_equal(sc_json_cells_decode(decoder, plan, &r, 1, &cells, &rejects, &unknown), 1);
  assert_int_equal(cells.n_rows, 3);
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(row_record[i], 0);
    assert_int(&row[i * cells.n_columns], i + 1);
  }
  assert_text(&row[cells.n_columns + 2], SC_CELL_STRING, "A");
  r.data.len -= 1; /* the last one broken: none of them */
  assert_int_equal(sc_json_cells_decode(decoder, plan, &r, 1, &cells, &rejects, &unknown), 1);
  assert_int_equal(cells.n_rows, 0);
  assert_int_equal(rejects.n, 1);
  sc_json_cells_split(decoder, false);
  free(copy);
}

/* {"c":"\nxxxx"} with a string of len bytes, one escape among them. */
static size_t put_record(char *to, size_t len) {
  memcpy(to, "{\"c\":\"\\n", 8);
  memset(to + 8, 'x', len - 2);
  memcpy(to + 6 + len, "\"}", 2);
  return len + 8;
}

/* The chunk ends where the arena is full; a record larger than the arena is decoded all the same. */
static void arena_is_bounded(void **state) {
  (void)state;
  struct sc_json_arena *small_arena = sc_json_arena_new(1);
  struct sc_json_cells *small = sc_json_cells_new(small_arena);
  size_t each = 30000, lengths[] = {each, each, each, 3 * each};
  struct sc_record records[4];
  char *bodies[4];
  make_plan("c:t");
  for (int i = 0; i < 4; i++) {
    bodies[i] = malloc(lengths[i] + 20 + SC_BODY_PADDING);
    records[i] = (struct sc_record){.data = {bodies[i], put_record(bodies[i], lengths[i])}};
  }
  uint32_t at = 0, calls = 0;
  uint64_t allocs = sc_metric_sum(SC_M_DATA_PATH_ALLOCS);
  for (; at < 4; calls++) {
    uint32_t used = sc_json_cells_decode(small, plan, records + at, 4 - at, &cells, &rejects, &unknown);
    assert_int_equal(cells.n_rows, used);
    for (uint32_t r = 0; r < used; r++) assert_int_equal(row[r * cells.n_columns].len, lengths[at + r] - 1);
    at += used;
  }
  assert_int_equal(calls, 3);
  assert_int_equal(sc_metric_sum(SC_M_DATA_PATH_ALLOCS) - allocs, 1);
  for (int i = 0; i < 4; i++) free(bodies[i]);
  sc_json_cells_free(small);
  sc_json_arena_free(small_arena);
}

/* ---- Real records, where they are ---- */

static char *read_file(const char *name, size_t *len) {
  char path[200];
  snprintf(path, sizeof(path), "../shared/data/%s", name);
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    print_message("skipped: no %s\n", path);
    return NULL;
  }
  fseek(file, 0, SEEK_END);
  *len = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*len + SC_BODY_PADDING);
  assert_int_equal(fread(bytes, 1, *len, file), *len);
  memset(bytes + *len, '"', SC_BODY_PADDING);
  fclose(file);
  return bytes;
}

/* Every line of a file as a record; returns how many became rows. */
static size_t decode_lines(const char *bytes, size_t len, size_t *lines) {
  size_t rows = 0;
  *lines = 0;
  for (const char *p = bytes, *end = bytes + len; p < end; ++*lines) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    const char *stop = newline == NULL ? end : newline + 1;
    struct sc_record record = {.data = {p, (size_t)(stop - p)}};
    assert_int_equal(sc_json_cells_decode(decoder, plan, &record, 1, &cells, &rejects, &unknown), 1);
    rows += cells.n_rows;
    p = stop;
  }
  return rows;
}

static void real_records(void **state) {
  (void)state;
  static const struct {
    const char *file, *columns;
    size_t lines, rows;
  } files[] = {{"tweets.ndjson", "id:i,text:t,user:j,metadata:j", 100, 100},
               {"github_events.ndjson", "type:t,id:i,payload:j", 30, 30},
               {"dms_kinesis.ndjson", "data:j,metadata:j,control:j", 137, 137},
               {"amazon_cellphones.ndjson", "a:t", 793, 0}};
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
    size_t len, lines;
    char *bytes = read_file(files[i].file, &len);
    if (bytes == NULL) continue;
    make_plan(files[i].columns);
    assert_int_equal(decode_lines(bytes, len, &lines), files[i].rows);
    assert_int_equal(lines, files[i].lines);
    free(bytes);
  }
}

static void keys_without_a_column_are_wishes(void **state) {
  (void)state;
  make_plan("a:i");
  plan->unknown = SC_UNKNOWN_ADD;
  decode("{\"a\":1,\"new\":null}"); /* null needs no column */
  assert_int_equal(unknown, 1);
  assert_false(decode_bytes("{\"new\":2,\"a\":1}", 15));
  assert_int_equal(reject_items[0].request, SC_REQUEST_COLUMN);
  assert_int_equal(unknown, 0);
  assert_false(decode_bytes("{\"new\":2,\"a\":}", 14)); /* a broken record requests nothing */
  assert_int_equal(reject_items[0].request, SC_REQUEST_NONE);
  plan->unknown = SC_UNKNOWN_DEAD_LETTER;
  assert_false(decode_bytes("{\"new\":2,\"a\":1}", 15));
  assert_int_equal(reject_items[0].request, SC_REQUEST_NONE);
  assert_int_equal(reject_items[0].reason, SC_REASON_UNKNOWN_KEY);
  assert_string_equal(reject_items[0].text, "key \"new\" has no column");
}

static void doubles_that_are_exact_wish_for_more(void **state) {
  (void)state;
  make_plan("a:d");
  decode("{\"a\":9007199254740993}");
  plan->columns[0].exact = plan->columns[0].widens = true;
  plan->generation = ++generation;
  decode("{\"a\":9007199254740992}");
  decode("{\"a\":0.12345678901234567}");
  assert_false(decode_bytes("{\"a\":9007199254740993}", 22));
  assert_int_equal(reject_items[0].request, SC_REQUEST_TYPE);
  assert_int_equal(reject_items[0].kinds, SC_KIND_LONG);
  assert_int_equal(reject_items[0].column, 0);
  assert_false(decode_bytes("{\"a\":0.123456789012345678}", 26));
  assert_int_equal(reject_items[0].kinds, SC_KIND_BIG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ordinary_record),
      cmocka_unit_test(without_columns_keys_are_counted),
      cmocka_unit_test(any_order_missing_null_and_unknown),
      cmocka_unit_test(last_of_two_keys_counts),
      cmocka_unit_test(keys_that_cannot_be_guessed),
      cmocka_unit_test(integers),
      cmocka_unit_test(doubles),
      cmocka_unit_test(shapes),
      cmocka_unit_test(strings),
      cmocka_unit_test(broken_records),
      cmocka_unit_test(broken_members_without_a_column),
      cmocka_unit_test(no_columns_at_all),
      cmocka_unit_test(depth),
      cmocka_unit_test(every_prefix_is_rejected),
      cmocka_unit_test(chunks),
      cmocka_unit_test(documents_of_a_record),
      cmocka_unit_test(arena_is_bounded),
      cmocka_unit_test(keys_without_a_column_are_wishes),
      cmocka_unit_test(doubles_that_are_exact_wish_for_more),
      cmocka_unit_test(real_records),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
