#include "engine/base/text.h"

struct sc_slice sc_text_trim(struct sc_slice s) {
  while (s.len > 0 && sc_text_is_blank(s.ptr[0])) s.ptr++, s.len--;
  while (s.len > 0 && sc_text_is_blank(s.ptr[s.len - 1])) s.len--;
  return s;
}

struct sc_slice sc_text_cut(struct sc_slice *s, char c) {
  const char *at = s->len > 0 ? memchr(s->ptr, c, s->len) : NULL;
  if (at == NULL) return sc_slice_of(NULL, 0);
  size_t before = (size_t)(at - s->ptr);
  struct sc_slice behind = {at + 1, s->len - before - 1};
  s->len = before;
  return behind;
}

bool sc_text_next(struct sc_slice *rest, char separator, struct sc_slice *part) {
  if (rest->ptr == NULL) return false;
  *part = *rest;
  *rest = sc_text_cut(part, separator);
  return true;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

bool sc_text_equals_nocase(struct sc_slice a, struct sc_slice b) {
  if (a.len != b.len) return false;
  for (size_t i = 0; i < a.len; i++)
    if (lower(a.ptr[i]) != lower(b.ptr[i])) return false;
  return true;
}

size_t sc_text_utf8_cut(struct sc_slice s, size_t max_bytes) {
  if (s.len <= max_bytes) return s.len;
  while (max_bytes > 0 && ((unsigned char)s.ptr[max_bytes] & 0xc0) == 0x80) max_bytes--;
  return max_bytes;
}

bool sc_text_unpercent(struct sc_slice s, bool plus_is_blank, char *text, size_t size) {
  size_t n = 0;
  for (size_t i = 0; i < s.len; i++, n++) {
    int c = (unsigned char)s.ptr[i];
    if (n + 1 >= size) return false;
    if (c == '+' && plus_is_blank) c = ' ';
    if (c == '%') {
      if (s.len - i < 3) return false;
      int high = sc_text_hex_digit(s.ptr[i + 1]), low = sc_text_hex_digit(s.ptr[i + 2]);
      if (high < 0 || low < 0) return false;
      c = high * 16 + low;
      i += 2;
    }
    if (c == 0) return false;
    text[n] = (char)c;
  }
  if (n >= size) return false;
  text[n] = '\0';
  return true;
}

uint32_t sc_text_hash(struct sc_slice s) {
  uint32_t h = 0x811c9dc5u;
  for (size_t i = 0; i < s.len; i++) h = (h ^ (unsigned char)s.ptr[i]) * 0x01000193u;
  return h;
}
