/* The service when it checks signatures (signature.h): when it asks, and how its refusals look. */
#include "bench/local/auth/signature.h"
#include "tests/unit/bench/local/api/service_calls.h"
#include "tests/unit/bench/local/auth/signed_request.h"

#define INVALID_TOKEN                                                                                        \
  "{\"__type\":\"UnrecognizedClientException\",\"message\":\"The security token included in the request is " \
  "invalid.\"}"
#define MISSING "{\"__type\":\"MissingAuthenticationTokenException\",\"message\":\"Missing Authentication Token\"}"

struct signed_world {
  struct world w;
  struct scl_keyring *ring;
  struct scl_signatures *signatures;
  struct signed_request s;
};

static void begin_signed(struct signed_world *w) {
  w->ring = scl_keyring_new();
  w->signatures = scl_signatures_new("us-east-1", w->ring);
  add_key(w->ring, "AKIDEXAMPLE", SIGNED_SECRET, "", 0);
  struct scl_service_settings settings = {
      .region = "us-east-1", .page_bytes = SCL_SERVICE_PAGE_BYTES, .signatures = w->signatures};
  begin_with(&w->w, settings, 0);
  sc_clock_freeze(1000, SIGNED_MS);
  make_signed(&w->s);
}

static void end_signed(struct signed_world *w) {
  end(&w->w);
  scl_signatures_free(w->signatures);
  scl_keyring_free(w->ring);
}

static void answers(struct signed_world *w, int status, const char *body) {
  request(&w->w, &w->s.request);
  assert_string_equal(sc_buf_str(&w->w.body), body);
  assert_int_equal(w->w.status, status);
}

static void test_signed(void **state) {
  (void)state;
  struct signed_world w;
  begin_signed(&w);
  answers(&w, 200, "{\"HasMoreStreams\":false,\"StreamNames\":[],\"StreamSummaries\":[]}");
  end_signed(&w);
}

static void test_refused(void **state) {
  (void)state;
  struct signed_world w;
  begin_signed(&w);
  set_header(&w.s, "authorization",
             "AWS4-HMAC-SHA256 Credential=AKIDOTHER/" SIGNED_SCOPE ", SignedHeaders=" SIGNED_HEADERS
             ", Signature=" SIGNATURE);
  answers(&w, 400, INVALID_TOKEN);
  set_header(&w.s, "authorization", NULL);
  answers(&w, 400, MISSING);
  /* Asked before members are looked at, but not before the body and the operation are. */
  w.s.request.body = SC_SLICE_LITERAL("{\"Limit\":\"x\"}");
  answers(&w, 400, MISSING);
  w.s.request.body = SC_SLICE_LITERAL("hello");
  answers(&w, 400, "{\"__type\":\"SerializationException\"}");
  w.s.request.body = SC_SLICE_LITERAL("{}");
  w.s.request.target = SC_SLICE_LITERAL("Kinesis_20131202.Nothing");
  answers(&w, 400, "{\"__type\":\"UnknownOperationException\"}");
  end_signed(&w);
}

/* By the service's own clock, which a test may move. */
static void test_clock(void **state) {
  (void)state;
  struct signed_world w;
  begin_signed(&w);
  scl_timebase_advance(&w.w.timebase, 301000);
  answers(
      &w, 400,
      "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: 20260102T030405Z is now earlier than "
      "20260102T030406Z (20260102T030906Z - 5 min.)\"}");
  end_signed(&w);
}

static void test_other_formats(void **state) {
  (void)state;
  struct signed_world w;
  begin_signed(&w);
  set_header(&w.s, "authorization", NULL);
  w.s.request.content_type = SC_SLICE_LITERAL(SCL_SERVICE_CBOR);
  w.s.request.body = SC_SLICE_LITERAL("\xa0");
  request(&w.w, &w.s.request);
  assert_int_equal(w.w.status, 400);
  assert_string_equal(w.w.content_type, SCL_SERVICE_CBOR);
  assert_non_null(memmem(w.w.body.ptr, w.w.body.len, "MissingAuthenticationTokenException", 35));
  w.s.request.content_type = SC_SLICE_LITERAL("text/plain");
  static const char xml[] =
      "<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>\n"
      "</MissingAuthenticationTokenException>\n";
  answers(&w, 403, xml);
  w.s.request.method = SC_SLICE_LITERAL("GET");
  answers(&w, 403, xml);
  set_header(&w.s, "authorization", "x");
  request(&w.w, &w.s.request);
  assert_true(sc_slice_starts(sc_buf_view(&w.w.body), "<AccessDeniedException>"));
  end_signed(&w);
}

/* What tests ask of the service itself needs no signature. */
static void test_admin(void **state) {
  (void)state;
  struct signed_world w;
  begin_signed(&w);
  admin(&w.w, "POST", "/_local/expire-iterators", "{}");
  assert_int_equal(w.w.status, 200);
  end_signed(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_signed),        cmocka_unit_test(test_refused), cmocka_unit_test(test_clock),
      cmocka_unit_test(test_other_formats), cmocka_unit_test(test_admin),
  };
  return cmocka_run_group_tests_name("local/signed_service", tests, NULL, NULL);
}
