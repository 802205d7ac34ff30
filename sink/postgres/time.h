/* Dates and times as text to PostgreSQL's binary: microseconds, or days, since 2000-01-01. Pure.
 *
 * Read: RFC 3339 and what PostgreSQL itself prints in DateStyle ISO:
 *   YYYY-MM-DD [T or space] HH:MM[:SS[.fraction]] [Z | UTC | GMT | +HH[:MM[:SS]] | +HHMM]   a date alone is midnight;
 *   years 1 to 294276
 *   infinity, -infinity
 * Without an offset: UTC. A timestamp without time zone and a date ignore the offset, as PostgreSQL does. Fractions are
 * rounded to microseconds; 24:00:00 and :60 carry over.
 */
#ifndef SC_SINK_POSTGRES_TIME_H
#define SC_SINK_POSTGRES_TIME_H

#include "engine/base/slice.h"

#define SC_PG_EPOCH_US INT64_C(946684800000000) /* 2000-01-01 in microseconds since 1970 */

enum sc_pg_time_status {
  SC_PG_TIME_OK,
  SC_PG_TIME_SYNTAX, /* 22007 */
  SC_PG_TIME_RANGE   /* 22008: February 30, hour 25, year 300000 */
};

enum sc_pg_time_status sc_pg_time_parse(struct sc_slice text, bool with_zone, int64_t *us);
enum sc_pg_time_status sc_pg_date_parse(struct sc_slice text, int32_t *days);
/* "2026-01-31 15:00:00.123456+00"; at most 35 bytes; returns the end. us since 1970; years outside 1..9999 are written
 * as numbers. */
char *sc_pg_put_time(char *out, int64_t epoch_us);

/* What sc_pg_time_parse and sc_pg_date_parse have made, as text that PostgreSQL reads back as the same; at most 35
 * bytes; return the end. */
char *sc_pg_put_timestamp(char *out, int64_t us, bool with_zone);
char *sc_pg_put_date(char *out, int32_t days);

#endif
