#include "engine/base/clock.h"

#include <time.h>

#include "tests/unit/engine/base/check.h"

static void test_frozen_clock_moves_only_when_told(void **state) {
  (void)state;
  sc_clock_freeze(1000, 1700000000000);
  assert_int_equal(sc_clock_mono_ms(), 1000);
  assert_int_equal(sc_clock_mono_us(), 1000000);
  assert_int_equal(sc_clock_wall_ms(), 1700000000000);
  sc_clock_advance(250);
  assert_int_equal(sc_clock_mono_ms(), 1250);
  assert_int_equal(sc_clock_wall_ms(), 1700000000250);
  sc_clock_real();
  assert_true(sc_clock_wall_ms() > 1700000000250);
}

static void test_real_clock_is_the_systems(void **state) {
  (void)state;
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  int64_t us = sc_clock_mono_us();
  clock_gettime(CLOCK_MONOTONIC, &after);
  assert_true(us >= before.tv_sec * 1000000 + before.tv_nsec / 1000);
  assert_true(us <= after.tv_sec * 1000000 + after.tv_nsec / 1000);
}

static void test_days_agree_with_libc(void **state) {
  (void)state;
  int64_t days;
  for (int64_t d = -800000; d < 3000000; d += 173) {
    time_t t = (time_t)(d * 86400);
    struct tm tm;
    assert_non_null(gmtime_r(&t, &tm));
    assert_true(sc_clock_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, &days));
    assert_int_equal(days, d);
  }
}

static void test_days_that_do_not_exist(void **state) {
  (void)state;
  static const int bad[][3] = {{2023, 2, 29}, {1900, 2, 29}, {2024, 2, 30}, {2024, 4, 31}, {2024, 13, 1},
                               {2024, 0, 1},  {2024, 1, 0},  {2024, 1, 32}, {2024, -1, 1}, {2024, 1, -1}};
  int64_t days;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(sc_clock_days(bad[i][0], bad[i][1], bad[i][2], &days));
  assert_true(sc_clock_days(2000, 2, 29, &days));
  assert_true(sc_clock_days(2024, 2, 29, &days));
}

static void test_formats(void **state) {
  (void)state;
  static const struct {
    int64_t ms;
    const char *iso, *amz;
  } cases[] = {
      {0, "1970-01-01T00:00:00.000Z", "19700101T000000Z"},
      {1767323045678, "2026-01-02T03:04:05.678Z", "20260102T030405Z"},
      {951868799999, "2000-02-29T23:59:59.999Z", "20000229T235959Z"},
      {1735689599000, "2024-12-31T23:59:59.000Z", "20241231T235959Z"},
      {253402300799999, "9999-12-31T23:59:59.999Z", "99991231T235959Z"},
      {-1, "1970-01-01T00:00:00.000Z", "19700101T000000Z"},
      {INT64_MAX, "9999-12-31T23:59:59.999Z", "99991231T235959Z"},
  };
  char iso[25], amz[17];
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sc_clock_format_ms(cases[i].ms, iso);
    sc_clock_format_amz(cases[i].ms, amz);
    assert_string_equal(iso, cases[i].iso);
    assert_string_equal(amz, cases[i].amz);
  }
}

static void test_format_and_parse_are_inverse(void **state) {
  (void)state;
  char text[25];
  int64_t back;
  for (int64_t ms = 0; ms <= 253402300799999; ms += 86400000LL * 13 + 12345679) {
    sc_clock_format_ms(ms, text);
    assert_true(sc_clock_parse_time(sc_slice_str(text), &back));
    assert_int_equal(back, ms);
  }
}

static void test_times_a_person_writes(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t ms;
  } cases[] = {
      {"2023-01-31", 1675123200000},
      {"2023-01-31T15:00:00", 1675177200000},
      {"2023-01-31 15:00:00", 1675177200000},
      {"2023-01-31T15:00:00Z", 1675177200000},
      {"2023-01-31T15:00:00+00:00", 1675177200000},
      {"2023-01-31T15:00:00-00:00", 1675177200000},
      {"2023-01-31T15:00:00+05:30", 1675157400000},
      {"2023-01-31T15:00:00-08:00", 1675206000000},
      {"2023-01-31T15:00:00.5", 1675177200500},
      {"2023-01-31T15:00:00.12", 1675177200120},
      {"2023-01-31T15:00:00.123456789Z", 1675177200123},
      {"2023-01-31T15:00:00.999999+00:00", 1675177200999},
      {"2024-02-29T23:59:59.999", 1709251199999},
      {"1970-01-01", 0},
      {"1970-01-01T01:00:00+01:00", 0},
      {"0", 0},
      {"1675177200", 1675177200000},
      {"1675177200.5", 1675177200500},
      {"1675177200.123456789", 1675177200123},
      {"9999-12-31T23:59:59.999Z", 253402300799999},
      {"253402300799.999", 253402300799999},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int64_t ms = -1;
    assert_true(sc_clock_parse_time(sc_slice_str(cases[i].text), &ms));
    assert_int_equal(ms, cases[i].ms);
  }
}

static void test_dates_without_separators(void **state) {
  (void)state;
  const char *const dates[] = {"20230131", "20240229", "202301311500", "20230131235959"};
  for (size_t i = 0; i < sizeof(dates) / sizeof(*dates); i++)
    assert_true(sc_clock_is_compact_date(sc_slice_str(dates[i])));
  const char *const none[] = {"20230230",     "20230229",       "19691231",   "21010101", "2023013",
                              "202301312400", "20230131150060", "1675173600", "2023-1-3", "202301x1"};
  for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
    assert_false(sc_clock_is_compact_date(sc_slice_str(none[i])));
}

static void test_times_that_are_none(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      " ",
      "latest",
      "2023-01",
      "2023-1-31",
      "2023-02-30",
      "2023-13-01",
      "2023-00-01",
      "2023-01-31T",
      "2023-01-31T15",
      "2023-01-31T15:00",
      "2023-01-31t15:00:00",
      "2023-01-31T24:00:00",
      "2023-01-31T15:60:00",
      "2023-01-31T15:00:60",
      "2023-01-31T15:00:00.",
      "2023-01-31T15:00:00.1234567890",
      "2023-01-31T15:00:00,5",
      "2023-01-31T15:00:00z",
      "2023-01-31T15:00:00+0000",
      "2023-01-31T15:00:00+24:00",
      "2023-01-31T15:00:00+00:60",
      "2023-01-31T15:00:00+00:00x",
      "2023-01-31T15:00:00ZZ",
      "2023-01-31 ",
      " 2023-01-31",
      "2023-01-31Z",
      "1969-12-31",
      "1970-01-01T00:59:59+01:00",
      "9999-12-31T23:59:59-00:01",
      "253402300800",
      "99999999999999999999",
      "-1",
      "+1",
      "1.",
      ".5",
      "1.5.5",
      "1e9",
      "1675177200.1234567890",
  };
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    int64_t ms = 7;

    assert_false(sc_clock_parse_time(sc_slice_str(bad[i]), &ms));
    assert_int_equal(ms, 7);
  }
  int64_t ms;
  assert_false(sc_clock_parse_time((struct sc_slice){NULL, 0}, &ms));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_frozen_clock_moves_only_when_told),
      cmocka_unit_test(test_real_clock_is_the_systems),
      cmocka_unit_test(test_days_agree_with_libc),
      cmocka_unit_test(test_days_that_do_not_exist),
      cmocka_unit_test(test_formats),
      cmocka_unit_test(test_format_and_parse_are_inverse),
      cmocka_unit_test(test_times_a_person_writes),
      cmocka_unit_test(test_dates_without_separators),
      cmocka_unit_test(test_times_that_are_none),
  };
  return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
