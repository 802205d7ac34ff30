#include "codec/json/number.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/batch.h"

/* The length scanned, 0 when it is no number. More digits stand behind the end. */
static size_t scan(const char *text, struct sc_json_number *out) {
  char padded[600 + SC_BODY_PADDING];
  size_t len = strlen(text);
  memset(padded, '7', sizeof(padded));
  memcpy(padded, text, len);
  const char *behind = sc_json_number_scan(padded, padded + len, out);
  return behind == NULL ? 0 : (size_t)(behind - padded);
}

static void grammar(void **state) {
  (void)state;
  struct sc_json_number number;
  static const char *good[] = {"0",
                               "-0",
                               "7",
                               "-12",
                               "0.5",
                               "-0.50",
                               "1e5",
                               "1E+5",
                               "1e-05",
                               "12.34e56",
                               "123456789012345678901234567890",
                               "0e0",
                               "0.00000000001",
                               "12345678",
                               "123456789",
                               "1.23456789012345678"};
  static const char *bad[] = {"",   "-",    "+1", ".5",  "-.5", "e5",  "01", "-01", "00",
                              "1.", "1.e5", "1e", "1e+", "1e-", "NaN", "x",  "--1"};
  for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
    if (scan(good[i], &number) != strlen(good[i])) fail_msg("refused %s", good[i]);
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    if (scan(bad[i], &number) != 0) fail_msg("took %s", bad[i]);
  assert_int_equal(scan("12,3", &number), 2);
  assert_int_equal(scan("1.5.5", &number), 3);
  assert_int_equal(scan("0x10", &number), 1);
}

static void parts(void **state) {
  (void)state;
  static const struct {
    const char *text;
    struct sc_json_number number;
  } cases[] = {{"0", {0, 0, 0, false, true, false}},
               {"-12", {12, 0, 2, true, true, false}},
               {"1.50", {150, -2, 3, false, false, false}},
               {"0.0015", {15, -4, 2, false, false, false}},
               {"1e5", {1, 5, 1, false, false, false}},
               {"12.5e1", {125, 0, 3, false, false, false}},
               {"1000", {1000, 0, 4, false, true, false}},
               {"0.000", {0, -3, 0, false, false, false}},
               {"9999999999999999999", {9999999999999999999U, 0, 19, false, true, false}},
               {"0.00000000000000000000000000001", {1, -29, 1, false, false, false}}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct sc_json_number got;
    const struct sc_json_number *want = &cases[i].number;
    assert_int_equal(scan(cases[i].text, &got), strlen(cases[i].text));
    if (got.digits != want->digits || got.exponent != want->exponent || got.n_digits != want->n_digits ||
        got.negative != want->negative || got.plain != want->plain || got.long_digits != want->long_digits)
      fail_msg("%s", cases[i].text);
  }
  struct sc_json_number number;
  scan("10000000000000000000", &number);
  assert_true(number.long_digits && number.n_digits == 20);
  scan("1e99999999999999999999", &number);
  assert_int_equal(number.exponent, SC_JSON_EXPONENT_MAX);
  scan("1e-99999999999999999999", &number);
  assert_int_equal(number.exponent, -SC_JSON_EXPONENT_MAX);
}

/* What sc_json_number_skip makes of it. */
static size_t skip_number(const char *text, bool *too_large) {
  char padded[600 + SC_BODY_PADDING];
  size_t len = strlen(text);
  memset(padded, '7', sizeof(padded));
  memcpy(padded, text, len);
  *too_large = false;
  const char *behind = sc_json_number_skip(padded, padded + len, too_large);
  return behind == NULL ? 0 : (size_t)(behind - padded);
}

/* A number of so many digits before and behind the point, and what it is, digit by digit. */
static struct sc_json_number make_number(char *text, unsigned whole, unsigned fraction, unsigned first, bool negative) {
  struct sc_json_number number = {.exponent = -(int32_t)fraction, .negative = negative, .plain = fraction == 0};
  char *at = text;
  if (negative) *at++ = '-';
  for (unsigned i = 0; i < whole + fraction; i++) {
    unsigned digit = i == 0 ? first : (first + i * 7) % 10;
    if (i == whole) *at++ = '.';
    *at++ = (char)('0' + digit);
    number.digits = number.digits * 10 + digit;
    if (digit > 0 || number.n_digits > 0) number.n_digits++;
  }
  *at = '\0';
  number.long_digits = number.n_digits > 19;
  return number;
}

static void check_number(const char *text, const struct sc_json_number *expected) {
  struct sc_json_number number;
  bool too_large;
  if (scan(text, &number) != strlen(text) || skip_number(text, &too_large) != strlen(text))
    fail_msg("refused %s", text);
  if (too_large || number.exponent != expected->exponent || number.n_digits != expected->n_digits ||
      number.negative != expected->negative || number.plain != expected->plain ||
      number.long_digits != expected->long_digits)
    fail_msg("%s is taken for something else", text);
  if (!number.long_digits && number.digits != expected->digits) fail_msg("%s: %lu", text, number.digits);
}

static void all_lengths(void **state) {
  (void)state;
  char text[64];
  for (unsigned whole = 1; whole <= 22; whole++)
    for (unsigned fraction = 0; fraction <= 22; fraction++)
      for (unsigned first = whole == 1 ? 0 : 1; first <= 9; first++) {
        struct sc_json_number expected = make_number(text, whole, fraction, first, first % 2 == 0);
        check_number(text, &expected);
      }
}

static void skipped_as_scanned(void **state) {
  (void)state;
  static const char *texts[] = {
      "0",  "-0", "-",   "",     "01",  "-01",  "1.",  "1.e5",   "1e", "1e+",        "12,3",
      "-x", "1e", "1E5", "1.5e", "0.0", "1.50", "1.5", "1e-5}}", "7]", "1234567e99", "1234567890123456.7.8"};
  struct sc_json_number number;
  bool too_large;
  for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
    assert_int_equal(scan(texts[i], &number), skip_number(texts[i], &too_large));
    assert_false(too_large);
  }
  assert_int_equal(skip_number("1e131072", &too_large), 8);
  assert_true(too_large);
  assert_int_equal(skip_number("1e131071", &too_large), 8);
  assert_false(too_large);
}

static void to_integers(void **state) {
  (void)state;
  for (int digits = 1; digits < 19; digits++) {
    for (int i = 0; i < 50; i++) {
      char text[40];
      long long value = 0;
      for (int d = 0; d < digits; d++) value = value * 10 + (d == 0 ? 1 + (i + d) % 9 : (i * 7 + d * 3) % 10);
      if (i % 2 == 1) value = -value;
      struct sc_json_number number;
      int64_t got;
      snprintf(text, sizeof(text), "%lld", value);
      assert_int_equal(scan(text, &number), strlen(text));
      assert_true(sc_json_number_to_i64(&number, &got) && got == value);
    }
  }
}

static uint64_t random_state = 42;
static uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

/* glibc's strtod is correctly rounded too, and another program. */
static void to_doubles(void **state) {
  (void)state;
  for (int i = 0; i < 60000; i++) {
    char text[80];
    uint64_t r = next_random();
    int digits = 1 + (int)(r % 22), exponent = i % 3 == 0 ? (int)(r / 100 % 60) - 30 : (int)(r / 100 % 660) - 330;
    int len = snprintf(text, sizeof(text), "%s%d.", r & 1 << 20 ? "-" : "", (int)((r >> 30) % 10));
    for (int d = 0; d < digits; d++) text[len++] = (char)('0' + next_random() % 10);
    snprintf(text + len, sizeof(text) - (size_t)len, i % 4 == 0 ? "" : "e%d", exponent);
    struct sc_json_number number;
    double got, want = strtod(text, NULL);
    size_t n = strlen(text);
    assert_int_equal(scan(text, &number), n);
    bool finite = sc_json_number_to_double(&number, text, n, &got);
    assert_int_equal(finite, isfinite(want) != 0);
    if (finite && memcmp(&got, &want, sizeof(got)) != 0) fail_msg("%s gives %.17g, not %.17g", text, got, want);
  }
}

static void numeric_range(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool fits;
  } cases[] = {{"0", true},           {"1e131071", true}, {"1e131072", false},       {"123e131069", true},
               {"123e131070", false}, {"1e-16383", true}, {"1e-16384", false},       {"1.5e-16382", true},
               {"1.5e-16383", false}, {"0e131072", true}, {"1e1000000000000", false}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct sc_json_number number;
    scan(cases[i].text, &number);
    if (sc_json_number_fits_numeric(&number) != cases[i].fits) fail_msg("%s", cases[i].text);
  }
}

/* Of every token that could be a number: taken are those of up to eight characters beside a minus and without exponent,
 * and they are what the scan says. */
static void short_ones_as_scanned(void **state) {
  (void)state;
  static const char characters[] = "0123456789009.-e ";
  uint32_t random = 1;
  for (int round = 0; round < 400000; round++) {
    char text[12 + 16];
    size_t len = 1 + (size_t)round % 10;
    memset(text, '1', sizeof(text));
    for (size_t i = 0; i < len; i++) {
      random = random * 1664525 + 1013904223;
      text[i] = characters[(random >> 16) % (round % 2 ? sizeof(characters) - 1 : 11)];
    }
    struct sc_json_number number;
    int64_t digits;
    unsigned fraction;
    bool taken = sc_json_number_short(text, len, &digits, &fraction);
    bool whole = sc_json_number_scan(text, text + len, &number) == text + len;
    bool has_exponent = memchr(text, 'e', len) != NULL;
    size_t characters_beside_minus = len - (text[0] == '-');
    if (taken != (whole && !has_exponent && characters_beside_minus <= 8)) fail_msg("%.*s", (int)len, text);
    if (!taken) continue;
    assert_int_equal(digits, number.negative ? -(int64_t)number.digits : (int64_t)number.digits);
    assert_int_equal(fraction, -number.exponent);
    double value = sc_json_number_short_double(digits, fraction);
    text[len] = '\0';
    if (digits != 0) assert_true(value == strtod(text, NULL));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grammar),       cmocka_unit_test(parts),
      cmocka_unit_test(all_lengths),   cmocka_unit_test(skipped_as_scanned),
      cmocka_unit_test(to_integers),   cmocka_unit_test(to_doubles),
      cmocka_unit_test(numeric_range), cmocka_unit_test(short_ones_as_scanned),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
