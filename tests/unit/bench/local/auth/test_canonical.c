#include "bench/local/auth/canonical.h"

#include "tests/unit/bench/local/auth/signed_request.h"
#include "tests/unit/engine/base/check.h"

static const char *canonical(const struct scl_request *request, const char *signed_headers) {
  static struct sc_buf out;
  sc_buf_fini(&out);
  scl_canonical_add(&out, request, sc_slice_str(signed_headers), "HASH");
  return sc_buf_str(&out);
}

static void test_canonical(void **state) {
  (void)state;
  struct signed_request s;
  make_signed(&s);
  assert_string_equal(canonical(&s.request, SIGNED_HEADERS),
                      "POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:kinesis.us-east-1.amazonaws.com\n"
                      "x-amz-date:20260102T030405Z\nx-amz-target:Kinesis_20131202.ListStreams\n\n" SIGNED_HEADERS
                      "\nHASH");
}

static void test_headers(void **state) {
  (void)state;
  struct signed_request s = {0};
  static const char *const values[][2] = {
      {"a", "  two   words \t here "}, {"b", ""}, {"a", "more"}, {"c", " \t "}, {"d", "x"}};
  s.request.headers = s.headers;
  for (int i = 0; i < 5; i++)
    s.headers[s.request.n_headers++] = (struct scl_header){sc_slice_str(values[i][0]), sc_slice_str(values[i][1])};
  assert_string_equal(canonical(&s.request, "a;b;c;none"),
                      "\n/\n\na:two words here,more\nb:\nc:\nnone:\n\na;b;c;none\nHASH");
  assert_string_equal(canonical(&s.request, ""), "\n/\n\n:\n\n\nHASH");
}

static void test_paths(void **state) {
  (void)state;
  static const struct {
    const char *path, *want;
  } cases[] = {
      {"/", "\n/\n\n"},
      {"", "\n/\n\n"},
      {"/?", "\n/\n\n"},
      {"/a//b/../c d/./%41?b=2&a=1&a=&c", "\n/a/c%20d/%2541\na=&a=1&b=2&c=\n"},
      {"/../..", "\n/\n\n"},
      {"/a/..", "\n/\n\n"},
      {"/a/../", "\n/\n\n"},
      {"/a/b/", "\n/a/b/\n\n"},
      {"/a~-_.b\xc3\xa9", "\n/a~-_.b%C3%A9\n\n"},
      {"*", "\n%2A\n\n"},
      {"/x?&&b&a=1=2&=v&%20=y", "\n/x\n=v&%20=y&a=1=2&b=\n"},
      {"/x?a?b", "\n/x\na?b=\n"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct scl_request request = {.path = sc_slice_str(cases[i].path)};
    const char *got = canonical(&request, "");
    if (strncmp(got, cases[i].want, strlen(cases[i].want)) != 0) fail_msg("%s: %s", cases[i].path, got);
  }
  assert_true(scl_query_has(sc_slice_str("/?a=1&X-Amz-Algorithm"), "X-Amz-Algorithm"));
  assert_false(scl_query_has(sc_slice_str("/X-Amz-Algorithm?X-Amz-Algorith&b=X-Amz-Algorithm"), "X-Amz-Algorithm"));
}

static void good(const char *header, const char *id, const char *headers, const char *signature) {
  struct scl_refusal refusal = {0};
  struct scl_authorization a;
  if (!scl_authorization_read(sc_slice_str(header), true, &a, &refusal)) fail_msg("%s", sc_buf_str(&refusal.text));
  assert_true(sc_slice_is(a.key_id, id));
  assert_true(sc_slice_is(a.date, "D"));
  assert_true(sc_slice_is(a.region, "R"));
  assert_true(sc_slice_is(a.service, "S"));
  assert_true(sc_slice_is(a.terminator, "T"));
  assert_true(sc_slice_is(a.signed_headers, headers));
  assert_true(sc_slice_is(a.signature, signature));
}

static void test_authorization(void **state) {
  (void)state;
  good("AWS4-HMAC-SHA256 Credential=K/D/R/S/T, SignedHeaders=a;b, Signature=0f", "K", "a;b", "0f");
  good("AWS4-HMAC-SHA256 Signature=0f Credential=K/D/R/S/T SignedHeaders=a", "K", "a", "0f");
  good("AWS4-HMAC-SHA256 Signature=0f,Credential=K/D/R/S/T,SignedHeaders=a=b,Other=1", "K", "a=b", "0f");
}

static void bad(const char *header, bool has_date, const char *text) {
  struct scl_refusal refusal = {0};
  struct scl_authorization a;
  assert_false(scl_authorization_read(sc_slice_str(header), has_date, &a, &refusal));
  assert_string_equal(refusal.type, "IncompleteSignatureException");
  assert_string_equal(sc_buf_str(&refusal.text), text);
  sc_buf_fini(&refusal.text);
}

/* The first four are answers that kinesalite's suite recorded from the service. */
static void test_incomplete(void **state) {
  (void)state;
  bad("X", false,
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
      "Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a "
      "'X-Amz-Date' or a 'Date' header. Authorization=X");
  bad("AWS4- Signature=b Credential=a", true,
      "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4- Signature=b Credential=a");
  bad("AWS4- Signature=b,Credential=a", true,
      "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4- Signature=b,Credential=a");
  bad("AWS4- Signature=b, Credential=a", true,
      "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4- Signature=b, Credential=a");
  bad("AWS4-HMAC-SHA256 Credential= K/D/R/S/T, SignedHeaders=a, Signature=0", true,
      "'K/D/R/S/T' not a valid key=value pair (missing equal-sign) in Authorization header: "
      "'AWS4-HMAC-SHA256 Credential= K/D/R/S/T, SignedHeaders=a, Signature=0'.");
  bad("AWS4-HMAC-SHA512 Credential=K/D/R/S/T, SignedHeaders=a, Signature=0", true,
      "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'.");
  bad("AWS4-HMAC-SHA256 Credential=K/D/R/S, SignedHeaders=a, Signature=0", true,
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'K/D/R/S'.");
  bad("AWS4-HMAC-SHA256 Credential=K/D/R/S/T/, SignedHeaders=a, Signature=0", true,
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
      "'K/D/R/S/T/'.");
  bad("AWS4-HMAC-SHA256 Credential=/D/R/S/T, SignedHeaders=a, Signature=0", true,
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '/D/R/S/T'.");
  bad("AWS4-HMAC-SHA256 Credential=K/D/R/S/T, SignedHeaders=a, Signature=0, Signature=1", true,
      "Authorization header has 'Signature' twice.");
  bad("", true,
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
      "Authorization header requires 'SignedHeaders' parameter. Authorization=");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_canonical),     cmocka_unit_test(test_headers),    cmocka_unit_test(test_paths),
      cmocka_unit_test(test_authorization), cmocka_unit_test(test_incomplete),
  };
  return cmocka_run_group_tests_name("local/canonical", tests, NULL, NULL);
}
