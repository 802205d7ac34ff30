/* The one list of sources, decoders, sinks and commands in the program. The only file of the engine that names what is
 * above it. */
#include "engine/decoder.h"
#include "engine/program.h"
#include "engine/sink.h"
#include "engine/source.h"

extern const struct sc_source_ops sc_source_kinesis;
extern const struct sc_decoder_ops sc_decoder_json, sc_decoder_raw;
extern const struct sc_sink_ops sc_sink_postgres, sc_sink_stdout, sc_sink_null;

const struct sc_source_ops *const sc_sources[] = {&sc_source_kinesis, NULL};
const struct sc_decoder_ops *const sc_decoders[] = {&sc_decoder_json, &sc_decoder_raw, NULL};
const struct sc_sink_ops *const sc_sinks[] = {&sc_sink_postgres, &sc_sink_stdout, &sc_sink_null, NULL};

const char *sc_json_index_kernel(void);
const char *(*const sc_decoder_kernel)(void) = sc_json_index_kernel;

sc_command_fn sc_cmd_load, sc_cmd_doctor, sc_cmd_put, sc_cmd_streams_list, sc_cmd_streams_create, sc_cmd_streams_delete,
    sc_cmd_shards_list, sc_cmd_consumers_list, sc_cmd_consumers_register, sc_cmd_consumers_describe,
    sc_cmd_consumers_deregister, sc_cmd_checkpoints_list;

sc_command_fn *const sc_command_table[SC_COMMANDS] = {
    [SC_CMD_LOAD] = sc_cmd_load,
    [SC_CMD_DOCTOR] = sc_cmd_doctor,
    [SC_CMD_PUT] = sc_cmd_put,
    [SC_CMD_STREAMS_LIST] = sc_cmd_streams_list,
    [SC_CMD_STREAMS_CREATE] = sc_cmd_streams_create,
    [SC_CMD_STREAMS_DELETE] = sc_cmd_streams_delete,
    [SC_CMD_SHARDS_LIST] = sc_cmd_shards_list,
    [SC_CMD_CONSUMERS_LIST] = sc_cmd_consumers_list,
    [SC_CMD_CONSUMERS_REGISTER] = sc_cmd_consumers_register,
    [SC_CMD_CONSUMERS_DESCRIBE] = sc_cmd_consumers_describe,
    [SC_CMD_CONSUMERS_DEREGISTER] = sc_cmd_consumers_deregister,
    [SC_CMD_CHECKPOINTS_LIST] = sc_cmd_checkpoints_list,
};
