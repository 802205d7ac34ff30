#include "bench/local/auth/stub_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "engine/base/buf.h"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LETTERS UPPER "abcdefghijklmnopqrstuvwxyz"
#define BASE64 LETTERS "0123456789+/"
#define KEY_ID UPPER "234567"

struct scl_stub_credentials *scl_stub_credentials_new(const struct scl_stub_settings *settings) {
  struct scl_stub_credentials *stub = sc_alloc_zero(1, sizeof(*stub));
  stub->settings = *settings;
  pthread_mutex_init(&stub->lock, NULL);
  return stub;
}

void scl_stub_credentials_free(struct scl_stub_credentials *stub) {
  if (stub == NULL) return;
  pthread_mutex_destroy(&stub->lock);
  free(stub);
}

void scl_stub_random_text(char *out, size_t n, const char *alphabet) {
  unsigned char bytes[256];
  size_t letters = strlen(alphabet);
  SC_ASSERT(n <= sizeof(bytes));
  bool is_filled = getrandom(bytes, n, 0) == (ssize_t)n; /* up to 256 bytes come at once */
  SC_ASSERT(is_filled);
  for (size_t i = 0; i < n; i++) out[i] = alphabet[bytes[i] % letters];
  out[n] = '\0';
}

void scl_stub_issue(struct scl_stub_credentials *stub, const char *owner, int64_t expiry_s, int64_t now_ms,
                    struct scl_key *key) {
  *key = (struct scl_key){.id = "ASIA", .token = "IQoJb3JpZ2luX2VjE", .expires_ms = now_ms + expiry_s * 1000};
  scl_stub_random_text(key->id + 4, 16, KEY_ID);
  scl_stub_random_text(key->secret, 40, BASE64);
  scl_stub_random_text(key->token + strlen(key->token), 183, BASE64);
  snprintf(key->owner, sizeof(key->owner), "%s", owner);
  scl_keyring_add(stub->settings.keys, key);
}

void scl_stub_token_make(struct scl_stub_credentials *stub, int64_t expires_ms, struct scl_stub_token *token) {
  scl_stub_random_text(token->text, SCL_STUB_TOKEN_TEXT - 1, SCL_STUB_TOKEN_ALPHABET);
  token->expires_ms = expires_ms;
  pthread_mutex_lock(&stub->lock);
  stub->tokens[stub->n_tokens++ % SCL_STUB_TOKENS] = *token;
  pthread_mutex_unlock(&stub->lock);
}

int64_t scl_stub_token_end(struct scl_stub_credentials *stub, struct sc_slice text) {
  int64_t end = 0;
  pthread_mutex_lock(&stub->lock);
  size_t n = stub->n_tokens < SCL_STUB_TOKENS ? stub->n_tokens : SCL_STUB_TOKENS;
  for (size_t i = 0; i < n; i++)
    if (sc_slice_is(text, stub->tokens[i].text)) end = stub->tokens[i].expires_ms;
  pthread_mutex_unlock(&stub->lock);
  return end;
}
