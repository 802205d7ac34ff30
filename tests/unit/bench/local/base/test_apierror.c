#include "bench/local/base/apierror.h"

#include "tests/unit/engine/base/check.h"

static int status(const char *code) {
  const struct scl_apierror *error = scl_apierror_find(sc_slice_str(code));
  return error == NULL ? 0 : error->status;
}

static void test_statuses(void **state) {
  (void)state;
  assert_int_equal(status("ProvisionedThroughputExceededException"), 400);
  assert_int_equal(status("KMSOptInRequired"), 400);
  assert_int_equal(status("InternalFailure"), 500);
  assert_int_equal(status("ServiceUnavailable"), 503);
  assert_int_equal(status("KMSOptInRequiredException"), 0);
  assert_int_equal(status(""), 0);
}

static void test_members(void **state) {
  (void)state;
  assert_string_equal(scl_apierror_member("SerializationException"), "Message");
  assert_string_equal(scl_apierror_member("ValidationException"), "message");
}

/* Each code once, in order, small enough for a fault. */
static void test_table(void **state) {
  (void)state;
  for (int i = 0; i < scl_apierrors_n; i++) {
    const struct scl_apierror *error = &scl_apierrors[i];
    assert_true(i == 0 || strcmp(scl_apierrors[i - 1].code, error->code) < 0);
    assert_true(strlen(error->code) < 64 && strlen(error->message) < 256);
    assert_true(error->status >= 400 && error->status < 600);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_statuses),
      cmocka_unit_test(test_members),
      cmocka_unit_test(test_table),
  };
  return cmocka_run_group_tests_name("local/apierror", tests, NULL, NULL);
}
