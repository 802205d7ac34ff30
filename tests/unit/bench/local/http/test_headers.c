/* Headers gathered in parts, and their bounds. */
#include "bench/local/http/headers.h"

#include <stdlib.h>

#include "tests/unit/engine/base/check.h"

static void test_parts(void **state) {
  (void)state;
  struct scl_headers headers = {0};
  for (int round = 0; round < 2; round++) {
    scl_headers_clear(&headers);
    assert_true(scl_headers_add_name(&headers, SC_SLICE_LITERAL("X-A")));
    assert_true(scl_headers_add_name(&headers, SC_SLICE_LITERAL("mz")));
    assert_true(scl_headers_add_value(&headers, SC_SLICE_LITERAL(" \tOne ")));
    assert_true(scl_headers_add_value(&headers, SC_SLICE_LITERAL("Two\t ")));
    assert_true(scl_headers_add_name(&headers, SC_SLICE_LITERAL("blank")));
    assert_true(scl_headers_add_value(&headers, SC_SLICE_LITERAL("  ")));
    assert_true(scl_headers_add_name(&headers, SC_SLICE_LITERAL("blank")));
    assert_true(scl_headers_add_value(&headers, SC_SLICE_LITERAL("not")));
    scl_headers_finish(&headers);
    assert_int_equal(headers.n, 3);
    assert_true(sc_slice_is(headers.views[0].name, "x-amz"));
    assert_true(sc_slice_is(headers.views[0].value, "One Two"));
    assert_true(sc_slice_is(scl_headers_find(&headers, "x-amz"), "One Two"));
    assert_int_equal(scl_headers_find(&headers, "blank").len, 0); /* the first counts */
    assert_true(sc_slice_is(headers.views[2].value, "not"));
    assert_int_equal(scl_headers_find(&headers, "none").len, 0);
  }
  scl_headers_fini(&headers);
}

static void test_bounds(void **state) {
  (void)state;
  struct scl_headers headers = {0};
  char *long_text = malloc(SCL_HEADERS_MAX_BYTES);
  memset(long_text, 'x', SCL_HEADERS_MAX_BYTES);
  assert_true(scl_headers_add_name(&headers, SC_SLICE_LITERAL("a")));
  assert_true(scl_headers_add_value(&headers, sc_slice_of(long_text, SCL_HEADERS_MAX_BYTES - 1)));
  assert_false(scl_headers_add_value(&headers, SC_SLICE_LITERAL("y")));
  assert_false(scl_headers_add_name(&headers, SC_SLICE_LITERAL("y")));
  scl_headers_clear(&headers);
  assert_false(scl_headers_add_name(&headers, sc_slice_of(long_text, SCL_HEADERS_MAX_BYTES + 1)));
  scl_headers_clear(&headers);
  for (int i = 0; i < SCL_REQUEST_MAX_HEADERS; i++) {
    assert_true(scl_headers_add_name(&headers, SC_SLICE_LITERAL("n")));
    assert_true(scl_headers_add_value(&headers, SC_SLICE_LITERAL("v")));
  }
  assert_false(scl_headers_add_name(&headers, SC_SLICE_LITERAL("n")));
  free(long_text);
  scl_headers_fini(&headers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parts),
      cmocka_unit_test(test_bounds),
  };
  return cmocka_run_group_tests_name("local/headers", tests, NULL, NULL);
}
