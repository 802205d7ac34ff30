/* shardcopy-local as a whole: from options to a running service.
 *
 * The main thread blocks SIGINT and SIGTERM, fills the store, starts the transport's threads and waits for one of the two.
 */
#ifndef SC_LOCAL_SERVER_H
#define SC_LOCAL_SERVER_H

#include "engine/base/options.h"

enum sc_local_option_id {
#define SC_OPTION(id, ...) SC_LOCAL_OPT_##id,
#include "bench/local/options.def"
#undef SC_OPTION
  SC_LOCAL_OPTIONS
};

extern const struct sc_program_spec sc_local_program;

/* Returns when a signal ended it (SC_OK) or it could not start. */
int sc_server_run(const struct sc_options *options, struct sc_error *err);

#endif
