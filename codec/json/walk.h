/* Reads a record by its tokens (index.h): strings, and whole values with all that is in them (RFC 8259). arena.h puts
 * records there to be read. Pure, no recursion, no allocation; one thread at a time.
 *
 * A token is a pointer into the index; functions take the one they read at and return the one behind, NULL when `fault`
 * says why not. No token is compared with the record's end: behind each record stands a byte that is nowhere allowed in
 * JSON, and which is a token of its own, so that no rule of the grammar gets over it.
 */
#ifndef SC_CODEC_JSON_WALK_H
#define SC_CODEC_JSON_WALK_H

#include <string.h>

#include "codec/json/index.h"
#include "codec/json/number.h"
#include "codec/json/string.h"
#include "engine/base/slice.h"

#define SC_JSON_DEPTH_MAX 512 /* objects and arrays inside each other */

/* What is valid JSON, yet not everybody takes. Add up over calls: set to zero before the first. */
struct sc_json_seen {
  bool nul;       /* \u0000 in a string or a name */
  bool too_large; /* a number PostgreSQL's numeric does not hold */
};

/* What is wrong with the text: a static text such as "a colon is missing", and where. */
struct sc_json_fault {
  const char *what;
  const char *at; /* at most SC_JSON_FENCE_BYTES behind the record's end */
};
extern const char sc_json_too_deep[]; /* the one fault to tell from the others: no mistake of the text, but our limit */

struct sc_json_walk {
  const char *buf;         /* tokens are offsets into it */
  const char *start, *end; /* the record */
  uint32_t len;            /* bytes indexed, from buf */
  /* Offset of the first backslash at or behind the place that is read, `len` when there is none: a string before it is
   * plain. -1: the index is right up to the first broken string only, so that every string has to be looked at. */
  int64_t backslash;
  const struct sc_json_index *index;
  char *scratch; /* where the next string is unescaped to */
  struct sc_json_fault fault;
};

/* Fills *fault, returns NULL. */
static inline void *sc_json_wrong(struct sc_json_fault *fault, const char *what, const char *at) {
  *fault = (struct sc_json_fault){what, at};
  return NULL;
}

/* Where in the record the fault is, as a reason tells it: in bytes from its start, at most its length. */
static inline size_t sc_json_walk_fault_at(const struct sc_json_walk *w) {
  return (size_t)((w->fault.at < w->end ? w->fault.at : w->end) - w->start);
}

/* The first byte of a token. */
static inline char sc_json_walk_peek(const struct sc_json_walk *w, const uint32_t *i) { return w->buf[*i]; }

/* The closing quote of the string at i: between it and the next token there are only blanks. */
static inline const char *sc_json_walk_close(const struct sc_json_walk *w, const uint32_t *i) {
  const char *p = w->buf + i[1] - 1;
  while (__builtin_expect(*p != '"', 0)) p--;
  return p;
}

/* The end of true, false or null at p, NULL when it is none of them. Reads five bytes. */
static inline const char *sc_json_literal_end(const char *p) {
  if (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0) return p + 4;
  return memcmp(p, "false", 5) == 0 ? p + 5 : NULL;
}

/* Whether the number or literal that ends at p is all there is before the token `next`; if not, that is the fault. */
static inline bool sc_json_walk_ends(struct sc_json_walk *w, const char *p, const uint32_t *next) {
  const char *stop = w->buf + *next;
  if (__builtin_expect(p != stop, 0)) p = sc_json_skip_blanks(p, stop);
  if (__builtin_expect(p == stop, 1)) return true;
  w->fault = (struct sc_json_fault){"a comma or a closing bracket is missing", p};
  return false;
}

/* The way of strings with a backslash, and of all strings where the index is not to be trusted. */
const uint32_t *sc_json_walk_escaped(struct sc_json_walk *w, const uint32_t *i, struct sc_slice *out);

/* i is at a string. *out: a view of the record when the string is plain, else of scratch. */
static inline const uint32_t *sc_json_walk_string(struct sc_json_walk *w, const uint32_t *i, struct sc_slice *out) {
  if (__builtin_expect((int64_t)i[1] > w->backslash, 0)) return sc_json_walk_escaped(w, i, out);
  const char *p = w->buf + *i;
  *out = sc_slice_of(p + 1, (size_t)(sc_json_walk_close(w, i) - p) - 1);
  return i + 1;
}

/* Checks the value at i with all that is in it. *end: the end of its text. */
const uint32_t *sc_json_walk_value(struct sc_json_walk *w, const uint32_t *i, struct sc_json_seen *seen,
                                   const char **end);

/* Whether the value at i is a plain string or a short number: then it is checked, and ends before the next token. */
static inline bool sc_json_walk_is_simple(const struct sc_json_walk *w, const uint32_t *i) {
  const char *p = w->buf + *i;
  int64_t digits;
  unsigned fraction;
  if (*p == '"') return (int64_t)i[1] <= w->backslash;
  return sc_json_number_short(p, (size_t)(w->buf + i[1] - p), &digits, &fraction);
}

#endif
