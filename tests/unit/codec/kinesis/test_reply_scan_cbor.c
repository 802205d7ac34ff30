#include "codec/kinesis/reply_scan_cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/batch.h"
#include "tests/unit/codec/wire/cbor_text.h"

static struct sc_reply_facts facts;
static struct sc_error err;
static struct sc_buf buf = SC_BUF_INIT;

/* Fed from blocks of just what has come, so that a sanitizer sees every read behind it. */
static int feed_exactly(struct sc_reply_scan_cbor *scan, struct sc_slice body, size_t len) {
  char *so_far = malloc(len);
  memcpy(so_far, body.ptr, len);
  int rc = sc_reply_scan_cbor_feed(scan, so_far, len, &err);
  free(so_far);
  return rc;
}

/* The whole body at once, then byte by byte: the verdict must be the same. */
static int scan_bytes(struct sc_slice body) {
  struct sc_reply_scan_cbor scan;
  struct sc_reply_facts whole;
  sc_reply_scan_cbor_init(&scan);
  int rc = 0, at_once = sc_reply_scan_cbor_finish(&scan, body.ptr, body.len, &whole, &err);
  sc_reply_scan_cbor_init(&scan);
  for (size_t n = 1; n <= body.len && rc == 0; n++) rc = feed_exactly(&scan, body, n);
  if (rc == 0) rc = sc_reply_scan_cbor_finish(&scan, body.ptr, body.len, &facts, &err);
  assert_int_equal(rc, at_once);
  if (rc == 0) {
    assert_int_equal(facts.n_records, whole.n_records);
    assert_int_equal(facts.iterator_len, whole.iterator_len);
    assert_int_equal(facts.millis_behind, whole.millis_behind);
    assert_int_equal(facts.has_children, whole.has_children);
  }
  return rc;
}

static int scan(const char *text) { return scan_bytes(cbor_text(&buf, text)); }

static void must(const char *text) {
  if (scan(text) != 0) fail_msg("%s: %s", text, err.text);
}

static void assert_last(const char *want) { assert_true(sc_slice_is(sc_sequence_view(&facts.last), want)); }

static void ordinary_reply(void **state) {
  (void)state;
  must(
      "bf 'Records' 9f bf 'SequenceNumber' '48' 'ApproximateArrivalTimestamp' c1 1b0000018bcfe5687b 'Data' h'hi' "
      "'PartitionKey' 'k' ff bf 'SequenceNumber' '49' 'ApproximateArrivalTimestamp' c1 1b0000018bcfe5687b 'Data' h'hi' "
      "'PartitionKey' 'k' ff ff 'NextShardIterator' 'AAAAAAAAAAE=' 'MillisBehindLatest' 190834 ff");
  assert_string_equal(facts.iterator, "AAAAAAAAAAE=");
  assert_int_equal(facts.iterator_len, 12);
  assert_int_equal(facts.millis_behind, 2100);
  assert_false(facts.has_children);
  assert_int_equal(facts.n_records, 2);
  assert_last("49");
  must("a3 'MillisBehindLatest' 00 'NextShardIterator' 'B' 'Records' 81 a1 'SequenceNumber' '5'");
  assert_string_equal(facts.iterator, "B");
  assert_last("5");
}

static void end_of_a_shard(void **state) {
  (void)state;
  must(
      "bf 'ChildShards' 9f bf 'ShardId' 'shardId-000000000002' 'ParentShards' 9f 'a' 'b' ff ff ff "
      "'MillisBehindLatest' 00 'Records' 9f ff ff");
  assert_true(facts.has_children);
  assert_int_equal(facts.iterator_len, 0);
  assert_int_equal(facts.n_records, 0);
  assert_int_equal(facts.last.len, 0);
  assert_int_equal(facts.millis_behind, 0);
}

static void absent_and_null_are_alike(void **state) {
  (void)state;
  must("a4 'Records' f6 'NextShardIterator' f6 'MillisBehindLatest' f7 'ChildShards' f6");
  assert_int_equal(facts.iterator_len, 0);
  assert_int_equal(facts.millis_behind, -1);
  assert_false(facts.has_children);
  must("a2 'Records' 80 'ChildShards' 80");
  assert_int_equal(facts.millis_behind, -1);
  assert_false(facts.has_children);
}

static void names_inside_values_do_not_count(void **state) {
  (void)state;
  must(
      "a3 'Records' 81 a4 'PartitionKey' 'NextShardIterator' 'SequenceNumber' '5' 'NextShardIterator' 'evil' 'x' a2 "
      "'ChildShards' 81 a0 'SequenceNumber' '6' 'Other' bf 'NextShardIterator' 'evil' 'MillisBehindLatest' 07 "
      "'Records' 81 01 ff 'Text' '\x71NextShardIterator'");
  assert_int_equal(facts.iterator_len, 0);
  assert_int_equal(facts.millis_behind, -1);
  assert_false(facts.has_children);
  assert_int_equal(facts.n_records, 1);
  assert_last("5");
}

static void pieces_tags_and_floats(void **state) {
  (void)state;
  must(
      "d9d9f7 bf 7f 'Rec' 60 'ords' ff c1 9f a3 'Data' 5f h'a' h'bc' ff 7f 'Sequence' 'Number' ff 7f '4' '2' ff 'x' c1 "
      "c2 80 ff "
      "7f 'NextShardIterator' ff c1 7f 'a/' 'b' ff 'MillisBehindLatest' c1 fb4097700000000000 7f ff 01 ff");
  assert_string_equal(facts.iterator, "a/b");
  assert_int_equal(facts.millis_behind, 1500);
  assert_last("42");
  must("a2 'Records' 80 'MillisBehindLatest' 26");
  assert_int_equal(facts.millis_behind, 0);
}

/* A name in pieces behind a list: what the list was does not stick to the pieces. */
static void a_name_in_pieces_behind_records(void **state) {
  (void)state;
  must("a2 'Records' 81 a1 'SequenceNumber' '1' 7f 'o' 'dd' ff 9f 01 ff");
  must("a2 'Records' 80 7f ff 82 01 02");
}

static void strings_of_all_lengths(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 23, 24, 255, 256, 65535, 65536, 200000};
  struct sc_buf body = SC_BUF_INIT;
  char *data = calloc(1, 200000);
  memset(data, 0xff, 200000);
  sc_cbor_open(&body, SC_CBOR_MAP);
  sc_cbor_add_text(&body, SC_SLICE_LITERAL("Records"));
  sc_cbor_add(&body, SC_CBOR_ARRAY, sizeof(lengths) / sizeof(*lengths));
  for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
    sc_cbor_add(&body, SC_CBOR_MAP, 2);
    sc_cbor_add_text(&body, SC_SLICE_LITERAL("SequenceNumber"));
    sc_cbor_add_text(&body, SC_SLICE_LITERAL("7"));
    sc_cbor_add_text(&body, SC_SLICE_LITERAL("Data"));
    sc_cbor_add_bytes(&body, sc_slice_of(data, lengths[i]));
  }
  sc_cbor_close(&body);
  for (size_t chunk = 1; chunk < 40000; chunk = chunk * 3 + 1) {
    struct sc_reply_scan_cbor scan;
    sc_reply_scan_cbor_init(&scan);
    for (size_t len = chunk; len < body.len; len += chunk)
      assert_int_equal(sc_reply_scan_cbor_feed(&scan, body.ptr, len, &err), 0);
    assert_int_equal(sc_reply_scan_cbor_finish(&scan, body.ptr, body.len, &facts, &err), 0);
    assert_int_equal(facts.n_records, 9);
    assert_last("7");
  }
  free(data);
  sc_buf_fini(&body);
}

static void refuses(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "80",
      "a0",
      "bf ff",
      "f6",
      "c1",
      "bf",
      "a1 'Records' 80 00",
      "bf 'Records' 80 ff ff",
      "bf 'Records' 80",
      "bf 'Records' ff",
      "a1 'Records' 81",
      "a1 'Records' a0",
      "a1 'Records' 00",
      "a1 'Records' 'x'",
      "a1 'Records' 81 00",
      "a1 'Records' 81 80",
      "a1 'Records' 82 a1 'SequenceNumber' '1' 02",
      "a1 'Records' 81 a0",
      "a1 'Records' 81 a1 'SequenceNumber' 01",
      "a1 'Records' 81 a1 'SequenceNumber' ''",
      "a1 'Records' 81 a1 'SequenceNumber' '1a'",
      "a1 'Records' 81 a1 'SequenceNumber' h'1'",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'SequenceNumber' '2'",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 02 03",
      "a1 'Records' 81 bf 'SequenceNumber' '1' 'x' ff",
      "a2 'Records' 80 'Records' 80",
      "a3 'Records' 80 'NextShardIterator' 'a' 'NextShardIterator' f6",
      "a2 'Records' 80 'NextShardIterator' 01",
      "a2 'Records' 80 'NextShardIterator' 80",
      "a2 'Records' 80 'NextShardIterator' h'a'",
      "a2 'Records' 80 'MillisBehindLatest' '0'",
      "a2 'Records' 80 'MillisBehindLatest' f5",
      "a2 'Records' 80 'MillisBehindLatest' fb7ff8000000000000",
      "a2 'Records' 80 'MillisBehindLatest' 1b0fffffffffffffff",
      "a2 'Records' 80 'ChildShards' a0",
      "a2 'Records' 80 'x' ff",
      "a2 'Records' 80 01 02",
      "a2 'Records' 80 h'x' 02",
      "a2 'Records' 80 'x' 1c",
      "a2 'Records' 80 'x' 7f 01 ff",
      "a2 'Records' 80 'x' 7bffffffffffffffff",
      "a2 'Records' 80 'x' 9bffffffffffffffff",
      "a2 'Records' 80 c1 ff",
  };
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    if (scan(bad[i]) != SC_E_PROTOCOL) fail_msg("took %s", bad[i]);
    assert_non_null(strstr(err.text, "GetRecords reply: "));
  }
}

static void bounds(void **state) {
  (void)state;
  struct sc_buf body = SC_BUF_INIT;
  char *text = malloc(SC_REPLY_ITERATOR_MAX + 1);
  memset(text, 'x', SC_REPLY_ITERATOR_MAX + 1);
  for (uint32_t over = 0; over < 2; over++) {
    sc_buf_clear(&body);
    sc_cbor_add(&body, SC_CBOR_MAP, 2);
    sc_cbor_add_text(&body, SC_SLICE_LITERAL("NextShardIterator"));
    sc_cbor_add_text(&body, sc_slice_of(text, SC_REPLY_ITERATOR_MAX + over));
    sc_cbor_add_text(&body, SC_SLICE_LITERAL("Records"));
    sc_cbor_add_null(&body);
    assert_int_equal(scan_bytes(sc_buf_view(&body)), over ? SC_E_PROTOCOL : 0);

    sc_buf_clear(&body);
    sc_cbor_add(&body, SC_CBOR_MAP, 2);
    sc_cbor_add_text(&body, SC_SLICE_LITERAL("Records"));
    sc_cbor_add_null(&body);
    sc_cbor_add_text(&body, SC_SLICE_LITERAL("x"));
    for (uint32_t i = 0; i < SC_CBOR_DEPTH_MAX - 1 + over; i++) sc_cbor_add(&body, SC_CBOR_ARRAY, 1);
    sc_cbor_add_null(&body);
    assert_int_equal(scan_bytes(sc_buf_view(&body)), over ? SC_E_PROTOCOL : 0);

    sc_buf_clear(&body);
    sc_cbor_add(&body, SC_CBOR_MAP, 1);
    sc_cbor_add_text(&body, SC_SLICE_LITERAL("Records"));
    sc_cbor_open(&body, SC_CBOR_ARRAY);
    for (uint32_t i = 0; i < SC_GET_RECORDS_MAX + over; i++) {
      sc_cbor_add(&body, SC_CBOR_MAP, 1);
      sc_cbor_add_text(&body, SC_SLICE_LITERAL("SequenceNumber"));
      sc_cbor_add_text(&body, SC_SLICE_LITERAL("1"));
    }
    sc_cbor_close(&body);
    struct sc_reply_scan_cbor scan_all;
    sc_reply_scan_cbor_init(&scan_all);
    int rc = sc_reply_scan_cbor_finish(&scan_all, body.ptr, body.len, &facts, &err);
    assert_int_equal(rc, over ? SC_E_PROTOCOL : 0);
  }
  free(text);
  sc_buf_fini(&body);
}

static int drop(void **state) {
  (void)state;
  sc_buf_fini(&buf);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ordinary_reply),
      cmocka_unit_test(end_of_a_shard),
      cmocka_unit_test(absent_and_null_are_alike),
      cmocka_unit_test(names_inside_values_do_not_count),
      cmocka_unit_test(pieces_tags_and_floats),
      cmocka_unit_test(a_name_in_pieces_behind_records),
      cmocka_unit_test(strings_of_all_lengths),
      cmocka_unit_test(refuses),
      cmocka_unit_test(bounds),
  };
  return cmocka_run_group_tests(tests, NULL, drop);
}
