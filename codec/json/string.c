#include "codec/json/string.h"

#include "codec/text/utf8.h"

#define NO_CODE UINT32_MAX

static uint32_t hex_digit(char c) {
  if (c >= '0' && c <= '9') return (uint32_t)(c - '0');
  if (c >= 'a' && c <= 'f') return (uint32_t)(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return (uint32_t)(c - 'A' + 10);
  return NO_CODE;
}

/* The four digits behind \u. */
static uint32_t hex_unit(const char *p, size_t left) {
  uint32_t code = 0;
  if (left < 4) return NO_CODE;
  for (int i = 0; i < 4; i++) {
    uint32_t digit = hex_digit(p[i]);
    if (digit == NO_CODE) return NO_CODE;
    code = code << 4 | digit;
  }
  return code;
}

/* What \uXXXX at p (behind the u) stands for, with the low half that must follow a high one. */
static uint32_t unicode_escape(const char *p, size_t left, size_t *used) {
  uint32_t code = hex_unit(p, left);
  *used = 4;
  if (code == NO_CODE || code < 0xd800 || code > 0xdfff) return code;
  if (code > 0xdbff || left < 10 || p[4] != '\\' || p[5] != 'u') return NO_CODE;
  uint32_t low = hex_unit(p + 6, left - 6);
  if (low == NO_CODE || low < 0xdc00 || low > 0xdfff) return NO_CODE;
  *used = 10;
  return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* What the escape at p (behind the backslash) stands for; NO_CODE when it is none. */
static uint32_t escape(const char *p, size_t left, size_t *used) {
  *used = 1;
  if (left == 0) return NO_CODE;
  switch (*p) {
    case '"':
    case '\\':
    case '/':
      return (uint32_t)(unsigned char)*p;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'u': {
      uint32_t code = unicode_escape(p + 1, left - 1, used);
      *used += 1;
      return code;
    }
    default:
      return NO_CODE;
  }
}

bool sc_json_string_unescape(const char *src, size_t len, char *dst, size_t *out_len) {
  size_t in = 0, out = 0;
  while (in < len) {
    const char *backslash = memchr(src + in, '\\', len - in);
    size_t plain = backslash == NULL ? len - in : (size_t)(backslash - src) - in;
    memmove(dst + out, src + in, plain);
    in += plain;
    out += plain;
    if (in == len) break;
    size_t used;
    uint32_t code = escape(src + in + 1, len - in - 1, &used);
    if (code == NO_CODE) return false;
    in += 1 + used;
    out += sc_utf8_put(code, dst + out);
  }
  if (out_len != NULL) *out_len = out;
  return true;
}

bool sc_json_string_check(const char *src, size_t len, bool *nul) {
  const char *p = src, *end = src + len;
  while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
    size_t used;
    uint32_t code = escape(p + 1, (size_t)(end - p) - 1, &used);
    if (code == NO_CODE) return false;
    if (code == 0) *nul = true;
    p += 1 + used;
  }
  return true;
}

static const char *string_end(const char *p, const char *end) {
  bool plain;
  const char *close = sc_json_string_end(p + 1, end, &plain);
  return close == NULL ? end : close + 1;
}

struct sc_slice sc_json_extent(const char *p, const char *end) {
  const char *start = p;
  unsigned depth = 0;
  bool nested = p < end && (*p == '{' || *p == '[');
  for (; p < end; p++) {
    if (*p == '"') {
      p = string_end(p, end) - 1;
      if (depth == 0) return sc_slice_of(start, (size_t)(p - start) + 1);
    } else if (*p == '{' || *p == '[') {
      depth++;
    } else if (*p == '}' || *p == ']') {
      if (depth <= 1) return sc_slice_of(start, (size_t)(p - start) + nested);
      depth--;
    } else if (depth == 0 && (*p == ',' || sc_json_is_blank(*p))) {
      break;
    }
  }
  return sc_slice_of(start, (size_t)(p - start));
}
