/* Writes reply bodies in JSON (RFC 8259) or CBOR (RFC 8949) by the same calls: names and values in order, containers
 * opened and closed.
 *
 * CBOR is as the service writes it (application/x-amz-cbor-1.1): containers of indefinite length, times as tag 1 with
 * epoch milliseconds. In JSON there are no blanks, and times are seconds with three decimals. A plain struct over the
 * caller's buffer; the order of the calls is not checked. Any thread, each with its own.
 */
#ifndef SCL_BASE_WRITER_H
#define SCL_BASE_WRITER_H

#include "engine/base/buf.h"

enum scl_format { SCL_FORMAT_JSON, SCL_FORMAT_CBOR };

struct scl_writer {
  struct sc_buf *out;
  enum scl_format format;
  bool has_before; /* JSON: a comma goes before the next name or element */
};

static inline struct scl_writer scl_writer_of(struct sc_buf *out, enum scl_format format) {
  return (struct scl_writer){out, format, false};
}
/* A writer that continues the document in another buffer. */
static inline struct scl_writer scl_writer_on(const struct scl_writer *writer, struct sc_buf *out) {
  return (struct scl_writer){out, writer->format, writer->has_before};
}

/* name: NULL for the elements of a list, and for the document itself. */
void scl_writer_open_map(struct scl_writer *w, const char *name);
void scl_writer_close_map(struct scl_writer *w);
void scl_writer_open_list(struct scl_writer *w, const char *name);
void scl_writer_close_list(struct scl_writer *w);
void scl_writer_text(struct scl_writer *w, const char *name, struct sc_slice text); /* UTF-8 */
void scl_writer_str(struct scl_writer *w, const char *name, const char *text);
void scl_writer_int(struct scl_writer *w, const char *name, int64_t value);
void scl_writer_bool(struct scl_writer *w, const char *name, bool value);
void scl_writer_time(struct scl_writer *w, const char *name, int64_t ms); /* not before the epoch */

#endif
