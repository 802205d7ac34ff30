/* What the program is made of: its commands and options (commands.def, options.def) and the modules in it (modules.c).
 * The engine knows its sources, decoders, sinks and commands only through this list.
 */
#ifndef SC_PROGRAM_H
#define SC_PROGRAM_H

#include "engine/base/options.h"

struct sc_source_ops;
struct sc_decoder_ops;
struct sc_sink_ops;

enum sc_command_id {
#define SC_COMMAND(id, ...) SC_CMD_##id,
#include "engine/commands.def"
#undef SC_COMMAND
  SC_COMMANDS
};

enum {
#define SC_COMMAND(id, ...) SC_ON_##id = 1 << SC_CMD_##id,
#include "engine/commands.def"
#undef SC_COMMAND
  SC_ON_ALL = (1 << SC_COMMANDS) - 1,
  SC_ON_CREATE = SC_ON_STREAMS_CREATE,
  SC_ON_CHECKPOINTS = SC_ON_CHECKPOINTS_LIST,
  SC_ON_LISTS = SC_ON_STREAMS_LIST | SC_ON_SHARDS_LIST | SC_ON_CONSUMERS_LIST | SC_ON_CONSUMERS_REGISTER |
                SC_ON_CONSUMERS_DESCRIBE | SC_ON_CHECKPOINTS_LIST,
  SC_ON_AWS = SC_ON_ALL & ~SC_ON_CHECKPOINTS_LIST
};

enum sc_option_id {
#define SC_OPTION(id, ...) SC_OPT_##id,
#include "engine/options.def"
#undef SC_OPTION
  SC_OPTIONS
};

/* The table as options.h wants it. */
extern const struct sc_program_spec sc_program;

/* modules.c: NULL-terminated. */
extern const struct sc_source_ops *const sc_sources[];
extern const struct sc_decoder_ops *const sc_decoders[];
extern const struct sc_sink_ops *const sc_sinks[];
/* What decoding runs on here, such as "simdjson 3.0.1 (icelake)": chosen for this machine when the program starts. */
extern const char *(*const sc_decoder_kernel)(void);

/* A command does its work and returns the program's exit status through the error's code: SC_OK, or a code of
 * errors.def with the error filled; main logs it once. */
typedef int sc_command_fn(struct sc_options *options, struct sc_error *err);
extern sc_command_fn *const sc_command_table[SC_COMMANDS];

#endif
