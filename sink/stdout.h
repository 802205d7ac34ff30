/* The target "-": one line of NDJSON per record on standard output, as it came (line = payload) or, with --envelope, as
 *
 *   {"shard":"shardId-000000000000","sequence":"4960...","arrival":"2026-01-31T15:00:00.123Z","partition_key":"k",
 *    "data":PAYLOAD}
 *
 * in one line. No position is kept. A payload is validated JSON; line breaks inside it (white space there) become
 * spaces. Lines are written as far as the reader takes them, through the wait hook; a reader that closes its end ends
 * the run cleanly: SC_E_STOPPED.
 */
#ifndef SC_SINK_STDOUT_H
#define SC_SINK_STDOUT_H

#include "engine/sink.h"

extern const struct sc_sink_ops sc_sink_stdout;

#endif
