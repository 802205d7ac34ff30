#include "engine/base/options.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/log.h"
#include "engine/base/options_parts.h"
#include "engine/base/suggest.h"

enum { MOST_NAME = 128 };

struct value {
  enum sc_option_origin origin;
  bool present; /* has a value at all */
  int64_t number;
  char *text;
};

struct sc_options {
  const struct sc_program_spec *program;
  int command;
  bool help, version;
  struct value *values; /* as many as the program has options */
  char **arguments;
  int n_arguments;
};

/* The command line taken apart, before the command is known. All strings but "true" and "false" point into argv. */
struct given {
  int id;
  const char *text;
  char *in_argv; /* what to overwrite; NULL for a flag without a value */
};

struct line {
  int argc, at;
  char **argv;
  struct given *given;
  int n_given;
  char **words;
  int n_words;
};

static const struct sc_option_spec *spec_of(const struct sc_options *o, int id) { return &o->program->options[id]; }

static bool same_name(struct sc_slice name, const char *known) {
  if (name.len != strlen(known)) return false;
  for (size_t i = 0; i < name.len; i++)
    if (name.ptr[i] != known[i] && !(name.ptr[i] == '_' && known[i] == '-')) return false;
  return true;
}

static bool applies(const struct sc_options *o, int id) { return (spec_of(o, id)->commands >> o->command & 1) != 0; }

/* The option of that name that our command takes; the first one while the command is not known, or when it takes
 * none. */
static int of_command(const struct sc_options *o, int id) {
  for (int i = id; i < o->program->n_options && o->command >= 0; i++)
    if (applies(o, i) && strcmp(spec_of(o, i)->name, spec_of(o, id)->name) == 0) return i;
  return id;
}

static int find_option(const struct sc_options *o, struct sc_slice name) {
  for (int i = 0; i < o->program->n_options; i++)
    if (same_name(name, spec_of(o, i)->name)) return of_command(o, i);
  return -1;
}

static int find_letter(const struct sc_options *o, char letter) {
  for (int i = 0; i < o->program->n_options; i++)
    if (spec_of(o, i)->letter == letter) return of_command(o, i);
  return -1;
}

static const char *command_name(const struct sc_options *o) { return o->program->commands[o->command].name; }

/* How a message names an option: as the user wrote it. */
static const char *label(const struct sc_options *o, int id, enum sc_option_origin origin, char out[MOST_NAME]) {
  const char *name = spec_of(o, id)->name;
  if (origin == SC_FROM_ENVIRONMENT) sc_option_env_name(o->program, name, out, MOST_NAME);
  else snprintf(out, MOST_NAME, origin == SC_FROM_URL ? "URL parameter %s" : "--%s", name);
  return out;
}

static void hint_choice(const char *choices, const char *text, struct sc_error *err) {
  struct sc_suggest nearest;
  sc_suggest_init(&nearest, sc_slice_str(text));
  while (*choices) sc_suggest_try(&nearest, sc_option_next_choice(&choices));
  if (nearest.best.len) sc_error_hint(err, "did you mean %.*s?", SC_SLICE_ARGS(nearest.best));
}

static void hint_option(const struct sc_options *o, struct sc_slice name, const char *dashes, struct sc_error *err) {
  struct sc_suggest nearest;
  sc_suggest_init(&nearest, name);
  for (int i = 0; i < o->program->n_options; i++)
    if (o->command < 0 || applies(o, i)) sc_suggest_try(&nearest, sc_slice_str(spec_of(o, i)->name));
  if (nearest.best.len) sc_error_hint(err, "did you mean %s%.*s?", dashes, SC_SLICE_ARGS(nearest.best));
}

static void store(struct value *v, enum sc_option_origin origin, int64_t number, const char *text) {
  free(v->text);
  *v = (struct value){origin, true, number, sc_strdup(text)};
}

/* The same origin twice must agree. */
static int assign_checked(struct sc_options *o, int id, const char *text, int64_t number, enum sc_option_origin origin,
                          struct sc_error *err) {
  struct value *v = &o->values[id];
  bool is_text = spec_of(o, id)->type == SC_OPTION_TEXT;
  char name[MOST_NAME];
  if (v->present && v->origin == origin && (is_text ? strcmp(text, v->text) != 0 : number != v->number))
    return sc_error_set(err, SC_E_USAGE, "%s is given twice, with different values", label(o, id, origin, name));
  store(v, origin, number, text);
  return SC_OK;
}

/* One value from anywhere; it is passed over when a higher origin has set the option. */
static int assign(struct sc_options *o, int id, const char *text, enum sc_option_origin origin, struct sc_error *err) {
  const struct sc_option_spec *spec = spec_of(o, id);
  struct sc_buf why = SC_BUF_INIT;
  char name[MOST_NAME];
  int64_t number;
  if (o->values[id].present && origin < o->values[id].origin) return SC_OK;
  if (sc_option_check(spec, text, &number, &why)) return assign_checked(o, id, text, number, origin, err);
  sc_error_set(err, SC_E_USAGE, "%s: %s", label(o, id, origin, name), sc_buf_str(&why));
  if (spec->type == SC_OPTION_CHOICE && !spec->secret) hint_choice(spec->choices, text, err);
  sc_buf_fini(&why);
  return err->code;
}

static void add_given(struct line *line, int id, const char *text, char *in_argv) {
  struct given *given = &line->given[line->n_given++];
  given->id = id;
  given->text = text;
  given->in_argv = in_argv;
}

static int refuse_unknown(const struct sc_options *o, const char *arg, struct sc_error *err) {
  struct sc_slice written = sc_slice_of(arg, strcspn(arg, "="));
  size_t dashes = strspn(arg, "-");
  sc_error_set(err, SC_E_USAGE, "unknown option %.*s", SC_SLICE_ARGS(written));
  hint_option(o, sc_slice_of(arg + dashes, written.len - dashes), "--", err);
  return err->code;
}

/* The next word is the option's value, unless it looks like a forgotten value before another option. */
static int read_value(const struct sc_options *o, struct line *line, int id, struct sc_error *err) {
  const struct sc_option_spec *spec = spec_of(o, id);
  char *next = line->at + 1 < line->argc ? line->argv[line->at + 1] : NULL;
  if (next == NULL) return sc_error_set(err, SC_E_USAGE, "--%s needs a value (%s)", spec->name, spec->argument);
  struct sc_slice name = sc_slice_of(next + 2, strncmp(next, "--", 2) == 0 ? strcspn(next + 2, "=") : 0);
  if (name.len && find_option(o, name) >= 0) {
    sc_error_set(err, SC_E_USAGE, "--%s needs a value (%s), --%.*s follows", spec->name, spec->argument,
                 SC_SLICE_ARGS(name));
    sc_error_hint(err, "when that is the value, write --%s=--%.*s", spec->name, SC_SLICE_ARGS(name));
    return err->code;
  }
  add_given(line, id, next, next);
  line->at++;
  return SC_OK;
}

static int read_long(const struct sc_options *o, struct line *line, struct sc_error *err) {
  char *arg = line->argv[line->at];
  struct sc_slice name = sc_slice_of(arg + 2, strcspn(arg + 2, "="));
  char *text = arg[2 + name.len] ? arg + 2 + name.len + 1 : NULL;
  int id = find_option(o, name);
  if (id < 0 && text == NULL && sc_slice_starts(name, "no-")) {
    id = find_option(o, sc_slice_of(name.ptr + 3, name.len - 3));
    if (id < 0 || spec_of(o, id)->type != SC_OPTION_FLAG) return refuse_unknown(o, arg, err);
    add_given(line, id, "false", NULL);
    return SC_OK;
  }
  if (id < 0) return refuse_unknown(o, arg, err);
  if (text == NULL && spec_of(o, id)->type != SC_OPTION_FLAG) return read_value(o, line, id, err);
  add_given(line, id, text != NULL ? text : "true", text);
  return SC_OK;
}

/* -f, -m 1GiB, -m1GiB */
static int read_short(const struct sc_options *o, struct line *line, struct sc_error *err) {
  char *arg = line->argv[line->at];
  int id = find_letter(o, arg[1]);
  bool is_flag = id >= 0 && spec_of(o, id)->type == SC_OPTION_FLAG;
  bool is_long = find_option(o, sc_slice_str(arg + 1)) >= 0;
  if (id < 0 || is_long || (is_flag && arg[2])) return refuse_unknown(o, arg, err);
  if (!is_flag && !arg[2]) return read_value(o, line, id, err);
  add_given(line, id, is_flag ? "true" : arg + 2, is_flag ? NULL : arg + 2);
  return SC_OK;
}

static int read_line(const struct sc_options *o, struct line *line, struct sc_error *err) {
  bool only_words = false;
  int rc = SC_OK;
  for (line->at = 1; line->at < line->argc && rc == SC_OK; line->at++) {
    char *arg = line->argv[line->at];
    if (only_words || arg[0] != '-' || !arg[1]) line->words[line->n_words++] = arg;
    else if (strcmp(arg, "--") == 0) only_words = true;
    else rc = arg[1] == '-' ? read_long(o, line, err) : read_short(o, line, err);
  }
  return rc;
}

/* --help, help and --version win over everything else, so that they help with a wrong line too. */
static void find_questions(struct sc_options *o, const struct line *line) {
  for (int i = 1; i < line->argc && strcmp(line->argv[i], "--") != 0; i++) {
    const char *arg = line->argv[i];
    o->help |= strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
    o->version |= strcmp(arg, "--version") == 0 || strcmp(arg, "-V") == 0;
  }
  bool by_word = line->argc > 1 && strcmp(line->argv[1], "help") == 0;
  o->help |= by_word && sc_option_has_commands(o->program);
}

/* The first words that name a command, wherever they stand. */
static int guess_command(const struct sc_options *o, const struct line *line) {
  int command = -1, used;
  for (int i = 1; i < line->argc && command < 0; i++)
    command = sc_option_find_command(o->program, line->argv + i, line->argc - i, &used);
  return command;
}

/* Hides a secret, or the secrets in a URL, from ps, within the bytes there are. */
static void conceal(char *text, bool secret) {
  size_t len = strlen(text);
  struct sc_buf shown = SC_BUF_INIT;
  if (secret) {
    memset(text, '*', len);
    return;
  }
  sc_log_redact_url(&shown, sc_slice_of(text, len));
  memset(text, 0, len);
  if (shown.len) memcpy(text, shown.ptr, shown.len < len ? shown.len : len);
  sc_buf_fini(&shown);
}

static uint64_t commands_of_name(const struct sc_options *o, const char *name) {
  uint64_t commands = 0;
  for (int i = 0; i < o->program->n_options; i++)
    if (strcmp(spec_of(o, i)->name, name) == 0) commands |= spec_of(o, i)->commands;
  return commands;
}

static int refuse_other_command(const struct sc_options *o, int id, struct sc_error *err) {
  struct sc_buf others = SC_BUF_INIT;
  uint64_t commands = commands_of_name(o, spec_of(o, id)->name);
  for (int i = 0; i < o->program->n_commands; i++)
    if (commands >> i & 1) sc_buf_printf(&others, "%s%s", others.len ? ", " : "", o->program->commands[i].name);
  sc_error_set(err, SC_E_USAGE, "--%s is not an option of %s", spec_of(o, id)->name, command_name(o));
  if (others.len) sc_error_hint(err, "it belongs to: %s", sc_buf_str(&others));
  sc_buf_fini(&others);
  return err->code;
}

static int apply_given(struct sc_options *o, const struct line *line, struct sc_error *err) {
  for (int i = 0; i < line->n_given; i++) {
    const struct given *g = &line->given[i];
    int id = of_command(o, g->id);
    if (!applies(o, id)) return refuse_other_command(o, id, err);
    int rc = assign(o, id, g->text, SC_FROM_COMMAND_LINE, err);
    if (g->in_argv != NULL) conceal(g->in_argv, spec_of(o, id)->secret);
    if (rc != SC_OK) return rc;
  }
  return SC_OK;
}

static int apply_environment(struct sc_options *o, struct sc_error *err) {
  char name[MOST_NAME];
  int rc = SC_OK;
  for (int i = 0; i < o->program->n_options && rc == SC_OK; i++) {
    sc_option_env_name(o->program, spec_of(o, i)->name, name, sizeof(name));
    const char *text = getenv(name);
    if (applies(o, i) && text != NULL && *text) rc = assign(o, i, text, SC_FROM_ENVIRONMENT, err);
  }
  return rc;
}

static int take_arguments(struct sc_options *o, char **words, int n_words, struct sc_error *err) {
  const struct sc_command_spec *c = &o->program->commands[o->command];
  o->arguments = sc_alloc_zero((size_t)n_words, sizeof(*o->arguments));
  for (; o->n_arguments < n_words; o->n_arguments++) {
    o->arguments[o->n_arguments] = sc_strdup(words[o->n_arguments]);
    conceal(words[o->n_arguments], false);
  }
  if (n_words >= c->min_arguments && n_words <= c->max_arguments) return SC_OK;
  const char *gap = *c->name ? " " : "", *takes = c->max_arguments ? c->arguments : "no arguments";
  sc_error_set(err, SC_E_USAGE, "%s takes %s, but %d %s given", *c->name ? c->name : o->program->name, takes, n_words,
               n_words == 1 ? "was" : "were");
  sc_error_hint(err, "see %s %s%s--help", o->program->name, c->name, gap);
  return err->code;
}

static int apply_line(struct sc_options *o, struct line *line, struct sc_error *err) {
  int used;
  int rc = read_line(o, line, err);
  if (rc != SC_OK) return rc;
  o->command = sc_option_find_command(o->program, line->words, line->n_words, &used);
  if (o->command < 0) return sc_option_refuse_command(o->program, line->words, line->n_words, err);
  rc = apply_given(o, line, err);
  if (rc == SC_OK) rc = take_arguments(o, line->words + used, line->n_words - used, err);
  if (rc == SC_OK) rc = apply_environment(o, err);
  return rc;
}

static void set_defaults(struct sc_options *o) {
  struct sc_error err;
  for (int i = 0; i < o->program->n_options; i++) {
    const char *fallback = spec_of(o, i)->fallback;
    if (fallback != NULL) SC_ASSERT(assign(o, i, fallback, SC_FROM_DEFAULT, &err) == SC_OK);
  }
}

static struct sc_options *new_options(const struct sc_program_spec *program) {
  struct sc_options *o = sc_alloc_zero(1, sizeof(*o));
  o->program = program;
  o->command = -1;
  o->values = sc_alloc_zero((size_t)program->n_options, sizeof(*o->values));
  set_defaults(o);
  return o;
}

int sc_options_parse(const struct sc_program_spec *program, int argc, char **argv, struct sc_options **out,
                     struct sc_error *err) {
  struct sc_options *o = new_options(program);
  struct line line = {.argc = argc, .argv = argv};
  int rc = SC_OK;
  line.given = sc_alloc_zero((size_t)argc, sizeof(*line.given));
  line.words = sc_alloc_zero((size_t)argc, sizeof(*line.words));
  find_questions(o, &line);
  if (o->help || o->version) o->command = guess_command(o, &line);
  else rc = apply_line(o, &line, err);
  free(line.given);
  free(line.words);
  if (rc != SC_OK) {
    sc_options_free(o);
    o = NULL;
  }
  *out = o;
  return rc;
}

void sc_options_free(struct sc_options *o) {
  if (o == NULL) return;
  for (int i = 0; i < o->program->n_options; i++) free(o->values[i].text);
  for (int i = 0; i < o->n_arguments; i++) free(o->arguments[i]);
  free(o->values);
  free(o->arguments);
  free(o);
}

int sc_options_command(const struct sc_options *o) { return o->command; }
bool sc_options_wants_help(const struct sc_options *o) { return o->help; }
bool sc_options_wants_version(const struct sc_options *o) { return o->version && !o->help; }
int sc_options_n_arguments(const struct sc_options *o) { return o->n_arguments; }

const char *sc_options_argument(const struct sc_options *o, int i) {
  SC_ASSERT(i >= 0 && i < o->n_arguments);
  return o->arguments[i];
}

int sc_options_set(struct sc_options *o, const char *name, const char *value, enum sc_option_origin origin,
                   struct sc_error *err) {
  int id = find_option(o, sc_slice_str(name));
  if (id >= 0 && applies(o, id)) return assign(o, id, value, origin, err);
  if (id >= 0) return sc_error_set(err, SC_E_USAGE, "URL parameter %s is not an option of %s", name, command_name(o));
  sc_error_set(err, SC_E_USAGE, "unknown URL parameter %s", name);
  hint_option(o, sc_slice_str(name), "", err);
  return err->code;
}

bool sc_options_knows(const struct sc_options *o, const char *name) {
  int id = find_option(o, sc_slice_str(name));
  return id >= 0 && applies(o, id);
}

static const struct value *value_of(const struct sc_options *o, int id) {
  SC_ASSERT(id >= 0 && id < o->program->n_options);
  return &o->values[id];
}

bool sc_options_flag(const struct sc_options *o, int id) {
  const struct value *v = value_of(o, id);
  SC_ASSERT(spec_of(o, id)->type == SC_OPTION_FLAG);
  return v->number != 0;
}

int64_t sc_options_int(const struct sc_options *o, int id) {
  const struct value *v = value_of(o, id);
  enum sc_option_type type = spec_of(o, id)->type;
  SC_ASSERT(type == SC_OPTION_INT || type == SC_OPTION_BYTES || type == SC_OPTION_DURATION);
  return v->number;
}

const char *sc_options_text(const struct sc_options *o, int id) {
  const struct value *v = value_of(o, id);
  SC_ASSERT(spec_of(o, id)->type == SC_OPTION_TEXT || spec_of(o, id)->type == SC_OPTION_CHOICE);
  return v->text;
}

bool sc_options_is_set(const struct sc_options *o, int id) { return value_of(o, id)->origin != SC_FROM_DEFAULT; }
enum sc_option_origin sc_options_origin(const struct sc_options *o, int id) { return value_of(o, id)->origin; }
