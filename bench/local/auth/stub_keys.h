/* The session keys and bearer tokens that the stubs of AWS's credential services hand out (stub_credentials.h).
 *
 * Session keys are entered in the key ring with their end. Of tokens (IMDS, SSO) the last SCL_STUB_TOKENS are known.
 * Any thread; one lock for the tokens. The ring, the signatures and the settings' strings must outlive it.
 */
#ifndef SCL_AUTH_STUB_KEYS_H
#define SCL_AUTH_STUB_KEYS_H

#include <pthread.h>

#include "bench/local/auth/keyring.h"

#define SCL_STUB_TOKENS 256
#define SCL_STUB_TOKEN_TEXT 57
#define SCL_STUB_TOKEN_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

struct scl_signatures;

struct scl_stub_settings {
  const char *account, *region;
  int64_t expiry_s;            /* how long what is handed out is good for */
  const char *container_token; /* what containers must send as Authorization; NULL: anything */
  struct scl_keyring *keys;
  struct scl_signatures *signatures; /* NULL: not checked */
};

struct scl_stub_token {
  char text[SCL_STUB_TOKEN_TEXT];
  int64_t expires_ms;
};

struct scl_stub_credentials {
  struct scl_stub_settings settings;
  pthread_mutex_t lock; /* of the tokens */
  size_t n_tokens;      /* ever made */
  struct scl_stub_token tokens[SCL_STUB_TOKENS];
};

struct scl_stub_credentials *scl_stub_credentials_new(const struct scl_stub_settings *settings);
void scl_stub_credentials_free(struct scl_stub_credentials *stub); /* NULL is fine */

/* n characters of the alphabet at random, at most 256, and a NUL. */
void scl_stub_random_text(char *out, size_t n, const char *alphabet);

/* A new session key, good for expiry_s from now, in the ring and in *key. owner: the ARN that has it. */
void scl_stub_issue(struct scl_stub_credentials *stub, const char *owner, int64_t expiry_s, int64_t now_ms,
                    struct scl_key *key);

void scl_stub_token_make(struct scl_stub_credentials *stub, int64_t expires_ms, struct scl_stub_token *token);
/* When a token expires that was made here; 0 for any other text. */
int64_t scl_stub_token_end(struct scl_stub_credentials *stub, struct sc_slice text);

#endif
