/* What the files of stub_credentials.h share. */
#ifndef SC_LOCAL_STUB_PARTS_H
#define SC_LOCAL_STUB_PARTS_H

#include <pthread.h>

#include "bench/local/auth/stub_credentials.h"

#define SC_STUB_TOKENS 256
#define SC_STUB_TOKEN_TEXT 57

/* A token that is good until then: of IMDS, or of SSO. */
struct sc_stub_token {
  char text[SC_STUB_TOKEN_TEXT];
  int64_t expires_ms;
};

struct sc_stub_credentials {
  struct sc_stub_settings settings;
  pthread_mutex_t lock; /* of the tokens */
  size_t n_tokens;      /* ever made; the last SC_STUB_TOKENS are known */
  struct sc_stub_token tokens[SC_STUB_TOKENS];
};

/* n characters of the alphabet at random, and a NUL. */
void sc_stub_random_text(char *out, size_t n, const char *alphabet);

/* A new session key, good for expiry_s from now, in the ring and in *key. owner: the ARN that has it. */
void sc_stub_issue(struct sc_stub_credentials *stub, const char *owner, int64_t expiry_s, int64_t now_ms,
                   struct sc_key *key);

void sc_stub_sts(struct sc_stub_credentials *stub, const struct sc_request *request, struct sc_reply *reply);

#endif
