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
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"};
static struct sc_aws_config *config;
static struct sc_endpoint got;
static struct sc_error err;

static int reset(void **state) {
  static const char text[] =
      "[profile dev]\nregion = ap-south-1\nendpoint_url = http://profile:1\n"
      "[profile both]\nregion = x-1\nendpoint_url = http://profile:1\nservices = s\n"
      "[services s]\nkinesis =\n  endpoint_url = http://services:2\n"
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
  expect((struct sc_endpoint_ask){.arn = ARN, .region = "sa-east-1", .endpoint = "http://x"}, "http://x/", "sa-east-1");
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

static void variants_are_refused(void **state) {
  (void)state;
  assert_int_equal(resolve((struct sc_endpoint_ask){.profile = "fips"}), SC_E_CONFIG);
  assert_non_null(strstr(err.text, "FIPS"));
  expect((struct sc_endpoint_ask){.profile = "fips", .endpoint = "https://kinesis-fips.us-east-1.amazonaws.com"},
         "https://kinesis-fips.us-east-1.amazonaws.com/", "us-east-1");
  setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
  assert_int_equal(resolve((struct sc_endpoint_ask){.region = "us-east-1"}), SC_E_CONFIG);
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
      CASE(region_order),         CASE(endpoint_order),  CASE(partitions),
      CASE(account_endpoints),    CASE(hosts_and_ports), CASE(bad_urls_and_regions),
      CASE(variants_are_refused), CASE(aws_hosts),       CASE(arns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
