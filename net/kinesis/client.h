/* The control client: one call at a time, blocking, with retries.
 *
 * One thread at a time. Its owner keeps it between calls, so that the connection is used again.
 */
#ifndef SC_NET_KINESIS_CLIENT_H
#define SC_NET_KINESIS_CLIENT_H

#include "net/kinesis/kinesis.h"

struct sc_kinesis_client;
/* stopped: whether the caller gives up (sc_stop_requested, or sc_stop_now for calls an orderly stop still needs). */
int sc_kinesis_client_new(struct sc_kinesis *k, bool (*stopped)(void), struct sc_kinesis_client **out,
                          struct sc_error *err);
void sc_kinesis_client_free(struct sc_kinesis_client *c);
struct sc_kinesis *sc_kinesis_client_of(const struct sc_kinesis_client *c);
/* The body of the request to come; write it, then call. */
struct sc_buf *sc_kinesis_client_body(struct sc_kinesis_client *c);
/* Sends, with retries (full jitter; throttled ones from 1 s; x-amz-retry-after honoured) for 10 s, or for a minute once
 * a call of this client succeeded. *root: the reply's document, until the next call; no value when the reply is
 * empty. */
int sc_kinesis_client_call(struct sc_kinesis_client *c, enum sc_endpoint_kind kind, const char *operation,
                           const char *shard_id, struct sc_json *root, struct sc_error *err);
/* The same, once. */
int sc_kinesis_client_try(struct sc_kinesis_client *c, enum sc_endpoint_kind kind, const char *operation,
                          const char *shard_id, struct sc_json *root, struct sc_error *err);
/* Waits so long, with an eye on stopped: SC_E_STOPPED then. */
int sc_kinesis_client_pause(struct sc_kinesis_client *c, int64_t wait_ms, struct sc_error *err);
/* Date of the last reply in epoch ms; our own clock when it had none. */
int64_t sc_kinesis_client_date_ms(const struct sc_kinesis_client *c);

#endif
