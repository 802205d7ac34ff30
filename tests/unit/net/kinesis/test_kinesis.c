#include "net/kinesis/kinesis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "tests/unit/net/aws/static_key.h"

#define ARN "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
#define NOW_MS INT64_C(1767323045678)

static struct sc_kinesis k;
static struct sc_buf out;

static int reset(void **state) {
  (void)state;
  k = (struct sc_kinesis){.stream = "clicks",
                          .endpoint = {.region = "us-east-1", .at = {[SC_ENDPOINT_DATA] = {"https://h/", "h"}}},
                          .credentials = static_key(NULL)};
  sc_clock_freeze(0, NOW_MS);
  return 0;
}

static int drop(void **state) {
  (void)state;
  sc_buf_fini(&out);
  sc_credentials_close(k.credentials);
  sc_clock_real();
  return 0;
}

static void by_arn(void) {
  memcpy(k.arn, ARN, sizeof(ARN));
  k.endpoint.aws = true;
}

static void iterator_bodies(void **state) {
  (void)state;
  struct sc_position p = {.start = SC_START_TRIM_HORIZON};
  sc_kinesis_write_get_iterator(&k, &out, "shardId-1", &p);
  assert_string_equal(out.ptr,
                      "{\"StreamName\":\"clicks\",\"ShardId\":\"shardId-1\",\"ShardIteratorType\":\"TRIM_HORIZON\"}");
  p = (struct sc_position){.start = SC_START_AT_TIME, .at_ms = 1700000000007};
  sc_kinesis_write_get_iterator(&k, &out, "s", &p);
  assert_string_equal(out.ptr,
                      "{\"StreamName\":\"clicks\",\"ShardId\":\"s\",\"ShardIteratorType\":\"AT_TIMESTAMP\","
                      "\"Timestamp\":1700000000.007}");
  p = (struct sc_position){.start = SC_START_AFTER};
  assert_true(sc_sequence_parse(SC_SLICE_LITERAL("4950"), &p.sequence));
  sc_kinesis_write_get_iterator(&k, &out, "s", &p);
  assert_string_equal(out.ptr,
                      "{\"StreamName\":\"clicks\",\"ShardId\":\"s\",\"ShardIteratorType\":\"AFTER_SEQUENCE_NUMBER\","
                      "\"StartingSequenceNumber\":\"4950\"}");
  p.start = SC_START_AT;
  sc_kinesis_write_get_iterator(&k, &out, "s", &p);
  assert_non_null(strstr(out.ptr, "\"AT_SEQUENCE_NUMBER\",\"StartingSequenceNumber\":\"4950\""));
}

static void arns_go_to_aws_alone(void **state) {
  (void)state;
  by_arn();
  sc_kinesis_write_stream(&k, &out);
  assert_string_equal(out.ptr, "{\"StreamARN\":\"" ARN "\"}");
  sc_kinesis_write_get_records(&k, &out, "AAA", 10000);
  assert_string_equal(out.ptr, "{\"Limit\":10000,\"StreamARN\":\"" ARN "\",\"ShardIterator\":\"AAA\"}");
  k.endpoint.aws = false;
  sc_kinesis_write_stream(&k, &out);
  assert_string_equal(out.ptr, "{\"StreamName\":\"clicks\"}");
  sc_kinesis_write_get_records(&k, &out, "\"AAA\"", 1);
  assert_string_equal(out.ptr, "{\"Limit\":1,\"ShardIterator\":\"\\\"AAA\\\"\"}");
}

/* ListShards refuses a StreamName beside a NextToken. */
static void next_pages_name_no_stream(void **state) {
  (void)state;
  struct sc_slice token = SC_SLICE_LITERAL("T\"");
  sc_kinesis_write_list_shards(&k, &out, NULL);
  assert_string_equal(out.ptr, "{\"StreamName\":\"clicks\",\"MaxResults\":1000}");
  sc_kinesis_write_list_shards(&k, &out, &token);
  assert_string_equal(out.ptr, "{\"MaxResults\":1000,\"NextToken\":\"T\\\"\"}");
}

static void signed_requests(void **state) {
  (void)state;
  struct sc_kinesis_request r = {.url = NULL};
  struct sc_signer *signer;
  struct sc_error err;
  assert_int_equal(sc_signer_new("us-east-1", "kinesis", &signer, &err), SC_OK);
  sc_buf_add_str(&r.body, "{}");
  assert_int_equal(sc_kinesis_sign(&k, signer, SC_ENDPOINT_DATA, "GetRecords", &r, &err), SC_OK);
  assert_string_equal(r.url, "https://h/");
  assert_string_equal(r.headers[0], "Host: h");
  assert_string_equal(r.headers[1], "Content-Type: application/x-amz-json-1.1");
  assert_string_equal(r.headers[2], "X-Amz-Target: Kinesis_20131202.GetRecords");
  assert_string_equal(r.headers[3], "X-Amz-Date: 20260102T030405Z");
  assert_non_null(
      strstr(r.headers[4], "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kinesis/aws4_request"));
  assert_null(r.headers[5]);
  sc_credentials_close(k.credentials);
  k.credentials = static_key("T");
  atomic_store(&k.skew_ms, 3600000);
  assert_int_equal(sc_kinesis_sign(&k, signer, SC_ENDPOINT_DATA, "GetRecords", &r, &err), SC_OK);
  assert_string_equal(r.headers[3], "X-Amz-Date: 20260102T040405Z");
  assert_non_null(strstr(r.headers[4], "x-amz-security-token"));
  assert_string_equal(r.headers[5], "X-Amz-Security-Token: T");
  assert_null(r.headers[6]);
  sc_signer_free(signer);
  sc_kinesis_request_fini(&r);
}

static int failed(struct sc_http_head head, const char *body) {
  struct sc_jsondoc *doc = sc_jsondoc_new();
  struct sc_kinesis_request request = {.keys = sc_credentials_keys(k.credentials)};
  struct sc_error err;
  int rc = sc_kinesis_failed(&k, doc, &request, "GetRecords", "shardId-1", &head, sc_slice_str(body), &err);
  sc_jsondoc_free(doc);
  sc_kinesis_request_fini(&request);
  return rc;
}

static void error_bodies(void **state) {
  (void)state;
  struct sc_http_head head = {.status = 400};
  assert_int_equal(failed(head, "{\"__type\":\"a#ExpiredIteratorException\",\"message\":\"x\"}"),
                   SC_E_EXPIRED_ITERATOR);
  assert_int_equal(failed(head, "{\"__type\":\"SerializationException\",\"Message\":\"x\"}"), SC_E_REFUSED);
  assert_int_equal(failed(head, "{\"__type\":null}"), SC_E_REFUSED);
  assert_int_equal(failed(head, "<xml/>"), SC_E_REFUSED);
  memcpy(head.error_type, "ExpiredIteratorException:", 26);
  assert_int_equal(failed(head, ""), SC_E_EXPIRED_ITERATOR);
  head.error_type[0] = '\0';
  assert_int_equal(failed(head, "{\"__type\":\"ExpiredTokenException\"}"), SC_E_AUTH);
  head.status = 403;
  assert_int_equal(failed(head, "<AccessDeniedException/>"), SC_E_AUTH);
}

static void skew_is_kept_and_then_believed(void **state) {
  (void)state;
  static const char body[] = "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}";
  struct sc_http_head head = {.status = 400, .date_ms = NOW_MS + 3600000};
  assert_int_equal(failed(head, body), SC_E_SKEW);
  assert_int_equal(atomic_load(&k.skew_ms), 3600000);
  assert_int_equal(failed(head, body),
                   SC_E_AUTH); /* signed with the right time and still refused: the secret is wrong */
  assert_int_equal(atomic_load(&k.skew_ms), 3600000);
  head.date_ms = 0;
  atomic_store(&k.skew_ms, 0);
  assert_int_equal(failed(head, body), SC_E_AUTH);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void) {
  sc_log_init(SC_ERROR_LEVEL, false);
  const struct CMUnitTest tests[] = {
      CASE(iterator_bodies), CASE(arns_go_to_aws_alone), CASE(next_pages_name_no_stream),
      CASE(signed_requests), CASE(error_bodies),         CASE(skew_is_kept_and_then_believed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
