/* Words of a shell: each word, quoted again, is split into itself; none is longer than the text. */
#include "engine/base/buf.h"
#include "net/aws/words.h"
#include "tests/fuzz/fuzz.h"

/* 'text', with each ' as '\'' */
static void quote(struct sc_buf *out, const char *text) {
  sc_buf_add_str(out, " '");
  for (; *text != '\0'; text++) {
    if (*text == '\'') sc_buf_add_str(out, "'\\''");
    else sc_buf_add_char(out, *text);
  }
  sc_buf_add_char(out, '\'');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct sc_words words, again;
  struct sc_buf quoted = SC_BUF_INIT;
  size_t bytes = 0;
  if (size > 1 << 14) return 0;
  if (!sc_words_split(sc_slice_of((const char *)data, size), &words)) {
    CHECK(words.n == 0 && words.items == NULL);
    return 0;
  }
  for (size_t i = 0; i < words.n; i++) {
    bytes += strlen(words.items[i]);
    quote(&quoted, words.items[i]);
  }
  CHECK(bytes <= size);
  CHECK(sc_words_split(sc_buf_view(&quoted), &again) && again.n == words.n);
  for (size_t i = 0; i < words.n; i++) CHECK(strcmp(words.items[i], again.items[i]) == 0);
  sc_words_fini(&again);
  sc_words_fini(&words);
  sc_buf_fini(&quoted);
  return 0;
}
