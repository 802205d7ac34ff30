#include "bench/local/disk/frames.h"

#include <endian.h>

#include "codec/wire/crc32.h"
#include "engine/base/error.h"

#define VERSION 1
#define MAGIC "SCLOCAL\n"
#define MAGIC_BYTES (sizeof(MAGIC) - 1)
#define BEFORE_KIND 8

static void put_u32(char *at, uint32_t value) {
  value = htole32(value);
  memcpy(at, &value, sizeof(value));
}

static uint32_t get_u32(const char *at) {
  uint32_t value;
  memcpy(&value, at, sizeof(value));
  return le32toh(value);
}

static uint64_t get_u64(const char *at) {
  uint64_t value;
  memcpy(&value, at, sizeof(value));
  return le64toh(value);
}

/* ---- writing ---- */

void scl_frame_start(char out[SCL_FRAME_OVERHEAD], uint8_t kind, const struct sc_slice *parts, int n_parts) {
  size_t len = 1;
  out[BEFORE_KIND] = (char)kind;
  uint32_t crc = sc_crc32(0, sc_slice_of(out + BEFORE_KIND, 1));
  for (int i = 0; i < n_parts; i++) {
    crc = sc_crc32(crc, parts[i]);
    len += parts[i].len;
  }
  SC_ASSERT(len <= SCL_FRAME_MAX_PAYLOAD + 1);
  put_u32(out, (uint32_t)len);
  put_u32(out + 4, crc);
}

void scl_frame_batch(char out[SCL_FRAME_BATCH_BYTES], uint64_t offset) {
  uint64_t value = htole64(offset);
  struct sc_slice payload = sc_slice_of((const char *)&value, sizeof(value));
  scl_frame_start(out, SCL_FRAME_BATCH, &payload, 1);
  memcpy(out + SCL_FRAME_OVERHEAD, payload.ptr, payload.len);
}

void scl_frames_add_head(struct sc_buf *out) {
  char head[SCL_FRAMES_HEAD];
  memcpy(head, MAGIC, MAGIC_BYTES);
  put_u32(head + MAGIC_BYTES, VERSION);
  put_u32(head + MAGIC_BYTES + 4, sc_crc32(0, sc_slice_of(head, MAGIC_BYTES + 4)));
  sc_buf_add(out, head, sizeof(head));
}

void scl_frames_add(struct sc_buf *out, uint8_t kind, const struct sc_slice *parts, int n_parts) {
  char start[SCL_FRAME_OVERHEAD];
  scl_frame_start(start, kind, parts, n_parts);
  sc_buf_add(out, start, sizeof(start));
  for (int i = 0; i < n_parts; i++) sc_buf_add_slice(out, parts[i]);
}

/* ---- reading ---- */

const char *scl_frames_init(struct scl_frames *frames, struct sc_slice bytes) {
  *frames = (struct scl_frames){bytes, SCL_FRAMES_HEAD};
  if (bytes.len < SCL_FRAMES_HEAD || memcmp(bytes.ptr, MAGIC, MAGIC_BYTES) != 0) return "is no journal";
  uint32_t crc = sc_crc32(0, sc_slice_of(bytes.ptr, MAGIC_BYTES + 4));
  if (get_u32(bytes.ptr + MAGIC_BYTES + 4) != crc) return "has a broken head";
  return get_u32(bytes.ptr + MAGIC_BYTES) == VERSION ? NULL : "is of another version";
}

/* The whole frame that begins there; false when none does. */
static bool frame_at(struct sc_slice bytes, size_t at, struct scl_frame *frame) {
  size_t left = bytes.len - at;
  const char *p = bytes.ptr + at;
  if (left < SCL_FRAME_OVERHEAD) return false;
  size_t len = get_u32(p);
  if (len < 1 || len > SCL_FRAME_MAX_PAYLOAD + 1 || len > left - BEFORE_KIND) return false;
  if (get_u32(p + 4) != sc_crc32(0, sc_slice_of(p + BEFORE_KIND, len))) return false;
  *frame = (struct scl_frame){(uint8_t)p[BEFORE_KIND], sc_slice_of(p + SCL_FRAME_OVERHEAD, len - 1), at};
  return true;
}

static bool is_batch(const struct scl_frame *frame) {
  return frame->kind == SCL_FRAME_BATCH && frame->payload.len == 8 && get_u64(frame->payload.ptr) == frame->offset;
}

/* Whether a batch begins anywhere from there on. Only what is as long as a batch is summed up. */
static bool has_batch_behind(struct sc_slice bytes, size_t at) {
  struct scl_frame frame;
  for (; bytes.len - at >= SCL_FRAME_BATCH_BYTES; at++) {
    bool is_as_long = get_u32(bytes.ptr + at) == SCL_FRAME_BATCH_BYTES - BEFORE_KIND;
    if (is_as_long && frame_at(bytes, at, &frame) && is_batch(&frame)) return true;
  }
  return false;
}

enum scl_frames_state scl_frames_next(struct scl_frames *frames, struct scl_frame *frame) {
  while (frames->at < frames->bytes.len) {
    bool is_good = frame_at(frames->bytes, frames->at, frame) && (frame->kind != SCL_FRAME_BATCH || is_batch(frame));
    if (!is_good) return has_batch_behind(frames->bytes, frames->at) ? SCL_FRAMES_BROKEN : SCL_FRAMES_TORN;
    frames->at += SCL_FRAME_OVERHEAD + frame->payload.len;
    if (frame->kind != SCL_FRAME_BATCH) return SCL_FRAMES_FRAME;
  }
  return SCL_FRAMES_END;
}
