/* Event stream frames (event_stream.h) as they arrive, however they are cut: the payload passes through in pieces and
 * is never collected here. For the fetch thread, which puts a payload straight into the batch that was paid for it.
 *
 *   while (bytes.len > 0)
 *     switch (sc_event_decoder_step(&d, &bytes, &piece, &why)) ...
 *
 * Lengths, every header and both CRCs are checked, by the same rules as sc_event_stream_read: what a frame is does not
 * depend on how it came. A payload is to be believed at SC_EVENT_END only. Bounds: those of event_stream.h; memory: the
 * largest headers so far, for which it allocates when they are larger than all before. One thread.
 */
#ifndef SC_CODEC_KINESIS_EVENT_DECODER_H
#define SC_CODEC_KINESIS_EVENT_DECODER_H

#include "codec/kinesis/event_stream.h"

enum sc_event_step {
  SC_EVENT_MORE,    /* all bytes are taken, the frame goes on */
  SC_EVENT_HEAD,    /* the headers are whole: d->frame.headers, d->payload_bytes; frame.payload is not set */
  SC_EVENT_PAYLOAD, /* *piece is the next part of the payload, a view of bytes */
  SC_EVENT_END,     /* the frame was whole and good; the next step begins another */
  SC_EVENT_BROKEN   /* *why says how; nothing behind it can be read */
};

struct sc_event_decoder {
  struct sc_event_stream_frame frame; /* from HEAD to the step behind END; views of head */
  size_t payload_bytes;
  /* private */
  struct sc_buf head; /* prelude and headers */
  size_t at;          /* bytes of the frame taken; 0: between two frames */
  uint32_t crc;
  bool has_head;
  char end[4]; /* its own CRC */
};

void sc_event_decoder_init(struct sc_event_decoder *d);
/* As after init, but that memory is kept. */
void sc_event_decoder_reset(struct sc_event_decoder *d);
void sc_event_decoder_fini(struct sc_event_decoder *d);
/* Takes from the front of *bytes what belongs to one step. */
enum sc_event_step sc_event_decoder_step(struct sc_event_decoder *d, struct sc_slice *bytes, struct sc_slice *piece,
                                         const char **why);
/* Whether it is between two frames: where a stream may end. */
static inline bool sc_event_decoder_is_between(const struct sc_event_decoder *d) { return d->at == 0; }

#endif
