#include "engine/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/buf.h"

static const char *const headings[] = {"STREAM", "STATUS", "CREATED"};
static const char *const keys[] = {"stream", "status", "created"};

static void expect(bool json, const char *text) {
  struct sc_list list;
  struct sc_buf out = SC_BUF_INIT;
  sc_list_init(&list, headings, keys, 3, json);
  sc_list_add(&list, (const char *const[]){"a", NULL, "x"});
  sc_list_add(&list, (const char *const[]){"longer-name", "ACTIVE\"", NULL});
  sc_list_print(&list, &out);
  assert_string_equal(sc_buf_str(&out), text);
  sc_buf_fini(&out);
  sc_list_fini(&list);
}

static void tables(void **state) {
  (void)state;
  expect(false,
         "STREAM       STATUS   CREATED\n"
         "a            -        x\n"
         "longer-name  ACTIVE\"  -\n");
}

static void json_lines(void **state) {
  (void)state;
  expect(true,
         "{\"stream\":\"a\",\"status\":null,\"created\":\"x\"}\n"
         "{\"stream\":\"longer-name\",\"status\":\"ACTIVE\\\"\",\"created\":null}\n");
}

static void nothing(void **state) {
  (void)state;
  struct sc_list list;
  struct sc_buf out = SC_BUF_INIT;
  sc_list_init(&list, headings, keys, 3, true);
  sc_list_print(&list, &out);
  assert_int_equal(out.len, 0);
  list.json = false;
  sc_list_print(&list, &out);
  assert_string_equal(sc_buf_str(&out), "STREAM  STATUS  CREATED\n");
  sc_buf_fini(&out);
  sc_list_fini(&list);
}

static void many_rows(void **state) {
  (void)state;
  struct sc_list list;
  struct sc_buf out = SC_BUF_INIT;
  sc_list_init(&list, headings, keys, 3, true);
  for (int i = 0; i < 1000; i++) sc_list_add(&list, (const char *const[]){"a", "b", "c"});
  sc_list_print(&list, &out);
  assert_int_equal(out.len, 1000 * sizeof("{\"stream\":\"a\",\"status\":\"b\",\"created\":\"c\"}\n") - 1000);
  sc_buf_fini(&out);
  sc_list_fini(&list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tables),
      cmocka_unit_test(json_lines),
      cmocka_unit_test(nothing),
      cmocka_unit_test(many_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
