#include "net/aws/credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "net/aws/aws_config.h"
#include "tests/unit/net/http/peer.h"

#define KEYS_REPLY(id)                                           \
  "<R><AccessKeyId>" id                                          \
  "</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>" \
  "<SessionToken>role+token/==</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></R>"
#define AGENT_REPLY                                                                       \
  "{\"Code\":\"Success\",\"AccessKeyId\":\"AGENT\",\"SecretAccessKey\":\"agent-secret\"," \
  "\"Token\":\"agent-token\",\"Expiration\":\"2999-01-01T00:00:00Z\"}"

static struct sc_aws_config *config;
static struct sc_credentials *credentials;
static struct sc_keys *got;
static struct sc_error err;
static struct peer peer;
static bool has_peer;
static char folder[64];

static const char config_text[] =
    "[profile role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = keys\nexternal_id = e/1\n"
    "role_session_name = me\nduration_seconds = 900\n"
    "[profile nested]\nrole_arn = arn:aws:iam::2:role/y\nsource_profile = role\n"
    "[profile self]\nrole_arn = arn:aws:iam::3:role/z\nsource_profile = self\naws_access_key_id = SELF\n"
    "aws_secret_access_key = self-secret\n"
    "[profile circle]\nrole_arn = a\nsource_profile = round\n[profile round]\nrole_arn = b\nsource_profile = circle\n"
    "[profile nowhere]\nrole_arn = a\nsource_profile = missing\n"
    "[profile nothing]\nrole_arn = a\nsource_profile = region_only\n"
    "[profile both]\nrole_arn = a\nsource_profile = keys\ncredential_source = Environment\n"
    "[profile neither]\nrole_arn = a\n"
    "[profile of_environment]\nrole_arn = arn:aws:iam::4:role/e\ncredential_source = environment\n"
    "[profile of_stranger]\nrole_arn = a\ncredential_source = Stranger\n"
    "[profile mfa]\nrole_arn = a\nsource_profile = keys\nmfa_serial = arn:aws:iam::1:mfa/me\n"
    "[profile login]\nlogin_session = x\n"
    "[profile sso_half]\nsso_account_id = 111122223333\n"
    "[profile sso_lost]\nsso_account_id = 1\nsso_role_name = r\nsso_session = lost\n"
    "[profile sso]\nsso_account_id = 111122223333\nsso_role_name = reader\nsso_session = corp\n"
    "[sso-session corp]\nsso_start_url = https://x.example/start\nsso_region = eu-west-1\n"
    "[profile failing]\ncredential_process = /bin/false --topsecret\n"
    "[profile unclosed]\ncredential_process = /bin/echo 'x\n"
    "[profile absent]\ncredential_process = /nonexistent/program\n"
    "[profile not_json]\ncredential_process = /bin/echo topsecret\n"
    "[profile version]\ncredential_process = /bin/echo '{\"Version\":2}'\n"
    "[profile process]\ncredential_process = /bin/echo "
    "'{\"Version\":1,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"proc secret\"}'\n"
    "[profile process_and_keys]\ncredential_process = /bin/false\naws_access_key_id = CONF\n"
    "aws_secret_access_key = S\n"
    "[profile region_only]\nregion = us-east-1\n";
static const char credentials_text[] =
    "[keys]\naws_access_key_id = PROFILE_ID\naws_secret_access_key = profile-secret\n"
    "aws_session_token = profile-token\n[half]\naws_access_key_id = HALF\n";

extern char **environ;

static int reset(void **state) {
  (void)state;
  for (char **at = environ; *at != NULL;) {
    char name[128];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(*at, "="), *at);
    if (strncmp(name, "AWS_", 4) == 0) unsetenv(name), at = environ;
    else at++;
  }
  snprintf(folder, sizeof(folder), "/tmp/test_credentials.XXXXXX");
  assert_non_null(mkdtemp(folder));
  setenv("HOME", folder, 1);
  setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  config = sc_aws_config_new();
  assert_int_equal(sc_aws_config_add(config, sc_slice_str(config_text), false, "config", &err), SC_OK);
  assert_int_equal(sc_aws_config_add(config, sc_slice_str(credentials_text), true, "credentials", &err), SC_OK);
  return 0;
}

static void close_all(void) {
  sc_keys_release(got);
  sc_credentials_close(credentials);
  got = NULL;
  credentials = NULL;
}

static void remove_file(const char *name) {
  char path[256];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  if (unlink(path) != 0) rmdir(path);
}

static int drop(void **state) {
  (void)state;
  close_all();
  sc_aws_config_free(config);
  if (has_peer) peer_close(&peer), peer_free(&peer);
  has_peer = false;
  remove_file("file");
  remove_file(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json");
  remove_file(".aws/sso/cache");
  remove_file(".aws/sso");
  remove_file(".aws");
  rmdir(folder);
  return 0;
}

static void script(const struct answer *answers, size_t n) {
  peer_open(&peer, answers, n);
  has_peer = true;
}
#define SCRIPT(answers) script(answers, sizeof(answers) / sizeof((answers)[0]))

static int resolve(struct sc_credentials_ask ask) {
  ask.services.config = config;
  ask.services.region = "eu-west-1";
  if (has_peer) ask.services.endpoint = peer.url;
  if (!ask.services.profile) ask.services.profile = "default";
  close_all();
  int rc = sc_credentials_open(&ask, &credentials, &err);
  if (rc == SC_OK) got = sc_credentials_keys(credentials);
  return rc;
}

static void expect(struct sc_credentials_ask ask, const char *key_id, const char *secret, const char *token) {
  if (resolve(ask)) fail_msg("%s", err.text);
  struct sc_sigv4_key key = sc_keys_view(got);
  assert_string_equal(key.key_id, key_id);
  assert_string_equal(key.secret, secret);
  if (token) assert_string_equal(key.token, token);
  else assert_null(key.token);
}

static struct sc_credentials_ask profile(const char *name) {
  return (struct sc_credentials_ask){.services = {.profile = name}, .profile_asked = true};
}

static void refuse(struct sc_credentials_ask ask, int code, const char *text) {
  assert_int_equal(resolve(ask), code);
  if (!strstr(err.text, text)) fail_msg("%s", err.text);
  assert_null(strstr(err.text, "topsecret"));
  assert_null(strstr(err.hint, "topsecret"));
}

static void environment(const char *id, const char *secret, const char *token) {
  if (id) setenv("AWS_ACCESS_KEY_ID", id, 1);
  if (secret) setenv("AWS_SECRET_ACCESS_KEY", secret, 1);
  if (token) setenv("AWS_SESSION_TOKEN", token, 1);
}

/* ---- keys that stand somewhere ---- */

static void options_first(void **state) {
  (void)state;
  environment("ENV_ID", "env-secret", "env-token");
  expect((struct sc_credentials_ask){.key_id = "ID", .secret = "s", .token = "t"}, "ID", "s", "t");
  expect((struct sc_credentials_ask){.key_id = "ID\n", .secret = " s\r\n"}, "ID", "s", NULL);
  assert_string_equal(sc_credentials_origin(credentials), "options");
}

static void environment_next(void **state) {
  (void)state;
  environment("ENV_ID", "env-secret\n", "env-token");
  expect((struct sc_credentials_ask){.services = {.profile = "keys"}}, "ENV_ID", "env-secret", "env-token");
  environment(NULL, NULL, "");
  expect((struct sc_credentials_ask){0}, "ENV_ID", "env-secret", NULL);
  expect(profile("keys"), "PROFILE_ID", "profile-secret", "profile-token");
  assert_string_equal(sc_credentials_origin(credentials), "profile keys: credentials file");
  struct sc_credentials_ask ask = profile("keys");
  ask.kind = "env";
  expect(ask, "ENV_ID", "env-secret", NULL);
}

static void half_a_key_is_an_error(void **state) {
  (void)state;
  refuse((struct sc_credentials_ask){.key_id = "ID"}, SC_E_CONFIG, "secret access key is missing");
  refuse((struct sc_credentials_ask){.secret = "topsecret"}, SC_E_CONFIG, "access key id is missing");
  environment("ENV_ID", NULL, NULL);
  refuse((struct sc_credentials_ask){.custom_endpoint = true}, SC_E_CONFIG, "environment");
  unsetenv("AWS_ACCESS_KEY_ID");
  refuse(profile("half"), SC_E_CONFIG, "credentials file");
}

/* A line break in a key or token would be a header of its own. */
static void no_header_smuggling(void **state) {
  (void)state;
  refuse((struct sc_credentials_ask){.key_id = "ID", .secret = "s", .token = "a\r\nX: topsecret"}, SC_E_CONFIG,
         "blanks");
  refuse((struct sc_credentials_ask){.key_id = "I D", .secret = "s"}, SC_E_CONFIG, "blanks");
}

static void each_place_says_why_not(void **state) {
  (void)state;
  static const char *const said[] = {"options: ",
                                     "environment: AWS_ACCESS_KEY_ID",
                                     "role: ",
                                     "web identity: ",
                                     "SSO: ",
                                     "credentials file: ",
                                     "credential process: ",
                                     "config file: ",
                                     "container: ",
                                     "instance metadata: AWS_EC2_METADATA_DISABLED"};
  refuse((struct sc_credentials_ask){0}, SC_E_AUTH, "no AWS credentials");
  for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
    if (!strstr(err.text, said[i])) fail_msg("%s is not in: %s", said[i], err.text);
  refuse(profile("nobody"), SC_E_CONFIG, "no profile nobody");
  refuse(profile("region_only"), SC_E_AUTH, "skipped for --profile");
  refuse((struct sc_credentials_ask){.kind = "imds"}, SC_E_AUTH, "no AWS credentials: instance metadata");
}

static void dummy_on_custom_endpoints(void **state) {
  (void)state;
  expect((struct sc_credentials_ask){.custom_endpoint = true}, "dummy", "dummy", NULL);
  expect((struct sc_credentials_ask){.custom_endpoint = true, .services = {.profile = "keys"}}, "PROFILE_ID",
         "profile-secret", "profile-token");
}

/* ---- processes ---- */

static void processes(void **state) {
  (void)state;
  expect(profile("process"), "PROC", "proc secret", NULL);
  assert_string_equal(sc_credentials_origin(credentials), "profile process: credential process");
  refuse(profile("failing"), SC_E_AUTH, "ended with status 1");
  refuse(profile("unclosed"), SC_E_CONFIG, "quotation");
  refuse(profile("absent"), SC_E_CONFIG, "cannot be started");
  refuse(profile("not_json"), SC_E_AUTH, "no JSON");
  refuse(profile("version"), SC_E_AUTH, "Version 1");
  refuse(profile("process_and_keys"), SC_E_AUTH, "ended with status 1");
}

/* ---- roles ---- */

static void roles_of_profiles(void **state) {
  (void)state;
  static const struct answer answers[] = {{.status = "200 OK", .body = KEYS_REPLY("ROLE1")},
                                          {.status = "200 OK", .body = KEYS_REPLY("ROLE2")},
                                          {.status = "200 OK", .body = KEYS_REPLY("ROLE3")},
                                          {.status = "200 OK", .body = KEYS_REPLY("ROLE4")},
                                          {.status = "200 OK", .body = KEYS_REPLY("ROLE5")}};
  SCRIPT(answers);
  expect(profile("role"), "ROLE1", "role-secret", "role+token/==");
  const char *sent = peer.requests[0];
  assert_non_null(strstr(sent,
                         "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx"
                         "&RoleSessionName=me&ExternalId=e%2F1&DurationSeconds=900"));
  assert_non_null(strstr(sent, "Credential=PROFILE_ID/"));
  assert_non_null(
      strstr(sent, "/eu-west-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"));
  assert_non_null(strstr(sent, "X-Amz-Security-Token: profile-token"));
  expect(profile("nested"), "ROLE3", "role-secret", "role+token/==");
  assert_non_null(strstr(peer.requests[2], "Credential=ROLE2/"));
  expect(profile("self"), "ROLE4", "role-secret", "role+token/==");
  assert_non_null(strstr(peer.requests[3], "Credential=SELF/"));
  environment("ENV_ID", "env-secret", NULL);
  expect(profile("of_environment"), "ROLE5", "role-secret", "role+token/==");
  assert_non_null(strstr(peer.requests[4], "Credential=ENV_ID/"));
}

static void roles_that_cannot_be_taken(void **state) {
  (void)state;
  refuse(profile("circle"), SC_E_CONFIG, "circle");
  refuse(profile("nowhere"), SC_E_CONFIG, "source_profile missing");
  refuse(profile("nothing"), SC_E_CONFIG, "no credentials in its source_profile region_only");
  refuse(profile("both"), SC_E_CONFIG, "both source_profile and credential_source");
  refuse(profile("neither"), SC_E_CONFIG, "needs source_profile or credential_source");
  refuse(profile("of_environment"), SC_E_CONFIG, "nothing was found in its credential_source");
  refuse(profile("of_stranger"), SC_E_CONFIG, "EcsContainer");
  refuse(profile("mfa"), SC_E_CONFIG, "mfa_serial");
  assert_non_null(strstr(err.hint, "export-credentials --profile mfa"));
  refuse(profile("login"), SC_E_CONFIG, "login_session");
  assert_non_null(strstr(err.hint, "export-credentials --profile login"));
}

/* The peer's clock stands in 2026, so what is refused is signed once more with its time. */
static void sts_refuses(void **state) {
  (void)state;
  static const char body[] = "<E><Error><Code>AccessDenied</Code><Message>not &lt;you&gt;</Message></Error></E>";
  static const struct answer answers[] = {{.status = "403 Forbidden", .body = body},
                                          {.status = "403 Forbidden", .body = body},
                                          {.status = "200 OK", .body = "<R><AccessKeyId>X</AccessKeyId></R>"}};
  SCRIPT(answers);
  refuse(profile("role"), SC_E_AUTH, "taking role arn:aws:iam::1:role/x: not <you> (AccessDenied)");
  assert_non_null(strstr(err.hint, "trust policy"));
  assert_null(strstr(peer.requests[0], "X-Amz-Date: 2026010"));
  assert_non_null(strstr(peer.requests[1], "X-Amz-Date: 2026010"));
  refuse(profile("role"), SC_E_PROTOCOL, "without SecretAccessKey");
}

static void a_role_with_whatever_was_found(void **state) {
  (void)state;
  static const struct answer answers[] = {{.status = "200 OK", .body = KEYS_REPLY("ROLE1")}};
  SCRIPT(answers);
  environment("ENV_ID", "env-secret", NULL);
  expect((struct sc_credentials_ask){.kind = "assume-role", .role_arn = "arn:r", .external_id = "x"}, "ROLE1",
         "role-secret", "role+token/==");
  assert_string_equal(sc_credentials_origin(credentials), "environment, then role arn:r");
  assert_non_null(strstr(peer.requests[0], "&RoleSessionName=shardcopy-"));
  assert_non_null(strstr(peer.requests[0], "&ExternalId=x"));
}

static void put_file(const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void web_identities(void **state) {
  (void)state;
  static const struct answer answers[] = {{.status = "200 OK", .body = KEYS_REPLY("WEB")}};
  char path[128];
  SCRIPT(answers);
  put_file("file", "a.b.c\n");
  snprintf(path, sizeof(path), "%s/file", folder);
  setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
  refuse((struct sc_credentials_ask){0}, SC_E_CONFIG, "no role to take");
  setenv("AWS_ROLE_ARN", "arn:web", 1);
  expect((struct sc_credentials_ask){0}, "WEB", "role-secret", "role+token/==");
  assert_non_null(strstr(peer.requests[0], "Action=AssumeRoleWithWebIdentity"));
  assert_non_null(strstr(peer.requests[0], "&WebIdentityToken=a.b.c"));
  assert_null(strstr(peer.requests[0], "Authorization"));
  refuse(profile("region_only"), SC_E_AUTH, "web identity: ");
  setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token", 1);
  refuse((struct sc_credentials_ask){0}, SC_E_CONFIG, "/nonexistent/token");
}

/* ---- agents ---- */

static void containers(void **state) {
  (void)state;
  static const struct answer answers[] = {{.status = "200 OK", .body = AGENT_REPLY},
                                          {.status = "404 Not Found", .body = "topsecret"}};
  char url[128], path[128];
  SCRIPT(answers);
  snprintf(url, sizeof(url), "%scredentials", peer.url);
  put_file("file", "of-file");
  snprintf(path, sizeof(path), "%s/file", folder);
  setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
  setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of-variable", 1);
  setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
  expect((struct sc_credentials_ask){0}, "AGENT", "agent-secret", "agent-token");
  assert_memory_equal(peer.requests[0], "GET /credentials HTTP/1.1\r\n", 27);
  assert_non_null(strstr(peer.requests[0], "Authorization: of-file\r\n"));
  refuse((struct sc_credentials_ask){0}, SC_E_AUTH, "HTTP status 404");
  put_file("file", "of-file\n");
  refuse((struct sc_credentials_ask){0}, SC_E_CONFIG, "control characters");
}

static void container_tokens_go_to_no_stranger(void **state) {
  (void)state;
  static const char *const strangers[] = {"http://example.com/",
                                          "http://169.254.170.2.example.com/",
                                          "http://localhost@example.com/",
                                          "http://[fd00:ec2::24]/",
                                          "ftp://localhost/",
                                          "http://128.0.0.1/",
                                          "http://local host/"};
  for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", strangers[i], 1);
    refuse((struct sc_credentials_ask){0}, SC_E_CONFIG, "must not go to");
  }
}

static void instances(void **state) {
  (void)state;
  static const struct answer answers[] = {{.status = "200 OK", .body = "imds-token"},
                                          {.status = "200 OK", .body = "the-role"},
                                          {.status = "200 OK", .body = AGENT_REPLY},
                                          {.status = "404 Not Found", .body = ""},
                                          {.status = "200 OK", .body = "the-role"},
                                          {.status = "200 OK", .body = "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}"}};
  SCRIPT(answers);
  unsetenv("AWS_EC2_METADATA_DISABLED");
  setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url, 1);
  expect((struct sc_credentials_ask){.custom_endpoint = true}, "AGENT", "agent-secret", "agent-token");
  assert_memory_equal(peer.requests[0], "PUT /latest/api/token HTTP/1.1\r\n", 32);
  assert_non_null(strstr(peer.requests[2], "GET /latest/meta-data/iam/security-credentials/the-role "));
  assert_non_null(strstr(peer.requests[2], "X-aws-ec2-metadata-token: imds-token\r\n"));
  refuse((struct sc_credentials_ask){0}, SC_E_AUTH, "AssumeRoleUnauthorizedAccess");
  assert_null(strstr(peer.requests[4], "metadata-token"));
}

/* ---- SSO ---- */

#define SSO_REPLY                                                                                            \
  "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"sso-secret\",\"sessionToken\":\"t\"," \
  "\"expiration\":32472144000000}}"

static void put_sso(const char *text) {
  char path[256];
  static const char *const folders[] = {".aws", ".aws/sso", ".aws/sso/cache"};
  for (size_t i = 0; i < 3; i++) {
    snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
    mkdir(path, 0700);
  }
  put_file(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", text);
}

static void sso(void **state) {
  (void)state;
  static const struct answer answers[] = {{.status = "200 OK", .body = SSO_REPLY},
                                          {.status = "401 Unauthorized", .body = "{}"},
                                          {.status = "403 Forbidden", .body = "{\"message\":\"No access\"}"}};
  SCRIPT(answers);
  setenv("AWS_ENDPOINT_URL", peer.url, 1);
  refuse(profile("sso_half"), SC_E_CONFIG, "sso_role_name is missing");
  refuse(profile("sso_lost"), SC_E_CONFIG, "no sso-session lost");
  refuse(profile("sso"), SC_E_AUTH, "nobody has logged in");
  assert_string_equal(err.hint, "aws sso login --profile sso");
  put_sso("{\"accessToken\":\"topsecret\",\"expiresAt\":\"2020-01-01T00:00:00Z\"}");
  refuse(profile("sso"), SC_E_AUTH, "login has expired");
  put_sso("{\"accessToken\":\"topsecret\",\"expiresAt\":\"2999-01-01T00:00:00UTC\"}");
  expect(profile("sso"), "SSO", "sso-secret", "t");
  assert_non_null(
      strstr(peer.requests[0], "GET /federation/credentials?role_name=reader&account_id=111122223333 HTTP/1.1\r\n"));
  assert_non_null(strstr(peer.requests[0], "x-amz-sso_bearer_token: topsecret\r\n"));
  refuse(profile("sso"), SC_E_AUTH, "revoked");
  refuse(profile("sso"), SC_E_AUTH, "No access");
}

static void sso_tokens_are_renewed(void **state) {
  (void)state;
  static const struct answer answers[] = {
      {.status = "200 OK", .body = "{\"accessToken\":\"new\",\"expiresIn\":3600,\"refreshToken\":\"next\"}"},
      {.status = "200 OK", .body = SSO_REPLY},
      {.status = "200 OK", .body = SSO_REPLY}};
  SCRIPT(answers);
  setenv("AWS_ENDPOINT_URL", peer.url, 1);
  put_sso(
      "{\"accessToken\":\"old\",\"expiresAt\":\"2020-01-01T00:00:00Z\",\"refreshToken\":\"r\\\"1\",\"clientId\":\"i\","
      "\"clientSecret\":\"c\",\"registrationExpiresAt\":\"2999-01-01T00:00:00Z\"}");
  expect(profile("sso"), "SSO", "sso-secret", "t");
  assert_non_null(strstr(peer.requests[0], "POST /token HTTP/1.1\r\n"));
  assert_non_null(strstr(peer.requests[0], "\"refreshToken\": \"r\\\"1\""));
  assert_non_null(strstr(peer.requests[1], "x-amz-sso_bearer_token: new\r\n"));
  expect(profile("sso"), "SSO", "sso-secret", "t"); /* by the token that was kept */
  assert_non_null(strstr(peer.requests[2], "x-amz-sso_bearer_token: new\r\n"));
}

/* ---- keeping fresh ---- */

static void due(void **state) {
  (void)state;
  assert_int_equal(sc_credentials_due_ms(1000, SC_KEYS_FOREVER, 0), SC_KEYS_FOREVER);
  assert_int_equal(sc_credentials_due_ms(0, 3600000, 0), 2700000);
  assert_int_equal(sc_credentials_due_ms(0, 43200000, 0), 43200000 - 900000);
  assert_int_equal(sc_credentials_due_ms(0, 43200000, 0.5), 43200000 - 900000 - 112500);
  assert_int_equal(sc_credentials_due_ms(0, 4000, 0), 3000);
  assert_int_equal(sc_credentials_due_ms(5000, 5000, 0), 65000);
  assert_int_equal(sc_credentials_due_ms(5000, 4000, 0.5), 95000);
}

/* Answers with status and keys of a number that goes up by one each time it runs. */
static void put_program(const char *lifetime) {
  char path[128], text[512];
  put_file("count", "0");
  snprintf(text, sizeof(text),
           "#!/bin/sh\ncd %s\nn=$(($(cat count)+1))\n[ -e broken ] && exit 3\necho $n >count\n"
           "echo \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"KEY$n\\\",\\\"SecretAccessKey\\\":\\\"s\\\","
           "\\\"Expiration\\\":\\\"$(date -u -d '%s' +%%Y-%%m-%%dT%%H:%%M:%%SZ)\\\"}\"\n",
           folder, lifetime);
  put_file("file", text);
  snprintf(path, sizeof(path), "%s/file", folder);
  chmod(path, 0700);
  snprintf(text, sizeof(text), "[profile program]\ncredential_process = %s\n", path);
  assert_int_equal(sc_aws_config_add(config, sc_slice_str(text), false, "config", &err), SC_OK);
}

static bool wait_for_other_keys(void) {
  for (int i = 0; i < 100; i++) {
    struct sc_keys *now = sc_credentials_keys(credentials);
    bool is_other = now != got;
    sc_keys_release(now);
    if (is_other) return true;
    poll(NULL, 0, 100);
  }
  return false;
}

static void renewed_before_they_expire(void **state) {
  (void)state;
  put_program("+2 seconds");
  expect(profile("program"), "KEY1", "s", NULL);
  assert_true(wait_for_other_keys());
  assert_string_equal(got->key_id, "KEY1"); /* who signed with them may still look at them */
  close_all();
  remove_file("count");
}

static void renewed_when_the_service_says_so(void **state) {
  (void)state;
  put_program("+1 hour");
  expect(profile("program"), "KEY1", "s", NULL);
  assert_true(sc_credentials_expired(credentials, got, &err));
  assert_true(wait_for_other_keys());
  assert_true(sc_credentials_expired(credentials, got, &err)); /* others are there already */
  put_file("broken", "");
  sc_keys_release(got);
  got = sc_credentials_keys(credentials);
  bool is_over = false;
  for (int i = 0; i < 100 && !is_over; i++) {
    is_over = !sc_credentials_expired(credentials, got, &err);
    poll(NULL, 0, 100);
  }
  assert_true(is_over);
  assert_non_null(strstr(err.text, "ended with status 3"));
  struct sc_keys *still = sc_credentials_keys(credentials);
  assert_ptr_equal(still, got);
  sc_keys_release(still);
  close_all();
  remove_file("broken");
  remove_file("count");
}

static void static_keys_are_not_renewed(void **state) {
  (void)state;
  expect((struct sc_credentials_ask){.key_id = "ID", .secret = "s"}, "ID", "s", NULL);
  sc_error_set(&err, SC_E_AUTH, "as it was");
  assert_false(sc_credentials_expired(credentials, got, &err));
  assert_string_equal(err.text, "as it was");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(options_first),
      CASE(environment_next),
      CASE(half_a_key_is_an_error),
      CASE(no_header_smuggling),
      CASE(each_place_says_why_not),
      CASE(dummy_on_custom_endpoints),
      CASE(processes),
      CASE(roles_of_profiles),
      CASE(roles_that_cannot_be_taken),
      CASE(sts_refuses),
      CASE(a_role_with_whatever_was_found),
      CASE(web_identities),
      CASE(containers),
      CASE(container_tokens_go_to_no_stranger),
      CASE(instances),
      CASE(sso),
      CASE(sso_tokens_are_renewed),
      CASE(due),
      CASE(renewed_before_they_expire),
      CASE(renewed_when_the_service_says_so),
      CASE(static_keys_are_not_renewed),
  };
  sc_log_init(SC_ERROR_LEVEL, false);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
