#include "engine/base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/assert.h"

enum { LEAST_CAP = 64 };

static _Noreturn void out_of_memory(size_t bytes) {
  fprintf(stderr, "out of memory: %zu bytes refused\n", bytes);
  abort();
}

void *sc_alloc(size_t bytes) {
  void *ptr = malloc(bytes ? bytes : 1);
  if (ptr == NULL) out_of_memory(bytes);
  return ptr;
}

void *sc_alloc_zero(size_t count, size_t size) {
  void *ptr = calloc(count ? count : 1, size ? size : 1);
  if (ptr == NULL) out_of_memory(count * size);
  return ptr;
}

void *sc_alloc_aligned(size_t alignment, size_t bytes) {
  void *ptr = aligned_alloc(alignment, bytes);
  if (ptr == NULL) out_of_memory(bytes);
  return ptr;
}

void *sc_realloc(void *ptr, size_t bytes) {
  void *moved = realloc(ptr, bytes ? bytes : 1);
  if (moved == NULL) out_of_memory(bytes);
  return moved;
}

char *sc_strdup(const char *text) { return sc_strndup(sc_slice_str(text)); }

char *sc_strndup(struct sc_slice s) {
  char *copy = sc_alloc(s.len + 1);
  if (s.len) memcpy(copy, s.ptr, s.len);
  copy[s.len] = '\0';
  return copy;
}

void sc_buf_fini(struct sc_buf *buf) {
  free(buf->ptr);
  *buf = (struct sc_buf)SC_BUF_INIT;
}

void sc_buf_clear(struct sc_buf *buf) {
  buf->len = 0;
  if (buf->ptr != NULL) buf->ptr[0] = '\0';
}

/* Room for more bytes and the NUL. */
void sc_buf_reserve(struct sc_buf *buf, size_t more_bytes) {
  size_t need;
  if (__builtin_add_overflow(buf->len + 1, more_bytes, &need) || need > SIZE_MAX / 2) out_of_memory(more_bytes);
  if (need <= buf->cap) return;
  size_t cap = buf->cap ? buf->cap : LEAST_CAP;
  while (cap < need) cap *= 2;
  buf->ptr = sc_realloc(buf->ptr, cap);
  buf->cap = cap;
  buf->ptr[buf->len] = '\0';
}

void sc_buf_add(struct sc_buf *buf, const void *ptr, size_t len) {
  sc_buf_reserve(buf, len);
  if (len) memcpy(buf->ptr + buf->len, ptr, len);
  buf->len += len;
  buf->ptr[buf->len] = '\0';
}

void sc_buf_add_slice(struct sc_buf *buf, struct sc_slice s) { sc_buf_add(buf, s.ptr, s.len); }
void sc_buf_add_str(struct sc_buf *buf, const char *text) { sc_buf_add(buf, text, strlen(text)); }
void sc_buf_add_char(struct sc_buf *buf, char c) { sc_buf_add(buf, &c, 1); }

void sc_buf_printf(struct sc_buf *buf, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  sc_buf_vprintf(buf, fmt, args);
  va_end(args);
}

void sc_buf_vprintf(struct sc_buf *buf, const char *fmt, va_list args) {
  va_list again;
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, fmt, args);
  SC_ASSERT(len >= 0);
  sc_buf_reserve(buf, (size_t)len);
  vsnprintf(buf->ptr + buf->len, (size_t)len + 1, fmt, again);
  buf->len += (size_t)len;
  va_end(again);
}

static bool is_plain(unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; }

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))
/* The high bit of each byte that is zero, perhaps of some above the first one; 0 when there is none. */
static uint64_t zero_bytes(uint64_t word) { return (word - EACH_BYTE(1)) & ~word & EACH_BYTE(0x80); }

/* Bytes at the front that stand for themselves in a JSON string; by eight while all of them do. */
static size_t plain_len(const char *text, size_t len) {
  size_t i = 0;
  for (uint64_t word; len - i >= sizeof(word); i += sizeof(word)) {
    memcpy(&word, text + i, sizeof(word));
    uint64_t control = (word - EACH_BYTE(0x20)) & ~word & EACH_BYTE(0x80);
    if ((control | zero_bytes(word ^ EACH_BYTE('"')) | zero_bytes(word ^ EACH_BYTE('\\'))) != 0) break;
  }
  while (i < len && is_plain((unsigned char)text[i])) i++;
  return i;
}

static void add_escaped(struct sc_buf *buf, unsigned char c) {
  static const char named[32] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
  if (c == '"' || c == '\\') sc_buf_printf(buf, "\\%c", c);
  else if (named[c]) sc_buf_printf(buf, "\\%c", named[c]);
  else sc_buf_printf(buf, "\\u%04x", c);
}

void sc_buf_add_json_string(struct sc_buf *buf, struct sc_slice s) {
  sc_buf_reserve(buf, s.len + 2);
  sc_buf_add_char(buf, '"');
  for (size_t i = 0; i < s.len; i++) {
    size_t plain = plain_len(s.ptr + i, s.len - i);
    if (plain > 0) sc_buf_add(buf, s.ptr + i, plain);
    i += plain;
    if (i < s.len) add_escaped(buf, (unsigned char)s.ptr[i]);
  }
  sc_buf_add_char(buf, '"');
}

const char *sc_buf_str(const struct sc_buf *buf) { return buf->ptr != NULL ? buf->ptr : ""; }
