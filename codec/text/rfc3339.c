#include "codec/text/rfc3339.h"

#include "engine/base/clock.h"

enum { OFFSET_HOURS_MAX = 15 };

struct cursor {
  const char *p, *end;
};

static bool take_digits(struct cursor *c, int n, int *out) {
  *out = 0;
  for (; n > 0; n--, c->p++) {
    if (c->p == c->end || *c->p < '0' || *c->p > '9') return false;
    *out = *out * 10 + (*c->p - '0');
  }
  return true;
}

static bool take_one_of(struct cursor *c, const char *set) {
  if (c->p == c->end || *c->p == 0 || strchr(set, *c->p) == NULL) return false;
  c->p++;
  return true;
}

static bool take_date(struct cursor *c) {
  int year, month, day;
  int64_t days;
  return take_digits(c, 4, &year) && take_one_of(c, "-") && take_digits(c, 2, &month) && take_one_of(c, "-") &&
         take_digits(c, 2, &day) && year >= 1 && sc_clock_days(year, month, day, &days);
}

static bool take_time(struct cursor *c) {
  int hour, minute, second;
  bool read = take_digits(c, 2, &hour) && take_one_of(c, ":") && take_digits(c, 2, &minute) && take_one_of(c, ":") &&
              take_digits(c, 2, &second);
  if (!read || hour > 23 || minute > 59 || second > 59) return false;
  if (!take_one_of(c, ".")) return true;
  const char *first = c->p;
  while (take_one_of(c, "0123456789")) continue;
  return c->p > first;
}

static bool take_offset(struct cursor *c) {
  int hour, minute;
  if (take_one_of(c, "Zz")) return true;
  return take_one_of(c, "+-") && take_digits(c, 2, &hour) && take_one_of(c, ":") && take_digits(c, 2, &minute) &&
         hour <= OFFSET_HOURS_MAX && minute <= 59;
}

bool sc_rfc3339_is(struct sc_slice text) {
  struct cursor c = {text.ptr, text.ptr + text.len};
  if (text.len < sizeof("2026-01-31T15:00:00Z") - 1) return false;
  return take_date(&c) && take_one_of(&c, "Tt ") && take_time(&c) && take_offset(&c) && c.p == c.end;
}
