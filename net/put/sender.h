/* PutRecords calls, several at a time: from the queue (queue.h) to the service and back. One thread; only poll
 * blocks.
 *
 * Each call is written, signed and sent by this loop; its reply says of every entry whether it was put, and the queue
 * is told. An entry that failed (ProvisionedThroughputExceededException, InternalFailure) goes into a later call; so do
 * all entries of a call that failed as a whole, when the failure is of the kind that passes (throttled, 5xx, a broken
 * or silent connection, a reply that is none, a skewed clock, which is learned and signed with). Anything else, an
 * entry's error of another class too, ends the sending: nothing more is started, calls under way are waited for.
 *
 * A call without a reply may have been carried out: its records are sent again and may then be in the stream twice.
 *
 * A failure that is no throttling ends the sending too when nothing was put for SC_PUT_PATIENCE_MS though something was
 * tried; throttling alone never does. A call has 30 s and a second for each 32 KiB of its body. Memory: a body for each
 * call under way, as large as its entries' text; bodies over SC_PUT_KEEP_BYTES are freed with the call.
 */
#ifndef SC_NET_PUT_SENDER_H
#define SC_NET_PUT_SENDER_H

#include "engine/base/error.h"
#include "net/put/queue.h"

#define SC_PUT_PATIENCE_MS 60000
#define SC_PUT_KEEP_BYTES ((size_t)256 << 10)

struct sc_kinesis;
struct sc_park;
struct sc_put_sender;

struct sc_put_counts {
  uint64_t put, put_bytes;       /* records in the stream; their data */
  uint64_t calls, retried_calls; /* retried: that failed as a whole */
  uint64_t retried, throttled;   /* entries sent again; of those throttled ones, alone or with their call */
};

/* most_calls: under way at a time, at most SC_HTTP_CONNECTIONS_MAX. seed: of the jitter. */
int sc_put_sender_new(struct sc_kinesis *k, struct sc_put_queue *queue, struct sc_park *park, uint32_t most_calls,
                      uint64_t seed, struct sc_put_sender **out, struct sc_error *err);
/* Calls under way are dropped. Whether the service carried them out stays unknown. */
void sc_put_sender_free(struct sc_put_sender *s);

/* Starts as many calls as the queue has and the bound allows. end: as sc_put_queue_take. */
void sc_put_sender_start(struct sc_put_sender *s, bool end);
/* Waits for replies, the park, what is watched, or timeout_ms; handles what came. watched: a descriptor, or -1. */
void sc_put_sender_poll(struct sc_put_sender *s, int watched, int timeout_ms);

/* When start may have something to do, but for replies; INT64_MAX: never. */
int64_t sc_put_sender_due_ms(const struct sc_put_sender *s, bool end);
uint32_t sc_put_sender_calls(const struct sc_put_sender *s);                 /* under way */
const struct sc_error *sc_put_sender_failure(const struct sc_put_sender *s); /* NULL: none */
const struct sc_put_counts *sc_put_sender_counts(const struct sc_put_sender *s);

#endif
