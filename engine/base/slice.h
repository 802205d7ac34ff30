/* A borrowed view of bytes. Passed by value; never owns, never NUL-terminated, dies with its batch. */
#ifndef SC_BASE_SLICE_H
#define SC_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sc_slice {
  const char *ptr; /* may be NULL when len is 0 */
  size_t len;      /* bytes */
};

#define SC_SLICE_LITERAL(text) ((struct sc_slice){("" text), sizeof(text) - 1})
/* printf("%.*s", SC_SLICE_ARGS(s)) */
#define SC_SLICE_ARGS(s) ((int)(s).len), ((s).ptr)

static inline struct sc_slice sc_slice_of(const char *ptr, size_t len) { return (struct sc_slice){ptr, len}; }
static inline struct sc_slice sc_slice_str(const char *text) { return (struct sc_slice){text, strlen(text)}; }
static inline bool sc_slice_equals(struct sc_slice a, struct sc_slice b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
static inline bool sc_slice_is(struct sc_slice s, const char *text) { return sc_slice_equals(s, sc_slice_str(text)); }
/* In the order of their bytes: below, at or above 0, as memcmp. */
static inline int sc_slice_compare(struct sc_slice a, struct sc_slice b) {
  size_t n = a.len < b.len ? a.len : b.len;
  int order = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}
static inline bool sc_slice_starts(struct sc_slice s, const char *prefix) {
  size_t n = strlen(prefix);
  return s.len >= n && memcmp(s.ptr, prefix, n) == 0;
}

/* Parse the whole slice; false on anything else in it, on overflow and when empty. */
bool sc_slice_to_u64(struct sc_slice s, uint64_t *out);
bool sc_slice_to_i64(struct sc_slice s, int64_t *out);

#endif
