#include "net/kinesis/kinesis_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sc_error err;

static int set(struct sc_kinesis_fault fault, const char *type, const char *message) {
  fault.type = sc_slice_str(type);
  fault.message = sc_slice_str(message);
  if (!fault.operation) fault.operation = "GetRecords";
  if (!fault.status) fault.status = 400;
  fault.where = "demo at https://h (r)";
  return sc_kinesis_error_set(&err, &fault);
}

static void names(void **state) {
  (void)state;
  static const struct {
    const char *type, *name;
  } cases[] = {{"ExpiredIteratorException", "ExpiredIteratorException"},
               {"com.amazonaws.kinesis.v20131202#ExpiredIteratorException", "ExpiredIteratorException"},
               {"ExpiredIteratorException:http://internal.amazon.com/x", "ExpiredIteratorException"},
               {"a#B:c#d", "B"},
               {"#", ""},
               {":", ""},
               {"", ""}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_true(sc_slice_is(sc_kinesis_error_name(sc_slice_str(cases[i].type)), cases[i].name));
}

static void codes(void **state) {
  (void)state;
  static const struct {
    int status;
    const char *type;
    int code;
    enum sc_class class;
  } cases[] = {
      {400, "ExpiredIteratorException", SC_E_EXPIRED_ITERATOR, SC_CLASS_RETRY},
      {400, "ProvisionedThroughputExceededException", SC_E_THROTTLED, SC_CLASS_THROTTLE},
      {400, "LimitExceededException", SC_E_THROTTLED, SC_CLASS_THROTTLE},
      {400, "ThrottlingException", SC_E_THROTTLED, SC_CLASS_THROTTLE},
      {400, "KMSThrottlingException", SC_E_THROTTLED, SC_CLASS_THROTTLE},
      {429, "", SC_E_THROTTLED, SC_CLASS_THROTTLE},
      {500, "InternalFailure", SC_E_SERVICE, SC_CLASS_RETRY},
      {500, "", SC_E_SERVICE, SC_CLASS_RETRY},
      {503, "SomethingNew", SC_E_SERVICE, SC_CLASS_RETRY},
      {400, "ExpiredTokenException", SC_E_AUTH, SC_CLASS_AUTH},
      {400, "ExpiredToken", SC_E_AUTH, SC_CLASS_AUTH},
      {400, "UnrecognizedClientException", SC_E_AUTH, SC_CLASS_AUTH},
      {400, "AccessDeniedException", SC_E_AUTH, SC_CLASS_AUTH},
      {403, "", SC_E_AUTH, SC_CLASS_AUTH},
      {400, "KMSAccessDeniedException", SC_E_AUTH, SC_CLASS_AUTH},
      {400, "KMSOptInRequired", SC_E_REFUSED, SC_CLASS_FATAL},
      {400, "ValidationException", SC_E_REFUSED, SC_CLASS_FATAL},
      {400, "ResourceInUseException", SC_E_REFUSED, SC_CLASS_FATAL},
      {404, "", SC_E_NO_SOURCE, SC_CLASS_CONFIG},
      {301, "", SC_E_REFUSED, SC_CLASS_FATAL},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    if (set((struct sc_kinesis_fault){.status = cases[i].status, .operation = "ListShards"}, cases[i].type, "m") !=
        cases[i].code)
      fail_msg("%d %s became %s", cases[i].status, cases[i].type, sc_error_name(err.code));
    assert_int_equal(err.class, cases[i].class);
    assert_int_equal(err.http_status, cases[i].status);
    assert_string_equal(err.service, cases[i].type);
  }
}

/* KCL makes a new iterator after both. */
static void invalid_argument_of_get_records(void **state) {
  (void)state;
  assert_int_equal(set((struct sc_kinesis_fault){0}, "InvalidArgumentException", "Invalid ShardIterator."),
                   SC_E_EXPIRED_ITERATOR);
  assert_int_equal(set((struct sc_kinesis_fault){.operation = "GetShardIterator"}, "InvalidArgumentException", "x"),
                   SC_E_REFUSED);
}

static void stream_or_shard(void **state) {
  (void)state;
  struct sc_kinesis_fault of_shard = {.operation = "GetShardIterator", .shard_id = "shardId-000000000001"};
  assert_int_equal(set(of_shard, "ResourceNotFoundException", "Stream demo under account 1 not found."),
                   SC_E_NO_SOURCE);
  assert_non_null(strstr(err.hint, "demo at https://h (r)"));
  assert_int_equal(set(of_shard, "ResourceNotFoundException",
                       "Shard shardId-000000000001 in stream demo under account 1 does not exist"),
                   SC_E_NO_SHARD);
  assert_string_equal(err.shard, "shardId-000000000001");
  assert_int_equal(set((struct sc_kinesis_fault){.operation = "ListShards"}, "ResourceNotFoundException", "gone"),
                   SC_E_NO_SOURCE);
}

static void clock_skew(void **state) {
  (void)state;
  assert_int_equal(set((struct sc_kinesis_fault){.skew_ms = 239999}, "InvalidSignatureException", "x"), SC_E_AUTH);
  assert_int_equal(set((struct sc_kinesis_fault){.skew_ms = 240000}, "InvalidSignatureException", "x"), SC_E_SKEW);
  assert_int_equal(err.class, SC_CLASS_RETRY);
  assert_int_equal(set((struct sc_kinesis_fault){.skew_ms = -240000}, "SignatureDoesNotMatch", "x"), SC_E_SKEW);
  assert_int_equal(set((struct sc_kinesis_fault){.skew_ms = 900000}, "AccessDeniedException", "x"), SC_E_AUTH);
}

static void hints_and_texts(void **state) {
  (void)state;
  set((struct sc_kinesis_fault){.operation = "ListShards"}, "AccessDeniedException", "User is not authorized");
  assert_non_null(strstr(err.hint, "kinesis:ListShards"));
  assert_string_equal(err.text, "ListShards: User is not authorized (AccessDeniedException)");
  set((struct sc_kinesis_fault){.status = 500}, "InternalFailure", "");
  assert_string_equal(err.text, "GetRecords: InternalFailure");
  set((struct sc_kinesis_fault){.status = 502}, "", "");
  assert_non_null(strstr(err.text, "502"));
}

/* Names and messages come from outside: they are cut, not trusted. */
static void overlong(void **state) {
  (void)state;
  char type[2000], message[4000];
  memset(type, 'T', sizeof(type));
  memset(message, 'm', sizeof(message));
  type[sizeof(type) - 1] = message[sizeof(message) - 1] = '\0';
  assert_int_equal(set((struct sc_kinesis_fault){.status = 400}, type, message), SC_E_REFUSED);
  assert_int_equal(strlen(err.service), sizeof(err.service) - 1);
  assert_true(strlen(err.text) < sizeof(err.text));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),
      cmocka_unit_test(codes),
      cmocka_unit_test(invalid_argument_of_get_records),
      cmocka_unit_test(stream_or_shard),
      cmocka_unit_test(clock_skew),
      cmocka_unit_test(hints_and_texts),
      cmocka_unit_test(overlong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
