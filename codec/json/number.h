/* Numbers of JSON text, by JSON's own grammar (RFC 8259 section 6) and nothing looser: no leading zero, plus sign, bare
 * point, NaN or Infinity. Pure, no allocation, any thread, no locale. Same rule for `end` as string.h.
 */
#ifndef SC_CODEC_JSON_NUMBER_H
#define SC_CODEC_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* value = (negative ? -1 : 1) * digits * 10^exponent, exactly, unless `long_digits`. */
struct sc_json_number {
  uint64_t digits;   /* all digits, point left out; meaningless when long_digits */
  int32_t exponent;  /* of the last digit; within +-SC_JSON_EXPONENT_MAX, beyond that it stays there */
  uint32_t n_digits; /* from the first that is not 0 to the last written; 0 for zero */
  bool negative;
  bool plain;       /* neither fraction nor exponent */
  bool long_digits; /* more than 19 of them: only the text says what it is */
};
#define SC_JSON_EXPONENT_MAX 1000000000
#define SC_JSON_DOUBLE_DIGITS 17 /* a fraction of at most so many is kept as a double */

/* p is at the minus sign or the first digit. Behind the number's last character, NULL when that is no number. What may
 * follow a number is the caller's to check. */
const char *sc_json_number_scan(const char *p, const char *end, struct sc_json_number *out);

/* The same without a look at its value. *too_large is set when PostgreSQL's numeric does not hold it, else left
 * alone. */
const char *sc_json_number_skip(const char *p, const char *end, bool *too_large);

/* The value when it is an integer and fits; "1.0" and "1e2" are integers too. -0 gives 0. */
bool sc_json_number_to_i64(const struct sc_json_number *number, int64_t *out);

/* The nearest double (ties to even), as IEEE 754 has it; an underflow gives a (signed) zero. False when too large to be
 * finite. text: the number's own, as scanned. */
bool sc_json_number_to_double(const struct sc_json_number *number, const char *text, size_t len, double *out);

/* Whether PostgreSQL's numeric holds it: at most 131,072 digits before the point and 16,383 behind it. Counts written
 * zeros too. */
bool sc_json_number_fits_numeric(const struct sc_json_number *number);

/* ---- Short numbers: most are, and where a token's length is known nothing is walked over ---- */

/* Eight characters in one word, the first in the lowest byte. */
static inline uint64_t sc_json_eight_load(const char *p) {
  uint64_t word;
  memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

/* Values of eight digits to their number. Neighbours are put together: digits to pairs, pairs to fours, fours to
 * eight. */
static inline uint64_t sc_json_eight_join(uint64_t digits) {
  digits = (digits * 10 + (digits >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
  digits = (digits * 100 + (digits >> 16)) & UINT64_C(0x0000ffff0000ffff);
  return (digits * 10000 + (digits >> 32)) & UINT32_MAX;
}

/* p[0..len), the whole token, is a number of at most eight characters beside a minus, without an exponent: *digits *
 * 10^-*fraction, and -0 gives 0. False when it is anything else. Reads up to nine bytes. */
static inline bool sc_json_number_short(const char *p, size_t len, int64_t *digits, unsigned *fraction) {
  bool negative = *p == '-';
  p += negative;
  len -= negative;
  if (len - 1 > 7) return false;
  /* Shifted up, the last character is in the highest byte and zeros stand before the first. */
  unsigned unused = 64 - 8 * (unsigned)len;
  uint64_t values = (sc_json_eight_load(p) ^ UINT64_C(0x3030303030303030)) << unused;
  uint64_t others = ((values + UINT64_C(0x7676767676767676)) | values) & UINT64_C(0x8080808080808080);
  *fraction = 0;
  if (others != 0) { /* one of them may be a point, with digits on both sides: those before it move up */
    unsigned at = (unsigned)__builtin_ctzll(others) & ~7U;
    uint64_t before = (UINT64_C(1) << at) - 1;
    if ((others & (others - 1)) != 0 || (values >> at & 0xff) != ('.' ^ '0')) return false;
    if (at == unused || at == 56) return false;
    values = (values & ~before & ~(UINT64_C(0xff) << at)) | (values & before) << 8;
    *fraction = 7 - at / 8;
    len -= *fraction + 1;
  }
  if (*p == '0' && len > 1) return false;
  int64_t value = (int64_t)sc_json_eight_join(values);
  *digits = negative ? -value : value;
  return true;
}

/* The nearest double to that. Both operands are exact, so the one rounding is the right one. */
static inline double sc_json_number_short_double(int64_t digits, unsigned fraction) {
  static const double powers[8] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
  return (double)digits / powers[fraction];
}

#endif
