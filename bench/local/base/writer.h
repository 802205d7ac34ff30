/* Reply bodies, in JSON or in CBOR by the same calls: names and values in order, containers opened and closed.
 *
 * CBOR as the service writes it (protocol application/x-amz-cbor-1.1): containers of indefinite length, times as tag 1 with epoch
 * milliseconds. JSON: no blanks, times as seconds with three decimals. A plain struct over a buffer that is the caller's; what is
 * called in an order that makes no document makes none. Any thread with its own.
 */
#ifndef SC_LOCAL_WRITER_H
#define SC_LOCAL_WRITER_H

#include "engine/base/buf.h"

enum sc_format { SC_FORMAT_JSON, SC_FORMAT_CBOR };

struct sc_writer {
  struct sc_buf *out;
  enum sc_format format;
  bool has_before; /* JSON: something stands before the next name or element */
};

static inline struct sc_writer sc_writer_of(struct sc_buf *out, enum sc_format format) {
  return (struct sc_writer){out, format, false};
}
/* The same document goes on in another buffer. */
static inline struct sc_writer sc_writer_on(const struct sc_writer *writer, struct sc_buf *out) {
  return (struct sc_writer){out, writer->format, writer->has_before};
}

/* name: in a map; NULL in a list and of the document itself. */
void sc_writer_open_map(struct sc_writer *w, const char *name);
void sc_writer_close_map(struct sc_writer *w);
void sc_writer_open_list(struct sc_writer *w, const char *name);
void sc_writer_close_list(struct sc_writer *w);
void sc_writer_text(struct sc_writer *w, const char *name, struct sc_slice text); /* UTF-8 */
void sc_writer_str(struct sc_writer *w, const char *name, const char *text);
void sc_writer_int(struct sc_writer *w, const char *name, int64_t value);
void sc_writer_bool(struct sc_writer *w, const char *name, bool value);
void sc_writer_time(struct sc_writer *w, const char *name, int64_t ms); /* not before the epoch */

#endif
