/* A thread's inbox for control messages: many senders, one receiver, a mutex, in order, unbounded.
 *
 * For the control plane only (assign this shard, rewind, publish a plan, stop): a few messages a second. Records never
 * pass here; they go in batches and blocks through rings. Sending wakes the receiver's park.
 */
#ifndef SC_BASE_MAILBOX_H
#define SC_BASE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

struct sc_mailbox;
struct sc_park;

/* Messages are copied by value, message_bytes each. */
struct sc_mailbox *sc_mailbox_new(size_t message_bytes, struct sc_park *park);
void sc_mailbox_free(struct sc_mailbox *box);
void sc_mailbox_send(struct sc_mailbox *box, const void *message); /* any thread */
bool sc_mailbox_receive(struct sc_mailbox *box, void *message);    /* owner; false when empty */
bool sc_mailbox_is_empty(struct sc_mailbox *box);                  /* owner */

#endif
