#include "codec/json/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/error.h"

static struct sc_jsondoc *doc;
static struct sc_error err;

static int make_doc(void **state) {
  (void)state;
  doc = sc_jsondoc_new();
  return 0;
}

static int free_doc(void **state) {
  (void)state;
  sc_jsondoc_free(doc);
  return 0;
}

static struct sc_json parse(const char *text) {
  struct sc_json root;
  int rc = sc_jsondoc_parse(doc, sc_slice_str(text), &root, &err);
  if (rc != 0) fail_msg("%s: %s", text, err.text);
  return root;
}

static void assert_str(struct sc_json value, const char *want) {
  struct sc_slice got;
  assert_true(sc_json_str(value, &got));
  assert_int_equal(got.len, strlen(want));
  assert_memory_equal(got.ptr, want, got.len);
}

static void typed_access(void **state) {
  (void)state;
  struct sc_json root =
      parse("{\"s\":\"a\\u00e9\\/\",\"i\":-5,\"u\":18446744073709551615,\"d\":1.5e3,\"b\":true,\"n\":null}");
  int64_t i = 0;
  uint64_t u = 0;
  double d = 0;
  bool b = false;
  assert_str(sc_json_get(root, "s"), "a\xc3\xa9/");
  assert_true(sc_json_i64(sc_json_get(root, "i"), &i));
  assert_int_equal(i, -5);
  assert_true(sc_json_u64(sc_json_get(root, "u"), &u));
  assert_true(u == UINT64_MAX);
  assert_true(sc_json_double(sc_json_get(root, "d"), &d));
  assert_true(d == 1500.0);
  assert_true(sc_json_double(sc_json_get(root, "i"), &d));
  assert_true(d == -5.0);
  assert_true(sc_json_bool(sc_json_get(root, "b"), &b));
  assert_true(b);
  assert_true(sc_json_absent(sc_json_get(root, "n")));
  assert_true(sc_json_exists(sc_json_get(root, "n")));
  assert_true(sc_json_absent(sc_json_get(root, "missing")));
  assert_false(sc_json_exists(sc_json_get(root, "missing")));
}

static void kinds(void **state) {
  (void)state;
  static const enum sc_json_kind want[] = {SC_JSON_NULL,   SC_JSON_BOOL,   SC_JSON_BOOL,  SC_JSON_INT64, SC_JSON_UINT64,
                                           SC_JSON_DOUBLE, SC_JSON_STRING, SC_JSON_ARRAY, SC_JSON_OBJECT};
  struct sc_json_iter it = sc_json_walk(parse("[null,true,false,1,9223372036854775808,0.5,\"\",[],{}]"));
  struct sc_json value;
  struct sc_slice key;
  size_t n = 0;
  while (sc_json_next(&it, &key, &value)) {
    assert_int_equal(sc_json_kind(value), want[n++]);
    assert_int_equal(key.len, 0);
  }
  assert_int_equal(n, sizeof(want) / sizeof(*want));
  assert_int_equal(sc_json_kind((struct sc_json){NULL, 0}), SC_JSON_NONE);
}

static void wrong_types_leave_out_alone(void **state) {
  (void)state;
  struct sc_json root = parse("{\"a\":1.5,\"b\":\"x\",\"c\":-1,\"d\":9223372036854775808}");
  int64_t i = 7;
  uint64_t u = 7;
  bool b = true;
  struct sc_slice s = sc_slice_str("keep");
  assert_false(sc_json_i64(sc_json_get(root, "a"), &i));
  assert_false(sc_json_i64(sc_json_get(root, "d"), &i));
  assert_false(sc_json_i64(sc_json_get(root, "nowhere"), &i));
  assert_false(sc_json_u64(sc_json_get(root, "c"), &u));
  assert_false(sc_json_bool(sc_json_get(root, "b"), &b));
  assert_false(sc_json_str(root, &s));
  assert_int_equal(i, 7);
  assert_int_equal(u, 7);
  assert_true(sc_slice_is(s, "keep"));
  assert_false(sc_json_exists(sc_json_get(sc_json_get(root, "b"), "x")));
}

static void walks_objects_in_order(void **state) {
  (void)state;
  struct sc_json root = parse("{\"x\":[1,[2,3],4],\"y\":{},\"x\":5}");
  struct sc_json_iter it = sc_json_walk(root);
  struct sc_slice key;
  struct sc_json value;
  assert_true(sc_json_next(&it, &key, &value));
  assert_true(sc_slice_is(key, "x"));
  assert_int_equal(sc_json_count(value), 3);
  assert_true(sc_json_next(&it, &key, &value));
  assert_true(sc_slice_is(key, "y"));
  assert_int_equal(sc_json_count(value), 0);
  assert_true(sc_json_next(&it, &key, &value));
  assert_int_equal(sc_json_kind(value), SC_JSON_INT64);
  assert_false(sc_json_next(&it, &key, &value));
  assert_int_equal(sc_json_kind(sc_json_get(root, "x")), SC_JSON_ARRAY);
  assert_int_equal(sc_json_count(sc_json_get(root, "absent")), 0);
}

static void refuses(void **state) {
  (void)state;
  static const char *bad[] = {
      "",          "   ",     "{",         "{\"a\":1}{}",   "{\"a\":1,}", "[1 2]",          "{'a':1}",
      "[01]",      "[1e999]", "\"\xff\"",  "[\"\\ud800\"]", "nul",        "{\"a\":1} true", "[\"a\nb\"]",
      "[\"\\x\"]", "[1.]",    "{\"a\" 1}", "[1,2"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    struct sc_json root = {&err, 1};
    assert_int_equal(sc_jsondoc_parse(doc, sc_slice_str(bad[i]), &root, &err), SC_E_PROTOCOL);
    assert_false(sc_json_exists(root));
    assert_non_null(strstr(err.text, "not JSON"));
  }
  assert_true(sc_json_exists(parse("{\"fine\":\"again\"}")));
}

static void depth_is_bounded(void **state) {
  (void)state;
  char text[2 * SC_JSONDOC_DEPTH_MAX + 8];
  struct sc_json root;
  size_t deepest = 0;
  for (size_t depth = 1; depth <= SC_JSONDOC_DEPTH_MAX + 3; depth++) {
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    if (sc_jsondoc_parse(doc, sc_slice_of(text, 2 * depth), &root, &err) == 0) deepest = depth;
  }
  assert_in_range(deepest, SC_JSONDOC_DEPTH_MAX - 1, SC_JSONDOC_DEPTH_MAX);
}

static void size_is_bounded(void **state) {
  (void)state;
  size_t len = SC_JSONDOC_BYTES_MAX + 1;
  char *text = malloc(len);
  struct sc_json root;
  memset(text, ' ', len);
  text[0] = '1';
  assert_int_equal(sc_jsondoc_parse(doc, sc_slice_of(text, len), &root, &err), SC_E_PROTOCOL);
  assert_int_equal(sc_jsondoc_parse(doc, sc_slice_of(text, 1 << 20), &root, &err), 0);
  free(text);
}

/* The bytes given may go away, and no byte behind them is looked at. */
static void copies_its_input(void **state) {
  (void)state;
  char *text = strdup("{\"key\":\"value\"}");
  struct sc_json root;
  assert_int_equal(sc_jsondoc_parse(doc, sc_slice_str(text), &root, &err), 0);
  memset(text, 'x', strlen(text));
  free(text);
  assert_str(sc_json_get(root, "key"), "value");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(typed_access),
      cmocka_unit_test(kinds),
      cmocka_unit_test(wrong_types_leave_out_alone),
      cmocka_unit_test(walks_objects_in_order),
      cmocka_unit_test(refuses),
      cmocka_unit_test(depth_is_bounded),
      cmocka_unit_test(size_is_bounded),
      cmocka_unit_test(copies_its_input),
  };
  return cmocka_run_group_tests(tests, make_doc, free_doc);
}
