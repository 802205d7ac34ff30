/* Who wants to be told that something happened: records arrived, a journal reached the disk, the clock was moved.
 *
 * A listener is embedded in whoever listens, in at most one bell at a time. Its notify is called by the thread that
 * rings, with the bell's lock held: it must be short, must not block, and must not call the bell. After scl_notifier_remove
 * returns, notify is not running and is not called again. Listening before looking misses nothing, when what is looked
 * at is changed under a lock of its own before the bell is rung. Ringing without listeners takes no lock. Any thread.
 */
#ifndef SCL_BASE_NOTIFIER_H
#define SCL_BASE_NOTIFIER_H

#include <pthread.h>
#include <stdatomic.h>

struct scl_notifier;

struct scl_listener {
  void (*notify)(struct scl_listener *listener);
  struct scl_notifier *bell; /* NULL: in none */
  struct scl_listener *prev, *next;
};

struct scl_notifier {
  pthread_mutex_t lock;
  struct scl_listener *_Atomic first; /* changed under the lock */
};

void scl_notifier_init(struct scl_notifier *bell);
/* There must be no listeners left. */
void scl_notifier_fini(struct scl_notifier *bell);

/* The listener's notify is set; it leaves the bell it is in. */
void scl_notifier_add(struct scl_notifier *bell, struct scl_listener *listener);
void scl_notifier_remove(struct scl_listener *listener);
void scl_notifier_notify(struct scl_notifier *bell);
/* Rings for the last time, and lets all listeners go. None may be listening or leaving meanwhile: a lock of the
 * caller's sees to it. */
void scl_notifier_close(struct scl_notifier *bell);

#endif
