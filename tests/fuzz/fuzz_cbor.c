/* The CBOR decoder against one of few lines, head by head against at once, and around through the writer. */
#include "codec/wire/cbor.h"

#include "tests/fuzz/naive_cbor.h"

/* Writes the next item again: strings in one piece, heads as short as they can be. */
static bool write_again(struct sc_cbor *c, struct sc_buf *out) {
  struct sc_cbor_head head;
  struct sc_cbor_list list;
  struct sc_slice text;
  char *room = malloc((size_t)(c->end - c->p) + 1);
  CHECK(room != NULL);
  bool good = sc_cbor_take(c, &head);
  bool is_string = good && (head.major == SC_CBOR_BYTES || head.major == SC_CBOR_TEXT);
  if (is_string) good = sc_cbor_string(c, &head, room, (size_t)(c->end - c->p), &text);
  if (good && is_string) {
    sc_cbor_add(out, (enum sc_cbor_major)head.major, text.len);
    sc_buf_add_slice(out, text);
  }
  free(room);
  if (!good || is_string) return good;
  if (head.major == SC_CBOR_ARRAY || head.major == SC_CBOR_MAP) {
    if (!sc_cbor_enter(c, &head, (enum sc_cbor_major)head.major, &list)) return false;
    sc_cbor_open(out, (enum sc_cbor_major)head.major);
    while (sc_cbor_more(c, &list))
      if (!write_again(c, out) || (head.major == SC_CBOR_MAP && !write_again(c, out))) return false;
    sc_cbor_close(out);
    return c->fault == NULL;
  }
  if (head.major == SC_CBOR_OTHER && head.info >= 25) {
    sc_buf_add_char(out, (char)(SC_CBOR_OTHER << 5 | head.info));
    for (unsigned i = 1U << (head.info - 24); i > 0; i--) sc_buf_add_char(out, (char)(head.value >> 8 * (i - 1)));
  } else {
    sc_cbor_add(out, (enum sc_cbor_major)head.major, head.value);
  }
  return true;
}

/* As much of the bytes as one item takes; 0 when there is none. */
static size_t walk(const char *bytes, size_t size) {
  struct sc_cbor_walk walk;
  struct sc_cbor_head head;
  const char *p = bytes, *end = bytes + size;
  walk.depth = 0;
  walk.is_tagged = false;
  do {
    const char *behind = sc_cbor_head(p, end, &head);
    if (behind == p || behind == NULL || sc_cbor_walk_on(&walk, &head) != NULL) return 0;
    bool is_whole = head.major == SC_CBOR_BYTES || head.major == SC_CBOR_TEXT;
    uint64_t len = is_whole && !sc_cbor_is_indefinite(&head) ? head.value : 0;
    if (len > (uint64_t)(end - behind)) return 0;
    p = behind + len;
  } while (walk.depth > 0 || walk.is_tagged);
  return (size_t)(p - bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct naive naive = {.p = data, .end = data + size};
  struct sc_buf once = SC_BUF_INIT, twice = SC_BUF_INIT;
  char *bytes = malloc(size > 0 ? size : 1);
  CHECK(bytes != NULL);
  if (size > 0) memcpy(bytes, data, size);
  bool want = naive_item(&naive, 0, "");
  struct sc_cbor c = sc_cbor_of(sc_slice_of(bytes, size));
  bool got = sc_cbor_skip(&c);
  CHECK(got == (c.fault == NULL));
  CHECK(got == want || naive.is_odd);
  if (got && want) CHECK(c.p - bytes == naive.p - data);
  CHECK(walk(bytes, size) == (got ? (size_t)(c.p - bytes) : 0));
  if (got) {
    c = sc_cbor_of(sc_slice_of(bytes, size));
    CHECK(write_again(&c, &once));
    c = sc_cbor_of(sc_buf_view(&once));
    CHECK(write_again(&c, &twice) && c.p == c.end);
    CHECK(sc_slice_equals(sc_buf_view(&once), sc_buf_view(&twice)));
  }
  sc_buf_fini(&once);
  sc_buf_fini(&twice);
  free(bytes);
  return 0;
}
