#include "bench/local/auth/form.h"

static int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Replaces the buffer's contents. */
static bool decode(struct sc_slice text, struct sc_buf *out) {
  sc_buf_clear(out);
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i] == '+' ? ' ' : text.ptr[i];
    if (c == '%') {
      int high = i + 2 < text.len ? digit_of(text.ptr[i + 1]) : -1, low = high < 0 ? -1 : digit_of(text.ptr[i + 2]);
      if (low < 0) return false;
      c = (char)(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return false;
    sc_buf_add_char(out, c);
  }
  return true;
}

bool scl_form_get(struct sc_slice form, const char *name, struct sc_buf *value) {
  for (size_t start = 0, end; start < form.len; start = end + 1) {
    const char *ampersand = memchr(form.ptr + start, '&', form.len - start);
    end = ampersand == NULL ? form.len : (size_t)(ampersand - form.ptr);
    struct sc_slice pair = sc_slice_of(form.ptr + start, end - start);
    const char *equals = pair.len == 0 ? NULL : memchr(pair.ptr, '=', pair.len);
    size_t name_len = equals == NULL ? pair.len : (size_t)(equals - pair.ptr);
    bool is_it = pair.len > 0 && decode(sc_slice_of(pair.ptr, name_len), value) && strcmp(sc_buf_str(value), name) == 0;
    if (!is_it) continue;
    size_t used = equals == NULL ? pair.len : name_len + 1;
    return decode(sc_slice_of(pair.ptr + used, pair.len - used), value);
  }
  sc_buf_clear(value);
  return false;
}

struct sc_slice scl_form_query(struct sc_slice path) {
  const char *question = path.len == 0 ? NULL : memchr(path.ptr, '?', path.len);
  if (question == NULL) return sc_slice_of(NULL, 0);
  return sc_slice_of(question + 1, (size_t)(path.ptr + path.len - question - 1));
}
