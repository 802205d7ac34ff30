#include "net/aws/aws_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct sc_aws_config *config;

static int reset(void **state) {
  (void)state;
  config = sc_aws_config_new();
  return 0;
}

static int drop(void **state) {
  (void)state;
  sc_aws_config_free(config);
  config = NULL;
  return 0;
}

static void add(const char *text, bool is_credentials) {
  struct sc_error err = {0};
  if (sc_aws_config_add(config, sc_slice_str(text), is_credentials, "test", &err)) fail_msg("%s", err.text);
}

static void is(const char *profile, const char *key, const char *value) {
  const char *got = sc_aws_config_profile(config, profile, key);
  if (!value) assert_null(got);
  else {
    assert_non_null(got);
    assert_string_equal(got, value);
  }
}

static void profiles(void **state) {
  (void)state;
  add("# my file\n"
      "[default]\nregion = us-east-1\noutput=json\r\n\n"
      "[profile work]\n Region = ignored\n REGION: eu-west-1 # home\n"
      "[profile \"two words\"] # mine\nregion = a;b\nempty =\n"
      "[sso-session x]\nregion = nowhere\nsso_region = there\n"
      "[work]\nregion = not-a-profile\n",
      false);
  is("default", "region", "us-east-1");
  is("default", "output", "json");
  is("work", "region", "eu-west-1 # home");
  is("two words", "region", "a;b");
  is("two words", "empty", NULL);
  is("x", "region", NULL);
  is("nobody", "region", NULL);
  assert_true(sc_aws_config_has_profile(config, "work"));
  assert_false(sc_aws_config_has_profile(config, "x"));
  assert_true(sc_aws_config_has_sso_session(config, "x"));
  assert_string_equal(sc_aws_config_sso_session(config, "x", "sso_region"), "there");
  assert_null(sc_aws_config_sso_session(config, "work", "region"));
}

/* A section's first key may be indented as it likes; what is deeper than it goes on with its value. */
static void indentation(void **state) {
  (void)state;
  add("  [default]\n    aws_access_key_id = INDENTED\n\n    # a comment\n\taws_secret_access_key = one\n", true);
  is("default", "aws_access_key_id", "INDENTED");
  is("default", "aws_secret_access_key", "one");
  add("[deeper]\nregion = a\n  b = c\nx = 1\r y = 2", true);
  is("deeper", "region", "a\nb = c");
  is("deeper", "x", "1\ny = 2");
  is("deeper", "b", NULL);
}

static void the_later_header_replaces(void **state) {
  (void)state;
  add("[profile default]\nregion = first\nx = 1\n[default]\nregion = second\n[profile default]\nregion = third\n",
      false);
  is("default", "region", "second");
  is("default", "x", NULL);
}

static void each_file_alone(void **state) {
  (void)state;
  add("[profile work]\nregion = config\nx = 1\n", false);
  add("[work]\nregion = credentials\n[profile work]\nx = 2\n", true);
  assert_string_equal(sc_aws_config_profile_in(config, false, "work", "region"), "config");
  assert_string_equal(sc_aws_config_profile_in(config, true, "work", "region"), "credentials");
  assert_null(sc_aws_config_profile_in(config, true, "work", "x"));
  is("work", "x", "1");
  is("profile work", "x", "2");
}

static void credentials_go_before_config(void **state) {
  (void)state;
  add("[profile work]\naws_access_key_id = FROM_CONFIG\nregion = eu-west-1\n", false);
  add("[work]\naws_access_key_id=FROM_CREDENTIALS\naws_secret_access_key = a/b+c=\n[alone]\n", true);
  is("work", "aws_access_key_id", "FROM_CREDENTIALS");
  is("work", "aws_secret_access_key", "a/b+c=");
  is("work", "region", "eu-west-1");
  assert_true(sc_aws_config_has_profile(config, "alone"));
}

static void services_are_nested(void **state) {
  (void)state;
  add("[profile dev]\nservices = local\nendpoint_url = http://all:1\n"
      "[services local]\ns3 =\n  endpoint_url = http://s3:2\nkinesis = \n  endpoint_url = http://kinesis:3\n  other = "
      "4\n"
      "[profile bare]\nservices = missing\n",
      false);
  assert_string_equal(sc_aws_config_service(config, "dev", "kinesis", "endpoint_url"), "http://kinesis:3");
  assert_string_equal(sc_aws_config_service(config, "dev", "s3", "endpoint_url"), "http://s3:2");
  assert_null(sc_aws_config_service(config, "dev", "sqs", "endpoint_url"));
  assert_null(sc_aws_config_service(config, "bare", "kinesis", "endpoint_url"));
  is("dev", "endpoint_url", "http://all:1");
}

/* A nested setting must not be taken for the profile's own: s3 = \n  region = x. */
static void nested_is_not_plain(void **state) {
  (void)state;
  add("[default]\ns3 =\n  region = nested\nregion = plain\ns3 =\n  region = nested-again\n", false);
  is("default", "region", "plain");
  is("default", "s3", NULL);
}

static void same_section_twice(void **state) {
  (void)state;
  add("[profile a]\nregion = one\nx = 1\n[profile b]\n[profile a]\nregion = two\n", false);
  is("a", "region", "two");
  is("a", "x", "1");
}

static void refuse(const char *text, size_t len, const char *line) {
  struct sc_error err = {0};
  assert_int_equal(sc_aws_config_add(config, sc_slice_of(text, len), true, "file", &err), SC_E_CONFIG);
  if (!strstr(err.text, line)) fail_msg("%s", err.text);
  assert_null(strstr(err.text, "topsecret"));
  assert_null(strstr(err.hint, "topsecret"));
}

static void malformed(void **state) {
  (void)state;
  refuse("aws_secret_access_key = topsecret\n", 34, "line 1");
  refuse("[a]\n\ntopsecret\n", 15, "line 3");
  refuse("[a\nb = c\n", 9, "line 1");
  refuse("[]\n", 3, "line 1");
  refuse("[a]\nb =\n topsecret\nc = d", 24, "line 4");
  refuse("[a]\n= topsecret", 15, "line 2");
  refuse("[a]\nb = top\0secret", 18, "line 2");
}

static void files(void **state) {
  (void)state;
  char folder[] = "/tmp/test_aws_config.XXXXXX", path[64];
  struct sc_aws_config *loaded = NULL;
  struct sc_error err = {0};
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof(path), "%s/config", folder);
  FILE *file = fopen(path, "w");
  fputs("\xef\xbb\xbf[default]\nregion = us-west-2", file);
  fclose(file);
  setenv("AWS_CONFIG_FILE", path, 1);
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
  assert_int_equal(sc_aws_config_load(&loaded, &err), SC_OK);
  assert_string_equal(sc_aws_config_profile(loaded, "default", "region"), "us-west-2");
  sc_aws_config_free(loaded);
  setenv("AWS_CONFIG_FILE", folder, 1);
  assert_int_equal(sc_aws_config_load(&loaded, &err), SC_E_CONFIG);
  unlink(path);
  rmdir(folder);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(profiles),
      CASE(indentation),
      CASE(the_later_header_replaces),
      CASE(each_file_alone),
      CASE(credentials_go_before_config),
      CASE(services_are_nested),
      CASE(nested_is_not_plain),
      CASE(same_section_twice),
      CASE(malformed),
      CASE(files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
