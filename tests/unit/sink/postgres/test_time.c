#include "sink/postgres/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* As PostgreSQL 15 reads them with TimeZone UTC: select extract(epoch from v::timestamptz) * 1000000 -
 * 946684800000000. */
static const struct {
  const char *text;
  int64_t us;
} moments[] = {
    {"2026-01-31T15:00:00Z", INT64_C(823186800000000)},
    {"2026-01-31t15:00:00z", INT64_C(823186800000000)},
    {"2026-01-31 15:00:00.5-0130", INT64_C(823192200500000)},
    {"0001-01-01 00:00:00Z", INT64_C(-63082281600000000)},
    {"294276-12-31 23:59:59.999999Z", INT64_C(9223371331199999999)},
    {"1969-12-31T23:59:59.9Z", INT64_C(-946684800100000)},
    {"2000-02-29 24:00:00+00", INT64_C(5184000000000)},
    {"2026-01-31T15:00:60Z", INT64_C(823186860000000)},
    {"2026-01-31 15:00:00.1234565Z", INT64_C(823186800123456)},
    {"2026-01-31 15:00:00.1234575Z", INT64_C(823186800123458)},
    {"2026-01-31 15:00:00.9999999Z", INT64_C(823186801000000)},
    {"2026-01-31 15:00:00+15:59:59", INT64_C(823129201000000)},
    {"2026-01-31", INT64_C(823132800000000)},
    {"2026-1-5 7:05z", INT64_C(820911900000000)},
    {" 2026-01-31 15:00 utc ", INT64_C(823186800000000)},
    {"2026-01-31 15:00:00 +02", INT64_C(823179600000000)},
    {"infinity", INT64_MAX},
    {"-Infinity", INT64_MIN},
};

static void moments_as_the_server_reads_them(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
    int64_t us = 0;
    assert_int_equal(sc_pg_time_parse(sc_slice_str(moments[i].text), true, &us), SC_PG_TIME_OK);
    assert_true(us == moments[i].us);
  }
}

static void a_timestamp_without_zone_ignores_the_offset(void **state) {
  (void)state;
  int64_t us = 0;
  assert_int_equal(sc_pg_time_parse(sc_slice_str("2026-01-31T15:00:00+02:00"), false, &us), SC_PG_TIME_OK);
  assert_true(us == INT64_C(823186800000000));
}

static void what_no_time_is(void **state) {
  (void)state;
  const char *const texts[] = {"",
                               "soon",
                               "2026",
                               "2026-01",
                               "26-01-31",
                               "2026/01/31",
                               "2026-01-31T",
                               "2026-01-31 15",
                               "2026-01-31 15:0",
                               "2026-01-31 15:00:0",
                               "2026-01-31 15:00:00.",
                               "2026-01-31 15:00+",
                               "2026-01-31 15:00 CET",
                               "2026-01-31 15:00Zx",
                               "0002026-01-31",
                               "2026-001-01",
                               "2026-01-31 15:00+1:2",
                               "infinityx",
                               "--infinity",
                               "2026-01-31 15:00:00,5"};
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    int64_t us;
    int32_t days;
    assert_int_equal(sc_pg_time_parse(sc_slice_str(texts[i]), true, &us), SC_PG_TIME_SYNTAX);
    assert_int_equal(sc_pg_date_parse(sc_slice_str(texts[i]), &days), SC_PG_TIME_SYNTAX);
  }
}

static void what_no_day_or_hour_is(void **state) {
  (void)state;
  const char *const texts[] = {"2026-02-30",
                               "2025-02-29",
                               "1900-02-29",
                               "2026-13-01",
                               "2026-00-01",
                               "2026-01-00",
                               "0000-01-01",
                               "294277-01-01",
                               "2026-01-31 25:00",
                               "2026-01-31 24:00:01",
                               "2026-01-31 15:60",
                               "2026-01-31 15:00:61",
                               "2026-01-31 15:00+16",
                               "2026-01-31 15:00+00:60",
                               "294276-12-31 23:59:59.9999999Z",
                               "294276-12-31 23:00-02"};
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    int64_t us;
    assert_int_equal(sc_pg_time_parse(sc_slice_str(texts[i]), true, &us), SC_PG_TIME_RANGE);
  }
}

static void dates(void **state) {
  (void)state;
  const struct {
    const char *text;
    int32_t days;
  } cases[] = {{"0001-01-01", -730119}, {"9999-12-31", 2921939},  {"2000-01-01", 0},
               {"1900-03-01", -36465},  {"2024-02-29", 8825},     {"294276-01-01", 106751617},
               {"infinity", INT32_MAX}, {"-infinity", INT32_MIN}, {"2024-02-29 23:00-05", 8825}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int32_t days = 0;
    assert_int_equal(sc_pg_date_parse(sc_slice_str(cases[i].text), &days), SC_PG_TIME_OK);
    assert_int_equal(days, cases[i].days);
  }
}

/* Every day from year 1 to 3000 follows the one before it; written, it reads back. */
static void every_day_follows_the_last(void **state) {
  (void)state;
  int32_t last = -730120;
  for (int64_t day = -730119; day < 366000; day++) {
    char text[40];
    int32_t days;
    int64_t us;
    int64_t epoch_us = SC_PG_EPOCH_US + day * INT64_C(86400000000) + INT64_C(86399999999);
    size_t len = (size_t)(sc_pg_put_time(text, epoch_us) - text);
    assert_int_equal(sc_pg_date_parse(sc_slice_of(text, len), &days), SC_PG_TIME_OK);
    assert_int_equal(days, last + 1);
    last = days;
    if (day % 97) continue;
    assert_int_equal(sc_pg_time_parse(sc_slice_of(text, len), true, &us), SC_PG_TIME_OK);
    assert_true(us == epoch_us - SC_PG_EPOCH_US);
  }
}

static void times_are_written_as_the_server_does(void **state) {
  (void)state;
  char text[40];
  *sc_pg_put_time(text, INT64_C(1700000000123456)) = 0;
  assert_string_equal(text, "2023-11-14 22:13:20.123456+00");
  *sc_pg_put_time(text, -1) = 0;
  assert_string_equal(text, "1969-12-31 23:59:59.999999+00");
  assert_true(sc_pg_put_time(text, INT64_MIN) - text <= 35);
  assert_true(sc_pg_put_time(text, INT64_MAX) - text <= 35);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(moments_as_the_server_reads_them),
      cmocka_unit_test(a_timestamp_without_zone_ignores_the_offset),
      cmocka_unit_test(what_no_time_is),
      cmocka_unit_test(what_no_day_or_hour_is),
      cmocka_unit_test(dates),
      cmocka_unit_test(every_day_follows_the_last),
      cmocka_unit_test(times_are_written_as_the_server_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
