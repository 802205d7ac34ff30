#include "engine/load/dead_letter_limit.h"

#include <string.h>

#include "engine/base/error.h"
#include "tests/unit/engine/base/check.h"

static int check(const struct sc_dead_letter_limit *b, uint64_t in_a_row) {
  struct sc_error err;
  return sc_dead_letter_limit_check(b, in_a_row, &err);
}

static void lets_a_clean_load_run(void **state) {
  (void)state;
  struct sc_dead_letter_limit b;
  sc_dead_letter_limit_init(&b, false, 0);
  sc_dead_letter_limit_count(&b, 10 * SC_DEAD_LETTER_SHARE_FROM, 0);
  assert_int_equal(check(&b, 0), SC_OK);
  sc_dead_letter_limit_init(&b, true, 0);
  sc_dead_letter_limit_count(&b, 10 * SC_DEAD_LETTER_SHARE_FROM, 0);
  assert_int_equal(check(&b, 0), SC_OK);
}

static void a_bound_of_the_user(void **state) {
  (void)state;
  struct sc_dead_letter_limit b;
  struct sc_error err;
  sc_dead_letter_limit_init(&b, true, 3);
  sc_dead_letter_limit_count(&b, 3, 3);
  assert_int_equal(check(&b, 0), SC_OK);
  sc_dead_letter_limit_count(&b, 1, 1);
  assert_int_equal(sc_dead_letter_limit_check(&b, 0, &err), SC_E_DEAD_LETTERS);
  assert_string_equal(err.text, "more dead letters than --max-dead-letters allows (4 in this run)");
}

/* With a bound of the user's neither share nor run of dead letters counts. */
static void the_users_bound_is_the_only_one(void **state) {
  (void)state;
  struct sc_dead_letter_limit b;
  sc_dead_letter_limit_init(&b, true, UINT64_MAX);
  sc_dead_letter_limit_count(&b, SC_DEAD_LETTER_SHARE_FROM, SC_DEAD_LETTER_SHARE_FROM);
  assert_int_equal(check(&b, 10 * SC_DEAD_LETTERS_IN_A_ROW), SC_OK);
}

static void a_thousand_in_a_row(void **state) {
  (void)state;
  struct sc_dead_letter_limit b;
  struct sc_error err;
  sc_dead_letter_limit_init(&b, false, 0);
  sc_dead_letter_limit_count(&b, SC_DEAD_LETTERS_IN_A_ROW, SC_DEAD_LETTERS_IN_A_ROW);
  assert_int_equal(check(&b, SC_DEAD_LETTERS_IN_A_ROW - 1), SC_OK);
  assert_int_equal(sc_dead_letter_limit_check(&b, SC_DEAD_LETTERS_IN_A_ROW, &err), SC_E_DEAD_LETTERS);
  assert_string_equal(err.text, "1,000 records in a row became dead letters (1000 in this run)");
  assert_non_null(strstr(err.hint, "--max-dead-letters"));
}

static void more_than_one_in_a_hundred(void **state) {
  (void)state;
  struct sc_dead_letter_limit b;
  sc_dead_letter_limit_init(&b, false, 0);
  sc_dead_letter_limit_count(&b, SC_DEAD_LETTER_SHARE_FROM - 1,
                             SC_DEAD_LETTER_SHARE_FROM / 2); /* too few records to judge by */
  assert_int_equal(check(&b, 0), SC_OK);
  sc_dead_letter_limit_count(&b, 1, 0);
  assert_int_equal(check(&b, 0), SC_E_DEAD_LETTERS);
  sc_dead_letter_limit_init(&b, false, 0);
  sc_dead_letter_limit_count(&b, SC_DEAD_LETTER_SHARE_FROM, SC_DEAD_LETTER_SHARE_FROM / 100);
  assert_int_equal(check(&b, 0), SC_OK); /* just one in a hundred */
  sc_dead_letter_limit_count(&b, 1, 1);
  assert_int_equal(check(&b, 0), SC_E_DEAD_LETTERS);
}

/* What was dropped comes again and must not count twice. */
static void takes_back(void **state) {
  (void)state;
  struct sc_dead_letter_limit b;
  sc_dead_letter_limit_init(&b, true, 5);
  for (int i = 0; i < 10; i++) {
    sc_dead_letter_limit_count(&b, 100, 5);
    assert_int_equal(check(&b, 0), SC_OK);
    sc_dead_letter_limit_take_back(&b, 100, 5);
  }
  sc_dead_letter_limit_count(&b, 100, 6);
  assert_int_equal(check(&b, 0), SC_E_DEAD_LETTERS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lets_a_clean_load_run),           cmocka_unit_test(a_bound_of_the_user),
      cmocka_unit_test(the_users_bound_is_the_only_one), cmocka_unit_test(a_thousand_in_a_row),
      cmocka_unit_test(more_than_one_in_a_hundred),      cmocka_unit_test(takes_back)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
