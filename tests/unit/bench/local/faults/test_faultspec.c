#include "bench/local/faults/faultspec.h"

#include "tests/unit/engine/base/check.h"

static struct sc_error err;

/* All faults of the list as JSON, freed with it. */
static void write_list(struct scl_faultlist *list, struct sc_buf *out) {
  sc_buf_clear(out);
  for (size_t i = 0; i < list->n; i++) {
    sc_buf_add_str(out, i == 0 ? "{" : ",{");
    scl_fault_write(&list->items[i], out);
    sc_buf_add_char(out, '}');
  }
  scl_faultlist_fini(list);
}

static int read_spec(const char *spec, struct sc_buf *out) {
  struct scl_faultlist list = {0};
  int rc = scl_faultspec_read(sc_slice_str(spec), &list, &err);
  write_list(&list, out);
  return rc;
}

static int read_json(const char *text, struct sc_buf *out) {
  struct sc_jsondoc *doc = sc_jsondoc_new();
  struct scl_faultlist list = {0};
  struct sc_json root;
  assert_null(sc_jsondoc_check(doc, sc_slice_str(text), &root));
  int rc = scl_faultspec_read_json(root, &list, &err);
  write_list(&list, out);
  sc_jsondoc_free(doc);
  return rc;
}

/* What is said in either way is the same. */
static void test_the_same(void **state) {
  (void)state;
  static const char *const same[][2] = {
      {"", "[]"},
      {" ; ;", "[]"},
      {"kind=error", "{}"},
      {"GetRecords:kind=throttle", "{\"operation\":\"GetRecords\",\"kind\":\"throttle\"}"},
      {"operation=GetRecords,kind=throttle", "[{\"operation\":\"GetRecords\",\"kind\":\"throttle\",\"p\":null}]"},
      {"*:error=ServiceUnavailable,p=0.05,count=3", "{\"error\":\"ServiceUnavailable\",\"p\":0.05,\"count\":3}"},
      {"kind=reset,bytes=-1;\n SubscribeToShard : kind = corrupt , after = 3 ;",
       "[{\"kind\":\"reset\",\"bytes\":-1},{\"operation\":\"SubscribeToShard\",\"kind\":\"corrupt\",\"after\":3}]"},
      {"message=\"a, \"\"b\"\"; c\",status=404", "{\"message\":\"a, \\\"b\\\"; c\",\"status\":404}"},
      {"message=\"\"", "{\"message\":\"\"}"},
      {"message=", "{\"message\":\"\"}"},
      {"kind=end-falsely,children=true", "{\"kind\":\"end-falsely\",\"children\":true}"},
      {"p=1", "{\"p\":1}"},
      {"p=1", "{\"p\":1.0}"},
      {"kind=skewed-date,date_skew_ms=-5", "{\"kind\":\"skewed-date\",\"date_skew_ms\":-5}"},
  };
  struct sc_buf spec = SC_BUF_INIT, json = SC_BUF_INIT;
  for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
    if (read_spec(same[i][0], &spec) != SC_OK) fail_msg("%s: %s", same[i][0], err.text);
    if (read_json(same[i][1], &json) != SC_OK) fail_msg("%s: %s", same[i][1], err.text);
    assert_string_equal(sc_buf_str(&spec), sc_buf_str(&json));
  }
  sc_buf_fini(&spec);
  sc_buf_fini(&json);
}

static void test_bad_specs(void **state) {
  (void)state;
  static const char *const bad[][2] = {
      {"GetRecords:", "a name is missing at the end"},
      {"GetRecords", "= is missing at the end"},
      {"kind=slow;x", "= is missing at the end"},
      {"=5", "a name is missing before \"=5\""},
      {"kind=slow,", "a name is missing at the end"},
      {"message=\"a", "a closing quote is missing at the end"},
      {"message=\"a\"b", "a comma is missing before \"b\""},
      {"message=a\"b", "a comma is missing before \"\"b\""},
      {":kind=slow", "operation cannot be \"\""},
      {"GetRecords:operation=ListShards", "operation is given twice"},
      {"kind=slow;kind=quick", "unknown kind \"quick\""},
      {"count=1.0", "count cannot be \"1.0\""},
  };
  struct sc_buf out = SC_BUF_INIT;
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    assert_int_equal(read_spec(bad[i][0], &out), SC_E_USAGE);
    assert_string_equal(err.text, bad[i][1]);
    assert_int_equal(out.len, 0);
  }
  sc_buf_fini(&out);
}

static void test_bad_json(void **state) {
  (void)state;
  static const char *const bad[] = {"7",
                                    "\"slow\"",
                                    "[[]]",
                                    "[{\"kind\":\"slow\"},7]",
                                    "{\"count\":\"1\"}",
                                    "{\"count\":1.5}",
                                    "{\"count\":true}",
                                    "{\"count\":18446744073709551615}",
                                    "{\"kind\":7}",
                                    "{\"message\":[]}",
                                    "{\"message\":\"a\\u0000b\"}",
                                    "{\"count\":1,\"count\":1}",
                                    "{\"kind\":\"end-falsely\",\"children\":1}",
                                    "{\"kind\":\"end-falsely\",\"children\":\"true\"}"};
  struct sc_buf out = SC_BUF_INIT;
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    assert_int_equal(read_json(bad[i], &out), SC_E_USAGE);
    assert_int_equal(out.len, 0);
  }
  sc_buf_fini(&out);
}

static void test_bounds(void **state) {
  (void)state;
  struct sc_buf spec = SC_BUF_INIT, out = SC_BUF_INIT;
  for (int i = 0; i < SCL_FAULTS_MAX; i++) sc_buf_add_str(&spec, "p=1;");
  assert_int_equal(read_spec(sc_buf_str(&spec), &out), SC_OK);
  sc_buf_add_str(&spec, "p=1");
  assert_int_equal(read_spec(sc_buf_str(&spec), &out), SC_E_USAGE);
  sc_buf_fini(&spec);
  sc_buf_fini(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_same),
      cmocka_unit_test(test_bad_specs),
      cmocka_unit_test(test_bad_json),
      cmocka_unit_test(test_bounds),
  };
  return cmocka_run_group_tests_name("local/faultspec", tests, NULL, NULL);
}
