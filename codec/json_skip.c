#include "codec/json_skip.h"

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
  nesting->kinds[level / 64] = object ? nesting->kinds[level / 64] | bit : nesting->kinds[level / 64] & ~bit;
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

static const char *skip_scalar(const char *p, const char *end, struct sc_json_seen *seen, struct sc_json_fault *fault) {
  char c = sc_json_peek(p, end);
  if (c == '"') return sc_json_skip_string(p, end, seen, fault);
  if (c != '-' && (c < '0' || c > '9')) return sc_json_skip_literal(p, end, fault);
  const char *behind = sc_json_number_skip(p, end, &seen->too_large);
  return behind != NULL ? behind : sc_json_wrong(fault, "a malformed number", p);
}

/* A member's name and the colon, up to its value. */
static const char *skip_name(const char *p, const char *end, struct sc_json_seen *seen, struct sc_json_fault *fault) {
  if (sc_json_peek(p, end) != '"') return sc_json_wrong(fault, "a name in quotes is missing", p);
  p = sc_json_skip_string(p, end, seen, fault);
  if (p == NULL) return NULL;
  p = sc_json_skip_blanks(p, end);
  if (sc_json_peek(p, end) != ':') return sc_json_wrong(fault, "a colon is missing", p);
  return sc_json_skip_blanks(p + 1, end);
}

/* Behind a value: closes what ends here and goes on to the next value. With depth 0 the walk is done. */
static const char *skip_to_next(const char *p, const char *end, struct nesting *nesting, struct sc_json_seen *seen,
                                struct sc_json_fault *fault) {
  while (nesting->depth > 0) {
    bool object = nesting_in_object(nesting);
    p = sc_json_skip_blanks(p, end);
    char c = sc_json_peek(p, end);
    if (c == ',') {
      p = sc_json_skip_blanks(p + 1, end);
      return object ? skip_name(p, end, seen, fault) : p;
    }
    if (c != (object ? '}' : ']')) return sc_json_wrong(fault, "a comma or a closing bracket is missing", p);
    nesting->depth--;
    p++;
  }
  return p;
}

const char *sc_json_skip(const char *p, const char *end, struct sc_json_seen *seen, struct sc_json_fault *fault) {
  struct nesting nesting = {.depth = 0};
  do {
    char c = sc_json_peek(p, end);
    if (c == '{' || c == '[') {
      if (!nesting_open(&nesting, c == '{')) return sc_json_wrong(fault, sc_json_too_deep, p);
      p = sc_json_skip_blanks(p + 1, end);
      if (sc_json_peek(p, end) != (c == '{' ? '}' : ']')) {
        if (c == '{') p = skip_name(p, end, seen, fault);
        if (p == NULL) return NULL;
        continue;
      }
    } else {
      p = skip_scalar(p, end, seen, fault);
      if (p == NULL) return NULL;
    }
    p = skip_to_next(p, end, &nesting, seen, fault);
  } while (p != NULL && nesting.depth > 0);
  return p;
}
