/* Options: one table, many faces. A program describes its commands and options in an X-macro table (engine/options.def,
 * bench/local/options.def); this module turns the table into the command line, the environment, --help, and
 * docs/configuration.md. A config file, man page and completion join here later.
 *
 * Written by hand over getopt-style rules (--name value, --name=value, --flag, --no-flag, -x, "--" ends options;
 * options and arguments mix): Debian has no library that makes all these faces from one table.
 *
 * A name may stand in the table several times, for different commands: with another default, other bounds, another
 * text. Letter, secrecy and whether it is a flag are the same then.
 *
 * Precedence: command line > URL query > environment (PREFIX_NAME, dashes as underscores) > default. Each value
 * remembers its origin for messages: "--memory: ...", "SHARDCOPY_MEMORY: ...". Control thread only; no function blocks.
 */
#ifndef SC_BASE_OPTIONS_H
#define SC_BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum sc_option_type {
  SC_OPTION_FLAG, /* true or false; --name, --no-name, or =true|false|1|0|yes|no|on|off */
  SC_OPTION_TEXT,
  SC_OPTION_INT,      /* int64; min..max */
  SC_OPTION_BYTES,    /* 1048576, 64KiB, 1MiB, 1.5GiB, also kB MB GB (decimal); min..max in bytes */
  SC_OPTION_DURATION, /* ms; 250ms, 1s, 5m, 2h, 1d; a bare number is seconds; min..max in ms */
  SC_OPTION_CHOICE    /* one of choices, separated by | */
};

enum sc_option_origin { SC_FROM_DEFAULT, SC_FROM_ENVIRONMENT, SC_FROM_URL, SC_FROM_COMMAND_LINE };

struct sc_option_spec {
  const char *name; /* "flush-bytes" */
  char letter;      /* 'h', or 0 */
  enum sc_option_type type;
  const char *fallback; /* default as text; NULL: unset */
  int64_t min, max;     /* INT, BYTES, DURATION; both 0: 0 or more */
  const char *choices;  /* CHOICE */
  const char *argument; /* "BYTES" in --help; NULL for flags */
  uint64_t commands;    /* bit i: command i of the program takes it */
  bool secret;          /* overwritten in argv once read; never printed */
  const char *group;    /* heading in --help and the reference page */
  const char *text;     /* what it does, one or two sentences */
};

struct sc_command_spec {
  const char *name;      /* "load", "streams list" */
  const char *arguments; /* "SOURCE TARGET" */
  int min_arguments, max_arguments;
  const char *text;     /* one line */
  const char *examples; /* lines: a command, indented by two; then what it does, indented by six */
};

struct sc_program_spec {
  const char *name;       /* "shardcopy" */
  const char *env_prefix; /* "SHARDCOPY" */
  const char *text;       /* one paragraph */
  const char *version;
  const struct sc_command_spec *commands;
  int n_commands; /* 1 with an empty name: a program without commands (shardcopy-local) */
  const struct sc_option_spec *options;
  int n_options;
};

struct sc_options;

/* Reads argv (argv[0] is skipped) and the environment; *out is the caller's on SC_OK, else NULL. Secret values, and the
 * secrets in URLs, are overwritten in argv once read. An empty variable counts as unset; variables of other commands'
 * options are ignored.
 *
 * --help, -h, help COMMAND, --version and -V are known without being in the table. When one is there nothing is checked
 * or read, and the command is -1 unless one is named.
 *
 * Errors (SC_E_USAGE) name the option and its origin and say what is allowed; for an unknown name the nearest known one
 * is the hint. An option given twice with different values is an error. */
int sc_options_parse(const struct sc_program_spec *program, int argc, char **argv, struct sc_options **out,
                     struct sc_error *err);
void sc_options_free(struct sc_options *o);

int sc_options_command(const struct sc_options *o); /* index into commands */
bool sc_options_wants_help(const struct sc_options *o);
bool sc_options_wants_version(const struct sc_options *o);
int sc_options_n_arguments(const struct sc_options *o);
const char *sc_options_argument(const struct sc_options *o, int i);

/* Sets an option from a URL's query; ignored when the command line set it already. SC_E_USAGE for bad values; unknown
 * names return SC_E_USAGE with the nearest known name as the hint. name may have underscores for dashes. */
int sc_options_set(struct sc_options *o, const char *name, const char *value, enum sc_option_origin origin,
                   struct sc_error *err);
bool sc_options_knows(const struct sc_options *o, const char *name);

/* Typed reads by index in the program's table; asserts the type. Unset: false, 0, NULL. */
bool sc_options_flag(const struct sc_options *o, int id);
int64_t sc_options_int(const struct sc_options *o, int id);      /* INT, BYTES, DURATION (ms) */
const char *sc_options_text(const struct sc_options *o, int id); /* TEXT, CHOICE; NULL when unset */
bool sc_options_is_set(const struct sc_options *o, int id);      /* by anything but the default */
enum sc_option_origin sc_options_origin(const struct sc_options *o, int id);

/* Also useful alone: "64MiB" and "250ms". */
bool sc_parse_bytes(struct sc_slice text, int64_t *out);
bool sc_parse_duration_ms(struct sc_slice text, int64_t *out);

void sc_options_print_help(const struct sc_program_spec *program, int command,
                           struct sc_buf *out); /* command -1: the program's */
void sc_options_print_reference(const struct sc_program_spec *program, struct sc_buf *out); /* Markdown */

#endif
