#include "engine/program.h"

static const struct sc_command_spec commands[] = {
#define SC_COMMAND(id, name, arguments, min, max, text, examples) {name, arguments, min, max, text, examples},
#include "engine/commands.def"
#undef SC_COMMAND
};

/* doctor takes what load takes, since it is to find what that load would. */
#define COMMANDS(bits) ((uint64_t)(bits) | ((bits)&SC_ON_LOAD ? SC_ON_DOCTOR : 0))

static const struct sc_option_spec options[] = {
#define SC_OPTION(id, name, letter, type, fallback, min, max, choices, argument, commands, secret, group, text) \
  {name, letter, type, fallback, min, max, choices, argument, COMMANDS(commands), secret, group, text},
#include "engine/options.def"
#undef SC_OPTION
};

const struct sc_program_spec sc_program = {
    .name = "shardcopy",
    .env_prefix = "SHARDCOPY",
    .text =
        "Loads Amazon Kinesis streams into PostgreSQL at the speed of its binary COPY, exactly once: rows and the "
        "position they came from "
        "are committed in one transaction.",
    .version = SC_VERSION,
    .commands = commands,
    .n_commands = SC_COMMANDS,
    .options = options,
    .n_options = SC_OPTIONS,
};
