#include "codec/json/walk.h"

const char sc_json_too_deep[] = "nested too deeply";

static void *wrong(struct sc_json_walk *w, const char *what, const char *at) {
  return sc_json_wrong(&w->fault, what, at);
}

/* Where the index is not to be trusted, the string's end is looked for in the text: what is found before the first
 * broken string is what the index has too. */
const uint32_t *sc_json_walk_escaped(struct sc_json_walk *w, const uint32_t *i, struct sc_slice *out) {
  const char *p = w->buf + *i, *close;
  if (w->backslash < 0) {
    bool plain;
    close = sc_json_string_end(p + 1, w->end, &plain);
    if (close == NULL) return wrong(w, "a string without end or with a control character", p);
    *out = sc_slice_of(p + 1, (size_t)(close - p) - 1);
    if (plain) return i + 1;
  } else {
    close = sc_json_walk_close(w, i);
    const char *next = memchr(close, '\\', (size_t)(w->buf + w->len - close));
    w->backslash = next == NULL ? w->len : next - w->buf;
  }
  char *end = sc_json_index_unescape(w->index, p + 1, w->scratch);
  if (end == NULL) return wrong(w, "a string with a wrong escape or half a surrogate pair", p);
  *out = sc_slice_of(w->scratch, (size_t)(end - w->scratch));
  w->scratch = end;
  return i + 1;
}

/* The objects and arrays that are open, the innermost last: bit 0 of `kinds` says whether it is an object. The levels
 * of 64 outside of it are in `outer`. */
struct nesting {
  uint32_t depth;
  uint64_t kinds, outer[SC_JSON_DEPTH_MAX / 64];
};

static inline bool nesting_open(struct nesting *n, bool object) {
  if (n->depth == SC_JSON_DEPTH_MAX) return false;
  if (n->depth % 64 == 0) n->outer[n->depth / 64] = n->kinds;
  n->kinds = n->kinds << 1 | object;
  n->depth++;
  return true;
}

static inline void nesting_close(struct nesting *n) {
  n->depth--;
  n->kinds >>= 1;
  if (n->depth % 64 == 0) n->kinds = n->outer[n->depth / 64];
}

/* A string of which nothing is kept. */
static inline const uint32_t *check_string(struct sc_json_walk *w, const uint32_t *i, struct sc_json_seen *seen) {
  if (__builtin_expect((int64_t)i[1] <= w->backslash, 1)) return i + 1;
  char *scratch = w->scratch;
  struct sc_slice text;
  i = sc_json_walk_escaped(w, i, &text);
  w->scratch = scratch;
  if (i != NULL && text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL) seen->nul = true;
  return i;
}

/* A member's name and the colon, up to its value. */
static inline const uint32_t *check_name(struct sc_json_walk *w, const uint32_t *i, struct sc_json_seen *seen) {
  if (sc_json_walk_peek(w, i) != '"') return wrong(w, "a name in quotes is missing", w->buf + *i);
  i = check_string(w, i, seen);
  if (i == NULL) return NULL;
  return sc_json_walk_peek(w, i) == ':' ? i + 1 : wrong(w, "a colon is missing", w->buf + *i);
}

/* A string, a number, a literal. *end is filled when it is no string. */
static inline const uint32_t *check_scalar(struct sc_json_walk *w, const uint32_t *i, struct sc_json_seen *seen,
                                           const char **end) {
  const char *p = w->buf + *i;
  if (*p == '"') return check_string(w, i, seen);
  if (*p == '-' || (*p >= '0' && *p <= '9')) {
    int64_t digits;
    unsigned fraction;
    *end = w->buf + i[1];
    if (sc_json_number_short(p, (size_t)(*end - p), &digits, &fraction)) return i + 1;
    *end = sc_json_number_skip(p, w->end, &seen->too_large);
    if (*end == NULL) return wrong(w, "a malformed number", p);
  } else {
    *end = sc_json_literal_end(p);
    if (*end == NULL) return wrong(w, "no JSON value", p);
  }
  return sc_json_walk_ends(w, *end, i + 1) ? i + 1 : NULL;
}

/* Behind a value: closes what ends here and goes on to the next value. With depth 0 the walk is done. */
static inline const uint32_t *check_to_next(struct sc_json_walk *w, const uint32_t *i, struct nesting *nesting,
                                            struct sc_json_seen *seen, const char **end) {
  while (nesting->depth > 0) {
    bool object = nesting->kinds & 1;
    const char *p = w->buf + *i;
    if (*p == ',') return object ? check_name(w, i + 1, seen) : i + 1;
    if (*p != (object ? '}' : ']')) return wrong(w, "a comma or a closing bracket is missing", p);
    nesting_close(nesting);
    *end = p + 1;
    i++;
  }
  return i;
}

const uint32_t *sc_json_walk_value(struct sc_json_walk *w, const uint32_t *i, struct sc_json_seen *seen,
                                   const char **end) {
  struct nesting nesting; /* the kinds of levels that are not open are never read */
  nesting.depth = 0, nesting.kinds = 0;
  if (sc_json_walk_peek(w, i) == '"') {
    const uint32_t *string = i;
    i = check_string(w, i, seen);
    if (i != NULL) *end = sc_json_walk_close(w, string) + 1;
    return i;
  }
  do {
    const char *p = w->buf + *i;
    if (*p == '{' || *p == '[') {
      bool object = *p == '{';
      if (!nesting_open(&nesting, object)) return wrong(w, sc_json_too_deep, p);
      i++;
      if (sc_json_walk_peek(w, i) != (object ? '}' : ']')) {
        if (object) i = check_name(w, i, seen);
        continue;
      }
    } else {
      i = check_scalar(w, i, seen, end);
      if (i == NULL) return NULL;
    }
    i = check_to_next(w, i, &nesting, seen, end);
  } while (i != NULL && nesting.depth > 0);
  return i;
}
