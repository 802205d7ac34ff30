#include "sink/postgres/positions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void arrays_as_the_server_reads_them(void **state) {
  (void)state;
  struct sc_buf array = SC_BUF_INIT;
  sc_pg_array_end(&array);
  assert_string_equal(array.ptr, "{}");
  sc_buf_clear(&array);
  sc_pg_array_add(&array, sc_slice_str("shardId-1"));
  sc_pg_array_add(&array, sc_slice_str("a\"b\\c,{}'"));
  sc_pg_array_add(&array, sc_slice_of(NULL, 0));
  sc_pg_array_add(&array, sc_slice_str("NULL"));
  sc_pg_array_add_null(&array);
  sc_pg_array_add_int(&array, INT64_MIN);
  sc_pg_array_end(&array);
  assert_string_equal(array.ptr, "{\"shardId-1\",\"a\\\"b\\\\c,{}'\",\"\",\"NULL\",NULL,-9223372036854775808}");
  sc_buf_fini(&array);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(arrays_as_the_server_reads_them)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
