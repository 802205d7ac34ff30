#include "engine/base/log.h"

#include <stdio.h>

#include "tests/unit/engine/base/check.h"

static void check(const char *url, const char *expected) {
  struct sc_buf out = SC_BUF_INIT;
  sc_log_redact_url(&out, sc_slice_str(url));
  assert_string_equal(sc_buf_str(&out), expected);
  sc_buf_fini(&out);
}

static void unchanged(const char *url) { check(url, url); }

static void test_passwords_of_user_info(void **state) {
  (void)state;
  check("postgresql://u:pw@h/db", "postgresql://u:***@h/db");
  check("postgresql://u:@h/db", "postgresql://u:***@h/db");
  check("postgresql://:pw@h/db", "postgresql://:***@h/db");
  check("postgresql://u:p%40w@h:5432/db", "postgresql://u:***@h:5432/db");
  check("postgresql://u:a:b@h1:5432,h2:5433/db", "postgresql://u:***@h1:5432,h2:5433/db");
  check("postgresql://u:pw@[::1]:5432/db", "postgresql://u:***@[::1]:5432/db");
  check("kinesis://AKIAKEY:SECRET@aws/s", "kinesis://AKIAKEY:***@aws/s");
  check("kinesis://AKIAKEY:SEC/RET+x=@aws/s", "kinesis://AKIAKEY:***@aws/s");
  check("crate://user:pw@host:4200/schema/table?ssl=true", "crate://user:***@host:4200/schema/table?ssl=true");
  check("https://u:pw@proxy", "https://u:***@proxy");
}

static void test_parameters_named_like_secrets(void **state) {
  (void)state;
  check("postgresql://u:pw@h/db?password=x&sslpassword=y&sslmode=require",
        "postgresql://u:***@h/db?password=***&sslpassword=***&sslmode=require");
  check("postgresql://h/db?user=a&password=", "postgresql://h/db?user=a&password=***");
  check("postgresql:///db?PASSWORD=x&host=/tmp", "postgresql:///db?PASSWORD=***&host=/tmp");
  check("postgresql://h/db?pass%77ord=x", "postgresql://h/db?pass%77ord=***");
  check("kinesis:?table=t&region_name=eu-west-1&aws_access_key_id=AK&aws_secret_access_key=SE&aws_session_token=TO",
        "kinesis:?table=t&region_name=eu-west-1&aws_access_key_id=***&aws_secret_access_key=***&aws_session_token=***");
  check("kinesis://s?secret-access-key=a/b+c=&region=x", "kinesis://s?secret-access-key=***&region=x");
  check("https://h/?X-Amz-Credential=AK&X-Amz-Signature=beef&X-Amz-Security-Token=t",
        "https://h/?X-Amz-Credential=***&X-Amz-Signature=***&X-Amz-Security-Token=***");
  check("kinesis://s?endpoint=https://u:pw@h&region=x", "kinesis://s?endpoint=***&region=x");
  check("kinesis://s?endpoint=https%3A%2F%2Fu%3Apw%40h", "kinesis://s?endpoint=***");
}

static void test_conninfo(void **state) {
  (void)state;
  check("host=x password=y", "host=x password=***");
  check("host=x password=y user=z", "host=x password=*** user=z");
  check("  password = y  host = x ", "  password = ***  host = x ");
  check("password='a b' host=x", "password=*** host=x");
  check("password='a\\' b' host=x", "password=*** host=x");
  check("password=a\\ b host=x", "password=*** host=x");
  check("password='never closed host=x", "password=***");
  check("password='ends in a backslash\\", "password=***");
  check("password=correct horse battery dbname=x", "password=*** *** *** dbname=x");
  check("host=x password=", "host=x password=");
  check("host=x sslpassword=y passfile=/p", "host=x sslpassword=*** passfile=***");
  check("aws_secret_access_key=abc", "aws_secret_access_key=***");
  check("AWS_SESSION_TOKEN=abc", "AWS_SESSION_TOKEN=***");
}

static void test_nothing_to_hide(void **state) {
  (void)state;
  unchanged("");
  unchanged("-");
  unchanged("null:");
  unchanged("demo.ndjson");
  unchanged("kinesis://clicks");
  unchanged("kinesis://127.0.0.1:4567/demo");
  unchanged("kinesis://localhost:4567/demo?region=us-east-1");
  unchanged("kinesis://arn:aws:kinesis:us-east-1:123456789012:stream/clicks");
  unchanged("postgresql://me@db.example/app?table=raw.clicks");
  unchanged("postgresql://h1:5432,h2:5433/db?target_session_attrs=read-write");
  unchanged("postgresql://h:5432/db?user=a@b&application_name=x");
  unchanged("postgresql://[2001:db8::1]:5432/db");
  unchanged("postgresql:///db?host=/var/run/postgresql");
  unchanged("host=x dbname=y user=z");
}

/* Covering too much is right, showing a password is not. */
static void test_malformed_hides_more(void **state) {
  (void)state;
  check("postgresql://u:p?w@h/db", "postgresql://u:***@h/db");
  check("postgresql://u:p@w@h/db", "postgresql://u:***@h/db");
  check("postgresql://u:p/w@h/db", "postgresql://u:***@h/db");
  check("postgresql://u:p#w@h/db", "postgresql://u:***@h/db");
  check("postgresql://u:p@a/x?b@h/db", "postgresql://u:***@h/db");
  check("postgresql://u:p?x=y@h/db", "postgresql://u:***@h/db");
  check("postgresql://u:5?x=y@h/db", "postgresql://u:***@h/db");
  check("postgresql://u:?x=y@h/db", "postgresql://u:***@h/db");
  check("kinesis://AKIAKEY:SECRET", "kinesis://AKIAKEY:***");
  check("kinesis://AKIAKEY:SEC/RET", "kinesis://AKIAKEY:***");
  check("kinesis:KEY:SECRET@aws/s", "kinesis:***@aws/s");
  check("u:pw@h/db", "u:***@h/db");
  check("u_x:pw=1@h/db", "u_x:***@h/db");
  check(" postgresql://u:pw@h/db", " postgresql:***@h/db");
}

static void test_a_slice_without_bytes(void **state) {
  (void)state;
  struct sc_buf out = SC_BUF_INIT;
  sc_log_redact_url(&out, (struct sc_slice){NULL, 0});
  assert_string_equal(sc_buf_str(&out), "");
  sc_buf_fini(&out);
}

/* Whatever stands around it, a secret of these forms never shows. */
static void test_secret_never_shows_among_odd_characters(void **state) {
  (void)state;
  static const char odd[] = "/?#@:&=%'\\ ,[]a1";
  char url[64];
  for (size_t i = 0; i < sizeof(odd) - 1; i++)
    for (size_t j = 0; j < sizeof(odd) - 1; j++) {
      struct sc_buf out = SC_BUF_INIT;
      snprintf(url, sizeof(url), "postgresql://u:%cHUSH%c@h/db", odd[i], odd[j]);
      sc_log_redact_url(&out, sc_slice_str(url));
      assert_null(strstr(sc_buf_str(&out), "HUSH"));
      assert_non_null(strstr(sc_buf_str(&out), "@h/db"));
      sc_buf_fini(&out);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_passwords_of_user_info),
      cmocka_unit_test(test_parameters_named_like_secrets),
      cmocka_unit_test(test_conninfo),
      cmocka_unit_test(test_nothing_to_hide),
      cmocka_unit_test(test_malformed_hides_more),
      cmocka_unit_test(test_a_slice_without_bytes),
      cmocka_unit_test(test_secret_never_shows_among_odd_characters),
  };
  return cmocka_run_group_tests_name("base/redact", tests, NULL, NULL);
}
