/* A growable byte buffer for the control plane: requests, SQL, messages, help. Not for the data path,
 * whose memory is budgeted (budget.h).
 *
 * Running out of memory aborts: everything built here is small. The contents are always followed by a NUL that
 * len does not count, so buf.ptr is a C string once anything was added (sc_buf_str gives "" before).
 */
#ifndef SC_BASE_BUF_H
#define SC_BASE_BUF_H

#include <stdarg.h>

#include "engine/base/slice.h"

struct sc_buf {
  char *ptr;
  size_t len; /* bytes in use */
  size_t cap; /* bytes allocated */
};

#define SC_BUF_INIT \
  { NULL, 0, 0 }

void sc_buf_fini(struct sc_buf *buf);  /* frees; leaves it initialised */
void sc_buf_clear(struct sc_buf *buf); /* keeps the memory */
void sc_buf_reserve(struct sc_buf *buf, size_t more_bytes);
void sc_buf_add(struct sc_buf *buf, const void *ptr, size_t len);
void sc_buf_add_slice(struct sc_buf *buf, struct sc_slice s);
void sc_buf_add_str(struct sc_buf *buf, const char *text);
void sc_buf_add_char(struct sc_buf *buf, char c);
void sc_buf_printf(struct sc_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sc_buf_vprintf(struct sc_buf *buf, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
/* Adds text as a JSON string with its quotes (RFC 8259 section 7); the bytes are taken as UTF-8. */
void sc_buf_add_json_string(struct sc_buf *buf, struct sc_slice s);
const char *sc_buf_str(const struct sc_buf *buf);
static inline struct sc_slice sc_buf_view(const struct sc_buf *buf) { return sc_slice_of(buf->ptr, buf->len); }

/* malloc that never returns NULL (aborts with a clear text) and a strdup on it. */
void *sc_alloc(size_t bytes);
void *sc_alloc_zero(size_t count, size_t size);
void *sc_alloc_aligned(size_t alignment, size_t bytes); /* a power of two >= 8; bytes a multiple of it; freed by free */
void *sc_realloc(void *ptr, size_t bytes);
char *sc_strdup(const char *text);
char *sc_strndup(struct sc_slice s);

#endif
