#include "codec/kinesis/envelope_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/kinesis/reply_scan.h"
#include "codec/text/base64.h"
#include "engine/base/buf.h"

static struct sc_records list;
static char *body;
static struct sc_error err;

static int free_records(void **state) {
  (void)state;
  free(list.items);
  free(body);
  return 0;
}

static int open_bytes(const char *text, size_t len) {
  free(body);
  body = malloc(len + SC_BODY_PADDING);
  memcpy(body, text, len);
  memset(body + len, '"', SC_BODY_PADDING);
  return sc_envelope_json_open(body, len, &list, &err);
}

static int open_text(const char *text) { return open_bytes(text, strlen(text)); }

static void assert_slice(struct sc_slice got, const char *want) {
  assert_int_equal(got.len, strlen(want));
  assert_memory_equal(got.ptr, want, got.len);
}

static void ordinary_reply(void **state) {
  (void)state;
  assert_int_equal(
      open_text("{\"MillisBehindLatest\":0,\"NextShardIterator\":\"AAAA\",\"Records\":[{\"SequenceNumber\":"
                "\"49590338271490256608559692538361571095921575989136588898\",\"ApproximateArrivalTimestamp\":"
                "1649930049.016,\"Data\":\"eyJhIjoxfQ==\",\"PartitionKey\":\"k\"},{\"PartitionKey\":\"l\",\"Data\":"
                "\"aGk=\",\"EncryptionType\":\"KMS\",\"SequenceNumber\":\"2\"}]}"),
      0);
  assert_int_equal(list.n, 2);
  assert_slice(list.items[0].sequence, "49590338271490256608559692538361571095921575989136588898");
  assert_slice(list.items[0].data, "{\"a\":1}");
  assert_slice(list.items[0].partition_key, "k");
  assert_true(list.items[0].arrival_us == 1649930049016000);
  assert_slice(list.items[1].data, "hi");
  assert_slice(list.items[1].partition_key, "l");
  assert_true(list.items[1].arrival_us == INT64_MIN);
}

static void absent_and_null_are_alike(void **state) {
  (void)state;
  assert_int_equal(
      open_text(
          "{\"Records\":[{\"SequenceNumber\":\"1\"},{\"Data\":null,\"PartitionKey\":null,"
          "\"ApproximateArrivalTimestamp\":null,\"SequenceNumber\":\"2\"},{\"Data\":\"\",\"SequenceNumber\":\"3\"}]}"),
      0);
  assert_int_equal(list.n, 3);
  for (uint32_t i = 0; i < list.n; i++) {
    assert_int_equal(list.items[i].data.len, 0);
    assert_int_equal(list.items[i].partition_key.len, 0);
    assert_true(list.items[i].arrival_us == INT64_MIN);
  }
  assert_int_equal(open_text("{\"Records\":null}"), 0);
  assert_int_equal(list.n, 0);
  assert_int_equal(open_text(" { \"Records\" : [ ] } \n"), 0);
  assert_int_equal(list.n, 0);
}

static void escapes(void **state) {
  (void)state;
  assert_int_equal(
      open_text("{\"R\\u0065cords\":[{\"D\\u0061ta\":\"eyJhIjoi\\/\\/8iLCJhIjo\\u0078fQ==\",\"PartitionKey\":"
                "\"a\\u0000\\\"\\ud83d\\ude00\",\"\\u0053equenceNumber\":\"\\u0034\\u0032\"}]}"),
      0);
  assert_int_equal(list.n, 1);
  assert_slice(list.items[0].sequence, "42");
  assert_int_equal(list.items[0].partition_key.len, 7);
  assert_memory_equal(list.items[0].partition_key.ptr, "a\0\"\xf0\x9f\x98\x80", 7);
  assert_slice(list.items[0].data, "{\"a\":\"\xff\xff\",\"a\":1}");
}

static void data_of_every_length(void **state) {
  (void)state;
  struct sc_buf text = SC_BUF_INIT;
  char plain[300], coded[404];
  for (size_t i = 0; i < sizeof(plain); i++) plain[i] = (char)(i * 7 + i / 3);
  sc_buf_add_str(&text, "{\"Records\":[");
  for (size_t len = 0; len < sizeof(plain); len++) {
    size_t chars = sc_base64_encode(plain, len, coded);
    sc_buf_printf(&text, "%s{\"Data\":\"%.*s\",\"SequenceNumber\":\"%zu\"}", len == 0 ? "" : ",", (int)chars, coded,
                  len);
  }
  sc_buf_add_str(&text, "]}");
  assert_int_equal(open_bytes(text.ptr, text.len), 0);
  assert_int_equal(list.n, sizeof(plain));
  for (size_t len = 0; len < sizeof(plain); len++) {
    assert_int_equal(list.items[len].data.len, len);
    assert_memory_equal(list.items[len].data.ptr, plain, len);
  }
  sc_buf_fini(&text);
}

static int64_t arrival(const char *number) {
  char text[200];
  snprintf(text, sizeof(text), "{\"Records\":[{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":%s}]}", number);
  return open_text(text) == 0 ? list.items[0].arrival_us : INT64_MAX;
}

static void times(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t micros;
  } cases[] = {{"1649930049.016", 1649930049016000},
               {"1.649930049016E9", 1649930049016000},
               {"1.649930049016e+09", 1649930049016000},
               {"1649930049", 1649930049000000},
               {"1649930049016e-3", 1649930049016000},
               {"1649930049.0161234", 1649930049016123},
               {"1649930049.0161235", 1649930049016124},
               {"1649930049.01612340001", 1649930049016123},
               {"1649930049.01600000000000000000001", 1649930049016000},
               {"0", 0},
               {"-1.5", -1500000},
               {"0e99", 0},
               {"1e-30", 0},
               {"5e-7", 1},
               {"9223372036854.775807", INT64_MAX},
               {"9223372036854.7758", 9223372036854775800},
               {"1e13", INT64_MAX},
               {"1e999999999999", INT64_MAX},
               {"01", INT64_MAX},
               {"1.", INT64_MAX},
               {"\"1\"", INT64_MAX},
               {"true", INT64_MAX}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    if (arrival(cases[i].text) != cases[i].micros)
      fail_msg("%s gives %lld", cases[i].text, (long long)arrival(cases[i].text));
}

static void refuses(void **state) {
  (void)state;
  static const char *bad[] = {
      "",
      "[]",
      "{}",
      "{\"a\":1}",
      "{\"Records\":[]",
      "{\"Records\":[]}x",
      "{\"Records\":{}}",
      "{\"Records\":[1]}",
      "{\"Records\":[{}]}",
      "{\"Records\":[],\"Records\":[]}",
      "{\"Records\":[],\"a\":[1,}",
      "{\"Records\":[{\"Data\":\"\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"12x\"}]}",
      "{\"Records\":[{\"SequenceNumber\":12}]}",
      "{\"Records\":[{\"SequenceNumber\":null}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"SequenceNumber\":\"1\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":\"a\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":\"aGk\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":\"aGk=aGk=\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":\"aG k\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":\"aGk=\"",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":\"aGk",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":5}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"PartitionKey\":\"\\ud800\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"PartitionKey\":\"\xff\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"PartitionKey\":\"a\nb\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\"},]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\"}{\"SequenceNumber\":\"1\"}]}",
      "{\"Records\":[{\"SequenceNumber\" \"1\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"x\":{\"y\":tru}}]}",
  };
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    if (open_text(bad[i]) != SC_E_PROTOCOL) fail_msg("took %s", bad[i]);
    assert_non_null(strstr(err.text, "GetRecords reply: "));
  }
}

static void bounds(void **state) {
  (void)state;
  struct sc_buf text = SC_BUF_INIT;
  for (int over = 0; over < 2; over++) {
    sc_buf_clear(&text);
    sc_buf_add_str(&text, "{\"Records\":[{\"SequenceNumber\":\"1\"}");
    for (int i = 1; i < SC_GET_RECORDS_MAX + over; i++) sc_buf_add_str(&text, ",{\"SequenceNumber\":\"1\"}");
    sc_buf_add_str(&text, "]}");
    assert_int_equal(open_bytes(text.ptr, text.len), over ? SC_E_PROTOCOL : 0);

    sc_buf_clear(&text);
    sc_buf_add_str(&text, "{\"Records\":[{\"SequenceNumber\":\"1");
    for (int i = 1; i < SC_SEQUENCE_DIGITS + over; i++) sc_buf_add_char(&text, '7');
    sc_buf_add_str(&text, "\"}]}");
    assert_int_equal(open_bytes(text.ptr, text.len), over ? SC_E_PROTOCOL : 0);
  }
  sc_buf_fini(&text);
}

/* Every prefix of a good reply is refused: nothing behind the end is believed. */
static void every_prefix_is_refused(void **state) {
  (void)state;
  static const char text[] =
      "{\"Records\":[{\"SequenceNumber\":\"12345678901234567890\",\"ApproximateArrivalTimestamp\":1649930049.016,"
      "\"Data\":\"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk\",\"PartitionKey\":\"k\\n\"}],\"x\":[true,\"y\"]}";
  for (size_t len = 0; len < sizeof(text) - 1; len++) assert_int_equal(open_bytes(text, len), SC_E_PROTOCOL);
  assert_int_equal(open_bytes(text, sizeof(text) - 1), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ordinary_reply), cmocka_unit_test(absent_and_null_are_alike),
      cmocka_unit_test(escapes),        cmocka_unit_test(data_of_every_length),
      cmocka_unit_test(times),          cmocka_unit_test(refuses),
      cmocka_unit_test(bounds),         cmocka_unit_test(every_prefix_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, free_records);
}
