#include "bench/local/faults.h"

#include <stdio.h>

#include "tests/unit/base/check.h"

static void add(struct sc_faults *faults, const char *operation, const char *code, uint64_t count, uint64_t after) {
  struct sc_fault fault = {.kind = SC_FAULT_ERROR, .count = count, .after = after};
  snprintf(fault.operation, sizeof fault.operation, "%s", operation);
  snprintf(fault.code, sizeof fault.code, "%s", code);
  assert_true(sc_faults_add(faults, &fault));
}

/* The code of the fault that a call meets, "" for none. */
static const char *call(struct sc_faults *faults, const char *operation) {
  static struct sc_fault fault;
  return sc_faults_take(faults, sc_slice_str(operation), &fault) ? fault.code : "";
}

static void test_order(void **state) {
  (void)state;
  struct sc_faults *faults = sc_faults_new();
  assert_string_equal(call(faults, "GetRecords"), "");
  add(faults, "GetRecords", "one", 2, 0);
  add(faults, "*", "two", 1, 0);
  add(faults, "GetRecords", "three", 1, 0);
  assert_int_equal(sc_faults_waiting(faults), 3);
  assert_string_equal(call(faults, "GetRecords"), "one");
  assert_string_equal(call(faults, "ListShards"), "two");
  assert_string_equal(call(faults, "ListShards"), "");
  assert_string_equal(call(faults, "GetRecords"), "one");
  assert_string_equal(call(faults, "GetRecords"), "three");
  assert_string_equal(call(faults, "GetRecords"), "");
  assert_int_equal(sc_faults_waiting(faults), 0);
  sc_faults_free(faults);
}

static void test_after(void **state) {
  (void)state;
  struct sc_faults *faults = sc_faults_new();
  add(faults, "PutRecord", "late", 1, 2);
  assert_string_equal(call(faults, "PutRecord"), "");
  assert_string_equal(call(faults, "GetRecords"), "");
  assert_string_equal(call(faults, "PutRecord"), "");
  assert_string_equal(call(faults, "PutRecord"), "late");
  assert_string_equal(call(faults, "PutRecord"), "");
  sc_faults_free(faults);
}

static void test_bounds(void **state) {
  (void)state;
  struct sc_faults *faults = sc_faults_new();
  struct sc_fault fault = {.operation = "*", .count = 1};
  for (int i = 0; i < SC_FAULTS_MAX; i++) assert_true(sc_faults_add(faults, &fault));
  assert_false(sc_faults_add(faults, &fault));
  sc_faults_clear(faults);
  assert_int_equal(sc_faults_waiting(faults), 0);
  assert_string_equal(call(faults, "GetRecords"), "");
  sc_faults_free(faults);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_after),
      cmocka_unit_test(test_bounds),
  };
  return cmocka_run_group_tests_name("local/faults", tests, NULL, NULL);
}
