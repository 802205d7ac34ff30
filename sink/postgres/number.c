#include "sink/postgres/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/big_endian.h"
#include "engine/base/text.h"

#define DIGITS_MAX 3000 /* groups numeric_recv takes */
#define SCALE_MAX 16383
#define POINT_MAX 131072 /* decimal digits before the point */
#define EXPONENT_MAX 1000000
#define SIGN_NEGATIVE 0x4000
#define SIGN_NAN 0xC000

/* A decimal number: digits[0..n) of two runs, the first not 0 and the last not 0 once trimmed; point: how many of them
 * stand before the decimal point (may be negative or beyond n). */
struct decimal {
  bool negative;
  struct sc_slice whole, fraction;
  size_t first; /* leading zeros skipped */
  size_t n;
  long point;
  long scale; /* digits behind the point, as written */
};

static char digit_at(const struct decimal *d, size_t i) {
  if (i >= d->n) return '0';
  i += d->first;
  /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a run that holds digit i is in the text */
  return i < d->whole.len ? d->whole.ptr[i] : d->fraction.ptr[i - d->whole.len];
}

static struct sc_slice take_digits(struct sc_slice *s) {
  struct sc_slice run = {s->ptr, 0};
  while (run.len < s->len && s->ptr[run.len] >= '0' && s->ptr[run.len] <= '9') run.len++;
  s->ptr += run.len;
  s->len -= run.len;
  return run;
}

static bool take_sign(struct sc_slice *s) {
  bool negative = s->len && *s->ptr == '-';
  if (s->len && (*s->ptr == '-' || *s->ptr == '+')) s->ptr++, s->len--;
  return negative;
}

/* What is behind the mantissa: nothing, or an exponent; false when it is anything else. */
static bool take_exponent(struct sc_slice *s, long *out) {
  *out = 0;
  if (!s->len) return true;
  if ((*s->ptr | 0x20) != 'e') return false;
  s->ptr++, s->len--;
  bool negative = take_sign(s);
  struct sc_slice digits = take_digits(s);
  for (size_t i = 0; i < digits.len; i++) {
    if (*out < EXPONENT_MAX) *out = *out * 10 + (digits.ptr[i] - '0');
  }
  if (negative) *out = -*out;
  return digits.len > 0 && !s->len;
}

static bool scan(struct sc_slice text, struct decimal *d) {
  struct sc_slice s = sc_text_trim(text);
  long exponent;
  *d = (struct decimal){.negative = take_sign(&s)};
  d->whole = take_digits(&s);
  if (s.len && *s.ptr == '.') {
    s.ptr++, s.len--;
    d->fraction = take_digits(&s);
  }
  size_t digits = d->whole.len + d->fraction.len;
  if (!digits || !take_exponent(&s, &exponent)) return false;
  d->n = digits;
  d->point = (long)d->whole.len + exponent;
  d->scale = (long)d->fraction.len - exponent;
  if (d->scale < 0) d->scale = 0;
  while (d->n && digit_at(d, 0) == '0') d->first++, d->n--, d->point--;
  while (d->n && digit_at(d, d->n - 1) == '0') d->n--;
  return true;
}

static void put_head(char *out, unsigned groups, int weight, unsigned sign, unsigned scale) {
  out = sc_be_put16(out, (uint16_t)groups);
  out = sc_be_put16(out, (uint16_t)weight);
  out = sc_be_put16(out, (uint16_t)sign);
  sc_be_put16(out, (uint16_t)scale);
}

/* Does rounding to keep digits carry into a new leading digit (9.99 -> 10.0)? */
static bool carries(const struct decimal *d, long keep) {
  if (keep < 0 || keep >= (long)d->n || digit_at(d, (size_t)keep) < '5') return false;
  for (size_t i = 0; i < (size_t)keep; i++) {
    if (digit_at(d, i) != '9') return false;
  }
  return true;
}

/* numeric(p, s) after the server's rounding: at most p - s digits before the point. Scales have 11 bits, signed. */
static bool fits_modifier(const struct decimal *d, int32_t modifier) {
  if (modifier < 4 || !d->n) return true;
  long precision = (modifier - 4) >> 16 & 0xFFFF, scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024;
  long keep = d->point + scale;
  if (keep < 0) return true;
  return d->point + carries(d, keep) <= precision - scale || (keep == 0 && !carries(d, keep));
}

static long floor_div4(long v) { return v >= 0 ? v / 4 : -((-v + 3) / 4); }

/* The digits in one run, when they are. */
static const char *one_run(const struct decimal *d) {
  if (d->first + d->n <= d->whole.len) return d->whole.ptr + d->first;
  return d->first >= d->whole.len ? d->fraction.ptr + (d->first - d->whole.len) : NULL;
}

static int group_at(const struct decimal *d, size_t pad, size_t first_place) {
  int value = 0;
  for (size_t place = first_place; place < first_place + 4; place++) {
    value = value * 10 + (place < pad ? 0 : digit_at(d, place - pad) - '0');
  }
  return value;
}

/* Groups of four digits, the first behind pad zeros, the last filled with zeros. */
static void put_groups(const struct decimal *d, size_t pad, size_t groups, char *out) {
  const char *run = one_run(d);
  for (size_t g = 0; g < groups; g++) {
    bool inside = run != NULL && g * 4 >= pad && g * 4 + 4 <= pad + d->n;
    const char *p = inside ? run + (g * 4 - pad) : NULL;
    int value =
        inside ? (p[0] - '0') * 1000 + (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0') : group_at(d, pad, g * 4);
    out = sc_be_put16(out, (uint16_t)value);
  }
}

static enum sc_pg_number_status put_decimal(const struct decimal *d, int32_t modifier, char *out, size_t *len) {
  if (d->scale > SCALE_MAX || (d->n && d->point > POINT_MAX)) return SC_PG_NUMBER_RANGE;
  if (!d->n) {
    put_head(out, 0, 0, 0, (unsigned)d->scale);
    *len = 8;
    return SC_PG_NUMBER_OK;
  }
  if (!fits_modifier(d, modifier)) return SC_PG_NUMBER_RANGE;
  long weight = floor_div4(d->point - 1);
  size_t pad = (size_t)(4 * (weight + 1) - d->point), groups = (pad + d->n + 3) / 4;
  if (groups > DIGITS_MAX) return SC_PG_NUMBER_RANGE;
  put_head(out, (unsigned)groups, (int)weight, d->negative ? SIGN_NEGATIVE : 0, (unsigned)d->scale);
  put_groups(d, pad, groups, out + 8);
  *len = 8 + 2 * groups;
  return SC_PG_NUMBER_OK;
}

enum sc_pg_number_status sc_pg_number_to_numeric(struct sc_slice text, int32_t modifier, char *out, size_t *len) {
  struct decimal d;
  if (scan(text, &d)) return put_decimal(&d, modifier, out, len);
  struct sc_slice word = sc_text_trim(text);
  if (!sc_text_equals_nocase(word, SC_SLICE_LITERAL("nan"))) return SC_PG_NUMBER_SYNTAX;
  put_head(out, 0, 0, SIGN_NAN, 0);
  *len = 8;
  return SC_PG_NUMBER_OK;
}

enum sc_pg_number_status sc_pg_int_to_numeric(int64_t value, int32_t modifier, char *out, size_t *len) {
  if (modifier >= 4) {
    char text[20];
    return sc_pg_number_to_numeric(sc_slice_of(text, (size_t)(sc_pg_put_int(text, value) - text)), modifier, out, len);
  }
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  unsigned groups[5], n = 0, trailing = 0;
  for (; rest; rest /= 10000) groups[n++] = (unsigned)(rest % 10000);
  while (trailing < n && !groups[trailing]) trailing++;
  put_head(out, n - trailing, n ? (int)n - 1 : 0, value < 0 ? SIGN_NEGATIVE : 0, 0);
  for (unsigned i = 0; i + trailing < n; i++) sc_be_put16(out + 8 + 2 * i, (uint16_t)groups[n - 1 - i]);
  *len = 8 + 2 * (size_t)(n - trailing);
  return SC_PG_NUMBER_OK;
}

enum sc_pg_number_status sc_pg_number_to_int64(struct sc_slice text, int64_t *out) {
  struct decimal d;
  if (sc_slice_to_i64(text, out)) return SC_PG_NUMBER_OK;
  if (!scan(text, &d)) return SC_PG_NUMBER_SYNTAX;
  if ((long)d.n > d.point) return d.n ? SC_PG_NUMBER_FRACTION : (*out = 0, SC_PG_NUMBER_OK);
  if (d.point > 19) return SC_PG_NUMBER_RANGE;
  uint64_t value = 0;
  for (long i = 0; i < d.point; i++) value = value * 10 + (uint64_t)(digit_at(&d, (size_t)i) - '0');
  if (value > (uint64_t)INT64_MAX + d.negative) return SC_PG_NUMBER_RANGE;
  *out = d.negative ? (int64_t)(0 - value) : (int64_t)value;
  return SC_PG_NUMBER_OK;
}

static bool word_to_double(struct sc_slice s, double *out) {
  bool negative = take_sign(&s);
  bool nan = sc_text_equals_nocase(s, SC_SLICE_LITERAL("nan"));
  bool infinite =
      sc_text_equals_nocase(s, SC_SLICE_LITERAL("inf")) || sc_text_equals_nocase(s, SC_SLICE_LITERAL("infinity"));
  *out = nan ? NAN : negative ? -INFINITY : INFINITY;
  return nan || infinite;
}

enum sc_pg_number_status sc_pg_number_to_double(struct sc_slice text, double *out) {
  char buffer[1100]; /* no double needs more than 767 digits to be told from its neighbours */
  struct decimal d;
  struct sc_slice s = sc_text_trim(text);
  if (!scan(s, &d)) return word_to_double(s, out) ? SC_PG_NUMBER_OK : SC_PG_NUMBER_SYNTAX;
  if (s.len >= sizeof(buffer)) return SC_PG_NUMBER_RANGE;
  memcpy(buffer, s.ptr, s.len);
  buffer[s.len] = 0;
  *out = strtod(buffer, NULL);
  bool vanished = *out == 0 && d.n > 0;
  return vanished || isinf(*out) ? SC_PG_NUMBER_RANGE : SC_PG_NUMBER_OK;
}

char *sc_pg_put_int(char *out, int64_t value) {
  char digits[20];
  size_t n = sizeof(digits);
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do {
    digits[--n] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest);
  if (value < 0) *out++ = '-';
  memcpy(out, digits + n, sizeof(digits) - n);
  return out + sizeof(digits) - n;
}

/* Most numbers have few decimals: value = n / 10^6 exactly rounded, so that its text reads back as value. NULL when
 * this one has more. */
static char *put_short_decimal(char *out, double value) {
  static const double unit = 1000000;
  if (!(fabs(value) < 9e9) || (value == 0 && signbit(value))) return NULL;
  int64_t n = (int64_t)rint(value * unit);
  if ((double)n / unit != value) return NULL;
  uint64_t magnitude = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
  unsigned fraction = (unsigned)(magnitude % 1000000);
  if (n < 0) *out++ = '-';
  out = sc_pg_put_int(out, (int64_t)(magnitude / 1000000));
  if (fraction) *out++ = '.';
  for (unsigned place = 100000; fraction; place /= 10) {
    *out++ = (char)('0' + fraction / place);
    fraction %= place;
  }
  return out;
}

char *sc_pg_put_double(char *out, double value) {
  char text[32];
  int n = 0;
  char *end = put_short_decimal(out, value);
  if (end != NULL) return end;
  for (int precision = 15; precision <= 17; precision++) {
    n = snprintf(text, sizeof(text), "%.*g", precision, value);
    if (strtod(text, NULL) == value) break;
  }
  memcpy(out, text, (size_t)n);
  return out + n;
}
