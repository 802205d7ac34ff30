/* Signed requests by hand: the vectors were made by botocore's signer (2026-01-02T03:04:05Z). */
#ifndef SC_TESTS_UNIT_BENCH_LOCAL_AUTH_SIGNED_REQUEST_H
#define SC_TESTS_UNIT_BENCH_LOCAL_AUTH_SIGNED_REQUEST_H

#include <stdio.h>

#include "bench/local/auth/keyring.h"
#include "bench/local/http/exchange.h"

#define SIGNED_MS INT64_C(1767323045000)
#define SIGNED_DATE "20260102T030405Z"
#define SIGNED_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define SIGNED_SCOPE "20260102/us-east-1/kinesis/aws4_request"
#define SIGNED_HEADERS "content-type;host;x-amz-date;x-amz-target"
#define SIGNATURE "bee8d5424868a0d6e3eeaa1f599a9579a949a3a92a481425395de9fac4586074"
#define SIGNED_WITH(scope, headers, signature) \
  "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" scope ", SignedHeaders=" headers ", Signature=" signature

/* In it a test changes what it likes. */
struct signed_request {
  struct scl_header headers[8];
  struct scl_request request;
};

/* The header of that name; set to NULL it is gone. */
static inline void set_header(struct signed_request *s, const char *name, const char *value) {
  int n = s->request.n_headers, at = 0;
  while (at < n && !sc_slice_is(s->headers[at].name, name)) at++;
  if (value != NULL) {
    s->headers[at] = (struct scl_header){sc_slice_str(name), sc_slice_str(value)};
    if (at == n) s->request.n_headers++;
  } else if (at < n) {
    s->headers[at] = s->headers[n - 1];
    s->request.n_headers--;
  }
}

static inline void make_signed(struct signed_request *s) {
  *s = (struct signed_request){.request = {.method = SC_SLICE_LITERAL("POST"),
                                           .path = SC_SLICE_LITERAL("/"),
                                           .target = SC_SLICE_LITERAL("Kinesis_20131202.ListStreams"),
                                           .content_type = SC_SLICE_LITERAL("application/x-amz-json-1.1"),
                                           .body = SC_SLICE_LITERAL("{\"Limit\":1}"),
                                           .from_loopback = true}};
  s->request.headers = s->headers;
  set_header(s, "host", "kinesis.us-east-1.amazonaws.com");
  set_header(s, "x-amz-date", SIGNED_DATE);
  set_header(s, "x-amz-target", "Kinesis_20131202.ListStreams");
  set_header(s, "content-type", "application/x-amz-json-1.1");
  set_header(s, "authorization", SIGNED_WITH(SIGNED_SCOPE, SIGNED_HEADERS, SIGNATURE));
}

static inline void add_key(struct scl_keyring *ring, const char *id, const char *secret, const char *token,
                           int64_t expires_ms) {
  struct scl_key key = {.expires_ms = expires_ms};
  snprintf(key.id, sizeof(key.id), "%s", id);
  snprintf(key.secret, sizeof(key.secret), "%s", secret);
  snprintf(key.token, sizeof(key.token), "%s", token);
  scl_keyring_add(ring, &key);
}

#endif
