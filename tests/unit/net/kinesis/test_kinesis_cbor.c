#include "net/kinesis/kinesis_cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/codec/wire/cbor_text.h"

static struct sc_buf buf = SC_BUF_INIT;
static struct sc_kinesis_cbor_room room;

static struct sc_kinesis_fault fault_of(const char *body) {
  struct sc_kinesis_fault fault = {.type = SC_SLICE_LITERAL("of the header")};
  sc_kinesis_cbor_read_fault(cbor_text(&buf, body), &room, &fault);
  return fault;
}

static void requests(void **state) {
  (void)state;
  struct sc_buf out = SC_BUF_INIT;
  sc_kinesis_cbor_write_get_records(&out, NULL, "AAA", 10000);
  assert_true(sc_slice_equals(sc_buf_view(&out), cbor_text(&buf, "bf 'Limit' 192710 'ShardIterator' 'AAA' ff")));
  sc_kinesis_cbor_write_get_records(&out, "arn:x", "AAA", 5);
  assert_true(sc_slice_equals(sc_buf_view(&out),
                              cbor_text(&buf, "bf 'Limit' 05 'StreamARN' 'arn:x' 'ShardIterator' 'AAA' ff")));
  sc_buf_fini(&out);
}

static void errors(void **state) {
  (void)state;
  static const char *const same[] = {"bf '__type' 'X' 'message' 'why' ff",
                                     "a3 'message' 'why' 'a' 9f bf ff ff '__type' 'X'",
                                     "d9d9f7 a2 7f '__' 'type' ff 7f 'X' ff 'Message' 7f 'w' 'hy' ff"};
  for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
    struct sc_kinesis_fault fault = fault_of(same[i]);
    assert_true(sc_slice_is(fault.type, "X"));
    assert_true(sc_slice_is(fault.message, "why"));
  }
}

/* What cannot be read changes nothing; what came before it counts. */
static void errors_that_are_none(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "80",
                                    "a1",
                                    "a1 '__type'",
                                    "a1 '__type' 05",
                                    "a1 '__type' 61 ff",
                                    "a1 05 'X'",
                                    "bf ff",
                                    "a1 '__type' 7affffffff",
                                    "bf 7f 'a name of more than thirty-two bytes' ff 00 '__type' 'X' ff"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    struct sc_kinesis_fault fault = fault_of(bad[i]);
    assert_true(sc_slice_is(fault.type, "of the header"));
    assert_int_equal(fault.message.len, 0);
  }
  assert_true(sc_slice_is(fault_of("bf '__type' 'X' 'message'").type, "X"));
}

static void refusals(void **state) {
  (void)state;
  struct sc_error err;
  static const struct {
    int status;
    const char *name;
    bool is_refused;
  } cases[] = {{400, "UnknownOperationException", true},
               {400, "SerializationException", true},
               {404, "", true},
               {415, "", true},
               {400, "ResourceNotFoundException", false},
               {400, "", false},
               {500, "", false},
               {0, "", false}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    sc_error_set(&err, SC_E_REFUSED, "x");
    err.http_status = cases[i].status;
    memcpy(err.service, cases[i].name, strlen(cases[i].name) + 1);
    assert_int_equal(sc_kinesis_cbor_is_refused(&err), cases[i].is_refused);
  }
}

static void told_from_json(void **state) {
  (void)state;
  assert_true(sc_kinesis_is_cbor(SC_SLICE_LITERAL("\xbf\xff")));
  assert_true(sc_kinesis_is_cbor(SC_SLICE_LITERAL("\xa0")));
  assert_false(sc_kinesis_is_cbor(SC_SLICE_LITERAL("{}")));
  assert_false(sc_kinesis_is_cbor(SC_SLICE_LITERAL(" {}")));
  assert_false(sc_kinesis_is_cbor(SC_SLICE_LITERAL("")));
}

static int drop(void **state) {
  (void)state;
  sc_buf_fini(&buf);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests), cmocka_unit_test(errors),         cmocka_unit_test(errors_that_are_none),
      cmocka_unit_test(refusals), cmocka_unit_test(told_from_json),
  };
  return cmocka_run_group_tests(tests, NULL, drop);
}
