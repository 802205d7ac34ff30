/* HTTP/2 frames on their way out, in order: small ones copied, the bodies of DATA frames where they lie.
 *
 * A plain struct, made anew for each output. Bounds: about SC_H2FRAMES_BODY_BYTES of bodies, SC_H2FRAMES_PIECES pieces and
 * SC_H2FRAMES_BYTES of copied frames; sc_h2frames_have_room says whether one more frame of either kind fits.
 */
#ifndef SC_LOCAL_H2FRAMES_H
#define SC_LOCAL_H2FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#define SC_H2FRAMES_BODY_BYTES (256u << 10)
#define SC_H2FRAMES_PIECES 512
#define SC_H2FRAMES_BYTES (48u << 10)
#define SC_H2FRAMES_MOST (17u << 10) /* bytes added at a time */
#define SC_H2FRAMES_BODY_PIECES 64   /* of one DATA frame */

struct sc_h2frames {
  struct iovec pieces[SC_H2FRAMES_PIECES];
  int n_pieces;
  size_t body_bytes;
  size_t used;
  char bytes[SC_H2FRAMES_BYTES];
};

void sc_h2frames_clear(struct sc_h2frames *frames);
bool sc_h2frames_have_room(const struct sc_h2frames *frames);
/* Copies; returns the copy. */
char *sc_h2frames_add(struct sc_h2frames *frames, const void *bytes, size_t len);

#endif
