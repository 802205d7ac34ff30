#include "bench/local/http/h2frames.h"

#include <string.h>

#include "engine/base/error.h"

void scl_h2frames_clear(struct scl_h2frames *frames) {
  frames->n_pieces = 0;
  frames->body_bytes = frames->used = 0;
}

bool scl_h2frames_have_room(const struct scl_h2frames *frames) {
  return frames->body_bytes < SCL_H2FRAMES_BODY_BYTES &&
         frames->n_pieces + SCL_H2FRAMES_BODY_PIECES + 2 <= SCL_H2FRAMES_PIECES &&
         frames->used + SCL_H2FRAMES_MOST <= SCL_H2FRAMES_BYTES;
}

char *scl_h2frames_add(struct scl_h2frames *frames, const void *bytes, size_t len) {
  SC_ASSERT(len <= SCL_H2FRAMES_BYTES - frames->used && frames->n_pieces < SCL_H2FRAMES_PIECES);
  char *at = frames->bytes + frames->used;
  struct iovec *last = frames->n_pieces > 0 ? &frames->pieces[frames->n_pieces - 1] : NULL;
  memcpy(at, bytes, len);
  frames->used += len;
  if (last != NULL && (char *)last->iov_base + last->iov_len == at) last->iov_len += len;
  else frames->pieces[frames->n_pieces++] = (struct iovec){at, len};
  return at;
}
