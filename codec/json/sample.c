#include "codec/json/sample.h"

#include "codec/text/rfc3339.h"
#include "engine/sample.h"

#define EXACT_IN_A_DOUBLE (INT64_C(1) << 53)

unsigned sc_json_kind_of_number(const struct sc_json_number *number, const char *text, size_t len) {
  int64_t whole;
  double value;
  if (number->plain && sc_json_number_to_i64(number, &whole))
    return whole >= -EXACT_IN_A_DOUBLE && whole <= EXACT_IN_A_DOUBLE ? SC_KIND_INTEGER : SC_KIND_LONG;
  if (number->plain || number->n_digits > SC_JSON_DOUBLE_DIGITS) return SC_KIND_BIG;
  if (!sc_json_number_to_double(number, text, len, &value)) return SC_KIND_BIG;
  bool lost = value == 0 && number->n_digits > 0;
  return lost ? SC_KIND_BIG : SC_KIND_FRACTION;
}

static unsigned kind_of(const char *p, const char *end) {
  struct sc_json_number number;
  switch (*p) {
    case '"':
      return sc_rfc3339_is(sc_slice_of(p + 1, (size_t)(end - p) - 2)) ? SC_KIND_TIME : SC_KIND_STRING;
    case '{':
    case '[':
      return SC_KIND_NESTED;
    case 't':
    case 'f':
      return SC_KIND_BOOL;
    case 'n':
      return SC_KIND_NULL;
    default:
      sc_json_number_scan(p, end, &number);
      return sc_json_kind_of_number(&number, p, (size_t)(end - p));
  }
}

/* i is at a member of an object that was checked. Returns what is behind the member and its comma. */
static const uint32_t *add_member(struct sc_json_walk *w, const uint32_t *i, struct sc_sample *into) {
  struct sc_json_seen seen = {false, false};
  struct sc_slice key;
  const char *end;
  const uint32_t *value = sc_json_walk_string(w, i, &key) + 1;
  i = sc_json_walk_value(w, value, &seen, &end);
  bool has_nul = key.len > 0 && memchr(key.ptr, '\0', key.len) != NULL;
  if (!has_nul) sc_sample_add(into, key, kind_of(w->buf + *value, end));
  return sc_json_walk_peek(w, i) == ',' ? i + 1 : i;
}

/* What is behind the object at i; NULL when it is none. */
static const uint32_t *object_end(struct sc_json_walk *w, const uint32_t *i) {
  struct sc_json_seen seen = {false, false};
  const char *end;
  return sc_json_walk_peek(w, i) == '{' ? sc_json_walk_value(w, i, &seen, &end) : NULL;
}

static void add_object(struct sc_json_walk *w, const uint32_t *i, struct sc_sample *into) {
  sc_sample_add_record(into);
  for (i++; sc_json_walk_peek(w, i) == '"';) i = add_member(w, i, into);
}

/* The record's objects, from token i on. Returns its end, NULL when something else is in it (without split: more than
 * one object); objects before that count. */
static const uint32_t *add_record(struct sc_json_walk *w, const uint32_t *i, bool split, struct sc_sample *into) {
  while (i != NULL) {
    int64_t backslash = w->backslash;
    const uint32_t *behind = object_end(w, i);
    bool at_end = behind != NULL && w->buf + *behind >= w->end;
    if (behind == NULL || (!at_end && !split)) return NULL;
    w->backslash = backslash; /* read once more */
    add_object(w, i, into);
    if (at_end) return behind + 1;
    i = behind;
  }
  return NULL;
}

void sc_json_sample(struct sc_json_arena *arena, const struct sc_record *records, uint32_t n, bool split,
                    struct sc_sample *into) {
  struct sc_json_walk w;
  for (uint32_t done = 0, filled; done < n; done += filled) {
    filled = sc_json_arena_fill(arena, records + done, n - done, &w);
    for (uint32_t k = 0; k < filled; k++) {
      const uint32_t *first = sc_json_arena_begin(arena, &w, k);
      sc_json_arena_end(arena, &w, k, add_record(&w, first, split, into));
    }
  }
}
