/* Tells listeners that something happened: records arrived, a transaction reached the disk, the clock was moved.
 *
 * A listener is embedded in its owner's struct and is in at most one notifier at a time. Its notify is called by the
 * thread that notifies, with the notifier's lock held: notify must be short, must not block, and must not call the
 * notifier. When scl_notifier_remove returns, notify is not running and is not called again.
 *
 * No event is missed by a thread that adds its listener before it looks, when the other side changes what is looked at
 * (under a lock of its own) before it notifies. Notifying nobody takes no lock. Any thread.
 */
#ifndef SCL_BASE_NOTIFIER_H
#define SCL_BASE_NOTIFIER_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

struct scl_notifier;

struct scl_listener {
  void (*notify)(struct scl_listener *listener); /* set by the owner */
  struct scl_notifier *notifier;                 /* NULL: in none */
  LIST_ENTRY(scl_listener) entry;
};

struct scl_notifier {
  pthread_mutex_t lock;
  LIST_HEAD(, scl_listener) listeners;
  _Atomic int n; /* how many; changed under the lock */
};

void scl_notifier_init(struct scl_notifier *notifier);
void scl_notifier_fini(struct scl_notifier *notifier); /* no listener is left */

/* Removes the listener from the notifier that it is in. Nothing when it is in this one. */
void scl_notifier_add(struct scl_notifier *notifier, struct scl_listener *listener);
void scl_notifier_remove(struct scl_listener *listener); /* nothing when it is in none */
void scl_notifier_notify(struct scl_notifier *notifier);
/* Notifies all listeners for the last time, and removes them. The caller sees to it that no listener is added or
 * removed meanwhile. */
void scl_notifier_close(struct scl_notifier *notifier);

#endif
