#include "bench/local/auth/canonical.h"

#include <stdlib.h>

#include "engine/base/text.h"

#define INCOMPLETE "IncompleteSignatureException"
#define ALGORITHM "AWS4-HMAC-SHA256"
/* Segments of a path, and parameters of a query, at most. With more of them every signature is wrong. */
#define MAX_PARTS 256

/* ---- Authorization ---- */

/* Takes the next run of bytes that are neither blank nor comma. */
static bool take_word(struct sc_slice *rest, struct sc_slice *word) {
  size_t start = 0;
  while (start < rest->len && strchr(" ,", rest->ptr[start]) != NULL && rest->ptr[start] != '\0') start++;
  size_t end = start;
  while (end < rest->len && rest->ptr[end] != ' ' && rest->ptr[end] != ',') end++;
  if (start == end) return false;
  *word = sc_slice_of(rest->ptr + start, end - start);
  *rest = sc_slice_of(rest->ptr + end, rest->len - end);
  return true;
}

enum part { PART_CREDENTIAL, PART_SIGNATURE, PART_SIGNED_HEADERS, PARTS };
static const char *const part_names[PARTS] = {"Credential", "Signature", "SignedHeaders"};

/* Reads NAME=VALUE; false after refusing. */
static bool read_pair(struct sc_slice word, struct sc_slice header, struct sc_slice parts[PARTS],
                      struct scl_refusal *refusal) {
  const char *equals = memchr(word.ptr, '=', word.len);
  if (equals == NULL) {
    scl_refusal_add(refusal, INCOMPLETE,
                    "'%.*s' not a valid key=value pair (missing equal-sign) in Authorization header: '%.*s'.",
                    SC_SLICE_ARGS(word), SC_SLICE_ARGS(header));
    return false;
  }
  struct sc_slice name = sc_slice_of(word.ptr, (size_t)(equals - word.ptr));
  for (int i = 0; i < PARTS; i++) {
    if (!sc_slice_is(name, part_names[i])) continue;
    if (parts[i].len > 0) scl_refusal_add(refusal, INCOMPLETE, "Authorization header has '%s' twice.", part_names[i]);
    parts[i] = sc_slice_of(equals + 1, word.len - name.len - 1);
  }
  return refusal->type == NULL;
}

/* False after refusing, with a sentence about each part that is missing. */
static bool has_all(struct sc_slice header, bool has_date, const struct sc_slice parts[PARTS],
                    struct scl_refusal *refusal) {
  for (int i = 0; i < PARTS; i++)
    if (parts[i].len == 0)
      scl_refusal_add(refusal, INCOMPLETE, "Authorization header requires '%s' parameter.", part_names[i]);
  if (!has_date)
    scl_refusal_add(refusal, INCOMPLETE,
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  if (refusal->type == NULL) return true;
  scl_refusal_add(refusal, INCOMPLETE, "Authorization=%.*s", SC_SLICE_ARGS(header));
  return false;
}

static bool read_credential(struct sc_slice credential, struct scl_authorization *a, struct scl_refusal *refusal) {
  struct sc_slice *const parts[] = {&a->key_id, &a->date, &a->region, &a->service, &a->terminator};
  struct sc_slice rest = credential;
  bool is_good = true;
  for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) is_good = is_good && sc_text_next(&rest, '/', parts[i]);
  if (is_good && rest.ptr == NULL && a->key_id.len > 0) return true;
  scl_refusal_add(
      refusal, INCOMPLETE,
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%.*s'.",
      SC_SLICE_ARGS(credential));
  return false;
}

bool scl_authorization_read(struct sc_slice header, bool has_date, struct scl_authorization *authorization,
                            struct scl_refusal *refusal) {
  struct sc_slice rest = header, word, parts[PARTS] = {{NULL, 0}};
  *authorization = (struct scl_authorization){0};
  bool is_ours = take_word(&rest, &word) && sc_slice_starts(word, "AWS4-");
  while (is_ours && take_word(&rest, &word))
    if (!read_pair(word, header, parts, refusal)) return false;
  if (!has_all(header, has_date, parts, refusal)) return false;
  if (!sc_slice_starts(header, ALGORITHM " ")) {
    scl_refusal_add(refusal, INCOMPLETE, "Unsupported AWS 'algorithm': '%.*s'.", (int)strcspn(header.ptr, " ,"),
                    header.ptr);
    return false;
  }
  authorization->signature = parts[PART_SIGNATURE];
  authorization->signed_headers = parts[PART_SIGNED_HEADERS];
  return read_credential(parts[PART_CREDENTIAL], authorization, refusal);
}

/* ---- path and query ---- */

/* Splits at the first question mark; query->ptr is NULL when there is none. */
static void split_path(struct sc_slice whole, struct sc_slice *path, struct sc_slice *query) {
  *path = whole;
  *query = sc_text_cut(path, '?');
}

bool scl_query_has(struct sc_slice whole, const char *name) {
  struct sc_slice path, query, pair, key;
  split_path(whole, &path, &query);
  while (sc_text_next(&query, '&', &pair))
    if (sc_text_next(&pair, '=', &key) && sc_slice_is(key, name)) return true;
  return false;
}

static void add_escaped(struct sc_buf *out, struct sc_slice bytes) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  for (size_t i = 0; i < bytes.len; i++) {
    if (memchr(plain, bytes.ptr[i], sizeof(plain) - 1) != NULL) sc_buf_add_char(out, bytes.ptr[i]);
    else sc_buf_printf(out, "%%%02X", (unsigned char)bytes.ptr[i]);
  }
}

static void add_path(struct sc_buf *out, struct sc_slice path) {
  struct sc_slice kept[MAX_PARTS], rest = path, segment;
  size_t n = 0;
  while (sc_text_next(&rest, '/', &segment)) {
    bool is_up = sc_slice_is(segment, "..");
    if (is_up && n > 0) n--;
    if (!is_up && segment.len > 0 && !sc_slice_is(segment, ".") && n < MAX_PARTS) kept[n++] = segment;
  }
  if (path.len == 0 || path.ptr[0] == '/') sc_buf_add_char(out, '/');
  for (size_t i = 0; i < n; i++) {
    if (i > 0) sc_buf_add_char(out, '/');
    add_escaped(out, kept[i]);
  }
  if (n > 0 && path.ptr[path.len - 1] == '/') sc_buf_add_char(out, '/');
}

struct parameter {
  struct sc_slice key, value;
};

static int compare_parameters(const void *a, const void *b) {
  const struct parameter *left = a, *right = b;
  int order = sc_slice_compare(left->key, right->key);
  return order != 0 ? order : sc_slice_compare(left->value, right->value);
}

static void add_query(struct sc_buf *out, struct sc_slice query) {
  struct parameter parameters[MAX_PARTS];
  struct sc_slice pair;
  size_t n = 0;
  while (n < MAX_PARTS && sc_text_next(&query, '&', &pair)) {
    if (pair.len == 0) continue;
    sc_text_next(&pair, '=', &parameters[n].key);
    parameters[n++].value = pair.ptr == NULL ? sc_slice_of(NULL, 0) : pair;
  }
  qsort(parameters, n, sizeof(*parameters), compare_parameters);
  for (size_t i = 0; i < n; i++) {
    if (i > 0) sc_buf_add_char(out, '&');
    sc_buf_add_slice(out, parameters[i].key);
    sc_buf_add_char(out, '=');
    sc_buf_add_slice(out, parameters[i].value);
  }
}

/* ---- headers ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Without blanks at both ends; runs of blanks between words become one. */
static void add_value(struct sc_buf *out, struct sc_slice value) {
  size_t at = 0;
  for (bool is_first = true; at < value.len; is_first = false) {
    while (at < value.len && is_blank(value.ptr[at])) at++;
    size_t start = at;
    while (at < value.len && !is_blank(value.ptr[at])) at++;
    if (start == at) return;
    if (!is_first) sc_buf_add_char(out, ' ');
    sc_buf_add(out, value.ptr + start, at - start);
  }
}

static void add_header(struct sc_buf *out, const struct scl_request *request, struct sc_slice name) {
  bool is_first = true;
  sc_buf_add_slice(out, name);
  sc_buf_add_char(out, ':');
  for (int i = 0; i < request->n_headers; i++) {
    if (!sc_slice_equals(request->headers[i].name, name)) continue;
    if (!is_first) sc_buf_add_char(out, ',');
    is_first = false;
    add_value(out, request->headers[i].value);
  }
  sc_buf_add_char(out, '\n');
}

void scl_canonical_add(struct sc_buf *out, const struct scl_request *request, struct sc_slice signed_headers,
                       const char *body_hash) {
  struct sc_slice path, query, rest = signed_headers, name;
  split_path(request->path, &path, &query);
  sc_buf_add_slice(out, request->method);
  sc_buf_add_char(out, '\n');
  add_path(out, path);
  sc_buf_add_char(out, '\n');
  add_query(out, query);
  sc_buf_add_char(out, '\n');
  while (sc_text_next(&rest, ';', &name)) add_header(out, request, name);
  sc_buf_add_char(out, '\n');
  sc_buf_add_slice(out, signed_headers);
  sc_buf_add_char(out, '\n');
  sc_buf_add_str(out, body_hash);
}
