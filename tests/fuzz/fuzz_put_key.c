/* Partition keys of fields: the first line of the input names the fields, the rest is a line of JSON. What is taken
 * gives a key within its bounds; what simdjson takes as an object is taken, unless its key comes out empty. */
#include "codec/json/doc.h"
#include "codec/text/utf8.h"
#include "engine/base/buf.h"
#include "net/put/key.h"
#include "tests/fuzz/fuzz.h"

static size_t count_units(struct sc_slice text) {
  size_t units = 0;
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    units += (c & 0xc0) != 0x80;
    units += c >= 0xf0;
  }
  return units;
}

static bool is_object(struct sc_slice line) {
  struct sc_jsondoc *doc = sc_jsondoc_new();
  struct sc_json root;
  bool object = sc_jsondoc_check(doc, line, &root) == NULL && sc_json_kind(root) == SC_JSON_OBJECT;
  sc_jsondoc_free(doc);
  return object;
}

static void check_key(struct sc_put_key *k, struct sc_slice line) {
  struct sc_slice key;
  struct sc_error err;
  if (sc_put_key_make(k, line, &key, &err) == SC_OK) {
    CHECK(key.len >= 1 && key.len <= SC_PUT_KEY_BYTES);
    CHECK(sc_utf8_valid(key.ptr, key.len));
    CHECK(count_units(key) <= SC_PUT_KEY_CHARACTERS);
  } else {
    CHECK(err.code == SC_E_ROW);
    CHECK(strcmp(err.text, "the partition key comes out empty") == 0 || !is_object(line));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
  if (newline == NULL) return 0;
  size_t len = size - (size_t)(newline - data) - 1;
  char *fields = sc_strndup(sc_slice_of((const char *)data, (size_t)(newline - data)));
  char *line = padded_copy(newline + 1, len);
  struct sc_put_key_rules rules = {.partitioner = SC_PUT_FIELDS, .fields = fields, .delimiter = "|"};
  struct sc_put_key *k;
  struct sc_error err;
  if (sc_put_key_new(&rules, &k, &err) == SC_OK) {
    check_key(k, sc_slice_of(line, len));
    sc_put_key_free(k);
  }
  free(line);
  free(fields);
  return 0;
}
