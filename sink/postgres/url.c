#include "sink/postgres/url.h"

#include <stdlib.h>

#include "engine/base/suggest.h"
#include "engine/base/text.h"
#include "engine/program.h"

bool sc_pg_url_claims(const char *url) {
  struct sc_slice s = sc_slice_str(url);
  return sc_slice_starts(s, "postgresql://") || sc_slice_starts(s, "postgres://");
}

/* Percent-decoded and NUL-terminated, malloc'ed; NULL when malformed or with %00. */
static char *decode(struct sc_slice s) {
  char *out = sc_alloc(s.len + 1);
  if (sc_text_unpercent(s, false, out, s.len + 1)) return out;
  free(out);
  return NULL;
}

static bool same_name(const char *option, const char *name) {
  for (; *option && *name; option++, name++) {
    if (*option != (*name == '_' ? '-' : *name)) return false;
  }
  return !*option && !*name;
}

/* Whether any command has the option. */
static bool is_option(const char *name) {
  int i = 0;
  while (i < sc_program.n_options && !same_name(sc_program.options[i].name, name)) i++;
  return i < sc_program.n_options;
}

static int unknown_parameter(const struct sc_options *options, const char *name, struct sc_error *err) {
  struct sc_suggest nearest;
  sc_suggest_init(&nearest, sc_slice_str(name));
  for (int i = 0; i < sc_program.n_options; i++)
    if (sc_options_knows(options, sc_program.options[i].name))
      sc_suggest_try(&nearest, sc_slice_str(sc_program.options[i].name));
  sc_error_fail(
      err, SC_E_USAGE,
      "libpq's parameters (sslmode, connect_timeout ...) and shardcopy's options (table, namespace ...) go there",
      "the database URL has an unknown parameter: %s", name);
  if (nearest.best.len > 0) sc_error_hint(err, "did you mean %.*s?", SC_SLICE_ARGS(nearest.best));
  return err->code;
}

static int set_option(struct sc_options *options, const char *name, const char *value, struct sc_error *err) {
  if (sc_options_knows(options, name)) return sc_options_set(options, name, value, SC_FROM_URL, err);
  if (is_option(name)) return SC_OK;
  return unknown_parameter(options, name, err);
}

/* One "name=value" of the query: kept for libpq in rest, or made an option. */
static int take_parameter(struct sc_slice part, struct sc_options *options, struct sc_buf *rest, char **table,
                          struct sc_error *err) {
  struct sc_slice left = part, right = sc_text_cut(&left, '=');
  bool has_value = right.ptr != NULL;
  char *name = decode(left), *value = has_value ? decode(right) : sc_strdup("true");
  int rc = SC_OK;
  if (name == NULL || value == NULL) {
    rc = sc_error_set(err, SC_E_USAGE, "the database URL's query has a malformed percent escape");
  } else if (has_value && sc_pg_settings_knows(name)) {
    sc_buf_add_char(rest, rest->len ? '&' : '?');
    sc_buf_add_slice(rest, part);
  } else {
    rc = set_option(options, name, value, err);
    if (!strcmp(name, "table")) {
      free(*table);
      *table = sc_strdup(value);
    }
  }
  free(name);
  free(value);
  return rc;
}

static bool has_at(struct sc_slice s) { return s.len > 0 && memchr(s.ptr, '@', s.len) != NULL; }

/* Whether a password with an unencoded @, / or ? may have been cut in two. libpq would take its rest for a host, a port
 * or a parameter, and messages would show it. So an @ stands once, between user and host, or in a parameter's value. */
static bool may_be_cut(struct sc_slice place, struct sc_slice query) {
  struct sc_slice authority = sc_text_cut(&place, ':'), name;
  authority = sc_slice_of(authority.ptr + 2, authority.len - 2); /* behind "//", which the URL was claimed by */
  struct sc_slice path = sc_text_cut(&authority, '/'), host = sc_text_cut(&authority, '@');
  bool cut = has_at(host) || has_at(path);
  while (sc_text_next(&query, '&', &name)) {
    sc_text_cut(&name, '=');
    cut = cut || has_at(name);
  }
  return cut;
}

int sc_pg_url_parse(const char *url, struct sc_options *options, struct sc_pg_settings *out, char **table,
                    struct sc_error *err) {
  struct sc_slice place = sc_slice_str(url), query = sc_text_cut(&place, '?'), part;
  struct sc_buf rest = SC_BUF_INIT, whole = SC_BUF_INIT;
  char *named = NULL;
  int rc = SC_OK;
  *out = (struct sc_pg_settings){NULL, 0};
  SC_ASSERT(sc_pg_url_claims(url));
  if (may_be_cut(place, query))
    return sc_error_fail(
        err, SC_E_USAGE,
        "in user, password and database write %40 for @, %2F for /, %3F for ?; or give the password in "
        "PGPASSWORD or ~/.pgpass",
        "the database URL has an @ where none can be: a password is not encoded");
  while (rc == SC_OK && sc_text_next(&query, '&', &part))
    if (part.len > 0) rc = take_parameter(part, options, &rest, &named, err);
  if (rc == SC_OK) {
    sc_buf_add_slice(&whole, place);
    sc_buf_add_slice(&whole, sc_buf_view(&rest));
    rc = sc_pg_settings_parse(sc_buf_str(&whole), out, err);
    explicit_bzero(whole.ptr, whole.len);
  }
  if (table != NULL && rc == SC_OK) *table = named;
  else free(named);
  sc_buf_fini(&rest);
  sc_buf_fini(&whole);
  return rc;
}

/* One part of a table's name from *p on, which then stands behind it. False when it is empty, too long or unclosed. */
static bool take_name(const char **p, char out[64]) {
  const char *s = *p;
  size_t n = 0;
  bool quoted = *s == '"';
  if (quoted) s++;
  for (; *s; s++) {
    if (quoted && *s == '"' && s[1] == '"') s++;
    else if (quoted ? *s == '"' : *s == '.') break;
    if (n == 63) return false;
    out[n++] = *s;
  }
  if (quoted && *s++ != '"') return false;
  out[n] = 0;
  *p = s;
  return n > 0;
}

int sc_pg_url_table(const char *text, char schema[64], char table[64], struct sc_error *err) {
  const char *p = text;
  schema[0] = 0;
  bool fine = take_name(&p, table);
  if (fine && *p == '.') {
    memcpy(schema, table, 64);
    p++;
    fine = take_name(&p, table);
  }
  if (fine && !*p) return SC_OK;
  return sc_error_fail(
      err, SC_E_USAGE,
      "--table=TABLE or --table=SCHEMA.TABLE, each at most 63 bytes; in double quotes when it holds a dot",
      "\"%.200s\" is not a table's name", text);
}
