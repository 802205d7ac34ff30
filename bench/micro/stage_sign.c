/* SigV4 of a GetRecords call. Reference: the hashing that it cannot do without, two SHA-256 and one HMAC over as many
 * bytes. */
#include <stdlib.h>

#include "bench/micro/stage.h"
#include "codec/wire/digest.h"
#include "net/aws/sigv4.h"

#define SIGNATURES 1000
#define WALL_MS INT64_C(1750000000000)

struct state {
  struct sc_signer *signer;
  struct sc_sigv4_request request;
  struct sc_buf body;
  struct sc_digest *digest;
  struct sc_hmac *hmac;
};

static void *open_state(const struct sc_micro_data *data, struct sc_micro_size *size) {
  (void)data;
  struct state *s = sc_alloc_zero(1, sizeof(*s));
  struct sc_error err;
  sc_buf_add_str(&s->body, "{\"ShardIterator\":\"");
  for (int i = 0; i < 224; i++) sc_buf_add_char(&s->body, 'A');
  sc_buf_add_str(&s->body, "\",\"Limit\":10000}");
  int rc = sc_signer_new("eu-central-1", "kinesis", &s->signer, &err);
  SC_ASSERT(rc == SC_OK);
  s->request = (struct sc_sigv4_request){.host = SC_SLICE_LITERAL("kinesis.eu-central-1.amazonaws.com"),
                                         .content_type = SC_SLICE_LITERAL("application/x-amz-json-1.1"),
                                         .target = SC_SLICE_LITERAL("Kinesis_20131202.GetRecords"),
                                         .body = sc_buf_view(&s->body)};
  s->digest = sc_digest_new("SHA256");
  s->hmac = sc_hmac_new();
  sc_hmac_key(s->hmac, "0123456789abcdef0123456789abcdef", SC_SHA256_BYTES);
  *size = (struct sc_micro_size){SIGNATURES, 0};
  return s;
}

static void close_state(void *state) {
  struct state *s = state;
  sc_signer_free(s->signer);
  sc_digest_free(s->digest);
  sc_hmac_free(s->hmac);
  sc_buf_fini(&s->body);
  free(s);
}

static int64_t pass(void *state) {
  struct state *s = state;
  static const struct sc_sigv4_key KEY = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", NULL};
  struct sc_sigv4_signature signature;
  struct sc_error err;
  int64_t start = sc_micro_now_ns();
  for (int i = 0; i < SIGNATURES; i++) {
    int rc = sc_sigv4_sign(s->signer, &KEY, &s->request, WALL_MS + i, &signature, &err);
    SC_ASSERT(rc == SC_OK);
  }
  sc_micro_use(&signature);
  return sc_micro_now_ns() - start;
}

static void hash(struct state *s, struct sc_slice text) {
  unsigned char out[SC_SHA256_BYTES];
  bool is_done =
      sc_digest_begin(s->digest) && sc_digest_add(s->digest, text) && sc_digest_end(s->digest, out, sizeof(out));
  SC_ASSERT(is_done);
  sc_micro_use(out);
}

static int64_t bare(void *state) {
  struct state *s = state;
  unsigned char out[SC_SHA256_BYTES];
  int64_t start = sc_micro_now_ns();
  for (int i = 0; i < SIGNATURES; i++) {
    hash(s, sc_buf_view(&s->body));
    hash(s, sc_slice_of(s->body.ptr, 240)); /* the canonical request */
    bool is_done = sc_hmac_make(s->hmac, sc_slice_of(s->body.ptr, 140), out);
    SC_ASSERT(is_done);
  }
  sc_micro_use(out);
  return sc_micro_now_ns() - start;
}

const struct sc_micro_stage sc_stage_sign = {"SigV4",    "OpenSSL alone", "call", NULL, true,
                                             open_state, close_state,     pass,   bare};
