/* shardcopy-local as a whole: from options to a running service.
 *
 * The main thread blocks SIGINT and SIGTERM, fills the store, starts the threads of the transport, and waits for one of
 * the two signals.
 */
#ifndef SCL_SERVER_H
#define SCL_SERVER_H

#include "engine/base/options.h"

enum scl_local_option_id {
#define SC_OPTION(id, ...) SCL_LOCAL_OPT_##id,
#include "bench/local/options.def"
#undef SC_OPTION
  SCL_LOCAL_OPTIONS
};

extern const struct sc_program_spec scl_local_program;

/* Runs until a signal ends it (SC_OK). An error when it could not start, or the data folder could not be written. */
int scl_server_run(const struct sc_options *options, struct sc_error *err);

#endif
