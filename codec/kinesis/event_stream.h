/* application/vnd.amazon.eventstream: the frames in which SubscribeToShard answers.
 *
 *   u32 total length | u32 length of headers | u32 CRC of these 8 bytes | headers | payload | u32 CRC of all before it
 *   header: u8 length of name | name | u8 type | value
 *
 * All numbers big-endian, CRC-32 as crc32.h has it. A frame is written around a payload that lies in several pieces of
 * memory, none of which is copied; it is read as views of the caller's bytes. Pure; any thread. Bounds: a frame of
 * SC_EVENT_STREAM_MAX_BYTES, headers of SC_EVENT_STREAM_MAX_HEADER_BYTES and as many as SC_EVENT_STREAM_MAX_HEADERS.
 * Source: AWS, event stream encoding; aws-c-event-stream and botocore for the limits.
 */
#ifndef SC_CODEC_KINESIS_EVENT_STREAM_H
#define SC_CODEC_KINESIS_EVENT_STREAM_H

#include <sys/uio.h>

#include "engine/base/buf.h"

#define SC_EVENT_STREAM_MAX_BYTES (24u << 20)
#define SC_EVENT_STREAM_MAX_HEADER_BYTES (128u << 10)
#define SC_EVENT_STREAM_MAX_HEADERS 128
#define SC_EVENT_STREAM_LEAST_BYTES 16
#define SC_EVENT_STREAM_PRELUDE_BYTES 12 /* both lengths and their CRC */

/* ---- writing ---- */

enum sc_event_stream_kind {
  SC_EVENT_STREAM_EVENT,    /* :event-type names it; the first of a stream is "initial-response" */
  SC_EVENT_STREAM_EXCEPTION /* :exception-type names it */
};

/* Appends what stands before the payload, its lengths not yet known: :event-type (or :exception-type), :content-type,
 * :message-type, in the order of the service. */
void sc_event_stream_begin(struct sc_buf *out, enum sc_event_stream_kind kind, const char *type,
                           const char *content_type);
/* The frame from its first byte on, in order; the first piece holds at least what sc_event_stream_begin wrote.
 * Completes that, and appends the 4 bytes behind the payload to out, in which the last piece may lie. */
void sc_event_stream_end(const struct iovec *pieces, int n, struct sc_buf *out);
/* A whole frame. */
void sc_event_stream_add(struct sc_buf *out, enum sc_event_stream_kind kind, const char *type, const char *content_type,
                         struct sc_slice payload);

/* ---- reading ---- */

enum sc_event_stream_type {
  SC_EVENT_STREAM_TRUE,
  SC_EVENT_STREAM_FALSE,
  SC_EVENT_STREAM_BYTE,
  SC_EVENT_STREAM_SHORT,
  SC_EVENT_STREAM_INT,
  SC_EVENT_STREAM_LONG,
  SC_EVENT_STREAM_BYTES,
  SC_EVENT_STREAM_STRING,
  SC_EVENT_STREAM_TIMESTAMP,
  SC_EVENT_STREAM_UUID
};

struct sc_event_stream_header {
  struct sc_slice name;
  enum sc_event_stream_type type;
  struct sc_slice value; /* its bytes, without a length */
};

struct sc_event_stream_frame {
  size_t len; /* of the whole frame */
  struct sc_slice headers, payload;
};

enum sc_event_stream_answer {
  SC_EVENT_STREAM_FRAME, /* bytes begin with a whole, good frame */
  SC_EVENT_STREAM_MORE,  /* so far good; frame->len bytes are needed to say more */
  SC_EVENT_STREAM_BROKEN /* *why says how; nothing behind it can be read */
};

/* What bytes begin with. Lengths, CRCs and every header are checked; the frame is a view of bytes. */
enum sc_event_stream_answer sc_event_stream_read(struct sc_slice bytes, struct sc_event_stream_frame *frame,
                                                 const char **why);
/* The parts of that, for who has a frame in pieces (event_decoder.h): of the prelude, and of the headers. NULL, or what
 * is wrong. */
const char *sc_event_stream_check_prelude(const char bytes[SC_EVENT_STREAM_PRELUDE_BYTES]);
const char *sc_event_stream_check_headers(struct sc_slice headers);
/* Takes the next header of a frame that was read; false when there is none left. *headers begins as frame->headers. */
bool sc_event_stream_next_header(struct sc_slice *headers, struct sc_event_stream_header *header);
/* The value of the header of that name, if it is a string; else empty. */
struct sc_slice sc_event_stream_string(const struct sc_event_stream_frame *frame, const char *name);

#endif
