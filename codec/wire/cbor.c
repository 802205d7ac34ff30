#include "codec/wire/cbor.h"

#include <math.h>

#include "engine/base/assert.h"

/* ---- values of heads ---- */

/* Source: RFC 8949 appendix D. */
static double half_to_double(unsigned bits) {
  int exponent = (int)(bits >> 10 & 31), mantissa = (int)(bits & 1023);
  double value = exponent == 0    ? ldexp(mantissa, -24)
                 : exponent == 31 ? (mantissa == 0 ? (double)INFINITY : (double)NAN)
                                  : ldexp(mantissa + 1024, exponent - 25);
  return (bits & 0x8000) != 0 ? -value : value;
}

static double float_of(const struct sc_cbor_head *head) {
  float narrow;
  double wide;
  uint32_t low = (uint32_t)head->value;
  switch (head->info) {
    case 25:
      return half_to_double((unsigned)head->value);
    case 26:
      memcpy(&narrow, &low, sizeof(narrow));
      return (double)narrow;
    case 27:
      memcpy(&wide, &head->value, sizeof(wide));
      return wide;
    default:
      return (double)NAN;
  }
}

bool sc_cbor_to_int(const struct sc_cbor_head *head, int64_t *out) {
  if (head->major > SC_CBOR_NEGATIVE || head->value > INT64_MAX) return false;
  *out = head->major == SC_CBOR_UINT ? (int64_t)head->value : -1 - (int64_t)head->value;
  return true;
}

bool sc_cbor_to_double(const struct sc_cbor_head *head, double *out) {
  double value = (double)NAN;
  if (head->major == SC_CBOR_UINT) value = (double)head->value;
  else if (head->major == SC_CBOR_NEGATIVE) value = -1.0 - (double)head->value;
  else if (head->major == SC_CBOR_OTHER) value = float_of(head);
  if (!isfinite(value)) return false;
  *out = value;
  return true;
}

bool sc_cbor_to_bool(const struct sc_cbor_head *head, bool *out) {
  if (head->major != SC_CBOR_OTHER || (head->info | 1) != (SC_CBOR_INFO_FALSE | 1)) return false;
  *out = head->info != SC_CBOR_INFO_FALSE;
  return true;
}

/* ---- pulling ---- */

static bool take_any(struct sc_cbor *c, struct sc_cbor_head *head) {
  const char *behind = sc_cbor_head(c->p, c->end, head);
  if (behind == c->p) return sc_cbor_fail(c, "cut short");
  if (behind == NULL) return sc_cbor_fail(c, "a malformed head");
  c->p = behind;
  return true;
}

bool sc_cbor_take(struct sc_cbor *c, struct sc_cbor_head *head) {
  do {
    if (!take_any(c, head)) return false;
  } while (head->major == SC_CBOR_TAG);
  return !sc_cbor_is_break(head) || sc_cbor_fail(c, "a break where an item belongs");
}

static bool has_bytes(struct sc_cbor *c, uint64_t n) {
  return n <= (uint64_t)(c->end - c->p) || sc_cbor_fail(c, "a string that is cut short");
}

static bool join(struct sc_cbor *c, uint8_t major, char *room, size_t cap, struct sc_slice *out) {
  struct sc_cbor_head piece;
  size_t len = 0;
  for (;;) {
    if (!take_any(c, &piece)) return false;
    if (sc_cbor_is_break(&piece)) break;
    if (piece.major != major || sc_cbor_is_indefinite(&piece)) return sc_cbor_fail(c, "a piece of another type");
    if (!has_bytes(c, piece.value)) return false;
    if (piece.value > cap - len) return sc_cbor_fail(c, "a string that is too long");
    if (piece.value > 0) memmove(room + len, c->p, piece.value);
    len += piece.value;
    c->p += piece.value;
  }
  *out = sc_slice_of(room, len);
  return true;
}

bool sc_cbor_string(struct sc_cbor *c, const struct sc_cbor_head *head, char *room, size_t cap, struct sc_slice *out) {
  if (head->major != SC_CBOR_BYTES && head->major != SC_CBOR_TEXT) return sc_cbor_fail(c, "no string");
  if (sc_cbor_is_indefinite(head)) return join(c, head->major, room, cap, out);
  if (!has_bytes(c, head->value)) return false;
  *out = sc_slice_of(c->p, head->value);
  c->p += head->value;
  return true;
}

bool sc_cbor_enter(struct sc_cbor *c, const struct sc_cbor_head *head, enum sc_cbor_major major,
                   struct sc_cbor_list *list) {
  uint64_t room = (uint64_t)(c->end - c->p) / (major == SC_CBOR_MAP ? 2 : 1);
  if (head->major != major) return sc_cbor_fail(c, major == SC_CBOR_MAP ? "no map" : "no array");
  if (head->value > room) return sc_cbor_fail(c, "more items than bytes");
  *list = (struct sc_cbor_list){head->value, sc_cbor_is_indefinite(head)};
  return true;
}

static bool is_whole_string(const struct sc_cbor_head *head) {
  return (head->major == SC_CBOR_BYTES || head->major == SC_CBOR_TEXT) && !sc_cbor_is_indefinite(head);
}

static bool walk_past(struct sc_cbor *c, struct sc_cbor_walk *walk, const struct sc_cbor_head *head) {
  const char *wrong = sc_cbor_walk_on(walk, head);
  if (wrong != NULL) return sc_cbor_fail(c, wrong);
  if (!is_whole_string(head)) return true;
  if (!has_bytes(c, head->value)) return false;
  c->p += head->value;
  return true;
}

bool sc_cbor_pass(struct sc_cbor *c, const struct sc_cbor_head *head) {
  struct sc_cbor_walk walk;
  struct sc_cbor_head next;
  walk.depth = 0;
  walk.is_tagged = false;
  if (!walk_past(c, &walk, head)) return false;
  while (walk.depth > 0 || walk.is_tagged)
    if (!take_any(c, &next) || !walk_past(c, &walk, &next)) return false;
  return true;
}

bool sc_cbor_skip(struct sc_cbor *c) {
  struct sc_cbor_head head;
  return sc_cbor_take(c, &head) && sc_cbor_pass(c, &head);
}

/* ---- walking ---- */

/* An item is whole: perhaps the last one of its container, and that of its own. */
static void complete(struct sc_cbor_walk *walk) {
  while (walk->depth > 0) {
    struct sc_cbor_level *top = &walk->levels[walk->depth - 1];
    if (top->is_indefinite) {
      top->n++;
      return;
    }
    if (--top->n > 0) return;
    walk->depth--;
  }
}

static const char *open_level(struct sc_cbor_walk *walk, const struct sc_cbor_head *head) {
  uint64_t n = head->value;
  if (walk->depth == SC_CBOR_DEPTH_MAX) return "nested too deeply";
  if (n > UINT32_MAX) return "more items than bytes";
  if (head->major == SC_CBOR_MAP) n *= 2;
  if (n == 0 && !sc_cbor_is_indefinite(head)) {
    complete(walk);
    return NULL;
  }
  walk->levels[walk->depth++] = (struct sc_cbor_level){n, head->major, sc_cbor_is_indefinite(head)};
  return NULL;
}

static const char *end_level(struct sc_cbor_walk *walk) {
  const struct sc_cbor_level *top = walk->depth > 0 ? &walk->levels[walk->depth - 1] : NULL;
  if (top == NULL || !top->is_indefinite || walk->is_tagged) return "a break where an item belongs";
  if (top->major == SC_CBOR_MAP && top->n % 2 != 0) return "a name without a value";
  walk->depth--;
  complete(walk);
  return NULL;
}

const char *sc_cbor_walk_on(struct sc_cbor_walk *walk, const struct sc_cbor_head *head) {
  if (sc_cbor_is_break(head)) return end_level(walk);
  if (sc_cbor_walk_in_string(walk) &&
      (head->major != walk->levels[walk->depth - 1].major || sc_cbor_is_indefinite(head)))
    return "a piece of another type";
  walk->is_tagged = head->major == SC_CBOR_TAG;
  if (walk->is_tagged) return NULL;
  if (head->major == SC_CBOR_ARRAY || head->major == SC_CBOR_MAP || sc_cbor_is_indefinite(head))
    return open_level(walk, head);
  complete(walk);
  return NULL;
}

/* ---- writing ---- */

char *sc_cbor_put(char *at, enum sc_cbor_major major, uint64_t value) {
  SC_ASSERT(major <= SC_CBOR_OTHER);
  unsigned n = value < 24 ? 0 : value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
  unsigned info = n == 0 ? (unsigned)value : 24 + (unsigned)__builtin_ctz(n);
  *at++ = (char)((unsigned)major << 5 | info);
  for (unsigned i = n; i > 0; i--) *at++ = (char)(value >> 8 * (i - 1));
  return at;
}

void sc_cbor_add(struct sc_buf *out, enum sc_cbor_major major, uint64_t value) {
  char head[SC_CBOR_HEAD_MAX];
  sc_buf_add(out, head, (size_t)(sc_cbor_put(head, major, value) - head));
}

void sc_cbor_add_text(struct sc_buf *out, struct sc_slice text) {
  sc_cbor_add(out, SC_CBOR_TEXT, text.len);
  sc_buf_add_slice(out, text);
}

void sc_cbor_add_bytes(struct sc_buf *out, struct sc_slice bytes) {
  sc_cbor_add(out, SC_CBOR_BYTES, bytes.len);
  sc_buf_add_slice(out, bytes);
}

void sc_cbor_add_int(struct sc_buf *out, int64_t value) {
  if (value < 0) sc_cbor_add(out, SC_CBOR_NEGATIVE, (uint64_t)(-1 - value));
  else sc_cbor_add(out, SC_CBOR_UINT, (uint64_t)value);
}

void sc_cbor_add_bool(struct sc_buf *out, bool value) { sc_cbor_add(out, SC_CBOR_OTHER, SC_CBOR_INFO_FALSE + value); }

void sc_cbor_add_null(struct sc_buf *out) { sc_cbor_add(out, SC_CBOR_OTHER, SC_CBOR_INFO_NULL); }

void sc_cbor_open(struct sc_buf *out, enum sc_cbor_major major) {
  sc_buf_add_char(out, (char)((unsigned)major << 5 | SC_CBOR_INFO_INDEFINITE));
}

void sc_cbor_close(struct sc_buf *out) { sc_buf_add_char(out, (char)SC_CBOR_BREAK); }
