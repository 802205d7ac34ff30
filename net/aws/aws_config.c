#include "net/aws/aws_config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/array.h"
#include "engine/base/text.h"
#include "net/aws/files.h"
#include "net/aws/words.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)

enum kind { OTHER, PROFILE, SSO_SESSION, SERVICES };

struct section {
  enum kind kind;
  bool is_credentials;
  bool is_replaced; /* by a later section that names the same under another header */
  char *header;     /* as written between the brackets */
  char *name;
};

/* Nested settings stand right behind the setting they belong to. */
struct setting {
  size_t section;
  bool is_nested;
  char *key, *value;
};

struct sc_aws_config {
  struct section *sections;
  size_t n_sections, cap_sections;
  struct setting *settings;
  size_t n, cap;
};

struct sc_aws_config *sc_aws_config_new(void) {
  return sc_alloc_zero(1, sizeof(struct sc_aws_config));
}

void sc_aws_config_free(struct sc_aws_config *config) {
  if (config == NULL) return;
  for (size_t i = 0; i < config->n_sections; i++) {
    free(config->sections[i].header);
    free(config->sections[i].name);
  }
  for (size_t i = 0; i < config->n; i++) {
    explicit_bzero(config->settings[i].value, strlen(config->settings[i].value));
    free(config->settings[i].value);
    free(config->settings[i].key);
  }
  free(config->sections);
  free(config->settings);
  free(config);
}

/* ---- sections ---- */

static const struct {
  const char *word;
  enum kind kind;
} named_kinds[] = {{"profile", PROFILE}, {"sso-session", SSO_SESSION}, {"services", SERVICES}};

/* What a header of the config file stands for: a kind's word and a name, which may be quoted, or "default". */
static void name_section(struct section *s) {
  struct sc_words words;
  if (s->is_credentials || strcmp(s->header, "default") == 0) {
    s->kind = PROFILE;
    s->name = sc_strdup(s->header);
    return;
  }
  for (size_t i = 0; i < sizeof(named_kinds) / sizeof(named_kinds[0]); i++) {
    if (strncmp(s->header, named_kinds[i].word, strlen(named_kinds[i].word)) != 0) continue;
    if (!sc_words_split(sc_slice_str(s->header), &words)) break;
    if (words.n == 2) {
      s->kind = named_kinds[i].kind;
      s->name = sc_strdup(words.items[1]);
    }
    sc_words_fini(&words);
    break;
  }
  if (s->name == NULL) s->name = sc_strdup("");
}

static void replace_namesakes(struct sc_aws_config *c, const struct section *s) {
  for (size_t i = 0; i < c->n_sections; i++) {
    struct section *other = &c->sections[i];
    if (other != s && other->kind == s->kind && other->is_credentials == s->is_credentials &&
        strcmp(other->name, s->name) == 0)
      other->is_replaced = true;
  }
}

static size_t find_section(struct sc_aws_config *c, struct sc_slice header, bool is_credentials) {
  for (size_t i = 0; i < c->n_sections; i++)
    if (c->sections[i].is_credentials == is_credentials && sc_slice_is(header, c->sections[i].header)) return i;
  SC_ARRAY_ROOM(c->sections, c->n_sections, c->cap_sections, 1);
  struct section *s = &c->sections[c->n_sections++];
  *s = (struct section){.is_credentials = is_credentials, .header = sc_strndup(header)};
  name_section(s);
  if (s->kind != OTHER) replace_namesakes(c, s);
  return c->n_sections - 1;
}

/* ---- lines ---- */

/* key: of the setting that is being read; its ptr is NULL when there is none. */
struct reader {
  struct sc_aws_config *config;
  bool is_credentials, has_section;
  size_t section, indent;
  struct sc_slice key;
  struct sc_buf value;
};

static bool add_setting(struct reader *r, bool is_nested, struct sc_slice key, struct sc_slice value) {
  struct sc_aws_config *c = r->config;
  if (c->n == SC_AWS_CONFIG_SETTINGS_MAX) return false;
  SC_ARRAY_ROOM(c->settings, c->n, c->cap, 1);
  c->settings[c->n++] = (struct setting){r->section, is_nested, sc_strndup(key), sc_strndup(value)};
  return true;
}

/* What was read of a value is one text, or nested settings: then it begins with an empty line. */
static bool end_value(struct reader *r) {
  struct sc_slice value = sc_buf_view(&r->value), line;
  bool is_nested = value.len > 0 && value.ptr[0] == '\n';
  if (r->key.ptr == NULL) return true;
  if (!add_setting(r, false, r->key, is_nested ? sc_slice_of(NULL, 0) : value)) return false;
  while (is_nested && sc_text_next(&value, '\n', &line)) {
    struct sc_slice behind = sc_text_cut(&line, '=');
    if (behind.ptr == NULL && line.len == 0) continue;
    if (behind.ptr == NULL || !add_setting(r, true, sc_text_trim(line), sc_text_trim(behind))) return false;
  }
  r->key = sc_slice_of(NULL, 0);
  return true;
}

static bool begin_section(struct reader *r, struct sc_slice line) {
  const char *end = memrchr(line.ptr, ']', line.len);
  if (end == NULL || end == line.ptr + 1) return false;
  if (!end_value(r)) return false;
  r->section = find_section(r->config, sc_slice_of(line.ptr + 1, (size_t)(end - line.ptr) - 1), r->is_credentials);
  r->has_section = true;
  return true;
}

static bool begin_value(struct reader *r, struct sc_slice line) {
  size_t n = 0;
  while (n < line.len && line.ptr[n] != '=' && line.ptr[n] != ':') n++;
  struct sc_slice key = sc_text_trim(sc_slice_of(line.ptr, n));
  if (!r->has_section || n == line.len || key.len == 0 || !end_value(r)) return false;
  r->key = key;
  sc_buf_clear(&r->value);
  sc_buf_add_slice(&r->value, sc_text_trim(sc_slice_of(line.ptr + n + 1, line.len - n - 1)));
  return true;
}

static bool read_line(struct reader *r, struct sc_slice whole) {
  struct sc_slice line = sc_text_trim(whole);
  if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';') return true;
  if (memchr(line.ptr, 0, line.len) != NULL) return false;
  size_t indent = (size_t)(line.ptr - whole.ptr);
  if (r->key.ptr != NULL && indent > r->indent) {
    sc_buf_add_char(&r->value, '\n');
    sc_buf_add_slice(&r->value, line);
    return true;
  }
  r->indent = indent;
  return line.ptr[0] == '[' && memchr(line.ptr, ']', line.len) != NULL ? begin_section(r, line) : begin_value(r, line);
}

/* A line ends at \n, \r\n or \r. */
static struct sc_slice next_line(struct sc_slice *text) {
  size_t n = 0;
  while (n < text->len && text->ptr[n] != '\n' && text->ptr[n] != '\r') n++;
  struct sc_slice line = {text->ptr, n};
  if (n < text->len) n += text->ptr[n] == '\r' && n + 1 < text->len && text->ptr[n + 1] == '\n' ? 2 : 1;
  *text = sc_slice_of(text->ptr + n, text->len - n);
  return line;
}

int sc_aws_config_add(struct sc_aws_config *config, struct sc_slice text, bool is_credentials, const char *where,
                      struct sc_error *err) {
  struct reader r = {.config = config, .is_credentials = is_credentials};
  unsigned line = 0;
  bool ok = true;
  if (sc_slice_starts(text, "\xef\xbb\xbf")) text = sc_slice_of(text.ptr + 3, text.len - 3);
  while (ok && text.len > 0) {
    line++;
    ok = read_line(&r, next_line(&text));
  }
  ok = ok && end_value(&r);
  sc_aws_wipe(&r.value);
  if (ok) return SC_OK;
  sc_error_set(err, SC_E_CONFIG, "%s, line %u: neither [section] nor key = value", where, line);
  sc_error_hint(err, "correct the file, or name another with %s",
                is_credentials ? "AWS_SHARED_CREDENTIALS_FILE" : "AWS_CONFIG_FILE");
  return err->code;
}

/* ---- files ---- */

static int load_file(struct sc_aws_config *config, const char *variable, const char *fallback, bool is_credentials,
                     struct sc_error *err) {
  const char *name = getenv(variable);
  struct sc_buf path = SC_BUF_INIT, text = SC_BUF_INIT;
  sc_aws_file_expand(&path, name != NULL && *name ? name : fallback);
  int rc = sc_aws_file_read(sc_buf_str(&path), FILE_BYTES_MAX, &text, err);
  if (rc == SC_OK) rc = sc_aws_config_add(config, sc_buf_view(&text), is_credentials, sc_buf_str(&path), err);
  sc_aws_wipe(&text);
  sc_buf_fini(&path);
  return rc == SC_AGAIN ? SC_OK : rc;
}

int sc_aws_config_load(struct sc_aws_config **out, struct sc_error *err) {
  *out = sc_aws_config_new();
  int rc = load_file(*out, "AWS_CONFIG_FILE", "~/.aws/config", false, err);
  if (rc == SC_OK) rc = load_file(*out, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", true, err);
  if (rc == SC_OK) return SC_OK;
  sc_aws_config_free(*out);
  *out = NULL;
  return rc;
}

/* ---- lookups ---- */

static bool is_section(const struct section *s, enum kind kind, const char *name) {
  return s->kind == kind && !s->is_replaced && strcmp(s->name, name) == 0;
}

/* The last setting of that key; NULL: none. */
static const struct setting *find(const struct sc_aws_config *config, bool is_credentials, enum kind kind,
                                  const char *name, const char *key) {
  for (size_t i = config->n; i-- > 0;) {
    const struct setting *s = &config->settings[i];
    const struct section *section = &config->sections[s->section];
    if (!s->is_nested && section->is_credentials == is_credentials && is_section(section, kind, name) &&
        strcasecmp(s->key, key) == 0)
      return s;
  }
  return NULL;
}

static const char *text_of(const struct setting *s) { return s != NULL && *s->value ? s->value : NULL; }

static bool has_section(const struct sc_aws_config *config, enum kind kind, const char *name) {
  for (size_t i = 0; i < config->n_sections; i++)
    if (is_section(&config->sections[i], kind, name)) return true;
  return false;
}

bool sc_aws_config_has_profile(const struct sc_aws_config *config, const char *profile) {
  return has_section(config, PROFILE, profile);
}

bool sc_aws_config_has_sso_session(const struct sc_aws_config *config, const char *session) {
  return has_section(config, SSO_SESSION, session);
}

const char *sc_aws_config_profile_in(const struct sc_aws_config *config, bool is_credentials, const char *profile,
                                     const char *key) {
  return text_of(find(config, is_credentials, PROFILE, profile, key));
}

const char *sc_aws_config_profile(const struct sc_aws_config *config, const char *profile, const char *key) {
  const struct setting *s = find(config, true, PROFILE, profile, key);
  return text_of(s != NULL ? s : find(config, false, PROFILE, profile, key));
}

const char *sc_aws_config_sso_session(const struct sc_aws_config *config, const char *session, const char *key) {
  return text_of(find(config, false, SSO_SESSION, session, key));
}

const char *sc_aws_config_service(const struct sc_aws_config *config, const char *profile, const char *service,
                                  const char *key) {
  const char *services = sc_aws_config_profile(config, profile, "services"), *value = NULL;
  const struct setting *s = services != NULL ? find(config, false, SERVICES, services, service) : NULL;
  if (s == NULL) return NULL;
  for (size_t i = (size_t)(s - config->settings) + 1; i < config->n && config->settings[i].is_nested; i++)
    if (strcmp(config->settings[i].key, key) == 0) value = config->settings[i].value;
  return value != NULL && *value ? value : NULL;
}
