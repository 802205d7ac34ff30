#include "codec/wire/cbor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/codec/wire/cbor_text.h"

static struct sc_buf buf = SC_BUF_INIT;

/* In a block of just its size, so that a sanitizer sees every read behind it. */
static struct sc_slice exact(const char *text) {
  struct sc_slice bytes = cbor_text(&buf, text);
  char *copy = malloc(bytes.len + 1);
  copy = realloc(copy, bytes.len > 0 ? bytes.len : 1);
  if (bytes.len > 0) memcpy(copy, bytes.ptr, bytes.len);
  return sc_slice_of(copy, bytes.len);
}

static struct sc_cbor_head head_of(const char *text) {
  struct sc_cbor_head head = {0, 0, 0};
  struct sc_slice bytes = exact(text);
  assert_ptr_equal(sc_cbor_head(bytes.ptr, bytes.ptr + bytes.len, &head), bytes.ptr + bytes.len);
  free((void *)bytes.ptr);
  return head;
}

static double double_of(const char *text) {
  struct sc_cbor_head head = head_of(text);
  double value = -0.5;
  assert_true(sc_cbor_to_double(&head, &value));
  return value;
}

static int64_t int_of(const char *text) {
  struct sc_cbor_head head = head_of(text);
  int64_t value = -77;
  assert_true(sc_cbor_to_int(&head, &value));
  return value;
}

/* RFC 8949 appendix A. */
static void integers(void **state) {
  (void)state;
  assert_int_equal(int_of("00"), 0);
  assert_int_equal(int_of("17"), 23);
  assert_int_equal(int_of("1818"), 24);
  assert_int_equal(int_of("1903e8"), 1000);
  assert_int_equal(int_of("1a000f4240"), 1000000);
  assert_int_equal(int_of("1b000000e8d4a51000"), 1000000000000);
  assert_int_equal(int_of("20"), -1);
  assert_int_equal(int_of("3903e7"), -1000);
  assert_true(int_of("1b7fffffffffffffff") == INT64_MAX);
  assert_true(int_of("3b7fffffffffffffff") == INT64_MIN);
  struct sc_cbor_head large = head_of("1bffffffffffffffff"), low = head_of("3b8000000000000000"), text = head_of("60");
  int64_t value = 5;
  assert_false(sc_cbor_to_int(&large, &value));
  assert_false(sc_cbor_to_int(&low, &value));
  assert_false(sc_cbor_to_int(&text, &value));
  assert_int_equal(value, 5);
  assert_true(double_of("1bffffffffffffffff") == 18446744073709551615.0);
  assert_true(double_of("3bffffffffffffffff") == -18446744073709551616.0);
}

static void floats_and_simple_values(void **state) {
  (void)state;
  assert_true(double_of("f93c00") == 1.0);
  assert_true(double_of("f97bff") == 65504.0);
  assert_true(double_of("f90001") == 5.960464477539063e-8);
  assert_true(double_of("f9c400") == -4.0);
  assert_true(double_of("fa47c35000") == 100000.0);
  assert_true(double_of("fbc010666666666666") == -4.1);
  static const char *const no_numbers[] = {"f97c00", "f97e00", "fa7f800000", "fb7ff8000000000000",
                                           "f6",     "f5",     "f0",         "40"};
  double value = 7;
  for (size_t i = 0; i < sizeof(no_numbers) / sizeof(*no_numbers); i++) {
    struct sc_cbor_head head = head_of(no_numbers[i]);
    assert_false(sc_cbor_to_double(&head, &value));
  }
  assert_true(value == 7);
  struct sc_cbor_head yes = head_of("f5"), no = head_of("f4"), null = head_of("f6"), undefined = head_of("f7");
  bool flag = false;
  assert_true(sc_cbor_to_bool(&yes, &flag) && flag);
  assert_true(sc_cbor_to_bool(&no, &flag) && !flag);
  assert_false(sc_cbor_to_bool(&null, &flag));
  assert_true(sc_cbor_is_null(&null) && sc_cbor_is_null(&undefined) && !sc_cbor_is_null(&no));
}

static void heads_cut_short_and_malformed(void **state) {
  (void)state;
  static const char *const whole[] = {"1818", "1903e8", "1a000f4240", "1b000000e8d4a51000", "f820", "58ff", "d9d9f7"};
  struct sc_cbor_head head;
  for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++) {
    struct sc_slice bytes = exact(whole[i]);
    for (size_t n = 0; n < bytes.len; n++) assert_ptr_equal(sc_cbor_head(bytes.ptr, bytes.ptr + n, &head), bytes.ptr);
    free((void *)bytes.ptr);
  }
  for (unsigned first = 0; first < 256; first++) {
    char bytes[SC_CBOR_HEAD_MAX] = {(char)first, 32};
    unsigned major = first >> 5, info = first & 31;
    bool good = info < 28 || (info == 31 && major != 0 && major != 1 && major != 6);
    assert_int_equal(sc_cbor_head(bytes, bytes + sizeof(bytes), &head) != NULL, good);
  }
  char simple[] = {(char)0xf8, 31};
  assert_null(sc_cbor_head(simple, simple + 2, &head));
}

/* Whole: NULL; else what is wrong. */
static const char *fault_in(const char *text) {
  struct sc_slice bytes = exact(text);
  struct sc_cbor c = sc_cbor_of(bytes);
  bool done = sc_cbor_skip(&c);
  assert_int_equal(done, c.fault == NULL);
  if (done) assert_ptr_equal(c.p, c.end);
  else assert_in_range((uintptr_t)c.p, (uintptr_t)bytes.ptr, (uintptr_t)c.end);
  free((void *)bytes.ptr);
  return c.fault;
}

static void skips_whole_items(void **state) {
  (void)state;
  static const char *const good[] = {"00",
                                     "f6",
                                     "fb3ff199999999999a",
                                     "40",
                                     "'abc'",
                                     "h'abc'",
                                     "5f ff",
                                     "5f h'a' 40 h'bc' ff",
                                     "7f 'a' 'b' ff",
                                     "80",
                                     "a0",
                                     "9f ff",
                                     "bf ff",
                                     "83 01 82 02 03 82 04 05",
                                     "9f 01 82 02 03 9f 04 05 ff ff",
                                     "bf 'a' 01 'b' 9f 02 03 ff ff",
                                     "a2 01 02 03 04",
                                     "a1 bf 01 02 ff a0",
                                     "c1 1b0000018bcfe5687b",
                                     "c1 c2 d818 41 00",
                                     "9f c0 'x' ff",
                                     "81 81 81 81 80",
                                     "81 c1 9f ff",
                                     "a1 7f 'a' ff c1 01"};
  for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
    if (fault_in(good[i]) != NULL) fail_msg("refused %s: %s", good[i], fault_in(good[i]));
}

static void refuses_what_is_not_well_formed(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "18",
                                    "41",
                                    "58",
                                    "58ff 00",
                                    "61",
                                    "5f",
                                    "5f 00 ff",
                                    "5f 'a' ff",
                                    "5f 5f ff ff",
                                    "5f c1 40 ff",
                                    "81",
                                    "82 00",
                                    "a1 00",
                                    "9f",
                                    "9f 00",
                                    "bf 00 ff",
                                    "bf 00 00 00 ff",
                                    "ff",
                                    "81 ff",
                                    "a1 00 ff",
                                    "c1",
                                    "c1 ff",
                                    "9f c1 ff ff",
                                    "1c",
                                    "1f",
                                    "3e",
                                    "5d",
                                    "fc",
                                    "f818",
                                    "df",
                                    "9bffffffffffffffff",
                                    "bbffffffffffffffff",
                                    "5bffffffffffffffff",
                                    "9a ffffffff",
                                    "7f 'a'",
                                    "81 1e"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    if (fault_in(bad[i]) == NULL) fail_msg("took %s", bad[i]);
}

static void depth_is_bounded(void **state) {
  (void)state;
  char deep[2 * (SC_CBOR_DEPTH_MAX + 1) + 3];
  for (int over = 0; over < 2; over++) {
    memset(deep, 0, sizeof(deep));
    for (int i = 0; i < SC_CBOR_DEPTH_MAX + over; i++) memcpy(deep + 2 * i, "81", 2);
    memcpy(deep + 2 * (SC_CBOR_DEPTH_MAX + over), "00", 2);
    const char *fault = fault_in(deep);
    if (over) assert_string_equal(fault, "nested too deeply");
    else assert_null(fault);
  }
  struct sc_buf tags = SC_BUF_INIT;
  for (int i = 0; i < 100000; i++) sc_cbor_add(&tags, SC_CBOR_TAG, 1);
  sc_cbor_add_null(&tags);
  struct sc_cbor c = sc_cbor_of(sc_buf_view(&tags));
  assert_true(sc_cbor_skip(&c));
  sc_buf_fini(&tags);
}

static void strings(void **state) {
  (void)state;
  static const struct {
    const char *text, *want;
  } cases[] = {
      {"'abc'", "abc"},     {"h'abc'", "abc"}, {"60", ""}, {"7f ff", ""}, {"7f 'ab' 60 'c' 'defg' ff", "abcdefg"},
      {"5f h'xy' ff", "xy"}};
  struct sc_cbor_head head;
  struct sc_slice text;
  char room[8];
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct sc_slice bytes = exact(cases[i].text);
    struct sc_cbor c = sc_cbor_of(bytes);
    assert_true(sc_cbor_take(&c, &head) && sc_cbor_string(&c, &head, room, sizeof(room), &text));
    assert_true(sc_slice_is(text, cases[i].want));
    assert_ptr_equal(c.p, c.end);
    /* the same joined where it stands */
    c = sc_cbor_of(bytes);
    assert_true(sc_cbor_take(&c, &head));
    assert_true(sc_cbor_string(&c, &head, (char *)bytes.ptr + (c.p - bytes.ptr), (size_t)(c.end - c.p), &text));
    assert_true(sc_slice_is(text, cases[i].want));
    free((void *)bytes.ptr);
  }
}

static void strings_that_are_none(void **state) {
  (void)state;
  static const struct {
    const char *text, *fault;
  } cases[] = {{"00", "no string"},
               {"80", "no string"},
               {"62 61", "a string that is cut short"},
               {"5bffffffffffffffff 00", "a string that is cut short"},
               {"7f 'abcd' 'efghi' ff", "a string that is too long"},
               {"7f h'a' ff", "a piece of another type"},
               {"7f 7f ff ff", "a piece of another type"},
               {"7f 'a'", "cut short"},
               {"7f 62 61", "a string that is cut short"}};
  struct sc_cbor_head head;
  struct sc_slice text;
  char room[8];
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct sc_slice bytes = exact(cases[i].text);
    struct sc_cbor c = sc_cbor_of(bytes);
    assert_true(sc_cbor_take(&c, &head));
    assert_false(sc_cbor_string(&c, &head, room, sizeof(room), &text));
    assert_string_equal(c.fault, cases[i].fault);
    free((void *)bytes.ptr);
  }
}

/* The sum of an array's integers, or of a map's names and values. */
static bool sum(struct sc_cbor *c, enum sc_cbor_major major, int64_t *total) {
  struct sc_cbor_head head;
  struct sc_cbor_list list;
  int64_t value;
  if (!sc_cbor_take(c, &head) || !sc_cbor_enter(c, &head, major, &list)) return false;
  while (sc_cbor_more(c, &list)) {
    for (int i = 0; i < (major == SC_CBOR_MAP ? 2 : 1); i++) {
      if (!sc_cbor_take(c, &head)) return false;
      if (!sc_cbor_to_int(&head, &value)) return sc_cbor_fail(c, "no integer");
      *total += value;
    }
  }
  return c->fault == NULL;
}

static void lists(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum sc_cbor_major major;
    int64_t sum; /* -1: a fault */
  } cases[] = {{"83 01 02 03", SC_CBOR_ARRAY, 6},
               {"9f 01 02 03 ff", SC_CBOR_ARRAY, 6},
               {"80", SC_CBOR_ARRAY, 0},
               {"9f ff", SC_CBOR_ARRAY, 0},
               {"a2 01 02 03 04", SC_CBOR_MAP, 10},
               {"d9d9f7 bf 01 c1 02 03 04 ff", SC_CBOR_MAP, 10},
               {"83 01 02", SC_CBOR_ARRAY, -1},
               {"9f 01 02", SC_CBOR_ARRAY, -1},
               {"9f 01 ff", SC_CBOR_MAP, -1},
               {"a0", SC_CBOR_ARRAY, -1},
               {"bf 01 ff", SC_CBOR_MAP, -1},
               {"82 01 ff", SC_CBOR_ARRAY, -1},
               {"9bffffffffffffffff", SC_CBOR_ARRAY, -1},
               {"bb8000000000000000 00 00", SC_CBOR_MAP, -1},
               {"9f c1 ff", SC_CBOR_ARRAY, -1}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct sc_slice bytes = exact(cases[i].text);
    struct sc_cbor c = sc_cbor_of(bytes);
    int64_t total = 0;
    if (sum(&c, cases[i].major, &total) != (cases[i].sum >= 0)) fail_msg("%s: %s", cases[i].text, c.fault);
    if (cases[i].sum >= 0) assert_int_equal(total, cases[i].sum);
    if (cases[i].sum >= 0) assert_ptr_equal(c.p, c.end);
    free((void *)bytes.ptr);
  }
}

static void writes_the_shortest_heads(void **state) {
  (void)state;
  static const struct {
    uint64_t value;
    const char *want;
  } cases[] = {{0, "00"},
               {23, "17"},
               {24, "1818"},
               {255, "18ff"},
               {256, "190100"},
               {65535, "19ffff"},
               {65536, "1a00010000"},
               {UINT32_MAX, "1affffffff"},
               {(uint64_t)UINT32_MAX + 1, "1b0000000100000000"},
               {UINT64_MAX, "1bffffffffffffffff"}};
  struct sc_buf out = SC_BUF_INIT;
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    sc_buf_clear(&out);
    sc_cbor_add(&out, SC_CBOR_UINT, cases[i].value);
    assert_true(sc_slice_equals(sc_buf_view(&out), cbor_text(&buf, cases[i].want)));
  }
  sc_buf_fini(&out);
}

static void writes_values(void **state) {
  (void)state;
  struct sc_buf out = SC_BUF_INIT;
  sc_cbor_open(&out, SC_CBOR_MAP);
  sc_cbor_add_text(&out, SC_SLICE_LITERAL("a"));
  sc_cbor_open(&out, SC_CBOR_ARRAY);
  sc_cbor_add_int(&out, -1);
  sc_cbor_add_int(&out, INT64_MIN);
  sc_cbor_add_int(&out, 1000);
  sc_cbor_add_bool(&out, true);
  sc_cbor_add_bool(&out, false);
  sc_cbor_add_null(&out);
  sc_cbor_add_bytes(&out, SC_SLICE_LITERAL("xyz"));
  sc_cbor_add(&out, SC_CBOR_TAG, SC_CBOR_TAG_EPOCH);
  sc_cbor_add_int(&out, 0);
  sc_cbor_close(&out);
  sc_cbor_close(&out);
  assert_true(sc_slice_equals(sc_buf_view(&out),
                              cbor_text(&buf, "bf 'a' 9f 20 3b7fffffffffffffff 1903e8 f5 f4 f6 h'xyz' c1 00 ff ff")));
  sc_buf_fini(&out);
}

static int drop(void **state) {
  (void)state;
  sc_buf_fini(&buf);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers),
      cmocka_unit_test(floats_and_simple_values),
      cmocka_unit_test(heads_cut_short_and_malformed),
      cmocka_unit_test(skips_whole_items),
      cmocka_unit_test(refuses_what_is_not_well_formed),
      cmocka_unit_test(depth_is_bounded),
      cmocka_unit_test(strings),
      cmocka_unit_test(strings_that_are_none),
      cmocka_unit_test(lists),
      cmocka_unit_test(writes_the_shortest_heads),
      cmocka_unit_test(writes_values),
  };
  return cmocka_run_group_tests(tests, NULL, drop);
}
