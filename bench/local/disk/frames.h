/* The form of the journal's file: a head, then frames one behind the other; all numbers little endian.
 *
 *   head   "SCLOCAL\n", u32 version 1, u32 CRC-32 of the twelve bytes before
 *   frame  u32 bytes of kind and payload, u32 CRC-32 of those, u8 kind, payload
 *
 * Frames are written in batches, each begun by a frame of kind SCL_FRAME_BATCH whose payload is its own offset in the
 * file (u64). A batch is written when the one before has reached the disk. So when a frame is broken and a batch begins
 * behind it, the disk lost what it had confirmed; when none does, the last write was cut short and nobody was told of
 * it (nobody but the owner of a file that was closed in order: its last batch is empty).
 *
 * The reader believes nothing: lengths, sums and offsets are checked before they are used. Pure, any thread; nothing is
 * allocated but by scl_frames_add.
 */
#ifndef SCL_DISK_FRAMES_H
#define SCL_DISK_FRAMES_H

#include "engine/base/buf.h"

#define SCL_FRAMES_HEAD 16
#define SCL_FRAME_OVERHEAD 9               /* bytes of a frame besides its payload */
#define SCL_FRAME_MAX_PAYLOAD (256u << 20) /* bytes */
#define SCL_FRAME_BATCH 0                  /* the kind; the others are persist.h's */
#define SCL_FRAME_BATCH_BYTES (SCL_FRAME_OVERHEAD + 8)

/* What begins a frame: its length and sum, and the kind. The parts are its payload one after the other, together at
 * most SCL_FRAME_MAX_PAYLOAD bytes, and follow it. */
void scl_frame_start(char out[SCL_FRAME_OVERHEAD], uint8_t kind, const struct sc_slice *parts, int n_parts);
/* A whole frame of kind SCL_FRAME_BATCH, for that offset. */
void scl_frame_batch(char out[SCL_FRAME_BATCH_BYTES], uint64_t offset);

void scl_frames_add_head(struct sc_buf *out);
void scl_frames_add(struct sc_buf *out, uint8_t kind, const struct sc_slice *parts, int n_parts);

enum scl_frames_state {
  SCL_FRAMES_FRAME,  /* here is one */
  SCL_FRAMES_END,    /* the bytes end behind a frame, or behind the head */
  SCL_FRAMES_TORN,   /* what is left is the beginning of a write, or zeros */
  SCL_FRAMES_BROKEN, /* as above, but batches go on behind it */
};

struct scl_frames {
  struct sc_slice bytes; /* the file */
  size_t at;             /* the next frame; when there is none, where the good ones end */
};

struct scl_frame {
  uint8_t kind;
  struct sc_slice payload; /* a view of the bytes */
  size_t offset;           /* of the frame */
};

/* NULL, or what is wrong with the head: a static text. */
const char *scl_frames_init(struct scl_frames *frames, struct sc_slice bytes);
/* The next frame that is none of SCL_FRAME_BATCH, those are checked and passed. */
enum scl_frames_state scl_frames_next(struct scl_frames *frames, struct scl_frame *frame);

#endif
