#include "net/put/key.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/json/skip.h"
#include "codec/text/hex.h"
#include "codec/text/utf8.h"
#include "engine/base/buf.h"
#include "engine/base/random.h"
#include "engine/base/text.h"

#define UNIT_RAW_BYTES 6 /* \uXXXX is the longest that one UTF-16 unit is written */

struct field {
  struct sc_slice name, value; /* value: of this line, as it stands there; NULL: missing */
  bool seen;
};

struct sc_put_key {
  enum sc_put_partitioner partitioner;
  struct sc_random random;
  struct sc_slice delimiter;
  struct field fields[SC_PUT_KEY_FIELDS_MAX];
  size_t n_fields;
  struct sc_buf name; /* a name unescaped */
  size_t len, units;  /* of text */
  /* A piece is unescaped in place, and the longest piece is all units as escapes. */
  char text[SC_PUT_KEY_BYTES + UNIT_RAW_BYTES * SC_PUT_KEY_CHARACTERS];
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
  sc_buf_fini(&k->name);
  free(k);
}

struct sc_slice sc_put_key_unseen(const struct sc_put_key *k) {
  for (size_t i = 0; i < k->n_fields; i++)
    if (!k->fields[i].seen) return k->fields[i].name;
  return sc_slice_of(NULL, 0);
}

/* ---- the line's members ---- */

/* name as it stands, without quotes; checked. */
static struct sc_slice unescape_name(struct sc_put_key *k, struct sc_slice name) {
  size_t len;
  if (name.len == 0 || memchr(name.ptr, '\\', name.len) == NULL) return name;
  sc_buf_clear(&k->name);
  sc_buf_reserve(&k->name, name.len);
  sc_json_string_unescape(name.ptr, name.len, k->name.ptr, &len);
  return sc_slice_of(k->name.ptr, len);
}

static void note_value(struct sc_put_key *k, struct sc_slice name, struct sc_slice value) {
  name = unescape_name(k, name);
  for (size_t i = 0; i < k->n_fields; i++) {
    if (!sc_slice_equals(name, k->fields[i].name)) continue;
    k->fields[i].value = value;
    k->fields[i].seen = true;
  }
}

/* p is at the member's name. Behind its value, NULL when fault says what is wrong. */
static const char *read_member(struct sc_put_key *k, const char *p, const char *end, struct sc_json_fault *fault) {
  struct sc_json_seen seen = {false, false};
  if (sc_json_peek(p, end) != '"') return sc_json_wrong(fault, "a name in quotes is missing", p);
  const char *behind = sc_json_skip_string(p, end, &seen, fault);
  if (behind == NULL) return NULL;
  struct sc_slice name = sc_slice_of(p + 1, (size_t)(behind - p) - 2);
  p = sc_json_skip_blanks(behind, end);
  if (sc_json_peek(p, end) != ':') return sc_json_wrong(fault, "a colon is missing", p);
  p = sc_json_skip_blanks(p + 1, end);
  behind = sc_json_skip(p, end, &seen, fault);
  if (behind != NULL) note_value(k, name, sc_slice_of(p, (size_t)(behind - p)));
  return behind;
}

/* p is behind the opening bracket. */
static const char *read_members(struct sc_put_key *k, const char *p, const char *end, struct sc_json_fault *fault) {
  p = sc_json_skip_blanks(p, end);
  if (sc_json_peek(p, end) == '}') return p + 1;
  for (;;) {
    p = read_member(k, p, end, fault);
    if (p == NULL) return NULL;
    p = sc_json_skip_blanks(p, end);
    if (sc_json_peek(p, end) == '}') return p + 1;
    if (sc_json_peek(p, end) != ',') return sc_json_wrong(fault, "a comma or a closing bracket is missing", p);
    p = sc_json_skip_blanks(p + 1, end);
  }
}

static int read_object(struct sc_put_key *k, struct sc_slice line, struct sc_error *err) {
  struct sc_json_fault fault = {NULL, NULL};
  const char *end = line.ptr + line.len, *p = sc_json_skip_blanks(line.ptr, end);
  for (size_t i = 0; i < k->n_fields; i++) k->fields[i].value = sc_slice_of(NULL, 0);
  if (!sc_utf8_valid(line.ptr, line.len)) return sc_error_set(err, SC_E_ROW, "not UTF-8");
  if (sc_json_peek(p, end) != '{') return sc_error_set(err, SC_E_ROW, "not a JSON object");
  p = read_members(k, p + 1, end, &fault);
  if (p != NULL) p = sc_json_skip_blanks(p, end);
  if (p != NULL && p < end) p = sc_json_wrong(&fault, "something behind the object", p);
  if (p != NULL) return SC_OK;
  return sc_error_set(err, SC_E_ROW, "not JSON: %s at byte %zu", fault.what, (size_t)(fault.at - line.ptr) + 1);
}

/* ---- the key ---- */

static unsigned escaped_unit(const char *p) {
  unsigned unit = 0;
  for (int i = 2; i < UNIT_RAW_BYTES; i++) unit = unit * 16 + (unsigned)sc_text_hex_digit(p[i]);
  return unit;
}

/* Bytes and UTF-16 units of the character at p, in checked text; with escapes, in the inside of a checked JSON
 * string. */
static size_t character(const char *p, bool escapes, size_t *units) {
  unsigned char c = (unsigned char)*p;
  *units = 1;
  if (escapes && c == '\\') {
    if (p[1] != 'u') return 2;
    if ((escaped_unit(p) & 0xfc00) != 0xd800) return UNIT_RAW_BYTES;
    *units = 2;
    return (size_t)2 * UNIT_RAW_BYTES;
  }
  if (c >= 0xf0) *units = 2;
  return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Adds as many whole characters of s as fit. units goes on counting beyond the limit, so after a character that did not
 * fit nothing more is added. */
static void add_text(struct sc_put_key *k, struct sc_slice s, bool escapes) {
  size_t n = 0, units, added;
  while (n < s.len) {
    size_t len = character(s.ptr + n, escapes, &units);
    k->units += units;
    if (k->units > SC_PUT_KEY_CHARACTERS) break;
    n += len;
  }
  if (n == 0) return;
  if (escapes) {
    sc_json_string_unescape(s.ptr, n, k->text + k->len, &added);
  } else {
    memcpy(k->text + k->len, s.ptr, n);
    added = n;
  }
  k->len += added;
}

static void add_value(struct sc_put_key *k, struct sc_slice value) {
  if (value.ptr == NULL) add_text(k, SC_SLICE_LITERAL("null"), false);
  else if (value.ptr[0] != '"') add_text(k, value, false);
  else add_text(k, sc_slice_of(value.ptr + 1, value.len - 2), true);
}

static int join_fields(struct sc_put_key *k, struct sc_slice *key, struct sc_error *err) {
  k->len = k->units = 0;
  for (size_t i = 0; i < k->n_fields; i++) {
    if (i > 0) add_text(k, k->delimiter, false);
    add_value(k, k->fields[i].value);
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
