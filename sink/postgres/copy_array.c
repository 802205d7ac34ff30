#include "sink/postgres/copy_array.h"

#include "codec/json/string.h"
#include "sink/postgres/copy_text.h"

static char *put_quoted(char *out, const char *text, size_t len) {
  *out++ = '"';
  for (size_t i = 0; i < len; i++) {
    if (text[i] == '"' || text[i] == '\\') out = sc_pgcopy_text_escape(out, "\\", 1);
    out = sc_pgcopy_text_escape(out, &text[i], 1);
  }
  *out++ = '"';
  return out;
}

/* The closing quote of the string that begins at p; end without one. */
static const char *string_end(const char *p, const char *end) {
  for (p++; p < end && *p != '"'; p++) p += *p == '\\';
  return p < end ? p : end;
}

/* Behind the JSON value that begins at p; p itself when none does. */
static const char *value_end(const char *p, const char *end) {
  size_t depth = 0;
  while (p < end) {
    char c = *p;
    bool closes = c == ']' || c == '}';
    if (depth == 0 && (closes || c == ',' || sc_json_is_blank(c))) return p;
    if (c == '"') p = string_end(p, end);
    if (p == end) return end;
    if (c == '[' || c == '{') depth++;
    if (closes) depth--;
    p++;
    if (depth == 0 && (closes || c == '"')) return p;
  }
  return end;
}

/* The string between the quotes at p and close, unescaped. NULL: bad escapes, or U+0000. It is unescaped far enough
 * behind out that writing, four bytes for each one read, never overtakes the reading. */
static char *put_string(char *out, const char *p, const char *close) {
  size_t raw = (size_t)(close - p - 1), len;
  char *text = out + 1 + 3 * raw;
  if (!sc_json_string_unescape(p + 1, raw, text, &len) || (len > 0 && memchr(text, 0, len) != NULL)) return NULL;
  return put_quoted(out, text, len);
}

static char *put_element(char *out, const char *p, const char *behind, bool of_json) {
  struct sc_slice value = sc_slice_of(p, (size_t)(behind - p));
  if (sc_slice_is(value, "null")) return sc_pgcopy_text_escape(out, "NULL", 4);
  if (*p == '"' && !of_json) return behind - p >= 2 && behind[-1] == '"' ? put_string(out, p, behind - 1) : NULL;
  if (*p == '{' || of_json) return put_quoted(out, p, value.len);
  return sc_pgcopy_text_escape(out, p, value.len);
}

static char *put_array(const struct sc_pgcopy_column *c, const struct sc_cell *cell, bool of_json, char *out,
                       struct sc_reject *why) {
  if (cell->type != SC_CELL_JSON || cell->len == 0 || cell->ptr[0] != '[') return sc_pgcopy_text_any(c, cell, out, why);
  const char *p = cell->ptr, *end = p + cell->len;
  size_t depth = 0;
  while (p < end) {
    if (*p == '[' && (depth == 0 || !of_json)) depth++, p++, *out++ = '{';
    else if (*p == ']' && depth > 0) depth--, p++, *out++ = '}';
    else if (*p == ',') *out++ = *p++;
    else if (sc_json_is_blank(*p)) p++;
    else {
      const char *behind = value_end(p, end);
      out = behind > p ? put_element(out, p, behind, of_json) : NULL;
      if (out == NULL) return sc_pgcopy_reject(c, why, SC_REASON_TYPE, "the array has an element that cannot be text");
      p = behind;
    }
  }
  return out;
}

char *sc_pgcopy_array(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out, struct sc_reject *why) {
  return put_array(c, cell, false, out, why);
}

char *sc_pgcopy_json_array(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                           struct sc_reject *why) {
  return put_array(c, cell, true, out, why);
}
