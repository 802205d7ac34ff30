#include "sink/postgres/time.h"

#include <math.h>
#include <strings.h>

#include "engine/base/text.h"
#include "sink/postgres/number.h"

#define DAY_US INT64_C(86400000000)
#define EPOCH_DAYS 10957                      /* 1970-01-01 to 2000-01-01 */
#define END_DAYS INT64_C(106751983)           /* 294277-01-01, since 2000 */
#define YEAR_1_US (INT64_C(-730119) * DAY_US) /* 0001-01-01, since 2000 */
#define OFFSET_LIMIT_S (16 * 3600)

struct cursor {
  const char *p, *end;
};

struct moment {
  int year, month, day;
  int64_t day_us; /* time of the day */
  int offset_s;
};

static bool take_char(struct cursor *c, char wanted) {
  if (c->p == c->end || *c->p != wanted) return false;
  c->p++;
  return true;
}

/* A number of least..most digits. */
static bool take_number(struct cursor *c, int least, int most, int *out) {
  int n = 0;
  *out = 0;
  while (n < most && c->p < c->end && *c->p >= '0' && *c->p <= '9') {
    *out = *out * 10 + (*c->p++ - '0');
    n++;
  }
  return n >= least && !(c->p < c->end && *c->p >= '0' && *c->p <= '9' && n == most && most > 2);
}

static bool take_word(struct cursor *c, const char *word) {
  size_t n = strlen(word);
  if ((size_t)(c->end - c->p) < n || strncasecmp(c->p, word, n) != 0) return false;
  c->p += n;
  return true;
}

static void skip_spaces(struct cursor *c) {
  while (c->p < c->end && sc_text_is_blank(*c->p)) c->p++;
}

/* ".123456789" to microseconds, rounded as the server does. */
static bool take_fraction(struct cursor *c, int64_t *us) {
  double value = 0, unit = 1;
  int n = 0;
  for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, n++) {
    if (n >= 15) continue;
    value = value * 10 + (*c->p - '0');
    unit *= 10;
  }
  *us = (int64_t)rint(value / unit * 1000000);
  return n > 0;
}

static enum sc_pg_time_status take_time(struct cursor *c, struct moment *m) {
  int hour, minute, second = 0;
  int64_t fraction = 0;
  if (!take_number(c, 1, 2, &hour) || !take_char(c, ':') || !take_number(c, 2, 2, &minute)) return SC_PG_TIME_SYNTAX;
  if (take_char(c, ':')) {
    if (!take_number(c, 2, 2, &second)) return SC_PG_TIME_SYNTAX;
    if (take_char(c, '.') && !take_fraction(c, &fraction)) return SC_PG_TIME_SYNTAX;
  }
  m->day_us = ((int64_t)hour * 3600 + minute * 60 + second) * 1000000 + fraction;
  bool fits = hour <= 24 && minute < 60 && second <= 60 && m->day_us <= DAY_US;
  return fits ? SC_PG_TIME_OK : SC_PG_TIME_RANGE;
}

static enum sc_pg_time_status take_offset(struct cursor *c, struct moment *m) {
  int hour, minute = 0, second = 0;
  if (take_word(c, "z") || take_word(c, "utc") || take_word(c, "gmt")) return SC_PG_TIME_OK;
  bool west = take_char(c, '-');
  if (!west && !take_char(c, '+')) return SC_PG_TIME_SYNTAX;
  if (!take_number(c, 1, 2, &hour)) return SC_PG_TIME_SYNTAX;
  bool colon = take_char(c, ':');
  if ((colon || c->p < c->end) && !take_number(c, 2, 2, &minute)) return SC_PG_TIME_SYNTAX;
  if (colon && take_char(c, ':') && !take_number(c, 2, 2, &second)) return SC_PG_TIME_SYNTAX;
  m->offset_s = (hour * 3600 + minute * 60 + second) * (west ? -1 : 1);
  bool fits = minute < 60 && second < 60 && hour * 3600 + minute * 60 + second < OFFSET_LIMIT_S;
  return fits ? SC_PG_TIME_OK : SC_PG_TIME_RANGE;
}

static enum sc_pg_time_status take_moment(struct cursor *c, struct moment *m) {
  enum sc_pg_time_status status = SC_PG_TIME_OK;
  bool date = take_number(c, 4, 6, &m->year) && take_char(c, '-') && take_number(c, 1, 2, &m->month) &&
              take_char(c, '-') && take_number(c, 1, 2, &m->day);
  if (!date) return SC_PG_TIME_SYNTAX;
  if (c->p == c->end) return SC_PG_TIME_OK;
  if (!take_char(c, 'T') && !take_char(c, 't') && !take_char(c, ' ')) return SC_PG_TIME_SYNTAX;
  skip_spaces(c);
  status = take_time(c, m);
  skip_spaces(c);
  if (!status && c->p < c->end) status = take_offset(c, m);
  return status ? status : c->p == c->end ? SC_PG_TIME_OK : SC_PG_TIME_SYNTAX;
}

/* Days since 2000-01-01, proleptic Gregorian; false when there is no such day. */
static bool days_of(const struct moment *m, int64_t *days) {
  static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = m->year % 4 == 0 && (m->year % 100 != 0 || m->year % 400 == 0);
  if (m->year < 1 || m->month < 1 || m->month > 12 || m->day < 1 || m->day > lengths[m->month - 1]) return false;
  if (m->month == 2 && m->day == 29 && !leap) return false;
  int64_t year = m->month > 2 ? m->year : m->year - 1; /* years that begin in March */
  int64_t month = (m->month + 9) % 12;
  *days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + m->day - 1 - 730425;
  return true;
}

/* 0 none, 1 infinity, -1 -infinity. */
static int infinity_of(struct cursor c) {
  int sign = take_char(&c, '-') ? -1 : 1;
  if (sign > 0) take_char(&c, '+');
  return take_word(&c, "infinity") && c.p == c.end ? sign : 0;
}

static struct cursor trimmed(struct sc_slice text) {
  text = sc_text_trim(text);
  return (struct cursor){text.ptr, text.ptr + text.len};
}

enum sc_pg_time_status sc_pg_time_parse(struct sc_slice text, bool with_zone, int64_t *us) {
  struct cursor c = trimmed(text);
  struct moment m = {.offset_s = 0};
  int64_t days;
  int infinite = infinity_of(c);
  *us = infinite > 0 ? INT64_MAX : INT64_MIN;
  if (infinite) return SC_PG_TIME_OK;
  enum sc_pg_time_status status = take_moment(&c, &m);
  if (status) return status;
  if (!days_of(&m, &days) || days >= END_DAYS) return SC_PG_TIME_RANGE;
  *us = days * DAY_US + m.day_us - (with_zone ? m.offset_s * INT64_C(1000000) : 0);
  return *us < END_DAYS * DAY_US ? SC_PG_TIME_OK : SC_PG_TIME_RANGE;
}

enum sc_pg_time_status sc_pg_date_parse(struct sc_slice text, int32_t *days) {
  struct cursor c = trimmed(text);
  struct moment m = {.offset_s = 0};
  int64_t wide;
  int infinite = infinity_of(c);
  *days = infinite > 0 ? INT32_MAX : INT32_MIN;
  if (infinite) return SC_PG_TIME_OK;
  enum sc_pg_time_status status = take_moment(&c, &m);
  if (status) return status;
  if (!days_of(&m, &wide)) return SC_PG_TIME_RANGE;
  *days = (int32_t)wide;
  return SC_PG_TIME_OK;
}

static char *put_char(char *out, char c) {
  *out = c;
  return out + 1;
}
static char *put_pair(char *out, int64_t value) {
  out[0] = (char)('0' + value / 10);
  out[1] = (char)('0' + value % 10);
  return out + 2;
}
/* At least four digits. */
static char *put_year(char *out, int64_t year) {
  if (year < 0 || year > 9999) return sc_pg_put_int(out, year);
  return put_pair(put_pair(out, year / 100), year % 100);
}

/* days since 1970 */
static char *put_day(char *out, int64_t days) {
  int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097,
          of_era = z - era * 146097; /* eras of 400 years from 0000-03-01 */
  int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100), month = (5 * of_year + 2) / 153;
  int64_t day = of_year - (153 * month + 2) / 5 + 1, real_month = month < 10 ? month + 3 : month - 9;
  int64_t year = year_of_era + era * 400 + (real_month <= 2);
  out = put_year(out, year > 0 ? year : 1 - year);
  out = put_pair(put_char(out, '-'), real_month);
  return put_pair(put_char(out, '-'), day);
}

/* us since the day that is so many days behind 1970-01-01 */
static char *put_moment(char *out, int64_t us, int64_t epoch_days) {
  int64_t days = us / DAY_US, rest = us % DAY_US;
  if (rest < 0) rest += DAY_US, days--;
  int64_t second = rest / 1000000;
  out = put_day(out, days + epoch_days);
  out = put_pair(put_char(out, ' '), second / 3600);
  out = put_pair(put_char(out, ':'), second / 60 % 60);
  out = put_pair(put_char(out, ':'), second % 60);
  out = put_pair(put_char(out, '.'), rest / 10000 % 100);
  return put_pair(put_pair(out, rest / 100 % 100), rest % 100);
}

static char *put_zone(char *out) { return put_pair(put_char(out, '+'), 0); }

char *sc_pg_put_time(char *out, int64_t epoch_us) { return put_zone(put_moment(out, epoch_us, 0)); }

static char *put_infinity(char *out, bool negative) {
  size_t skip = negative ? 0 : 1;
  memcpy(out, "-infinity" + skip, 9 - skip);
  return out + 9 - skip;
}

char *sc_pg_put_timestamp(char *out, int64_t us, bool with_zone) {
  if (us == INT64_MAX || us == INT64_MIN) return put_infinity(out, us < 0);
  out = put_moment(out, us, EPOCH_DAYS);
  if (with_zone) out = put_zone(out);
  if (us >= YEAR_1_US) return out;
  *out++ = ' '; /* an offset has moved it there */
  *out++ = 'B';
  *out++ = 'C';
  return out;
}

char *sc_pg_put_date(char *out, int32_t days) {
  if (days == INT32_MAX || days == INT32_MIN) return put_infinity(out, days < 0);
  return put_day(out, (int64_t)days + EPOCH_DAYS);
}
