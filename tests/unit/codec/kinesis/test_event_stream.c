#include "codec/kinesis/event_stream.h"

#include <stdio.h>

#include "tests/unit/engine/base/check.h"

#define JSON "application/x-amz-json-1.1"

static void assert_begins(const struct sc_buf *frame, const char *hex) {
  for (size_t i = 0; hex[2 * i] != '\0'; i++) {
    unsigned byte;
    assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
    assert_int_equal((unsigned char)frame->ptr[i], byte);
  }
}

static void assert_vector(enum sc_event_stream_kind kind, const char *type, const char *payload, size_t len,
                          const char *prelude, const char *crc) {
  struct sc_buf frame = SC_BUF_INIT, end = SC_BUF_INIT;
  sc_event_stream_add(&frame, kind, type, JSON, sc_slice_str(payload));
  assert_int_equal(frame.len, len);
  assert_begins(&frame, prelude);
  sc_buf_add(&end, frame.ptr + frame.len - 4, 4);
  assert_begins(&end, crc);
  sc_buf_fini(&frame);
  sc_buf_fini(&end);
}

/* Frames that botocore's parser took. */
static void test_vectors(void **state) {
  (void)state;
  assert_vector(SC_EVENT_STREAM_EVENT, "initial-response", "{}", 114, "0000007200000060ab820d9e", "acae6b7d");
  assert_vector(SC_EVENT_STREAM_EVENT, "SubscribeToShardEvent",
                "{\"ContinuationSequenceNumber\":\"1\",\"MillisBehindLatest\":0,\"Records\":[]}", 187,
                "000000bb000000653fed73bb", "3289a653");
  assert_vector(SC_EVENT_STREAM_EXCEPTION, "ResourceInUseException", "{\"message\":\"x\"}", 141,
                "0000008d0000006e865ee715", "cef16312");
}

static void test_pieces_are_the_frame_in_one(void **state) {
  (void)state;
  struct sc_buf whole = SC_BUF_INIT, head = SC_BUF_INIT, tail = SC_BUF_INIT;
  char middle[] = "two three";
  sc_event_stream_add(&whole, SC_EVENT_STREAM_EVENT, "E", JSON, SC_SLICE_LITERAL("one two three four"));
  sc_event_stream_begin(&head, SC_EVENT_STREAM_EVENT, "E", JSON);
  sc_buf_add_str(&head, "one ");
  sc_buf_add_str(&tail, " four");
  struct iovec pieces[] = {{head.ptr, head.len}, {middle, strlen(middle)}, {tail.ptr, tail.len}};
  sc_event_stream_end(pieces, 3, &tail);
  sc_buf_add_str(&head, middle);
  sc_buf_add_slice(&head, sc_buf_view(&tail));
  assert_int_equal(head.len, whole.len);
  assert_memory_equal(head.ptr, whole.ptr, whole.len);
  sc_buf_fini(&whole);
  sc_buf_fini(&head);
  sc_buf_fini(&tail);
}

static void test_frames_are_read_as_they_arrive(void **state) {
  (void)state;
  struct sc_buf bytes = SC_BUF_INIT;
  struct sc_event_stream_frame frame;
  const char *why = NULL;
  sc_event_stream_add(&bytes, SC_EVENT_STREAM_EVENT, "First", JSON, SC_SLICE_LITERAL("{}"));
  size_t first = bytes.len;
  sc_event_stream_add(&bytes, SC_EVENT_STREAM_EXCEPTION, "Second", JSON, sc_slice_of(NULL, 0));
  for (size_t i = 0; i < first; i++) {
    assert_int_equal(sc_event_stream_read(sc_slice_of(bytes.ptr, i), &frame, &why), SC_EVENT_STREAM_MORE);
    assert_int_equal(frame.len, i < 12 ? 12 : first);
  }
  assert_int_equal(sc_event_stream_read(sc_buf_view(&bytes), &frame, &why), SC_EVENT_STREAM_FRAME);
  assert_int_equal(frame.len, first);
  assert_true(sc_slice_is(frame.payload, "{}"));
  assert_true(sc_slice_is(sc_event_stream_string(&frame, ":event-type"), "First"));
  assert_true(sc_slice_is(sc_event_stream_string(&frame, ":content-type"), JSON));
  assert_true(sc_slice_is(sc_event_stream_string(&frame, ":message-type"), "event"));
  assert_int_equal(sc_event_stream_string(&frame, ":exception-type").len, 0);
  struct sc_slice rest = sc_slice_of(bytes.ptr + first, bytes.len - first);
  assert_int_equal(sc_event_stream_read(rest, &frame, &why), SC_EVENT_STREAM_FRAME);
  assert_true(sc_slice_is(sc_event_stream_string(&frame, ":exception-type"), "Second"));
  assert_int_equal(frame.payload.len, 0);
  sc_buf_fini(&bytes);
}

/* A frame around those headers, by the writer's own end. */
static void add_frame(struct sc_buf *out, struct sc_slice headers) {
  char prelude[12] = {[6] = (char)(headers.len >> 8), [7] = (char)headers.len};
  prelude[5] = (char)(headers.len >> 16);
  sc_buf_add(out, prelude, sizeof(prelude));
  sc_buf_add_slice(out, headers);
  sc_buf_add_char(out, '!');
  struct iovec whole = {out->ptr, out->len};
  sc_event_stream_end(&whole, 1, out);
}

static void test_headers_of_every_type(void **state) {
  (void)state;
  static const char headers[] =
      "\1a\0"
      "\1b\1"
      "\1c\2\x7f"
      "\1d\3\1\2"
      "\1e\4\1\2\3\4"
      "\1f\5\1\2\3\4\5\6\7\x8"
      "\1g\6\0\3xyz"
      "\1h\x8\1\2\3\4\5\6\7\x8"
      "\1i\x9"
      "0123456789abcdef"
      "\1j\7\0\4text";
  static const size_t bytes[] = {0, 0, 1, 2, 4, 8, 3, 8, 16, 4};
  struct sc_buf out = SC_BUF_INIT;
  struct sc_event_stream_frame frame;
  struct sc_event_stream_header header;
  const char *why = NULL;
  add_frame(&out, sc_slice_of(headers, sizeof(headers) - 1));
  assert_int_equal(sc_event_stream_read(sc_buf_view(&out), &frame, &why), SC_EVENT_STREAM_FRAME);
  struct sc_slice rest = frame.headers;
  for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++) {
    assert_true(sc_event_stream_next_header(&rest, &header));
    assert_int_equal(header.name.ptr[0], 'a' + (int)i);
    assert_int_equal(header.value.len, bytes[i]);
  }
  assert_false(sc_event_stream_next_header(&rest, &header));
  assert_true(sc_slice_is(sc_event_stream_string(&frame, "j"), "text"));
  assert_int_equal(sc_event_stream_string(&frame, "g").len, 0); /* bytes are no string */
  assert_true(sc_slice_is(frame.payload, "!"));
  sc_buf_fini(&out);
}

static void assert_broken(struct sc_slice bytes, const char *want) {
  struct sc_event_stream_frame frame;
  const char *why = "";
  assert_int_equal(sc_event_stream_read(bytes, &frame, &why), SC_EVENT_STREAM_BROKEN);
  assert_string_equal(why, want);
}

static void assert_headers_broken(struct sc_slice headers, const char *want) {
  struct sc_buf out = SC_BUF_INIT;
  add_frame(&out, headers);
  assert_broken(sc_buf_view(&out), want);
  sc_buf_fini(&out);
}

static void test_bad_headers(void **state) {
  (void)state;
  static const char unnamed[] = {0, 0}, no_type[] = {1, 'a'};
  struct sc_buf many = SC_BUF_INIT;
  assert_headers_broken(SC_SLICE_LITERAL("\1a\1\1a\7\0\1x"), "a header comes twice");
  assert_headers_broken(SC_SLICE_LITERAL("\1a\xa"), "a header has an unknown type");
  assert_headers_broken(SC_SLICE_LITERAL("\1a\7\0\2x"), "a header is cut off");
  assert_headers_broken(SC_SLICE_LITERAL("\1a\7\0"), "a header is cut off");
  assert_headers_broken(SC_SLICE_LITERAL("\1a\5\1\2\3\4\5\6\7"), "a header is cut off");
  assert_headers_broken(SC_SLICE_LITERAL("\x9name"), "a header is cut off");
  assert_headers_broken(sc_slice_of(no_type, sizeof(no_type)), "a header is cut off");
  assert_headers_broken(sc_slice_of(unnamed, sizeof(unnamed)), "a header has no name");
  for (int i = 0; i <= SC_EVENT_STREAM_MAX_HEADERS; i++) {
    char header[] = {2, (char)('a' + i / 16), (char)('a' + i % 16), 0};
    sc_buf_add(&many, header, sizeof(header));
  }
  assert_headers_broken(sc_buf_view(&many), "too many headers");
  sc_buf_fini(&many);
}

static void test_bad_frames(void **state) {
  (void)state;
  struct sc_buf frame = SC_BUF_INIT;
  sc_event_stream_add(&frame, SC_EVENT_STREAM_EVENT, "E", JSON, SC_SLICE_LITERAL("payload"));
  for (size_t i = 0; i < frame.len; i++) {
    frame.ptr[i] ^= 0x20;
    assert_broken(sc_buf_view(&frame),
                  i < 12 ? "the checksum of a prelude is wrong" : "the checksum of a frame is wrong");
    frame.ptr[i] ^= 0x20;
  }
  sc_buf_fini(&frame);
  /* good checksums over bad lengths (zlib.crc32 of Python) */
  static const char too_long[] = "\x01\x80\x00\x01\x00\x00\x00\x00\x1c\xfe\x1c\xb5";
  static const char long_headers[] = "\x00\x80\x00\x00\x00\x02\x00\x01\x99\xb7\xd1\x63";
  static const char too_short[] = "\x00\x00\x00\x0f\x00\x00\x00\x00\xe7\x72\x48\xb8";
  static const char no_room[] = "\x00\x00\x00\x14\x00\x00\x00\x05\x80\x28\x1a\xa4";
  assert_broken(sc_slice_of(too_long, 12), "a frame is too long");
  assert_broken(sc_slice_of(long_headers, 12), "the headers are too long");
  assert_broken(sc_slice_of(too_short, 12), "a frame is shorter than its parts");
  assert_broken(sc_slice_of(no_room, 12), "a frame is shorter than its parts");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_vectors),
      cmocka_unit_test(test_pieces_are_the_frame_in_one),
      cmocka_unit_test(test_frames_are_read_as_they_arrive),
      cmocka_unit_test(test_headers_of_every_type),
      cmocka_unit_test(test_bad_headers),
      cmocka_unit_test(test_bad_frames),
  };
  return cmocka_run_group_tests_name("codec/event_stream", tests, NULL, NULL);
}
