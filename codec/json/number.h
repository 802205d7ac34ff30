/* Numbers of JSON text, by JSON's own grammar (RFC 8259 section 6) and nothing looser: no leading zero, plus sign, bare
 * point, NaN or Infinity. Pure, no allocation, any thread, no locale. Same rule for `end` as json_string.h.
 */
#ifndef SC_CODEC_JSON_NUMBER_H
#define SC_CODEC_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
