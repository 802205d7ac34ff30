#include "net/aws/words.h"

#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/text.h"

/* Reads one word off *rest into word, which has room for the whole text. False when it is not ended. */
static bool read_word(struct sc_slice *rest, char *word, size_t *len) {
  char quote = 0;
  size_t n = 0, i = 0;
  for (; i < rest->len; i++) {
    char c = rest->ptr[i];
    if (quote == 0 && sc_text_is_blank(c)) break;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'') {
      if (++i == rest->len) return false;
      if (quote == '"' && rest->ptr[i] != '"' && rest->ptr[i] != '\\') word[n++] = '\\';
      word[n++] = rest->ptr[i];
    } else {
      word[n++] = c;
    }
  }
  *rest = sc_slice_of(rest->ptr + i, rest->len - i);
  *len = n;
  return quote == 0;
}

static bool split(struct sc_slice text, char *word, struct sc_words *out) {
  size_t cap = 0, len;
  for (text = sc_text_trim(text); text.len > 0; text = sc_text_trim(text)) {
    if (!read_word(&text, word, &len)) return false;
    SC_ARRAY_ROOM(out->items, out->n, cap, 2);
    out->items[out->n++] = sc_strndup(sc_slice_of(word, len));
    out->items[out->n] = NULL;
  }
  return true;
}

bool sc_words_split(struct sc_slice text, struct sc_words *out) {
  *out = (struct sc_words){NULL, 0};
  if (text.len == 0) return true;
  if (memchr(text.ptr, 0, text.len) != NULL) return false;
  char *word = sc_alloc(text.len + 1);
  bool is_whole = split(text, word, out);
  explicit_bzero(word, text.len + 1);
  free(word);
  if (!is_whole) sc_words_fini(out);
  return is_whole;
}

void sc_words_fini(struct sc_words *words) {
  for (size_t i = 0; i < words->n; i++) {
    explicit_bzero(words->items[i], strlen(words->items[i]));
    free(words->items[i]);
  }
  free(words->items);
  *words = (struct sc_words){NULL, 0};
}
