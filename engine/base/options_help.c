#include "engine/base/options_parts.h"

enum { WIDTH = 100, INDENT = 32, MOST_GROUPS = 32 };

/* Breaks text into lines between the columns indent and WIDTH; the cursor is at column indent already. */
static void add_wrapped(struct sc_buf *out, const char *text, size_t indent) {
  size_t column = indent;
  for (const char *p = text; *p;) {
    size_t len = strcspn(p, " ");
    if (column > indent && column + 1 + len > WIDTH) {
      sc_buf_printf(out, "\n%*s", (int)indent, "");
      column = indent;
    }
    if (column > indent) sc_buf_add_char(out, ' ');
    column += len + (column > indent);
    sc_buf_add(out, p, len);
    p += len + strspn(p + len, " ");
  }
  sc_buf_add_char(out, '\n');
}

/* "  head      text", the text on the next line when head is too long. */
static void add_entry(struct sc_buf *out, const char *head, const char *text) {
  size_t len = strlen(head);
  sc_buf_printf(out, "  %s", head);
  if (len + 4 > INDENT) sc_buf_printf(out, "\n%*s", INDENT, "");
  else sc_buf_printf(out, "%*s", (int)(INDENT - 2 - len), "");
  add_wrapped(out, text, INDENT);
}

static bool is_on_by_default(const struct sc_option_spec *o) {
  return o->type == SC_OPTION_FLAG && o->fallback != NULL && strcmp(o->fallback, "true") == 0;
}

static void add_option(struct sc_buf *out, const struct sc_option_spec *o) {
  struct sc_buf head = SC_BUF_INIT, text = SC_BUF_INIT;
  if (o->letter) sc_buf_printf(&head, "-%c, ", o->letter);
  else sc_buf_add_str(&head, "    ");
  sc_buf_printf(&head, is_on_by_default(o) ? "--no-%s" : "--%s", o->name);
  if (o->type != SC_OPTION_FLAG) sc_buf_printf(&head, " %s", o->argument);
  sc_buf_add_str(&text, o->text);
  if (o->type == SC_OPTION_CHOICE) {
    sc_buf_add_str(&text, " (");
    sc_option_add_allowed(o, &text);
    sc_buf_add_char(&text, ')');
  }
  if (o->fallback != NULL && o->type != SC_OPTION_FLAG) sc_buf_printf(&text, " [default: %s]", o->fallback);
  add_entry(out, sc_buf_str(&head), sc_buf_str(&text));
  sc_buf_fini(&head);
  sc_buf_fini(&text);
}

/* The groups in the order in which the table names them first. */
static int list_groups(const struct sc_program_spec *p, uint64_t commands, const char *groups[MOST_GROUPS]) {
  int n = 0;
  for (int i = 0; i < p->n_options; i++) {
    int at = 0;
    while (at < n && strcmp(groups[at], p->options[i].group) != 0) at++;
    if (at < n || !(p->options[i].commands & commands)) continue;
    SC_ASSERT(n < MOST_GROUPS);
    groups[n++] = p->options[i].group;
  }
  return n;
}

static void add_options(const struct sc_program_spec *p, int command, struct sc_buf *out) {
  const char *groups[MOST_GROUPS];
  uint64_t bit = UINT64_C(1) << command;
  int n = list_groups(p, bit, groups);
  for (int g = 0; g < n; g++) {
    sc_buf_printf(out, "\n%s:\n", groups[g]);
    for (int i = 0; i < p->n_options; i++)
      if ((p->options[i].commands & bit) && strcmp(p->options[i].group, groups[g]) == 0)
        add_option(out, &p->options[i]);
  }
}

static void add_footer(const struct sc_program_spec *p, struct sc_buf *out) {
  char name[128];
  sc_buf_add_str(out, "\nHelp:\n");
  add_entry(out, "-h, --help", "Print this.");
  add_entry(out, "-V, --version", "Print the version.");
  sc_option_env_name(p, p->options[0].name, name, sizeof(name));
  sc_buf_printf(out, "\nEach option can come from the environment too: --%s is %s. The command line wins.\n",
                p->options[0].name, name);
}

static void add_command_help(const struct sc_program_spec *p, int command, struct sc_buf *out) {
  const struct sc_command_spec *c = &p->commands[command];
  sc_buf_printf(out, "Usage: %s%s%s%s%s [OPTIONS]\n\n", p->name, *c->name ? " " : "", c->name, *c->arguments ? " " : "",
                c->arguments);
  add_wrapped(out, *c->name ? c->text : p->text, 0);
  if (c->examples != NULL && *c->examples) sc_buf_printf(out, "\nExamples:\n%s", c->examples);
  add_options(p, command, out);
  add_footer(p, out);
}

/* A command's first example with what is said about it. */
static void add_first_example(struct sc_buf *out, const char *examples) {
  const char *end = examples;
  do end += strcspn(end, "\n") + 1;
  while (end[-1] && strncmp(end, "      ", 6) == 0);
  sc_buf_add(out, examples, (size_t)(end - examples) - !end[-1]);
}

static void add_program_help(const struct sc_program_spec *p, struct sc_buf *out) {
  sc_buf_printf(out, "Usage: %s COMMAND [ARGUMENTS] [OPTIONS]\n\n", p->name);
  add_wrapped(out, p->text, 0);
  sc_buf_add_str(out, "\nCommands:\n");
  for (int i = 0; i < p->n_commands; i++) {
    struct sc_buf head = SC_BUF_INIT;
    sc_buf_printf(&head, "%s %s", p->commands[i].name, p->commands[i].arguments);
    add_entry(out, sc_buf_str(&head), p->commands[i].text);
    sc_buf_fini(&head);
  }
  sc_buf_add_str(out, "\nExamples:\n");
  for (int i = 0; i < p->n_commands; i++)
    if (p->commands[i].examples != NULL) add_first_example(out, p->commands[i].examples);
  sc_buf_printf(out, "\n%s COMMAND --help shows a command's options and more examples; %s --version the version.\n",
                p->name, p->name);
}

void sc_options_print_help(const struct sc_program_spec *program, int command, struct sc_buf *out) {
  SC_ASSERT(command < program->n_commands);
  if (!sc_option_has_commands(program)) command = 0;
  if (command < 0) add_program_help(program, out);
  else add_command_help(program, command, out);
}

/* Text in a Markdown table: a bar would end the cell. */
static void add_text(struct sc_buf *out, const char *text) {
  for (; *text; text++) {
    if (*text == '|') sc_buf_add_char(out, '\\');
    sc_buf_add_char(out, *text);
  }
}

static void add_cell(struct sc_buf *out, const char *text) {
  add_text(out, text);
  sc_buf_add_str(out, " | ");
}

static void add_code_cell(struct sc_buf *out, const char *text) {
  if (*text) sc_buf_add_char(out, '`');
  add_text(out, text);
  sc_buf_add_str(out, *text ? "` | " : " | ");
}

static void add_commands_cell(const struct sc_program_spec *p, uint64_t commands, struct sc_buf *out) {
  uint64_t all = p->n_commands < 64 ? (UINT64_C(1) << p->n_commands) - 1 : UINT64_MAX;
  const char *gap = "";
  if (!sc_option_has_commands(p)) return;
  if ((commands & all) == all) sc_buf_add_str(out, "all");
  for (int i = 0; i < p->n_commands && (commands & all) != all; i++) {
    if (!(commands >> i & 1)) continue;
    sc_buf_printf(out, "%s%s", gap, p->commands[i].name);
    gap = ", ";
  }
  sc_buf_add_str(out, " | ");
}

static void add_row(const struct sc_program_spec *p, const struct sc_option_spec *o, struct sc_buf *out) {
  struct sc_buf cell = SC_BUF_INIT;
  char env[128];
  sc_buf_printf(out, "| `--%s`", o->name);
  if (o->letter) sc_buf_printf(out, ", `-%c`", o->letter);
  sc_buf_add_str(out, " | ");
  sc_option_env_name(p, o->name, env, sizeof(env));
  add_code_cell(out, env);
  sc_option_add_allowed(o, &cell);
  add_cell(out, o->type == SC_OPTION_TEXT ? o->argument : sc_buf_str(&cell));
  add_code_cell(out, o->fallback != NULL ? o->fallback : "");
  add_commands_cell(p, o->commands, out);
  add_cell(out, o->text);
  out->len--; /* the last cell's space */
  sc_buf_add_char(out, '\n');
  sc_buf_fini(&cell);
}

static void add_command_table(const struct sc_program_spec *p, struct sc_buf *out) {
  if (!sc_option_has_commands(p)) return;
  sc_buf_add_str(out, "## Commands\n\n| command | what it does |\n|---|---|\n");
  for (int i = 0; i < p->n_commands; i++) {
    sc_buf_printf(out, "| `%s ", p->commands[i].name);
    add_text(out, p->commands[i].arguments);
    sc_buf_add_str(out, "` | ");
    add_cell(out, p->commands[i].text);
    out->len--;
    sc_buf_add_char(out, '\n');
  }
  sc_buf_add_char(out, '\n');
}

static void add_group_table(const struct sc_program_spec *p, const char *group, struct sc_buf *out) {
  bool commands = sc_option_has_commands(p);
  sc_buf_printf(out, "## %s\n\n| option | environment | values | default |%s what it does |\n|---|---|---|---|---|%s\n",
                group, commands ? " commands |" : "", commands ? "---|" : "");
  for (int i = 0; i < p->n_options; i++)
    if (strcmp(p->options[i].group, group) == 0) add_row(p, &p->options[i], out);
}

void sc_options_print_reference(const struct sc_program_spec *program, struct sc_buf *out) {
  const char *groups[MOST_GROUPS];
  int n = list_groups(program, UINT64_MAX, groups);
  add_command_table(program, out);
  for (int g = 0; g < n; g++) {
    if (g) sc_buf_add_char(out, '\n');
    add_group_table(program, groups[g], out);
  }
}
