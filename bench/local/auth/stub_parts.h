/* What the files of stub_credentials.h share. */
#ifndef SCL_AUTH_STUB_PARTS_H
#define SCL_AUTH_STUB_PARTS_H

#include <pthread.h>

#include "bench/local/auth/stub_credentials.h"

#define SCL_STUB_TOKENS 256
#define SCL_STUB_TOKEN_TEXT 57

/* A token that is good until then: of IMDS, or of SSO. */
struct scl_stub_token {
  char text[SCL_STUB_TOKEN_TEXT];
  int64_t expires_ms;
};

struct scl_stub_credentials {
  struct scl_stub_settings settings;
  pthread_mutex_t lock; /* of the tokens */
  size_t n_tokens;      /* ever made; the last SCL_STUB_TOKENS are known */
  struct scl_stub_token tokens[SCL_STUB_TOKENS];
};

/* n characters of the alphabet at random, and a NUL. */
void scl_stub_random_text(char *out, size_t n, const char *alphabet);

/* A new session key, good for expiry_s from now, in the ring and in *key. owner: the ARN that has it. */
void scl_stub_issue(struct scl_stub_credentials *stub, const char *owner, int64_t expiry_s, int64_t now_ms,
                    struct scl_key *key);

void scl_stub_sts(struct scl_stub_credentials *stub, const struct scl_request *request, struct scl_reply *reply);

#endif
