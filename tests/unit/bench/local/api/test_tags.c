/* Tags through the service: of streams by name, of streams and consumers by ARN. */
#include "tests/unit/bench/local/api/service_cbor.h"

#define STREAM_ARN "arn:aws:kinesis:eu-west-1:000000000000:stream/demo"
#define CONSUMER_ARN STREAM_ARN "/consumer/c:1700000000"
#define ERROR(type, text) "{\"__type\":\"" type "\",\"message\":\"" text "\"}"
#define INVALID(text) ERROR("ValidationException", text)
#define LISTED "{\"StreamName\":\"demo\"}"

static void begin_demo(struct world *w) {
  begin(w);
  must(w, "CreateStream", "{\"StreamName\":\"demo\",\"ShardCount\":1}");
}

static void test_stream(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  assert_string_equal(must(&w, "ListTagsForStream", LISTED), "{\"Tags\":[],\"HasMoreTags\":false}");
  assert_string_equal(
      must(&w, "AddTagsToStream", "{\"StreamName\":\"demo\",\"Tags\":{\"b\":\"2\",\"a\":\"1\",\"ü0 _.\":\"/=+-@:\"}}"),
      "");
  must(&w, "AddTagsToStream", "{\"StreamARN\":\"" STREAM_ARN "\",\"Tags\":{\"a\":\"\"}}");
  assert_string_equal(must(&w, "ListTagsForStream", LISTED),
                      "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"\"},{\"Key\":\"b\",\"Value\":\"2\"},"
                      "{\"Key\":\"ü0 _.\",\"Value\":\"/=+-@:\"}],\"HasMoreTags\":false}");
  assert_string_equal(must(&w, "RemoveTagsFromStream", "{\"StreamName\":\"demo\",\"TagKeys\":[\"a\",\"ü0 _.\",\"x\"]}"),
                      "");
  assert_string_equal(must(&w, "ListTagsForStream", LISTED),
                      "{\"Tags\":[{\"Key\":\"b\",\"Value\":\"2\"}],\"HasMoreTags\":false}");
  end(&w);
}

static void test_pages(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  must(&w, "AddTagsToStream", "{\"StreamName\":\"demo\",\"Tags\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}");
  assert_string_equal(
      must(&w, "ListTagsForStream", "{\"StreamName\":\"demo\",\"Limit\":2}"),
      "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"},{\"Key\":\"b\",\"Value\":\"2\"}],\"HasMoreTags\":true}");
  assert_string_equal(must(&w, "ListTagsForStream", "{\"StreamName\":\"demo\",\"ExclusiveStartTagKey\":\"b\"}"),
                      "{\"Tags\":[{\"Key\":\"c\",\"Value\":\"3\"}],\"HasMoreTags\":false}");
  assert_string_equal(
      must(&w, "ListTagsForStream", "{\"StreamName\":\"demo\",\"ExclusiveStartTagKey\":\"z\",\"Limit\":1}"),
      "{\"Tags\":[],\"HasMoreTags\":false}");
  end(&w);
}

static void test_resources(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  must(&w, "RegisterStreamConsumer",
       "{\"StreamARN\":\"" STREAM_ARN "\",\"ConsumerName\":\"c\",\"Tags\":{\"of\":\"consumer\"}}");
  must(&w, "TagResource", "{\"ResourceARN\":\"" STREAM_ARN "\",\"Tags\":{\"of\":\"stream\"}}");
  must(&w, "TagResource", "{\"ResourceARN\":\"" CONSUMER_ARN "\",\"Tags\":{\"more\":\"\"}}");
  assert_string_equal(must(&w, "ListTagsForResource", "{\"ResourceARN\":\"" CONSUMER_ARN "\"}"),
                      "{\"Tags\":[{\"Key\":\"more\",\"Value\":\"\"},{\"Key\":\"of\",\"Value\":\"consumer\"}]}");
  must(&w, "UntagResource", "{\"ResourceARN\":\"" CONSUMER_ARN "\",\"TagKeys\":[\"of\"]}");
  assert_string_equal(must(&w, "ListTagsForResource", "{\"ResourceARN\":\"" CONSUMER_ARN "\"}"),
                      "{\"Tags\":[{\"Key\":\"more\",\"Value\":\"\"}]}");
  assert_string_equal(must(&w, "ListTagsForResource", "{\"ResourceARN\":\"" STREAM_ARN "\"}"),
                      "{\"Tags\":[{\"Key\":\"of\",\"Value\":\"stream\"}]}");
  refused(&w, "ListTagsForResource", "{\"ResourceARN\":\"" STREAM_ARN "s\"}",
          ERROR("ResourceNotFoundException", "Stream demos under account 000000000000 not found."));
  refused(&w, "ListTagsForResource", "{\"ResourceARN\":\"" STREAM_ARN "/consumer/d:1\"}",
          ERROR("ResourceNotFoundException",
                "Consumer d with creation timestamp 1 under stream: demo, account 000000000000 not found."));
  refused(
      &w, "ListTagsForResource", "{\"ResourceARN\":\"demo\"}",
      INVALID("1 validation error detected: Value 'demo' at 'resourceARN' failed to satisfy constraint: Member must "
              "satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\\\d{12}:.*stream/\\\\S+"));
  end(&w);
}

static void test_validation(void **state) {
  (void)state;
  struct world w;
  char body[700], want[900], name[130];
  begin_demo(&w);
  memset(name, 'a', 129);
  name[129] = '\0';
  refused(&w, "AddTagsToStream", "{\"StreamName\":\"demo\"}",
          INVALID("1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be "
                  "null"));
  refused(&w, "AddTagsToStream", "{\"StreamName\":\"demo\",\"Tags\":{}}",
          INVALID("1 validation error detected: Value '{}' at 'tags' failed to satisfy constraint: Member must have "
                  "length greater than or equal to 1"));
  refused(&w, "RemoveTagsFromStream", "{\"StreamName\":\"demo\",\"TagKeys\":[]}",
          INVALID("1 validation error detected: Value '[]' at 'tagKeys' failed to satisfy constraint: Member must have "
                  "length greater than or equal to 1"));
  snprintf(body, sizeof(body), "{\"StreamName\":\"demo\",\"TagKeys\":[\"a\",\"%s\",\"b\"]}", name);
  snprintf(want, sizeof(want),
           INVALID("1 validation error detected: Value '[a, %s, b]' at 'tagKeys' failed to satisfy constraint: Member "
                   "must satisfy constraint: [Member must have length less than or equal to 128, Member must have "
                   "length greater than or equal to 1]"),
           name);
  refused(&w, "RemoveTagsFromStream", body, want);
  snprintf(body, sizeof(body), "{\"StreamName\":\"demo\",\"Tags\":{\"%s\":\"x\",\"b\":null}}", name);
  snprintf(
      want, sizeof(want),
      INVALID("2 validation errors detected: Value '{%s=x, b=}' at 'tags' failed to satisfy constraint: Map keys "
              "must satisfy constraint: [Member must have length less than or equal to 128, Member must have "
              "length greater than or equal to 1]; Value '{%s=x, b=}' at 'tags' failed to satisfy constraint: Map "
              "value must satisfy constraint: [Member must have length less than or equal to 256, Member must have "
              "length greater than or equal to 0]"),
      name, name);
  refused(&w, "AddTagsToStream", body, want);
  end(&w);
}

static void test_types(void **state) {
  (void)state;
  static const struct {
    const char *json, *cbor, *text;
  } cases[] = {
      {"{\"Tags\":[]}", "a1 'Tags' 80", "Start of list found where not expected"},
      {"{\"Tags\":7}", "a1 'Tags' 07", "Expected null"},
      {"{\"Tags\":{\"a\":7}}", "a1 'Tags' a1 'a' 07", "NUMBER_VALUE can not be converted to a String"},
      {"{\"Tags\":{\"a\":[]}}", "a1 'Tags' a1 'a' 80", "Start of list found where not expected"},
      {"{\"TagKeys\":{}}", "a1 'TagKeys' a0", "Start of structure or map found where not expected."},
      {"{\"TagKeys\":\"a\"}", "a1 'TagKeys' 'a'", "Expected list or null"},
      {"{\"TagKeys\":[true]}", "a1 'TagKeys' 81 f5", "TRUE_VALUE can not be converted to a String"},
  };
  struct world w;
  begin_demo(&w);
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    const char *operation = strstr(cases[i].json, "TagKeys") != NULL ? "RemoveTagsFromStream" : "AddTagsToStream";
    char want[300];
    snprintf(want, sizeof(want), "{\"__type\":\"SerializationException\",\"Message\":\"%s\"}", cases[i].text);
    refused(&w, operation, cases[i].json, want);
    snprintf(want, sizeof(want), "bf '__type' 'SerializationException' 'Message' '%s' ff", cases[i].text);
    call_cbor(&w, operation, cases[i].cbor);
    answers(&w, 400, want);
  }
  call_cbor(&w, "AddTagsToStream", "a1 'Tags' a1 h'a' 'v'");
  answers(&w, 400, "bf '__type' 'SerializationException' 'Message' 'BINARY_VALUE can not be converted to a String' ff");
  end(&w);
}

static void test_characters(void **state) {
  (void)state;
  struct world w;
  begin_demo(&w);
  refused(&w, "AddTagsToStream", "{\"StreamName\":\"demo\",\"Tags\":{\"a\":\"b;c\"}}",
          ERROR("InvalidArgumentException",
                "Some tags contain invalid characters. Valid characters: Unicode letters, "
                "digits, white space, _ . / = + - % @ :."));
  refused(
      &w, "AddTagsToStream", "{\"StreamName\":\"demo\",\"Tags\":{\"a%b\":\"c\"}}",
      ERROR("InvalidArgumentException",
            "Failed to add tags to stream demo under account 000000000000 because some tags contained illegal "
            "characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@',':'."));
  refused(
      &w, "RemoveTagsFromStream", "{\"StreamName\":\"demo\",\"TagKeys\":[\"a%b\"]}",
      ERROR("InvalidArgumentException",
            "Failed to remove tags from stream demo under account 000000000000 because some tags contained illegal "
            "characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@',':'."));
  assert_string_equal(must(&w, "ListTagsForStream", LISTED), "{\"Tags\":[],\"HasMoreTags\":false}");
  end(&w);
}

/* {"StreamName":"demo","Tags":{"k10":"v",...}} */
static void add_many(struct sc_buf *body, int first, int n) {
  sc_buf_clear(body);
  sc_buf_add_str(body, "{\"StreamName\":\"demo\",\"Tags\":{");
  for (int i = first; i < first + n; i++) sc_buf_printf(body, "%s\"k%d\":\"v\"", i > first ? "," : "", i);
  sc_buf_add_str(body, "}}");
}

static void test_limit(void **state) {
  (void)state;
  struct world w;
  struct sc_buf body = SC_BUF_INIT;
  begin_demo(&w);
  add_many(&body, 0, 40);
  must(&w, "AddTagsToStream", sc_buf_str(&body));
  add_many(&body, 20, 30);
  must(&w, "AddTagsToStream", sc_buf_str(&body));
  refused(&w, "AddTagsToStream", "{\"StreamName\":\"demo\",\"Tags\":{\"more\":\"v\"}}",
          ERROR("InvalidArgumentException",
                "Failed to add tags to stream demo under account 000000000000 because a given stream cannot have more "
                "than 50 tags associated with it."));
  must(&w, "AddTagsToStream", "{\"StreamName\":\"demo\",\"Tags\":{\"k7\":\"other\",\"k7\":\"again\"}}");
  add_many(&body, 0, 201);
  assert_non_null(strstr(call(&w, "AddTagsToStream", sc_buf_str(&body)),
                         "k200=v}' at 'tags' failed to satisfy "
                         "constraint: Member must have length less "
                         "than or equal to 200"));
  add_many(&body, 0, 1001);
  assert_non_null(strstr(call(&w, "AddTagsToStream", sc_buf_str(&body)), "Value '[1001 members]' at 'tags'"));
  sc_buf_fini(&body);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stream),     cmocka_unit_test(test_pages), cmocka_unit_test(test_resources),
      cmocka_unit_test(test_validation), cmocka_unit_test(test_types), cmocka_unit_test(test_characters),
      cmocka_unit_test(test_limit),
  };
  return cmocka_run_group_tests_name("local/tags", tests, NULL, NULL);
}
