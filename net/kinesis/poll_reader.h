/* Polling for one fetch thread: struct sc_poll_reader of engine/source.h over HTTP.
 *
 * A request is answered by GetRecords, before it by GetShardIterator where poll.h says so. The reader writes, signs and
 * sends the calls, receives bodies straight into batches paid for beforehand (body.h), and runs the tokenizer
 * (codec/kinesis/reply_scan.h) while they arrive. A failed call is the request's answer, with the time when it may be
 * made again; counting retries and throttled calls is the fetch thread's. Counted here: calls, body bytes, pauses.
 *
 * GetRecords is asked in CBOR when the stream's service says so (struct sc_kinesis); whatever comes back, JSON or CBOR,
 * is taken. A service that refuses CBOR is asked again in JSON within the same request, and from then on, when it may
 * be. A service other than AWS that does not answer AT_TIMESTAMP within 5 s is asked for LATEST within the same
 * request.
 *
 * The reader allows itself 6 calls at first and half as many more each time it is told to widen: each one more is a
 * connection more, and memory that has been out of the caches when the reply is whole.
 *
 * Contracts of the functions: engine/source.h.
 */
#ifndef SC_NET_KINESIS_POLL_READER_H
#define SC_NET_KINESIS_POLL_READER_H

#include "engine/source.h"
#include "net/kinesis/poll.h"

struct sc_kinesis;
struct sc_poll_reader;

struct sc_poll_settings {
  struct sc_poll_pace pace;
  uint32_t limit;      /* records a GetRecords call may return: 1..10000 */
  uint32_t calls_most; /* under way at a time: 1..SC_HTTP_CONNECTIONS_MAX */
};

/* settings live as long as the reader. */
int sc_poll_reader_new(struct sc_kinesis *k, const struct sc_poll_settings *settings,
                       const struct sc_reader_config *config, struct sc_poll_reader **out, struct sc_error *err);
void sc_poll_reader_free(struct sc_poll_reader *reader);
uint32_t sc_poll_reader_places(const struct sc_poll_reader *reader);
void sc_poll_reader_widen(struct sc_poll_reader *reader);
void sc_poll_reader_start(struct sc_poll_reader *reader, struct sc_request *request);
void sc_poll_reader_poll(struct sc_poll_reader *reader, int timeout_ms);
struct sc_request *sc_poll_reader_next(struct sc_poll_reader *reader);
void sc_poll_reader_cancel(struct sc_poll_reader *reader, struct sc_request *request);

#endif
