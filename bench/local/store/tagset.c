#include "bench/local/store/tagset.h"

#include <stdlib.h>

#include "engine/base/buf.h"

void scl_tagset_fini(struct scl_tagset *set) {
  for (uint32_t i = 0; i < set->n; i++) {
    free(set->tags[i].key);
    free(set->tags[i].value);
  }
  free(set->tags);
  *set = (struct scl_tagset){0};
}

uint32_t scl_tagset_first_after(const struct scl_tagset *set, struct sc_slice after) {
  uint32_t i = 0;
  while (i < set->n && sc_slice_compare(after, sc_slice_str(set->tags[i].key)) >= 0) i++;
  return i;
}

bool scl_tagset_has(const struct scl_tagset *set, struct sc_slice key) {
  uint32_t i = scl_tagset_first_after(set, key);
  return i > 0 && sc_slice_is(key, set->tags[i - 1].key);
}

void scl_tagset_set(struct scl_tagset *set, struct sc_slice key, struct sc_slice value) {
  uint32_t i = scl_tagset_first_after(set, key);
  char *text = sc_strndup(value);
  if (scl_tagset_has(set, key)) {
    free(set->tags[i - 1].value);
    set->tags[i - 1].value = text;
    return;
  }
  set->tags = sc_realloc(set->tags, (set->n + 1) * sizeof(*set->tags));
  memmove(&set->tags[i + 1], &set->tags[i], (set->n - i) * sizeof(*set->tags));
  set->tags[i] = (struct scl_tag){sc_strndup(key), text};
  set->n++;
}

void scl_tagset_remove(struct scl_tagset *set, struct sc_slice key) {
  if (!scl_tagset_has(set, key)) return;
  uint32_t i = scl_tagset_first_after(set, key) - 1;
  free(set->tags[i].key);
  free(set->tags[i].value);
  set->n--;
  memmove(&set->tags[i], &set->tags[i + 1], (set->n - i) * sizeof(*set->tags));
}

/* In ASCII the characters that the API lists. Beyond ASCII the blocks that hold letters: U+00C0..U+1FFF and
 * U+2C00..U+D7FF. */
static bool is_allowed(const unsigned char *at, size_t *len) {
  *len = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
  if (at[0] >= 'a' && at[0] <= 'z') return true;
  if (at[0] >= 'A' && at[0] <= 'Z') return true;
  if (at[0] < 0x80) return at[0] != '\0' && strchr("0123456789_./=+-%@: ", at[0]) != NULL;
  if (*len == 2) return at[0] >= 0xC3;
  if (*len == 4) return false;
  unsigned code = (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
  return code <= 0x1FFF || (code >= 0x2C00 && code <= 0xD7FF);
}

bool scl_tagset_is_text(struct sc_slice text) {
  size_t len = 0;
  for (size_t i = 0; i < text.len; i += len)
    if (!is_allowed((const unsigned char *)text.ptr + i, &len)) return false;
  return true;
}
