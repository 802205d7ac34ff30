#include "net/put/key.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/json/arena.h"
#include "codec/text/hex.h"
#include "codec/text/utf8.h"
#include "engine/base/buf.h"
#include "engine/base/random.h"
#include "engine/base/text.h"

struct field {
  struct sc_slice name, value; /* value: of this line, a string without quotes and escapes; NULL: missing */
  bool seen;
};

struct sc_put_key {
  enum sc_put_partitioner partitioner;
  struct sc_random random;
  struct sc_slice delimiter;
  struct field fields[SC_PUT_KEY_FIELDS_MAX];
  size_t n_fields;
  struct sc_json_arena *arena; /* FIELDS: the line is read in there */
  size_t len, units;           /* of text */
  char text[SC_PUT_KEY_BYTES];
};

/* ---- the rules ---- */

static int read_fields(struct sc_put_key *k, const char *names, struct sc_error *err) {
  struct sc_slice rest = sc_slice_str(names), name;
  while (sc_text_next(&rest, ',', &name)) {
    if (name.len == 0) return sc_error_set(err, SC_E_USAGE, "--partition-key-fields: a name is empty in '%s'", names);
    if (k->n_fields == SC_PUT_KEY_FIELDS_MAX)
      return sc_error_set(err, SC_E_USAGE, "--partition-key-fields: more than %d names", SC_PUT_KEY_FIELDS_MAX);
    k->fields[k->n_fields++].name = name;
  }
  return SC_OK;
}

static int read_rules(struct sc_put_key *k, const struct sc_put_key_rules *rules, struct sc_error *err) {
  if (rules->partitioner != SC_PUT_FIELDS) return SC_OK;
  if (!sc_utf8_valid(rules->fields, strlen(rules->fields)))
    return sc_error_set(err, SC_E_USAGE, "--partition-key-fields: not UTF-8");
  if (!sc_utf8_valid(rules->delimiter, strlen(rules->delimiter)))
    return sc_error_set(err, SC_E_USAGE, "--partition-key-delimiter: not UTF-8");
  k->delimiter = sc_slice_str(rules->delimiter);
  k->arena = sc_json_arena_new(0);
  return read_fields(k, rules->fields, err);
}

int sc_put_key_new(const struct sc_put_key_rules *rules, struct sc_put_key **out, struct sc_error *err) {
  struct sc_put_key *k = sc_alloc_zero(1, sizeof(*k));
  *out = NULL;
  k->partitioner = rules->partitioner;
  sc_random_init(&k->random, rules->seed);
  int rc = read_rules(k, rules, err);
  if (rc != SC_OK) sc_put_key_free(k);
  else *out = k;
  return rc;
}

void sc_put_key_free(struct sc_put_key *k) {
  if (k == NULL) return;
  sc_json_arena_free(k->arena);
  free(k);
}

struct sc_slice sc_put_key_unseen(const struct sc_put_key *k) {
  for (size_t i = 0; i < k->n_fields; i++)
    if (!k->fields[i].seen) return k->fields[i].name;
  return sc_slice_of(NULL, 0);
}

/* ---- the line's members ---- */

static void note_value(struct sc_put_key *k, struct sc_slice name, struct sc_slice value) {
  for (size_t i = 0; i < k->n_fields; i++) {
    if (!sc_slice_equals(name, k->fields[i].name)) continue;
    k->fields[i].value = value;
    k->fields[i].seen = true;
  }
}

/* i is at the member's name. The token behind its value, NULL when w->fault says what is wrong. */
static const uint32_t *read_member(struct sc_put_key *k, struct sc_json_walk *w, const uint32_t *i) {
  struct sc_json_seen seen = {false, false};
  struct sc_slice name, value;
  const char *p = w->buf + *i, *end;
  if (*p != '"') return sc_json_wrong(&w->fault, "a name in quotes is missing", p);
  i = sc_json_walk_string(w, i, &name);
  if (i == NULL) return NULL;
  p = w->buf + *i++;
  if (*p != ':') return sc_json_wrong(&w->fault, "a colon is missing", p);
  p = w->buf + *i;
  if (*p == '"') {
    i = sc_json_walk_string(w, i, &value);
  } else {
    i = sc_json_walk_value(w, i, &seen, &end);
    if (i != NULL) value = sc_slice_of(p, (size_t)(end - p));
  }
  if (i != NULL) note_value(k, name, value);
  return i;
}

/* i is behind the opening bracket. */
static const uint32_t *read_members(struct sc_put_key *k, struct sc_json_walk *w, const uint32_t *i) {
  if (sc_json_walk_peek(w, i) == '}') return i + 1;
  for (;;) {
    i = read_member(k, w, i);
    if (i == NULL) return NULL;
    char c = sc_json_walk_peek(w, i);
    if (c == '}') return i + 1;
    if (c != ',') return sc_json_wrong(&w->fault, "a comma or a closing bracket is missing", w->buf + *i);
    i++;
  }
}

static int read_object(struct sc_put_key *k, struct sc_slice line, struct sc_error *err) {
  struct sc_record record = {.data = line};
  struct sc_json_walk w;
  for (size_t i = 0; i < k->n_fields; i++) k->fields[i].value = sc_slice_of(NULL, 0);
  sc_json_arena_fill(k->arena, &record, 1, &w);
  const uint32_t *i = sc_json_arena_begin(k->arena, &w, 0);
  if (i == NULL) return sc_error_set(err, SC_E_ROW, "not UTF-8");
  if (sc_json_walk_peek(&w, i) != '{') return sc_error_set(err, SC_E_ROW, "not a JSON object");
  i = read_members(k, &w, i + 1);
  if (i != NULL && w.buf + *i < w.end) i = sc_json_wrong(&w.fault, "something behind the object", w.buf + *i);
  if (i != NULL) return SC_OK;
  return sc_error_set(err, SC_E_ROW, "not JSON: %s at byte %zu", w.fault.what, sc_json_walk_fault_at(&w) + 1);
}

/* ---- the key ---- */

/* Bytes and UTF-16 units of the character that begins with c, in checked text. */
static size_t character(unsigned char c, size_t *units) {
  *units = c >= 0xf0 ? 2 : 1;
  return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Adds as many whole characters of s as fit. units goes on counting beyond the limit, so after a character that did not
 * fit nothing more is added. */
static void add_text(struct sc_put_key *k, struct sc_slice s) {
  size_t n = 0, units;
  while (n < s.len) {
    size_t len = character((unsigned char)s.ptr[n], &units);
    k->units += units;
    if (k->units > SC_PUT_KEY_CHARACTERS) break;
    n += len;
  }
  if (n > 0) memcpy(k->text + k->len, s.ptr, n);
  k->len += n;
}

static int join_fields(struct sc_put_key *k, struct sc_slice *key, struct sc_error *err) {
  k->len = k->units = 0;
  for (size_t i = 0; i < k->n_fields; i++) {
    struct sc_slice value = k->fields[i].value;
    if (i > 0) add_text(k, k->delimiter);
    add_text(k, value.ptr == NULL ? SC_SLICE_LITERAL("null") : value);
  }
  *key = sc_slice_of(k->text, k->len);
  return k->len > 0 ? SC_OK : sc_error_set(err, SC_E_ROW, "the partition key comes out empty");
}

static struct sc_slice random_key(struct sc_put_key *k) {
  uint64_t bits = sc_random_u64(&k->random);
  return sc_slice_of(k->text, (size_t)(sc_hex_put(k->text, &bits, sizeof(bits)) - k->text));
}

int sc_put_key_make(struct sc_put_key *k, struct sc_slice line, struct sc_slice *key, struct sc_error *err) {
  if (k->partitioner == SC_PUT_FIELDS) {
    int rc = read_object(k, line, err);
    return rc != SC_OK ? rc : join_fields(k, key, err);
  }
  *key = k->partitioner == SC_PUT_RANDOM ? random_key(k) : SC_SLICE_LITERAL("0");
  return SC_OK;
}
