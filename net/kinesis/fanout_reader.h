/* Enhanced fan-out for one fetch thread: the reader of engine/source.h over SubscribeToShard.
 *
 * Each shard that is asked for has a subscription (subscription.h), which goes on from one request to the next. A
 * request stands until the next event of its subscription is whole, and is answered with it; what ends a subscription
 * in between is mended here and not seen outside, but for what ends the run, and for a shard that the service does not
 * know. Heartbeats answer a request without a batch.
 *
 * HTTP/2 by net/http/http2.h, or HTTP/1.1 by net/http/http.h with a connection a subscription.
 *
 * Memory. An event's bytes go straight into a batch that was paid for when its length was known. While there is no
 * request, or no credit, what comes is kept here, at most a window of each stream, which was paid for when the
 * subscription was made: 512 KiB, and less, 64 KiB at least, where all windows together would pass a quarter of the
 * body pool; SC_E_MEMORY where the smallest ones would take half of it. Nobody taking records for a minute gives the
 * subscription up (subscription.h). A shard costs about 4 KiB beside.
 *
 * ResourceNotFound is looked into by DescribeStreamConsumer, one call at a time for all subscriptions of the reader; a
 * consumer that is gone is registered again where --registration allows it.
 *
 * Contracts of the functions: engine/source.h. Counted here: calls, body bytes, pauses, subscriptions and their ends.
 */
#ifndef SC_NET_KINESIS_FANOUT_READER_H
#define SC_NET_KINESIS_FANOUT_READER_H

#include "net/kinesis/fanout.h"

struct sc_fanout_reader;

/* fanout lives as long as the reader. */
int sc_fanout_reader_new(struct sc_kinesis *k, struct sc_fanout *fanout, const struct sc_reader_config *config,
                         struct sc_fanout_reader **out, struct sc_error *err);
void sc_fanout_reader_free(struct sc_fanout_reader *reader);
void sc_fanout_reader_start(struct sc_fanout_reader *reader, struct sc_request *request);
void sc_fanout_reader_poll(struct sc_fanout_reader *reader, int timeout_ms);
struct sc_request *sc_fanout_reader_next(struct sc_fanout_reader *reader);
void sc_fanout_reader_cancel(struct sc_fanout_reader *reader, struct sc_request *request);
/* A line a shard: subscriptions made, why they ended or were refused, how long ago the last event came, heartbeats
 * included. The 20 shards with the most of both, and how many others there are. */
void sc_fanout_reader_report(const struct sc_fanout_reader *reader, struct sc_buf *out);

#endif
