#include "engine/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/base/error.h"

static const struct sc_sequence none;

static struct sc_sequence seq(const char *digits) {
  struct sc_sequence s;
  assert_true(sc_sequence_parse(sc_slice_str(digits), &s));
  return s;
}

static int accept(struct sc_checkpoint *c, uint32_t term, const char *first, const char *last, bool end) {
  struct sc_sequence a = seq(first), b = seq(last);
  return sc_checkpoint_accept(c, term, &a, &b, end, 0);
}

static struct sc_checkpoint taken_at(uint32_t term, const char *position) {
  struct sc_checkpoint c = {0};
  struct sc_sequence at = seq(position);
  sc_checkpoint_taken(&c, term, 7, &at, 1000, false);
  return c;
}

static void nothing_before_the_take(void **state) {
  (void)state;
  struct sc_checkpoint c = {0};
  assert_int_equal(accept(&c, 0, "1", "2", false), SC_E_FENCED);
  assert_false(sc_checkpoint_is_dirty(&c, 0));
}

static void commits_what_was_accepted(void **state) {
  (void)state;
  struct sc_checkpoint c = taken_at(1, "9");
  assert_int_equal(c.epoch, 7);
  assert_int_equal(accept(&c, 1, "10", "12", false), SC_OK);
  assert_int_equal(accept(&c, 1, "13", "13", false), SC_OK);
  assert_true(sc_checkpoint_is_dirty(&c, INT64_MAX));
  struct sc_sequence nine = seq("9"), thirteen = seq("13");
  sc_checkpoint_sent(&c);
  assert_int_equal(sc_sequence_compare(&c.committed, &nine), 0);
  assert_int_equal(sc_sequence_compare(&c.pending, &thirteen), 0);
  sc_checkpoint_committed(&c);
  assert_int_equal(c.state, SC_CHECKPOINT_HELD);
  assert_int_equal(sc_sequence_compare(&c.committed, &thirteen), 0);
  assert_false(sc_checkpoint_is_dirty(&c, 1));
}

static void first_records_of_a_shard(void **state) {
  (void)state;
  struct sc_checkpoint c = {0};
  sc_checkpoint_taken(&c, 1, 1, &none, 0, false);
  assert_int_equal(accept(&c, 1, "0", "5", false), SC_OK);
}

static void drops_other_terms(void **state) {
  (void)state;
  struct sc_checkpoint c = taken_at(3, "9");
  assert_int_equal(accept(&c, 2, "10", "12", false), SC_E_FENCED);
  assert_int_equal(accept(&c, 4, "10", "12", false), SC_E_FENCED);
  sc_checkpoint_lost(&c);
  assert_int_equal(accept(&c, 3, "10", "12", false), SC_E_FENCED);
  assert_int_equal(c.term, 3);
  assert_int_equal(c.state, SC_CHECKPOINT_NONE);
}

static void refuses_repeats_and_runs_backwards(void **state) {
  (void)state;
  struct sc_checkpoint c = taken_at(1, "100");
  assert_int_equal(accept(&c, 1, "100", "101", false), SC_E_INTERNAL);
  assert_int_equal(accept(&c, 1, "99", "101", false), SC_E_INTERNAL);
  assert_int_equal(accept(&c, 1, "102", "101", false), SC_E_INTERNAL);
  struct sc_sequence some = seq("101");
  assert_int_equal(sc_checkpoint_accept(&c, 1, &some, &none, false, 0), SC_E_INTERNAL);
  assert_int_equal(sc_checkpoint_accept(&c, 1, &none, &some, false, 0), SC_E_INTERNAL);
  assert_false(sc_checkpoint_is_dirty(&c, 0));
  assert_int_equal(accept(&c, 1, "101", "102", false), SC_OK);
  assert_int_equal(accept(&c, 1, "102", "103", false), SC_E_INTERNAL); /* accepted, not committed, is enough */
}

static void ends(void **state) {
  (void)state;
  struct sc_checkpoint c = taken_at(1, "9");
  assert_int_equal(sc_checkpoint_accept(&c, 1, &none, &none, true, 0), SC_OK);
  assert_true(sc_checkpoint_is_dirty(&c, INT64_MAX));
  assert_int_equal(accept(&c, 1, "10", "11", false), SC_E_INTERNAL);
  sc_checkpoint_sent(&c);
  sc_checkpoint_committed(&c);
  assert_int_equal(c.state, SC_CHECKPOINT_ENDED);
  assert_int_equal(accept(&c, 1, "10", "11", false), SC_E_INTERNAL);
  assert_int_equal(sc_checkpoint_accept(&c, 1, &none, &none, true, 0), SC_E_INTERNAL);
  assert_false(sc_checkpoint_is_dirty(&c, 0));
}

static void taken_as_ended(void **state) {
  (void)state;
  struct sc_checkpoint c = {0};
  struct sc_sequence at = seq("9");
  sc_checkpoint_taken(&c, 1, 1, &at, 0, true);
  assert_int_equal(c.state, SC_CHECKPOINT_ENDED);
  assert_int_equal(accept(&c, 1, "10", "11", false), SC_E_INTERNAL);
}

static void refused_stays_pending(void **state) {
  (void)state;
  struct sc_checkpoint c = taken_at(1, "9");
  assert_int_equal(accept(&c, 1, "10", "12", false), SC_OK);
  sc_checkpoint_refused(&c); /* the COPY failed: no commit was sent */
  assert_int_equal(c.state, SC_CHECKPOINT_PENDING);
  sc_checkpoint_sent(&c);
  sc_checkpoint_refused(&c);
  assert_int_equal(c.state, SC_CHECKPOINT_PENDING);
  assert_int_equal(accept(&c, 1, "12", "13", false), SC_E_INTERNAL);
  assert_int_equal(accept(&c, 1, "13", "13", true), SC_OK);
  sc_checkpoint_sent(&c);
  sc_checkpoint_committed(&c);
  assert_int_equal(c.state, SC_CHECKPOINT_ENDED);
}

static void refreshes_an_idle_shard_now_and_then(void **state) {
  (void)state;
  struct sc_checkpoint c = taken_at(1, "9"); /* read until 1000 */
  assert_int_equal(sc_checkpoint_accept(&c, 1, &none, &none, false, 60999), SC_OK);
  assert_int_equal(c.state, SC_CHECKPOINT_HELD);
  assert_false(sc_checkpoint_is_dirty(&c, 60000));
  assert_int_equal(sc_checkpoint_accept(&c, 1, &none, &none, false, 61000), SC_OK);
  assert_int_equal(sc_checkpoint_accept(&c, 1, &none, &none, false, 5000), SC_OK); /* never backwards */
  assert_int_equal(c.read_until_ms, 61000);
  assert_true(sc_checkpoint_is_dirty(&c, 60000));
  sc_checkpoint_sent(&c);
  sc_checkpoint_refused(&c);
  assert_int_equal(c.state, SC_CHECKPOINT_HELD);
  sc_checkpoint_sent(&c);
  sc_checkpoint_committed(&c);
  assert_int_equal(c.stored_read_until_ms, 61000);
  assert_false(sc_checkpoint_is_dirty(&c, 0));
}

static void a_take_forgets_what_was_pending(void **state) {
  (void)state;
  struct sc_checkpoint c = taken_at(1, "9");
  assert_int_equal(accept(&c, 1, "10", "12", true), SC_OK);
  sc_checkpoint_sent(&c);
  sc_checkpoint_lost(&c);
  struct sc_sequence nine = seq("9");
  sc_checkpoint_taken(&c, 2, 8, &nine, 1000, false);
  assert_int_equal(accept(&c, 2, "10", "12", true), SC_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_before_the_take),
      cmocka_unit_test(commits_what_was_accepted),
      cmocka_unit_test(first_records_of_a_shard),
      cmocka_unit_test(drops_other_terms),
      cmocka_unit_test(refuses_repeats_and_runs_backwards),
      cmocka_unit_test(ends),
      cmocka_unit_test(taken_as_ended),
      cmocka_unit_test(refused_stays_pending),
      cmocka_unit_test(refreshes_an_idle_shard_now_and_then),
      cmocka_unit_test(a_take_forgets_what_was_pending),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
