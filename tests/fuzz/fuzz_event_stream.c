/* Event stream frames. The first byte of the input says whether the checksums are put right first, so that what is
 * behind them is reached. What is read, written again by hand, is the input; what is read from a part of it never
 * contradicts the whole; what is written around a payload in two pieces is read as that payload; and the decoder, fed
 * in chunks of any length, finds the same frames as the reader. */
#include "codec/kinesis/event_decoder.h"
#include "tests/fuzz/fuzz.h"

/* CRC-32 (IEEE 802.3), bit by bit. */
static uint32_t crc_of(const char *bytes, size_t len) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < len; i++) {
    crc ^= (unsigned char)bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

static void put_number(char *at, size_t bytes, size_t value) {
  for (size_t i = bytes; i-- > 0; value >>= 8) at[i] = (char)value;
}

static size_t number_at(const char *at) {
  size_t value = 0;
  for (int i = 0; i < 4; i++) value = value << 8 | (unsigned char)at[i];
  return value;
}

/* Of each frame as far as lengths allow. */
static void put_checksums(char *bytes, size_t len) {
  while (len >= 16) {
    put_number(bytes + 8, 4, crc_of(bytes, 8));
    size_t total = number_at(bytes);
    if (total < 16 || total > len) return;
    put_number(bytes + total - 4, 4, crc_of(bytes, total - 4));
    bytes += total;
    len -= total;
  }
}

static void add_number(struct sc_buf *out, size_t bytes, size_t value) {
  char text[4];
  put_number(text, bytes, value);
  sc_buf_add(out, text, bytes);
}

static void write_again(const struct sc_event_stream_frame *frame, struct sc_buf *out) {
  struct sc_slice rest = frame->headers;
  struct sc_event_stream_header header;
  add_number(out, 4, frame->len);
  add_number(out, 4, frame->headers.len);
  add_number(out, 4, crc_of(out->ptr, 8));
  while (sc_event_stream_next_header(&rest, &header)) {
    CHECK(header.name.len > 0);
    add_number(out, 1, header.name.len);
    sc_buf_add_slice(out, header.name);
    add_number(out, 1, header.type);
    if (header.type == SC_EVENT_STREAM_BYTES || header.type == SC_EVENT_STREAM_STRING)
      add_number(out, 2, header.value.len);
    sc_buf_add_slice(out, header.value);
  }
  sc_buf_add_slice(out, frame->payload);
  add_number(out, 4, crc_of(out->ptr, out->len));
}

/* How the frame arrives does not matter. */
static void check_parts(const char *bytes, size_t len) {
  struct sc_event_stream_frame part;
  const char *why;
  size_t step = len / 64 + 1;
  for (size_t n = 0; n < len; n += step)
    CHECK(sc_event_stream_read(sc_slice_of(bytes, n), &part, &why) == SC_EVENT_STREAM_MORE && part.len > n &&
          part.len <= len);
}

static void check_frames(const char *bytes, size_t len) {
  struct sc_event_stream_frame frame;
  const char *why = NULL;
  while (sc_event_stream_read(sc_slice_of(bytes, len), &frame, &why) == SC_EVENT_STREAM_FRAME) {
    struct sc_buf again = SC_BUF_INIT;
    CHECK(frame.len <= len);
    write_again(&frame, &again);
    CHECK(again.len == frame.len && memcmp(again.ptr, bytes, frame.len) == 0);
    sc_buf_fini(&again);
    check_parts(bytes, frame.len);
    bytes += frame.len;
    len -= frame.len;
  }
}

/* A frame of the decoder's, whose payload was collected, against the reader's. */
static void same_frame(const struct sc_event_decoder *d, const struct sc_buf *payload, const char *bytes, size_t len) {
  struct sc_event_stream_frame frame;
  const char *why;
  CHECK(sc_event_stream_read(sc_slice_of(bytes, len), &frame, &why) == SC_EVENT_STREAM_FRAME);
  CHECK(frame.len == d->frame.len && sc_slice_equals(frame.headers, d->frame.headers));
  CHECK(d->payload_bytes == payload->len && sc_slice_equals(frame.payload, sc_buf_view(payload)));
}

static void check_decoder(const char *bytes, size_t len) {
  struct sc_event_decoder d;
  struct sc_buf payload = SC_BUF_INIT;
  struct sc_event_stream_frame frame;
  enum sc_event_step step = SC_EVENT_MORE;
  size_t start = 0, at = 0, frame_len;
  uint32_t random = (uint32_t)len * 2654435761U;
  const char *why = NULL, *other;
  sc_event_decoder_init(&d);
  while (at < len && step != SC_EVENT_BROKEN) {
    random = random * 1664525 + 1013904223;
    size_t n = 1 + (random >> 8) % 40;
    struct sc_slice chunk = sc_slice_of(bytes + at, n < len - at ? n : len - at), piece;
    at += chunk.len;
    while (chunk.len > 0 && step != SC_EVENT_BROKEN) {
      step = sc_event_decoder_step(&d, &chunk, &piece, &why);
      if (step == SC_EVENT_PAYLOAD) sc_buf_add_slice(&payload, piece);
      if (step != SC_EVENT_END) continue;
      frame_len = d.frame.len;
      same_frame(&d, &payload, bytes + start, len - start);
      start += frame_len;
      sc_buf_clear(&payload);
      CHECK(sc_event_decoder_is_between(&d));
    }
  }
  enum sc_event_stream_answer rest = sc_event_stream_read(sc_slice_of(bytes + start, len - start), &frame, &other);
  CHECK(rest != SC_EVENT_STREAM_FRAME);
  if (step == SC_EVENT_BROKEN) CHECK(why != NULL);
  /* What is broken for the reader is for the decoder; headers it finds broken before the frame is whole. */
  if (rest == SC_EVENT_STREAM_BROKEN) CHECK(step == SC_EVENT_BROKEN);
  sc_event_decoder_fini(&d);
  sc_buf_fini(&payload);
}

static void check_writing(const char *bytes, size_t len) {
  struct sc_buf head = SC_BUF_INIT, tail = SC_BUF_INIT;
  struct sc_event_stream_frame frame;
  const char *why;
  sc_event_stream_begin(&head, SC_EVENT_STREAM_EVENT, "E", "text/plain");
  sc_buf_add(&head, bytes, len / 2);
  sc_buf_add(&tail, bytes + len / 2, len - len / 2);
  struct iovec pieces[] = {{head.ptr, head.len}, {tail.ptr, tail.len}};
  sc_event_stream_end(pieces, 2, &tail);
  sc_buf_add_slice(&head, sc_buf_view(&tail));
  CHECK(sc_event_stream_read(sc_buf_view(&head), &frame, &why) == SC_EVENT_STREAM_FRAME && frame.len == head.len);
  CHECK(frame.payload.len == len && (len == 0 || memcmp(frame.payload.ptr, bytes, len) == 0));
  check_frames(head.ptr, head.len);
  sc_buf_fini(&head);
  sc_buf_fini(&tail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  char *bytes = malloc(size); /* of just that size: a read behind it is found */
  CHECK(bytes != NULL);
  memcpy(bytes, data + 1, size - 1);
  if (data[0] & 1) put_checksums(bytes, size - 1);
  check_frames(bytes, size - 1);
  check_decoder(bytes, size - 1);
  check_writing(bytes, size - 1);
  free(bytes);
  return 0;
}
