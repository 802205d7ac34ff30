#include "engine/base/clock.h"

#include <stdatomic.h>
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

static struct civil civil_of(int64_t wall_ms) {
  int64_t ms = wall_ms < 0 ? 0 : wall_ms > last_ms ? last_ms : wall_ms;
  int64_t day = ms / MS_A_DAY, start;
  int rest = (int)(ms % MS_A_DAY);
  struct civil c = {.year = 1970 + (int)(day / 366), .month = 12, .ms = rest % MS_A_SECOND};
  while (sc_clock_days(c.year + 1, 1, 1, &start) && start <= day) c.year++;
  while (sc_clock_days(c.year, c.month, 1, &start) && start > day) c.month--;
  c.day = (int)(day - start) + 1;
  c.hour = rest / MS_AN_HOUR;
  c.minute = rest / MS_A_MINUTE % 60;
  c.second = rest / MS_A_SECOND % 60;
  return c;
}

static char *put_digits(char *out, int value, int n) {
  for (int i = n - 1; i >= 0; i--, value /= 10) out[i] = (char)('0' + value % 10);
  return out + n;
}

static char *put(char *out, int value, int n, const char *after) {
  out = put_digits(out, value, n);
  size_t len = strlen(after);
  memcpy(out, after, len + 1);
  return out + len;
}

void sc_clock_format_ms(int64_t wall_ms, char out[25]) {
  struct civil c = civil_of(wall_ms);
  out = put(put(put(out, c.year, 4, "-"), c.month, 2, "-"), c.day, 2, "T");
  put(put(put(put(out, c.hour, 2, ":"), c.minute, 2, ":"), c.second, 2, "."), c.ms, 3, "Z");
}

void sc_clock_format_amz(int64_t wall_ms, char out[17]) {
  struct civil c = civil_of(wall_ms);
  out = put(put(put(out, c.year, 4, ""), c.month, 2, ""), c.day, 2, "T");
  put(put(put(out, c.hour, 2, ""), c.minute, 2, ""), c.second, 2, "Z");
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

/* Three letters out of a list of such; the index, or -1. */
static int scan_name(struct scan *s, const char *names) {
  if (s->end - s->p < 3) return s->ok = false, -1;
  for (int i = 0; names[3 * i]; i++)
    if (memcmp(names + 3 * i, s->p, 3) == 0) return s->p += 3, i;
  return s->ok = false, -1;
}

static bool join(const struct civil *c, int most_second, int64_t *wall_ms) {
  int64_t days;
  if (c->year < 1970 || c->hour > 23 || c->minute > 59 || c->second > most_second) return false;
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

bool sc_clock_parse_http_date(struct sc_slice text, int64_t *wall_ms) {
  struct scan s = scan_of(text);
  struct civil c = {0};
  scan_name(&s, "SunMonTueWedThuFriSat");
  scan_text(&s, ", ");
  c.day = scan_digits(&s, 2);
  scan_text(&s, " ");
  c.month = scan_name(&s, "JanFebMarAprMayJunJulAugSepOctNovDec") + 1;
  scan_text(&s, " ");
  c.year = scan_digits(&s, 4);
  scan_text(&s, " ");
  scan_clock(&s, &c);
  scan_text(&s, " GMT");
  return s.ok && s.p == s.end && join(&c, 60, wall_ms); /* 60: a leap second */
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
  if (!s.ok || s.p != s.end || !join(&c, 59, wall_ms)) return false;
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

bool sc_clock_parse_time(struct sc_slice text, int64_t *wall_ms) {
  int64_t ms;
  if (!parse_epoch(text, &ms) && !parse_date_time(text, &ms)) return false;
  if (ms < 0 || ms > last_ms) return false;
  *wall_ms = ms;
  return true;
}
