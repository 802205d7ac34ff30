#include "engine/base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MS_A_DAY = 86400000, MS_AN_HOUR = 3600000, MS_A_MINUTE = 60000, MS_A_SECOND = 1000 };

static const int64_t last_ms = 253402300799999; /* 9999-12-31T23:59:59.999Z */

static _Atomic bool frozen;
static _Atomic int64_t frozen_mono_ms, frozen_wall_ms;

static int64_t read_us(clockid_t id) {
  struct timespec ts;
  clock_gettime(id, &ts);
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t sc_clock_mono_us(void) { return atomic_load(&frozen) ? frozen_mono_ms * 1000 : read_us(CLOCK_MONOTONIC); }
int64_t sc_clock_mono_ms(void) { return sc_clock_mono_us() / 1000; }
int64_t sc_clock_wall_ms(void) { return atomic_load(&frozen) ? frozen_wall_ms : read_us(CLOCK_REALTIME) / 1000; }

void sc_clock_freeze(int64_t mono_ms, int64_t wall_ms) {
  atomic_store(&frozen_mono_ms, mono_ms);
  atomic_store(&frozen_wall_ms, wall_ms);
  atomic_store(&frozen, true);
}

void sc_clock_advance(int64_t ms) {
  atomic_fetch_add(&frozen_mono_ms, ms);
  atomic_fetch_add(&frozen_wall_ms, ms);
}

void sc_clock_real(void) { atomic_store(&frozen, false); }

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

bool sc_clock_days(int year, int month, int day, int64_t *days) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  if (month < 1 || month > 12 || day < 1) return false;
  if (day > lengths[month - 1] + (month == 2 && is_leap(year))) return false;
  int64_t past = (int64_t)year - 1 + 400000000; /* whole years before this one; the shift keeps them positive */
  int64_t leaps = past / 4 - past / 100 + past / 400;
  int64_t since = past * 365 + leaps + before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
  *days = since - (146097LL * 1000000 + 719162);
  return true;
}

struct civil {
  int year, month, day, hour, minute, second, ms;
};

static struct tm utc_of(int64_t wall_ms) {
  time_t seconds = wall_ms < 0 ? 0 : (wall_ms > last_ms ? last_ms : wall_ms) / 1000;
  struct tm tm;
  gmtime_r(&seconds, &tm);
  return tm;
}

void sc_clock_format_ms(int64_t wall_ms, char out[25]) {
  struct tm tm = utc_of(wall_ms);
  int ms = wall_ms < 0 ? 0 : wall_ms > last_ms ? 999 : (int)(wall_ms % 1000);
  strftime(out, 25, "%Y-%m-%dT%H:%M:%S", &tm);
  snprintf(out + 19, 6, ".%03dZ", ms);
}

void sc_clock_format_amz(int64_t wall_ms, char out[17]) {
  struct tm tm = utc_of(wall_ms);
  strftime(out, 17, "%Y%m%dT%H%M%SZ", &tm);
}

/* A cursor that remembers a failure, so that a format reads as one expression. */
struct scan {
  const char *p, *end;
  bool ok;
};

static struct scan scan_of(struct sc_slice text) {
  const char *p = text.len ? text.ptr : "";
  return (struct scan){p, p + text.len, true};
}

static int scan_digits(struct scan *s, int n) {
  int value = 0;
  for (int i = 0; i < n; i++) {
    if (s->p == s->end || *s->p < '0' || *s->p > '9') return s->ok = false, 0;
    value = value * 10 + (*s->p++ - '0');
  }
  return value;
}

static bool scan_char(struct scan *s, char c) {
  if (s->p == s->end || *s->p != c) return false;
  s->p++;
  return true;
}

static void scan_text(struct scan *s, const char *text) {
  for (; *text; text++)
    if (!scan_char(s, *text)) s->ok = false;
}

static bool join(const struct civil *c, int64_t *wall_ms) {
  int64_t days;
  if (c->year < 1970 || c->hour > 23 || c->minute > 59 || c->second > 59) return false;
  if (!sc_clock_days(c->year, c->month, c->day, &days)) return false;
  *wall_ms =
      days * MS_A_DAY + (int64_t)c->hour * MS_AN_HOUR + c->minute * MS_A_MINUTE + c->second * MS_A_SECOND + c->ms;
  return true;
}

static void scan_clock(struct scan *s, struct civil *c) {
  c->hour = scan_digits(s, 2);
  scan_text(s, ":");
  c->minute = scan_digits(s, 2);
  scan_text(s, ":");
  c->second = scan_digits(s, 2);
}

/* 1..9 digits, cut to milliseconds. */
static int scan_fraction(struct scan *s) {
  int ms = 0, n = 0;
  for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++, n++)
    if (n < 3) ms = ms * 10 + (*s->p - '0');
  if (n < 1 || n > 9) s->ok = false;
  for (; n < 3; n++) ms *= 10;
  return ms;
}

/* Z, +hh:mm, -hh:mm or nothing; the milliseconds to take off. */
static int64_t scan_offset(struct scan *s) {
  if (s->p == s->end || scan_char(s, 'Z')) return 0;
  bool east = scan_char(s, '+');
  if (!east) scan_text(s, "-");
  int hours = scan_digits(s, 2);
  scan_text(s, ":");
  int minutes = scan_digits(s, 2);
  if (hours > 23 || minutes > 59) s->ok = false;
  int64_t ms = (int64_t)hours * MS_AN_HOUR + minutes * MS_A_MINUTE;
  return east ? ms : -ms;
}

static bool parse_date_time(struct sc_slice text, int64_t *wall_ms) {
  struct scan s = scan_of(text);
  struct civil c = {0};
  int64_t offset = 0;
  c.year = scan_digits(&s, 4);
  scan_text(&s, "-");
  c.month = scan_digits(&s, 2);
  scan_text(&s, "-");
  c.day = scan_digits(&s, 2);
  if (s.p < s.end) {
    if (!scan_char(&s, ' ')) scan_text(&s, "T");
    scan_clock(&s, &c);
    if (scan_char(&s, '.')) c.ms = scan_fraction(&s);
    offset = scan_offset(&s);
  }
  if (!s.ok || s.p != s.end || !join(&c, wall_ms)) return false;
  *wall_ms -= offset;
  return true;
}

static bool parse_epoch(struct sc_slice text, int64_t *wall_ms) {
  const char *dot = text.len ? memchr(text.ptr, '.', text.len) : NULL;
  struct sc_slice whole = sc_slice_of(text.ptr, dot != NULL ? (size_t)(dot - text.ptr) : text.len);
  uint64_t seconds;
  if (!sc_slice_to_u64(whole, &seconds) || seconds > (uint64_t)last_ms / 1000) return false;
  *wall_ms = (int64_t)seconds * 1000;
  if (dot == NULL) return true;
  struct scan s = {dot + 1, text.ptr + text.len, true};
  *wall_ms += scan_fraction(&s);
  return s.ok && s.p == s.end;
}

static uint64_t number_of(struct sc_slice text, size_t at, size_t len) {
  uint64_t n = 0;
  return sc_slice_to_u64(sc_slice_of(text.ptr + at, len), &n) ? n : UINT64_MAX;
}

bool sc_clock_is_compact_date(struct sc_slice text) {
  int64_t days;
  if (text.len != 8 && text.len != 12 && text.len != 14) return false;
  uint64_t year = number_of(text, 0, 4), month = number_of(text, 4, 2), day = number_of(text, 6, 2);
  if (year < 1970 || year > 2100 || month > 12 || day > 31) return false;
  for (size_t at = 8; at < text.len; at += 2)
    if (number_of(text, at, 2) > (at == 8 ? 23u : 59u)) return false;
  return sc_clock_days((int)year, (int)month, (int)day, &days);
}

bool sc_clock_parse_time(struct sc_slice text, int64_t *wall_ms) {
  int64_t ms;
  if (!parse_epoch(text, &ms) && !parse_date_time(text, &ms)) return false;
  if (ms < 0 || ms > last_ms) return false;
  *wall_ms = ms;
  return true;
}
