#include "net/put/lines.h"

#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/batch.h"

void sc_put_lines_init(struct sc_put_lines *l, size_t most_bytes) {
  *l = (struct sc_put_lines){.most_bytes = most_bytes};
}

void sc_put_lines_fini(struct sc_put_lines *l) {
  free(l->buf);
  l->buf = NULL;
}

static void move_to_front(struct sc_put_lines *l) {
  if (l->start == 0) return;
  memmove(l->buf, l->buf + l->start, l->end - l->start);
  l->end -= l->start;
  l->scanned -= l->start;
  l->start = 0;
}

char *sc_put_lines_room(struct sc_put_lines *l, size_t *len) {
  size_t most = l->most_bytes + 2 * SC_PUT_READ_BYTES;
  move_to_front(l);
  if (l->cap - l->end < SC_PUT_READ_BYTES) {
    l->cap = l->cap == 0 ? 2 * SC_PUT_READ_BYTES : 2 * l->cap;
    if (l->cap > most) l->cap = most;
    l->buf = sc_realloc(l->buf, l->cap + SC_BODY_PADDING);
    memset(l->buf + l->end, 0, l->cap + SC_BODY_PADDING - l->end);
  }
  *len = l->cap - l->end;
  SC_ASSERT(*len >= SC_PUT_READ_BYTES);
  return l->buf + l->end;
}

void sc_put_lines_add(struct sc_put_lines *l, size_t len) {
  SC_ASSERT(len <= l->cap - l->end && !l->ended);
  l->end += len;
}

void sc_put_lines_end(struct sc_put_lines *l) { l->ended = true; }

/* Takes the line that ends before stop; what comes next begins at behind. */
static struct sc_slice cut_line(struct sc_put_lines *l, size_t stop, size_t behind) {
  struct sc_slice line = sc_slice_of(l->buf + l->start, stop - l->start);
  l->start = l->scanned = behind;
  return line;
}

static enum sc_put_lines_kind give(struct sc_put_lines *l, struct sc_slice found, struct sc_slice *line) {
  l->number++;
  *line = found;
  return found.len > l->most_bytes ? SC_PUT_LINES_TOO_LONG : SC_PUT_LINES_LINE;
}

/* No newline in what there is. */
static enum sc_put_lines_kind unfinished(struct sc_put_lines *l, struct sc_slice *line) {
  l->scanned = l->end;
  size_t len = l->end - l->start;
  if (l->skipping || len > l->most_bytes) {
    bool begins = !l->skipping;
    l->skipping = true;
    cut_line(l, l->end, l->end);
    if (begins) return give(l, sc_slice_of(NULL, len), line);
  }
  if (!l->ended) return SC_PUT_LINES_MORE;
  if (l->end == l->start) return SC_PUT_LINES_END;
  return give(l, cut_line(l, l->end, l->end), line);
}

enum sc_put_lines_kind sc_put_lines_next(struct sc_put_lines *l, struct sc_slice *line) {
  for (;;) {
    const char *newline = l->end > l->scanned ? memchr(l->buf + l->scanned, '\n', l->end - l->scanned) : NULL;
    if (newline == NULL) return unfinished(l, line);
    size_t stop = (size_t)(newline - l->buf);
    struct sc_slice found = cut_line(l, stop, stop + 1);
    if (!l->skipping) return give(l, found, line);
    l->skipping = false;
  }
}
