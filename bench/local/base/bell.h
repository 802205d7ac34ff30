/* Who wants to be told that something happened: records arrived, a journal reached the disk, the clock was moved.
 *
 * A listener is embedded in whoever listens, in at most one bell at a time. Its notify is called by the thread that
 * rings, with the bell's lock held: it must be short, must not block, and must not call the bell. After scl_bell_leave
 * returns, notify is not running and is not called again. Listening before looking misses nothing, when what is looked
 * at is changed under a lock of its own before the bell is rung. Ringing without listeners takes no lock. Any thread.
 */
#ifndef SCL_BASE_BELL_H
#define SCL_BASE_BELL_H

#include <pthread.h>
#include <stdatomic.h>

struct scl_bell;

struct scl_listener {
  void (*notify)(struct scl_listener *listener);
  struct scl_bell *bell; /* NULL: in none */
  struct scl_listener *prev, *next;
};

struct scl_bell {
  pthread_mutex_t lock;
  struct scl_listener *_Atomic first; /* changed under the lock */
};

void scl_bell_init(struct scl_bell *bell);
/* There must be no listeners left. */
void scl_bell_fini(struct scl_bell *bell);

/* The listener's notify is set; it leaves the bell it is in. */
void scl_bell_listen(struct scl_bell *bell, struct scl_listener *listener);
void scl_bell_leave(struct scl_listener *listener);
void scl_bell_ring(struct scl_bell *bell);
/* Rings for the last time, and lets all listeners go. None may be listening or leaving meanwhile: a lock of the
 * caller's sees to it. */
void scl_bell_dismiss(struct scl_bell *bell);

#endif
