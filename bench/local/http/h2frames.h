/* HTTP/2 frames to be written, in order. Small frames are copied; the payload of DATA frames stays where it lies.
 *
 * A plain struct, cleared for each output. Bounds: about SCL_H2FRAMES_BODY_BYTES of payload, SCL_H2FRAMES_PIECES
 * pieces, SCL_H2FRAMES_BYTES of copies. scl_h2frames_have_room tells whether one more frame of either kind fits.
 */
#ifndef SCL_HTTP_H2FRAMES_H
#define SCL_HTTP_H2FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#define SCL_H2FRAMES_BODY_BYTES (256u << 10)
#define SCL_H2FRAMES_PIECES 512
#define SCL_H2FRAMES_BYTES (48u << 10)
#define SCL_H2FRAMES_MOST (17u << 10) /* bytes added at a time */
#define SCL_H2FRAMES_BODY_PIECES 64   /* of one DATA frame */

struct scl_h2frames {
  struct iovec pieces[SCL_H2FRAMES_PIECES];
  int n_pieces;
  size_t body_bytes;
  size_t used;
  char bytes[SCL_H2FRAMES_BYTES];
};

void scl_h2frames_clear(struct scl_h2frames *frames);
bool scl_h2frames_have_room(const struct scl_h2frames *frames);
/* Adds a copy, and returns it. */
char *scl_h2frames_add(struct scl_h2frames *frames, const void *bytes, size_t len);

#endif
