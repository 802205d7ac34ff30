#include "sink/postgres/pushed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct sc_row_ref refs[] = {{.left_out = 3}, {.left_out = 0}, {.left_out = 0}, {.left_out = 65535},
                                   {.left_out = 3}, {.left_out = 0}, {.left_out = 3}};
static const struct sc_block block = {.rows = refs, .n_rows = 7};

static void add(struct sc_pg_pushed *p, uint32_t first, uint32_t end) {
  sc_pg_pushed_add(p, &(struct sc_row_range){.block = &block, .first = first, .end = end});
}

static void kinds_come_once_each(void **state) {
  (void)state;
  struct sc_pg_pushed p = {.n = 0};
  assert_int_equal(sc_pg_pushed_next(&p, -1), UINT32_MAX);
  add(&p, 0, 3);
  add(&p, 3, 7);
  assert_int_equal(sc_pg_pushed_next(&p, -1), 0);
  assert_int_equal(sc_pg_pushed_next(&p, 0), 3);
  assert_int_equal(sc_pg_pushed_next(&p, 3), 65535);
  assert_int_equal(sc_pg_pushed_next(&p, 65535), UINT32_MAX);
  sc_pg_pushed_fini(&p);
}

static void runs_of_a_kind(void **state) {
  (void)state;
  uint32_t first = 0;
  assert_int_equal(sc_pg_pushed_run(&block, 0, &first, 7), 3);
  assert_int_equal(first, 1);
  first = 3;
  assert_int_equal(sc_pg_pushed_run(&block, 0, &first, 7), 6);
  assert_int_equal(first, 5);
  first = 6;
  assert_int_equal(sc_pg_pushed_run(&block, 0, &first, 7), 7);
  assert_int_equal(first, 7);
}

/* The server counts the rows of its COPY; the caller those it pushed. */
static void rows_are_found_again(void **state) {
  (void)state;
  struct sc_pg_pushed p = {.n = 0};
  add(&p, 1, 3);
  add(&p, 4, 7);
  uint64_t row;
  assert_true(sc_pg_pushed_row(&p, 0, 0, &row));
  assert_int_equal(row, 0);
  assert_true(sc_pg_pushed_row(&p, 0, 2, &row));
  assert_int_equal(row, 3);
  assert_true(sc_pg_pushed_row(&p, 3, 1, &row));
  assert_int_equal(row, 4);
  assert_false(sc_pg_pushed_row(&p, 3, 2, &row));
  sc_pg_pushed_fini(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds_come_once_each),
      cmocka_unit_test(runs_of_a_kind),
      cmocka_unit_test(rows_are_found_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
