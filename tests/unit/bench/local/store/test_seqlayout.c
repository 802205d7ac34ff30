#include "bench/local/store/seqlayout.h"

#include "tests/unit/engine/base/check.h"

/* What protocol.md 1.4 decodes from a real record of 2022: created 1649914545, index 0x5ca6aa, arrived 1649930048,
 * shard 3. */
static const struct scl_seqlayout REAL = {1649914545, 0x5ca6aa, 1649930048, 3};
#define REAL_DIGITS "49628566489653659107048838082246518393102916603510521906"

static void check_round_trip(struct scl_seqlayout seq) {
  char text[SCL_SEQLAYOUT_DIGITS + 1];
  struct scl_seqlayout again;
  scl_seqlayout_format(&seq, text);
  assert_int_equal(strlen(text), SCL_SEQLAYOUT_DIGITS);
  assert_true(scl_seqlayout_parse(sc_slice_str(text), &again));
  assert_int_equal(again.created_s, seq.created_s);
  assert_int_equal(again.index, seq.index);
  assert_int_equal(again.arrived_s, seq.arrived_s);
  assert_int_equal(again.shard, seq.shard);
}

static void test_vector(void **state) {
  (void)state;
  char text[SCL_SEQLAYOUT_DIGITS + 1];
  scl_seqlayout_format(&REAL, text);
  assert_string_equal(text, REAL_DIGITS);
}

/* The first record of a DMS task captured in 2025 (arrived 2025-06-21 12:06:45 UTC by its own account). */
static void test_captured(void **state) {
  (void)state;
  struct scl_seqlayout seq;
  assert_true(scl_seqlayout_parse(SC_SLICE_LITERAL("49664459213214506049272029928136046394554240732946759682"), &seq));
  assert_int_equal(seq.created_s, 1750507382);
  assert_int_equal(seq.index, 0x18227de8b);
  assert_int_equal(seq.arrived_s, 1750507605);
  assert_int_equal(seq.shard, 0);
}

static void test_round_trip(void **state) {
  (void)state;
  check_round_trip(REAL);
  check_round_trip((struct scl_seqlayout){0, 0, 0, 0});
  check_round_trip((struct scl_seqlayout){(INT64_C(1) << 36) - 1, INT64_MAX, (INT64_C(1) << 36) - 1, INT32_MAX});
  check_round_trip((struct scl_seqlayout){1700000000, UINT64_C(0x0123456789abcdef), 1700000001, 0x12345678});
}

/* As decimals of one length the texts order as the numbers do. */
static void test_order(void **state) {
  (void)state;
  char first[SCL_SEQLAYOUT_DIGITS + 1], second[SCL_SEQLAYOUT_DIGITS + 1];
  struct scl_seqlayout seq = REAL;
  scl_seqlayout_format(&seq, first);
  seq.index++;
  seq.arrived_s = 0;
  scl_seqlayout_format(&seq, second);
  assert_true(strcmp(first, second) < 0);
  seq = (struct scl_seqlayout){REAL.created_s + 1, 0, 0, 0};
  scl_seqlayout_format(&seq, second);
  assert_true(strcmp(first, second) < 0);
}

static void test_refusals(void **state) {
  (void)state;
  const char *const bad[] = {
      "",
      "0",
      "1",
      "abc",
      "-49628566489653659107048838082246518393102916603510521906",
      "49628566489653659107048838082246518393102916603510521907", /* version 3 */
      "49628566489653659107048838082246518393102916603510521890", /* shard 2, its low nibble 3 */
      "4962856648965365910704883808224651839310291660351052190 ",
      "496285664896536591070488380822465183931029166035105219060", /* 57 digits */
      "4962856648965365910704883808224651839310291660351052190",   /* 55 */
      "99999999999999999999999999999999999999999999999999999999",
  };
  struct scl_seqlayout seq;
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) assert_false(scl_seqlayout_parse(sc_slice_str(bad[i]), &seq));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_vector), cmocka_unit_test(test_captured), cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_order),  cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests_name("local/seqlayout", tests, NULL, NULL);
}
