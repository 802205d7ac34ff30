#include "engine/position.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct sc_sequence seq(const char *digits) {
  struct sc_sequence s;
  assert_true(sc_sequence_parse(sc_slice_str(digits), &s));
  return s;
}

static void assert_view(const struct sc_sequence *s, const char *digits) {
  struct sc_slice view = sc_sequence_view(s);
  assert_int_equal(view.len, strlen(digits));
  assert_memory_equal(view.ptr, digits, view.len);
}

static void parses_digits(void **state) {
  (void)state;
  struct sc_sequence s = seq("49545115243490985018280067714973144582180062593244200961");
  assert_view(&s, "49545115243490985018280067714973144582180062593244200961");
  s = seq("000120");
  assert_view(&s, "120");
  s = seq("0");
  assert_view(&s, "0");
  s = seq("000");
  assert_view(&s, "0");
}

static void refuses_what_is_no_number(void **state) {
  (void)state;
  struct sc_sequence s;
  char long_one[131];
  memset(long_one, '1', sizeof(long_one));
  const char *bad[] = {"", " 1", "1 ", "-1", "+1", "1a", "0x1", "SHARD_END"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    assert_false(sc_sequence_parse(sc_slice_str(bad[i]), &s));
    assert_int_equal(s.len, 0);
  }
  assert_true(sc_sequence_parse(sc_slice_of(long_one, 129), &s));
  assert_int_equal(s.len, 129);
  assert_false(sc_sequence_parse(sc_slice_of(long_one, 130), &s));
}

static void compares_as_integers(void **state) {
  (void)state;
  const char *ascending[] = {"0",
                             "9",
                             "10",
                             "99",
                             "100",
                             "49545115243490985018280067714973144582180062593244200961",
                             "49545115243490985018280067714973144582180062593244200962",
                             "149545115243490985018280067714973144582180062593244200961"};
  struct sc_sequence none = {0};
  for (size_t i = 0; i < sizeof(ascending) / sizeof(*ascending); i++) {
    struct sc_sequence a = seq(ascending[i]);
    assert_true(sc_sequence_compare(&none, &a) < 0);
    assert_true(sc_sequence_compare(&a, &none) > 0);
    for (size_t j = 0; j < sizeof(ascending) / sizeof(*ascending); j++) {
      struct sc_sequence b = seq(ascending[j]);
      int order = sc_sequence_compare(&a, &b);
      assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
    }
  }
  assert_int_equal(sc_sequence_compare(&none, &none), 0);
}

static void parts_of_a_record_come_before_the_whole(void **state) {
  (void)state;
  const struct sc_sequence order[] = {{2, "41", 0},   {2, "42", 1}, {2, "42", 2},
                                      {2, "42", 900}, {2, "42", 0}, {2, "43", 1}};
  for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
    for (size_t j = 0; j < sizeof(order) / sizeof(*order); j++) {
      int got = sc_sequence_compare(&order[i], &order[j]);
      assert_true(i < j ? got < 0 : i > j ? got > 0 : got == 0);
    }
  char text[160];
  sc_position_format(&(struct sc_position){.start = SC_START_AFTER, .sequence = order[3]}, text);
  assert_string_equal(text, "after 42 part 900");
}

static void parses_starts(void **state) {
  (void)state;
  struct sc_position p;
  assert_true(sc_position_parse("trim-horizon", &p));
  assert_int_equal(p.start, SC_START_TRIM_HORIZON);
  assert_true(sc_position_parse("latest", &p));
  assert_int_equal(p.start, SC_START_LATEST);
  assert_true(sc_position_parse("2023-01-31T15:00:00.5+01:00", &p));
  assert_int_equal(p.start, SC_START_AT_TIME);
  assert_int_equal(p.at_ms, 1675173600500);
  assert_false(sc_position_parse("LATEST ", &p));
  assert_false(sc_position_parse("2023-02-30", &p));
  assert_false(sc_position_parse("", &p));
}

static void formats_positions(void **state) {
  (void)state;
  char text[160];
  struct sc_position p = {.start = SC_START_TRIM_HORIZON};
  sc_position_format(&p, text);
  assert_string_equal(text, "trim-horizon");
  p.start = SC_START_LATEST;
  sc_position_format(&p, text);
  assert_string_equal(text, "latest");
  p = (struct sc_position){.start = SC_START_AT_TIME, .at_ms = 1675173600500};
  sc_position_format(&p, text);
  assert_string_equal(text, "2023-01-31T14:00:00.500Z");
  p = (struct sc_position){.start = SC_START_AFTER, .sequence = seq("42")};
  sc_position_format(&p, text);
  assert_string_equal(text, "after 42");
  p.start = SC_START_AT;
  sc_position_format(&p, text);
  assert_string_equal(text, "at 42");
}

static void formats_the_longest(void **state) {
  (void)state;
  char text[160];
  struct sc_position p = {.start = SC_START_AFTER, .sequence = {.len = SC_SEQUENCE_DIGITS}};
  memset(p.sequence.digits, '9', sizeof(p.sequence.digits));
  sc_position_format(&p, text);
  assert_int_equal(strlen(text), strlen("after ") + SC_SEQUENCE_DIGITS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parses_digits),        cmocka_unit_test(refuses_what_is_no_number),
      cmocka_unit_test(compares_as_integers), cmocka_unit_test(parts_of_a_record_come_before_the_whole),
      cmocka_unit_test(parses_starts),        cmocka_unit_test(formats_positions),
      cmocka_unit_test(formats_the_longest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
