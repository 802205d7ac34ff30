#include "codec/kinesis/event_stream.h"

#include "codec/wire/crc32.h"
#include "engine/base/big_endian.h"
#include "engine/base/error.h"

#define PRELUDE_BYTES SC_EVENT_STREAM_PRELUDE_BYTES
#define CRC_BYTES 4

/* ---- writing ---- */

static void add_header(struct sc_buf *out, const char *name, const char *value) {
  size_t name_len = strlen(name), len = strlen(value);
  SC_ASSERT(name_len <= INT8_MAX && len <= INT16_MAX);
  sc_buf_add_char(out, (char)name_len);
  sc_buf_add(out, name, name_len);
  sc_buf_add_char(out, SC_EVENT_STREAM_STRING);
  sc_buf_add_char(out, (char)(len >> 8));
  sc_buf_add_char(out, (char)len);
  sc_buf_add(out, value, len);
}

void sc_event_stream_begin(struct sc_buf *out, enum sc_event_stream_kind kind, const char *type,
                           const char *content_type) {
  static const char prelude[PRELUDE_BYTES];
  bool is_event = kind == SC_EVENT_STREAM_EVENT;
  size_t start = out->len;
  sc_buf_add(out, prelude, sizeof(prelude));
  add_header(out, is_event ? ":event-type" : ":exception-type", type);
  add_header(out, ":content-type", content_type);
  add_header(out, ":message-type", is_event ? "event" : "exception");
  sc_be_put32(out->ptr + start + 4, (uint32_t)(out->len - start - PRELUDE_BYTES));
}

void sc_event_stream_end(const struct iovec *pieces, int n, struct sc_buf *out) {
  char *prelude = pieces[0].iov_base, end[CRC_BYTES];
  size_t total = CRC_BYTES;
  uint32_t crc = 0;
  SC_ASSERT(pieces[0].iov_len > PRELUDE_BYTES);
  for (int i = 0; i < n; i++) total += pieces[i].iov_len;
  SC_ASSERT(total <= SC_EVENT_STREAM_MAX_BYTES);
  sc_be_put32(prelude, (uint32_t)total);
  sc_be_put32(prelude + 8, sc_crc32(0, sc_slice_of(prelude, 8)));
  for (int i = 0; i < n; i++) crc = sc_crc32(crc, sc_slice_of(pieces[i].iov_base, pieces[i].iov_len));
  sc_be_put32(end, crc);
  sc_buf_add(out, end, sizeof(end));
}

void sc_event_stream_add(struct sc_buf *out, enum sc_event_stream_kind kind, const char *type, const char *content_type,
                         struct sc_slice payload) {
  size_t start = out->len;
  sc_event_stream_begin(out, kind, type, content_type);
  sc_buf_add_slice(out, payload);
  struct iovec whole = {out->ptr + start, out->len - start};
  sc_event_stream_end(&whole, 1, out);
}

/* ---- reading ---- */

/* The bytes of a value of that type, -1 when a u16 says. */
static int value_bytes(unsigned type) {
  static const int BYTES[] = {0, 0, 1, 2, 4, 8, -1, -1, 8, 16};
  return BYTES[type];
}

/* Takes len bytes; false when there are not so many. */
static bool take(struct sc_slice *rest, size_t len, struct sc_slice *taken) {
  if (rest->len < len) return false;
  *taken = sc_slice_of(rest->ptr, len);
  *rest = sc_slice_of(rest->ptr + len, rest->len - len);
  return true;
}

static bool take_number(struct sc_slice *rest, size_t bytes, size_t *number) {
  struct sc_slice taken;
  if (!take(rest, bytes, &taken)) return false;
  *number = 0;
  for (size_t i = 0; i < bytes; i++) *number = *number << 8 | (unsigned char)taken.ptr[i];
  return true;
}

/* NULL, or what is wrong. */
static const char *take_header(struct sc_slice *rest, struct sc_event_stream_header *header) {
  size_t len, type;
  if (!take_number(rest, 1, &len) || !take(rest, len, &header->name) || !take_number(rest, 1, &type))
    return "a header is cut off";
  if (len == 0) return "a header has no name";
  if (type > SC_EVENT_STREAM_UUID) return "a header has an unknown type";
  header->type = (enum sc_event_stream_type)type;
  if (value_bytes((unsigned)type) >= 0) len = (size_t)value_bytes((unsigned)type);
  else if (!take_number(rest, 2, &len)) return "a header is cut off";
  return take(rest, len, &header->value) ? NULL : "a header is cut off";
}

const char *sc_event_stream_check_headers(struct sc_slice rest) {
  struct sc_slice names[SC_EVENT_STREAM_MAX_HEADERS];
  struct sc_event_stream_header header;
  for (int n = 0; rest.len > 0; n++) {
    const char *why = take_header(&rest, &header);
    if (why != NULL) return why;
    if (n == SC_EVENT_STREAM_MAX_HEADERS) return "too many headers";
    for (int i = 0; i < n; i++)
      if (sc_slice_equals(names[i], header.name)) return "a header comes twice";
    names[n] = header.name;
  }
  return NULL;
}

const char *sc_event_stream_check_prelude(const char bytes[SC_EVENT_STREAM_PRELUDE_BYTES]) {
  uint32_t total = sc_be_get32(bytes), headers = sc_be_get32(bytes + 4);
  if (sc_be_get32(bytes + 8) != sc_crc32(0, sc_slice_of(bytes, 8))) return "the checksum of a prelude is wrong";
  if (total > SC_EVENT_STREAM_MAX_BYTES) return "a frame is too long";
  if (headers > SC_EVENT_STREAM_MAX_HEADER_BYTES) return "the headers are too long";
  if (total < SC_EVENT_STREAM_LEAST_BYTES || headers > total - SC_EVENT_STREAM_LEAST_BYTES)
    return "a frame is shorter than its parts";
  return NULL;
}

static const char *open_frame(const char *bytes, struct sc_event_stream_frame *frame) {
  size_t body = frame->len - CRC_BYTES, headers = sc_be_get32(bytes + 4);
  if (sc_be_get32(bytes + body) != sc_crc32(0, sc_slice_of(bytes, body))) return "the checksum of a frame is wrong";
  frame->headers = sc_slice_of(bytes + PRELUDE_BYTES, headers);
  frame->payload = sc_slice_of(bytes + PRELUDE_BYTES + headers, body - PRELUDE_BYTES - headers);
  return sc_event_stream_check_headers(frame->headers);
}

enum sc_event_stream_answer sc_event_stream_read(struct sc_slice bytes, struct sc_event_stream_frame *frame,
                                                 const char **why) {
  *frame = (struct sc_event_stream_frame){.len = PRELUDE_BYTES};
  if (bytes.len < PRELUDE_BYTES) return SC_EVENT_STREAM_MORE;
  *why = sc_event_stream_check_prelude(bytes.ptr);
  if (*why != NULL) return SC_EVENT_STREAM_BROKEN;
  frame->len = sc_be_get32(bytes.ptr);
  if (bytes.len < frame->len) return SC_EVENT_STREAM_MORE;
  *why = open_frame(bytes.ptr, frame);
  return *why == NULL ? SC_EVENT_STREAM_FRAME : SC_EVENT_STREAM_BROKEN;
}

bool sc_event_stream_next_header(struct sc_slice *headers, struct sc_event_stream_header *header) {
  if (headers->len == 0) return false;
  const char *why = take_header(headers, header);
  SC_ASSERT(why == NULL);
  return true;
}

struct sc_slice sc_event_stream_string(const struct sc_event_stream_frame *frame, const char *name) {
  struct sc_slice rest = frame->headers;
  struct sc_event_stream_header header;
  while (sc_event_stream_next_header(&rest, &header))
    if (sc_slice_is(header.name, name) && header.type == SC_EVENT_STREAM_STRING) return header.value;
  return sc_slice_of(NULL, 0);
}
