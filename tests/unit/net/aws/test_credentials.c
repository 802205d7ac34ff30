#include "net/aws/credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/log.h"
#include "net/aws/aws_config.h"

static const char *const variables[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI"};
static struct sc_aws_config *config;
static struct sc_credentials got;
static struct sc_error err;

static int reset(void **state) {
  static const char text[] =
      "[keys]\naws_access_key_id = PROFILE_ID\naws_secret_access_key = profile-secret\naws_session_token = "
      "profile-token\n"
      "[half]\naws_access_key_id = HALF\n"
      "[role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = keys\n"
      "[sso]\nsso_session = corp\n"
      "[process]\ncredential_process = /bin/topsecret\n"
      "[process_and_keys]\ncredential_process = /bin/x\naws_access_key_id = P\naws_secret_access_key = S\n"
      "[region_only]\nregion = us-east-1\n";
  (void)state;
  for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) unsetenv(variables[i]);
  config = sc_aws_config_new();
  assert_int_equal(sc_aws_config_add(config, sc_slice_str(text), true, "test", &err), SC_OK);
  return 0;
}

static int drop(void **state) {
  (void)state;
  sc_credentials_fini(&got);
  sc_aws_config_free(config);
  return 0;
}

static int resolve(struct sc_credentials_ask ask) {
  ask.config = config;
  if (!ask.profile) ask.profile = "default";
  sc_credentials_fini(&got);
  return sc_credentials_resolve(&ask, &got, &err);
}

static void expect(struct sc_credentials_ask ask, const char *key_id, const char *secret, const char *token) {
  if (resolve(ask)) fail_msg("%s", err.text);
  assert_string_equal(got.key_id, key_id);
  assert_string_equal(got.secret, secret);
  if (token) assert_string_equal(got.token, token);
  else assert_null(got.token);
}

static void environment(const char *id, const char *secret, const char *token) {
  if (id) setenv(variables[0], id, 1);
  if (secret) setenv(variables[1], secret, 1);
  if (token) setenv(variables[2], token, 1);
}

static void options_first(void **state) {
  (void)state;
  environment("ENV_ID", "env-secret", "env-token");
  expect((struct sc_credentials_ask){.key_id = "ID", .secret = "s", .token = "t"}, "ID", "s", "t");
  expect((struct sc_credentials_ask){.key_id = "ID", .secret = "s"}, "ID", "s", NULL);
}

static void environment_next(void **state) {
  (void)state;
  environment("ENV_ID", "env-secret", "env-token");
  expect((struct sc_credentials_ask){.profile = "keys"}, "ENV_ID", "env-secret", "env-token");
  environment(NULL, NULL, "");
  expect((struct sc_credentials_ask){0}, "ENV_ID", "env-secret", NULL);
}

static void asked_profile_skips_environment(void **state) {
  (void)state;
  environment("ENV_ID", "env-secret", NULL);
  expect((struct sc_credentials_ask){.profile = "keys", .profile_asked = true}, "PROFILE_ID", "profile-secret",
         "profile-token");
}

static void half_a_key_is_an_error(void **state) {
  (void)state;
  assert_int_equal(resolve((struct sc_credentials_ask){.key_id = "ID"}), SC_E_CONFIG);
  assert_non_null(strstr(err.text, "secret access key is missing"));
  assert_int_equal(resolve((struct sc_credentials_ask){.secret = "topsecret"}), SC_E_CONFIG);
  assert_non_null(strstr(err.text, "access key id is missing"));
  assert_null(strstr(err.text, "topsecret"));
  environment("ENV_ID", NULL, NULL);
  assert_int_equal(resolve((struct sc_credentials_ask){.custom_endpoint = true}), SC_E_CONFIG);
  unsetenv(variables[0]);
  assert_int_equal(resolve((struct sc_credentials_ask){.profile = "half"}), SC_E_CONFIG);
}

static void what_is_not_supported_is_named(void **state) {
  (void)state;
  assert_int_equal(resolve((struct sc_credentials_ask){.profile = "role"}), SC_E_CONFIG);
  assert_non_null(strstr(err.text, "role_arn"));
  assert_int_equal(resolve((struct sc_credentials_ask){.profile = "sso", .custom_endpoint = true}), SC_E_CONFIG);
  assert_non_null(strstr(err.text, "sso_session"));
  assert_non_null(strstr(err.hint, "export-credentials --profile sso"));
  assert_int_equal(resolve((struct sc_credentials_ask){.profile = "process"}), SC_E_CONFIG);
  assert_non_null(strstr(err.text, "credential_process"));
  assert_null(strstr(err.text, "topsecret"));
  expect((struct sc_credentials_ask){.profile = "process_and_keys"}, "P", "S", NULL);
}

static void nothing_there(void **state) {
  (void)state;
  assert_int_equal(resolve((struct sc_credentials_ask){.profile = "nobody"}), SC_E_CONFIG);
  assert_non_null(strstr(err.text, "nobody"));
  assert_int_equal(resolve((struct sc_credentials_ask){.profile = "region_only"}), SC_E_AUTH);
  assert_int_equal(resolve((struct sc_credentials_ask){0}), SC_E_AUTH);
  setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
  assert_int_equal(resolve((struct sc_credentials_ask){0}), SC_E_AUTH);
  assert_non_null(strstr(err.text, "container"));
}

static void dummy_on_custom_endpoints(void **state) {
  (void)state;
  expect((struct sc_credentials_ask){.custom_endpoint = true}, "dummy", "dummy", NULL);
  assert_string_equal(got.origin, "dummy");
  expect((struct sc_credentials_ask){.custom_endpoint = true, .profile = "keys"}, "PROFILE_ID", "profile-secret",
         "profile-token");
}

/* A line break in a key or token would be a header of its own. */
static void no_header_smuggling(void **state) {
  (void)state;
  assert_int_equal(resolve((struct sc_credentials_ask){.key_id = "ID", .secret = "s", .token = "a\r\nX: topsecret"}),
                   SC_E_CONFIG);
  assert_null(strstr(err.text, "topsecret"));
  assert_int_equal(resolve((struct sc_credentials_ask){.key_id = "I D", .secret = "s"}), SC_E_CONFIG);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(options_first),          CASE(environment_next),
      CASE(half_a_key_is_an_error), CASE(asked_profile_skips_environment),
      CASE(nothing_there),          CASE(what_is_not_supported_is_named),
      CASE(no_header_smuggling),    CASE(dummy_on_custom_endpoints),
  };
  sc_log_init(SC_ERROR_LEVEL, false);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
