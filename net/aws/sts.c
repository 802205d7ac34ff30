#include "net/aws/sts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "net/aws/fetch.h"
#include "net/aws/files.h"
#include "net/aws/xml.h"

#define TIMEOUT_MS 10000
#define ATTEMPTS 3
#define SKEW_LEAST_MS (INT64_C(4) * 60 * 1000)
#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

struct call {
  struct sc_service_endpoint endpoint;
  const char *ca_bundle;
  const struct sc_keys *keys; /* NULL: unsigned */
  struct sc_buf form, reply;
  struct sc_http_head head;
};

/* ---- the form ---- */

/* Percent-encodes all but what RFC 3986 calls unreserved. */
static void add_encoded(struct sc_buf *out, struct sc_slice text) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] != '\0' && strchr(plain, text.ptr[i]) != NULL) sc_buf_add_char(out, text.ptr[i]);
    else sc_buf_printf(out, "%%%02X", (unsigned char)text.ptr[i]);
  }
}

static void add(struct call *c, const char *name, struct sc_slice value) {
  sc_buf_printf(&c->form, "&%s=", name);
  add_encoded(&c->form, value);
}

static void add_text(struct call *c, const char *name, const char *value) {
  if (value != NULL && *value) add(c, name, sc_slice_str(value));
}

static int begin(struct call *c, const struct sc_endpoint_ask *services, const char *ca_bundle, const char *action,
                 const struct sc_keys *keys, struct sc_error *err) {
  *c = (struct call){.ca_bundle = ca_bundle, .keys = keys};
  sc_buf_printf(&c->form, "Action=%s&Version=2011-06-15", action);
  return sc_endpoint_of_service(services, SC_SERVICE_STS, &c->endpoint, err);
}

static void end(struct call *c) {
  sc_aws_wipe(&c->form);
  sc_aws_wipe(&c->reply);
}

static void add_role(struct call *c, const struct sc_sts_role *role) {
  char name[64];
  snprintf(name, sizeof(name), "shardcopy-%lld", (long long)(sc_clock_wall_ms() / 1000));
  bool is_named = role->session_name != NULL && *role->session_name;
  add_text(c, "RoleArn", role->arn);
  add_text(c, "RoleSessionName", is_named ? role->session_name : name);
  add_text(c, "ExternalId", role->external_id);
  add_text(c, "DurationSeconds", role->duration_s);
}

/* ---- sending ---- */

/* What a signed request says more than an unsigned one. */
struct signed_headers {
  char date[32], authorization[530];
};

static int sign(const struct call *c, int64_t skew_ms, struct signed_headers *out, struct sc_error *err) {
  struct sc_sigv4_key key = sc_keys_view(c->keys);
  struct sc_sigv4_request request = {.host = sc_slice_str(c->endpoint.at.host),
                                     .content_type = SC_SLICE_LITERAL(CONTENT_TYPE),
                                     .body = sc_buf_view(&c->form)};
  struct sc_sigv4_signature signature;
  struct sc_signer *signer;
  int rc = sc_signer_new(c->endpoint.region, "sts", &signer, err);
  if (rc == SC_OK) rc = sc_sigv4_sign(signer, &key, &request, sc_clock_wall_ms() + skew_ms, &signature, err);
  sc_signer_free(signer);
  if (rc != SC_OK) return rc;
  snprintf(out->date, sizeof(out->date), "X-Amz-Date: %s", signature.amz_date);
  snprintf(out->authorization, sizeof(out->authorization), "Authorization: %s", signature.authorization);
  return SC_OK;
}

static int send_once(struct call *c, int64_t skew_ms, struct sc_error *err) {
  struct signed_headers more;
  char host[300];
  const char *headers[6] = {"Content-Type: " CONTENT_TYPE, host};
  int rc = c->keys != NULL ? sign(c, skew_ms, &more, err) : SC_OK;
  if (rc != SC_OK) return rc;
  snprintf(host, sizeof(host), "Host: %s", c->endpoint.at.host);
  if (c->keys != NULL) {
    headers[2] = more.date;
    headers[3] = more.authorization;
    headers[4] = c->keys->token_header;
  }
  struct sc_aws_fetch fetch = {.method = "POST",
                               .url = c->endpoint.at.url,
                               .headers = headers,
                               .body = sc_buf_view(&c->form),
                               .timeout_ms = TIMEOUT_MS,
                               .attempts = ATTEMPTS,
                               .ca_bundle = c->ca_bundle};
  return sc_aws_fetch(&fetch, &c->head, &c->reply, err);
}

static int send_form(struct call *c, struct sc_error *err) {
  int rc = send_once(c, 0, err);
  if (rc != SC_OK || c->keys == NULL || c->head.status == 200 || c->head.date_ms == 0) return rc;
  int64_t skew_ms = c->head.date_ms - sc_clock_wall_ms();
  return llabs((long long)skew_ms) >= SKEW_LEAST_MS ? send_once(c, skew_ms, err) : rc;
}

/* ---- replies ---- */

static int refused(struct call *c, struct sc_error *err) {
  struct sc_buf code = SC_BUF_INIT, message = SC_BUF_INIT;
  struct sc_slice document = sc_buf_view(&c->reply);
  bool has_code = sc_xml_text(document, "Code", &code);
  sc_xml_text(document, "Message", &message);
  const char *name = sc_buf_str(&code);
  bool is_passing = strcmp(name, "IDPCommunicationError") == 0 || strcmp(name, "Throttling") == 0;
  int rc = is_passing ? SC_E_SERVICE : SC_E_AUTH;
  if (has_code) sc_error_set(err, rc, "%.400s (%.60s)", sc_buf_str(&message), name);
  else sc_error_set(err, rc, "HTTP status %d", c->head.status);
  err->http_status = c->head.status;
  snprintf(err->service, sizeof(err->service), "%.60s", name);
  if (strcmp(name, "ExpiredTokenException") == 0 || strcmp(name, "InvalidIdentityToken") == 0)
    sc_error_hint(err, "the token that the role is taken with has expired or is not accepted by it");
  else if (strcmp(name, "AccessDenied") == 0)
    sc_error_hint(err, "the role's trust policy must allow it, and so must the policy of who takes it");
  sc_buf_fini(&code);
  sc_buf_fini(&message);
  return rc;
}

/* The text of a required element. */
static int need(struct call *c, const char *name, struct sc_buf *out, struct sc_error *err) {
  if (sc_xml_text(sc_buf_view(&c->reply), name, out)) return SC_OK;
  return sc_error_set(err, SC_E_PROTOCOL, "a reply without %s", name);
}

static int read_keys(struct call *c, struct sc_keys **out, struct sc_error *err) {
  struct sc_buf id = SC_BUF_INIT, secret = SC_BUF_INIT, token = SC_BUF_INIT, expiration = SC_BUF_INIT;
  int64_t expires_ms = 0;
  int rc = need(c, "AccessKeyId", &id, err);
  if (rc == SC_OK) rc = need(c, "SecretAccessKey", &secret, err);
  if (rc == SC_OK) rc = need(c, "SessionToken", &token, err);
  if (rc == SC_OK) rc = need(c, "Expiration", &expiration, err);
  if (rc == SC_OK && !sc_clock_parse_time(sc_buf_view(&expiration), &expires_ms))
    rc = sc_error_set(err, SC_E_PROTOCOL, "an Expiration that is no time");
  if (rc == SC_OK)
    rc = sc_keys_new(sc_buf_view(&id), sc_buf_view(&secret), sc_buf_view(&token), expires_ms, "STS", out, err);
  sc_buf_fini(&id);
  sc_aws_wipe(&secret);
  sc_aws_wipe(&token);
  sc_buf_fini(&expiration);
  return rc;
}

static int send_for_keys(struct call *c, const struct sc_sts_role *role, struct sc_keys **out, struct sc_error *err) {
  int rc = send_form(c, err);
  if (rc == SC_OK) rc = c->head.status == 200 ? read_keys(c, out, err) : refused(c, err);
  if (rc != SC_OK && rc != SC_E_STOPPED) sc_error_prefix(err, "taking role %.200s", role->arn);
  return rc;
}

int sc_sts_assume_role(const struct sc_endpoint_ask *services, const char *ca_bundle, const struct sc_sts_role *role,
                       const struct sc_keys *source, struct sc_keys **out, struct sc_error *err) {
  struct call c;
  int rc = begin(&c, services, ca_bundle, "AssumeRole", source, err);
  add_role(&c, role);
  if (rc == SC_OK) rc = send_for_keys(&c, role, out, err);
  end(&c);
  return rc;
}

int sc_sts_assume_role_with_web_identity(const struct sc_endpoint_ask *services, const char *ca_bundle,
                                         const struct sc_sts_role *role, struct sc_slice token, struct sc_keys **out,
                                         struct sc_error *err) {
  struct call c;
  int rc = begin(&c, services, ca_bundle, "AssumeRoleWithWebIdentity", NULL, err);
  add_role(&c, role);
  add(&c, "WebIdentityToken", token);
  if (rc == SC_OK) rc = send_for_keys(&c, role, out, err);
  end(&c);
  return rc;
}

static int read_identity(struct call *c, struct sc_sts_identity *out, struct sc_error *err) {
  struct sc_buf account = SC_BUF_INIT, arn = SC_BUF_INIT;
  int rc = need(c, "Account", &account, err);
  if (rc == SC_OK) rc = need(c, "Arn", &arn, err);
  if (rc == SC_OK) {
    snprintf(out->account, sizeof(out->account), "%s", sc_buf_str(&account));
    snprintf(out->arn, sizeof(out->arn), "%s", sc_buf_str(&arn));
  }
  sc_buf_fini(&account);
  sc_buf_fini(&arn);
  return rc;
}

int sc_sts_identity(const struct sc_endpoint_ask *services, const char *ca_bundle, const struct sc_keys *keys,
                    struct sc_sts_identity *out, struct sc_error *err) {
  struct call c;
  int rc = begin(&c, services, ca_bundle, "GetCallerIdentity", keys, err);
  if (rc == SC_OK) rc = send_form(&c, err);
  if (rc == SC_OK) rc = c.head.status == 200 ? read_identity(&c, out, err) : refused(&c, err);
  end(&c);
  return rc;
}
