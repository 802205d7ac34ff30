#include "net/aws/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/aws/aws_config.h"

#define ARN "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"

static const char *const variables[] = {"AWS_REGION",
                                        "AWS_DEFAULT_REGION",
                                        "AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_KINESIS",
                                        "AWS_USE_FIPS_ENDPOINT",
                                        "AWS_USE_DUALSTACK_ENDPOINT",
                                        "AWS_ENDPOINT_URL_STS",
                                        "AWS_STS_REGIONAL_ENDPOINTS",
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"};
static struct sc_aws_config *config;
static struct sc_endpoint got;
static struct sc_error err;

static int reset(void **state) {
  static const char text[] =
      "[profile dev]\nregion = ap-south-1\nendpoint_url = http://profile:1\n"
      "[profile both]\nregion = x-1\nendpoint_url = http://profile:1\nservices = s\n"
      "[services s]\nkinesis =\n  endpoint_url = http://services:2\n"
      "sts =\n  endpoint_url = http://sts:3\nsso_oidc =\n  endpoint_url = http://oidc:4\n"
      "[profile fips]\nuse_fips_endpoint = true\nregion = us-east-1\n";
  (void)state;
  for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) unsetenv(variables[i]);
  config = sc_aws_config_new();
  assert_int_equal(sc_aws_config_add(config, sc_slice_str(text), false, "test", &err), SC_OK);
  return 0;
}

static int drop(void **state) {
  (void)state;
  sc_aws_config_free(config);
  return 0;
}

static int resolve(struct sc_endpoint_ask ask) {
  ask.config = config;
  if (!ask.profile) ask.profile = "default";
  return sc_endpoint_resolve(&ask, &got, &err);
}

static void expect(struct sc_endpoint_ask ask, const char *url, const char *region) {
  if (resolve(ask)) fail_msg("%s", err.text);
  assert_string_equal(got.at[SC_ENDPOINT_DATA].url, url);
  assert_string_equal(got.region, region);
}

static void region_order(void **state) {
  (void)state;
  assert_int_equal(resolve((struct sc_endpoint_ask){0}), SC_E_CONFIG);
  assert_non_null(strstr(err.hint, "AWS_REGION"));
  expect((struct sc_endpoint_ask){.profile = "both", .endpoint = "http://x"}, "http://x/", "x-1");
  setenv("AWS_DEFAULT_REGION", "us-west-1", 1);
  expect((struct sc_endpoint_ask){0}, "https://kinesis.us-west-1.amazonaws.com/", "us-west-1");
  setenv("AWS_REGION", "us-west-2", 1);
  expect((struct sc_endpoint_ask){0}, "https://kinesis.us-west-2.amazonaws.com/", "us-west-2");
  expect((struct sc_endpoint_ask){.arn = ARN, .endpoint = "http://x"}, "http://x/", "eu-west-1");
  expect((struct sc_endpoint_ask){.arn = ARN, .region = "eu-west-1", .endpoint = "http://x"}, "http://x/", "eu-west-1");
  assert_int_equal(resolve((struct sc_endpoint_ask){.arn = ARN, .region = "sa-east-1", .endpoint = "http://x"}),
                   SC_E_CONFIG);
  assert_non_null(strstr(err.text, "sa-east-1, but the stream's ARN is of eu-west-1"));
}

static bool region_of_instance(const struct sc_endpoint_ask *ask, char region[SC_REGION_MAX + 1]) {
  (void)ask;
  memcpy(region, "me-south-1", sizeof("me-south-1"));
  return true;
}

static void region_of_the_instance_at_last(void **state) {
  (void)state;
  struct sc_endpoint_ask ask = {.instance_region = region_of_instance};
  expect(ask, "https://kinesis.me-south-1.amazonaws.com/", "me-south-1");
  ask.endpoint = "http://x";
  expect(ask, "http://x/", "us-east-1");
  setenv("AWS_DEFAULT_REGION", "us-west-1", 1);
  ask.endpoint = NULL;
  expect(ask, "https://kinesis.us-west-1.amazonaws.com/", "us-west-1");
}

static void endpoint_order(void **state) {
  (void)state;
  expect((struct sc_endpoint_ask){.profile = "dev"}, "http://profile:1/", "ap-south-1");
  expect((struct sc_endpoint_ask){.profile = "both"}, "http://services:2/", "x-1");
  setenv("AWS_ENDPOINT_URL", "http://env:3", 1);
  expect((struct sc_endpoint_ask){.profile = "both"}, "http://env:3/", "x-1");
  setenv("AWS_ENDPOINT_URL_KINESIS", "http://env:4", 1);
  expect((struct sc_endpoint_ask){.profile = "both"}, "http://env:4/", "x-1");
  expect((struct sc_endpoint_ask){.endpoint = "http://option:5"}, "http://option:5/", "us-east-1");
  assert_true(got.custom);
  assert_false(got.aws);
  setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
  expect((struct sc_endpoint_ask){.profile = "both"}, "https://kinesis.x-1.amazonaws.com/", "x-1");
  assert_true(got.aws);
  assert_false(got.custom);
  expect((struct sc_endpoint_ask){.endpoint = "http://option:5"}, "http://option:5/", "us-east-1");
}

static void partitions(void **state) {
  (void)state;
  expect((struct sc_endpoint_ask){.region = "cn-north-1"}, "https://kinesis.cn-north-1.amazonaws.com.cn/",
         "cn-north-1");
  expect((struct sc_endpoint_ask){.region = "us-gov-west-1"}, "https://kinesis.us-gov-west-1.amazonaws.com/",
         "us-gov-west-1");
  expect((struct sc_endpoint_ask){.region = "us-iso-east-1"}, "https://kinesis.us-iso-east-1.c2s.ic.gov/",
         "us-iso-east-1");
  expect((struct sc_endpoint_ask){.region = "us-isob-east-1"}, "https://kinesis.us-isob-east-1.sc2s.sgov.gov/",
         "us-isob-east-1");
  expect((struct sc_endpoint_ask){.region = "eusc-de-east-1"}, "https://kinesis.eusc-de-east-1.amazonaws.eu/",
         "eusc-de-east-1");
}

static void account_endpoints(void **state) {
  (void)state;
  expect((struct sc_endpoint_ask){.arn = ARN}, "https://123456789012.data-kinesis.eu-west-1.amazonaws.com/",
         "eu-west-1");
  assert_string_equal(got.at[SC_ENDPOINT_CONTROL].host, "123456789012.control-kinesis.eu-west-1.amazonaws.com");
  expect((struct sc_endpoint_ask){.arn = "arn:aws-iso:kinesis:us-iso-east-1:123456789012:stream/x"},
         "https://kinesis.us-iso-east-1.c2s.ic.gov/", "us-iso-east-1");
}

static void hosts_and_ports(void **state) {
  (void)state;
  expect((struct sc_endpoint_ask){.endpoint = "https://h:443/"}, "https://h/", "us-east-1");
  assert_string_equal(got.at[SC_ENDPOINT_DATA].host, "h");
  expect((struct sc_endpoint_ask){.endpoint = "HTTPS://h:80"}, "https://h:80/", "us-east-1");
  assert_string_equal(got.at[SC_ENDPOINT_CONTROL].host, "h:80");
  expect((struct sc_endpoint_ask){.endpoint = "http://[::1]:4567"}, "http://[::1]:4567/", "us-east-1");
  expect((struct sc_endpoint_ask){.endpoint = "http://[0:0:0:0:0:0:0:1]:4567"}, "http://[0:0:0:0:0:0:0:1]:4567/",
         "us-east-1");
  assert_string_equal(got.at[SC_ENDPOINT_DATA].host, "[0:0:0:0:0:0:0:1]:4567");
  expect((struct sc_endpoint_ask){.endpoint = "http://[FE80::1%eth0]:4567"}, "http://[FE80::1%eth0]:4567/",
         "us-east-1");
  assert_string_equal(got.at[SC_ENDPOINT_DATA].host, "[FE80::1]:4567");
  expect((struct sc_endpoint_ask){.endpoint = "https://vpce-1.kinesis.eu-west-1.vpce.amazonaws.com",
                                  .region = "eu-west-1"},
         "https://vpce-1.kinesis.eu-west-1.vpce.amazonaws.com/", "eu-west-1");
  assert_true(got.aws);
}

static void bad_urls_and_regions(void **state) {
  (void)state;
  static const char *const bad[] = {"h:1",           "ftp://h",        "http://",     "http://u:topsecret@h",
                                    "http://h/path", "http://h?x",     "http://h:0",  "http://h:70000",
                                    "http://h:x",    "http://h:1:2",   "http://[::1", "http://[]:1",
                                    "http://a b/",   "http://a\r\nX:1"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (resolve((struct sc_endpoint_ask){.endpoint = bad[i]}) != SC_E_CONFIG) fail_msg("%s was taken", bad[i]);
    assert_null(strstr(err.text, "topsecret"));
  }
  assert_int_equal(resolve((struct sc_endpoint_ask){.region = "us east"}), SC_E_CONFIG);
  assert_int_equal(resolve((struct sc_endpoint_ask){.region = "evil.com/"}), SC_E_CONFIG);
}

/* What botocore's rule sets answer for each. */
static void variants(void **state) {
  (void)state;
  static const struct {
    const char *region;
    bool fips, dual_stack;
    const char *kinesis, *sts;
  } rows[] = {
      {"us-east-1", true, false, "https://kinesis-fips.us-east-1.amazonaws.com/", "sts-fips.us-east-1.amazonaws.com"},
      {"us-east-1", false, true, "https://kinesis.us-east-1.api.aws/", "sts.us-east-1.api.aws"},
      {"us-east-1", true, true, "https://kinesis-fips.us-east-1.api.aws/", "sts-fips.us-east-1.api.aws"},
      {"us-gov-west-1", true, false, "https://kinesis.us-gov-west-1.amazonaws.com/", "sts.us-gov-west-1.amazonaws.com"},
      {"us-gov-west-1", true, true, "https://kinesis-fips.us-gov-west-1.api.aws/", "sts-fips.us-gov-west-1.api.aws"},
      {"cn-north-1", false, true, "https://kinesis.cn-north-1.api.amazonwebservices.com.cn/",
       "sts.cn-north-1.api.amazonwebservices.com.cn"},
      {"us-iso-east-1", true, true, "https://kinesis-fips.us-iso-east-1.api.aws.ic.gov/",
       "sts-fips.us-iso-east-1.api.aws.ic.gov"},
      {"us-isob-east-1", false, true, "https://kinesis.us-isob-east-1.api.aws.scloud/",
       "sts.us-isob-east-1.api.aws.scloud"},
      {"us-isof-south-1", true, false, "https://kinesis-fips.us-isof-south-1.csp.hci.ic.gov/",
       "sts-fips.us-isof-south-1.csp.hci.ic.gov"},
      {"eu-isoe-west-1", false, true, "https://kinesis.eu-isoe-west-1.api.cloud-aws.adc-e.uk/",
       "sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
      {"eusc-de-east-1", true, false, "https://kinesis-fips.eusc-de-east-1.amazonaws.eu/",
       "sts-fips.eusc-de-east-1.amazonaws.eu"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct sc_service_endpoint sts;
    struct sc_endpoint_ask ask = {.region = rows[i].region,
                                  .config = config,
                                  .profile = "default",
                                  .fips = rows[i].fips ? SC_YES : SC_UNSET,
                                  .dual_stack = rows[i].dual_stack ? SC_YES : SC_UNSET};
    expect(ask, rows[i].kinesis, rows[i].region);
    assert_int_equal(sc_endpoint_of_service(&ask, SC_SERVICE_STS, &sts, &err), SC_OK);
    assert_string_equal(sts.at.host, rows[i].sts);
    assert_string_equal(sts.region, rows[i].region);
  }
  expect((struct sc_endpoint_ask){.arn = "arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/x", .fips = SC_YES},
         "https://123456789012.data-kinesis-fips.us-gov-west-1.amazonaws.com/", "us-gov-west-1");
}

static void variants_by_environment_and_profile(void **state) {
  (void)state;
  expect((struct sc_endpoint_ask){.profile = "fips"}, "https://kinesis-fips.us-east-1.amazonaws.com/", "us-east-1");
  expect((struct sc_endpoint_ask){.profile = "fips", .fips = SC_NO}, "https://kinesis.us-east-1.amazonaws.com/",
         "us-east-1");
  assert_int_equal(resolve((struct sc_endpoint_ask){.profile = "fips", .endpoint = "https://h"}), SC_E_CONFIG);
  assert_non_null(strstr(err.text, "FIPS"));
  setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
  expect((struct sc_endpoint_ask){.region = "us-east-1"}, "https://kinesis.us-east-1.api.aws/", "us-east-1");
  setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
  expect((struct sc_endpoint_ask){.profile = "fips"}, "https://kinesis.us-east-1.api.aws/", "us-east-1");
}

static void service(struct sc_endpoint_ask ask, enum sc_service which, const char *url, const char *region) {
  struct sc_service_endpoint got_service;
  ask.config = config;
  if (!ask.profile) ask.profile = "default";
  assert_int_equal(sc_endpoint_of_service(&ask, which, &got_service, &err), SC_OK);
  assert_string_equal(got_service.at.url, url);
  assert_string_equal(got_service.region, region);
}

static void services(void **state) {
  (void)state;
  struct sc_endpoint_ask ask = {.region = "eu-west-1"};
  service(ask, SC_SERVICE_STS, "https://sts.eu-west-1.amazonaws.com/", "eu-west-1");
  service(ask, SC_SERVICE_SSO, "https://portal.sso.eu-west-1.amazonaws.com/", "eu-west-1");
  service(ask, SC_SERVICE_SSO_OIDC, "https://oidc.eu-west-1.amazonaws.com/", "eu-west-1");
  setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy", 1);
  service(ask, SC_SERVICE_STS, "https://sts.amazonaws.com/", "us-east-1");
  ask.region = "af-south-1";
  service(ask, SC_SERVICE_STS, "https://sts.af-south-1.amazonaws.com/", "af-south-1");
  unsetenv("AWS_STS_REGIONAL_ENDPOINTS");
  ask.profile = "both";
  service(ask, SC_SERVICE_STS, "http://sts:3/", "af-south-1");
  service(ask, SC_SERVICE_SSO_OIDC, "http://oidc:4/", "af-south-1");
  service(ask, SC_SERVICE_SSO, "http://profile:1/", "af-south-1");
  setenv("AWS_ENDPOINT_URL_STS", "http://env:5", 1);
  service(ask, SC_SERVICE_STS, "http://env:5/", "af-south-1");
  ask.endpoint = "http://option:6";
  service(ask, SC_SERVICE_STS, "http://option:6/", "af-south-1");
}

static bool is_aws(const char *host) { return sc_endpoint_is_aws_host(sc_slice_str(host)); }

static void aws_hosts(void **state) {
  (void)state;
  assert_true(is_aws("kinesis.eu-west-1.amazonaws.com"));
  assert_true(is_aws("KINESIS.eu-west-1.AMAZONAWS.com"));
  assert_true(is_aws("kinesis.cn-north-1.amazonaws.com.cn"));
  assert_true(is_aws("kinesis.eu-west-1.api.aws"));
  assert_false(is_aws("amazonaws.com"));
  assert_false(is_aws("evilamazonaws.com"));
  assert_false(is_aws("kinesis.amazonaws.com.evil.example"));
  assert_false(is_aws("localhost"));
  assert_false(is_aws(""));
}

static bool is_loopback(const char *authority) {
  return sc_endpoint_is_loopback(sc_endpoint_host(sc_slice_str(authority)));
}

static void loopback(void **state) {
  (void)state;
  static const char *const here[] = {"localhost",   "LocalHost:1", "a.localhost:1",    "127.0.0.1",
                                     "127.9.9.9:1", "[::1]:1",     "[0:0:0:0:0:0:0:1]"};
  static const char *const elsewhere[] = {"",        "xlocalhost",       "128.0.0.1", "127.0.0.1.example.com",
                                          "[::2]:1", "[::ffff:1.2.3.4]", "[",         "localhost.example.com"};
  for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
    if (!is_loopback(here[i])) fail_msg("%s", here[i]);
  for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
    if (is_loopback(elsewhere[i])) fail_msg("%s", elsewhere[i]);
}

static void arns(void **state) {
  (void)state;
  struct sc_stream_arn arn;
  assert_true(sc_stream_arn_parse(SC_SLICE_LITERAL(ARN), &arn));
  assert_true(sc_slice_is(arn.name, "clicks"));
  assert_true(sc_slice_is(arn.account, "123456789012"));
  assert_true(sc_slice_is(arn.region, "eu-west-1"));
  assert_true(sc_stream_arn_parse(SC_SLICE_LITERAL("arn:aws-cn:kinesis:cn-north-1:000000000000:stream/a"), &arn));
  assert_false(sc_stream_arn_parse(SC_SLICE_LITERAL("arn:aws:kinesis:eu-west-1:123456789012:stream/"), &arn));
  assert_false(sc_stream_arn_parse(SC_SLICE_LITERAL("arn:aws:kinesis:eu west:123456789012:stream/a"), &arn));
  assert_false(sc_stream_arn_parse(SC_SLICE_LITERAL("arn:aws:kinesis::123456789012:stream/a"), &arn));
  assert_false(sc_stream_arn_parse(SC_SLICE_LITERAL("arn"), &arn));
  assert_false(sc_stream_arn_parse(SC_SLICE_LITERAL(""), &arn));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(region_order),
      CASE(endpoint_order),
      CASE(partitions),
      CASE(account_endpoints),
      CASE(hosts_and_ports),
      CASE(bad_urls_and_regions),
      CASE(variants),
      CASE(variants_by_environment_and_profile),
      CASE(services),
      CASE(region_of_the_instance_at_last),
      CASE(aws_hosts),
      CASE(loopback),
      CASE(arns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
