#include "engine/base/log.h"
#include "engine/base/options_parts.h"
#include "engine/base/suggest.h"

/* How many of the words name the command: 0 when they do not. */
static int count_words(const char *name, char **words, int n_words) {
  const char *space = strchr(name, ' ');
  size_t first = space != NULL ? (size_t)(space - name) : strlen(name);
  if (n_words < 1 || !sc_slice_equals(sc_slice_str(words[0]), sc_slice_of(name, first))) return 0;
  if (space == NULL) return 1;
  return n_words > 1 && strcmp(space + 1, words[1]) == 0 ? 2 : 0;
}

bool sc_option_has_commands(const struct sc_program_spec *program) {
  return program->n_commands > 1 || *program->commands[0].name;
}

int sc_option_find_command(const struct sc_program_spec *program, char **words, int n_words, int *used) {
  *used = 0;
  if (!sc_option_has_commands(program)) return 0;
  for (int i = 0; i < program->n_commands; i++) {
    *used = count_words(program->commands[i].name, words, n_words);
    if (*used) return i;
  }
  return -1;
}

/* Adds what may follow the first half of a two-word command. */
static void add_seconds(const struct sc_program_spec *program, const char *first, struct sc_buf *out) {
  size_t len = strlen(first);
  for (int i = 0; i < program->n_commands; i++) {
    const char *name = program->commands[i].name;
    if (strncmp(name, first, len) != 0 || name[len] != ' ') continue;
    sc_buf_printf(out, "%s%s", out->len ? ", " : "", name + len + 1);
  }
}

static struct sc_slice nearest_command(const struct sc_program_spec *program, struct sc_slice wanted) {
  struct sc_suggest nearest;
  sc_suggest_init(&nearest, wanted);
  for (int i = 0; i < program->n_commands; i++) sc_suggest_try(&nearest, sc_slice_str(program->commands[i].name));
  return nearest.best;
}

static void hint_command(const struct sc_program_spec *program, char **words, int n_words, struct sc_error *err) {
  struct sc_buf both = SC_BUF_INIT;
  struct sc_slice best = nearest_command(program, sc_slice_str(words[0]));
  if (n_words > 1) sc_buf_printf(&both, "%s %s", words[0], words[1]);
  struct sc_slice better = nearest_command(program, sc_buf_view(&both));
  if (better.len) best = better;
  if (best.len) sc_error_hint(err, "did you mean %s %.*s?", program->name, SC_SLICE_ARGS(best));
  sc_buf_fini(&both);
}

int sc_option_refuse_command(const struct sc_program_spec *program, char **words, int n_words, struct sc_error *err) {
  struct sc_buf seconds = SC_BUF_INIT, word = SC_BUF_INIT;
  if (n_words > 0) {
    add_seconds(program, words[0], &seconds);
    sc_log_redact_url(&word, sc_slice_str(words[0]));
  }
  if (n_words == 0) sc_error_set(err, SC_E_USAGE, "a command is missing");
  else if (seconds.len) sc_error_set(err, SC_E_USAGE, "%s needs one of: %s", words[0], sc_buf_str(&seconds));
  else sc_error_set(err, SC_E_USAGE, "unknown command %s", sc_buf_str(&word));
  sc_error_hint(err, "%s --help lists the commands", program->name);
  if (n_words > 0) hint_command(program, words, n_words, err);
  sc_buf_fini(&seconds);
  sc_buf_fini(&word);
  return err->code;
}
