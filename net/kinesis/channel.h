/* One thread's way to the service: an HTTP loop, a signer, a parser of JSON replies, and request slots from a pool.
 * The readers of a load, the sender of put and the control client are built on it.
 *
 * One owner thread; nothing blocks. A slot is one request under way. It is the first member of the owner's own struct,
 * of slot_bytes; its buffers keep their memory from one request to the next.
 */
#ifndef SC_NET_KINESIS_CHANNEL_H
#define SC_NET_KINESIS_CHANNEL_H

#include <sys/queue.h>

#include "net/kinesis/kinesis.h"

struct sc_kinesis_slot {
  LIST_ENTRY(sc_kinesis_slot) link; /* among the active or the free */
  struct sc_kinesis_request request;
  struct sc_buf text;                /* the reply, where its receiver keeps it as text */
  struct sc_http_transfer *transfer; /* NULL until it is sent */
  void *owner;                       /* of who takes one; the channel does not look at it */
  bool of_control;                   /* its operation is the control plane's; false: the data plane's */
};

struct sc_kinesis_channel {
  struct sc_kinesis *k;
  struct sc_signer *signer;
  struct sc_http_loop *loop;
  struct sc_jsondoc *doc;
  size_t slot_bytes;
  uint32_t n_active, most_active;
  LIST_HEAD(, sc_kinesis_slot) active, free;
};

/* most_active: requests at a time, 1 to SC_HTTP_CONNECTIONS_MAX. park: the owner's, or NULL. The channel must be zeroed
 * before; sc_kinesis_channel_fini may follow an error. */
int sc_kinesis_channel_init(struct sc_kinesis_channel *ch, struct sc_kinesis *k, struct sc_park *park,
                            uint32_t most_active, size_t slot_bytes, struct sc_error *err);
/* Requests under way are dropped, all slots freed. */
void sc_kinesis_channel_fini(struct sc_kinesis_channel *ch);

/* A slot with an empty text; fewer than most_active are active. Zeroed when it is new, else as it was given back. */
void *sc_kinesis_channel_take(struct sc_kinesis_channel *ch);
void sc_kinesis_channel_give(struct sc_kinesis_channel *ch, struct sc_kinesis_slot *slot);

/* Signs slot->request, whose body is written, and starts it. The receiver's arg is the slot. On an error nothing is
 * under way. */
int sc_kinesis_channel_send(struct sc_kinesis_channel *ch, struct sc_kinesis_slot *slot, const char *operation,
                            int64_t timeout_ms, const struct sc_http_receiver *receiver, struct sc_error *err);

/* For done of a receiver, with the err it got: SC_OK when a reply with status 200 is whole. Else err says what went
 * wrong, by slot->text when that is an error of the service (sc_kinesis_failed). */
int sc_kinesis_channel_done(struct sc_kinesis_channel *ch, struct sc_kinesis_slot *slot, const char *operation,
                            const char *shard_id, const struct sc_http_head *head, struct sc_error *err);

#endif
