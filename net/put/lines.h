/* An input cut into lines, within a bounded buffer. No I/O: the owner reads into the room it is given. One thread.
 *
 * A line ends with a newline, which is not part of it; the last one may lack it. Nothing else is changed: a carriage
 * return before the newline stays, and so do NUL and bytes that are no UTF-8. A line of more than most_bytes is
 * reported once, as soon as that is known, and the rest of it passed over; the buffer grows to most_bytes and two reads
 * (SC_PUT_READ_BYTES) at most.
 *
 *   while ((kind = sc_put_lines_next(l, &line)) != SC_PUT_LINES_END)
 *     if (kind == SC_PUT_LINES_MORE) { at = sc_put_lines_room(l, &len); read; sc_put_lines_add or sc_put_lines_end }
 */
#ifndef SC_NET_PUT_LINES_H
#define SC_NET_PUT_LINES_H

#include "engine/base/slice.h"

#define SC_PUT_READ_BYTES ((size_t)256 << 10)

struct sc_put_lines {
  uint64_t number; /* of the line given last, from 1; 0 before the first */
  size_t most_bytes;
  char *buf; /* cap bytes and SC_BODY_PADDING more that may be read */
  size_t cap, start, scanned, end;
  bool ended, skipping;
};

enum sc_put_lines_kind {
  SC_PUT_LINES_MORE,     /* nothing whole is left: read */
  SC_PUT_LINES_LINE,     /* *line, good until the next room; SC_BODY_PADDING bytes behind it may be read */
  SC_PUT_LINES_TOO_LONG, /* a line of more than most_bytes was passed over */
  SC_PUT_LINES_END
};

void sc_put_lines_init(struct sc_put_lines *l, size_t most_bytes);
void sc_put_lines_fini(struct sc_put_lines *l);
/* Where to read to, at least SC_PUT_READ_BYTES. */
char *sc_put_lines_room(struct sc_put_lines *l, size_t *len);
void sc_put_lines_add(struct sc_put_lines *l, size_t len); /* so many bytes were read */
void sc_put_lines_end(struct sc_put_lines *l);             /* there are no more */
enum sc_put_lines_kind sc_put_lines_next(struct sc_put_lines *l, struct sc_slice *line);

#endif
