/* Polling for one fetch thread: struct sc_reader of engine/source.h over HTTP.
 *
 * Writes, signs and sends the calls it is given, receives bodies straight into batches paid for beforehand (body.h),
 * and runs the tokenizer (codec/kinesis/reply_scan.h) while they arrive. It never retries: what to do after a failure
 * is the shard machine's decision, and counting retries and throttled calls its driver's. Counted here: calls, body
 * bytes, pauses.
 *
 * GetRecords is asked in CBOR when the stream's service says so (struct sc_kinesis); whatever comes back, JSON or CBOR,
 * is taken. A service that refuses CBOR is asked again in JSON within the same call, and from then on, when it may be.
 * A service other than AWS that does not answer AT_TIMESTAMP within 5 s is asked for LATEST within the same call.
 *
 * Contracts of the functions: engine/source.h. At most min(config.max_in_flight, SC_HTTP_CONNECTIONS_MAX) calls are
 * sent at a time; more wait in order. After an error call->iterator is still the one the call came with.
 */
#ifndef SC_NET_KINESIS_POLL_READER_H
#define SC_NET_KINESIS_POLL_READER_H

#include "engine/source.h"

struct sc_kinesis;

int sc_kinesis_reader_new(struct sc_kinesis *k, const struct sc_reader_config *config, struct sc_reader **out,
                          struct sc_error *err);
void sc_kinesis_reader_free(struct sc_reader *reader);
void sc_kinesis_reader_start(struct sc_reader *reader, struct sc_call *call);
void sc_kinesis_reader_poll(struct sc_reader *reader, int timeout_ms);
struct sc_call *sc_kinesis_reader_next(struct sc_reader *reader);
void sc_kinesis_reader_cancel(struct sc_reader *reader, struct sc_call *call);

#endif
