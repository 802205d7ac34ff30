#include "codec/kinesis/envelope_cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/kinesis/reply_scan.h"
#include "tests/unit/codec/wire/cbor_text.h"

static struct sc_records list;
static struct sc_error err;
static struct sc_buf buf = SC_BUF_INIT;
static char *body;

/* The body lives until the next one; what lies behind it looks like more of the same. */
static int open_bytes(struct sc_slice bytes) {
  free(body);
  body = malloc(bytes.len + SC_BODY_PADDING);
  if (bytes.len > 0) memcpy(body, bytes.ptr, bytes.len);
  memset(body + bytes.len, 0x61, SC_BODY_PADDING);
  return sc_envelope_cbor_open(body, bytes.len, &list, &err);
}

static int open_text(const char *text) { return open_bytes(cbor_text(&buf, text)); }

static void must(const char *text, uint32_t want) {
  if (open_text(text) != 0) fail_msg("%s: %s", text, err.text);
  assert_int_equal(list.n, want);
}

/* The reply as the service writes it: indefinite containers, tag 1 with milliseconds, the payload as it is. */
static void a_reply_of_the_service(void **state) {
  (void)state;
  static const char recorded[] =
      "bf675265636f7264739fbf6e53657175656e63654e756d6265726131781b417070726f78696d6174654172726976616c54696d657374616d"
      "70c11b0000018bcfe5687b64446174614268696c506172746974696f6e4b6579616bffff724d696c6c6973426568696e644c617465737400"
      "ff";
  must(recorded, 1);
  assert_int_equal(buf.len, 113);
  assert_true(sc_slice_is(list.items[0].sequence, "1"));
  assert_true(sc_slice_is(list.items[0].data, "hi"));
  assert_true(sc_slice_is(list.items[0].partition_key, "k"));
  assert_int_equal(list.items[0].arrival_us, 1700000000123000);
  assert_in_range((uintptr_t)list.items[0].data.ptr, (uintptr_t)body, (uintptr_t)body + 113); /* where it stood */
}

static void other_ways_to_write_the_same(void **state) {
  (void)state;
  static const char *const same[] = {
      "a2 'MillisBehindLatest' 00 'Records' 81 a4 'PartitionKey' 'k' 'Data' h'hi' "
      "'ApproximateArrivalTimestamp' 1b0000018bcfe5687b 'SequenceNumber' '1'",
      "bf 'Records' 81 bf 'SequenceNumber' '1' 'EncryptionType' 'KMS' 'Extra' bf 'a' 9f 01 5f h'x' ff ff ff "
      "'ApproximateArrivalTimestamp' c1 fb41d954fc4007df3b 'Data' 5f h'h' 40 h'i' ff 'PartitionKey' 7f 'k' ff ff ff",
      "d9d9f7 a1 7f 'Rec' 'ords' ff c1 9f a4 7f 'Sequence' 'Number' ff 78 01 31 'ApproximateArrivalTimestamp' "
      "fb41d954fc4007df3b 64 44617461 59 0002 6869 6c 506172746974696f6e4b6579 7a 00000001 6b ff",
  };
  for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
    must(same[i], 1);
    assert_true(sc_slice_is(list.items[0].sequence, "1"));
    assert_true(sc_slice_is(list.items[0].data, "hi"));
    assert_true(sc_slice_is(list.items[0].partition_key, "k"));
    assert_int_equal(list.items[0].arrival_us, 1700000000123000);
  }
}

static int64_t arrival_of(const char *value) {
  struct sc_buf text = SC_BUF_INIT;
  sc_buf_printf(&text, "a1 'Records' 81 a2 'SequenceNumber' '1' 'ApproximateArrivalTimestamp' %s", value);
  int rc = open_text(sc_buf_str(&text));
  sc_buf_fini(&text);
  return rc == 0 ? list.items[0].arrival_us : -1;
}

static void times(void **state) {
  (void)state;
  assert_true(arrival_of("f6") == INT64_MIN);
  assert_int_equal(arrival_of("c1 00"), 0);
  assert_int_equal(arrival_of("c1 1a 5f5e1000"), 1600000000000);
  assert_int_equal(arrival_of("c1 38 63"), -100000);
  assert_int_equal(arrival_of("c1 fa 4ecb91fd"), 1707671168000000);
  assert_int_equal(arrival_of("f9 bc00"), -1000000);
  assert_int_equal(arrival_of("c1 1b 0020c49ba5e353f7"), 9223372036854775000);
  static const char *const bad[] = {"c1 1b 0020c49ba5e353f8",
                                    "c1 1b ffffffffffffffff",
                                    "fb 7ff0000000000000",
                                    "fb 42b0000000000000",
                                    "'1700000000'",
                                    "f5",
                                    "80",
                                    "c1"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    if (arrival_of(bad[i]) != -1) fail_msg("took %s", bad[i]);
}

static void absent_and_null_are_alike(void **state) {
  (void)state;
  must("a1 'Records' f6", 0);
  must("a1 'Records' 80", 0);
  must("a1 'Records' 9f ff", 0);
  must(
      "a1 'Records' 82 a1 'SequenceNumber' '12' a4 'SequenceNumber' '13' 'Data' f6 'PartitionKey' f6 "
      "'ApproximateArrivalTimestamp' f7",
      2);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(list.items[i].data.len, 0);
    assert_int_equal(list.items[i].partition_key.len, 0);
    assert_true(list.items[i].arrival_us == INT64_MIN);
  }
}

static void payloads_of_all_lengths(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 23, 24, 255, 256, 65535, 65536, 1 << 20};
  struct sc_buf reply = SC_BUF_INIT;
  char *data = malloc(1 << 20);
  for (size_t i = 0; i < 1 << 20; i++) data[i] = (char)(i * 7 + i / 256);
  sc_cbor_open(&reply, SC_CBOR_MAP);
  sc_cbor_add_text(&reply, SC_SLICE_LITERAL("Records"));
  sc_cbor_open(&reply, SC_CBOR_ARRAY);
  for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
    sc_cbor_add(&reply, SC_CBOR_MAP, 2);
    sc_cbor_add_text(&reply, SC_SLICE_LITERAL("Data"));
    sc_cbor_add_bytes(&reply, sc_slice_of(data, lengths[i]));
    sc_cbor_add_text(&reply, SC_SLICE_LITERAL("SequenceNumber"));
    sc_cbor_add_text(&reply, SC_SLICE_LITERAL("49590338271490256608559692538361571095921575989136588898"));
  }
  sc_cbor_close(&reply);
  sc_cbor_close(&reply);
  if (open_bytes(sc_buf_view(&reply)) != 0) fail_msg("%s", err.text);
  for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
    assert_true(sc_slice_equals(list.items[i].data, sc_slice_of(data, lengths[i])));
    assert_int_equal(list.items[i].sequence.len, 56);
  }
  free(data);
  sc_buf_fini(&reply);
}

static void refuses(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "80",
      "a0",
      "f6",
      "bf ff",
      "a1 'Records'",
      "a1 'Records' 00",
      "a1 'Records' a0",
      "a1 'Records' 81 00",
      "a1 'Records' 81 80",
      "a1 'Records' 80 00",
      "bf 'Records' 80",
      "bf 'Records' 80 ff ff",
      "bf 'Records' 80 'x' ff",
      "bf 01 'x' 'Records' 80 ff",
      "a2 'Records' 80 'Records' 80",
      "a1 'Records' 9f",
      "a1 'Records' 82 a1 'SequenceNumber' '1'",
      "a1 'Records' 81 a0",
      "a1 'Records' 81 a1 'SequenceNumber'",
      "a1 'Records' 81 a1 'SequenceNumber' 01",
      "a1 'Records' 81 a1 'SequenceNumber' f6",
      "a1 'Records' 81 a1 'SequenceNumber' h'1'",
      "a1 'Records' 81 a1 'SequenceNumber' ''",
      "a1 'Records' 81 a1 'SequenceNumber' '1a'",
      "a1 'Records' 81 a1 'SequenceNumber' '0123456789012345/'",
      "a1 'Records' 81 a1 'SequenceNumber' 65 31",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'SequenceNumber' '1'",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'Data' 'aGk='",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'Data' 01",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'Data' 58ff 00",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'Data' 5f h'x'",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'Data' 5f 'x' ff",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'Data' 5bffffffffffffffff",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'PartitionKey' 61 ff",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'PartitionKey' h'k'",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 01 02",
      "a1 'Records' 81 a2 'SequenceNumber' '1' 'x' ff",
      "a1 'Records' 9bffffffffffffffff",
  };
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    if (open_text(bad[i]) != SC_E_PROTOCOL) fail_msg("took %s", bad[i]);
    assert_non_null(strstr(err.text, "GetRecords reply: "));
    assert_non_null(strstr(err.hint, "--protocol=json"));
  }
}

/* What is cut anywhere is refused, and nothing behind the end is believed. */
static void cut_anywhere(void **state) {
  (void)state;
  struct sc_buf whole = SC_BUF_INIT;
  cbor_text(
      &whole,
      "bf 'NextShardIterator' 'AAAA' 'Records' 9f bf 'SequenceNumber' '49590338271490256608559692538361571095921575'"
      "'ApproximateArrivalTimestamp' c1 1b0000018bcfe5687b 'Data' h'some payload of more than 24 bytes' 'PartitionKey'"
      "'key' ff a2 'Data' 5f h'a' h'b' ff 'SequenceNumber' '7' ff ff");
  assert_int_equal(open_bytes(sc_buf_view(&whole)), 0);
  assert_int_equal(list.n, 2);
  assert_true(sc_slice_is(list.items[1].data, "ab"));
  for (size_t len = 0; len < whole.len; len++) {
    free(body);
    body = malloc(whole.len + SC_BODY_PADDING);
    memcpy(body, whole.ptr, whole.len); /* the rest stands behind the end */
    memset(body + whole.len, 0, SC_BODY_PADDING);
    if (sc_envelope_cbor_open(body, len, &list, &err) != SC_E_PROTOCOL) fail_msg("took %zu bytes", len);
  }
  sc_buf_fini(&whole);
}

static void bounds(void **state) {
  (void)state;
  struct sc_buf reply = SC_BUF_INIT;
  for (uint32_t over = 0; over < 2; over++) {
    sc_buf_clear(&reply);
    sc_cbor_add(&reply, SC_CBOR_MAP, 1);
    sc_cbor_add_text(&reply, SC_SLICE_LITERAL("Records"));
    sc_cbor_add(&reply, SC_CBOR_ARRAY, SC_GET_RECORDS_MAX + over);
    for (uint32_t i = 0; i < SC_GET_RECORDS_MAX + over; i++) {
      sc_cbor_add(&reply, SC_CBOR_MAP, 1);
      sc_cbor_add_text(&reply, SC_SLICE_LITERAL("SequenceNumber"));
      sc_cbor_add_text(&reply, SC_SLICE_LITERAL("1"));
    }
    assert_int_equal(open_bytes(sc_buf_view(&reply)), over ? SC_E_PROTOCOL : 0);
  }
  char digits[SC_SEQUENCE_DIGITS + 2];
  for (size_t over = 0; over < 2; over++) {
    memset(digits, '7', sizeof(digits));
    digits[SC_SEQUENCE_DIGITS + over] = '\0';
    sc_buf_clear(&reply);
    sc_buf_printf(&reply, "a1 'Records' 81 a1 'SequenceNumber' '%s'", digits);
    assert_int_equal(open_text(sc_buf_str(&reply)), over ? SC_E_PROTOCOL : 0);
  }
  sc_buf_fini(&reply);
}

static int drop(void **state) {
  (void)state;
  sc_buf_fini(&buf);
  free(body);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_reply_of_the_service),
      cmocka_unit_test(other_ways_to_write_the_same),
      cmocka_unit_test(times),
      cmocka_unit_test(absent_and_null_are_alike),
      cmocka_unit_test(payloads_of_all_lengths),
      cmocka_unit_test(refuses),
      cmocka_unit_test(cut_anywhere),
      cmocka_unit_test(bounds),
  };
  return cmocka_run_group_tests(tests, NULL, drop);
}
