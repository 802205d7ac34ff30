#include "bench/local/auth/signature.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "codec/text/hex.h"
#include "codec/wire/digest.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

enum { DIGEST = SC_SHA256_BYTES, HEX = 2 * DIGEST };

/* Hashers kept for later checks: one for each thread that checks at one time. */
#define MAX_KEPT 64
#define INCOMPLETE "IncompleteSignatureException"
#define INVALID "InvalidSignatureException"
#define UNKNOWN "UnrecognizedClientException"

struct hasher {
  struct sc_digest *digest;
  struct sc_hmac *mac;
};

struct scl_signatures {
  const char *region;
  struct scl_keyring *ring;
  pthread_mutex_t lock; /* of what follows */
  int n_kept;
  struct hasher kept[MAX_KEPT];
};

static void free_hasher(struct hasher *hasher) {
  sc_digest_free(hasher->digest);
  sc_hmac_free(hasher->mac);
}

static bool make_hasher(struct hasher *hasher) {
  *hasher = (struct hasher){sc_digest_new("SHA256"), sc_hmac_new()};
  if (hasher->digest != NULL && hasher->mac != NULL) return true;
  free_hasher(hasher);
  return false;
}

struct scl_signatures *scl_signatures_new(const char *region, struct scl_keyring *ring) {
  struct scl_signatures *signatures = sc_alloc_zero(1, sizeof(*signatures));
  signatures->region = region;
  signatures->ring = ring;
  pthread_mutex_init(&signatures->lock, NULL);
  if (make_hasher(&signatures->kept[0])) signatures->n_kept = 1;
  if (signatures->n_kept == 1) return signatures;
  scl_signatures_free(signatures);
  return NULL;
}

void scl_signatures_free(struct scl_signatures *signatures) {
  if (signatures == NULL) return;
  for (int i = 0; i < signatures->n_kept; i++) free_hasher(&signatures->kept[i]);
  pthread_mutex_destroy(&signatures->lock);
  free(signatures);
}

static bool take_hasher(struct scl_signatures *signatures, struct hasher *hasher) {
  pthread_mutex_lock(&signatures->lock);
  bool is_kept = signatures->n_kept > 0;
  if (is_kept) *hasher = signatures->kept[--signatures->n_kept];
  pthread_mutex_unlock(&signatures->lock);
  return is_kept || make_hasher(hasher);
}

static void give_hasher(struct scl_signatures *signatures, struct hasher *hasher) {
  pthread_mutex_lock(&signatures->lock);
  bool is_kept = signatures->n_kept < MAX_KEPT;
  if (is_kept) signatures->kept[signatures->n_kept++] = *hasher;
  pthread_mutex_unlock(&signatures->lock);
  if (!is_kept) free_hasher(hasher);
}

/* ---- the signature ---- */

static void to_hex(const unsigned char digest[DIGEST], char out[HEX + 1]) { *sc_hex_put(out, digest, DIGEST) = '\0'; }

static bool hash(struct hasher *hasher, struct sc_slice bytes, char hex[HEX + 1]) {
  unsigned char digest[DIGEST];
  bool is_good = sc_digest_begin(hasher->digest) && sc_digest_add(hasher->digest, bytes) &&
                 sc_digest_end(hasher->digest, digest, DIGEST);
  if (is_good) to_hex(digest, hex);
  return is_good;
}

static bool mac(struct hasher *hasher, const void *key, size_t key_len, struct sc_slice text,
                unsigned char out[DIGEST]) {
  return sc_hmac_key(hasher->mac, key, key_len) && sc_hmac_make(hasher->mac, text, out);
}

static bool sign(struct hasher *hasher, const struct scl_key *key, const struct scl_authorization *a,
                 struct sc_slice to_sign, char hex[HEX + 1]) {
  unsigned char step[DIGEST];
  struct sc_buf seed = SC_BUF_INIT;
  sc_buf_printf(&seed, "AWS4%s", key->secret);
  bool is_good = mac(hasher, seed.ptr, seed.len, a->date, step) && mac(hasher, step, DIGEST, a->region, step) &&
                 mac(hasher, step, DIGEST, a->service, step) && mac(hasher, step, DIGEST, a->terminator, step) &&
                 mac(hasher, step, DIGEST, to_sign, step);
  if (is_good) to_hex(step, hex);
  explicit_bzero(seed.ptr, seed.len);
  sc_buf_fini(&seed);
  return is_good;
}

/* ---- the checks ---- */

/* The check of one request. */
struct check {
  struct scl_signatures *signatures;
  const char *service;
  const struct scl_request *request;
  int64_t now_ms;
  struct sc_slice date; /* X-Amz-Date, else Date */
  struct scl_authorization authorization;
  struct scl_refusal *refusal;
};

static bool refuse(struct check *c, const char *type, const char *text) {
  scl_refusal_add(c->refusal, type, "%s", text);
  return false;
}

static bool two_digits(const char *at, int max, int *out) {
  if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9') return false;
  *out = (at[0] - '0') * 10 + at[1] - '0';
  return *out <= max;
}

/* 20260102T030405Z as ms since the epoch. */
static bool read_date(struct sc_slice text, int64_t *ms) {
  struct tm utc = {0};
  int century, year;
  if (text.len != 16 || text.ptr[8] != 'T' || text.ptr[15] != 'Z') return false;
  bool is_good = two_digits(text.ptr, 99, &century) && two_digits(text.ptr + 2, 99, &year) &&
                 two_digits(text.ptr + 4, 12, &utc.tm_mon) && two_digits(text.ptr + 6, 31, &utc.tm_mday) &&
                 two_digits(text.ptr + 9, 23, &utc.tm_hour) && two_digits(text.ptr + 11, 59, &utc.tm_min) &&
                 two_digits(text.ptr + 13, 59, &utc.tm_sec);
  if (!is_good || utc.tm_mon == 0 || utc.tm_mday == 0) return false;
  utc.tm_year = century * 100 + year - 1900;
  utc.tm_mon--;
  *ms = (int64_t)timegm(&utc) * 1000;
  return true;
}

static bool check_scope(struct check *c) {
  const struct scl_authorization *a = &c->authorization;
  if (!sc_slice_is(a->region, c->signatures->region))
    scl_refusal_add(c->refusal, INVALID, "Credential should be scoped to a valid region, not '%.*s'.",
                    SC_SLICE_ARGS(a->region));
  if (!sc_slice_is(a->service, c->service))
    scl_refusal_add(c->refusal, INVALID, "Credential should be scoped to correct service: '%s'.", c->service);
  if (!sc_slice_is(a->terminator, "aws4_request"))
    scl_refusal_add(c->refusal, INVALID,
                    "Credential should be scoped with a valid terminator: 'aws4_request', not '%.*s'.",
                    SC_SLICE_ARGS(a->terminator));
  if (!sc_slice_equals(a->date, sc_slice_of(c->date.ptr, 8)))
    scl_refusal_add(c->refusal, INVALID,
                    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                    "'%.*s' != '%.8s', from '%.16s'.",
                    SC_SLICE_ARGS(a->date), c->date.ptr, c->date.ptr);
  return c->refusal->type == NULL;
}

static bool is_signed(const struct scl_authorization *a, const char *name) {
  struct sc_slice rest = a->signed_headers, each;
  while (sc_text_next(&rest, ';', &each))
    if (sc_slice_is(each, name)) return true;
  return false;
}

static bool check_signed_headers(struct check *c) {
  static const char *const needed[] = {"x-amz-date", "x-amz-target", "x-amz-security-token"};
  if (!is_signed(&c->authorization, "host"))
    scl_refusal_add(c->refusal, INVALID, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
    bool is_there = scl_request_header(c->request, needed[i]).ptr != NULL;
    if (is_there && !is_signed(&c->authorization, needed[i]))
      scl_refusal_add(c->refusal, INVALID, "'%s' must be a 'SignedHeader' in the AWS Authorization.", needed[i]);
  }
  return c->refusal->type == NULL;
}

static bool check_clock(struct check *c, int64_t signed_ms) {
  char now[17], limit[17];
  int64_t now_ms = c->now_ms - c->now_ms % 1000;
  bool is_old = signed_ms<now_ms - SCL_SIGNATURE_SKEW_MS, is_early = signed_ms> now_ms + SCL_SIGNATURE_SKEW_MS;
  if (!is_old && !is_early) return true;
  sc_clock_format_amz(now_ms, now);
  sc_clock_format_amz(now_ms + (is_old ? -SCL_SIGNATURE_SKEW_MS : SCL_SIGNATURE_SKEW_MS), limit);
  if (is_old)
    scl_refusal_add(c->refusal, INVALID, "Signature expired: %.16s is now earlier than %s (%s - 5 min.)", c->date.ptr,
                    limit, now);
  else
    scl_refusal_add(c->refusal, INVALID, "Signature not yet current: %.16s is still later than %s (%s + 5 min.)",
                    c->date.ptr, limit, now);
  return false;
}

static bool check_key(struct check *c, struct scl_key *key) {
  static const char invalid[] = "The security token included in the request is invalid.";
  struct sc_slice token = scl_request_header(c->request, "x-amz-security-token");
  if (!scl_keyring_find(c->signatures->ring, c->authorization.key_id, key)) return refuse(c, UNKNOWN, invalid);
  if (!sc_slice_is(token, key->token)) return refuse(c, UNKNOWN, invalid);
  if (key->token[0] == '\0' || c->now_ms < key->expires_ms) return true;
  return refuse(c, "ExpiredTokenException", "The security token included in the request is expired");
}

static bool refuse_signature(struct check *c, const struct sc_buf *canonical, const struct sc_buf *to_sign) {
  scl_refusal_add(
      c->refusal, INVALID,
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
      "Key and signing method. Consult the service documentation for details.\n\n"
      "The Canonical String for this request should have been\n'%s'\n\n"
      "The String-to-Sign should have been\n'%s'\n",
      sc_buf_str(canonical), sc_buf_str(to_sign));
  return false;
}

static bool check_signature(struct check *c, struct hasher *hasher, const struct scl_key *key) {
  const struct scl_authorization *a = &c->authorization;
  char body_hash[HEX + 1], canonical_hash[HEX + 1], signature[HEX + 1];
  struct sc_buf canonical = SC_BUF_INIT, to_sign = SC_BUF_INIT;
  bool is_hashed = hash(hasher, c->request->body, body_hash);
  if (is_hashed) scl_canonical_add(&canonical, c->request, a->signed_headers, body_hash);
  is_hashed = is_hashed && hash(hasher, sc_buf_view(&canonical), canonical_hash);
  if (is_hashed)
    sc_buf_printf(&to_sign, "AWS4-HMAC-SHA256\n%.*s\n%.*s/%.*s/%.*s/%.*s\n%s", SC_SLICE_ARGS(c->date),
                  SC_SLICE_ARGS(a->date), SC_SLICE_ARGS(a->region), SC_SLICE_ARGS(a->service),
                  SC_SLICE_ARGS(a->terminator), canonical_hash);
  is_hashed = is_hashed && sign(hasher, key, a, sc_buf_view(&to_sign), signature);
  bool is_good = is_hashed && sc_slice_is(a->signature, signature);
  if (!is_hashed) refuse(c, "InternalFailure", "OpenSSL failed to hash the request");
  else if (!is_good) refuse_signature(c, &canonical, &to_sign);
  sc_buf_fini(&canonical);
  sc_buf_fini(&to_sign);
  return is_good;
}

static bool check_hashes(struct check *c, const struct scl_key *key) {
  struct hasher hasher;
  if (!take_hasher(c->signatures, &hasher)) return refuse(c, "InternalFailure", "OpenSSL has no memory");
  bool is_good = check_signature(c, &hasher, key);
  give_hasher(c->signatures, &hasher);
  return is_good;
}

/* Reads the Authorization header and the date. */
static bool check_header(struct check *c, struct sc_slice header, int64_t *signed_ms) {
  c->date = scl_request_header(c->request, "x-amz-date");
  if (c->date.ptr == NULL) c->date = scl_request_header(c->request, "date");
  if (!scl_authorization_read(header, c->date.ptr != NULL, &c->authorization, c->refusal)) return false;
  if (read_date(c->date, signed_ms)) return true;
  scl_refusal_add(c->refusal, INCOMPLETE,
                  "Date must be in ISO-8601 'basic format'. Got '%.*s'. See http://en.wikipedia.org/wiki/ISO_8601",
                  SC_SLICE_ARGS(c->date));
  return false;
}

bool scl_signatures_check(struct scl_signatures *signatures, const char *service, const struct scl_request *request,
                          int64_t now_ms, struct scl_key *key, struct scl_refusal *refusal) {
  struct check c = {
      .signatures = signatures, .service = service, .request = request, .now_ms = now_ms, .refusal = refusal};
  struct sc_slice header = scl_request_header(request, "authorization");
  int64_t signed_ms;
  struct scl_key found;
  if (header.ptr == NULL) return refuse(&c, "MissingAuthenticationTokenException", "Missing Authentication Token");
  if (scl_query_has(request->path, "X-Amz-Algorithm"))
    return refuse(&c, INVALID,
                  "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
  if (!check_header(&c, header, &signed_ms)) return false;
  if (!check_scope(&c) || !check_signed_headers(&c) || !check_clock(&c, signed_ms)) return false;
  bool is_good = check_key(&c, &found) && check_hashes(&c, &found);
  if (is_good && key != NULL) *key = found;
  scl_key_wipe(&found);
  return is_good;
}

struct sc_slice scl_signature_key_id(const struct scl_request *request) {
  struct scl_authorization authorization;
  struct scl_refusal refusal = {0};
  struct sc_slice header = scl_request_header(request, "authorization");
  bool is_good = scl_authorization_read(header, true, &authorization, &refusal);
  sc_buf_fini(&refusal.text);
  return is_good ? authorization.key_id : sc_slice_of(NULL, 0);
}
