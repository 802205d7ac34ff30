/* Calls about streams: their identity, their shards, one record again, the streams of the account. Blocking,
 * over a control client (client.h); errors and bounds are the client's. */
#ifndef SC_NET_KINESIS_KINESIS_STREAM_H
#define SC_NET_KINESIS_KINESIS_STREAM_H

#include "engine/source.h"
#include "net/kinesis/client.h"

#define SC_SHARDS_MAX 1000000 /* of a stream; more is SC_E_PROTOCOL */

/* DescribeStreamSummary; DescribeStream where that is unknown. status: ACTIVE, CREATING ... */
int sc_kinesis_describe(struct sc_kinesis_client *c, struct sc_stream_identity *out, char status[32],
                        struct sc_error *err);
/* The same of a stream that can be used: waits at most wait_ms, looking every half second, while it is being created.
 * Then, and when it is being deleted, SC_E_NO_SOURCE; SC_E_STOPPED when the client is stopped. */
int sc_kinesis_describe_active(struct sc_kinesis_client *c, int64_t wait_ms, struct sc_stream_identity *out,
                               struct sc_error *err);
/* ListShards, all pages, begun again when a token expires. *shards is malloc'ed. */
int sc_kinesis_list_shards(struct sc_kinesis_client *c, struct sc_listed **shards, size_t *n, struct sc_error *err);
/* The payload of the record with that number into data. SC_E_GAP when it is not there any more. */
int sc_kinesis_reread(struct sc_kinesis_client *c, const char *shard_id, const struct sc_sequence *sequence,
                      struct sc_buf *data, struct sc_error *err);

/* One stream of ListStreams; "" and 0 where the service gives names alone. */
struct sc_stream_summary {
  char name[129];
  char status[32];
  char mode[32];
  int64_t created_ms;
};
/* All pages; *streams is malloc'ed. */
int sc_kinesis_list_streams(struct sc_kinesis_client *c, struct sc_stream_summary **streams, size_t *n,
                            struct sc_error *err);
int sc_kinesis_create_stream(struct sc_kinesis_client *c, int64_t shards, struct sc_error *err);
int sc_kinesis_delete_stream(struct sc_kinesis_client *c, struct sc_error *err);

/* A string of a reply into text of size bytes with a NUL; false when it is absent, empty, too long or holds a NUL. */
bool sc_kinesis_read_text(struct sc_json value, char *text, size_t size);
/* Epoch seconds of a reply; 0 when it is none. */
int64_t sc_kinesis_read_time_ms(struct sc_json value);
/* A shard of ListShards or DescribeStream, checked. False when something required is missing or malformed. */
bool sc_kinesis_read_shard(struct sc_json shard, struct sc_listed *out);

#endif
