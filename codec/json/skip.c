#include "codec/json/skip.h"

#include <string.h>

const char sc_json_too_deep[] = "nested too deeply";

/* The objects and arrays that are open; bit i of kinds: level i is an object. */
struct nesting {
  uint32_t depth;
  uint64_t kinds[SC_JSON_DEPTH_MAX / 64];
};

static bool nesting_open(struct nesting *nesting, bool object) {
  uint32_t level = nesting->depth;
  if (level == SC_JSON_DEPTH_MAX) return false;
  uint64_t bit = UINT64_C(1) << (level % 64);
  uint64_t outer = level % 64 == 0 ? 0 : nesting->kinds[level / 64];
  nesting->kinds[level / 64] = object ? outer | bit : outer & ~bit;
  nesting->depth++;
  return true;
}

static bool nesting_in_object(const struct nesting *nesting) {
  uint32_t level = nesting->depth - 1;
  return (nesting->kinds[level / 64] >> (level % 64) & 1) != 0;
}

const char *sc_json_skip_string(const char *p, const char *end, struct sc_json_seen *seen,
                                struct sc_json_fault *fault) {
  bool plain;
  const char *close = sc_json_string_end(p + 1, end, &plain);
  if (close == NULL) return sc_json_wrong(fault, "a string without end or with a control character", p);
  if (!plain && !sc_json_string_check(p + 1, (size_t)(close - p) - 1, &seen->nul))
    return sc_json_wrong(fault, "a string with a wrong escape or half a surrogate pair", p);
  return close + 1;
}

const char *sc_json_skip_number(const char *p, const char *end, struct sc_json_number *out,
                                struct sc_json_fault *fault) {
  const char *behind = sc_json_number_scan(p, end, out);
  if (behind == NULL) return sc_json_wrong(fault, "a malformed number", p);
  return behind;
}

const char *sc_json_skip_literal(const char *p, const char *end, struct sc_json_fault *fault) {
  size_t left = (size_t)(end - p), len = 0;
  if (left >= 4 && (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0)) len = 4;
  if (left >= 5 && memcmp(p, "false", 5) == 0) len = 5;
  if (len == 0) return sc_json_wrong(fault, "no JSON value", p);
  return p + len;
}

/* ---- The walk. Most texts have no blanks between tokens and few escapes: those are the ways without a call. ---- */

struct walk {
  const char *end;
  struct sc_json_seen *seen;
  struct sc_json_fault *fault;
  struct nesting nesting;
};

static inline const char *skip_blanks(const struct walk *w, const char *p) {
  return __builtin_expect((unsigned char)*p > ' ', 1) ? p : sc_json_skip_blanks(p, w->end);
}

/* p is at the opening quote. */
static inline const char *skip_string(const struct walk *w, const char *p) {
  for (const char *at = p + 1; at < w->end; at += 16) {
    unsigned stop = sc_json_string_stop(at);
    if (stop == 16) continue;
    if (at[stop] == '"' && at + stop < w->end) return at + stop + 1;
    break;
  }
  return sc_json_skip_string(p, w->end, w->seen, w->fault);
}

static inline const char *skip_scalar(const struct walk *w, const char *p) {
  char c = sc_json_peek(p, w->end);
  if (c == '"') return skip_string(w, p);
  if (c != '-' && (c < '0' || c > '9')) return sc_json_skip_literal(p, w->end, w->fault);
  const char *behind = sc_json_number_skip(p, w->end, &w->seen->too_large);
  return behind != NULL ? behind : sc_json_wrong(w->fault, "a malformed number", p);
}

/* A member's name and the colon, up to its value. */
static inline const char *skip_name(const struct walk *w, const char *p) {
  if (sc_json_peek(p, w->end) != '"') return sc_json_wrong(w->fault, "a name in quotes is missing", p);
  p = skip_string(w, p);
  if (p == NULL) return NULL;
  p = skip_blanks(w, p);
  if (sc_json_peek(p, w->end) != ':') return sc_json_wrong(w->fault, "a colon is missing", p);
  return skip_blanks(w, p + 1);
}

/* p is at a bracket that opens. Up to the first value inside, or behind the bracket that closes at once: then
 * *empty. */
static inline const char *skip_opening(struct walk *w, const char *p, bool *empty) {
  bool object = *p == '{';
  if (!nesting_open(&w->nesting, object)) return sc_json_wrong(w->fault, sc_json_too_deep, p);
  p = skip_blanks(w, p + 1);
  *empty = sc_json_peek(p, w->end) == (object ? '}' : ']');
  if (*empty) {
    w->nesting.depth--;
    return p + 1;
  }
  return object ? skip_name(w, p) : p;
}

/* Behind a value: closes what ends here and goes on to the next value. With depth 0 the walk is done. */
static inline const char *skip_to_next(struct walk *w, const char *p) {
  while (w->nesting.depth > 0) {
    bool object = nesting_in_object(&w->nesting);
    p = skip_blanks(w, p);
    char c = sc_json_peek(p, w->end);
    if (c == ',') {
      p = skip_blanks(w, p + 1);
      return object ? skip_name(w, p) : p;
    }
    if (c != (object ? '}' : ']')) return sc_json_wrong(w->fault, "a comma or a closing bracket is missing", p);
    w->nesting.depth--;
    p++;
  }
  return p;
}

const char *sc_json_skip(const char *p, const char *end, struct sc_json_seen *seen, struct sc_json_fault *fault) {
  struct walk w; /* the kinds of levels that are not open are never read: nothing is set but the depth */
  w.end = end, w.seen = seen, w.fault = fault, w.nesting.depth = 0;
  do {
    char c = sc_json_peek(p, end);
    if (c == '{' || c == '[') {
      bool empty;
      p = skip_opening(&w, p, &empty);
      if (p == NULL) return NULL;
      if (!empty) continue;
    } else {
      p = skip_scalar(&w, p);
      if (p == NULL) return NULL;
    }
    p = skip_to_next(&w, p);
  } while (p != NULL && w.nesting.depth > 0);
  return p;
}
