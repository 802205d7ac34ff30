/* Time, injectable: pure modules get "now" as an argument; everything else asks this clock, which a test can move.
 *
 * Monotonic milliseconds for pacing and deadlines, wall milliseconds since the epoch for SigV4, positions and logs.
 */
#ifndef SC_BASE_CLOCK_H
#define SC_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/slice.h"

int64_t sc_clock_mono_ms(void);
int64_t sc_clock_mono_us(void);
int64_t sc_clock_wall_ms(void);

/* Tests: freezes both clocks at these values; sc_clock_advance moves them; sc_clock_real goes back. */
void sc_clock_freeze(int64_t mono_ms, int64_t wall_ms);
void sc_clock_advance(int64_t ms);
void sc_clock_real(void);

/* "2026-01-02T03:04:05.678Z" (RFC 3339), 24 characters and a NUL. Times outside 1970..9999 show as the nearest. */
void sc_clock_format_ms(int64_t wall_ms, char out[25]);
/* "20260102T030405Z", what SigV4 wants, 16 characters and a NUL. */
void sc_clock_format_amz(int64_t wall_ms, char out[17]);
/* What CrateDB Toolkit's page and a person write: 2023-01-31, 2023-01-31T15:00:00, with +00:00 or Z, with fractions
 * (1..9 digits, cut to milliseconds), a space in place of T, and epoch seconds with an optional fraction. Without an
 * offset: UTC. False on anything else, on impossible dates (2023-02-30) and on years outside 1970..9999. */
bool sc_clock_parse_time(struct sc_slice text, int64_t *wall_ms);
/* 20230131, 202301311500 or 20230131150000: a date of 1970 to 2100 without separators. sc_clock_parse_time takes it for
 * epoch seconds, which nobody who writes it means. */
bool sc_clock_is_compact_date(struct sc_slice text);
/* Days since 1970-01-01 of a proleptic Gregorian date; month 1..12, day 1..31; false when there is no such day. */
bool sc_clock_days(int year, int month, int day, int64_t *days);

#endif
