#include "net/sigv4.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"

enum { DIGEST = 32, HEX = 2 * DIGEST };

/* mac holds the signing key of (key_id, secret, day). */
struct sc_signer {
  EVP_MD *sha256;
  EVP_MD_CTX *digest;
  EVP_MAC_CTX *mac;
  char region[64], service[32];
  char day[9];
  char key_id[SC_SIGV4_KEY_ID_MAX + 1];
  char secret[SC_SIGV4_SECRET_MAX + 1];
};

static int new_mac(EVP_MAC_CTX **out) {
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
                         OSSL_PARAM_construct_end()};
  EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  *out = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
  EVP_MAC_free(hmac);
  return *out && EVP_MAC_CTX_set_params(*out, params);
}

int sc_signer_new(const char *region, const char *service, struct sc_signer **out, struct sc_error *err) {
  struct sc_signer *s = sc_alloc_zero(1, sizeof(*s));
  *out = s;
  SC_ASSERT(strlen(region) < sizeof(s->region) && strlen(service) < sizeof(s->service));
  memcpy(s->region, region, strlen(region));
  memcpy(s->service, service, strlen(service));
  s->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  s->digest = EVP_MD_CTX_new();
  if (s->sha256 && s->digest && new_mac(&s->mac)) return SC_OK;
  sc_signer_free(s);
  *out = NULL;
  return sc_error_set(err, SC_E_INTERNAL, "OpenSSL offers no SHA-256 or HMAC");
}

void sc_signer_free(struct sc_signer *signer) {
  if (!signer) return;
  EVP_MAC_CTX_free(signer->mac);
  EVP_MD_CTX_free(signer->digest);
  EVP_MD_free(signer->sha256);
  explicit_bzero(signer, sizeof(*signer));
  free(signer);
}

/* key_len 0: with the key of the call before. */
static bool hmac(EVP_MAC_CTX *mac, const void *key, size_t key_len, struct sc_slice text, unsigned char out[DIGEST]) {
  size_t len = 0;
  return EVP_MAC_init(mac, key_len ? key : NULL, key_len, NULL) &&
         EVP_MAC_update(mac, (const unsigned char *)text.ptr, text.len) && EVP_MAC_final(mac, out, &len, DIGEST) &&
         len == DIGEST;
}

static bool derive(struct sc_signer *s, unsigned char key[DIGEST]) {
  char seed[4 + SC_SIGV4_SECRET_MAX + 1];
  size_t len = (size_t)snprintf(seed, sizeof(seed), "AWS4%s", s->secret);
  bool ok = hmac(s->mac, seed, len, sc_slice_str(s->day), key) &&
            hmac(s->mac, key, DIGEST, sc_slice_str(s->region), key) &&
            hmac(s->mac, key, DIGEST, sc_slice_str(s->service), key) &&
            hmac(s->mac, key, DIGEST, SC_SLICE_LITERAL("aws4_request"), key) && EVP_MAC_init(s->mac, key, DIGEST, NULL);
  explicit_bzero(seed, sizeof(seed));
  return ok;
}

static bool has_key(const struct sc_signer *s, const struct sc_sigv4_key *key, const char *day) {
  return strcmp(s->day, day) == 0 && strcmp(s->key_id, key->key_id) == 0 && strcmp(s->secret, key->secret) == 0;
}

static int use_key(struct sc_signer *s, const struct sc_sigv4_key *key, const char *amz_date, struct sc_error *err) {
  char day[9] = {0};
  memcpy(day, amz_date, 8);
  if (has_key(s, key, day)) return SC_OK;
  size_t id_len = strlen(key->key_id), secret_len = strlen(key->secret);
  if (id_len > SC_SIGV4_KEY_ID_MAX || secret_len > SC_SIGV4_SECRET_MAX)
    return sc_error_set(err, SC_E_CONFIG, "the AWS %s is too long",
                        id_len > SC_SIGV4_KEY_ID_MAX ? "access key id" : "secret key");
  explicit_bzero(s->secret, sizeof(s->secret));
  memcpy(s->secret, key->secret, secret_len + 1);
  memcpy(s->key_id, key->key_id, id_len + 1);
  memcpy(s->day, day, sizeof(day));
  unsigned char derived[DIGEST];
  bool ok = derive(s, derived);
  explicit_bzero(derived, sizeof(derived));
  if (ok) return SC_OK;
  s->day[0] = '\0';
  return sc_error_set(err, SC_E_INTERNAL, "OpenSSL failed to derive a signing key");
}

static void to_hex(const unsigned char digest[DIGEST], char out[HEX + 1]) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < DIGEST; i++) {
    out[2 * i] = digits[digest[i] >> 4];
    out[2 * i + 1] = digits[digest[i] & 15];
  }
  out[HEX] = '\0';
}

static bool add(struct sc_signer *s, struct sc_slice text) { return EVP_DigestUpdate(s->digest, text.ptr, text.len); }

static bool add_str(struct sc_signer *s, const char *text) { return add(s, sc_slice_str(text)); }

static bool finish(struct sc_signer *s, char hex[HEX + 1]) {
  unsigned char digest[DIGEST];
  if (!EVP_DigestFinal_ex(s->digest, digest, NULL)) return false;
  to_hex(digest, hex);
  return true;
}

static bool hash_body(struct sc_signer *s, struct sc_slice body, char hex[HEX + 1]) {
  return EVP_DigestInit_ex2(s->digest, s->sha256, NULL) && add(s, body) && finish(s, hex);
}

static const char *signed_headers(const char *token) {
  return token ? "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
               : "content-type;host;x-amz-date;x-amz-target";
}

static bool hash_canonical(struct sc_signer *s, const struct sc_sigv4_request *r, const char *token,
                           const char *amz_date, char hex[HEX + 1]) {
  char body[HEX + 1];
  return hash_body(s, r->body, body) && EVP_DigestInit_ex2(s->digest, s->sha256, NULL) &&
         add_str(s, "POST\n/\n\ncontent-type:") && add(s, r->content_type) && add_str(s, "\nhost:") &&
         add(s, r->host) && add_str(s, "\nx-amz-date:") && add_str(s, amz_date) &&
         (!token || (add_str(s, "\nx-amz-security-token:") && add_str(s, token))) && add_str(s, "\nx-amz-target:") &&
         add(s, r->target) && add_str(s, "\n\n") && add_str(s, signed_headers(token)) && add_str(s, "\n") &&
         add_str(s, body) && finish(s, hex);
}

int sc_sigv4_sign(struct sc_signer *signer, const struct sc_sigv4_key *key, const struct sc_sigv4_request *request,
                  int64_t wall_ms, struct sc_sigv4_signature *out, struct sc_error *err) {
  char canonical[HEX + 1], scope[128], text[256], signature[HEX + 1];
  unsigned char mac[DIGEST];
  sc_clock_format_amz(wall_ms, out->amz_date);
  int rc = use_key(signer, key, out->amz_date, err);
  if (rc) return rc;
  snprintf(scope, sizeof(scope), "%s/%s/%s/aws4_request", signer->day, signer->region, signer->service);
  if (!hash_canonical(signer, request, key->token, out->amz_date, canonical))
    return sc_error_set(err, SC_E_INTERNAL, "OpenSSL failed to hash a request");
  snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s\n%s", out->amz_date, scope, canonical);
  if (!hmac(signer->mac, NULL, 0, sc_slice_str(text), mac))
    return sc_error_set(err, SC_E_INTERNAL, "OpenSSL failed to sign a request");
  to_hex(mac, signature);
  snprintf(out->authorization, sizeof(out->authorization),
           "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s", key->key_id, scope,
           signed_headers(key->token), signature);
  return SC_OK;
}
