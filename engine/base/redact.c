#include "engine/base/log.h"

#include <strings.h>

static const char stars[] = "***";

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_name_char(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '%'; }

static struct sc_slice cut(struct sc_slice s, size_t from, size_t to) {
  return s.len ? sc_slice_of(s.ptr + from, to - from) : s;
}

static struct sc_slice rest(struct sc_slice s, size_t from) { return cut(s, from, s.len); }

/* Where c is first, s.len when nowhere. */
static size_t find(struct sc_slice s, char c) {
  const char *p = s.len ? memchr(s.ptr, c, s.len) : NULL;
  return p != NULL ? (size_t)(p - s.ptr) : s.len;
}

static size_t find_last(struct sc_slice s, char c) {
  const char *p = s.len ? memrchr(s.ptr, c, s.len) : NULL;
  return p != NULL ? (size_t)(p - s.ptr) : s.len;
}

static bool contains(struct sc_slice s, const char *word) {
  size_t n = strlen(word);
  for (size_t i = 0; i + n <= s.len; i++)
    if (strncasecmp(s.ptr + i, word, n) == 0) return true;
  return false;
}

/* A name with a percent sign may hide any of these words. */
static bool is_secret_name(struct sc_slice name) {
  static const char *const words[] = {"pass", "pwd", "secret", "token", "key", "credential", "signature", "%"};
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (contains(name, words[i])) return true;
  return false;
}

/* Length of "scheme:" (RFC 3986 section 3.1), 0 without one. */
static size_t scheme_len(struct sc_slice s) {
  if (s.len == 0 || !is_letter(s.ptr[0])) return 0;
  for (size_t i = 1; i < s.len; i++) {
    char c = s.ptr[i];
    if (c == ':') return i + 1;
    if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return 0;
  }
  return 0;
}

/* Where "?name=" begins; a question mark that no name follows may belong to a password. */
static size_t query_start(struct sc_slice s) {
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] != '?') continue;
    size_t end = i + 1;
    while (end < s.len && is_name_char(s.ptr[end])) end++;
    if (end > i + 1 && end < s.len && s.ptr[end] == '=') return i;
  }
  return s.len;
}

/* "host", "host:5432", "[::1]:5433" */
static bool is_host(struct sc_slice s) {
  size_t bracket = s.len && s.ptr[0] == '[' ? find(s, ']') : 0;
  if (bracket && bracket < s.len) s = rest(s, bracket + 1);
  size_t colon = find(s, ':');
  for (size_t i = colon + 1; i < s.len; i++)
    if (!is_digit(s.ptr[i])) return false;
  return colon + 1 != s.len;
}

static bool is_host_list(struct sc_slice s) {
  for (;;) {
    size_t comma = find(s, ',');
    if (!is_host(cut(s, 0, comma))) return false;
    if (comma == s.len) return true;
    s = rest(s, comma + 1);
  }
}

/* Where the user info ends, false when there is none. Passwords may hold unescaped '/', '?' and '@': too much is
 * covered rather than too little. Like libpq, an '@' before the first slash ends user info whatever precedes it. */
static bool find_user_info(struct sc_slice s, size_t *end) {
  size_t query = query_start(s), slash = find(s, '/');
  size_t most = query > slash ? query : slash;
  *end = find_last(cut(s, 0, most), '@');
  if (*end < most) return true;
  if (is_host_list(cut(s, 0, query < slash ? query : slash)) || sc_slice_starts(s, "arn:")) return false;
  *end = find_last(s, '@'); /* a colon and no port: a password, with "?name=" in it or without its '@' */
  if (*end == s.len) *end = query;
  return true;
}

/* Adds user and covered password; the length of what that stands for. */
static size_t add_user_info(struct sc_buf *out, struct sc_slice s) {
  size_t end;
  if (!find_user_info(s, &end)) return 0;
  size_t colon = find(cut(s, 0, end), ':');
  if (colon == end) return 0;
  sc_buf_add_slice(out, cut(s, 0, colon + 1));
  sc_buf_add_str(out, stars);
  return end;
}

/* A URL in a value, plain or percent-encoded, with something like user info. */
static bool hides_user_info(struct sc_slice value) {
  return (contains(value, "//") || contains(value, "%2f%2f")) && (contains(value, "@") || contains(value, "%40"));
}

static void add_parameter(struct sc_buf *out, struct sc_slice s) {
  size_t equals = find(s, '=');
  struct sc_slice name = cut(s, 0, equals);
  if (equals == s.len || !(is_secret_name(name) || hides_user_info(rest(s, equals + 1)))) {
    sc_buf_add_slice(out, s);
    return;
  }
  sc_buf_add_slice(out, cut(s, 0, equals + 1));
  sc_buf_add_str(out, stars);
}

static void add_query(struct sc_buf *out, struct sc_slice s) {
  size_t start = find(s, '?');
  sc_buf_add_slice(out, cut(s, 0, start));
  while (start < s.len) {
    sc_buf_add_char(out, s.ptr[start]);
    s = rest(s, start + 1);
    start = find(s, '&');
    add_parameter(out, cut(s, 0, start));
  }
}

static size_t skip_spaces(struct sc_slice s, size_t i) {
  while (i < s.len && is_space(s.ptr[i])) i++;
  return i;
}

static size_t skip_name(struct sc_slice s, size_t i) {
  while (i < s.len && (is_letter(s.ptr[i]) || is_digit(s.ptr[i]) || s.ptr[i] == '_')) i++;
  return i;
}

/* "host=x password = 'y'", libpq's other form. */
static bool is_conninfo(struct sc_slice s) {
  size_t start = skip_spaces(s, 0);
  size_t end = skip_name(s, start);
  size_t equals = skip_spaces(s, end);
  return end > start && equals < s.len && s.ptr[equals] == '=';
}

static size_t skip_value(struct sc_slice s, size_t i) {
  bool quoted = i < s.len && s.ptr[i] == '\'';
  for (i += quoted; i < s.len; i++) {
    if (s.ptr[i] == '\\') i++;
    else if (quoted ? s.ptr[i] == '\'' : is_space(s.ptr[i])) break;
  }
  i += quoted;
  return i < s.len ? i : s.len;
}

/* Words that no "name =" leads may be the rest of an unquoted password. */
static void add_conninfo(struct sc_buf *out, struct sc_slice s) {
  while (s.len > 0) {
    size_t start = skip_spaces(s, 0);
    size_t value = start;
    struct sc_slice name = cut(s, start, skip_name(s, start));
    bool named = is_conninfo(s);
    if (named) value = skip_spaces(s, find(s, '=') + 1);
    size_t end = skip_value(s, value);
    bool covered = end > value && (!named || is_secret_name(name));
    sc_buf_add_slice(out, cut(s, 0, covered ? value : end));
    if (covered) sc_buf_add_str(out, stars);
    s = rest(s, end);
  }
}

void sc_log_redact_url(struct sc_buf *out, struct sc_slice url) {
  if (is_conninfo(url)) {
    add_conninfo(out, url);
    return;
  }
  size_t scheme = scheme_len(url);
  struct sc_slice s = rest(url, scheme);
  if (sc_slice_starts(s, "//")) scheme += 2;
  else if (find_last(cut(s, 0, query_start(s)), '@') < query_start(s)) scheme = 0; /* "user:password@host" */
  sc_buf_add_slice(out, cut(url, 0, scheme));
  s = rest(url, scheme);
  add_query(out, rest(s, add_user_info(out, s)));
}
