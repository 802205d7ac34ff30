#include "bench/local/faults/fault.h"

#include <stdio.h>

#include "tests/unit/engine/base/check.h"

static struct sc_error err;

/* "name value", ... up to NULL, into a fault. */
static int make(struct scl_fault *fault, const char *const *pairs) {
  scl_fault_begin(fault);
  for (; *pairs != NULL; pairs++) {
    const char *space = strchr(*pairs, ' ');
    struct sc_slice name = sc_slice_of(*pairs, (size_t)(space - *pairs));
    int rc = scl_fault_set(fault, name, sc_slice_str(space + 1), SCL_FAULT_FORM_ANY, &err);
    if (rc != SC_OK) return rc;
  }
  return scl_fault_finish(fault, &err);
}

#define MAKE(fault, ...) make(fault, (const char *const[]){__VA_ARGS__, NULL})

static struct scl_fault made(const char *const *pairs) {
  struct scl_fault fault;
  if (make(&fault, pairs) != SC_OK) fail_msg("%s %s", err.text, err.hint);
  return fault;
}

#define MADE(...) made((const char *const[]){__VA_ARGS__, NULL})

static void test_defaults(void **state) {
  (void)state;
  struct scl_fault fault = made((const char *const[]){NULL});
  assert_string_equal(fault.operation, "*");
  assert_int_equal(fault.kind, SCL_FAULT_ERROR);
  assert_true(fault.count == 1 && fault.after == 0 && !fault.is_random);
  assert_true(fault.status == 500 && strcmp(fault.code, "InternalFailure") == 0);
  assert_string_equal(fault.message, "Internal Service Failure");
  assert_true(MADE("kind slow").delay_ms == 1000 && MADE("kind slow", "delay_ms 7").delay_ms == 7);
  assert_int_equal(MADE("kind split").piece_bytes, 1);
  assert_int_equal(MADE("kind skewed-date").date_skew_ms, 3600000);
  assert_true(MADE("p 0.5").count == INT64_MAX && MADE("p 0.5", "count 3").count == 3);
}

static void test_errors_by_code(void **state) {
  (void)state;
  struct scl_fault fault = MADE("error ServiceUnavailable");
  assert_true(fault.kind == SCL_FAULT_ERROR && fault.status == 503);
  fault = MADE("code ServiceUnavailable", "status 500", "message later");
  assert_true(fault.status == 500 && strcmp(fault.message, "later") == 0);
  fault = MADE("error SomethingNew");
  assert_true(fault.status == 400 && fault.message[0] == '\0');
  assert_string_equal(MADE("kind throttle").code, "ProvisionedThroughputExceededException");
  assert_string_equal(MADE("kind expired-token").code, "ExpiredTokenException");
  assert_string_equal(MADE("operation SubscribeToShard.event").code, "InternalFailureException");
  assert_string_equal(MADE("operation SubscribeToShard").code, "InternalFailure");
}

/* A kind that one operation alone has means that operation. */
static void test_operations(void **state) {
  (void)state;
  assert_string_equal(MADE("kind entries").operation, "PutRecords");
  assert_string_equal(MADE("kind duplicate").operation, "GetRecords");
  assert_string_equal(MADE("kind corrupt").operation, SCL_FAULT_EVENTS);
  assert_string_equal(MADE("kind corrupt", "operation SubscribeToShard").operation, SCL_FAULT_EVENTS);
  assert_string_equal(MADE("kind reset", "operation SubscribeToShard").operation, "SubscribeToShard");
}

static void refused(const char *text, const char *hint, const char *const *pairs) {
  struct scl_fault fault;
  assert_int_equal(make(&fault, pairs), SC_E_USAGE);
  assert_string_equal(err.text, text);
  if (strstr(err.hint, hint) == NULL) fail_msg("%s: %s", text, err.hint);
}

#define REFUSED(text, hint, ...) refused(text, hint, (const char *const[]){__VA_ARGS__, NULL})

static void test_refusals(void **state) {
  (void)state;
  REFUSED("unknown operation \"GetRecord\"", "SubscribeToShard.event", "operation GetRecord");
  REFUSED("unknown kind \"flood\"", "error, throttle, ", "kind flood");
  REFUSED("a fault has no \"often\"", "operation, kind, p, count", "often 3");
  REFUSED("count is given twice", "", "count 1", "count 1");
  REFUSED("kind is given twice", "", "kind slow", "error X");
  REFUSED("kind entries does not apply to GetRecords", "duplicate, behind-zero", "kind entries",
          "operation GetRecords");
  REFUSED("kind corrupt does not apply to PutRecord", "refused-stream", "kind corrupt", "operation PutRecord");
  REFUSED("kind throttle does not apply to SubscribeToShard.event", "corrupt, end", "kind throttle",
          "operation SubscribeToShard.event");
  REFUSED("kind reset does not have code, every", "bytes", "kind reset", "every 2", "code X");
  REFUSED("kind slow does not have bytes", "delay_ms", "kind slow", "bytes 2");
  REFUSED("count cannot be \"0\"", "from 1 to 1000000000", "count 0");
  REFUSED("bytes cannot be \"-2\"", "from -1 to", "kind reset", "bytes -2");
  REFUSED("status cannot be \"200\"", "from 400 to 599", "status 200");
  REFUSED("children cannot be \"1\"", "true or false", "kind end-falsely", "children 1");
  REFUSED("message cannot be \"\"", "less than 256 bytes", "message \xff");
  REFUSED("operation cannot be \"\"", "", "operation ");
}

static void test_probabilities(void **state) {
  (void)state;
  static const char *const bad[] = {"p 0", "p -0.1", "p 1.5", "p 0x1", "p nan", "p 1 ", "p ", "p 0.5p"};
  struct scl_fault fault;
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) assert_int_equal(MAKE(&fault, bad[i]), SC_E_USAGE);
  assert_true(MADE("p 1").p == 1 && MADE("p 5e-2").p == 0.05);
}

/* A text is no number, where it is known that it was written as one. */
static void test_forms(void **state) {
  (void)state;
  struct scl_fault fault;
  struct sc_slice count = SC_SLICE_LITERAL("count"), code = SC_SLICE_LITERAL("code"), one = SC_SLICE_LITERAL("1");
  scl_fault_begin(&fault);
  assert_int_equal(scl_fault_set(&fault, count, one, SCL_FAULT_FORM_TEXT, &err), SC_E_USAGE);
  scl_fault_begin(&fault);
  assert_int_equal(scl_fault_set(&fault, count, one, SCL_FAULT_FORM_NUMBER, &err), SC_OK);
  assert_int_equal(scl_fault_set(&fault, code, one, SCL_FAULT_FORM_NUMBER, &err), SC_E_USAGE);
}

static void writes(const char *text, const char *const *pairs) {
  struct sc_buf out = SC_BUF_INIT;
  struct scl_fault fault = made(pairs);
  scl_fault_write(&fault, &out);
  assert_string_equal(sc_buf_str(&out), text);
  sc_buf_fini(&out);
}

#define WRITES(text, ...) writes(text, (const char *const[]){__VA_ARGS__, NULL})

static void test_writing(void **state) {
  (void)state;
  writes("\"operation\":\"*\",\"kind\":\"error\"", (const char *const[]){NULL});
  WRITES("\"operation\":\"GetRecords\",\"kind\":\"error\",\"p\":0.05,\"code\":\"X\",\"message\":\"a \\\"b\\\"\"",
         "message a \"b\"", "error X", "operation GetRecords", "p 0.05");
  WRITES("\"operation\":\"GetRecords\",\"kind\":\"end-falsely\",\"count\":2,\"after\":1,\"children\":true",
         "kind end-falsely", "after 1", "children true", "count 2");
}

static struct scl_delivery delivery(const char *const *pairs) {
  struct scl_delivery delivery = {0};
  struct scl_fault fault = made(pairs);
  scl_fault_apply_delivery(&fault, &delivery);
  return delivery;
}

#define DELIVERY(...) delivery((const char *const[]){__VA_ARGS__, NULL})

static void check_cut(struct scl_delivery delivery, enum scl_ending ending, size_t bytes, bool is_silent) {
  assert_true(delivery.is_cut && delivery.ending == ending);
  assert_true(delivery.cut_bytes == bytes && delivery.is_silent == is_silent);
}

static void test_deliveries(void **state) {
  (void)state;
  check_cut(DELIVERY("kind reset", "bytes 9"), SCL_ENDING_RESET, 9, false);
  check_cut(DELIVERY("kind truncate"), SCL_ENDING_CLOSE, 0, false);
  check_cut(DELIVERY("kind half-open", "bytes -1"), SCL_ENDING_HANG, 0, true);
  check_cut(DELIVERY("kind rst-stream", "bytes 1"), SCL_ENDING_STREAM, 1, false);
  check_cut(DELIVERY("kind refused-stream"), SCL_ENDING_REFUSE, 0, true);
  check_cut(DELIVERY("kind goaway", "bytes 0"), SCL_ENDING_GOAWAY, 0, false);
  struct scl_delivery whole = DELIVERY("kind goaway", "piece_bytes 3", "delay_ms 8");
  assert_true(!whole.is_cut && whole.ending == SCL_ENDING_GOAWAY && whole.piece_bytes == 3 && whole.delay_ms == 8);
  whole = DELIVERY("kind split");
  assert_true(!whole.is_cut && whole.ending == SCL_ENDING_KEEP && whole.piece_bytes == 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults), cmocka_unit_test(test_errors_by_code), cmocka_unit_test(test_operations),
      cmocka_unit_test(test_refusals), cmocka_unit_test(test_probabilities),  cmocka_unit_test(test_forms),
      cmocka_unit_test(test_writing),  cmocka_unit_test(test_deliveries),
  };
  return cmocka_run_group_tests_name("local/fault", tests, NULL, NULL);
}
