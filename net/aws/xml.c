#include "net/aws/xml.h"

#include <stdio.h>

#include "engine/base/text.h"

#define NAME_MAX_BYTES 64

/* What stands between <name> and the < that follows. */
static bool find_element(struct sc_slice document, const char *name, struct sc_slice *text) {
  char tag[NAME_MAX_BYTES + 4];
  size_t tag_len = (size_t)snprintf(tag, sizeof(tag), "<%s>", name);
  const char *begin = document.len ? memmem(document.ptr, document.len, tag, tag_len) : NULL;
  if (begin == NULL || tag_len >= sizeof(tag)) return false;
  struct sc_slice rest = {begin + tag_len, document.len - (size_t)(begin - document.ptr) - tag_len};
  snprintf(tag, sizeof(tag), "</%s>", name);
  *text = rest;
  struct sc_slice behind = sc_text_cut(text, '<');
  return behind.ptr != NULL && sc_slice_starts(sc_slice_of(behind.ptr - 1, behind.len + 1), tag);
}

/* The character that a reference without & and ; stands for; 0: not one of ours. */
static unsigned char referred(struct sc_slice reference) {
  static const struct {
    const char *name;
    unsigned char character;
  } entities[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
  unsigned value = 0;
  for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
    if (sc_slice_is(reference, entities[i].name)) return entities[i].character;
  bool is_hex = sc_slice_starts(reference, "#x");
  size_t first = is_hex ? 2 : 1;
  if (reference.len <= first || reference.len > first + 3 || reference.ptr[0] != '#') return 0;
  for (size_t i = first; i < reference.len; i++) {
    int digit = sc_text_hex_digit(reference.ptr[i]);
    if (digit < 0 || (!is_hex && digit > 9)) return 0;
    value = value * (is_hex ? 16 : 10) + (unsigned)digit;
  }
  return value < 128 ? (unsigned char)value : 0;
}

bool sc_xml_text(struct sc_slice document, const char *name, struct sc_buf *out) {
  struct sc_slice text;
  sc_buf_clear(out);
  if (!find_element(document, name, &text) || memchr(text.ptr, 0, text.len) != NULL) return false;
  sc_buf_reserve(out, text.len);
  while (text.ptr != NULL) {
    struct sc_slice behind = sc_text_cut(&text, '&');
    sc_buf_add_slice(out, text);
    if (behind.ptr == NULL) return true;
    text = behind;
    behind = sc_text_cut(&text, ';');
    unsigned char character = referred(text);
    if (behind.ptr == NULL || character == 0) return false;
    sc_buf_add_char(out, (char)character);
    text = behind;
  }
  return true;
}
