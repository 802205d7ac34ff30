/* CBOR (RFC 8949): a bounded pull decoder over bytes in memory, and a small writer.
 *
 * The decoder copies nothing and recurses nowhere: heads are read one by one, strings are views, containers are walked
 * with a count. Definite and indefinite lengths, tags, all integer and float sizes; every length is checked against the
 * end before it is used, nesting is bounded by SC_CBOR_DEPTH_MAX. Tags say how to read a value; nothing here needs one,
 * so they are passed over. What is checked is that the bytes are well-formed (appendix C): not that text is UTF-8
 * (utf8.h), nor that names differ.
 *
 * Pure, any thread. The decoder never allocates; the writer adds to an sc_buf, or to memory that the caller has made
 * sure of.
 */
#ifndef SC_CODEC_WIRE_CBOR_H
#define SC_CODEC_WIRE_CBOR_H

#include "engine/base/buf.h"

#define SC_CBOR_DEPTH_MAX 64 /* containers inside each other */
#define SC_CBOR_HEAD_MAX 9   /* bytes */

enum sc_cbor_major {
  SC_CBOR_UINT,
  SC_CBOR_NEGATIVE,
  SC_CBOR_BYTES,
  SC_CBOR_TEXT,
  SC_CBOR_ARRAY,
  SC_CBOR_MAP,
  SC_CBOR_TAG,
  SC_CBOR_OTHER /* false, true, null, undefined, floats, break */
};

/* What begins every item. */
struct sc_cbor_head {
  uint8_t major; /* enum sc_cbor_major */
  uint8_t info;  /* the five low bits of the first byte */
  uint64_t value;
};

#define SC_CBOR_INFO_FALSE 20
#define SC_CBOR_INFO_NULL 22
#define SC_CBOR_INFO_INDEFINITE 31
#define SC_CBOR_BREAK 0xff
#define SC_CBOR_TAG_EPOCH 1

static inline bool sc_cbor_is_indefinite(const struct sc_cbor_head *head) {
  return head->info == SC_CBOR_INFO_INDEFINITE;
}
static inline bool sc_cbor_is_break(const struct sc_cbor_head *head) {
  return head->major == SC_CBOR_OTHER && head->info == SC_CBOR_INFO_INDEFINITE;
}
/* null or undefined. */
static inline bool sc_cbor_is_null(const struct sc_cbor_head *head) {
  return head->major == SC_CBOR_OTHER && (head->info | 1) == (SC_CBOR_INFO_NULL | 1);
}
/* Typed values of a head: false, and *out left alone, when it is of no such type or does not fit. */
bool sc_cbor_to_int(const struct sc_cbor_head *head, int64_t *out);
bool sc_cbor_to_double(const struct sc_cbor_head *head, double *out); /* any finite number */
bool sc_cbor_to_bool(const struct sc_cbor_head *head, bool *out);

/* One head, a tag's or a break's too. What follows it; p when [p, end) holds too little of it; NULL when it is
 * malformed. */
static inline const char *sc_cbor_head(const char *p, const char *end, struct sc_cbor_head *out) {
  if (p >= end) return p;
  unsigned first = (unsigned char)*p, n;
  out->major = (uint8_t)(first >> 5);
  out->info = (uint8_t)(first & 31);
  out->value = out->info;
  if (out->info < 24) return p + 1;
  if (out->info > 27) {
    out->value = 0;
    return out->info == SC_CBOR_INFO_INDEFINITE && (0xbc >> out->major & 1) != 0 ? p + 1 : NULL;
  }
  n = 1U << (out->info - 24);
  if ((size_t)(end - p) <= n) return p;
  out->value = (unsigned char)p[1];
  for (unsigned i = 2; i <= n; i++) out->value = out->value << 8 | (unsigned char)p[i];
  return out->major == SC_CBOR_OTHER && n == 1 && out->value < 32 ? NULL : p + 1 + n;
}

/* ---- pulling items from bytes that are all there ---- */

/* A cursor. Every function that takes one moves p on, or returns false with fault set to a static text; p then is near
 * the fault. */
struct sc_cbor {
  const char *p, *end;
  const char *fault; /* NULL: none so far */
};

static inline struct sc_cbor sc_cbor_of(struct sc_slice bytes) {
  return (struct sc_cbor){bytes.ptr, bytes.ptr + bytes.len, NULL};
}
static inline bool sc_cbor_fail(struct sc_cbor *c, const char *what) {
  c->fault = what;
  return false;
}

/* The head of the next item, behind its tags; never a break. What follows a head is the caller's to take: of a string
 * its bytes (sc_cbor_string), of an array or map its items (sc_cbor_enter), or all of it (sc_cbor_pass). */
bool sc_cbor_take(struct sc_cbor *c, struct sc_cbor_head *head);

/* The string that head begins (BYTES or TEXT, else a fault). *out is a view when it is in one piece, and its pieces
 * joined in room when it is not; more than cap bytes of those are a fault. room may be the place the string itself is
 * at (c->p): pieces only move down. */
bool sc_cbor_string(struct sc_cbor *c, const struct sc_cbor_head *head, char *room, size_t cap, struct sc_slice *out);

/* The rest of the item that head begins, whatever it is; and a whole item. */
bool sc_cbor_pass(struct sc_cbor *c, const struct sc_cbor_head *head);
bool sc_cbor_skip(struct sc_cbor *c);

/* Walks an array, or a map pair by pair:
 *   if (!sc_cbor_enter(c, &head, SC_CBOR_MAP, &list)) return false;
 *   while (sc_cbor_more(c, &list)) ... take name and value ...
 *   return c->fault == NULL; */
struct sc_cbor_list {
  uint64_t left; /* of a definite one: items or pairs */
  bool is_indefinite;
};
/* Fault when head begins no such container, or one with more items than there are bytes left. */
bool sc_cbor_enter(struct sc_cbor *c, const struct sc_cbor_head *head, enum sc_cbor_major major,
                   struct sc_cbor_list *list);
/* False at the end, which it passes; and when the bytes are over before it (fault). */
static inline bool sc_cbor_more(struct sc_cbor *c, struct sc_cbor_list *list) {
  if (!list->is_indefinite) return list->left > 0 ? (list->left--, true) : false;
  if (c->p >= c->end) return sc_cbor_fail(c, "cut short");
  if ((unsigned char)*c->p != SC_CBOR_BREAK) return true;
  c->p++;
  return false;
}

/* ---- walking head by head through bytes that are still arriving ---- */

struct sc_cbor_level {
  uint64_t n; /* definite: items still to come; indefinite: items that came */
  uint8_t major;
  bool is_indefinite;
};

/* Which containers are open, indefinite strings among them. Zero before the first head. */
struct sc_cbor_walk {
  uint32_t depth;
  bool is_tagged; /* a tag came, its item did not */
  struct sc_cbor_level levels[SC_CBOR_DEPTH_MAX];
};

/* Takes notice of the next head. NULL, or what is wrong with it there: a static text. Behind the head of a string
 * in one piece, head->value bytes follow that are no heads. A top-level item is over when depth is 0 again and no tag
 * waits. */
const char *sc_cbor_walk_on(struct sc_cbor_walk *walk, const struct sc_cbor_head *head);
/* Whether what comes next is a piece of a string. */
static inline bool sc_cbor_walk_in_string(const struct sc_cbor_walk *walk) {
  return walk->depth > 0 && walk->levels[walk->depth - 1].major <= SC_CBOR_TEXT;
}
/* Whether the next item is a name in the innermost container: one that is a map, at an even place. */
static inline bool sc_cbor_walk_at_name(const struct sc_cbor_walk *walk) {
  const struct sc_cbor_level *top = &walk->levels[walk->depth - 1];
  return top->major == SC_CBOR_MAP && top->n % 2 == 0;
}

/* ---- writing ---- */

/* A head in as few bytes as it takes, at most SC_CBOR_HEAD_MAX. What follows it. */
char *sc_cbor_put(char *at, enum sc_cbor_major major, uint64_t value);

void sc_cbor_add(struct sc_buf *out, enum sc_cbor_major major, uint64_t value); /* a head */
void sc_cbor_add_text(struct sc_buf *out, struct sc_slice text);
void sc_cbor_add_bytes(struct sc_buf *out, struct sc_slice bytes);
void sc_cbor_add_int(struct sc_buf *out, int64_t value);
void sc_cbor_add_bool(struct sc_buf *out, bool value);
void sc_cbor_add_null(struct sc_buf *out);
void sc_cbor_open(struct sc_buf *out, enum sc_cbor_major major); /* of indefinite length, ended by a break */
void sc_cbor_close(struct sc_buf *out);

#endif
