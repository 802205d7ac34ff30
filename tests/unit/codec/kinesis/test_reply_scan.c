#include "codec/kinesis/reply_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "engine/batch.h"

static struct sc_reply_facts facts;
static struct sc_error err;

static char *with_padding(const char *text, size_t len) {
  char *body = malloc(len + SC_BODY_PADDING);
  memcpy(body, text, len);
  memset(body + len, '"', SC_BODY_PADDING);
  return body;
}

/* The whole body at once, then byte by byte: the verdict must be the same. */
static int scan_bytes(const char *text, size_t len) {
  struct sc_reply_scan scan;
  char *body = with_padding(text, len);
  sc_reply_scan_init(&scan);
  int rc = 0, whole = sc_reply_scan_finish(&scan, body, len, &facts, &err);
  sc_reply_scan_init(&scan);
  for (size_t n = 1; n <= len && rc == 0; n++) rc = sc_reply_scan_feed(&scan, body, n, &err);
  if (rc == 0) rc = sc_reply_scan_finish(&scan, body, len, &facts, &err);
  assert_int_equal(rc, whole);
  free(body);
  return rc;
}

static int scan(const char *text) { return scan_bytes(text, strlen(text)); }

static void assert_last(const char *want) {
  assert_int_equal(facts.last.len, strlen(want));
  assert_memory_equal(facts.last.digits, want, strlen(want));
}

static void ordinary_reply(void **state) {
  (void)state;
  assert_int_equal(scan("{\"MillisBehindLatest\":2100,\"NextShardIterator\":\"AAAAAAAAAAE=\",\"Records\":["
                        "{\"SequenceNumber\":\"49590338271490256608559692538361571095921575989136588898\","
                        "\"ApproximateArrivalTimestamp\":1649930049.016,\"Data\":\"aGk=\",\"PartitionKey\":\"k\"},"
                        "{\"SequenceNumber\":\"49590338271490256608559692538361571095921575989136588899\","
                        "\"ApproximateArrivalTimestamp\":1.64993005E9,\"Data\":\"aGk=\",\"PartitionKey\":\"k\"}]}"),
                   0);
  assert_string_equal(facts.iterator, "AAAAAAAAAAE=");
  assert_int_equal(facts.iterator_len, 12);
  assert_int_equal(facts.millis_behind, 2100);
  assert_false(facts.has_children);
  assert_int_equal(facts.n_records, 2);
  assert_last("49590338271490256608559692538361571095921575989136588899");
}

static void an_event(void **state) {
  (void)state;
  static const char text[] =
      "{\"ContinuationSequenceNumber\":\"495\",\"NextShardIterator\":\"no\",\"MillisBehindLatest\":7,"
      "\"Records\":[{\"SequenceNumber\":\"493\",\"Data\":\"aGk=\",\"PartitionKey\":\"k\"}]}";
  struct sc_reply_scan scan;
  char *body = with_padding(text, strlen(text));
  sc_reply_scan_init_event(&scan);
  assert_int_equal(sc_reply_scan_finish(&scan, body, strlen(text), &facts, &err), 0);
  assert_string_equal(facts.iterator, "495");
  assert_int_equal(facts.n_records, 1);
  assert_last("493");
  sc_reply_scan_init(&scan);
  assert_int_equal(sc_reply_scan_finish(&scan, body, strlen(text), &facts, &err), 0);
  assert_string_equal(facts.iterator, "no");
  free(body);
}

static void end_of_a_shard(void **state) {
  (void)state;
  assert_int_equal(scan("{\"ChildShards\":[{\"ShardId\":\"shardId-000000000002\",\"ParentShards\":[\"a\",\"b\"]}],"
                        "\"MillisBehindLatest\":0,\"Records\":[]}"),
                   0);
  assert_true(facts.has_children);
  assert_int_equal(facts.iterator_len, 0);
  assert_int_equal(facts.n_records, 0);
  assert_int_equal(facts.last.len, 0);
  assert_int_equal(facts.millis_behind, 0);
}

static void absent_and_null_are_alike(void **state) {
  (void)state;
  assert_int_equal(
      scan("{\"Records\":null,\"NextShardIterator\":null,\"MillisBehindLatest\":null,\"ChildShards\":null}"), 0);
  assert_int_equal(facts.iterator_len, 0);
  assert_int_equal(facts.millis_behind, -1);
  assert_false(facts.has_children);
  assert_int_equal(scan("{\"Records\":[],\"ChildShards\":[]}"), 0);
  assert_int_equal(facts.millis_behind, -1);
  assert_false(facts.has_children);
}

static void names_inside_values_do_not_count(void **state) {
  (void)state;
  assert_int_equal(scan("{\"Records\":[{\"PartitionKey\":\"\\\"NextShardIterator\\\":\\\"evil\\\",\\\\\",\"Data\":\"\","
                        "\"SequenceNumber\":\"5\",\"NextShardIterator\":\"evil\",\"x\":{\"ChildShards\":[{}],"
                        "\"SequenceNumber\":\"6\"}}],"
                        "\"Other\":{\"NextShardIterator\":\"evil\",\"MillisBehindLatest\":7,\"Records\":[1]},"
                        "\"Text\":\"\\\"MillisBehindLatest\\\":8\"}"),
                   0);
  assert_int_equal(facts.iterator_len, 0);
  assert_int_equal(facts.millis_behind, -1);
  assert_false(facts.has_children);
  assert_int_equal(facts.n_records, 1);
  assert_last("5");
}

static void escapes_and_blanks(void **state) {
  (void)state;
  assert_int_equal(
      scan(" {\n\"R\\u0065cords\" : [ { \"SequenceNumber\" : \"00\\u00342\" } ] ,\t\"NextShard\\u0049terator\""
           ": \"a\\/b+\\u0041\" , \"MillisBehindLatest\" : 1.5E3 }\r\n "),
      0);
  assert_string_equal(facts.iterator, "a/b+A");
  assert_int_equal(facts.millis_behind, 1500);
  assert_last("42");
}

static void many_records_of_all_lengths(void **state) {
  (void)state;
  struct sc_buf body = SC_BUF_INIT;
  sc_buf_add_str(&body, "{\"Records\":[");
  for (int i = 0; i < 300; i++) {
    sc_buf_printf(&body, "%s{\"SequenceNumber\":\"%d\",\"PartitionKey\":\"", i == 0 ? "" : ",", 1000 + i);
    for (int k = 0; k < i % 70; k++) sc_buf_add_str(&body, k % 7 == 3 ? "\\\\" : k % 5 == 1 ? "\\\"" : "{");
    sc_buf_add_str(&body, "\"}");
  }
  sc_buf_add_str(&body, "],\"NextShardIterator\":\"next\"}");
  assert_int_equal(scan_bytes(body.ptr, body.len), 0);
  assert_int_equal(facts.n_records, 300);
  assert_string_equal(facts.iterator, "next");
  assert_last("1299");
  sc_buf_fini(&body);
}

static void refuses(void **state) {
  (void)state;
  static const char *bad[] = {
      "",
      "[]",
      "{",
      "{}",
      "null",
      "{\"Records\":[]} x",
      "{\"Records\":[]}{}",
      "{\"Records\":[]",
      "{\"Records\":[}",
      "{\"Records\":[]]",
      "{\"Records\":{}}",
      "{\"Records\":1}",
      "{\"Records\":\"\"}",
      "{\"Records\":[1]}",
      "{\"Records\":[[]]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\"},2]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\"}{\"SequenceNumber\":\"1\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\"},]}",
      "{\"Records\":[{}]}",
      "{\"Records\":[{\"SequenceNumber\":1}]}",
      "{\"Records\":[{\"SequenceNumber\":\"\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1a\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"-1\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\",\"SequenceNumber\":\"2\"}]}",
      "{\"Records\":[{\"SequenceNumber\":\"1\" \"a\":2}]}",
      "{\"Records\":[],\"Records\":[]}",
      "{\"Records\":[],\"NextShardIterator\":\"a\",\"NextShardIterator\":null}",
      "{\"Records\":[],\"NextShardIterator\":1}",
      "{\"Records\":[],\"NextShardIterator\":[]}",
      "{\"Records\":[],\"NextShardIterator\":\"\\x\"}",
      "{\"Records\":[],\"NextShardIterator\":\"\\ud800\"}",
      "{\"Records\":[],\"NextShardIterator\":\"a\nb\"}",
      "{\"Records\":[],\"MillisBehindLatest\":\"0\"}",
      "{\"Records\":[],\"MillisBehindLatest\":true}",
      "{\"Records\":[],\"MillisBehindLatest\":01}",
      "{\"Records\":[],\"MillisBehindLatest\":1e17}",
      "{\"Records\":[],\"ChildShards\":{}}",
      "{\"Records\":[],\"a\":nul}",
      "{\"Records\":[],\"a\"}",
      "{\"Records\":[],}",
      "{\"Records\":[],\"a\":[{]}}",
      "{Records:[]}",
      "{\"Records\":[] \"a\":1}",
  };
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    if (scan(bad[i]) != SC_E_PROTOCOL) fail_msg("took %s", bad[i]);
    assert_non_null(strstr(err.text, "GetRecords reply: "));
  }
}

static void bounds(void **state) {
  (void)state;
  struct sc_buf body = SC_BUF_INIT;
  for (int over = 0; over < 2; over++) {
    sc_buf_clear(&body);
    sc_buf_add_str(&body, "{\"Records\":[],\"NextShardIterator\":\"");
    for (int i = 0; i < SC_REPLY_ITERATOR_MAX + over; i++) sc_buf_add_char(&body, 'x');
    sc_buf_add_str(&body, "\"}");
    assert_int_equal(scan_bytes(body.ptr, body.len), over ? SC_E_PROTOCOL : 0);

    sc_buf_clear(&body);
    sc_buf_add_str(&body, "{\"Records\":[],\"x\":");
    for (int i = 0; i < 63 + over; i++) sc_buf_add_char(&body, '[');
    for (int i = 0; i < 63 + over; i++) sc_buf_add_char(&body, ']');
    sc_buf_add_str(&body, "}");
    assert_int_equal(scan_bytes(body.ptr, body.len), over ? SC_E_PROTOCOL : 0);

    sc_buf_clear(&body);
    sc_buf_add_str(&body, "{\"Records\":[{\"SequenceNumber\":\"1\"}");
    for (int i = 1; i < SC_GET_RECORDS_MAX + over; i++) sc_buf_add_str(&body, ",{\"SequenceNumber\":\"1\"}");
    sc_buf_add_str(&body, "]}");
    assert_int_equal(scan_bytes(body.ptr, body.len), over ? SC_E_PROTOCOL : 0);
  }
  sc_buf_fini(&body);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ordinary_reply),
      cmocka_unit_test(an_event),
      cmocka_unit_test(end_of_a_shard),
      cmocka_unit_test(absent_and_null_are_alike),
      cmocka_unit_test(names_inside_values_do_not_count),
      cmocka_unit_test(escapes_and_blanks),
      cmocka_unit_test(many_records_of_all_lengths),
      cmocka_unit_test(refuses),
      cmocka_unit_test(bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
