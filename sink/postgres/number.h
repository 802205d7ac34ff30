/* Numbers as text, exactly: to PostgreSQL's binary numeric (base 10,000), to integers, to doubles, and back to text.
 * Pure.
 *
 * Accepted: digits with an optional sign, point and exponent, as JSON and PostgreSQL write them, with spaces around
 * (strings), and NaN. numeric's wire format (numeric_recv): int16 ndigits, weight, sign, dscale, then ndigits int16 of
 * 0..9999, big-endian.
 */
#ifndef SC_SINK_POSTGRES_NUMBER_H
#define SC_SINK_POSTGRES_NUMBER_H

#include "engine/base/slice.h"

enum sc_pg_number_status {
  SC_PG_NUMBER_OK,
  SC_PG_NUMBER_SYNTAX,   /* no number */
  SC_PG_NUMBER_FRACTION, /* not a whole number */
  SC_PG_NUMBER_RANGE     /* too large, or too long for the type */
};

/* Writes the value, without its length, at out: at most text.len + 16 bytes; *len gets how many. modifier: atttypmod of
 * numeric(p, s), whose precision is checked as the server does after rounding; the server rounds. */
enum sc_pg_number_status sc_pg_number_to_numeric(struct sc_slice text, int32_t modifier, char *out, size_t *len);
/* The same for an integer: at most 20 bytes. */
enum sc_pg_number_status sc_pg_int_to_numeric(int64_t value, int32_t modifier, char *out, size_t *len);
enum sc_pg_number_status sc_pg_number_to_int64(struct sc_slice text, int64_t *out);
/* Correctly rounded; RANGE on overflow and when a number that is not zero becomes it. Also NaN, inf, infinity, of any
 * case. */
enum sc_pg_number_status sc_pg_number_to_double(struct sc_slice text, double *out);

/* Digits of an integer; at most 20 bytes; returns the end. */
char *sc_pg_put_int(char *out, int64_t value);
/* The shortest text that reads back as the same double; at most 24 bytes; returns the end. */
char *sc_pg_put_double(char *out, double value);

#endif
