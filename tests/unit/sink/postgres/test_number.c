#include "sink/postgres/number.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sc_slice text_of(const char *text) { return sc_slice_str(text); }

static void hex_of(const char *bytes, size_t len, char *out) {
  for (size_t i = 0; i < len; i++) snprintf(out + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
  out[2 * len] = 0;
}

/* As numeric_send of PostgreSQL 15 prints them: select encode(numeric_send(v::numeric), 'hex'). */
static const char *const numerics[][2] = {
    {"0", "0000000000000000"},
    {"-0", "0000000000000000"},
    {"0.00", "0000000000000002"},
    {"1", "00010000000000000001"},
    {"-1", "00010000400000000001"},
    {"10000", "00010001000000000001"},
    {"100000000", "00010002000000000001"},
    {"12345.678", "0003000100000003000109291a7c"},
    {"0.1", "0001ffff0000000103e8"},
    {".1", "0001ffff0000000103e8"},
    {"000.1", "0001ffff0000000103e8"},
    {"0.0001", "0001ffff000000040001"},
    {"0.00001", "0001fffe0000000503e8"},
    {"-0.00010", "0001ffff400000050001"},
    {"9999", "0001000000000000270f"},
    {"99999999.99", "0003000100000002270f270f26ac"},
    {"1e10", "00010002000000000064"},
    {" +1E+10\n", "00010002000000000064"},
    {"1.50", "000200000000000200011388"},
    {"123456789012345678901234567890.123456789", "000b000700000009000c0d801ed204d2162e23340d801ed204d2162e2328"},
    {"NaN", "00000000c0000000"},
    {"1e-30", "0001fff80000001e0064"},
    {"1.5e3", "000100000000000005dc"},
    {"1.5e-3", "0001ffff00000004000f"},
    {"9223372036854775807", "0005000400000000039a0d2c0170156516af"},
    {"49590338271490256608559692538361571095921575989136588898",
     "000e000d00000000135f01520a9a234119d015dc242520a9164e2578062726a30e4a22c2"},
};

static void numeric_as_the_server_sends_it(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(numerics) / sizeof(numerics[0]); i++) {
    char out[256], hex[512];
    size_t len = 0;
    assert_int_equal(sc_pg_number_to_numeric(text_of(numerics[i][0]), -1, out, &len), SC_PG_NUMBER_OK);
    hex_of(out, len, hex);
    assert_string_equal(hex, numerics[i][1]);
    assert_true(len <= strlen(numerics[i][0]) + 16);
  }
}

static void integers_and_their_text_agree(void **state) {
  (void)state;
  const int64_t values[] = {0, 1, -1, 9999, 10000, -10001, 123456789, 100000000, INT64_MAX, INT64_MIN, 1000000000000};
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    char text[32], a[64], b[64];
    size_t a_len = 0, b_len = 0;
    snprintf(text, sizeof(text), "%lld", (long long)values[i]);
    *sc_pg_put_int(a, values[i]) = 0;
    assert_string_equal(a, text);
    assert_int_equal(sc_pg_int_to_numeric(values[i], -1, a, &a_len), SC_PG_NUMBER_OK);
    assert_int_equal(sc_pg_number_to_numeric(text_of(text), -1, b, &b_len), SC_PG_NUMBER_OK);
    assert_int_equal(a_len, b_len);
    assert_memory_equal(a, b, a_len);
  }
}

static int32_t modifier(int precision, int scale) { return (precision << 16 | (scale & 0x7FF)) + 4; }

static void precision_is_checked_after_rounding(void **state) {
  (void)state;
  const struct {
    const char *text;
    int precision, scale;
    enum sc_pg_number_status status;
  } cases[] = {
      {"123.4", 4, 2, SC_PG_NUMBER_RANGE},
      {"99.99", 4, 2, SC_PG_NUMBER_OK},
      {"99.994", 4, 2, SC_PG_NUMBER_OK},
      {"99.995", 4, 2, SC_PG_NUMBER_RANGE},
      {"99999.995", 7, 2, SC_PG_NUMBER_RANGE},
      {"0.995", 2, 2, SC_PG_NUMBER_RANGE},
      {"0.5", 2, 2, SC_PG_NUMBER_OK},
      {"1", 2, 2, SC_PG_NUMBER_RANGE},
      {"0.99", 2, 3, SC_PG_NUMBER_RANGE},
      {"0.0999", 2, 3, SC_PG_NUMBER_RANGE},
      {"0.0994", 2, 3, SC_PG_NUMBER_OK},
      {"1234", 2, -2, SC_PG_NUMBER_OK},
      {"9949", 2, -2, SC_PG_NUMBER_OK},
      {"9950", 2, -2, SC_PG_NUMBER_RANGE},
      {"49", 2, -2, SC_PG_NUMBER_OK},
      {"50", 2, -2, SC_PG_NUMBER_OK},
      {"0", 1, 1, SC_PG_NUMBER_OK},
      {"NaN", 1, 1, SC_PG_NUMBER_OK},
      {"0.0001", 2, 2, SC_PG_NUMBER_OK},
      {"1e9", 5, 0, SC_PG_NUMBER_RANGE},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char out[64];
    size_t len;
    int32_t m = modifier(cases[i].precision, cases[i].scale);
    assert_int_equal(sc_pg_number_to_numeric(text_of(cases[i].text), m, out, &len), cases[i].status);
  }
}

static void what_no_number_is(void **state) {
  (void)state;
  const char *const texts[] = {"",   " ",    "-",   "+",   ".",     "e5",  "1e",   "1e+",
                               "1x", "0x10", "--1", "1 2", "1.2.3", "inf", "1_000"};
  char out[64];
  size_t len;
  int64_t whole;
  double real;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    assert_int_equal(sc_pg_number_to_numeric(text_of(texts[i]), -1, out, &len), SC_PG_NUMBER_SYNTAX);
    assert_int_equal(sc_pg_number_to_int64(text_of(texts[i]), &whole), SC_PG_NUMBER_SYNTAX);
    if (strcmp(texts[i], "inf") != 0)
      assert_int_equal(sc_pg_number_to_double(text_of(texts[i]), &real), SC_PG_NUMBER_SYNTAX);
  }
}

static void numerics_have_bounds(void **state) {
  (void)state;
  static char text[20000], out[20016];
  size_t len;
  memset(text, '7', sizeof(text));
  assert_int_equal(sc_pg_number_to_numeric(sc_slice_of(text, 12000), -1, out, &len), SC_PG_NUMBER_OK);
  assert_int_equal(len, 8 + 2 * 3000);
  assert_int_equal(sc_pg_number_to_numeric(sc_slice_of(text, 12001), -1, out, &len), SC_PG_NUMBER_RANGE);
  assert_int_equal(sc_pg_number_to_numeric(text_of("1e131071"), -1, out, &len), SC_PG_NUMBER_OK);
  assert_int_equal(sc_pg_number_to_numeric(text_of("1e131072"), -1, out, &len), SC_PG_NUMBER_RANGE);
  assert_int_equal(sc_pg_number_to_numeric(text_of("1e-16383"), -1, out, &len), SC_PG_NUMBER_OK);
  assert_int_equal(sc_pg_number_to_numeric(text_of("1e-16384"), -1, out, &len), SC_PG_NUMBER_RANGE);
  assert_int_equal(sc_pg_number_to_numeric(text_of("1e99999999999999999999"), -1, out, &len), SC_PG_NUMBER_RANGE);
  assert_int_equal(sc_pg_number_to_numeric(text_of("0e99999999999999999999"), -1, out, &len), SC_PG_NUMBER_OK);
}

static void whole_numbers(void **state) {
  (void)state;
  const struct {
    const char *text;
    enum sc_pg_number_status status;
    int64_t value;
  } cases[] = {
      {"12", SC_PG_NUMBER_OK, 12},
      {" -12 ", SC_PG_NUMBER_OK, -12},
      {"3.0", SC_PG_NUMBER_OK, 3},
      {"1e3", SC_PG_NUMBER_OK, 1000},
      {"1200e-2", SC_PG_NUMBER_OK, 12},
      {"0.0", SC_PG_NUMBER_OK, 0},
      {"0e-5", SC_PG_NUMBER_OK, 0},
      {"1.5", SC_PG_NUMBER_FRACTION, 0},
      {"1e-1", SC_PG_NUMBER_FRACTION, 0},
      {"9223372036854775807", SC_PG_NUMBER_OK, INT64_MAX},
      {"-9223372036854775808.0", SC_PG_NUMBER_OK, INT64_MIN},
      {"9223372036854775808", SC_PG_NUMBER_RANGE, 0},
      {"-9223372036854775809", SC_PG_NUMBER_RANGE, 0},
      {"18446744073709551616", SC_PG_NUMBER_RANGE, 0},
      {"1e400", SC_PG_NUMBER_RANGE, 0},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int64_t value = 0;
    assert_int_equal(sc_pg_number_to_int64(text_of(cases[i].text), &value), cases[i].status);
    if (!cases[i].status) assert_true(value == cases[i].value);
  }
}

static void doubles(void **state) {
  (void)state;
  double v = 0;
  assert_int_equal(sc_pg_number_to_double(text_of("0.1"), &v), SC_PG_NUMBER_OK);
  assert_true(v == 0.1);
  assert_int_equal(sc_pg_number_to_double(text_of("1.7976931348623157e308"), &v), SC_PG_NUMBER_OK);
  assert_true(v == DBL_MAX);
  assert_int_equal(sc_pg_number_to_double(text_of("5e-324"), &v), SC_PG_NUMBER_OK);
  assert_int_equal(sc_pg_number_to_double(text_of("1e400"), &v), SC_PG_NUMBER_RANGE);
  assert_int_equal(sc_pg_number_to_double(text_of("1e-400"), &v), SC_PG_NUMBER_RANGE);
  assert_int_equal(sc_pg_number_to_double(text_of("0e-400"), &v), SC_PG_NUMBER_OK);
  assert_int_equal(sc_pg_number_to_double(text_of(" -Infinity"), &v), SC_PG_NUMBER_OK);
  assert_true(isinf(v) && v < 0);
  assert_int_equal(sc_pg_number_to_double(text_of("nan"), &v), SC_PG_NUMBER_OK);
  assert_true(isnan(v));
}

static void doubles_read_back_the_same(void **state) {
  (void)state;
  uint64_t bits = 88172645463325252;
  for (int i = 0; i < 20000; i++) {
    double value;
    char text[40];
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    if (i % 2) memcpy(&value, &bits, 8);
    else value = (double)(int64_t)(bits % 2000000000) / 1000 - 1e6;
    if (!isfinite(value)) continue;
    char *end = sc_pg_put_double(text, value);
    assert_true(end - text <= 24);
    *end = 0;
    assert_true(strtod(text, NULL) == value);
  }
}

static void doubles_in_few_digits(void **state) {
  (void)state;
  const struct {
    double value;
    const char *text;
  } cases[] = {{0, "0"},     {-0.0, "-0"},      {42.42, "42.42"},   {-0.5, "-0.5"},        {1e6, "1000000"},
               {0.1, "0.1"}, {1e300, "1e+300"}, {-84.84, "-84.84"}, {0.000001, "0.000001"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char text[40];
    *sc_pg_put_double(text, cases[i].value) = 0;
    assert_string_equal(text, cases[i].text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numeric_as_the_server_sends_it),
      cmocka_unit_test(integers_and_their_text_agree),
      cmocka_unit_test(precision_is_checked_after_rounding),
      cmocka_unit_test(what_no_number_is),
      cmocka_unit_test(numerics_have_bounds),
      cmocka_unit_test(whole_numbers),
      cmocka_unit_test(doubles),
      cmocka_unit_test(doubles_read_back_the_same),
      cmocka_unit_test(doubles_in_few_digits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
