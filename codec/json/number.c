#include "codec/json/number.h"

#include "codec/json/double.h"
#include "codec/json/string.h"

#define DIGITS_EXACT 19 /* of these any number fits 64 bits */
#define NUMERIC_WHOLE_DIGITS 131072
#define NUMERIC_FRACTION_DIGITS 16383

static inline unsigned digit_at(const char *p, const char *end) {
  return p < end ? (unsigned)(unsigned char)*p - '0' : 10U;
}

/* All eight have the high nibble 3, and still have it when 6 is added. */
static inline bool are_eight_digits(uint64_t word) {
  const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0), threes = UINT64_C(0x3030303030303030);
  return (word & high) == threes && ((word + UINT64_C(0x0606060606060606)) & high) == threes;
}

/* Adds the digits at p to *value (wrapping; the caller counts them). */
static inline const char *scan_digits(const char *p, const char *end, uint64_t *value) {
  uint64_t sum = *value, eight;
  while (end - p >= 8 && are_eight_digits(eight = sc_json_eight_load(p))) {
    sum = sum * 100000000 + sc_json_eight_join(eight - UINT64_C(0x3030303030303030));
    p += 8;
  }
  for (unsigned digit; (digit = digit_at(p, end)) <= 9; p++) sum = sum * 10 + digit;
  *value = sum;
  return p;
}

/* A number as most are: at most 19 digits, no exponent. */
struct usual {
  unsigned whole, fraction; /* digits before and behind the point */
  unsigned len;             /* of the text, without a minus; 0: it is not of that kind, or is none */
};

/* p is behind a minus. Digits are counted, not walked over: how many there are is what a branch cannot guess. */
static inline struct usual look_at(const char *p, const char *end) {
  const struct usual none = {0, 0, 0};
  struct usual usual = {.whole = sc_json_digits_stop(p), .fraction = 0};
  usual.len = usual.whole;
  if (p[usual.len] == '.') {
    usual.fraction = sc_json_digits_stop(p + usual.len + 1);
    if (usual.fraction == 0) return none;
    usual.len += 1 + usual.fraction;
  }
  char behind = p[usual.len];
  bool goes_on = (behind >= '0' && behind <= '9') || (behind | 0x20) == 'e';
  bool grammar = usual.whole == 1 || (usual.whole > 0 && *p != '0');
  if (goes_on || !grammar || usual.whole + usual.fraction > DIGITS_EXACT || (size_t)(end - p) < usual.len) return none;
  return usual;
}

/* n <= 8 digits; reads eight bytes. Shifted up, they stand behind zeros. */
static inline uint64_t join_few(const char *p, unsigned n) {
  if (n == 0) return 0;
  return sc_json_eight_join((sc_json_eight_load(p) - UINT64_C(0x3030303030303030)) << (64 - 8 * n));
}

static inline uint64_t power_of_ten(unsigned n) {
  static const uint64_t table[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
  return table[n];
}

/* n <= 16 digits. */
static inline uint64_t join_digits(const char *p, unsigned n) {
  if (n <= 8) return join_few(p, n);
  return join_few(p, 8) * power_of_ten(n - 8) + join_few(p + 8, n - 8);
}

static const char *scan_exponent(const char *p, const char *end, int64_t *exponent) {
  bool negative = sc_json_peek(p, end) == '-';
  if (negative || sc_json_peek(p, end) == '+') p++;
  if (digit_at(p, end) > 9) return NULL;
  int64_t value = 0;
  for (unsigned digit; (digit = digit_at(p, end)) <= 9; p++)
    if (value < SC_JSON_EXPONENT_MAX) value = value * 10 + digit;
  *exponent += negative ? -value : value;
  return p;
}

static int32_t clamp_exponent(int64_t exponent) {
  if (exponent > SC_JSON_EXPONENT_MAX) return SC_JSON_EXPONENT_MAX;
  if (exponent < -SC_JSON_EXPONENT_MAX) return -SC_JSON_EXPONENT_MAX;
  return (int32_t)exponent;
}

/* Zeros in front of the first other digit, with a point among them or not. */
static size_t count_leading_zeros(const char *p, const char *end) {
  size_t n = 0;
  for (; p < end && (*p == '0' || *p == '.'); p++) n += *p == '0';
  return n;
}

static const char *scan_any(const char *p, const char *end, bool negative, struct sc_json_number *out) {
  uint64_t digits = 0;
  int64_t exponent = 0;
  const char *start = p;
  unsigned first = digit_at(p, end);
  if (first > 9) return NULL;
  p = first == 0 ? p + 1 : scan_digits(p, end, &digits);
  if (first == 0 && digit_at(p, end) <= 9) return NULL;
  size_t n = (size_t)(p - start);
  if (sc_json_peek(p, end) == '.') {
    const char *fraction = p + 1;
    p = scan_digits(fraction, end, &digits);
    if (p == fraction) return NULL;
    exponent = -(int64_t)(p - fraction);
    n += (size_t)(p - fraction);
  }
  if (first == 0) n -= count_leading_zeros(start, p);
  bool plain = exponent == 0;
  if ((sc_json_peek(p, end) | 0x20) == 'e') {
    plain = false;
    p = scan_exponent(p + 1, end, &exponent);
    if (p == NULL) return NULL;
  }
  *out = (struct sc_json_number){digits, clamp_exponent(exponent), (uint32_t)n, negative, plain, n > DIGITS_EXACT};
  return p;
}

const char *sc_json_number_scan(const char *p, const char *end, struct sc_json_number *out) {
  bool negative = sc_json_peek(p, end) == '-';
  p += negative;
  struct usual usual = look_at(p, end);
  if (usual.len == 0 || usual.fraction > 8) return scan_any(p, end, negative, out);
  uint32_t n = usual.whole + usual.fraction;
  uint64_t digits = join_digits(p, usual.whole);
  if (usual.fraction > 0)
    digits = digits * power_of_ten(usual.fraction) + join_few(p + usual.whole + 1, usual.fraction);
  if (*p == '0') n -= (uint32_t)count_leading_zeros(p, p + usual.len);
  *out = (struct sc_json_number){digits, -(int32_t)usual.fraction, n, negative, usual.fraction == 0, false};
  return p + usual.len;
}

const char *sc_json_number_skip(const char *p, const char *end, bool *too_large) {
  bool negative = sc_json_peek(p, end) == '-';
  struct usual usual = look_at(p + negative, end);
  if (usual.len > 0) return p + negative + usual.len;
  struct sc_json_number number;
  p = scan_any(p + negative, end, negative, &number);
  if (p != NULL && !sc_json_number_fits_numeric(&number)) *too_large = true;
  return p;
}

bool sc_json_number_to_i64(const struct sc_json_number *number, int64_t *out) {
  uint64_t value = number->digits;
  int32_t exponent = number->exponent;
  if (number->n_digits == 0) exponent = 0;
  if (number->long_digits || exponent > DIGITS_EXACT) return false;
  for (; exponent < 0; exponent++) {
    if (value % 10 != 0) return false;
    value /= 10;
  }
  for (; exponent > 0; exponent--)
    if (__builtin_mul_overflow(value, 10, &value)) return false;
  if (value > (uint64_t)INT64_MAX + number->negative) return false;
  *out = number->negative ? (int64_t)(0 - value) : (int64_t)value;
  return true;
}

/* Powers of ten a double holds exactly. */
static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define POWERS_MAX 22

bool sc_json_number_to_double(const struct sc_json_number *number, const char *text, size_t len, double *out) {
  double value;
  int32_t exponent = number->exponent;
  if (!number->long_digits && number->digits <= UINT64_C(1) << 53 && exponent >= -POWERS_MAX &&
      exponent <= POWERS_MAX) {
    /* Both operands are exact, so the one rounding is the right one. */
    value = (double)number->digits;
    value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
    *out = number->negative ? -value : value;
    return true;
  }
  if (sc_json_double_read(text, len, out)) return true;
  if (number->n_digits > 0 && (int64_t)number->n_digits + exponent > 0) return false;
  *out = number->negative ? -0.0 : 0.0;
  return true;
}

bool sc_json_number_fits_numeric(const struct sc_json_number *number) {
  int64_t exponent = number->exponent;
  int64_t whole = (int64_t)number->n_digits + exponent;
  return whole <= NUMERIC_WHOLE_DIGITS && -exponent <= NUMERIC_FRACTION_DIGITS;
}
