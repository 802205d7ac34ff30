#include "bench/local/auth/stub_credentials.h"

#include "tests/unit/bench/local/auth/signed_request.h"
#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000123)
#define FORM "application/x-www-form-urlencoded; charset=utf-8"

struct world {
  struct scl_keyring *ring;
  struct scl_stub_credentials *stub;
  struct sc_jsondoc *parser;
  struct signed_request r; /* the next request: its headers */
  int64_t now_ms;
  int status;
  struct sc_buf body; /* of the last answer */
};

static void begin(struct world *w, const char *container_token) {
  *w = (struct world){.ring = scl_keyring_new(), .parser = sc_jsondoc_new(), .now_ms = NOW};
  struct scl_stub_settings settings = {.account = "000000000000",
                                       .region = "eu-west-1",
                                       .expiry_s = 1000,
                                       .container_token = container_token,
                                       .keys = w->ring};
  w->stub = scl_stub_credentials_new(&settings);
  w->r.request = (struct scl_request){.headers = w->r.headers, .from_loopback = true};
}

static void end(struct world *w) {
  scl_stub_credentials_free(w->stub);
  scl_keyring_free(w->ring);
  sc_jsondoc_free(w->parser);
  sc_buf_fini(&w->body);
}

/* Whether the stubs take it. */
static bool ask(struct world *w, const char *method, const char *path, const char *type, const char *body) {
  struct scl_reply reply = {.date_ms = w->now_ms, .request_id = "id"};
  w->r.request.method = sc_slice_str(method);
  w->r.request.path = sc_slice_str(path);
  w->r.request.content_type = sc_slice_str(type);
  w->r.request.body = sc_slice_str(body);
  bool is_taken = scl_stub_credentials_handle(w->stub, w->parser, &w->r.request, &reply);
  w->status = reply.status;
  sc_buf_clear(&w->body);
  sc_buf_add_slice(&w->body, sc_buf_view(&reply.content.head));
  scl_reply_fini(&reply);
  return is_taken;
}

static const char *get(struct world *w, const char *path) {
  assert_true(ask(w, "GET", path, "", ""));
  return sc_buf_str(&w->body);
}

/* What stands between the two in the last answer. */
static const char *between(struct world *w, const char *before, const char *after, char out[600]) {
  const char *at = strstr(sc_buf_str(&w->body), before);
  if (at == NULL) fail_msg("no %s in %s", before, sc_buf_str(&w->body));
  at += strlen(before);
  const char *stop = strstr(at, after);
  assert_non_null(stop);
  snprintf(out, 600, "%.*s", (int)(stop - at), at);
  return out;
}

/* The key that was handed out is in the ring as it was said. */
static void is_in_ring(struct world *w, const char *id, const char *secret, const char *token, const char *owner,
                       int64_t expires_ms) {
  struct scl_key key;
  assert_true(scl_keyring_find(w->ring, sc_slice_str(id), &key));
  assert_int_equal(strlen(id), 20);
  assert_int_equal(strlen(secret), 40);
  assert_string_equal(key.secret, secret);
  assert_string_equal(key.token, token);
  assert_string_equal(key.owner, owner);
  assert_int_equal(key.expires_ms, expires_ms);
}

static void check_json_key(struct world *w, const char *owner) {
  char id[600], secret[600], token[600];
  between(w, "\"AccessKeyId\":\"", "\"", id);
  between(w, "\"SecretAccessKey\":\"", "\"", secret);
  between(w, "\"Token\":\"", "\"", token);
  is_in_ring(w, id, secret, token, owner, NOW + 1000000);
  assert_non_null(strstr(sc_buf_str(&w->body), "\"Expiration\":\"2023-11-14T22:30:00Z\""));
}

static void test_not_ours(void **state) {
  (void)state;
  static const char *const paths[] = {"/", "/token", "/v1/credentials/x", "/v2/credentials", "/latest", "/federation/"};
  struct world w;
  begin(&w, NULL);
  for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) assert_false(ask(&w, "GET", paths[i], "", ""));
  assert_false(ask(&w, "POST", "/", "application/x-amz-json-1.1", "{}"));
  assert_false(ask(&w, "PUT", "/latest/api/other", "", ""));
  assert_false(ask(&w, "DELETE", "/latest/api/token", "", ""));
  w.r.request.from_loopback = false;
  assert_string_equal(get(&w, "/v1/credentials"), "{\"code\":\"AccessDenied\",\"message\":\"only from this machine\"}");
  assert_int_equal(w.status, 403);
  assert_int_equal(scl_keyring_count(w.ring), 0);
  end(&w);
}

static void test_imds(void **state) {
  (void)state;
  struct world w;
  char token[600];
  begin(&w, NULL);
  get(&w, "/latest/meta-data/placement/region");
  assert_int_equal(w.status, 401);
  set_header(&w.r, "x-aws-ec2-metadata-token-ttl-seconds", "0");
  assert_true(ask(&w, "PUT", "/latest/api/token", "", ""));
  assert_int_equal(w.status, 400);
  set_header(&w.r, "x-aws-ec2-metadata-token-ttl-seconds", "10");
  assert_true(ask(&w, "PUT", "/latest/api/token", "", ""));
  assert_int_equal(w.status, 200);
  snprintf(token, sizeof(token), "%s", sc_buf_str(&w.body));
  assert_int_equal(strlen(token), 56);
  set_header(&w.r, "x-aws-ec2-metadata-token", token);
  assert_string_equal(get(&w, "/latest/meta-data/placement/availability-zone"), "eu-west-1a");
  assert_string_equal(get(&w, "/latest/meta-data/iam/security-credentials/"), "shardcopy-local");
  get(&w, "/latest/meta-data/iam/security-credentials/shardcopy-local");
  assert_non_null(strstr(sc_buf_str(&w.body), "{\"Code\":\"Success\",\"LastUpdated\":\"2023-11-14T22:13:20Z\","));
  check_json_key(&w, "arn:aws:sts::000000000000:assumed-role/shardcopy-local/i-00000000000000000");
  get(&w, "/latest/dynamic/instance-identity/document");
  assert_non_null(strstr(sc_buf_str(&w.body), "\"region\":\"eu-west-1\""));
  get(&w, "/latest/meta-data/other");
  assert_int_equal(w.status, 404);
  w.now_ms = NOW + 10000;
  get(&w, "/latest/meta-data/placement/region");
  assert_int_equal(w.status, 401);
  end(&w);
}

/* The last of many tokens are known. */
static void test_many_tokens(void **state) {
  (void)state;
  struct world w;
  char first[600];
  begin(&w, NULL);
  for (int i = 0; i <= 256; i++) {
    set_header(&w.r, "x-aws-ec2-metadata-token-ttl-seconds", "10");
    assert_true(ask(&w, "PUT", "/latest/api/token", "", ""));
    if (i == 0) snprintf(first, sizeof(first), "%s", sc_buf_str(&w.body));
  }
  char last[600];
  snprintf(last, sizeof(last), "%s", sc_buf_str(&w.body));
  set_header(&w.r, "x-aws-ec2-metadata-token", last);
  assert_string_equal(get(&w, "/latest/meta-data/placement/region"), "eu-west-1");
  set_header(&w.r, "x-aws-ec2-metadata-token", first);
  get(&w, "/latest/meta-data/placement/region");
  assert_int_equal(w.status, 401);
  end(&w);
}

static void test_containers(void **state) {
  (void)state;
  struct world w;
  begin(&w, NULL);
  get(&w, "/v2/credentials/any-thing");
  check_json_key(&w, "arn:aws:sts::000000000000:assumed-role/shardcopy-local/container");
  end(&w);
  begin(&w, "secret");
  get(&w, "/v1/credentials");
  assert_int_equal(w.status, 401);
  set_header(&w.r, "authorization", "secret");
  get(&w, "/v1/credentials");
  assert_int_equal(w.status, 200);
  end(&w);
}

static void test_sso(void **state) {
  (void)state;
  static const char path[] = "/federation/credentials?role_name=a%20b&account_id=123456789012";
  struct world w;
  char access[600], id[600], secret[600], token[600];
  begin(&w, NULL);
  assert_string_equal(get(&w, path),
                      "{\"__type\":\"UnauthorizedException\",\"message\":\"Session token not found or invalid\"}");
  assert_int_equal(w.status, 401);
  assert_true(
      ask(&w, "POST", "/token", "application/json",
          "{\"clientId\":\"i\",\"clientSecret\":\"s\",\"grantType\":\"refresh_token\",\"refreshToken\":\"r\"}"));
  assert_int_equal(w.status, 200);
  assert_non_null(strstr(sc_buf_str(&w.body), "\"expiresIn\":1000,"));
  between(&w, "\"accessToken\":\"", "\"", access);
  set_header(&w.r, "x-amz-sso_bearer_token", access);
  get(&w, path);
  between(&w, "\"accessKeyId\":\"", "\"", id);
  between(&w, "\"secretAccessKey\":\"", "\"", secret);
  between(&w, "\"sessionToken\":\"", "\"", token);
  is_in_ring(&w, id, secret, token, "arn:aws:sts::000000000000:assumed-role/a b/sso", NOW + 1000000);
  assert_non_null(strstr(sc_buf_str(&w.body), "\"expiration\":1700001000123}}"));
  get(&w, "/federation/credentials?role_name=a&account_id=1");
  assert_int_equal(w.status, 400);
  get(&w, "/federation/credentials");
  assert_int_equal(w.status, 400);
  w.now_ms = NOW + 1000000;
  get(&w, path);
  assert_int_equal(w.status, 401);
  set_header(&w.r, "x-amz-sso_bearer_token", "of somebody else");
  get(&w, path);
  assert_int_equal(w.status, 200);
  end(&w);
}

static void test_oidc_refusals(void **state) {
  (void)state;
  static const char *const bodies[][2] = {
      {"", "invalid_request"},
      {"[]", "invalid_request"},
      {"{\"clientId\":\"i\",\"clientSecret\":\"s\"}", "invalid_request"},
      {"{\"clientId\":1,\"clientSecret\":\"s\",\"grantType\":\"refresh_token\"}", "invalid_request"},
      {"{\"clientId\":\"i\",\"clientSecret\":\"s\",\"grantType\":\"x\"}", "unsupported_grant_type"},
      {"{\"clientId\":\"i\",\"clientSecret\":\"s\",\"grantType\":\"refresh_token\"}", "invalid_grant"},
      {"{\"clientId\":\"i\",\"clientSecret\":\"s\",\"grantType\":\"urn:ietf:params:oauth:grant-type:device_code\"}",
       "invalid_grant"},
  };
  struct world w;
  char error[600];
  begin(&w, NULL);
  for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
    assert_true(ask(&w, "POST", "/token", "application/json", bodies[i][0]));
    assert_int_equal(w.status, 400);
    assert_string_equal(between(&w, "\"error\":\"", "\"", error), bodies[i][1]);
  }
  end(&w);
}

static const char *sts(struct world *w, const char *body) {
  assert_true(ask(w, "POST", "/", FORM, body));
  return sc_buf_str(&w->body);
}

#define V "&Version=2011-06-15"
#define ARN "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fteam%2Freader"

static void test_assume_role(void **state) {
  (void)state;
  struct world w;
  char id[600], secret[600], token[600];
  begin(&w, NULL);
  sts(&w, "Action=AssumeRole" V ARN "&RoleSessionName=me%40there");
  if (w.status != 200) fail_msg("%s", sc_buf_str(&w.body));
  assert_true(sc_slice_starts(
      sc_buf_view(&w.body),
      "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n<AssumeRoleResult>\n"
      "<AssumedRoleUser>\n<AssumedRoleId>AROASHARDCOPYLOCAL000:me@there</AssumedRoleId>\n"
      "<Arn>arn:aws:sts::123456789012:assumed-role/reader/me@there</Arn>\n</AssumedRoleUser>\n<Credentials>\n"));
  between(&w, "<AccessKeyId>", "<", id);
  between(&w, "<SecretAccessKey>", "<", secret);
  between(&w, "<SessionToken>", "<", token);
  is_in_ring(&w, id, secret, token, "arn:aws:sts::123456789012:assumed-role/reader/me@there", NOW + 1000000);
  assert_non_null(strstr(sc_buf_str(&w.body),
                         "<Expiration>2023-11-14T22:30:00Z</Expiration>\n</Credentials>\n"
                         "</AssumeRoleResult>\n<ResponseMetadata>\n<RequestId>id</RequestId>\n"
                         "</ResponseMetadata>\n</AssumeRoleResponse>\n"));
  sts(&w, "Action=AssumeRole" V ARN "&RoleSessionName=me&DurationSeconds=900");
  assert_non_null(strstr(sc_buf_str(&w.body), "<Expiration>2023-11-14T22:28:20Z</Expiration>"));
  sts(&w, "Action=AssumeRole" V ARN "&RoleSessionName=me&DurationSeconds=43200");
  assert_non_null(strstr(sc_buf_str(&w.body), "<Expiration>2023-11-14T22:30:00Z</Expiration>"));
  sts(&w, "Action=AssumeRoleWithWebIdentity" V ARN "&RoleSessionName=me&WebIdentityToken=a.b.c");
  assert_int_equal(w.status, 200);
  assert_non_null(strstr(sc_buf_str(&w.body), "</SubjectFromWebIdentityToken>"));
  end(&w);
}

static void test_caller_identity(void **state) {
  (void)state;
  struct world w;
  begin(&w, NULL);
  assert_non_null(strstr(sts(&w, "Action=GetCallerIdentity" V),
                         "<Arn>arn:aws:iam::000000000000:user/shardcopy-local</Arn>\n<UserId>AIDASHARDCOPYLOCAL000"
                         "</UserId>\n<Account>000000000000</Account>\n"));
  end(&w);
}

static void refused(struct world *w, const char *body, int status, const char *code, const char *text) {
  struct sc_buf want = SC_BUF_INIT;
  sc_buf_printf(&want,
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n<Error>\n<Type>Sender</Type>\n"
                "<Code>%s</Code>\n<Message>%s</Message>\n</Error>\n<RequestId>id</RequestId>\n</ErrorResponse>\n",
                code, text);
  assert_string_equal(sts(w, body), sc_buf_str(&want));
  assert_int_equal(w->status, status);
  sc_buf_fini(&want);
}

static void test_sts_refusals(void **state) {
  (void)state;
  struct world w;
  begin(&w, NULL);
  refused(&w, "", 400, "InvalidAction", "Could not find operation  for version ");
  refused(&w, "Action=A%3Cb%3E%26%22" V, 400, "InvalidAction",
          "Could not find operation A&lt;b&gt;&amp;&quot; for version 2011-06-15");
  refused(&w, "Action=AssumeRole&Version=2", 400, "InvalidAction", "Could not find operation AssumeRole for version 2");
  refused(&w, "Action=AssumeRole" V, 400, "ValidationError",
          "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null");
  refused(&w, "Action=AssumeRole" V "&RoleArn=x", 400, "ValidationError",
          "1 validation error detected: Value 'x' at 'roleArn' failed to satisfy constraint: Member must have length "
          "greater than or equal to 20");
  refused(&w, "Action=AssumeRole" V "&RoleArn=arn:aws:iam::123456789012:user/x", 400, "ValidationError",
          "Request ARN is invalid");
  refused(&w, "Action=AssumeRole" V "&RoleArn=arn:aws:iam::123456789012:role/", 400, "ValidationError",
          "Request ARN is invalid");
  refused(
      &w, "Action=AssumeRole" V ARN, 400, "ValidationError",
      "1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: Member must not be "
      "null");
  refused(&w, "Action=AssumeRole" V ARN "&RoleSessionName=a b", 400, "ValidationError",
          "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must "
          "satisfy regular expression pattern: [\\w+=,.@-]*");
  refused(
      &w, "Action=AssumeRole" V ARN "&RoleSessionName=me&DurationSeconds=899", 400, "ValidationError",
      "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have "
      "value greater than or equal to 900");
  refused(&w, "Action=AssumeRole" V ARN "&RoleSessionName=me&DurationSeconds=43201", 400, "ValidationError",
          "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must "
          "have value less than or equal to 43200");
  refused(
      &w, "Action=AssumeRoleWithWebIdentity" V ARN "&RoleSessionName=me&WebIdentityToken=abc", 400, "ValidationError",
      "1 validation error detected: Value 'abc' at 'webIdentityToken' failed to satisfy constraint: Member must have "
      "length greater than or equal to 4");
  assert_int_equal(scl_keyring_count(w.ring), 0);
  end(&w);
}

/* Two keys are never the same, whoever asks. */
static void test_random(void **state) {
  (void)state;
  struct world w;
  begin(&w, NULL);
  for (int i = 0; i < 100; i++) get(&w, "/v1/credentials");
  assert_int_equal(scl_keyring_count(w.ring), 100);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_not_ours),     cmocka_unit_test(test_imds),
      cmocka_unit_test(test_many_tokens),  cmocka_unit_test(test_containers),
      cmocka_unit_test(test_sso),          cmocka_unit_test(test_oidc_refusals),
      cmocka_unit_test(test_assume_role),  cmocka_unit_test(test_caller_identity),
      cmocka_unit_test(test_sts_refusals), cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests_name("local/stub_credentials", tests, NULL, NULL);
}
