#include "bench/local/auth/signature.h"

#include <pthread.h>

#include "tests/unit/bench/local/auth/signed_request.h"
#include "tests/unit/engine/base/check.h"

#define MISMATCH                                                                                                     \
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key " \
  "and signing method. Consult the service documentation for details.\n\n"

struct world {
  struct scl_keyring *ring;
  struct scl_signatures *signatures;
  struct signed_request s;
};

static void begin(struct world *w) {
  w->ring = scl_keyring_new();
  add_key(w->ring, "AKIDEXAMPLE", SIGNED_SECRET, "", 0);
  w->signatures = scl_signatures_new("us-east-1", w->ring);
  assert_non_null(w->signatures);
  make_signed(&w->s);
}

static void end(struct world *w) {
  scl_signatures_free(w->signatures);
  scl_keyring_free(w->ring);
}

static void good_at(struct world *w, int64_t now_ms) {
  struct scl_refusal refusal = {0};
  struct scl_key key;
  bool is_good = scl_signatures_check(w->signatures, "kinesis", &w->s.request, now_ms, &key, &refusal);
  if (!is_good) fail_msg("%s: %s", refusal.type, sc_buf_str(&refusal.text));
  assert_string_equal(key.secret, SIGNED_SECRET);
  assert_null(refusal.type);
}

/* Refused; the text begins so. */
static void bad_at(struct world *w, int64_t now_ms, const char *type, const char *text) {
  struct scl_refusal refusal = {0};
  assert_false(scl_signatures_check(w->signatures, "kinesis", &w->s.request, now_ms, NULL, &refusal));
  assert_string_equal(refusal.type, type);
  if (!sc_slice_starts(sc_buf_view(&refusal.text), text)) fail_msg("%s", sc_buf_str(&refusal.text));
  sc_buf_fini(&refusal.text);
}

static void bad(struct world *w, const char *type, const char *text) { bad_at(w, SIGNED_MS, type, text); }

static void test_good(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  good_at(&w, SIGNED_MS);
  set_header(&w.s, "user-agent", "not signed");
  good_at(&w, SIGNED_MS);
  end(&w);
}

/* A path, a query and a header that need work. */
static void test_other_shape(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.s.request.path = SC_SLICE_LITERAL("/a//b/../c d/./%41?b=2&a=1&a=&c");
  w.s.request.body = SC_SLICE_LITERAL("");
  set_header(&w.s, "x-amz-meta", "  two   words \t here ");
  set_header(&w.s, "authorization",
             SIGNED_WITH(SIGNED_SCOPE, "content-type;host;x-amz-date;x-amz-meta;x-amz-target",
                         "4c1d2f3a40490491b9b205ec6ff609611dcf21969f98e13d9df818bfe07f216c"));
  good_at(&w, SIGNED_MS);
  end(&w);
}

/* Whatever is signed and changed is noticed. */
static void test_changed(void **state) {
  (void)state;
  static const char *const names[] = {"host", "x-amz-target", "content-type"};
  struct world w;
  begin(&w);
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    make_signed(&w.s);
    set_header(&w.s, names[i], "other");
    bad(&w, "InvalidSignatureException",
        MISMATCH "The Canonical String for this request should have been\n'POST\n/\n\n");
  }
  make_signed(&w.s);
  w.s.request.body = SC_SLICE_LITERAL("{\"Limit\":2}");
  bad(&w, "InvalidSignatureException", MISMATCH);
  make_signed(&w.s);
  w.s.request.method = SC_SLICE_LITERAL("PUT");
  bad(&w, "InvalidSignatureException", MISMATCH);
  make_signed(&w.s);
  w.s.request.path = SC_SLICE_LITERAL("/x");
  bad(&w, "InvalidSignatureException", MISMATCH);
  make_signed(&w.s);
  add_key(w.ring, "AKIDEXAMPLE", "another secret", "", 0);
  bad(&w, "InvalidSignatureException", MISMATCH);
  end(&w);
}

static void with_header(struct world *w, const char *authorization, const char *type, const char *text) {
  set_header(&w->s, "authorization", authorization);
  bad(w, type, text);
}

static void test_scope(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  with_header(&w, SIGNED_WITH("20260102/eu-west-1/kinesis/aws4_request", SIGNED_HEADERS, SIGNATURE),
              "InvalidSignatureException", "Credential should be scoped to a valid region, not 'eu-west-1'.");
  with_header(&w, SIGNED_WITH("20260102/us-east-1/firehose/aws4_request", SIGNED_HEADERS, SIGNATURE),
              "InvalidSignatureException", "Credential should be scoped to correct service: 'kinesis'.");
  with_header(&w, SIGNED_WITH("20260102/r/s/t", SIGNED_HEADERS, SIGNATURE), "InvalidSignatureException",
              "Credential should be scoped to a valid region, not 'r'. Credential should be scoped to correct service: "
              "'kinesis'. Credential should be scoped with a valid terminator: 'aws4_request', not 't'.");
  with_header(&w, SIGNED_WITH("20260103/us-east-1/kinesis/aws4_request", SIGNED_HEADERS, SIGNATURE),
              "InvalidSignatureException",
              "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260103' != "
              "'20260102', from '20260102T030405Z'.");
  end(&w);
}

static void test_signed_headers(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  with_header(&w, SIGNED_WITH(SIGNED_SCOPE, "content-type;x-amz-date;x-amz-target", SIGNATURE),
              "InvalidSignatureException", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  with_header(&w, SIGNED_WITH(SIGNED_SCOPE, "host;x-amz-date", SIGNATURE), "InvalidSignatureException",
              "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.");
  with_header(&w, SIGNED_WITH(SIGNED_SCOPE, "host;x-amz-target", SIGNATURE), "InvalidSignatureException",
              "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization.");
  set_header(&w.s, "x-amz-security-token", "T");
  with_header(&w, SIGNED_WITH(SIGNED_SCOPE, SIGNED_HEADERS, SIGNATURE), "InvalidSignatureException",
              "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization.");
  end(&w);
}

static void test_clock(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  good_at(&w, SIGNED_MS + 300999);
  bad_at(&w, SIGNED_MS + 301000, "InvalidSignatureException",
         "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T030906Z - 5 min.)");
  good_at(&w, SIGNED_MS - 300000);
  bad_at(
      &w, SIGNED_MS - 300001, "InvalidSignatureException",
      "Signature not yet current: 20260102T030405Z is still later than 20260102T030404Z (20260102T025904Z + 5 min.)");
  end(&w);
}

static void test_dates(void **state) {
  (void)state;
  static const char *const dates[] = {"20260102T030405",
                                      "20261302T030405Z",
                                      "20260002T030405Z",
                                      "20260132T030405Z",
                                      "20260102T240405Z",
                                      "20260102T036005Z",
                                      "20260102T030460Z",
                                      "2026010aT030405Z",
                                      "20260102 030405Z",
                                      "",
                                      "Fri, 02 Jan 2026 03:04:05 GMT"};
  struct world w;
  begin(&w);
  for (size_t i = 0; i < sizeof(dates) / sizeof(*dates); i++) {
    char text[200];
    set_header(&w.s, "x-amz-date", dates[i]);
    snprintf(text, sizeof(text),
             "Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", dates[i]);
    bad(&w, "IncompleteSignatureException", text);
  }
  end(&w);
}

static void test_nothing(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  w.s.request.path = SC_SLICE_LITERAL("/?X-Amz-Algorithm=AWS4-HMAC-SHA256");
  bad(&w, "InvalidSignatureException",
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
  set_header(&w.s, "authorization", NULL);
  bad(&w, "MissingAuthenticationTokenException", "Missing Authentication Token");
  make_signed(&w.s);
  set_header(&w.s, "authorization", "X");
  set_header(&w.s, "x-amz-date", NULL);
  bad(&w, "IncompleteSignatureException", "Authorization header requires 'Credential' parameter. ");
  end(&w);
}

static void test_unknown_key(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  with_header(&w,
              "AWS4-HMAC-SHA256 Credential=AKIDOTHER/" SIGNED_SCOPE ", SignedHeaders=" SIGNED_HEADERS
              ", Signature=" SIGNATURE,
              "UnrecognizedClientException", "The security token included in the request is invalid.");
  end(&w);
}

/* A session key must come with its token, and before it ends. */
static void test_session(void **state) {
  (void)state;
  static const char invalid[] = "The security token included in the request is invalid.";
  struct world w;
  begin(&w);
  add_key(w.ring, "AKIDEXAMPLE", SIGNED_SECRET, "TOKEN", SIGNED_MS + 1000);
  bad(&w, "UnrecognizedClientException", invalid);
  set_header(&w.s, "x-amz-security-token", "TOKEN");
  set_header(&w.s, "authorization",
             SIGNED_WITH(SIGNED_SCOPE, "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
                         "6a047b4413eea45354831ff0d0425b0c3f78bc7f96ceb39575d4a905039e9909"));
  good_at(&w, SIGNED_MS + 999);
  bad_at(&w, SIGNED_MS + 1000, "ExpiredTokenException", "The security token included in the request is expired");
  set_header(&w.s, "x-amz-security-token", "other");
  bad(&w, "UnrecognizedClientException", invalid);
  add_key(w.ring, "AKIDEXAMPLE", SIGNED_SECRET, "", 0);
  set_header(&w.s, "x-amz-security-token", "TOKEN");
  bad(&w, "UnrecognizedClientException", invalid);
  end(&w);
}

static void *check_often(void *context) {
  struct world *w = context;
  for (int i = 0; i < 100; i++) good_at(w, SIGNED_MS);
  return NULL;
}

static void test_threads(void **state) {
  (void)state;
  struct world w;
  pthread_t threads[4];
  begin(&w);
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, check_often, &w), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good),    cmocka_unit_test(test_other_shape),    cmocka_unit_test(test_changed),
      cmocka_unit_test(test_scope),   cmocka_unit_test(test_signed_headers), cmocka_unit_test(test_clock),
      cmocka_unit_test(test_dates),   cmocka_unit_test(test_nothing),        cmocka_unit_test(test_unknown_key),
      cmocka_unit_test(test_session), cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests_name("local/signature", tests, NULL, NULL);
}
