#include "bench/local/auth/stub_credentials.h"

#include <stdio.h>

#include "bench/local/auth/form.h"
#include "bench/local/auth/stub_sts.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"

#define MAX_IMDS_TTL_S 21600
#define META "/latest/meta-data/"

/* Issues a key for a session of that role of the account. */
static void issue_for_role(struct scl_stub_credentials *stub, const char *role, const char *session, int64_t now_ms,
                           struct scl_key *key) {
  char owner[SCL_KEYRING_MAX_OWNER + 1];
  snprintf(owner, sizeof(owner), "arn:aws:sts::%s:assumed-role/%.64s/%.64s", stub->settings.account, role, session);
  scl_stub_issue(stub, owner, stub->settings.expiry_s, now_ms, key);
}

/* ---- replies ---- */

static void answer_text(struct scl_reply *reply, int status, const char *text) {
  reply->status = status;
  reply->content_type = "text/plain";
  sc_buf_add_str(&reply->content.head, text);
}

static struct scl_writer begin_json(struct scl_reply *reply, int status) {
  reply->status = status;
  reply->content_type = "application/json";
  reply->format = SCL_FORMAT_JSON;
  struct scl_writer w = scl_writer_of(&reply->content.head, SCL_FORMAT_JSON);
  scl_writer_open_map(&w, NULL);
  return w;
}

static void answer_error(struct scl_reply *reply, int status, const char *type_name, const char *type,
                         const char *text_name, const char *text) {
  struct scl_writer w = begin_json(reply, status);
  scl_writer_str(&w, type_name, type);
  scl_writer_str(&w, text_name, text);
  scl_writer_close_map(&w);
}

/* "2026-01-02T03:04:05Z" */
static void add_time(struct scl_writer *w, const char *name, int64_t ms) {
  char text[25];
  sc_clock_format_ms(ms, text);
  memcpy(text + 19, "Z", 2);
  scl_writer_str(w, name, text);
}

/* Writes the members that IMDS and containers share. */
static void add_key(struct scl_writer *w, const struct scl_key *key) {
  scl_writer_str(w, "AccessKeyId", key->id);
  scl_writer_str(w, "SecretAccessKey", key->secret);
  scl_writer_str(w, "Token", key->token);
  add_time(w, "Expiration", key->expires_ms);
}

/* ---- IMDSv2 ---- */

static void put_imds_token(struct scl_stub_credentials *stub, const struct scl_request *request,
                           struct scl_reply *reply) {
  uint64_t ttl_s;
  struct scl_stub_token token;
  struct sc_slice ttl = scl_request_header(request, "x-aws-ec2-metadata-token-ttl-seconds");
  if (!sc_slice_to_u64(ttl, &ttl_s) || ttl_s == 0 || ttl_s > MAX_IMDS_TTL_S) {
    answer_text(reply, 400, "x-aws-ec2-metadata-token-ttl-seconds is not 1 to 21600\n");
    return;
  }
  scl_stub_token_make(stub, reply->date_ms + (int64_t)ttl_s * 1000, &token);
  answer_text(reply, 200, token.text);
}

static void answer_imds_key(struct scl_stub_credentials *stub, struct scl_reply *reply) {
  struct scl_key key;
  issue_for_role(stub, SCL_STUB_ROLE, "i-00000000000000000", reply->date_ms, &key);
  struct scl_writer w = begin_json(reply, 200);
  scl_writer_str(&w, "Code", "Success");
  add_time(&w, "LastUpdated", reply->date_ms);
  scl_writer_str(&w, "Type", "AWS-HMAC");
  add_key(&w, &key);
  scl_writer_close_map(&w);
  scl_key_wipe(&key);
}

static void answer_imds_document(struct scl_stub_credentials *stub, const char *zone, struct scl_reply *reply) {
  struct scl_writer w = begin_json(reply, 200);
  scl_writer_str(&w, "accountId", stub->settings.account);
  scl_writer_str(&w, "availabilityZone", zone);
  scl_writer_str(&w, "instanceId", "i-00000000000000000");
  scl_writer_str(&w, "region", stub->settings.region);
  scl_writer_close_map(&w);
}

static void get_imds(struct scl_stub_credentials *stub, const struct scl_request *request, struct scl_reply *reply) {
  char zone[80];
  struct sc_slice path = request->path;
  snprintf(zone, sizeof(zone), "%.64sa", stub->settings.region);
  if (scl_stub_token_end(stub, scl_request_header(request, "x-aws-ec2-metadata-token")) <= reply->date_ms)
    answer_text(reply, 401, "no x-aws-ec2-metadata-token, or an old one\n");
  else if (sc_slice_is(path, META "iam/security-credentials/") || sc_slice_is(path, META "iam/security-credentials"))
    answer_text(reply, 200, SCL_STUB_ROLE);
  else if (sc_slice_is(path, META "iam/security-credentials/" SCL_STUB_ROLE)) answer_imds_key(stub, reply);
  else if (sc_slice_is(path, META "placement/availability-zone")) answer_text(reply, 200, zone);
  else if (sc_slice_is(path, META "placement/region")) answer_text(reply, 200, stub->settings.region);
  else if (sc_slice_is(path, "/latest/dynamic/instance-identity/document")) answer_imds_document(stub, zone, reply);
  else answer_text(reply, 404, "not found\n");
}

/* ---- containers ---- */

static void get_container(struct scl_stub_credentials *stub, const struct scl_request *request,
                          struct scl_reply *reply) {
  struct scl_key key;
  const char *token = stub->settings.container_token;
  if (token != NULL && !sc_slice_is(scl_request_header(request, "authorization"), token)) {
    answer_error(reply, 401, "code", "AccessDenied", "message", "Authorization is not the token configured");
    return;
  }
  issue_for_role(stub, SCL_STUB_ROLE, "container", reply->date_ms, &key);
  struct scl_writer w = begin_json(reply, 200);
  scl_writer_str(&w, "RoleArn", "");
  add_key(&w, &key);
  scl_writer_close_map(&w);
  scl_key_wipe(&key);
}

/* ---- SSO ---- */

static void answer_sso(struct scl_reply *reply, int status, const char *type, const char *text) {
  answer_error(reply, status, "__type", type, "message", text);
}

/* A token made here must not have expired. Any other token is accepted. */
static bool is_bearer(struct scl_stub_credentials *stub, const struct scl_request *request, int64_t now_ms) {
  struct sc_slice bearer = scl_request_header(request, "x-amz-sso_bearer_token");
  int64_t end = scl_stub_token_end(stub, bearer);
  return bearer.len > 0 && (end == 0 || now_ms < end);
}

static void answer_sso_key(struct scl_stub_credentials *stub, const char *role, struct scl_reply *reply) {
  struct scl_key key;
  issue_for_role(stub, role, "sso", reply->date_ms, &key);
  struct scl_writer w = begin_json(reply, 200);
  scl_writer_open_map(&w, "roleCredentials");
  scl_writer_str(&w, "accessKeyId", key.id);
  scl_writer_str(&w, "secretAccessKey", key.secret);
  scl_writer_str(&w, "sessionToken", key.token);
  scl_writer_int(&w, "expiration", key.expires_ms);
  scl_writer_close_map(&w);
  scl_writer_close_map(&w);
  scl_key_wipe(&key);
}

static void get_sso(struct scl_stub_credentials *stub, const struct scl_request *request, struct scl_reply *reply) {
  struct sc_buf role = SC_BUF_INIT, account = SC_BUF_INIT;
  struct sc_slice query = scl_form_query(request->path);
  bool is_whole = scl_form_get(query, "role_name", &role) && scl_form_get(query, "account_id", &account);
  if (!is_bearer(stub, request, reply->date_ms))
    answer_sso(reply, 401, "UnauthorizedException", "Session token not found or invalid");
  else if (!is_whole || role.len == 0 || account.len != 12)
    answer_sso(reply, 400, "InvalidRequestException", "role_name and an account_id of 12 digits are needed");
  else answer_sso_key(stub, sc_buf_str(&role), reply);
  sc_buf_fini(&role);
  sc_buf_fini(&account);
}

static void answer_oidc_error(struct scl_reply *reply, const char *type, const char *error, const char *text) {
  struct scl_writer w = begin_json(reply, 400);
  scl_writer_str(&w, "__type", type);
  scl_writer_str(&w, "error", error);
  scl_writer_str(&w, "error_description", text);
  scl_writer_close_map(&w);
}

static bool has_text(struct sc_json object, const char *name, struct sc_slice *text) {
  return sc_json_str(sc_json_get(object, name), text) && text->len > 0;
}

static void answer_oidc_token(struct scl_stub_credentials *stub, struct scl_reply *reply) {
  struct scl_stub_token access;
  char refresh[SCL_STUB_TOKEN_TEXT];
  scl_stub_token_make(stub, reply->date_ms + stub->settings.expiry_s * 1000, &access);
  scl_stub_random_text(refresh, sizeof(refresh) - 1, SCL_STUB_TOKEN_ALPHABET);
  struct scl_writer w = begin_json(reply, 200);
  scl_writer_str(&w, "accessToken", access.text);
  scl_writer_int(&w, "expiresIn", stub->settings.expiry_s);
  scl_writer_str(&w, "refreshToken", refresh);
  scl_writer_str(&w, "tokenType", "Bearer");
  scl_writer_close_map(&w);
}

static void post_token(struct scl_stub_credentials *stub, struct sc_jsondoc *parser, const struct scl_request *request,
                       struct scl_reply *reply) {
  struct sc_error err;
  struct sc_json body;
  struct sc_slice grant, text;
  bool is_object =
      sc_jsondoc_parse(parser, request->body, &body, &err) == SC_OK && sc_json_kind(body) == SC_JSON_OBJECT;
  if (!is_object || !has_text(body, "grantType", &grant) || !has_text(body, "clientId", &text) ||
      !has_text(body, "clientSecret", &text)) {
    answer_oidc_error(reply, "InvalidRequestException", "invalid_request",
                      "clientId, clientSecret and grantType are needed");
    return;
  }
  bool is_refresh = sc_slice_is(grant, "refresh_token");
  if (!is_refresh && !sc_slice_is(grant, "urn:ietf:params:oauth:grant-type:device_code"))
    answer_oidc_error(reply, "UnsupportedGrantTypeException", "unsupported_grant_type",
                      "refresh_token and device_code are");
  else if (!has_text(body, is_refresh ? "refreshToken" : "deviceCode", &text))
    answer_oidc_error(reply, "InvalidGrantException", "invalid_grant", "Invalid grant provided");
  else answer_oidc_token(stub, reply);
}

/* ---- all of them ---- */

enum endpoint { NONE, STS, IMDS_TOKEN, IMDS, CONTAINER, SSO, OIDC };

static enum endpoint find_endpoint(const struct scl_request *request) {
  struct sc_slice path = request->path;
  if (sc_slice_is(request->method, "PUT")) return sc_slice_is(path, "/latest/api/token") ? IMDS_TOKEN : NONE;
  if (sc_slice_is(request->method, "POST")) {
    if (sc_slice_starts(request->content_type, "application/x-www-form-urlencoded")) return STS;
    return sc_slice_is(path, "/token") ? OIDC : NONE;
  }
  if (!sc_slice_is(request->method, "GET")) return NONE;
  if (sc_slice_starts(path, "/latest/")) return IMDS;
  if (sc_slice_starts(path, "/federation/credentials?") || sc_slice_is(path, "/federation/credentials")) return SSO;
  return sc_slice_starts(path, "/v2/credentials/") || sc_slice_is(path, "/v1/credentials") ? CONTAINER : NONE;
}

bool scl_stub_credentials_handle(struct scl_stub_credentials *stub, struct sc_jsondoc *parser,
                                 const struct scl_request *request, struct scl_reply *reply) {
  enum endpoint endpoint = find_endpoint(request);
  if (endpoint == NONE) return false;
  if (!request->from_loopback) {
    answer_error(reply, 403, "code", "AccessDenied", "message", "only from this machine");
    return true;
  }
  if (endpoint == STS) scl_stub_sts(stub, request, reply);
  if (endpoint == IMDS_TOKEN) put_imds_token(stub, request, reply);
  if (endpoint == IMDS) get_imds(stub, request, reply);
  if (endpoint == CONTAINER) get_container(stub, request, reply);
  if (endpoint == SSO) get_sso(stub, request, reply);
  if (endpoint == OIDC) post_token(stub, parser, request, reply);
  return true;
}
