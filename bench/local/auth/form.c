#include "bench/local/auth/form.h"

#include "engine/base/text.h"

/* Replaces the buffer's contents. */
static bool decode(struct sc_slice text, struct sc_buf *out) {
  sc_buf_clear(out);
  sc_buf_reserve(out, text.len);
  bool is_good = sc_text_unpercent(text, true, out->ptr, text.len + 1);
  out->len = is_good ? strlen(out->ptr) : 0;
  return is_good;
}

bool scl_form_get(struct sc_slice form, const char *name, struct sc_buf *value) {
  struct sc_slice pair;
  while (sc_text_next(&form, '&', &pair)) {
    struct sc_slice left = pair, right = sc_text_cut(&left, '=');
    if (pair.len > 0 && decode(left, value) && strcmp(sc_buf_str(value), name) == 0) return decode(right, value);
  }
  sc_buf_clear(value);
  return false;
}

struct sc_slice scl_form_query(struct sc_slice path) {
  return sc_text_cut(&path, '?');
}
