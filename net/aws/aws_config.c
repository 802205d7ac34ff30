#include "net/aws/aws_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)

enum kind { OTHER, PROFILE, SERVICES };

struct setting {
  enum kind kind;
  char *section, *key;
  char *parent; /* the key it is nested under; NULL: none */
  char *value;  /* NULL: the section's own mark, that it is there */
};

struct sc_aws_config {
  struct setting *settings;
  size_t n, cap;
};

struct sc_aws_config *sc_aws_config_new(void) {
  return sc_alloc_zero(1, sizeof(struct sc_aws_config));
}

static void wipe(char *text) {
  if (text != NULL) explicit_bzero(text, strlen(text));
  free(text);
}

void sc_aws_config_free(struct sc_aws_config *config) {
  if (config == NULL) return;
  for (size_t i = 0; i < config->n; i++) {
    free(config->settings[i].section);
    free(config->settings[i].key);
    free(config->settings[i].parent);
    wipe(config->settings[i].value);
  }
  free(config->settings);
  free(config);
}

/* ---- lines ---- */

struct reader {
  struct sc_aws_config *config;
  bool is_credentials;
  enum kind kind;
  struct sc_slice section; /* ptr NULL: before the first */
  struct sc_slice parent;  /* the last key that had no value; ptr NULL: none */
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static struct sc_slice trim(struct sc_slice s) {
  while (s.len && is_blank(s.ptr[0])) s.ptr++, s.len--;
  while (s.len && is_blank(s.ptr[s.len - 1])) s.len--;
  return s;
}

static struct sc_slice without_comment(struct sc_slice s) {
  for (size_t i = 0; i < s.len; i++)
    if ((s.ptr[i] == '#' || s.ptr[i] == ';') && (i == 0 || is_blank(s.ptr[i - 1]))) s.len = i;
  return trim(s);
}

static struct sc_slice next_line(struct sc_slice *text) {
  const char *end = memchr(text->ptr, '\n', text->len);
  struct sc_slice line = {text->ptr, end != NULL ? (size_t)(end - text->ptr) : text->len};
  size_t used = line.len + (end != NULL ? 1 : 0);
  *text = sc_slice_of(text->ptr + used, text->len - used);
  return line;
}

static bool add_setting(struct reader *r, struct sc_slice key, struct sc_slice parent, const struct sc_slice *value) {
  struct sc_aws_config *c = r->config;
  if (c->n == SC_AWS_CONFIG_SETTINGS_MAX) return false;
  if (c->n == c->cap) {
    c->cap = c->cap ? 2 * c->cap : 32;
    c->settings = sc_realloc(c->settings, c->cap * sizeof(*c->settings));
  }
  c->settings[c->n++] = (struct setting){.kind = r->kind,
                                         .section = sc_strndup(r->section),
                                         .key = sc_strndup(key),
                                         .parent = parent.ptr != NULL ? sc_strndup(parent) : NULL,
                                         .value = value != NULL ? sc_strndup(*value) : NULL};
  return true;
}

/* "profile x" -> x; also "profile \"x y\"". False when the word is another. */
static bool behind_word(struct sc_slice *name, const char *word) {
  size_t n = strlen(word);
  if (!sc_slice_starts(*name, word) || name->len <= n || !is_blank(name->ptr[n])) return false;
  struct sc_slice rest = trim(sc_slice_of(name->ptr + n, name->len - n));
  if (rest.len >= 2 && rest.ptr[0] == '"' && rest.ptr[rest.len - 1] == '"')
    rest = sc_slice_of(rest.ptr + 1, rest.len - 2);
  *name = rest;
  return true;
}

static enum kind kind_of(bool is_credentials, struct sc_slice *name) {
  if (is_credentials) return PROFILE;
  if (sc_slice_is(*name, "default") || behind_word(name, "profile")) return PROFILE;
  return behind_word(name, "services") ? SERVICES : OTHER;
}

static bool read_section(struct reader *r, struct sc_slice line) {
  const char *end = memchr(line.ptr, ']', line.len);
  if (end == NULL || without_comment(sc_slice_of(end + 1, line.len - (size_t)(end - line.ptr) - 1)).len) return false;
  r->section = trim(sc_slice_of(line.ptr + 1, (size_t)(end - line.ptr) - 1));
  r->parent = sc_slice_of(NULL, 0);
  r->kind = kind_of(r->is_credentials, &r->section);
  return r->section.len && add_setting(r, SC_SLICE_LITERAL(""), sc_slice_of(NULL, 0), NULL);
}

static bool read_setting(struct reader *r, struct sc_slice line, bool nested) {
  const char *equals = memchr(line.ptr, '=', line.len);
  if (nested && r->parent.ptr == NULL) return true; /* the next line of a longer value: none of ours has one */
  if (equals == NULL) return nested;
  struct sc_slice key = trim(sc_slice_of(line.ptr, (size_t)(equals - line.ptr)));
  struct sc_slice value = without_comment(sc_slice_of(equals + 1, line.len - (size_t)(equals - line.ptr) - 1));
  if (!nested) r->parent = value.len ? sc_slice_of(NULL, 0) : key;
  return key.len && add_setting(r, key, nested ? r->parent : sc_slice_of(NULL, 0), &value);
}

static bool read_line(struct reader *r, struct sc_slice line) {
  bool nested = line.len && is_blank(line.ptr[0]);
  struct sc_slice text = trim(line);
  if (text.len == 0 || text.ptr[0] == '#' || text.ptr[0] == ';') return true;
  if (memchr(text.ptr, 0, text.len) != NULL) return false;
  if (text.ptr[0] == '[' && !nested) return read_section(r, text);
  return r->section.ptr != NULL && read_setting(r, text, nested);
}

int sc_aws_config_add(struct sc_aws_config *config, struct sc_slice text, bool is_credentials, const char *where,
                      struct sc_error *err) {
  struct reader r = {.config = config, .is_credentials = is_credentials};
  if (sc_slice_starts(text, "\xef\xbb\xbf")) text = sc_slice_of(text.ptr + 3, text.len - 3);
  for (unsigned line = 1; text.len; line++) {
    if (read_line(&r, next_line(&text))) continue;
    sc_error_set(err, SC_E_CONFIG, "%s, line %u: neither [section] nor key = value", where, line);
    sc_error_hint(err, "correct the file, or name another with %s",
                  is_credentials ? "AWS_SHARED_CREDENTIALS_FILE" : "AWS_CONFIG_FILE");
    return err->code;
  }
  return SC_OK;
}

/* ---- files ---- */

static int read_file(const char *path, struct sc_buf *text, struct sc_error *err) {
  FILE *file = fopen(path, "re");
  if (file == NULL && (errno == ENOENT || errno == ENOTDIR)) return SC_OK;
  if (file == NULL) return sc_error_errno(err, SC_E_CONFIG, errno, "cannot read %s", path);
  sc_buf_reserve(text, FILE_BYTES_MAX + 1);
  text->len = fread(text->ptr, 1, FILE_BYTES_MAX + 1, file);
  int failed = ferror(file) ? errno : 0;
  fclose(file);
  if (failed) return sc_error_errno(err, SC_E_CONFIG, failed, "cannot read %s", path);
  if (text->len > FILE_BYTES_MAX) return sc_error_set(err, SC_E_CONFIG, "%s is larger than 1 MiB", path);
  return SC_OK;
}

static int load_file(struct sc_aws_config *config, const char *variable, const char *name, bool is_credentials,
                     struct sc_error *err) {
  const char *path = getenv(variable), *home = getenv("HOME");
  struct sc_buf full = SC_BUF_INIT, text = SC_BUF_INIT;
  bool below_home = path != NULL && strncmp(path, "~/", 2) == 0;
  if (path != NULL && *path && !below_home) sc_buf_add_str(&full, path);
  else sc_buf_printf(&full, "%s/%s", home != NULL ? home : "", below_home ? path + 2 : name);
  int rc = read_file(sc_buf_str(&full), &text, err);
  if (rc == SC_OK) rc = sc_aws_config_add(config, sc_buf_view(&text), is_credentials, sc_buf_str(&full), err);
  if (text.ptr != NULL) explicit_bzero(text.ptr, text.cap);
  sc_buf_fini(&text);
  sc_buf_fini(&full);
  return rc;
}

int sc_aws_config_load(struct sc_aws_config **out, struct sc_error *err) {
  *out = sc_aws_config_new();
  int rc = load_file(*out, "AWS_CONFIG_FILE", ".aws/config", false, err);
  if (rc == SC_OK) rc = load_file(*out, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", true, err);
  if (rc == SC_OK) return SC_OK;
  sc_aws_config_free(*out);
  *out = NULL;
  return rc;
}

/* ---- lookups ---- */

static bool same_or_none(const char *a, const char *b) {
  return a != NULL && b != NULL ? strcasecmp(a, b) == 0 : a == b;
}

/* The last one counts, and the credentials file was added last. */
static const char *find(const struct sc_aws_config *config, enum kind kind, const char *section, const char *parent,
                        const char *key) {
  for (size_t i = config->n; i-- > 0;) {
    const struct setting *s = &config->settings[i];
    if (s->kind == kind && s->value != NULL && *s->value && strcmp(s->section, section) == 0 &&
        strcasecmp(s->key, key) == 0 && same_or_none(s->parent, parent))
      return s->value;
  }
  return NULL;
}

bool sc_aws_config_has_profile(const struct sc_aws_config *config, const char *profile) {
  for (size_t i = 0; i < config->n; i++)
    if (config->settings[i].kind == PROFILE && strcmp(config->settings[i].section, profile) == 0) return true;
  return false;
}

const char *sc_aws_config_profile(const struct sc_aws_config *config, const char *profile, const char *key) {
  return find(config, PROFILE, profile, NULL, key);
}

const char *sc_aws_config_service(const struct sc_aws_config *config, const char *profile, const char *service,
                                  const char *key) {
  const char *services = sc_aws_config_profile(config, profile, "services");
  return services != NULL ? find(config, SERVICES, services, service, key) : NULL;
}
