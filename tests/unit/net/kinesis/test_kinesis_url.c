#include "net/kinesis/kinesis_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARN "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"

/* Options as "name=value;" in the order they came. */
struct given {
  char text[4096];
};

static int keep(void *arg, const char *name, const char *value, struct sc_error *err) {
  struct given *given = arg;
  size_t n = strlen(given->text);
  if (strcmp(name, "unknown") == 0) return sc_error_set(err, SC_E_USAGE, "unknown URL parameter %s", name);
  snprintf(given->text + n, sizeof(given->text) - n, "%s=%s;", name, value);
  return SC_OK;
}

static void expect(const char *url, const char *stream, const char *arn, const char *options) {
  struct given given = {""};
  struct sc_kinesis_url out;
  struct sc_error err = {0};
  int rc = sc_kinesis_url_parse(url, keep, &given, &out, &err);
  if (rc) fail_msg("%s: %s", url, err.text);
  assert_string_equal(out.stream, stream);
  assert_string_equal(out.arn, arn);
  assert_string_equal(given.text, options);
}

static void refuse(const char *url, const char *why) {
  struct given given = {""};
  struct sc_kinesis_url out;
  struct sc_error err = {0};
  if (sc_kinesis_url_parse(url, keep, &given, &out, &err) != SC_E_USAGE) fail_msg("%s was taken", url);
  if (!strstr(err.text, why)) fail_msg("%s: %s", url, err.text);
  assert_null(strstr(err.text, "topsecret"));
}

static void forms_of_a_stream(void **state) {
  (void)state;
  expect("kinesis://clicks", "clicks", "", "");
  expect("kinesis://My_stream.v-2", "My_stream.v-2", "", "");
  expect("kinesis://" ARN, "clicks", ARN, "");
  expect("kinesis://" ARN "?region=eu-west-1", "clicks", ARN, "region=eu-west-1;");
  expect("kinesis://aws/clicks", "clicks", "", "");
  expect("kinesis://aws/" ARN, "clicks", ARN, "");
  expect("kinesis://clicks?region=eu-west-1&start=latest", "clicks", "", "region=eu-west-1;start=latest;");
  expect("kinesis://clicks?follow", "clicks", "", "follow=true;");
  expect("kinesis://clicks?start=2023-01-31T15:00:00+00:00", "clicks", "", "start=2023-01-31T15:00:00+00:00;");
  expect("kinesis://clicks?start=2023-01-31%2015%3A00", "clicks", "", "start=2023-01-31 15:00;");
  expect("kinesis://clicks?&region=x&&", "clicks", "", "region=x;");
}

static void other_endpoints(void **state) {
  (void)state;
  expect("kinesis://127.0.0.1:4567/demo", "demo", "", "endpoint=http://127.0.0.1:4567;");
  expect("kinesis://127.0.0.1:4567", "", "", "endpoint=http://127.0.0.1:4567;");
  expect("kinesis://localhost:4567/", "", "", "endpoint=http://localhost:4567;");
  expect("kinesis://LOCALHOST/demo", "demo", "", "endpoint=http://LOCALHOST;");
  expect("kinesis://kinesis.localhost:1/demo", "demo", "", "endpoint=http://kinesis.localhost:1;");
  expect("kinesis://[::1]:4567/demo", "demo", "", "endpoint=http://[::1]:4567;");
  expect("kinesis://[fd00::1]:4567/demo", "demo", "", "endpoint=https://[fd00::1]:4567;");
  expect("kinesis://kinesis.example:8443/demo", "demo", "", "endpoint=https://kinesis.example:8443;");
  expect("kinesis://kinesis.example/demo", "demo", "", "endpoint=https://kinesis.example;");
  expect("kinesis://127.example/demo", "demo", "", "endpoint=https://127.example;");
  expect("kinesis://127.0.0.1:4568/demo?tls=true", "demo", "", "endpoint=https://127.0.0.1:4568;");
  expect("kinesis://kinesis.example:80/demo?tls=0", "demo", "", "endpoint=http://kinesis.example:80;");
  expect("kinesis://127.0.0.1:1/demo?endpoint=https://x:2", "demo", "", "endpoint=https://x:2;");
  expect("kinesis://demo?endpoint=http%3A%2F%2Fx%3A2", "demo", "", "endpoint=http://x:2;");
}

static void user_info(void **state) {
  (void)state;
  expect("kinesis://AKID:topsecret@aws/clicks", "clicks", "", "access-key-id=AKID;secret-access-key=topsecret;");
  expect("kinesis://AKID:top%2Fse%2Bcret@aws/clicks", "clicks", "",
         "access-key-id=AKID;secret-access-key=top/se+cret;");
  expect("kinesis://AKID:top/se+cret=@aws/clicks", "clicks", "", "access-key-id=AKID;secret-access-key=top/se+cret=;");
  expect("kinesis://AKID:topsecret@127.0.0.1:1/clicks", "clicks", "",
         "access-key-id=AKID;secret-access-key=topsecret;endpoint=http://127.0.0.1:1;");
  refuse("kinesis://AKID@aws/clicks", "KEY:SECRET");
  refuse("kinesis://:topsecret@aws/clicks", "KEY:SECRET");
  refuse("kinesis://AKID:topsecret@aws/no stream", "letters");
  refuse("kinesis://AKID:topsecret%zz@aws/clicks", "percent");
}

static void cratedb_toolkit(void **state) {
  (void)state;
  expect(
      "kinesis:?table=clicks&region_name=eu-west-1&aws_access_key_id=AKID&aws_secret_access_key=topsecret"
      "&start_date=2023-01-31&batch_size=100",
      "clicks", "", "region=eu-west-1;access-key-id=AKID;secret-access-key=topsecret;start=2023-01-31;");
  expect("kinesis:?aws_session_token=T&table=" ARN, "clicks", ARN, "session-token=T;");
  expect("kinesis://?table=clicks&namespace=n", "clicks", "", "namespace=n;");
  expect("kinesis://clicks?table=public.t", "clicks", "", "table=public.t;");
  expect("kinesis:", "", "", "");
}

static void bad_ones(void **state) {
  (void)state;
  refuse("kinesis:clicks", "//");
  refuse("kinesis:///clicks", "no host");
  refuse("kinesis://cli cks", "letters");
  refuse("kinesis://clicks/extra/more", "letters");
  refuse("kinesis://arn:aws:kinesis:eu-west-1:12345:stream/x", "ARN");
  refuse("kinesis://arn:aws:sqs:eu-west-1:123456789012:stream/x", "ARN");
  refuse("kinesis://arn:aws:kinesis:eu-west-1:123456789012:stream/x/consumer/c:1", "ARN");
  refuse("kinesis://clicks?unknown=1", "unknown");
  refuse("kinesis://clicks?region=%", "percent");
  refuse("kinesis://clicks?region=%4", "percent");
  refuse("kinesis://clicks?region=%00", "percent");
  refuse("kinesis://clicks?=x", "parameter");
  refuse("kinesis://127.0.0.1:1/x?tls=maybe", "tls");
  refuse("kinesis://clicks?tls=true", "tls");
  refuse("postgresql://x", "not a kinesis");
  assert_false(sc_kinesis_url_claims("kinesis+dms://x"));
}

static void percent_at_the_very_end(void **state) {
  (void)state;
  expect("kinesis://%63licks", "clicks", "", "");
  expect("kinesis://click%73", "clicks", "", "");
}

static void overlong(void **state) {
  (void)state;
  static char url[SC_KINESIS_URL_MAX + 2] = "kinesis://";
  memset(url + 10, 'a', sizeof(url) - 11);
  refuse(url, "more than");
  url[10 + 129] = '\0';
  refuse(url, "letters");
  url[10 + 128] = '\0';
  expect(url, url + 10, "", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forms_of_a_stream), cmocka_unit_test(other_endpoints), cmocka_unit_test(user_info),
      cmocka_unit_test(cratedb_toolkit),   cmocka_unit_test(bad_ones),        cmocka_unit_test(percent_at_the_very_end),
      cmocka_unit_test(overlong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
