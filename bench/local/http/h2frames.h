/* HTTP/2 frames on their way out, in order: small ones copied, the bodies of DATA frames where they lie.
 *
 * A plain struct, made anew for each output. Bounds: about SCL_H2FRAMES_BODY_BYTES of bodies, SCL_H2FRAMES_PIECES
 * pieces and SCL_H2FRAMES_BYTES of copied frames; scl_h2frames_have_room says whether one more frame of either kind
 * fits.
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
/* Copies; returns the copy. */
char *scl_h2frames_add(struct scl_h2frames *frames, const void *bytes, size_t len);

#endif
