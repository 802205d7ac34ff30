/* Keys of IAM Identity Center (SSO): the profile's account and role, by the token that `aws sso login` left in
 * ~/.aws/sso/cache ("IAM Identity Center credential provider", AWS SDKs and Tools Reference Guide; "IAM Identity Center
 * Portal API Reference", GetRoleCredentials; "OIDC API Reference", CreateToken).
 *
 * A token of an sso-session that ends soon is renewed, and the renewed one is left in its place for the AWS CLI and
 * whoever else uses it: its refresh token can be used once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/text/hex.h"
#include "codec/wire/digest.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/text.h"
#include "net/aws/aws_config.h"
#include "net/aws/fetch.h"
#include "net/aws/files.h"
#include "net/aws/provider.h"

#define TIMEOUT_MS 10000
#define ATTEMPTS 3
#define CACHE_BYTES_MAX ((size_t)256 << 10)
#define SHA1_BYTES 20
#define RENEW_MS (INT64_C(15) * 60 * 1000)

struct sso {
  struct sc_provider *p;
  const char *session, *start_url, *region, *account, *role;
  struct sc_buf path;  /* of the token's file */
  struct sc_buf token; /* the file's text */
  struct sc_jsondoc *doc;
  struct sc_json root; /* of the file */
  struct sc_buf access;
};

/* ---- settings ---- */

/* In the sso-session that the profile names, or (the older form) in the profile itself. */
static const char *session_setting(const struct sso *s, const char *key) {
  if (s->session == NULL) return sc_provider_setting(s->p, key);
  return sc_aws_config_sso_session(s->p->ask->services.config, s->session, key);
}

static int log_in(const struct sso *s, const char *what, struct sc_error *err) {
  sc_error_set(err, SC_E_AUTH, "SSO (profile %s): %s", s->p->profile, what);
  sc_error_hint(err, "aws sso login --profile %s", s->p->profile);
  return err->code;
}

static int settle(struct sso *s, struct sc_error *err) {
  s->start_url = session_setting(s, "sso_start_url");
  s->region = session_setting(s, "sso_region");
  const struct {
    const char *key, *value;
  } needed[] = {{"sso_role_name", s->role},
                {"sso_account_id", s->account},
                {"sso_start_url", s->start_url},
                {"sso_region", s->region}};
  for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
    if (needed[i].value == NULL)
      return sc_error_set(err, SC_E_CONFIG, "profile %s is set up for SSO, but %s is missing", s->p->profile,
                          needed[i].key);
  return SC_OK;
}

/* ---- the token's file ---- */

/* Named by the SHA-1 of the session's name, of the start URL in the older form. */
static int find_file(struct sso *s, struct sc_error *err) {
  unsigned char hash[SHA1_BYTES];
  char hex[2 * SHA1_BYTES + 1];
  struct sc_buf name = SC_BUF_INIT;
  struct sc_digest *digest = sc_digest_new("SHA1");
  bool ok = digest != NULL && sc_digest_begin(digest) &&
            sc_digest_add(digest, sc_slice_str(s->session != NULL ? s->session : s->start_url)) &&
            sc_digest_end(digest, hash, sizeof(hash));
  sc_digest_free(digest);
  if (!ok) return sc_error_set(err, SC_E_INTERNAL, "OpenSSL offers no SHA-1, by which SSO's tokens are found");
  *sc_hex_put(hex, hash, sizeof(hash)) = '\0';
  sc_buf_printf(&name, "~/.aws/sso/cache/%s.json", hex);
  sc_aws_file_expand(&s->path, name.ptr);
  sc_buf_fini(&name);
  return SC_OK;
}

static int read_token(struct sso *s, struct sc_error *err) {
  int rc = sc_aws_file_read(s->path.ptr, CACHE_BYTES_MAX, &s->token, err);
  if (rc == SC_AGAIN) return log_in(s, "nobody has logged in", err);
  if (rc != SC_OK) return rc;
  if (sc_jsondoc_check(s->doc, sc_buf_view(&s->token), &s->root) != NULL)
    return log_in(s, "the file of its token is no JSON", err);
  return SC_OK;
}

static bool member(struct sc_json object, const char *name, struct sc_slice *out) {
  return sc_json_str(sc_json_get(object, name), out) && out->len > 0;
}

/* Also as older CLIs wrote it, "2020-06-17T10:02:08UTC". -1: not there, or no time. */
static int64_t time_of(struct sc_json object, const char *name) {
  struct sc_slice text;
  int64_t ms;
  if (!member(object, name, &text)) return -1;
  if (text.len > 3 && memcmp(text.ptr + text.len - 3, "UTC", 3) == 0) text.len -= 3;
  return sc_clock_parse_time(text, &ms) ? ms : -1;
}

/* ---- renewing ---- */

static void add_member(struct sc_buf *out, const char *name, struct sc_slice value) {
  sc_buf_printf(out, "%s\"%s\": ", out->len > 1 ? ", " : "", name);
  sc_buf_add_json_string(out, value);
}

/* What the AWS CLI writes: the new token, and the registration of before. */
static void write_cache(const struct sso *s, struct sc_json reply, struct sc_slice access, int64_t expires_ms,
                        struct sc_buf *out) {
  static const char *const kept[] = {"clientId", "clientSecret", "registrationExpiresAt"};
  char until[25];
  struct sc_slice text;
  sc_clock_format_ms(expires_ms, until);
  memcpy(until + 19, "Z", 2);
  sc_buf_reserve(out, CACHE_BYTES_MAX);
  sc_buf_add_char(out, '{');
  add_member(out, "startUrl", sc_slice_str(s->start_url));
  add_member(out, "region", sc_slice_str(s->region));
  add_member(out, "accessToken", access);
  add_member(out, "expiresAt", sc_slice_str(until));
  for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
    if (member(s->root, kept[i], &text)) add_member(out, kept[i], text);
  if (member(reply, "refreshToken", &text)) add_member(out, "refreshToken", text);
  sc_buf_add_char(out, '}');
}

/* Under another name, then renamed, so that nobody ever reads half a file. */
static void replace_file(const struct sso *s, struct sc_slice text) {
  struct sc_buf beside = SC_BUF_INIT;
  sc_buf_printf(&beside, "%s.%ld", s->path.ptr, (long)getpid());
  int fd = open(beside.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool written = fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len;
  if (fd >= 0 && close(fd) != 0) written = false;
  if (!written || rename(beside.ptr, s->path.ptr) != 0)
    sc_log_often(SC_WARN, "the renewed SSO token could not be kept: log in again before it ends", "errno=%d", errno);
  if (!written && fd >= 0) unlink(beside.ptr);
  sc_buf_fini(&beside);
}

static int ask_renewal(struct sso *s, struct sc_buf *reply, struct sc_error *err) {
  static const char *const headers[] = {"Content-Type: application/json", NULL};
  static const char *const names[] = {"clientId", "clientSecret", "refreshToken"};
  struct sc_endpoint_ask ask = s->p->ask->services;
  struct sc_service_endpoint at;
  struct sc_buf body = SC_BUF_INIT, url = SC_BUF_INIT;
  struct sc_http_head head;
  struct sc_slice text;
  ask.region = s->region;
  ask.endpoint = NULL;
  int rc = sc_endpoint_of_service(&ask, SC_SERVICE_SSO_OIDC, &at, err);
  sc_buf_reserve(&body, CACHE_BYTES_MAX);
  sc_buf_add_char(&body, '{');
  add_member(&body, "grantType", SC_SLICE_LITERAL("refresh_token"));
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (member(s->root, names[i], &text)) add_member(&body, names[i], text);
  sc_buf_add_char(&body, '}');
  sc_buf_printf(&url, "%stoken", at.at.url);
  struct sc_aws_fetch fetch = {.method = "POST",
                               .url = url.ptr,
                               .headers = headers,
                               .body = sc_buf_view(&body),
                               .timeout_ms = TIMEOUT_MS,
                               .attempts = ATTEMPTS,
                               .ca_bundle = s->p->ask->ca_bundle};
  if (rc == SC_OK) rc = sc_aws_fetch(&fetch, &head, reply, err);
  if (rc == SC_OK && head.status != 200) rc = log_in(s, "its token could not be renewed", err);
  sc_aws_wipe(&body);
  sc_buf_fini(&url);
  return rc;
}

static int take_renewal(struct sso *s, struct sc_slice reply, struct sc_error *err) {
  struct sc_jsondoc *doc = sc_jsondoc_new();
  struct sc_json root = {NULL, 0};
  struct sc_slice access;
  struct sc_buf cache = SC_BUF_INIT;
  int64_t seconds;
  int rc = SC_OK;
  if (sc_jsondoc_check(doc, reply, &root) != NULL || !member(root, "accessToken", &access) ||
      !sc_json_i64(sc_json_get(root, "expiresIn"), &seconds) || seconds < 0 || seconds > INT32_MAX) {
    rc = sc_error_set(err, SC_E_PROTOCOL, "SSO: the renewed token cannot be read");
  } else {
    sc_buf_reserve(&s->access, access.len);
    sc_buf_add_slice(&s->access, access);
    write_cache(s, root, access, sc_clock_wall_ms() + 1000 * seconds, &cache);
    replace_file(s, sc_buf_view(&cache));
  }
  sc_aws_wipe(&cache);
  sc_jsondoc_free(doc);
  return rc;
}

static bool can_renew(const struct sso *s, int64_t now_ms) {
  struct sc_slice text;
  return s->session != NULL && member(s->root, "refreshToken", &text) && member(s->root, "clientId", &text) &&
         member(s->root, "clientSecret", &text) && time_of(s->root, "registrationExpiresAt") > now_ms;
}

/* The access token, renewed when it ends soon; one that has some time left will do when that fails. */
static int settle_token(struct sso *s, struct sc_error *err) {
  struct sc_slice access;
  struct sc_buf reply = SC_BUF_INIT;
  int64_t now_ms = sc_clock_wall_ms(), expires_ms = time_of(s->root, "expiresAt");
  bool is_good = member(s->root, "accessToken", &access) && expires_ms > now_ms;
  if ((!is_good || expires_ms - now_ms < RENEW_MS) && can_renew(s, now_ms)) {
    int rc = ask_renewal(s, &reply, err);
    if (rc == SC_OK) rc = take_renewal(s, sc_buf_view(&reply), err);
    sc_aws_wipe(&reply);
    if (rc == SC_OK || !is_good) return rc;
  }
  if (!is_good) return log_in(s, "the login has expired", err);
  sc_buf_reserve(&s->access, access.len);
  sc_buf_add_slice(&s->access, access);
  return SC_OK;
}

/* ---- keys ---- */

static int read_keys(struct sso *s, const struct sc_http_head *head, struct sc_slice reply, struct sc_keys **out,
                     struct sc_error *err) {
  static const struct sc_keys_names names = {"accessKeyId", "secretAccessKey", "sessionToken"};
  struct sc_json root = {NULL, 0};
  struct sc_slice message = SC_SLICE_LITERAL("");
  int64_t expires_ms = -1;
  const char *bad = sc_jsondoc_check(s->doc, reply, &root);
  if (head->status == 401) return log_in(s, "the login has expired or was revoked", err);
  if (head->status != 200) {
    sc_json_str(sc_json_get(root, "message"), &message);
    return sc_error_fail(err, SC_E_AUTH, "check sso_account_id and sso_role_name, and that the role is assigned to you",
                         "SSO (profile %s): HTTP status %d %.*s", s->p->profile, head->status,
                         (int)(message.len < 300 ? message.len : 300), message.ptr);
  }
  if (bad != NULL) return sc_error_set(err, SC_E_PROTOCOL, "SSO: the reply is no JSON");
  root = sc_json_get(root, "roleCredentials");
  sc_json_i64(sc_json_get(root, "expiration"), &expires_ms);
  return sc_keys_of_json(root, &names, expires_ms, "SSO", out, err);
}

/* Both are digits and names in a URL; anything else is no account and no role. */
static bool is_plain(const char *text) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-";
  return text[strspn(text, plain)] == '\0';
}

static int ask_portal(struct sso *s, struct sc_keys **out, struct sc_error *err) {
  struct sc_endpoint_ask ask = s->p->ask->services;
  struct sc_service_endpoint at;
  struct sc_buf url = SC_BUF_INIT, header = SC_BUF_INIT, reply = SC_BUF_INIT;
  struct sc_http_head head;
  ask.region = s->region;
  ask.endpoint = NULL;
  int rc = sc_endpoint_of_service(&ask, SC_SERVICE_SSO, &at, err);
  sc_buf_printf(&url, "%sfederation/credentials?role_name=%s&account_id=%s", at.at.url, s->role, s->account);
  sc_buf_reserve(&header, s->access.len + 64);
  sc_buf_printf(&header, "x-amz-sso_bearer_token: %s", sc_buf_str(&s->access));
  const char *headers[] = {header.ptr, NULL};
  struct sc_aws_fetch fetch = {.method = "GET",
                               .url = url.ptr,
                               .headers = headers,
                               .timeout_ms = TIMEOUT_MS,
                               .attempts = ATTEMPTS,
                               .ca_bundle = s->p->ask->ca_bundle};
  if (rc == SC_OK) rc = sc_aws_fetch(&fetch, &head, &reply, err);
  if (rc == SC_OK) rc = read_keys(s, &head, sc_buf_view(&reply), out, err);
  sc_buf_fini(&url);
  sc_aws_wipe(&header);
  sc_aws_wipe(&reply);
  return rc;
}

static int run(struct sso *s, struct sc_keys **out, struct sc_error *err) {
  int rc = settle(s, err);
  if (rc == SC_OK && (!is_plain(s->role) || !is_plain(s->account)))
    rc = sc_error_set(err, SC_E_CONFIG, "profile %s: sso_account_id or sso_role_name is none", s->p->profile);
  if (rc == SC_OK) rc = find_file(s, err);
  if (rc == SC_OK) rc = read_token(s, err);
  if (rc == SC_OK) rc = settle_token(s, err);
  for (size_t i = 0; rc == SC_OK && i < s->access.len; i++)
    if ((unsigned char)s->access.ptr[i] < 0x21 || (unsigned char)s->access.ptr[i] > 0x7e)
      rc = log_in(s, "its token is no header value", err);
  return rc == SC_OK ? ask_portal(s, out, err) : rc;
}

int sc_provider_sso(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  struct sso s = {.p = p,
                  .session = sc_provider_setting(p, "sso_session"),
                  .account = sc_provider_setting(p, "sso_account_id"),
                  .role = sc_provider_setting(p, "sso_role_name")};
  if (s.account == NULL && s.role == NULL)
    return sc_provider_pass(p, "SSO: no sso_account_id in profile %s", p->profile);
  if (s.session != NULL && !sc_aws_config_has_sso_session(p->ask->services.config, s.session))
    return sc_error_set(err, SC_E_CONFIG, "profile %s: there is no sso-session %s", p->profile, s.session);
  s.doc = sc_jsondoc_new();
  int rc = run(&s, out, err);
  sc_jsondoc_free(s.doc);
  sc_buf_fini(&s.path);
  sc_aws_wipe(&s.token);
  sc_aws_wipe(&s.access);
  return rc;
}
