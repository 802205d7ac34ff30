#include "net/aws/sigv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/text/hex.h"
#include "codec/wire/digest.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"

enum { DIGEST = SC_SHA256_BYTES, HEX = 2 * DIGEST };

/* mac holds the signing key of (key_id, secret, day). */
struct sc_signer {
  struct sc_digest *digest;
  struct sc_hmac *mac;
  char region[64], service[32];
  char day[9];
  char key_id[SC_SIGV4_KEY_ID_MAX + 1];
  char secret[SC_SIGV4_SECRET_MAX + 1];
};

int sc_signer_new(const char *region, const char *service, struct sc_signer **out, struct sc_error *err) {
  struct sc_signer *s = sc_alloc_zero(1, sizeof(*s));
  *out = s;
  SC_ASSERT(strlen(region) < sizeof(s->region) && strlen(service) < sizeof(s->service));
  memcpy(s->region, region, strlen(region));
  memcpy(s->service, service, strlen(service));
  s->digest = sc_digest_new("SHA256");
  s->mac = sc_hmac_new();
  if (s->digest != NULL && s->mac != NULL) return SC_OK;
  sc_signer_free(s);
  *out = NULL;
  return sc_error_set(err, SC_E_INTERNAL, "OpenSSL offers no SHA-256 or HMAC");
}

void sc_signer_free(struct sc_signer *signer) {
  if (signer == NULL) return;
  sc_hmac_free(signer->mac);
  sc_digest_free(signer->digest);
  explicit_bzero(signer, sizeof(*signer));
  free(signer);
}

static bool hmac(struct sc_hmac *mac, const void *key, size_t key_len, struct sc_slice text,
                 unsigned char out[DIGEST]) {
  return sc_hmac_key(mac, key, key_len) && sc_hmac_make(mac, text, out);
}

static bool derive(struct sc_signer *s, unsigned char key[DIGEST]) {
  char seed[4 + SC_SIGV4_SECRET_MAX + 1];
  size_t len = (size_t)snprintf(seed, sizeof(seed), "AWS4%s", s->secret);
  bool ok = hmac(s->mac, seed, len, sc_slice_str(s->day), key) &&
            hmac(s->mac, key, DIGEST, sc_slice_str(s->region), key) &&
            hmac(s->mac, key, DIGEST, sc_slice_str(s->service), key) &&
            hmac(s->mac, key, DIGEST, SC_SLICE_LITERAL("aws4_request"), key) && sc_hmac_key(s->mac, key, DIGEST);
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

static void to_hex(const unsigned char digest[DIGEST], char out[HEX + 1]) { *sc_hex_put(out, digest, DIGEST) = '\0'; }

static bool add(struct sc_signer *s, struct sc_slice text) { return sc_digest_add(s->digest, text); }

static bool add_str(struct sc_signer *s, const char *text) { return add(s, sc_slice_str(text)); }

static bool finish(struct sc_signer *s, char hex[HEX + 1]) {
  unsigned char digest[DIGEST];
  if (!sc_digest_end(s->digest, digest, DIGEST)) return false;
  to_hex(digest, hex);
  return true;
}

static bool hash_body(struct sc_signer *s, struct sc_slice body, char hex[HEX + 1]) {
  return sc_digest_begin(s->digest) && add(s, body) && finish(s, hex);
}

static const char *signed_headers(const char *token, bool has_target) {
  if (!has_target)
    return token != NULL ? "content-type;host;x-amz-date;x-amz-security-token" : "content-type;host;x-amz-date";
  return token != NULL ? "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
                       : "content-type;host;x-amz-date;x-amz-target";
}

static bool hash_canonical(struct sc_signer *s, const struct sc_sigv4_request *r, const char *token,
                           const char *amz_date, char hex[HEX + 1]) {
  char body[HEX + 1];
  return hash_body(s, r->body, body) && sc_digest_begin(s->digest) && add_str(s, "POST\n/\n\ncontent-type:") &&
         add(s, r->content_type) && add_str(s, "\nhost:") && add(s, r->host) && add_str(s, "\nx-amz-date:") &&
         add_str(s, amz_date) && (token == NULL || (add_str(s, "\nx-amz-security-token:") && add_str(s, token))) &&
         (r->target.len == 0 || (add_str(s, "\nx-amz-target:") && add(s, r->target))) && add_str(s, "\n\n") &&
         add_str(s, signed_headers(token, r->target.len > 0)) && add_str(s, "\n") && add_str(s, body) && finish(s, hex);
}

int sc_sigv4_sign(struct sc_signer *signer, const struct sc_sigv4_key *key, const struct sc_sigv4_request *request,
                  int64_t wall_ms, struct sc_sigv4_signature *out, struct sc_error *err) {
  char canonical[HEX + 1], scope[128], text[256], signature[HEX + 1];
  unsigned char mac[DIGEST];
  sc_clock_format_amz(wall_ms, out->amz_date);
  int rc = use_key(signer, key, out->amz_date, err);
  if (rc != SC_OK) return rc;
  snprintf(scope, sizeof(scope), "%s/%s/%s/aws4_request", signer->day, signer->region, signer->service);
  if (!hash_canonical(signer, request, key->token, out->amz_date, canonical))
    return sc_error_set(err, SC_E_INTERNAL, "OpenSSL failed to hash a request");
  snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s\n%s", out->amz_date, scope, canonical);
  if (!sc_hmac_make(signer->mac, sc_slice_str(text), mac))
    return sc_error_set(err, SC_E_INTERNAL, "OpenSSL failed to sign a request");
  to_hex(mac, signature);
  snprintf(out->authorization, sizeof(out->authorization),
           "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s", key->key_id, scope,
           signed_headers(key->token, request->target.len > 0), signature);
  return SC_OK;
}
