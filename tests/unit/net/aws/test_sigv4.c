#include "net/aws/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define KEY_ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define AT_MS INT64_C(1767323045000) /* 2026-01-02T03:04:05Z */
#define DAY_MS INT64_C(86400000)

static const struct sc_sigv4_request list_streams = {
    .host = {"kinesis.us-east-1.amazonaws.com", 31},
    .content_type = {"application/x-amz-json-1.1", 26},
    .target = {"Kinesis_20131202.ListStreams", 28},
    .body = {"{\"Limit\":1}", 11},
};

static struct sc_signer *new_signer(void) {
  struct sc_signer *signer = NULL;
  struct sc_error err;
  assert_int_equal(sc_signer_new("us-east-1", "kinesis", &signer, &err), SC_OK);
  return signer;
}

static void sign(struct sc_signer *signer, const char *secret, const char *token, int64_t at_ms,
                 struct sc_sigv4_signature *out) {
  struct sc_sigv4_key key = {KEY_ID, secret, token};
  struct sc_error err;
  assert_int_equal(sc_sigv4_sign(signer, &key, &list_streams, at_ms, out, &err), SC_OK);
}

static void vector_without_token(void **state) {
  (void)state;
  struct sc_signer *signer = new_signer();
  struct sc_sigv4_signature got;
  sign(signer, SECRET, NULL, AT_MS, &got);
  assert_string_equal(got.amz_date, "20260102T030405Z");
  assert_string_equal(got.authorization,
                      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request, "
                      "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
                      "Signature=bee8d5424868a0d6e3eeaa1f599a9579a949a3a92a481425395de9fac4586074");
  sc_signer_free(signer);
}

static void vector_with_token(void **state) {
  (void)state;
  struct sc_signer *signer = new_signer();
  struct sc_sigv4_signature got;
  sign(signer, SECRET, "TOKEN", AT_MS, &got);
  assert_string_equal(got.authorization,
                      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request, "
                      "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
                      "Signature=6a047b4413eea45354831ff0d0425b0c3f78bc7f96ceb39575d4a905039e9909");
  sc_signer_free(signer);
}

/* The query protocol of STS has no target header; botocore signs the same. */
static void vector_without_target(void **state) {
  (void)state;
  struct sc_sigv4_request request = {
      .host = SC_SLICE_LITERAL("sts.us-east-1.amazonaws.com"),
      .content_type = SC_SLICE_LITERAL("application/x-www-form-urlencoded; charset=utf-8"),
      .body = SC_SLICE_LITERAL("Action=GetCallerIdentity&Version=2011-06-15")};
  struct sc_sigv4_key key = {KEY_ID, SECRET, "TOKEN"};
  struct sc_sigv4_signature got;
  struct sc_signer *signer;
  struct sc_error err;
  assert_int_equal(sc_signer_new("us-east-1", "sts", &signer, &err), SC_OK);
  assert_int_equal(sc_sigv4_sign(signer, &key, &request, AT_MS, &got, &err), SC_OK);
  assert_string_equal(got.authorization,
                      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/sts/aws4_request, "
                      "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
                      "Signature=bb6adb82490c235f0d3502701d50e4520cb2093b3355b5fe88cd2db575b9b7ac");
  sc_signer_free(signer);
}

/* A kept key must be thrown away when day or secret change, and be right again when they change back. */
static void key_is_cached_by_day_and_secret(void **state) {
  (void)state;
  struct sc_signer *signer = new_signer();
  struct sc_sigv4_signature first, again, other;
  sign(signer, SECRET, NULL, AT_MS, &first);
  sign(signer, SECRET, NULL, AT_MS, &again);
  assert_string_equal(first.authorization, again.authorization);
  sign(signer, SECRET, NULL, AT_MS + DAY_MS, &other);
  assert_string_not_equal(first.authorization, other.authorization);
  sign(signer, "another", NULL, AT_MS, &other);
  assert_string_not_equal(first.authorization, other.authorization);
  sign(signer, SECRET, NULL, AT_MS, &again);
  assert_string_equal(first.authorization, again.authorization);
  sc_signer_free(signer);
}

static void too_long_keys_are_refused(void **state) {
  (void)state;
  char text[SC_SIGV4_SECRET_MAX + 2];
  memset(text, 'a', sizeof(text));
  text[sizeof(text) - 1] = '\0';
  struct sc_signer *signer = new_signer();
  struct sc_sigv4_signature out;
  struct sc_error err;
  assert_int_equal(sc_sigv4_sign(signer, &(struct sc_sigv4_key){KEY_ID, text, NULL}, &list_streams, AT_MS, &out, &err),
                   SC_E_CONFIG);
  assert_null(strstr(err.text, "aaaa"));
  text[SC_SIGV4_KEY_ID_MAX + 1] = '\0';
  assert_int_equal(sc_sigv4_sign(signer, &(struct sc_sigv4_key){text, SECRET, NULL}, &list_streams, AT_MS, &out, &err),
                   SC_E_CONFIG);
  text[SC_SIGV4_KEY_ID_MAX] = '\0';
  assert_int_equal(sc_sigv4_sign(signer, &(struct sc_sigv4_key){text, SECRET, "T"}, &list_streams, AT_MS, &out, &err),
                   SC_OK);
  assert_non_null(strstr(out.authorization, "Signature="));
  assert_int_equal(strlen(strstr(out.authorization, "Signature=")), 10 + 64);
  sc_signer_free(signer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vector_without_token),      cmocka_unit_test(vector_with_token),
      cmocka_unit_test(vector_without_target),     cmocka_unit_test(key_is_cached_by_day_and_secret),
      cmocka_unit_test(too_long_keys_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
