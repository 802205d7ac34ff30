#include "codec/kinesis/event_decoder.h"

#include <stdlib.h>

#include "tests/unit/engine/base/check.h"

#define JSON "application/x-amz-json-1.1"

static struct sc_event_decoder decoder;
static struct sc_buf payload;
static const char *why;

/* Feeds bytes in chunks of n; the step that ended it: END when all frames were whole. */
static enum sc_event_step feed(struct sc_slice bytes, size_t n, int *frames) {
  enum sc_event_step step = SC_EVENT_MORE;
  *frames = 0;
  for (size_t at = 0; at < bytes.len; at += n) {
    size_t len = n < bytes.len - at ? n : bytes.len - at;
    char *chunk = malloc(len); /* of just that size, and gone afterwards */
    memcpy(chunk, bytes.ptr + at, len);
    struct sc_slice rest = sc_slice_of(chunk, len), piece;
    while (rest.len > 0 && step != SC_EVENT_BROKEN) {
      step = sc_event_decoder_step(&decoder, &rest, &piece, &why);
      if (step == SC_EVENT_HEAD) sc_buf_clear(&payload);
      if (step == SC_EVENT_PAYLOAD) sc_buf_add_slice(&payload, piece);
      if (step == SC_EVENT_END) ++*frames;
    }
    free(chunk);
    if (step == SC_EVENT_BROKEN) break;
  }
  return step;
}

static int reset(void **state) {
  (void)state;
  sc_event_decoder_init(&decoder);
  payload = (struct sc_buf)SC_BUF_INIT;
  return 0;
}

static int drop(void **state) {
  (void)state;
  sc_event_decoder_fini(&decoder);
  sc_buf_fini(&payload);
  return 0;
}

static void any_chunking(void **state) {
  (void)state;
  struct sc_buf bytes = SC_BUF_INIT;
  int frames;
  sc_event_stream_add(&bytes, SC_EVENT_STREAM_EVENT, "initial-response", JSON, SC_SLICE_LITERAL("{}"));
  sc_event_stream_add(&bytes, SC_EVENT_STREAM_EVENT, "Empty", JSON, sc_slice_of(NULL, 0));
  sc_event_stream_add(&bytes, SC_EVENT_STREAM_EXCEPTION, "Last", JSON, SC_SLICE_LITERAL("{\"message\":\"x\"}"));
  for (size_t n = 1; n <= bytes.len; n++) {
    assert_int_equal(feed(sc_buf_view(&bytes), n, &frames), SC_EVENT_END);
    assert_int_equal(frames, 3);
    assert_string_equal(sc_buf_str(&payload), "{\"message\":\"x\"}");
    assert_int_equal(decoder.payload_bytes, payload.len);
    assert_true(sc_slice_is(sc_event_stream_string(&decoder.frame, ":exception-type"), "Last"));
    assert_true(sc_event_decoder_is_between(&decoder));
  }
  assert_int_equal(feed(sc_slice_of(bytes.ptr, bytes.len - 1), 7, &frames), SC_EVENT_MORE);
  assert_int_equal(frames, 2);
  assert_false(sc_event_decoder_is_between(&decoder));
  sc_buf_fini(&bytes);
}

static void every_flipped_byte_is_found(void **state) {
  (void)state;
  struct sc_buf bytes = SC_BUF_INIT;
  int frames;
  sc_event_stream_add(&bytes, SC_EVENT_STREAM_EVENT, "SubscribeToShardEvent", JSON, SC_SLICE_LITERAL("{\"a\":1}"));
  for (size_t i = 0; i < bytes.len; i++) {
    bytes.ptr[i] ^= 0x10;
    sc_event_decoder_reset(&decoder);
    assert_int_equal(feed(sc_buf_view(&bytes), 5, &frames), SC_EVENT_BROKEN);
    assert_int_equal(frames, 0);
    bytes.ptr[i] ^= 0x10;
  }
  sc_event_decoder_reset(&decoder);
  assert_int_equal(feed(sc_buf_view(&bytes), 5, &frames), SC_EVENT_END);
  sc_buf_fini(&bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(any_chunking, reset, drop),
      cmocka_unit_test_setup_teardown(every_flipped_byte_is_found, reset, drop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
