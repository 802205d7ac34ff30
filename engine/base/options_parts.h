/* What the files behind options.h share; nobody else includes it. Pure, control thread only. */
#ifndef SC_BASE_OPTIONS_PARTS_H
#define SC_BASE_OPTIONS_PARTS_H

#include "engine/base/options.h"

/* Checks text against the option's type and bounds; *number is the flag, the number, the bytes or the milliseconds, 0
 * for TEXT, the index for CHOICE. False: why gets "'12x' is not a size (...)"; a secret's text is not repeated. */
bool sc_option_check(const struct sc_option_spec *spec, const char *text, int64_t *number, struct sc_buf *why);

/* Adds what is allowed: "64MiB to 1TiB", "true or false", "one of a, b, c"; nothing for TEXT. */
void sc_option_add_allowed(const struct sc_option_spec *spec, struct sc_buf *out);

/* The command that the words begin with, *used of them (two for "streams list"); -1 for none. A program without
 * commands has command 0, of no words. */
int sc_option_find_command(const struct sc_program_spec *program, char **words, int n_words, int *used);
bool sc_option_has_commands(const struct sc_program_spec *program);
/* The words name no command: says so, with the nearest one, or with what may follow "streams". Returns SC_E_USAGE. */
int sc_option_refuse_command(const struct sc_program_spec *program, char **words, int n_words, struct sc_error *err);

/* "SHARDCOPY_FLUSH_BYTES" for "flush-bytes"; at most bytes - 1 characters. */
void sc_option_env_name(const struct sc_program_spec *program, const char *name, char *out, size_t bytes);

/* Splits the choices: returns the next and moves *choices behind it; empty at the end. */
struct sc_slice sc_option_next_choice(const char **choices);

#endif
