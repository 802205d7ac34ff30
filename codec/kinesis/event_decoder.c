#include "codec/kinesis/event_decoder.h"

#include "codec/wire/crc32.h"
#include "engine/base/big_endian.h"
#include "engine/base/error.h"

void sc_event_decoder_init(struct sc_event_decoder *d) { *d = (struct sc_event_decoder){0}; }

void sc_event_decoder_reset(struct sc_event_decoder *d) {
  d->at = 0;
  d->has_head = false;
  sc_buf_clear(&d->head);
}

void sc_event_decoder_fini(struct sc_event_decoder *d) { sc_buf_fini(&d->head); }

static struct sc_slice take(struct sc_slice *bytes, size_t most) {
  struct sc_slice taken = sc_slice_of(bytes->ptr, bytes->len < most ? bytes->len : most);
  *bytes = sc_slice_of(bytes->ptr + taken.len, bytes->len - taken.len);
  return taken;
}

/* Collects up to len bytes of prelude and headers; true when they are there. */
static bool collect(struct sc_event_decoder *d, struct sc_slice *bytes, size_t len) {
  struct sc_slice taken = take(bytes, len - d->head.len);
  sc_buf_add_slice(&d->head, taken);
  d->at += taken.len;
  return d->head.len == len;
}

static enum sc_event_step head_step(struct sc_event_decoder *d, struct sc_slice *bytes, const char **why) {
  struct sc_event_stream_frame *frame = &d->frame;
  if (d->head.len < SC_EVENT_STREAM_PRELUDE_BYTES) {
    if (!collect(d, bytes, SC_EVENT_STREAM_PRELUDE_BYTES)) return SC_EVENT_MORE;
    *why = sc_event_stream_check_prelude(d->head.ptr);
    if (*why != NULL) return SC_EVENT_BROKEN;
  }
  size_t headers = sc_be_get32(d->head.ptr + 4);
  if (!collect(d, bytes, SC_EVENT_STREAM_PRELUDE_BYTES + headers)) return SC_EVENT_MORE;
  frame->len = sc_be_get32(d->head.ptr);
  frame->headers = sc_slice_of(d->head.ptr + SC_EVENT_STREAM_PRELUDE_BYTES, headers);
  frame->payload = sc_slice_of(NULL, 0);
  d->payload_bytes = frame->len - SC_EVENT_STREAM_LEAST_BYTES - headers;
  d->crc = sc_crc32(0, sc_buf_view(&d->head));
  d->has_head = true;
  *why = sc_event_stream_check_headers(frame->headers);
  return *why == NULL ? SC_EVENT_HEAD : SC_EVENT_BROKEN;
}

static enum sc_event_step end_step(struct sc_event_decoder *d, struct sc_slice *bytes, const char **why) {
  struct sc_slice taken = take(bytes, d->frame.len - d->at);
  memcpy(d->end + sizeof(d->end) - (d->frame.len - d->at), taken.ptr, taken.len);
  d->at += taken.len;
  if (d->at < d->frame.len) return SC_EVENT_MORE;
  if (sc_be_get32(d->end) != d->crc) {
    *why = "the checksum of a frame is wrong";
    return SC_EVENT_BROKEN;
  }
  d->at = 0;
  return SC_EVENT_END;
}

enum sc_event_step sc_event_decoder_step(struct sc_event_decoder *d, struct sc_slice *bytes, struct sc_slice *piece,
                                         const char **why) {
  SC_ASSERT(bytes->len > 0);
  if (d->at == 0) sc_event_decoder_reset(d); /* the frame before is over */
  if (!d->has_head) return head_step(d, bytes, why);
  size_t payload_end = d->frame.len - sizeof(d->end);
  if (d->at >= payload_end) return end_step(d, bytes, why);
  *piece = take(bytes, payload_end - d->at);
  d->at += piece->len;
  d->crc = sc_crc32(d->crc, *piece);
  return SC_EVENT_PAYLOAD;
}
